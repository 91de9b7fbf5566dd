//! Asking for statuses, once or until something shows.
//!
//! Looking again is the one thing here that waits without being told: nothing announces that a foreign
//! gateway has learnt something.

use std::time::Duration;

use ringback_mocks::wire::Request;

use super::GatewayContext;
use crate::gateway::knob::Knob;
use crate::gateway::submit::{Caller, GatewayReply, SubmittedJob};
use crate::run::outcome::Stop;

/// Looks at a status before it is said not to have changed, however long they take: on a busy machine
/// a window may be over before a gateway that changes its mind at the third look was asked three times.
pub(super) const LOOKS: usize = 10;

impl GatewayContext {
    /// Asks for a status with the client's key.
    pub async fn status(&self, of: &SubmittedJob) -> Result<GatewayReply, Stop> {
        self.status_as(Caller::Client, &of.token, &of.task_id).await
    }

    /// Asks for a status as that caller.
    pub async fn status_as(&self, who: Caller<'_>, token: &str, task_id: &str) -> Result<GatewayReply, Stop> {
        self.ask(token, who, Request::get(format!("/api/generate/status/{task_id}"))).await
    }

    /// Asks for the status until it satisfies `wanted` or the settle window is over; the last
    /// answer either way.
    pub async fn settle(
        &self,
        of: &SubmittedJob,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Result<GatewayReply, GatewayReply>, Stop> {
        self.notes().knobs.insert(Knob::Settle);
        self.settle_within(of, self.target.timeouts.settle, wanted).await
    }

    /// Asks for the status until it satisfies `wanted`, or for a short while: a gateway need not show such a state at all.
    pub async fn glimpse(
        &self,
        of: &SubmittedJob,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Result<GatewayReply, GatewayReply>, Stop> {
        self.settle_within(of, self.target.timeouts.create, wanted).await
    }

    async fn settle_within(
        &self,
        of: &SubmittedJob,
        within: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Result<GatewayReply, GatewayReply>, Stop> {
        let timeouts = &self.target.timeouts;
        let deadline = tokio::time::Instant::now() + within;
        let mut pause = timeouts.poll;
        let mut looks = 0;
        loop {
            let reply = self.status(of).await?;
            looks += 1;
            let Some(word) = reply.word() else {
                return Err(Stop::NotTestable(format!("the status cannot be read: {}", reply.summary())));
            };
            if wanted(word) {
                return Ok(Ok(reply));
            }
            if looks >= LOOKS && tokio::time::Instant::now() >= deadline {
                return Ok(Err(reply));
            }
            // Nothing tells us when a foreign gateway has learnt something, so we look again,
            // less and less often.
            tokio::time::sleep(pause).await;
            pause = self.next_pause(pause, deadline);
        }
    }

    /// Longer and longer, as long as the window is open; what is left of the looks comes quickly.
    pub(super) fn next_pause(&self, pause: Duration, deadline: tokio::time::Instant) -> Duration {
        let shortest = self.target.timeouts.poll;
        let over = tokio::time::Instant::now() + pause >= deadline;
        if over { shortest } else { (pause * 2).min(Duration::from_millis(500)).max(shortest) }
    }
}
