//! What arrives, at vendors and at the inbox, and the proof that something did not.

use std::sync::Arc;

use ringback_mocks::http::HttpClient;
use ringback_mocks::journal::{Exchange, Leg};
use ringback_mocks::wire::Request;
use serde_json::json;

use super::GatewayContext;
use crate::gateway::submit::{SubmitRequest, UpstreamCreate, creates_in};
use crate::run::outcome::{Finding, Stop};

impl GatewayContext {
    /// The creates any vendor has received for a token so far.
    pub fn creates(&self, token: &str) -> Vec<UpstreamCreate> {
        creates_in(&self.world.journal.of(token))
    }

    /// Waits for the create of a job at its vendor.
    pub async fn create(&self, job: &SubmitRequest) -> Result<UpstreamCreate, Stop> {
        let (vendor, within) = (self.vendor, self.target.timeouts.create);
        let create = self
            .world
            .journal
            .wait(&job.token, within, |all| {
                creates_in(all).into_iter().find(|create| create.vendor == vendor)
            })
            .await;
        create.ok_or_else(|| {
            Finding::new(
                format!("a create call at {} within {within:?} of the accepted submit", vendor.title()),
                "the vendor received none",
            )
            .into()
        })
    }

    /// Proves that no vendor receives a create for `refused`: only after `control`, submitted later,
    /// has reached its vendor, and a quiet window besides.
    pub async fn no_create(
        &self,
        refused: &SubmitRequest,
        control: &SubmitRequest,
    ) -> Result<Result<(), UpstreamCreate>, Stop> {
        self.create(control).await?;
        let quiet = self.target.timeouts.quiet;
        let hit =
            self.world.journal.wait(&refused.token, quiet, |all| creates_in(all).into_iter().next()).await;
        Ok(hit.map_or(Ok(()), Err))
    }

    /// Waits for `count` creates of a token; those that came.
    pub async fn creates_until(&self, token: &str, count: usize) -> Vec<UpstreamCreate> {
        let within = self.target.timeouts.create;
        let all = self
            .world
            .journal
            .wait(token, within, |all| Some(creates_in(all)).filter(|creates| creates.len() >= count))
            .await;
        all.unwrap_or_else(|| self.creates(token))
    }

    /// Waits out the quiet window for a second create; every create seen in it.
    pub async fn creates_in_quiet(&self, token: &str, more_than: usize) -> Vec<UpstreamCreate> {
        let quiet = self.target.timeouts.quiet;
        let more = self
            .world
            .journal
            .wait(token, quiet, |all| Some(creates_in(all)).filter(|creates| creates.len() > more_than))
            .await;
        more.unwrap_or_else(|| self.creates(token))
    }

    /// Waits out the quiet window for anything that `counts` to arrive at the inbox.
    pub async fn arrival_in_quiet(
        &self,
        token: &str,
        counts: impl Fn(&Exchange) -> bool,
    ) -> Option<Arc<Exchange>> {
        self.world
            .journal
            .wait(token, self.target.timeouts.quiet, |all| {
                all.iter().find(|exchange| exchange.leg == Leg::Inbox && counts(exchange)).cloned()
            })
            .await
    }

    /// Proves that the inbox was open all the while, by sending something there ourselves.
    pub async fn inbox_is_open(&self) -> Result<(), Stop> {
        let probe = self.job().token;
        let request = Request::post(format!("/c/{probe}"), &json!({"probe": true}));
        let sent =
            HttpClient::unpooled().send(&self.world.inbox.url(), &request, self.target.timeouts.answer).await;
        let arrived = self.world.journal.of(&probe).iter().any(|exchange| exchange.leg == Leg::Inbox);
        match sent {
            Ok(_) if arrived => Ok(()),
            Ok(_) => Err(Stop::HarnessError("the inbox answered a probe and did not record it".into())),
            Err(cause) => {
                Err(Stop::Inconclusive(format!("the inbox could not be reached by a probe: {cause}")))
            }
        }
    }
}
