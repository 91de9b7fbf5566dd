//! Mutants of authentication: keys that are taken for others, and tasks that are shown to others.

use std::sync::Arc;

use crate::deviation::deviations;
use crate::gateway::Gateway;
use crate::gateway::routing::{Endpoint, token};
use crate::gateway::service::Context;
use crate::gateway::stages::Stages;
use crate::gateway::task::{Outcome, Task};
use ringback_mocks::wire::Request;

use super::errors::html;

deviations! { Mutant of Gateway;
    AUTH_OPTIONAL "auth-optional" "serves requests without a token" =>
        |stages| admit(stages, |_, request| token(request).is_none().then_some(0));
    ANY_TOKEN "any-token" "accepts any token" =>
        |stages| admit(stages, |_, request| token(request).map(|_| 0));
    STATUS_OPEN "status-open" "shows a status without a token" => |stages| admit(stages, status_without_token);
    TASKS_SHARED "tasks-shared" "shows one client's task to another" => |stages| share(stages, |_| true);
    FINISHED_TASKS_SHARED "finished-tasks-shared" "shows a finished task to every client" =>
        |stages| share(stages, |task| matches!(task.last, Outcome::Finished(_)));
    EMPTY_BEARER_ACCEPTED "empty-bearer-accepted" "takes an empty token for the first client's" =>
        |stages| admit(stages, empty_bearer);
    KEY_PREFIX_ACCEPTED "key-prefix-accepted" "compares only the first 16 characters of a token" =>
        |stages| admit(stages, |service, request| known(service, request, |key, token| prefix(key).eq(prefix(token))));
    KEY_CASE_IGNORED "key-case-ignored" "compares tokens without regard to case" =>
        |stages| admit(stages, |service, request| known(service, request, str::eq_ignore_ascii_case));
    KEY_IN_QUERY_ACCEPTED "key-in-query-accepted" "takes a key from the query of the address" =>
        |stages| admit(stages, key_in_query);
    AUTH_ERROR_IS_HTML "auth-error-is-html" "answers an HTML page when the token is missing or unknown" =>
        auth_error_is_html;
}

/// Takes some requests for a client's that are not.
fn admit(stages: &mut Stages, taken_for: fn(&Context, &Request) -> Option<usize>) {
    stages.authenticate.around(move |next, service, request| {
        next.run(service, Arc::clone(&request)).or_else(|| taken_for(service, &request))
    });
}

/// Shows some tasks to clients that do not own them.
fn share(stages: &mut Stages, is_shared: fn(&Task) -> bool) {
    stages.find_task.around(move |next, service, query| {
        let id = query.id.clone();
        next.run(service, query).or_else(|| service.tasks().get(&id).filter(|task| is_shared(task)).cloned())
    });
}

fn status_without_token(_: &Context, request: &Request) -> Option<usize> {
    let is_status = matches!(Endpoint::of(request), Some(Endpoint::Status(_)));
    (is_status && token(request).is_none()).then_some(0)
}

fn empty_bearer(_: &Context, request: &Request) -> Option<usize> {
    (request.headers.get("authorization")?.trim() == "Bearer").then_some(0)
}

/// The client whose key a careless comparison takes for the token.
fn known(service: &Context, request: &Request, equal: fn(&str, &str) -> bool) -> Option<usize> {
    let token = token(request)?;
    service.clients.iter().position(|client| equal(client.expose(), token))
}

fn prefix(text: &str) -> impl Iterator<Item = char> {
    text.chars().take(16)
}

fn key_in_query(service: &Context, request: &Request) -> Option<usize> {
    let keys = ["key", "api_key", "access_token", "token"].map(|name| request.query(name));
    let given = keys.into_iter().flatten().next().filter(|_| token(request).is_none())?;
    service.clients.iter().position(|client| client.expose() == given)
}

fn auth_error_is_html(stages: &mut Stages) {
    stages.turn_away.then(|_, _| html(401, "Authorization Required"));
}
