//! Mutants that tell a client what is the operator's own: keys and addresses of vendors.

use serde_json::json;

use crate::deviation::deviations;
use crate::gateway::Gateway;
use crate::gateway::forwarding::Decline;
use crate::gateway::routing::Reply;
use crate::gateway::service::{Context, Upstream};
use crate::gateway::stages::Stages;
use crate::gateway::task::Outcome;
use ringback_mocks::client::Blame;

deviations! { Mutant of Gateway;
    VENDOR_KEY_IN_ERROR "vendor-key-in-error" "quotes the operator's key when the vendor refuses" =>
        |stages| quote(stages, |upstream, message| {
            format!("the vendor refused the job of account {}: {message}", upstream.key.expose())
        }), excludes ["vendor-address-in-error", "vendor-refusal-in-200"];
    VENDOR_KEY_IN_STATUS "vendor-key-in-status" "quotes the operator's key in the reason of a failure" =>
        vendor_key_in_status;
    VENDOR_ADDRESS_IN_ERROR "vendor-address-in-error" "names the vendor's address when the vendor refuses" =>
        |stages| quote(stages, |upstream, message| format!("POST {} failed: {message}", upstream.root)),
        excludes ["vendor-refusal-in-200"];
}

/// Tells more than the vendor's sentence when the vendor refuses.
fn quote(stages: &mut Stages, sentence: fn(&Upstream, &str) -> String) {
    stages.decline.around(move |_, service, decline| tell(service, &decline, sentence));
}

fn tell(service: &Context, decline: &Decline, sentence: fn(&Upstream, &str) -> String) -> Reply {
    let status = if decline.declined.blame == Blame::Request { 400 } else { 502 };
    let upstream = service.upstream(&decline.order.route);
    service.error(status, "upstream_error", sentence(upstream, &decline.declined.message))
}

fn vendor_key_in_status(stages: &mut Stages) {
    stages.status_data.around(|next, service, task| {
        let mut data = next.run(service, task.clone());
        if let (Outcome::Failed(reason), Some(route)) = (&task.last, task.route) {
            let key = service.upstream(&route).key.expose();
            data["error_message"] = json!(format!("{reason} (account {key})"));
        }
        data
    });
}
