//! Routing of the reference gateway: endpoints, keys, and how answers and errors are written.
//!
//! What a submit or a status is about is decided elsewhere.

use std::sync::Arc;

use serde_json::{Value, json};

use super::service::Context;
use super::status::StatusQuery;
use ringback_mocks::wire::{Request, Response};

const SUBMIT: &str = "/api/generate/submit";
const STATUS: &str = "/api/generate/status/";

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint<'a> {
    /// A new job.
    Submit,
    /// The status of the task with this id.
    Status(&'a str),
}

impl<'a> Endpoint<'a> {
    /// The endpoint of a request, if there is one.
    pub(super) fn of(request: &'a Request) -> Option<Self> {
        let path = request.path();
        match (request.method.as_str(), path.strip_prefix(STATUS)) {
            ("POST", None) if path == SUBMIT => Some(Self::Submit),
            ("GET", Some(id)) if !id.is_empty() => Some(Self::Status(id)),
            _ => None,
        }
    }
}

/// A request and the client that sent it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Place among the clients.
    pub(super) client: usize,
    pub(super) request: Arc<Request>,
}

/// An answer, before it is written as HTTP.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// A document of ours.
    Json {
        /// HTTP status.
        status: u16,
        /// The document.
        body: Value,
    },
    /// Anything else, as it is.
    Page(Response),
}

impl Reply {
    /// HTTP status.
    pub(super) const fn status(&self) -> u16 {
        match self {
            Self::Json { status, .. } => *status,
            Self::Page(response) => response.status,
        }
    }

    /// The answer with another HTTP status.
    pub(super) fn with_status(self, status: u16) -> Self {
        match self {
            Self::Json { body, .. } => Self::Json { status, body },
            Self::Page(response) => Self::Page(Response { status, ..response }),
        }
    }
}

/// Why a client does not get what it asked for.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The error's type.
    pub(super) kind: &'static str,
    pub(super) message: String,
}

pub(super) async fn serve(service: Context, request: Arc<Request>) -> Response {
    let reply = service.stages.answer.run(&service, request).await;
    service.stages.write.run(&service, reply)
}

pub(super) async fn answer(service: Context, request: Arc<Request>) -> Reply {
    let Some(endpoint) = Endpoint::of(&request) else {
        return service.error(404, "not_found", "no such route");
    };
    let Some(client) = service.stages.authenticate.run(&service, Arc::clone(&request)) else {
        return service.stages.turn_away.run(&service, request).await;
    };
    match endpoint {
        Endpoint::Submit => {
            let asked = Asked { client, request: Arc::clone(&request) };
            service.stages.submit.run(&service, asked).await
        }
        Endpoint::Status(id) => {
            let query = StatusQuery { client, id: id.to_owned(), request: Arc::clone(&request) };
            service.stages.status.run(&service, query).await
        }
    }
}

pub(super) fn write(reply: Reply) -> Response {
    match reply {
        Reply::Json { status, body } => Response::json(status, &body),
        Reply::Page(response) => response,
    }
}

/// The token of a request, if it has one.
pub(super) fn token(request: &Request) -> Option<&str> {
    let value = request.headers.get("authorization")?;
    value.strip_prefix("Bearer ").filter(|token| !token.is_empty())
}

pub(super) fn authenticate(service: &Context, request: &Request) -> Option<usize> {
    let token = token(request)?;
    service.clients.iter().position(|client| client.expose() == token)
}

pub(super) async fn turn_away(service: Context, _: Arc<Request>) -> Reply {
    service.error(401, "authentication_error", "the API key is missing or unknown")
}

pub(super) fn error(Refusal { status, kind, message }: &Refusal) -> Reply {
    let body = json!({"code": status, "error": {"message": message, "type": kind}});
    Reply::Json { status: *status, body }
}
