//! What the reference gateway says of a job: asked of the vendor, kept when it has ended, told in the words of the
//! contract.

use std::sync::Arc;

use serde_json::{Value, json};

use super::polling;
use super::routing::Reply;
use super::service::Context;
use super::task::{Outcome, Task};
use ringback_mocks::wire::Request;

/// A client asking for a status.
#[derive(Clone, Debug)]
pub(super) struct StatusQuery {
    /// Place among the clients.
    pub(super) client: usize,
    pub(super) id: String,
    pub(super) request: Arc<Request>,
}

/// A look at a task, for a request.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) task: Task,
    pub(super) request: Arc<Request>,
}

pub(super) async fn status(service: Context, query: StatusQuery) -> Reply {
    let stages = &service.stages;
    let Some(task) = stages.find_task.run(&service, query.clone()) else {
        return stages.miss_task.run(&service, query);
    };
    match stages.follow.run(&service, Look { task, request: query.request }).await {
        Ok(task) => stages.report.run(&service, task),
        Err(reply) => reply,
    }
}

pub(super) fn find_task(service: &Context, query: &StatusQuery) -> Option<Task> {
    service.tasks().get(&query.id).filter(|task| task.owner == query.client).cloned()
}

pub(super) fn miss_task(service: &Context, _: StatusQuery) -> Reply {
    service.error(404, "not_found", "task not found")
}

pub(super) async fn follow(service: Context, look: Look) -> Result<Task, Reply> {
    let mut task = look.task.clone();
    if task.route.is_none() {
        task.last = polling::seen(&task);
    } else if service.stages.asks_vendor.run(&service, task.clone()) {
        let seen = service.stages.look.run(&service, look).await?;
        task.polls = seen.polls;
        if seen.last.rank() >= task.last.rank() {
            task.last = seen.last;
        }
    }
    task.polls.asked += 1;
    // Another look may have come back first and seen more, or the vendor's id may have become known.
    if let Some(kept) = service.tasks().get_mut(&task.id) {
        kept.polls = task.polls;
        if task.last.rank() >= kept.last.rank() {
            kept.last = task.last.clone();
        } else {
            task.last = kept.last.clone();
        }
    }
    Ok(task)
}

/// Whether the vendor is asked about a task before its status is told.
pub(super) const fn asks_vendor(task: &Task) -> bool {
    !task.last.is_terminal() && !task.vendor_id.is_empty()
}

pub(super) fn report(service: &Context, task: Task) -> Reply {
    let data = service.stages.status_data.run(service, task);
    Reply::Json { status: 200, body: json!({"code": 200, "data": data}) }
}

pub(super) fn status_data(task: &Task) -> Value {
    let (status, progress) = match task.last {
        Outcome::Waiting => ("not_started", 0),
        Outcome::Running => ("running", 42),
        Outcome::Finished(_) => ("finished", 100),
        Outcome::Failed(_) => ("failed", 100),
    };
    let mut data = json!({
        "task_id": task.id,
        "status": status,
        "progress": progress,
        "created_time": task.created,
        "error_message": Value::Null,
    });
    match &task.last {
        Outcome::Finished(files) => {
            // The documentation hard-codes the type, for videos too.
            let file = |url: &String| json!({"file_url": url, "file_type": "image"});
            data["files"] = files.iter().map(file).collect();
        }
        Outcome::Failed(reason) => data["error_message"] = json!(reason),
        Outcome::Waiting | Outcome::Running => {}
    }
    data
}
