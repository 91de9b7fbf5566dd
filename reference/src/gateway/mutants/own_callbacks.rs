//! Mutants that send callbacks of their own, beside the vendor's.

use serde_json::json;
use url::{Position, Url};

use crate::deviation::deviations;
use crate::gateway::Gateway;
use crate::gateway::service::Context;
use crate::gateway::stages::Stages;
use crate::gateway::task::Task;
use crate::gateway::vendor_answers::VENDOR_ANSWERS_WITHIN;
use ringback_mocks::wire::Request;

deviations! { Mutant of Gateway;
    CALLS_BACK_ITSELF "calls-back-itself" "sends a callback of its own when a job ends" => calls_back_itself;
    POLLING_CALLS_BACK "polling-calls-back" "sends a callback of its own for a polling-only model" =>
        polling_calls_back;
}

fn calls_back_itself(stages: &mut Stages) {
    stages.look.then(|service, seen| {
        if let Some(task) = seen.as_ref().ok().filter(|task| task.last.is_terminal()) {
            call_back(service, task);
        }
        seen
    });
}

fn polling_calls_back(stages: &mut Stages) {
    stages.follow.before(|service, look| {
        if look.task.route.is_none() && look.task.polls.asked == 1 {
            call_back(service, &look.task);
        }
        look
    });
}

fn call_back(service: &Context, task: &Task) {
    let Some(url) = task.callback_url.as_deref().and_then(|url| Url::parse(url).ok()) else { return };
    let http = service.http.clone();
    tokio::spawn(async move {
        let (root, target) = (&url[..Position::BeforePath], &url[Position::BeforePath..Position::AfterQuery]);
        let call = Request::post(target, &json!({"status": "finished"}));
        // Whether somebody listens is not this gateway's business.
        let _ = http.send(root, &call, VENDOR_ANSWERS_WITHIN).await;
    });
}
