//! Following a job through callbacks, be they our mock's or a real vendor's.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ringback_mocks::http::HttpClient;
use ringback_mocks::journal::{Exchange, Leg};
use ringback_mocks::vendor::Phase;
use ringback_mocks::vendor::Step;
use ringback_mocks::wire::Request;
use serde_json::{Value, json};

use super::GatewayContext;
use crate::gateway::submit::{GatewayReply, SubmitRequest, SubmittedJob};
use crate::inspection;
use crate::run::outcome::Stop;

/// Times the shortest pause between two looks at a status that a job of minutes is looked at.
const LIVE_POLL: u32 = 5;

/// How the end of a job was learnt.
#[derive(Debug)]
pub enum JobEnd {
    /// By a callback that says so.
    Called {
        /// It, as it arrived.
        arrived: Arc<Exchange>,
        /// The end it tells of.
        phase: Phase,
    },
    /// By the status alone; no callback told of an end in the window after it.
    Silently {
        /// The status.
        last: GatewayReply,
        /// Something that arrived and is not a documented callback of any vendor.
        strange: Option<Arc<Exchange>>,
        /// How long the callback was waited for.
        window: Duration,
    },
}

impl GatewayContext {
    /// A callback URL at which this job's vendor can reach the inbox.
    pub fn receiver(&self, token: &str) -> String {
        match &self.target.live {
            Some(live) => format!("{}/c/{token}", live.advertise),
            None => Self::hook(token),
        }
    }

    /// Lets an accepted job succeed where we play the vendor; a real one does it by itself.
    pub async fn succeed(&self, job: &SubmitRequest) -> Result<(), Stop> {
        if self.world.mock(self.vendor).is_none() {
            return Ok(());
        }
        let ending =
            self.dialect().ending("succeeded").ok_or_else(|| Stop::HarnessError("no good end".into()))?;
        self.advance(job, Step::End(ending)).await.map_err(|stop| match stop {
            Stop::Violation(_) => {
                Stop::NotTestable("the vendor never received the job, see GW-UP-001".to_owned())
            }
            stop => stop,
        })
    }

    /// Follows a job until a callback or its status says that it has ended.
    pub async fn follow(&self, of: &SubmittedJob) -> Result<JobEnd, Stop> {
        if self.world.mock(self.vendor).is_some() {
            // The mock calls back at once, however long that takes on a busy machine, or was not asked to.
            let timeouts = &self.target.timeouts;
            let window = if self.is_asked_to_call(of) { timeouts.answer } else { timeouts.create };
            return self.wait_for_end(of, window.max(timeouts.create), None).await;
        }
        let (timeouts, opened) = (&self.target.timeouts, tokio::time::Instant::now());
        while opened.elapsed() < timeouts.finish {
            if let Some((arrived, phase)) = self.terminal_call(&of.token, timeouts.poll * LIVE_POLL).await {
                return Ok(JobEnd::Called { arrived, phase });
            }
            let reply = self.status(of).await?;
            if matches!(reply.word(), Some("finished" | "failed")) {
                return self.wait_for_end(of, timeouts.settle, Some(reply)).await;
            }
        }
        Err(Stop::Inconclusive(format!(
            "the job did not end within {:?}; allow it more with --finish",
            timeouts.finish
        )))
    }

    /// Whether the vendor has been given the address that its callback should go to.
    fn is_asked_to_call(&self, of: &SubmittedJob) -> bool {
        let url = self.receiver(&of.token);
        self.creates(&of.token)
            .iter()
            .any(|create| create.seen.callback_url.as_ref().and_then(Value::as_str) == Some(&url))
    }

    async fn wait_for_end(
        &self,
        of: &SubmittedJob,
        window: Duration,
        last: Option<GatewayReply>,
    ) -> Result<JobEnd, Stop> {
        if let Some((arrived, phase)) = self.terminal_call(&of.token, window).await {
            return Ok(JobEnd::Called { arrived, phase });
        }
        let last = match last {
            Some(last) => last,
            None => self.status(of).await?,
        };
        let strange = self.arrivals(&of.token).into_iter().find(|exchange| {
            let receipt = inspection::examine(&exchange.request, |_| Vec::new(), Timestamp::now());
            receipt.dialect.is_none() && receipt.challenge.is_none()
        });
        Ok(JobEnd::Silently { last, strange, window })
    }

    /// Waits for a callback, of whichever documented dialect, that tells of an end.
    async fn terminal_call(&self, token: &str, within: Duration) -> Option<(Arc<Exchange>, Phase)> {
        let ends = |exchange: &Arc<Exchange>| Some((Arc::clone(exchange), phase_told(exchange)?));
        self.world
            .journal
            .wait(token, within, |all| {
                let arrived = all.iter().filter(|exchange| exchange.leg == Leg::Inbox);
                arrived.filter_map(ends).find(|(_, phase)| phase.is_terminal())
            })
            .await
    }

    /// Waits for a vendor's challenge of a token's URL.
    pub async fn challenge(&self, token: &str) -> Option<Arc<Exchange>> {
        let asks = |exchange: &&Arc<Exchange>| {
            exchange.leg == Leg::Inbox
                && exchange.request.json().is_some_and(|body| body.get("challenge").is_some())
        };
        self.world
            .journal
            .wait(token, self.target.timeouts.create, |all| all.iter().find(asks).cloned())
            .await
    }

    /// Proves that the place where callbacks should have arrived was open, by its public address where
    /// there is one.
    pub async fn receiver_is_open(&self) -> Result<(), Stop> {
        let Some(live) = &self.target.live else { return self.inbox_is_open().await };
        let probe = self.job().token;
        let request = Request::post(format!("/c/{probe}"), &json!({"probe": true}));
        let sent = HttpClient::unpooled().send(&live.advertise, &request, self.target.timeouts.answer).await;
        if self.arrivals(&probe).is_empty() {
            let got = match sent {
                Ok(answer) => format!("something else answered HTTP {}", answer.status),
                Err(cause) => cause.to_string(),
            };
            return Err(Stop::Inconclusive(format!(
                "a probe sent to {} did not reach the inbox at {}: {got}",
                live.advertise, live.bind
            )));
        }
        Ok(())
    }

    fn arrivals(&self, token: &str) -> Vec<Arc<Exchange>> {
        let mut all = self.world.journal.of(token);
        all.retain(|exchange| exchange.leg == Leg::Inbox);
        all
    }
}

/// The phase that a callback tells of, if it is one.
fn phase_told(exchange: &Exchange) -> Option<Phase> {
    let receipt = inspection::examine(&exchange.request, |_| Vec::new(), Timestamp::now());
    let (dialect, state) = (receipt.dialect?, receipt.state?);
    let word = dialect
        .words
        .iter()
        .find(|word| word.callback == Some(state.as_str()))
        .or_else(|| dialect.words.iter().find(|word| word.query == state))?;
    Some(word.phase)
}
