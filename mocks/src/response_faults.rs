//! What goes wrong with a vendor's answers: a value, and what it makes of an answer's bytes.
//!
//! Callbacks have [`crate::delivery_faults`]. A fault here is about one call of a client: creates, queries and
//! calls for a result's address each have their own. How it is written is `fault/text`; what takes a
//! socket or a clock (hanging, cutting, being slow) is only named here and done by `mock`.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::dialect::Purpose;
use crate::wire::{Headers, Request, Response};

mod text;
pub use text::{ResponseFaultError, ResponseFaultWord, WORDS};

/// What goes wrong, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseFault {
    /// What goes wrong.
    pub kind: ResponseFaultKind,
    /// Whether a create is carried out all the same, so that only its answer is lost.
    pub lost: bool,
    /// How many answers it is still about; all, if it does not say.
    pub times: Option<u32>,
}

/// What can go wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseFaultKind {
    /// This HTTP status, which may be 200, with one of these pages for a body.
    Page(u16, Page),
    /// A row of the dialect's error table.
    Refuse(String),
    /// A row of the error table, its sentence quoting the key that was sent.
    Quote(String),
    /// A JSON body that ends in the middle, framed as if it were whole.
    Malformed,
    /// A body that the connection ends in the middle of.
    Truncated,
    /// No answer: the connection ends.
    Cut,
    /// No answer and no end, until the fault is taken away.
    Hang,
    /// The right answer, later.
    Slow(Duration),
    /// Another word where the task's state stands.
    State(String),
    /// What the vendor says of a task that it does not have.
    Gone,
}

/// A body that does not come from the vendor's API but from what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Nothing.
    Empty,
    /// A load balancer's page.
    Html,
    /// A load balancer's JSON, in no vendor's shape.
    Json,
    /// A stack trace with the head of the request, its key included.
    Trace,
}

/// The faults of a task's calls, or those a rule has for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseFaults {
    /// Of the create.
    pub create: Option<ResponseFault>,
    /// Of queries.
    pub query: Option<ResponseFault>,
    /// Of calls for the address of a result.
    pub file: Option<ResponseFault>,
}

/// How the transport brings an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ResponseMode {
    /// Whole and at once.
    #[default]
    Whole,
    /// Whole, after this time.
    After(Duration),
    /// Half of it, then the connection ends.
    Half,
    /// Not at all: the connection ends.
    Cut,
    /// Not at all, and nothing ends until somebody gives up.
    Hang,
}

/// What every page of these shows and no vendor's API says; whoever passes it on has passed on the page.
pub const PAGE_MARK: &str = "edge-7f3a9c.internal";
/// What every stack trace of these shows and no API of a vendor says.
pub const TRACE_MARK: &str = "com.vendor.render.QueueDispatcher.dispatch(QueueDispatcher.java:217)";

impl ResponseFaults {
    /// The place of a call's fault.
    pub fn of(&mut self, purpose: Purpose) -> Option<&mut Option<ResponseFault>> {
        match purpose {
            Purpose::Create => Some(&mut self.create),
            Purpose::Query => Some(&mut self.query),
            Purpose::File => Some(&mut self.file),
            _ => None,
        }
    }

    /// The first row of an error table that they name.
    pub(crate) fn refusal(&self) -> Option<&String> {
        [&self.create, &self.query, &self.file].into_iter().flatten().find_map(|fault| match &fault.kind {
            ResponseFaultKind::Refuse(name) | ResponseFaultKind::Quote(name) => Some(name),
            _ => None,
        })
    }

    /// Whether nothing goes wrong.
    pub const fn is_none(&self) -> bool {
        self.create.is_none() && self.query.is_none() && self.file.is_none()
    }
}

impl ResponseFault {
    /// A fault of every answer.
    pub const fn of(kind: ResponseFaultKind) -> Self {
        Self { kind, lost: false, times: None }
    }

    /// Counts an answer, and says whether the fault is about it.
    pub(crate) fn consume(&mut self) -> bool {
        match &mut self.times {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }

    /// Whether a create that meets it makes a task: it does when only its answer suffers.
    pub(crate) const fn creates_task(&self) -> bool {
        let only_the_answer = matches!(
            self.kind,
            ResponseFaultKind::Malformed
                | ResponseFaultKind::Truncated
                | ResponseFaultKind::Slow(_)
                | ResponseFaultKind::State(_)
                | ResponseFaultKind::Gone
        );
        self.lost || only_the_answer
    }
}

impl ResponseFaultKind {
    /// The answer as it arrives. `right` is what would have been said; `word` is the task's state there.
    pub(crate) fn made_of(&self, right: Response, request: &Request, word: &str) -> (Response, ResponseMode) {
        match self {
            Self::Page(status, page) => (page.response(*status, request), ResponseMode::Whole),
            Self::Malformed => {
                let half = right.body.slice(..right.body.len() / 2);
                (Response { body: half, ..right }, ResponseMode::Whole)
            }
            Self::Truncated => (right, ResponseMode::Half),
            Self::Cut => (right, ResponseMode::Cut),
            Self::Hang => (right, ResponseMode::Hang),
            Self::Slow(time) => (right, ResponseMode::After(*time)),
            Self::State(other) => (with_state(right, word, other), ResponseMode::Whole),
            // These are what the dialect answers, which it has done by now.
            Self::Refuse(_) | Self::Quote(_) | Self::Gone => (right, ResponseMode::Whole),
        }
    }
}

impl Page {
    fn response(self, status: u16, request: &Request) -> Response {
        let (kind, body) = match self {
            Self::Empty => ("text/plain", String::new()),
            Self::Html => (
                "text/html; charset=utf-8",
                format!(
                    "<!DOCTYPE html>\n<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center>\
                     <hr><center>openresty at {PAGE_MARK}</center></body></html>\n"
                ),
            ),
            Self::Json => {
                ("application/json", json!({"fault": {"node": PAGE_MARK, "reason": status}}).to_string())
            }
            Self::Trace => ("text/plain; charset=utf-8", trace(request)),
        };
        Response { status, headers: Headers::from_iter([("content-type", kind)]), body: Bytes::from(body) }
    }
}

fn trace(request: &Request) -> String {
    let mut page = format!(
        "java.util.concurrent.RejectedExecutionException: queue is full\n\tat {TRACE_MARK}\n\n{} {}\n",
        request.method,
        request.path()
    );
    for (name, value) in request.headers.iter() {
        page.push_str(name);
        page.push_str(": ");
        page.push_str(value);
        page.push('\n');
    }
    page
}

/// The names that the vendors have for a task's state.
const STATES: &[&str] = &["task_status", "status", "state"];

fn with_state(right: Response, word: &str, other: &str) -> Response {
    let Some(mut body) = right.value() else { return right };
    put_state(&mut body, word, other);
    Response { body: Bytes::from(body.to_string()), ..right }
}

fn put_state(value: &mut Value, word: &str, other: &str) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if STATES.contains(&name.as_str()) && field == word {
                    *field = Value::from(other);
                } else {
                    put_state(field, word, other);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put_state(item, word, other)),
        _ => {}
    }
}
