//! Variants of how a receiver refuses.

use ringback_mocks::wire::Response;

use crate::deviation::deviations;
use crate::receiver::Receiver;
use crate::receiver::stages::ReceiverStages;

deviations! {
    Variant of Receiver;
    FORBIDDEN_403 "forbidden-403" "answers 403 to a bad signature" => |stages| refuse_with(stages, 403), excludes ["bad-signature-400"];
    BAD_SIGNATURE_400 "bad-signature-400" "answers 400 to a bad signature" => |stages| refuse_with(stages, 400);
    MALFORMED_422 "malformed-422" "answers 422 to what it does not understand" => malformed_422;
    METHOD_404 "method-404" "answers 404 to a wrong method" => method_404;
    GET_ANSWERS_200 "get-answers-200" "answers a GET of a hook with a greeting" => get_answers_200;
    DEMANDS_JSON_TYPE "demands-json-type" "answers 415 unless the content type is JSON" => demands_json_type;
}

fn refuse_with(stages: &mut ReceiverStages, status: u16) {
    stages.refuse.after(move |_, reaction| reaction.answering(|response| Response { status, ..response }));
}

fn malformed_422(stages: &mut ReceiverStages) {
    stages.unreadable.after(|_, response| {
        if response.status == 400 { Response { status: 422, ..response } } else { response }
    });
}

fn method_404(stages: &mut ReceiverStages) {
    stages.door.after(|_, refusal| {
        refusal.map(|refusal| match refusal.status {
            405 => Response::text(404, "no such route"),
            _ => refusal,
        })
    });
}

fn get_answers_200(stages: &mut ReceiverStages) {
    stages.door.around(|next, machine, delivery| {
        if delivery.request.method == "GET" {
            return Some(Response::text(200, "a webhook"));
        }
        next.run(machine, delivery)
    });
}

fn demands_json_type(stages: &mut ReceiverStages) {
    stages.door.around(|next, machine, delivery| {
        let is_json = delivery.media_type().starts_with("application/json");
        let refusal = || Response::text(415, "only JSON");
        next.run(machine, delivery).or_else(|| (!is_json).then(refusal))
    });
}
