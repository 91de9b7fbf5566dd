//! Mutants of models whose vendor sends no callbacks.

use std::sync::Arc;

use crate::deviation::deviations;
use crate::gateway::forwarding::Job;
use crate::gateway::stages::Stages;
use crate::gateway::{Gateway, polling};

deviations! { Mutant of Gateway;
    POLLING_RUNS_AT_KLING "polling-runs-at-kling" "runs a polling-only model at Kling when a callback_url is given" =>
        polling_runs_at_kling, excludes ["polling-callback-is-500"];
    POLLING_CALLBACK_IS_500 "polling-callback-is-500" "answers 500 for a callback_url with a polling-only model" =>
        polling_callback_is_500;
}

fn wants_callback(job: &Job) -> bool {
    job.submission.model == polling::MODEL && job.submission.callback_url.is_some()
}

fn polling_runs_at_kling(stages: &mut Stages) {
    stages.start.before(|_, mut job| {
        if wants_callback(&job) {
            "kling-v1".clone_into(&mut Arc::make_mut(&mut job.submission).model);
        }
        job
    });
}

fn polling_callback_is_500(stages: &mut Stages) {
    stages.start.around_async(|next, service, job| async move {
        if wants_callback(&job) {
            return service.error(500, "internal_error", "internal error");
        }
        next.run(&service, job).await
    });
}
