//! Defects of the reference gateway in what it tells a client: keys it takes, errors, statuses.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::defect::Defect;
use super::service::{Gateway, Outcome, Task, Upstream};
use ringback_mocks::client::{Blame, Declined};
use ringback_mocks::wire::{Headers, Request, Response};

/// Characters of a token that a careless comparison looks at.
const PREFIX: usize = 16;

impl Gateway {
    /// Whether a token is a client's key.
    pub(super) fn same_key(&self, key: &str, token: &str) -> bool {
        let head = |text: &str| text.chars().take(PREFIX).collect::<String>();
        key == token
            || self.is(Defect::KeyPrefixAccepted) && head(key) == head(token)
            || self.is(Defect::KeyCaseIgnored) && key.eq_ignore_ascii_case(token)
    }

    /// The client that a request without a token is taken for.
    pub(super) fn taken_for(&self, request: &Request) -> Option<usize> {
        let header = request.headers.get("authorization");
        if self.is(Defect::EmptyBearerAccepted) && header.is_some_and(|value| value.trim() == "Bearer") {
            return Some(0);
        }
        if !self.is(Defect::KeyInQueryAccepted) {
            return None;
        }
        let keys = ["key", "api_key", "access_token", "token"].map(|name| request.query(name));
        let given = keys.into_iter().flatten().next()?;
        self.setup.clients.iter().position(|client| client.expose() == given)
    }

    /// What a client without a known key is told.
    pub(super) async fn unknown_client(&self, request: &Request) -> Response {
        if self.is(Defect::CreatesBeforeAuth) && request.method == "POST" {
            self.create_anyway(request).await;
        }
        if self.is(Defect::AuthErrorIsHtml) {
            return html(401, "Authorization Required");
        }
        self.error(401, "authentication_error", "the API key is missing or unknown")
    }

    /// What a defect answers to a body before it is read in earnest.
    pub(super) fn misread(&self, body: &[u8]) -> Option<Response> {
        let crash = || self.error(500, "internal_error", "internal error");
        if self.is(Defect::DeepNestingIs500) && body.windows(64).any(|text| text == [b'['; 64]) {
            return Some(crash());
        }
        let error = serde_json::from_slice::<Value>(body).err()?;
        if self.is(Defect::MalformedIs500) {
            Some(crash())
        } else if self.is(Defect::MalformedIsHtml) {
            Some(html(400, "Bad Request"))
        } else if self.is(Defect::StackTraceShown) {
            let message = format!(
                "SyntaxError: {error}\n    at JSON.parse (<anonymous>)\n    at parse (/srv/gateway/node_modules/body-parser/lib/types/json.js:92:19)"
            );
            Some(self.error(400, "invalid_request_error", &message))
        } else {
            None
        }
    }

    /// What a defect tells of a job that the vendor declined.
    pub(super) fn mistell_refusal(&self, upstream: usize, declined: &Declined) -> Option<Response> {
        let Upstream { root, key, .. } = &self.setup.upstreams[upstream];
        let status = if declined.blame == Blame::Request { 400 } else { 502 };
        let message = &declined.message;
        if self.is(Defect::VendorRefusalIn200) {
            let body = json!({"code": status, "error": {"message": message, "type": "upstream_error"}});
            return Some(Response::json(200, &body));
        }
        let message = if self.is(Defect::VendorKeyInError) {
            format!("the vendor refused the job of account {}: {message}", key.expose())
        } else if self.is(Defect::VendorAddressInError) {
            format!("POST {root} failed: {message}")
        } else {
            return None;
        };
        Some(self.error(status, "upstream_error", &message))
    }

    /// A status as a defect tells it.
    pub(super) fn mistell_status(
        &self,
        told: Response,
        task: &Task,
        outcome: &Outcome,
        asked: u32,
    ) -> Response {
        let Some(mut body) = told.value() else { return told };
        let data = &mut body["data"];
        match outcome {
            Outcome::Failed(_) if self.is(Defect::FailedStatusIsError) => {
                return self.error(502, "upstream_error", "the job failed");
            }
            Outcome::Failed(_) if self.is(Defect::FailedProgressNegative) => data["progress"] = json!(-1),
            Outcome::Failed(_) if self.is(Defect::ReasonShownOnce) && asked > 1 => {
                data["error_message"] = Value::Null;
            }
            Outcome::Failed(reason) if self.is(Defect::VendorKeyInStatus) => {
                let key = self.setup.upstreams[task.upstream].key.expose();
                data["error_message"] = json!(format!("{reason} (account {key})"));
            }
            Outcome::Finished(_) if self.is(Defect::FinishedNamesVendorId) => {
                data["task_id"] = json!(task.vendor_id);
            }
            Outcome::Finished(files)
                if self.is(Defect::FileQueryDropped) || self.is(Defect::FileUrlHtmlEscaped) =>
            {
                let cut = self.is(Defect::FileQueryDropped);
                let spoilt = |url: &str| {
                    let cut = url.split('?').next().filter(|_| cut);
                    cut.map_or_else(|| url.replace('&', "&amp;"), str::to_owned)
                };
                let files: Vec<Value> =
                    files.iter().map(|url| json!({"file_url": spoilt(url), "file_type": "image"})).collect();
                data["files"] = json!(files);
            }
            _ => {}
        }
        if self.is(Defect::CreatedTimeOtherZone) {
            let there =
                Timestamp::now().saturating_add(SignedDuration::from_hours(8)).unwrap_or(Timestamp::MAX);
            data["created_time"] = json!(there.strftime("%Y-%m-%dT%H:%M:%S").to_string());
        }
        Response::json(told.status, &body)
    }
}

fn html(status: u16, title: &str) -> Response {
    let page = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
    let headers = Headers::from_iter([("content-type", "text/html")]);
    Response { status, headers, body: page.into() }
}
