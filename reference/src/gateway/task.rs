//! The tasks of the reference gateway: what is kept of a job, and how a fresh one is told.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::forwarding::{Job, Order};
use super::routing::Reply;
use super::service::{Context, Route};
use ringback_mocks::client::Wish;
use ringback_mocks::ids::Ids;

/// Tasks kept; a demonstration gateway forgets everything when it fills up.
const TASKS_KEPT: usize = 50_000;

/// What is kept of a job.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) id: String,
    /// Place among the clients.
    pub(super) owner: usize,
    /// Where it was created; none for a model whose vendor is not played.
    pub(super) route: Option<Route>,
    pub(super) wish: Wish,
    /// The vendor's id; empty where there is nothing to ask for.
    pub(super) vendor_id: String,
    /// The callback URL as given.
    pub(super) callback_url: Option<String>,
    pub(super) created: String,
    /// The last that was heard.
    pub(super) last: Outcome,
    pub(super) polls: PollState,
}

/// What is counted of a task's statuses and queries.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PollState {
    /// Statuses that clients asked for.
    pub(super) asked: u32,
    /// How often in a row the vendor has denied that there is such a task.
    pub(super) denied: u32,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Waiting,
    Running,
    /// Ended well, with these files.
    Finished(Vec<String>),
    /// Ended badly, for this reason.
    Failed(String),
}

impl Outcome {
    pub(super) const fn is_terminal(&self) -> bool {
        matches!(self, Self::Finished(_) | Self::Failed(_))
    }

    /// A job never goes back to a lower rank.
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Waiting => 0,
            Self::Running => 1,
            Self::Finished(_) | Self::Failed(_) => 2,
        }
    }
}

/// A job that becomes a task.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    pub(super) job: Job,
    pub(super) route: Option<Route>,
    pub(super) wish: Wish,
    pub(super) vendor_id: String,
}

impl Accepted {
    /// An order that has this id at its vendor.
    pub(super) fn new(Order { job, route, wish }: Order, vendor_id: String) -> Self {
        Self { job, route: Some(route), wish, vendor_id }
    }
}

pub(super) fn accept(service: &Context, Accepted { job, route, wish, vendor_id }: Accepted) -> Task {
    let id = service.stages.task_id.run(service, wish.clone());
    let created = service.stages.created_time.run(service, Timestamp::now());
    let task = Task {
        id: id.clone(),
        owner: job.client,
        route,
        wish,
        vendor_id,
        callback_url: job.submission.callback_url.clone(),
        created,
        last: Outcome::Waiting,
        polls: PollState::default(),
    };
    let mut tasks = service.tasks();
    if tasks.len() >= TASKS_KEPT {
        tasks.clear();
    }
    tasks.insert(id, task.clone());
    task
}

/// The answer to a submit that became a task.
pub(super) fn announce(service: &Context, task: Task) -> Reply {
    let data = service.stages.submit_data.run(service, task);
    Reply::Json { status: 200, body: json!({"code": 200, "data": data}) }
}

pub(super) fn new_id() -> String {
    format!("task_{}", Ids::seeded(fastrand::u64(..)).alphanumeric(32))
}

/// An instant in UTC, without saying so.
pub(super) fn written(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

pub(super) fn submit_data(task: &Task) -> Value {
    json!({"task_id": task.id, "status": "not_started", "created_time": task.created})
}
