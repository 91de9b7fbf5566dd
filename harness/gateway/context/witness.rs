//! What only the world around the gateway knows: what vendors saw and said, and how they are told to act.

use std::sync::Arc;
use std::time::Duration;

use ringback_mocks::journal::{Exchange, Leg};
use ringback_mocks::rules::{Rule, TaskPlan};
use ringback_mocks::vendor::Step;
use ringback_mocks::vendor::Vendor;
use serde_json::json;

use super::GatewayContext;
use crate::gateway::submit::{GatewayReply, SubmitRequest, UpstreamCreate, creates_in};
use crate::run::outcome::Stop;

impl GatewayContext {
    /// A minimal job for another vendor's model.
    pub fn job_of(&self, vendor: Vendor) -> SubmitRequest {
        let job = self.job();
        job.root("model", self.target.model(vendor))
    }

    /// The vendors of the target that a mock stands for.
    pub fn witnessed(&self) -> Vec<Vendor> {
        let seen = |vendor: &Vendor| self.world.mock(*vendor).is_some();
        self.target.vendors.iter().copied().filter(seen).collect()
    }

    /// Waits for a create of a token that fits, at any vendor.
    pub async fn create_where(
        &self,
        token: &str,
        fits: impl Fn(&UpstreamCreate) -> bool,
    ) -> Option<UpstreamCreate> {
        let within = self.target.timeouts.create;
        self.world.journal.wait(token, within, |all| creates_in(all).into_iter().find(&fits)).await
    }

    /// What the gateway asked vendors about a token besides creates, so far.
    pub fn queries(&self, token: &str) -> Vec<Arc<Exchange>> {
        self.upstream(token).into_iter().filter(|one| one.request.method == "GET").collect()
    }

    /// Waits until the gateway has asked a vendor about a token.
    pub async fn query(&self, token: &str) -> Option<Arc<Exchange>> {
        let asked = |one: &&Arc<Exchange>| matches!(one.leg, Leg::Upstream(_)) && one.request.method == "GET";
        let within = self.target.timeouts.create;
        self.world.journal.wait(token, within, |all| all.iter().find(asked).cloned()).await
    }

    /// Everything between the gateway and vendors about a token, so far.
    pub fn upstream(&self, token: &str) -> Vec<Arc<Exchange>> {
        let all = self.world.journal.of(token);
        all.into_iter().filter(|one| matches!(one.leg, Leg::Upstream(_))).collect()
    }

    /// The gateway's answers to what was asked of it about a token, in order of asking.
    pub fn replies(&self, token: &str) -> Vec<GatewayReply> {
        let mut all = self.world.journal.of(token);
        all.sort_by_key(|one| (one.at, one.seq));
        all.into_iter()
            .filter(|one| one.leg == Leg::Client)
            .filter_map(|one| {
                let answer = one.answer.clone().ok()?;
                Some(self.read(one, &answer))
            })
            .collect()
    }

    /// Waits for a callback of a token that is not a challenge.
    pub async fn called_back(&self, token: &str) -> bool {
        let event = |one: &Arc<Exchange>| {
            one.leg == Leg::Inbox && one.request.json().is_some_and(|body| body.get("challenge").is_none())
        };
        let within = self.target.timeouts.create;
        self.world.journal.wait(token, within, |all| all.iter().any(event).then_some(())).await.is_some()
    }

    /// From now on the vendor ends jobs of this token well, at once.
    pub fn ends_at_once(&self, token: &str) {
        if let Some(mock) = self.world.mock(self.vendor) {
            let course =
                TaskPlan::Run { ending: "succeeded".to_owned(), queue: Duration::ZERO, work: Duration::ZERO };
            mock.add_rule(Rule { plan: course, ..Rule::about(token) });
        }
    }

    /// From now on the receiver takes its time to answer this token's challenge.
    pub fn delay_challenge(&self, token: &str, by: Duration) {
        self.world.inbox.delay_challenge(token, by);
    }

    /// Ends the vendors' tasks that were created with this prompt; whether there was one.
    pub fn end_prompt(&self, token: &str, prompt: &str, ending: &str) -> bool {
        let mut ended = false;
        for create in creates_in(&self.world.journal.of(token)) {
            let answer = create.exchange.answer.as_ref().ok();
            let task = answer.and_then(|answer| (create.dialect.client.created)(answer).ok());
            let same = create.seen.prompt.as_deref() == Some(prompt);
            if let (true, Some(task), Some(end)) = (same, task, create.dialect.ending(ending)) {
                ended |=
                    self.world.mock(create.vendor).is_some_and(|mock| mock.advance(&task, Step::End(end)));
            }
        }
        ended
    }

    /// Keys of vendors that the gateway was given, found in what it answered: the names of their variables.
    pub fn vendor_keys_in(&self, reply: &GatewayReply) -> Vec<String> {
        let own = ["RINGBACK_API_KEY", "RINGBACK_OTHER_API_KEY"];
        let secrets = self.subject.secrets().iter().filter(|(name, _)| !own.contains(&name.as_str()));
        secrets.filter(|(_, key)| mentions(reply, key.expose())).map(|(name, _)| name.clone()).collect()
    }

    /// Whether the harness knows a key of the vendor that it could find.
    pub fn knows_vendor_key(&self) -> bool {
        let name = self.vendor.variable("KEY");
        self.subject.secrets().iter().any(|(known, _)| *known == name)
    }

    /// The vendor's real address, if it occurs in what the gateway answered.
    pub fn vendor_address_in(&self, reply: &GatewayReply) -> Option<String> {
        let url = self.world.mock(self.vendor)?.url();
        let address = url.strip_prefix("http://").unwrap_or(&url);
        let port = address.rsplit(':').next()?;
        [address.to_owned(), format!("localhost:{port}")].into_iter().find(|text| mentions(reply, text))
    }

    /// Waits until an accepted job is seen at its vendor: only then is the gateway one that works.
    pub async fn works(&self) -> Result<(), Stop> {
        let control = self.job();
        self.accept(&control).await?;
        match self.create(&control).await {
            Ok(_) => Ok(()),
            Err(Stop::Violation(_)) => {
                Err(Stop::NotTestable("an accepted job does not reach its vendor, see GW-UP-001".to_owned()))
            }
            Err(stop) => Err(stop),
        }
    }

    /// Jobs that look alike for the vendors in turn, with prompts and callback URLs of their own.
    pub fn crowd(&self, vendors: &[Vendor], count: usize) -> Vec<SubmitRequest> {
        let first = self.job();
        let prompt = first.body["input"]["prompt"].as_str().unwrap_or_default().to_owned();
        (0..count)
            .filter_map(|number| {
                let vendor = vendors.get(number % vendors.len().max(1))?;
                let url = format!("{}?job={number}", Self::hook(&first.token));
                let job = first.clone().root("model", json!(self.target.model(*vendor)));
                Some(job.input("prompt", format!("{prompt} number {number}")).callback(url))
            })
            .collect()
    }
}

fn mentions(reply: &GatewayReply, text: &str) -> bool {
    let Ok(answer) = &reply.exchange.answer else { return false };
    let body = String::from_utf8_lossy(&answer.body);
    body.contains(text) || answer.headers.iter().any(|(_, value)| value.contains(text))
}
