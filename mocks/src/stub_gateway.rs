//! The gateway that a receiver under test submits to and asks: its two calls and nothing behind them.
//!
//! It takes every job that keeps the contract, gives it an id, and says of each id what it was told
//! to say. A submit's answer can be held back, so that a challenge or an early callback arrives while
//! the receiver still waits. Every exchange is in the journal; it judges nothing.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::http::{self, Server};
use crate::journal::{Entry, Journal, Leg};
use crate::wire::{Request, Response, Secret, unescaped};

/// Where jobs are submitted.
pub const SUBMIT: &str = "/api/generate/submit";
/// Where their status is asked, before the id.
pub const STATUS: &str = "/api/generate/status/";

/// Longest that anything is held back: a test that forgets to let go must not keep a task forever.
const HELD_AT_MOST: Duration = Duration::from_secs(60);
/// Jobs and submits kept; when there are more, the oldest half is forgotten.
const KEPT: usize = 100_000;

/// What the gateway says of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StubStatus {
    /// 404.
    #[default]
    Unknown,
    /// `not_started`.
    NotStarted,
    /// `running`.
    Running,
    /// `finished`, with a file.
    Finished,
    /// `failed`, with a reason.
    Failed,
    /// An error of this status, 500 or 429 for example.
    Error(u16),
    /// HTTP 200 and a body that is no status.
    Garbage,
    /// No answer until the job stands otherwise.
    Silent,
}

/// A submit that the gateway saw.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The token in its prompt, if there is one.
    pub token: Option<String>,
    /// The id it was given; empty if it was refused.
    pub id: String,
    /// Where its callbacks are to go: `input.metadata.callback_url`.
    pub callback_url: Option<String>,
    /// Whether it carried the right key.
    pub authorized: bool,
    /// The body as sent.
    pub body: Value,
}

/// A running counterpart; it stops when dropped.
#[derive(Debug)]
pub struct StubGateway {
    server: Server,
    desk: Arc<State>,
}

impl StubGateway {
    /// Starts a gateway on a free loopback port, for the client with `key`.
    pub async fn start(journal: Arc<Journal>, key: Secret) -> io::Result<Self> {
        Self::bind(journal, key, http::LOOPBACK).await
    }

    /// Starts a gateway where somebody else expects it.
    pub async fn bind(journal: Arc<Journal>, key: Secret, address: SocketAddr) -> io::Result<Self> {
        let desk = Arc::new(State { journal, key, book: Mutex::default(), changed: watch::Sender::new(0) });
        let serving = Arc::clone(&desk);
        let server = Server::bind(address, move |request| {
            let desk = Arc::clone(&serving);
            async move { desk.answer(request).await }
        })
        .await?;
        Ok(Self { server, desk })
    }

    /// `http://` and the address, no path.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// From now on says this of a job. The id is the gateway's own, or a vendor's.
    pub fn set(&self, id: &str, standing: StubStatus) {
        self.desk.change(|book| {
            if book.standings.len() >= KEPT {
                book.standings.clear();
            }
            book.standings.insert(id.to_owned(), standing);
        });
    }

    /// Says something of a job for one query each, in this order, before what `set` said.
    pub fn script(&self, id: &str, standings: impl IntoIterator<Item = StubStatus>) {
        let mut script: Vec<StubStatus> = standings.into_iter().collect();
        script.reverse();
        self.desk.change(|book| drop(book.scripts.insert(id.to_owned(), script)));
    }

    /// Holds back the answer to submits whose prompt has `token`, until [`Self::release`].
    pub fn hold(&self, token: &str) {
        self.desk.change(|book| book.held.push(token.to_owned()));
    }

    /// Lets go of what [`Self::hold`] holds back.
    pub fn release(&self, token: &str) {
        self.desk.change(|book| book.held.retain(|held| held != token));
    }

    /// The submits whose prompt had `token`, in order; also those whose answer is held back.
    pub fn submits(&self, token: &str) -> Vec<Submitted> {
        self.desk.book().submits.iter().filter(|one| one.token.as_deref() == Some(token)).cloned().collect()
    }

    /// The first submit whose prompt has `token`, as soon as it is there.
    pub async fn submit(&self, token: &str, within: Duration) -> Option<Submitted> {
        self.desk
            .wait(within, |book| book.submits.iter().find(|one| one.token.as_deref() == Some(token)).cloned())
            .await
    }

    /// How often the status of an id was asked.
    pub fn queries(&self, id: &str) -> usize {
        self.desk.book().queries.get(id).map_or(0, Vec::len)
    }

    /// When the status of an id was asked, since the counterpart knows of it.
    pub fn asked_at(&self, id: &str) -> Vec<Instant> {
        self.desk.book().queries.get(id).cloned().unwrap_or_default()
    }

    /// Waits until the status of an id was asked so often; whether it was.
    pub async fn asked(&self, id: &str, times: usize, within: Duration) -> bool {
        self.desk
            .wait(within, |book| (book.queries.get(id).map_or(0, Vec::len) >= times).then_some(()))
            .await
            .is_some()
    }
}

#[derive(Debug)]
struct State {
    journal: Arc<Journal>,
    key: Secret,
    book: Mutex<Book>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Book {
    standings: HashMap<String, StubStatus>,
    /// What is said before that, the next one last.
    scripts: HashMap<String, Vec<StubStatus>>,
    /// Ids of jobs that were submitted here, with the token of each.
    jobs: HashMap<String, Option<String>>,
    submits: Vec<Submitted>,
    held: Vec<String>,
    queries: HashMap<String, Vec<Instant>>,
}

impl State {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, work: impl FnOnce(&mut Book)) {
        work(&mut self.book());
        self.changed.send_modify(|count| *count += 1);
    }

    /// Waits until `found` finds something in the book, or `within` is over.
    async fn wait<T>(&self, within: Duration, found: impl Fn(&Book) -> Option<T>) -> Option<T> {
        let mut changed = self.changed.subscribe();
        let deadline = tokio::time::Instant::now() + within;
        loop {
            let hit = found(&self.book());
            if hit.is_some() {
                return hit;
            }
            if tokio::time::timeout_at(deadline, changed.changed()).await.is_err() {
                return found(&self.book());
            }
        }
    }

    async fn answer(&self, request: Request) -> Response {
        let began = Instant::now();
        let path = request.path().to_owned();
        let authorized = request.headers.get("authorization").and_then(|value| value.strip_prefix("Bearer "))
            == Some(self.key.expose());
        let (token, response) = match (request.method.as_str(), path.strip_prefix(STATUS)) {
            ("POST", None) if path == SUBMIT => self.submit(&request, authorized).await,
            ("GET", Some(id)) if !id.is_empty() => self.status(id, authorized).await,
            _ => (None, refusal(404, "not_found", "no such route")),
        };
        let entry = Entry { leg: Leg::Gateway, began, request, answer: Ok(response.clone()), task: None };
        match token {
            Some(token) => self.journal.record_for(Some(token), entry),
            None => self.journal.record(entry),
        };
        response
    }

    async fn submit(&self, request: &Request, authorized: bool) -> (Option<String>, Response) {
        let body = request.json().unwrap_or(Value::Null);
        let prompt = body.pointer("/input/prompt").and_then(Value::as_str);
        let token = prompt.and_then(|prompt| self.journal.token_in(prompt.as_bytes())).map(str::to_owned);
        let wrong = mistake(&body).filter(|_| authorized);
        let id = if authorized && wrong.is_none() {
            format!("task_{:026X}", fastrand::u128(..) >> 24)
        } else {
            String::new()
        };
        let callback_url =
            body.pointer("/input/metadata/callback_url").and_then(Value::as_str).map(str::to_owned);
        self.change(|book| {
            if book.submits.len() >= KEPT {
                book.submits.drain(..KEPT / 2);
            }
            if !id.is_empty() {
                book.standings.entry(id.clone()).or_insert(StubStatus::Running);
                book.jobs.insert(id.clone(), token.clone());
            }
            let token = token.clone();
            book.submits.push(Submitted { token, id: id.clone(), callback_url, authorized, body });
        });
        if let Some(token) = &token {
            self.wait(HELD_AT_MOST, |book| (!book.held.contains(token)).then_some(())).await;
        }
        let response = match wrong {
            _ if !authorized => refusal(401, "authentication_error", "the API key is missing or unknown"),
            Some(why) => refusal(400, "invalid_request_error", why),
            None => Response::json(
                200,
                &json!({"code": 200, "data": {"task_id": id, "status": "not_started", "created_time": now()}}),
            ),
        };
        (token, response)
    }

    async fn status(&self, id: &str, authorized: bool) -> (Option<String>, Response) {
        let id = unescaped(id);
        let mut script = None;
        self.change(|book| {
            book.queries.entry(id.clone()).or_default().push(Instant::now());
            script = book.scripts.get_mut(&id).and_then(Vec::pop);
        });
        let token = self.book().jobs.get(&id).cloned().flatten();
        if !authorized {
            return (token, refusal(401, "authentication_error", "the API key is missing or unknown"));
        }
        let standing = match script {
            Some(standing) => standing,
            None => self.standing(&id),
        };
        let standing = if standing == StubStatus::Silent {
            let speaks =
                |book: &Book| book.standings.get(&id).copied().filter(|one| *one != StubStatus::Silent);
            self.wait(HELD_AT_MOST, speaks).await.unwrap_or(StubStatus::Error(504))
        } else {
            standing
        };
        (token, said(&id, standing))
    }

    fn standing(&self, id: &str) -> StubStatus {
        self.book().standings.get(id).copied().unwrap_or_default()
    }
}

/// What is wrong with a submit, as far as callbacks are concerned.
fn mistake(body: &Value) -> Option<&'static str> {
    let text = |pointer| body.pointer(pointer).is_some_and(Value::is_string);
    if !text("/model") || !text("/input/prompt") {
        return Some("model and input.prompt are required");
    }
    let misplaced =
        ["/callback_url", "/input/callback_url"].iter().any(|place| body.pointer(place).is_some());
    misplaced.then_some("callback_url belongs under input.metadata")
}

/// The answer to a status query.
fn said(id: &str, standing: StubStatus) -> Response {
    let (word, progress) = match standing {
        StubStatus::NotStarted => ("not_started", 0),
        StubStatus::Running | StubStatus::Silent => ("running", 42),
        StubStatus::Finished => ("finished", 100),
        StubStatus::Failed => ("failed", 100),
        StubStatus::Unknown => return refusal(404, "not_found", "task not found"),
        StubStatus::Error(status) => return refusal(status, "upstream_error", "try again later"),
        StubStatus::Garbage => return Response::text(200, "<html>a proxy in between</html>"),
    };
    let mut data = json!({
        "task_id": id,
        "status": word,
        "progress": progress,
        "created_time": now(),
        "error_message": Value::Null,
    });
    match standing {
        StubStatus::Finished => {
            data["files"] = json!([{"file_url": "https://results.example.com/a.mp4", "file_type": "video"}]);
        }
        StubStatus::Failed => data["error_message"] = json!("the content was refused"),
        _ => {}
    }
    Response::json(200, &json!({"code": 200, "data": data}))
}

fn refusal(status: u16, kind: &str, message: &str) -> Response {
    Response::json(status, &json!({"code": status, "error": {"message": message, "type": kind}}))
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
