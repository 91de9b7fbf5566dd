//! From a submit to the vendor: the job is read, routed, put into the vendor's words, created, and told to the client.
//!
//! A create without a readable answer is declined and never repeated: it may cost money twice. What the vendor, or
//! whatever stands before it, says about itself stays here.

use std::sync::Arc;
use std::time::Duration;

use super::polling;
use super::routing::{Asked, Reply};
use super::service::{Context, Route};
use super::submission::Submission;
use super::task::{self, Accepted};
use ringback_mocks::client::{Blame, Declined, Wish};
use ringback_mocks::vendor::Dialect;
use ringback_mocks::wire::{Request, Response};

/// A job that a client may start.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Place among the clients.
    pub(super) client: usize,
    pub(super) submission: Arc<Submission>,
    /// The request it came with.
    pub(super) request: Arc<Request>,
}

/// A job and where it goes.
#[derive(Clone, Debug)]
pub(super) struct Routed {
    pub(super) job: Job,
    pub(super) route: Route,
}

/// A job as it is ordered from a vendor.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) job: Job,
    pub(super) route: Route,
    pub(super) wish: Wish,
}

/// A create call on its way.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    pub(super) order: Order,
    pub(super) call: Request,
    /// How long its answer is waited for.
    pub(super) within: Duration,
}

/// The answer to a create, if one came.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) dialect: &'static Dialect,
    pub(super) answer: Option<Response>,
}

/// What came of a create.
#[derive(Clone, Debug)]
pub(super) struct Created {
    /// The vendor's id, or why there is none.
    pub(super) result: Result<String, Declined>,
    pub(super) answer: Option<Response>,
}

/// An order that the vendor declined.
#[derive(Clone, Debug)]
pub(super) struct Decline {
    pub(super) order: Order,
    pub(super) declined: Declined,
    pub(super) answer: Option<Response>,
}

pub(super) async fn submit(service: Context, Asked { client, request }: Asked) -> Reply {
    match service.stages.read.run(&service, request.body.clone()) {
        Ok(submission) => {
            let job = Job { client, submission: Arc::new(submission), request };
            service.stages.start.run(&service, job).await
        }
        Err(mistake) => service.stages.refuse.run(&service, mistake),
    }
}

pub(super) async fn start(service: Context, job: Job) -> Reply {
    let model = &job.submission.model;
    if model == polling::MODEL {
        let wish = wish(&job.submission);
        let accepted = Accepted { job, route: None, wish, vendor_id: String::new() };
        return accept(&service, accepted);
    }
    let Some(route) = service.route(model) else {
        return service.error(400, "invalid_request_error", unavailable(model));
    };
    let order = service.stages.compose.run(&service, Routed { job, route });
    service.stages.carry_out.run(&service, order).await
}

/// What is said of a model that nobody offers.
pub(super) fn unavailable(model: &str) -> String {
    format!("model {model} is not available")
}

pub(super) fn compose(Routed { job, route }: Routed) -> Order {
    Order { wish: wish(&job.submission), job, route }
}

fn wish(submission: &Submission) -> Wish {
    Wish {
        model: submission.model.clone(),
        prompt: submission.prompt.clone(),
        images: submission.images.clone(),
        duration: submission.duration,
        options: submission.options.clone(),
    }
}

pub(super) async fn carry_out(service: Context, order: Order) -> Reply {
    let Created { result, answer } = service.stages.create.run(&service, order.clone()).await;
    match result {
        Ok(vendor_id) => accept(&service, Accepted::new(order, vendor_id)),
        Err(declined) => service.stages.decline.run(&service, Decline { order, declined, answer }),
    }
}

fn accept(service: &Context, accepted: Accepted) -> Reply {
    let task = service.stages.accept.run(service, accepted);
    task::announce(service, task)
}

pub(super) async fn create(service: Context, order: Order) -> Created {
    let stages = &service.stages;
    let call = stages.create_call.run(&service, order.clone());
    let within = stages.create_patience.run(&service, Arc::clone(&order.job.request));
    let dialect = order.route.dialect;
    let answer = stages.send_create.run(&service, Sending { order, call, within }).await;
    let result = stages.read_create.run(&service, Answered { dialect, answer: answer.clone() });
    Created { result, answer }
}

pub(super) async fn send_create(
    service: Context,
    Sending { order, call, within }: Sending,
) -> Option<Response> {
    service.call(&order.route, call, within).await
}

pub(super) fn read_create(Answered { dialect, answer }: &Answered) -> Result<String, Declined> {
    match answer {
        Some(answer) => (dialect.client.created)(answer),
        None => Err(Declined { blame: Blame::Operator, message: NO_ANSWER.to_owned() }),
    }
}

/// The sentence of a vendor that said nothing.
pub(super) const NO_ANSWER: &str = "no answer";
/// What most people see of a vendor that cannot be reached.
pub(super) const NOT_ACCEPTED: &str = "the vendor did not accept the job";

pub(super) fn decline(service: &Context, Decline { declined, .. }: Decline) -> Reply {
    match declined.blame {
        Blame::Request => service.error(400, "invalid_request_error", declined.message),
        Blame::Load => service.error(429, "rate_limit_error", declined.message),
        Blame::Operator => service.error(502, "upstream_error", NOT_ACCEPTED),
    }
}
