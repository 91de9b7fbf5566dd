//! Requests that an ordinary client does not make: raw bodies, odd headers, invalid keys.

use bytes::Bytes;
use ringback_mocks::wire::{Headers, Request};

use super::GatewayContext;
use crate::gateway::submit::{Caller, GatewayReply, SubmitRequest};
use crate::run::outcome::Stop;

const SUBMIT: &str = "/api/generate/submit";

impl GatewayContext {
    /// Submits these very bytes, said to be JSON, with the client's key.
    pub async fn submit_bytes(&self, token: &str, body: impl Into<Bytes>) -> Result<GatewayReply, Stop> {
        let headers = Headers::from_iter([("content-type", "application/json")]);
        let request =
            Request { method: "POST".to_owned(), target: SUBMIT.to_owned(), headers, body: body.into() };
        self.ask(token, Caller::Client, request).await
    }

    /// Submits a job with one more header field.
    pub async fn submit_with(
        &self,
        job: &SubmitRequest,
        name: &str,
        value: &str,
    ) -> Result<GatewayReply, Stop> {
        self.ask(&job.token, Caller::Client, Request::post(SUBMIT, &job.body).header(name, value)).await
    }

    /// Submits a job with the client's key in the query and none in the header.
    pub async fn submit_with_key_in_query(
        &self,
        job: &SubmitRequest,
        name: &str,
    ) -> Result<GatewayReply, Stop> {
        let target = format!("{SUBMIT}?{name}={}", self.subject.key().expose());
        self.ask(&job.token, Caller::Nobody, Request::post(target, &job.body)).await
    }

    /// `Authorization` values that hold no key of a client, though some come close; with what they are.
    pub fn near_keys(&self) -> Vec<(&'static str, String)> {
        let key = self.subject.key().expose();
        let last = key.chars().next_back().unwrap_or_default();
        let head = &key[..key.len() - last.len_utf8()];
        let other = if last == 'x' { 'y' } else { 'x' };
        let near = [
            ("the key without its last character", head.to_owned()),
            ("the key with another last character", format!("{head}{other}")),
            ("the key twice", format!("{key}{key}")),
            ("the key in upper case", key.to_uppercase()),
            ("the word null", "null".to_owned()),
            ("the word undefined", "undefined".to_owned()),
            ("a star", "*".to_owned()),
        ];
        let mut values: Vec<_> = near
            .into_iter()
            // A key in upper case is not a near miss if it is written so.
            .filter(|(_, token)| token != key)
            .map(|(what, token)| (what, format!("Bearer {token}")))
            .collect();
        values.push(("no token after Bearer", "Bearer ".to_owned()));
        values.push(("an unknown user's password", "Basic cmluZ2JhY2s6dW5rbm93bg==".to_owned()));
        values
    }
}
