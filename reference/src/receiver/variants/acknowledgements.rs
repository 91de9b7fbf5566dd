//! Variants of what a receiver answers to a callback or a challenge that it takes.

use std::time::Duration;

use ringback_mocks::http::NO_BODY;
use ringback_mocks::wire::Response;
use serde_json::{Value, json};

use crate::deviation::deviations;
use crate::receiver::Receiver;
use crate::receiver::stages::ReceiverStages;

deviations! {
    Variant of Receiver;
    ACK_201 "ack-201" "acknowledges with 201" => |stages| acknowledge_with(stages, 201), excludes ["ack-202", "ack-204"];
    ACK_202 "ack-202" "acknowledges with 202" => |stages| acknowledge_with(stages, 202), excludes ["ack-204"];
    ACK_204 "ack-204" "acknowledges with 204 and no body" => ack_204, excludes ["ack-text"];
    ACK_TEXT "ack-text" "acknowledges in plain text" => ack_text;
    ACK_LATE "ack-late" "takes 300 milliseconds for each acknowledgement" => ack_late;
    CHALLENGE_WITH_MORE "challenge-with-more" "adds fields to the echo of a challenge" => challenge_with_more;
}

const LATE: Duration = Duration::from_millis(300);

fn acknowledge_with(stages: &mut ReceiverStages, status: u16) {
    stages.acknowledge.after(move |_, response| Response { status, ..response });
}

fn ack_204(stages: &mut ReceiverStages) {
    stages.acknowledge.after(|_, _| Response { body: NO_BODY, ..Response::text(204, "") });
}

fn ack_text(stages: &mut ReceiverStages) {
    stages.acknowledge.after(|_, response| Response::text(response.status, "OK"));
}

fn ack_late(stages: &mut ReceiverStages) {
    stages.report.after(|_, reaction| reaction.delayed(LATE));
}

fn challenge_with_more(stages: &mut ReceiverStages) {
    stages.challenge.after(|_, reaction| {
        reaction.answering(|response| match response.value() {
            Some(Value::Object(echo)) if echo.contains_key("challenge") => {
                let more = json!({"status": "ok", "challenge": echo["challenge"], "version": 1});
                Response::json(response.status, &more)
            }
            _ => response,
        })
    });
}
