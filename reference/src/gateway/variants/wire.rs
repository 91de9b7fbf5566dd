//! Variants of the wire: other legal forms of HTTP, and a gateway that takes its time.

use std::time::Duration;

use crate::deviation::deviations;
use crate::framing::Framing;
use crate::gateway::Gateway;
use crate::gateway::stages::Stages;

deviations! { Variant of Gateway;
    CHUNKED_BODIES "chunked-bodies" "sends bodies in chunks, with extensions and a trailer" =>
        |stages| frame(stages, Framing::ChunkedBodies), excludes ["ends-by-closing", "http-1.0"];
    UPPERCASE_HEADERS "loud-headers" "writes header names in capitals" =>
        |stages| frame(stages, Framing::LoudHeaders);
    CONNECTION_CLOSE "connection-close" "closes the connection after each answer" =>
        |stages| frame(stages, Framing::ConnectionClose);
    ENDS_BY_CLOSING "ends-by-closing" "ends a body by closing the connection, without a length" =>
        |stages| frame(stages, Framing::EndsByClosing);
    HTTP_1_0 "http-1.0" "answers in HTTP/1.0" =>
        |stages| frame(stages, Framing::Http10), excludes ["early-hints"];
    NO_REASON_PHRASE "no-reason-phrase" "leaves the reason phrase out of the status line" =>
        |stages| frame(stages, Framing::NoReasonPhrase);
    EARLY_HINTS "early-hints" "sends an interim answer (103) before each answer" =>
        |stages| frame(stages, Framing::EarlyHints);
    SLOW_BODY "trickles" "sends each answer in small pieces, with pauses" =>
        |stages| frame(stages, Framing::Trickles);
    SLOW_ANSWERS "slow-answers" "takes a fifth of a second for each answer" => slow_answers;
}

/// How long a slow gateway takes for an answer.
const SLOW: Duration = Duration::from_millis(200);

fn frame(stages: &mut Stages, framing: Framing) {
    stages.framings.push(framing);
}

fn slow_answers(stages: &mut Stages) {
    stages.serve.before_async(|_, request| async move {
        tokio::time::sleep(SLOW).await;
        request
    });
}
