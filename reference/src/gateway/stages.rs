//! The stages of the reference gateway: which there are, and the plain gateway put together of them.
//!
//! Nothing is done here. What a stage does is in the file of its subject matter; what goes wrong in it, in `mutants`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::forwarding::{self, Answered, Created, Decline, Job, Order, Routed, Sending};
use super::placement::{self, Key};
use super::routing::{self, Refusal, Reply};
use super::service::Context;
use super::status::{self, Look, StatusQuery};
use super::submission::{self, Body, Fields, Forwarding, Given, Mistake, Object, Submission};
use super::task::{self, Accepted, Outcome, Task};
use super::vendor_answers::{self, Heard, Hearing, Query, Sighted};
use crate::framing::Framing;
use crate::stage::{AsyncStage, Stage};
use ringback_mocks::client::{Declined, Wish};
use ringback_mocks::wire::{Request, Response};

type Step<I, O> = Stage<Context, I, O>;
type Waiting<I, O> = AsyncStage<Context, I, O>;

/// The steps of a reference gateway, in the order in which a request meets them.
#[derive(Debug)]
pub struct Stages {
    /// The unusual forms in which answers are sent; none leaves them to an ordinary server.
    pub(super) framings: Vec<Framing>,

    // Every request.
    /// A request in, the answer to send out.
    pub(super) serve: Waiting<Arc<Request>, Response>,
    /// What is answered, before it is written as HTTP.
    pub(super) answer: Waiting<Arc<Request>, Reply>,
    pub(super) write: Step<Reply, Response>,
    /// Which client this is.
    pub(super) authenticate: Step<Arc<Request>, Option<usize>>,
    /// What somebody without a known key is told.
    pub(super) turn_away: Waiting<Arc<Request>, Reply>,
    pub(super) error: Step<Refusal, Reply>,

    // Reading a submit.
    pub(super) submit: Waiting<routing::Asked, Reply>,
    /// The whole of reading: the stages below, one after the other.
    pub(super) read: Step<Bytes, Result<Submission, Mistake>>,
    pub(super) root: Step<Bytes, Result<Object, Mistake>>,
    pub(super) input: Step<Arc<Object>, Result<Object, Mistake>>,
    /// What the body asks for; where keys may stand is not looked at.
    pub(super) understand: Step<Arc<Body>, Result<Submission, Mistake>>,
    pub(super) model: Step<Arc<Body>, Result<String, Mistake>>,
    pub(super) prompt: Step<Option<Value>, Result<String, Mistake>>,
    pub(super) fields: Step<Object, Result<Fields, Mistake>>,
    pub(super) find_callback: Step<Arc<Body>, Option<Value>>,
    pub(super) check_callback: Step<Option<Value>, Result<Option<String>, Mistake>>,
    /// The callback URL as it is to be forwarded.
    pub(super) forward_callback: Step<Given, String>,
    /// What is handed to the vendor as it is.
    pub(super) options: Step<Forwarding, Object>,
    /// Whether every key stands where it may.
    pub(super) placement: Step<Arc<Body>, Result<(), Mistake>>,
    pub(super) input_key: Step<Key, Result<(), Mistake>>,
    pub(super) root_callback: Step<Arc<Body>, Result<(), Mistake>>,
    pub(super) refuse: Step<Mistake, Reply>,

    // Creating the job.
    /// A job that was read, in; what the client is told, out.
    pub(super) start: Waiting<Job, Reply>,
    pub(super) compose: Step<Routed, Order>,
    pub(super) carry_out: Waiting<Order, Reply>,
    pub(super) create: Waiting<Order, Created>,
    pub(super) create_call: Step<Order, Request>,
    pub(super) create_patience: Step<Arc<Request>, Duration>,
    pub(super) send_create: Waiting<Sending, Option<Response>>,
    pub(super) read_create: Step<Answered, Result<String, Declined>>,
    pub(super) decline: Step<Decline, Reply>,
    pub(super) accept: Step<Accepted, Task>,
    pub(super) task_id: Step<Wish, String>,
    pub(super) created_time: Step<Timestamp, String>,
    /// The fields of the submit answer.
    pub(super) submit_data: Step<Task, Value>,

    // Telling a status.
    pub(super) status: Waiting<StatusQuery, Reply>,
    pub(super) find_task: Step<StatusQuery, Option<Task>>,
    pub(super) miss_task: Step<StatusQuery, Reply>,
    /// The task as it is to be told: asked about, if it has not ended.
    pub(super) follow: Waiting<Look, Result<Task, Reply>>,
    pub(super) asks_vendor: Step<Task, bool>,
    pub(super) look: Waiting<Look, Result<Task, Reply>>,
    pub(super) query_call: Step<Query, Request>,
    pub(super) query_patience: Step<Arc<Request>, Duration>,
    /// What an answer of the vendor's is. An error is told instead of a status.
    pub(super) hear: Step<Heard, Result<Hearing, Reply>>,
    /// What a report of the vendor's means. An error is told instead of a status.
    pub(super) interpret: Step<Sighted, Result<Outcome, Reply>>,
    pub(super) reason: Step<String, String>,
    pub(super) report: Step<Task, Reply>,
    /// The fields of a status.
    pub(super) status_data: Step<Task, Value>,
}

impl Stages {
    /// The plain gateway.
    pub(super) fn plain() -> Self {
        Self {
            framings: Vec::new(),

            serve: Stage::new_async(routing::serve),
            answer: Stage::new_async(routing::answer),
            write: Stage::new(|_, reply| routing::write(reply)),
            authenticate: Stage::new(|service, request: Arc<Request>| {
                routing::authenticate(service, &request)
            }),
            turn_away: Stage::new_async(routing::turn_away),
            error: Stage::new(|_, refusal| routing::error(&refusal)),

            submit: Stage::new_async(forwarding::submit),
            read: Stage::new(submission::read),
            root: Stage::new(|_, text: Bytes| submission::root(&text)),
            input: Stage::new(|_, root: Arc<_>| submission::input(&root)),
            understand: Stage::new(submission::understand),
            model: Stage::new(|_, body: Arc<_>| submission::model(&body)),
            prompt: Stage::new(|_, value| submission::prompt(value)),
            fields: Stage::new(|_, input| submission::fields(&input)),
            find_callback: Stage::new(|_, body: Arc<Body>| body.metadata()?.get("callback_url").cloned()),
            check_callback: Stage::new(|_, value| submission::check_callback(value)),
            forward_callback: Stage::new(|_, given: Given| given.url),
            options: Stage::new(|_, forwarding| submission::options(forwarding)),
            placement: Stage::new(placement::check),
            input_key: Stage::new(|_, key| placement::check_key(&key)),
            root_callback: Stage::new(|_, body: Arc<_>| placement::check_root(&body)),
            refuse: Stage::new(submission::refuse),

            start: Stage::new_async(forwarding::start),
            compose: Stage::new(|_, routed| forwarding::compose(routed)),
            carry_out: Stage::new_async(forwarding::carry_out),
            create: Stage::new_async(forwarding::create),
            create_call: Stage::new(|_, order: Order| (order.route.dialect.client.create)(&order.wish)),
            create_patience: Stage::new(|_, request: Arc<_>| vendor_answers::patience(&request)),
            send_create: Stage::new_async(forwarding::send_create),
            read_create: Stage::new(|_, answered| forwarding::read_create(&answered)),
            decline: Stage::new(forwarding::decline),
            accept: Stage::new(task::accept),
            task_id: Stage::new(|_, _| task::new_id()),
            created_time: Stage::new(|_, instant| task::written(instant)),
            submit_data: Stage::new(|_, task| task::submit_data(&task)),

            status: Stage::new_async(status::status),
            find_task: Stage::new(|service, query| status::find_task(service, &query)),
            miss_task: Stage::new(status::miss_task),
            follow: Stage::new_async(status::follow),
            asks_vendor: Stage::new(|_, task| status::asks_vendor(&task)),
            look: Stage::new_async(vendor_answers::look),
            query_call: Stage::new(|_, query| vendor_answers::query_call(&query)),
            query_patience: Stage::new(|_, request: Arc<_>| vendor_answers::patience(&request)),
            hear: Stage::new(|_, heard| Ok(vendor_answers::hear(&heard))),
            interpret: Stage::new(|service, sighted| Ok(vendor_answers::interpret(service, sighted))),
            reason: Stage::new(|_, message| vendor_answers::reason(message)),
            report: Stage::new(status::report),
            status_data: Stage::new(|_, task| status::status_data(&task)),
        }
    }
}
