//! Mutants that call the vendor before they have checked who asks and for what.

use std::sync::Arc;

use crate::deviation::deviations;
use crate::gateway::Gateway;
use crate::gateway::forwarding::{Job, Routed};
use crate::gateway::service::Context;
use crate::gateway::stages::Stages;
use crate::gateway::submission::{self, Body, Submission};
use ringback_mocks::wire::Request;

deviations! { Mutant of Gateway;
    CREATES_BEFORE_AUTH "creates-before-auth" "calls the vendor before it refuses an unknown token" =>
        creates_before_auth;
    CREATES_BEFORE_PLACEMENT "creates-before-placement" "calls the vendor before it refuses input.callback_url" =>
        |stages| create_misplaced(stages, |body| body.input.contains_key("callback_url"));
    CREATES_BEFORE_CHECKING "creates-before-checking" "calls the vendor before it refuses an unknown key" =>
        |stages| create_misplaced(stages, |body| !body.input.contains_key("callback_url"));
}

fn creates_before_auth(stages: &mut Stages) {
    stages.turn_away.before_async(|service, request| async move {
        if let Ok(submission) = service.stages.read.run(&service, request.body.clone()) {
            create(&service, &request, submission).await;
        }
        request
    });
}

/// Creates some of the jobs that are refused for a misplaced key.
fn create_misplaced(stages: &mut Stages, is_created: fn(&Body) -> bool) {
    stages.submit.before_async(move |service, asked| async move {
        if let Some(submission) = misplaced(&service, &asked.request, is_created) {
            create(&service, &asked.request, submission).await;
        }
        asked
    });
}

/// What a request asks for that is wrong in nothing but the place of a key.
fn misplaced(service: &Context, request: &Request, is_meant: fn(&Body) -> bool) -> Option<Submission> {
    let body = submission::body(service, request.body.clone()).ok().filter(|body| is_meant(body))?;
    let submission = service.stages.understand.run(service, Arc::clone(&body)).ok()?;
    service.stages.placement.run(service, body).is_err().then_some(submission)
}

/// Creates a job that nobody will hear of.
async fn create(service: &Context, request: &Arc<Request>, submission: Submission) {
    let Some(route) = service.route(&submission.model) else { return };
    // Whose job it is matters only to a task, and there will be none.
    let job = Job { client: 0, submission: Arc::new(submission), request: Arc::clone(request) };
    let order = service.stages.compose.run(service, Routed { job, route });
    service.stages.create.run(service, order).await;
}
