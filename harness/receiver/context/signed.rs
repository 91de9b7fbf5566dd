//! Vectors on their way: jobs they are about, requests made of them, controls before them.

use std::collections::BTreeMap;

use ringback_mocks::stub_gateway::StubStatus;
use ringback_mocks::wire::{Request, Secret};

use super::{ReceiverContext, ReceiverReply};
use crate::receiver::task::{CallbackState, VendorTask};
use crate::receiver::vectors::{self, Genuine, Group, Vector, VectorVerdict};
use crate::run::mode::Mode;
use crate::run::outcome::Stop;

impl ReceiverContext {
    /// The vectors of this vendor's scheme in some groups, as far as they may be sent to this receiver.
    pub fn vectors(&self, groups: &[Group]) -> Vec<&'static Vector> {
        // A secret is not shown to what may stand between us and a receiver elsewhere.
        let shown = |vector: &Vector| !vector.reveals() || self.target.mode() != Mode::Deployed;
        vectors::of(self.vendor)
            .iter()
            .filter(|vector| groups.contains(&vector.group) && shown(vector))
            .collect()
    }

    /// The secret that vectors are signed with.
    pub fn secret(&self) -> Result<Secret, Stop> {
        let none = || Stop::NotTestable(format!("no secret of {} is known", self.vendor.title()));
        self.secrets().into_iter().next().ok_or_else(none)
    }

    /// A job for a vector to report, in the vector's dialect.
    pub async fn job_for(&self, vector: &Vector) -> Result<VendorTask, Stop> {
        let wanted = vector.dialect().and_then(|name| self.dialects().iter().find(|one| one.name == name));
        self.job_in(wanted.copied().unwrap_or_else(|| self.main())).await
    }

    /// The request of a vector that reports a job's success; none if its signature is right after all.
    pub fn signed(&self, vector: &Vector, job: &VendorTask) -> Result<Option<Request>, Stop> {
        let (secret, now) = (self.secret()?, Self::now());
        let request = vector.request(&Genuine::of(&job.callback(CallbackState::SUCCESS)?, &secret, now));
        let misses = !vector.is_good() && vector.holds(&request, &secret, now);
        Ok(if misses { None } else { Some(request) })
    }

    /// Sends a vector that must be accepted, about a job of its own that has ended well.
    pub async fn send_good(&self, vector: &Vector) -> Result<Option<ReceiverReply>, Stop> {
        let job = self.job_for(vector).await?;
        self.set_gateway_status(&job, StubStatus::Finished);
        match self.signed(vector, &job)? {
            Some(request) => self.post(request).await.map(Some),
            None => Ok(None),
        }
    }

    /// The answers to the controls of these vectors, by name, each sent once.
    pub async fn controls(&self, vectors: &[&Vector]) -> Result<BTreeMap<&'static str, ReceiverReply>, Stop> {
        let mut replies = BTreeMap::new();
        for vector in vectors {
            let VectorVerdict::Refused { control } = vector.verdict else { continue };
            if replies.contains_key(control) {
                continue;
            }
            let missing = || Stop::HarnessError(format!("there is no vector `{control}`"));
            let good = vectors::named(self.vendor, control).ok_or_else(missing)?;
            if let Some(reply) = self.send_good(good).await? {
                replies.insert(control, reply);
            }
        }
        Ok(replies)
    }

    /// Lets jobs that the receiver has started end, so that it asks about them no longer.
    pub fn let_go(&self, jobs: &[(String, VendorTask)]) {
        for (_, job) in jobs.iter().filter(|(_, job)| job.started) {
            self.set_gateway_status(job, StubStatus::Failed);
        }
    }
}
