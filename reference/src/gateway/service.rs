//! The reference gateway on a socket: clients, tasks, and the calls to vendors.
//!
//! It asks the vendor when a client asks for a status, keeps what has ended, and never calls a
//! customer's receiver. Defects are switches at the place where the fault would be made; oddities are
//! elsewhere (`habits`, `dress`, `http::framing`) and called from here.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::crossing::Crossing;
use super::defect::Defect;
use super::habits::Memory;
use super::oddity::Oddity;
use super::submission::{self, Mistake, Submission};
use super::vendor_trouble::Doubt;
use crate::framing::OddServer;
use ringback_mocks::client::{Blame, Declined, Wish};
use ringback_mocks::http::{HttpClient, Server};
use ringback_mocks::vendor::{Dialect, Vendor};
use ringback_mocks::wire::{Request, Response, Secret};

/// How the gateway is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// A token for each client.
    pub clients: Vec<Secret>,
    /// Root and key of each vendor.
    pub upstreams: Vec<Upstream>,
    /// The fault to make, if any.
    pub defect: Option<Defect>,
    /// The legal but unusual behaviour to show, if any.
    pub oddity: Option<Oddity>,
}

/// Where a vendor is and which key to use there.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// The vendor.
    pub vendor: Vendor,
    /// Its root, no path.
    pub root: String,
    /// The operator's key.
    pub key: Secret,
}

/// A running reference gateway; it stops when dropped.
#[derive(Debug)]
pub struct ReferenceGateway(Door);

/// What serves it.
#[derive(Debug)]
enum Door {
    Plain(Server),
    Odd(OddServer),
}

impl ReferenceGateway {
    /// Starts a gateway.
    pub async fn start(setup: Setup, address: SocketAddr) -> io::Result<Self> {
        let gateway = Arc::new(Gateway {
            setup,
            http: HttpClient::new(),
            tasks: Mutex::default(),
            shared_callbacks: Mutex::default(),
            memory: Memory::default(),
            one_at_a_time: tokio::sync::Mutex::default(),
            crossing: Crossing::default(),
        });
        let framing = gateway.setup.oddity.and_then(Oddity::framing);
        let answer = move |request| {
            let gateway = Arc::clone(&gateway);
            async move { gateway.answer(request).await }
        };
        Ok(Self(match framing {
            Some(framing) => Door::Odd(OddServer::start(TcpListener::bind(address).await?, framing, answer)?),
            None => Door::Plain(Server::bind(address, answer).await?),
        }))
    }

    /// `http://` and the address.
    pub fn url(&self) -> String {
        match &self.0 {
            Door::Plain(server) => server.url(),
            Door::Odd(server) => server.url(),
        }
    }
}

pub(super) const SUBMIT: &str = "/api/generate/submit";
const STATUS: &str = "/api/generate/status/";
/// How long a vendor may take; longer than MiniMax's challenge inside its submit.
pub(super) const VENDOR_ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// Tasks kept; a demonstration gateway forgets everything when it fills up.
const TASKS_KEPT: usize = 50_000;

pub(super) struct Gateway {
    pub(super) setup: Setup,
    pub(super) http: HttpClient,
    tasks: Mutex<HashMap<String, Task>>,
    /// Only used by the defect that lets parallel jobs share a callback URL.
    pub(super) shared_callbacks: Mutex<HashMap<String, Value>>,
    /// Only used by oddities that know requests again.
    pub(super) memory: Memory,
    /// Only used by the defects that serve one caller at a time.
    pub(super) one_at_a_time: tokio::sync::Mutex<()>,
    pub(super) crossing: Crossing,
}

#[derive(Clone)]
pub(super) struct Task {
    pub(super) owner: usize,
    pub(super) upstream: usize,
    pub(super) wish: Wish,
    pub(super) vendor_id: String,
    pub(super) callback_url: Option<String>,
    pub(super) created: String,
    pub(super) last: Outcome,
    pub(super) asked: u32,
    pub(super) doubt: Doubt,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Waiting,
    Running,
    Finished(Vec<String>),
    Failed(String),
}

impl Outcome {
    pub(super) const fn is_terminal(&self) -> bool {
        matches!(self, Self::Finished(_) | Self::Failed(_))
    }

    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Waiting => 0,
            Self::Running => 1,
            Self::Finished(_) | Self::Failed(_) => 2,
        }
    }
}

impl Gateway {
    pub(super) fn is(&self, defect: Defect) -> bool {
        self.setup.defect == Some(defect)
    }

    pub(super) async fn answer(self: &Arc<Self>, request: Request) -> Response {
        match self.setup.oddity {
            Some(oddity) => self.answer_oddly(oddity, request).await,
            None => self.answer_plainly(request).await,
        }
    }

    pub(super) async fn answer_plainly(self: &Arc<Self>, request: Request) -> Response {
        let path = request.path();
        match (request.method.as_str(), path.strip_prefix(STATUS)) {
            ("POST", None) if path == SUBMIT => match self.client(&request, false) {
                Some(client) => self.submit(client, &request).await,
                None => self.unknown_client(&request).await,
            },
            ("GET", Some(id)) if !id.is_empty() => match self.client(&request, true) {
                Some(client) => self.status(client, id, &request).await,
                None => self.unknown_client(&request).await,
            },
            _ => self.error(404, "not_found", "no such route"),
        }
    }

    /// Which client this is.
    fn client(&self, request: &Request, status: bool) -> Option<usize> {
        let token = request
            .headers
            .get("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .filter(|token| !token.is_empty());
        let Some(token) = token else {
            let open = self.is(Defect::AuthOptional) || (status && self.is(Defect::StatusOpen));
            return self.taken_for(request).or_else(|| open.then_some(0));
        };
        let known = self.setup.clients.iter().position(|client| self.same_key(client.expose(), token));
        known.or_else(|| self.is(Defect::AnyToken).then_some(0))
    }

    async fn submit(self: &Arc<Self>, client: usize, request: &Request) -> Response {
        if let Some(spoilt) = self.misread(&request.body) {
            return spoilt;
        }
        let submission = match submission::read(&request.body, self.setup.defect) {
            Ok(submission) => submission,
            Err(Mistake { status, message, otherwise }) => {
                let misplaced = otherwise.is_some();
                if let Some(submission) = otherwise
                    && self.acts_before_refusing(&request.body)
                    && let Some((upstream, dialect)) = self.route(&submission.model)
                {
                    let _ = self.create(upstream, dialect, &wish(&submission), request).await;
                }
                if misplaced && self.is(Defect::PlacementErrorAsText) {
                    return Response::text(status, "Bad Request");
                }
                if misplaced && self.is(Defect::PlacementCodeDiffers) {
                    let error = json!({"message": message, "type": "invalid_request_error"});
                    return Response::json(status, &json!({"code": 4001, "error": error}));
                }
                return self.error(status, "invalid_request_error", &message);
            }
        };
        if let Some(message) = self.declines(&request.body, &submission) {
            return self.error(400, "invalid_request_error", message);
        }
        if let Some(answer) = self.polling_only(client, &submission) {
            return answer;
        }
        let model = if let Some(model) = self.detour(&submission) {
            model.to_owned()
        } else if self.is(Defect::UnknownModelAccepted) && self.route(&submission.model).is_none() {
            "kling-v1".to_owned()
        } else {
            submission.model.clone()
        };
        let Some((upstream, dialect)) = self.route(&model) else {
            return self.error(400, "invalid_request_error", &format!("model {model} is not available"));
        };
        let vendor = self.setup.upstreams[upstream].vendor;
        if self.is(Defect::RefusesVidu) && vendor.name() == "vidu" {
            return self.error(400, "invalid_request_error", "this model is not supported");
        }
        let wish = self.spoil(Wish { model, ..wish(&submission) }, vendor).await;
        if self.setup.oddity == Some(Oddity::QueuesCreates) {
            return self.queue(client, (upstream, dialect), wish, &submission, request);
        }
        let turn = self.take_turn(&wish, Defect::SubmitsQueue).await;
        let (created, answer) = self.create(upstream, dialect, &wish, request).await;
        drop(turn);
        self.part(&wish);
        if let Err(declined) = &created
            && let Some(told) = self
                .betray(upstream, declined, answer.as_ref())
                .or_else(|| self.mistell_refusal(upstream, declined))
        {
            return told;
        }
        match created {
            Ok(vendor_id) => {
                let vendor_id = self.early_end(upstream, dialect, &wish, vendor_id).await;
                self.accepted(client, upstream, wish, vendor_id, &submission)
            }
            Err(declined) if self.hides(vendor, &declined) => {
                self.accepted(client, upstream, wish, String::new(), &submission)
            }
            Err(Declined { blame: Blame::Request, message }) => {
                self.error(400, "invalid_request_error", &message)
            }
            Err(Declined { blame: Blame::Load, message }) => self.error(429, "rate_limit_error", &message),
            Err(Declined { blame: Blame::Operator, .. }) => {
                self.error(502, "upstream_error", "the vendor did not accept the job")
            }
        }
    }

    /// A create without a client, by a gateway that checks too late.
    pub(super) async fn create_anyway(&self, request: &Request) {
        if let Ok(submission) = submission::read(&request.body, None)
            && let Some((upstream, dialect)) = self.route(&submission.model)
        {
            let _ = self.create(upstream, dialect, &wish(&submission), request).await;
        }
    }

    /// The upstream and dialect of a model.
    pub(super) fn route(&self, model: &str) -> Option<(usize, &'static Dialect)> {
        self.setup.upstreams.iter().enumerate().find_map(|(at, upstream)| {
            let dialects = upstream.vendor.dialects();
            dialects.iter().find(|dialect| dialect.model == model).map(|dialect| (at, *dialect))
        })
    }

    pub(super) async fn create(
        &self,
        upstream: usize,
        dialect: &Dialect,
        wish: &Wish,
        from: &Request,
    ) -> (Result<String, Declined>, Option<Response>) {
        self.prepares(upstream, dialect).await;
        let mut call = self.phrased((dialect.client.create)(wish), dialect);
        if self.is(Defect::ClientKeyForwarded) {
            let token = from.headers.get("authorization").unwrap_or_default();
            call = call.header("x-forwarded-authorization", token);
        }
        if self.is(Defect::CookiesForwarded)
            && let Some(cookies) = from.headers.get("cookie")
        {
            call = call.header("cookie", cookies);
        }
        let within = self.create_within(from);
        if self.is(Defect::CreatesTwice) || self.is_crowded(wish) {
            let _ = self.call(upstream, dialect, call.clone(), within).await;
        }
        let send = || self.in_haste(wish, self.call(upstream, dialect, call.clone(), within));
        let mut answer = send().await;
        if self.repeats(answer.as_ref()) {
            answer = send().await;
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let created = match &answer {
                answer if self.takes_for_accepted(answer.as_ref()) => Ok(String::new()),
                Some(answer) => (dialect.client.created)(answer),
                None => Err(Declined { blame: Blame::Operator, message: "no answer".to_owned() }),
            };
            match &created {
                Err(declined) if self.asks_again(tries, declined).await => answer = send().await,
                _ => return (created, answer),
            }
        }
    }

    pub(super) async fn call(
        &self,
        upstream: usize,
        dialect: &Dialect,
        request: Request,
        within: Duration,
    ) -> Option<Response> {
        let Upstream { root, key, .. } = &self.setup.upstreams[upstream];
        let request = request.header("authorization", format!("{} {}", dialect.auth.word(), key.expose()));
        self.http.send(root, &request, within).await.ok()
    }

    pub(super) fn accepted(
        &self,
        client: usize,
        upstream: usize,
        wish: Wish,
        vendor_id: String,
        submission: &Submission,
    ) -> Response {
        let id = if let Some(id) = self.racing_id(&wish) {
            id
        } else if self.is(Defect::RepeatsTaskId) {
            format!("task_{}", submission.prompt.split(' ').next().unwrap_or_default())
        } else {
            self.new_id()
        };
        let mut created = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S").to_string();
        if self.is(Defect::CreatedTimeFixed) {
            "2026-06-14T10:30:00".clone_into(&mut created);
        }
        let status = if self.is(Defect::StartsRunning) { "running" } else { "not_started" };
        let mut data = json!({"task_id": id, "status": status, "created_time": created});
        if self.is(Defect::CreatedTimeMissing)
            && let Some(fields) = data.as_object_mut()
        {
            fields.remove("created_time");
        }
        if self.is(Defect::EchoesCallback)
            && let Some(url) = &submission.callback_url
        {
            data["callback_url"] = json!(url);
        }
        let callback_url = submission.callback_url.clone();
        let task = Task {
            owner: client,
            upstream,
            wish,
            vendor_id,
            callback_url,
            created,
            last: Outcome::Waiting,
            asked: 0,
            doubt: Doubt::default(),
        };
        let mut tasks = self.tasks();
        if tasks.len() >= TASKS_KEPT {
            tasks.clear();
        }
        tasks.insert(id, task);
        drop(tasks);
        Response::json(200, &json!({"code": 200, "data": data}))
    }

    pub(super) fn error(&self, status: u16, kind: &str, message: &str) -> Response {
        if self.is(Defect::ErrorsAsText) {
            return Response::text(status, "Bad Request");
        }
        if self.is(Defect::NativeErrors) && kind == "invalid_request_error" {
            let body = json!({"code": "invalid_request", "message": message, "data": Value::Null});
            return Response::json(status, &body);
        }
        let code = if self.is(Defect::ErrorCodeDiffers) { 1001 } else { status };
        let kind = if self.is(Defect::ErrorTypeOdd) && status == 400 { "bad_request" } else { kind };
        let status = if self.is(Defect::ErrorsIn200) && status != 401 { 200 } else { status };
        Response::json(status, &json!({"code": code, "error": {"message": message, "type": kind}}))
    }

    pub(super) fn tasks(&self) -> MutexGuard<'_, HashMap<String, Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn wish(submission: &Submission) -> Wish {
    Wish {
        model: submission.model.clone(),
        prompt: submission.prompt.clone(),
        images: submission.images.clone(),
        duration: submission.duration,
        options: submission.options.clone(),
    }
}
