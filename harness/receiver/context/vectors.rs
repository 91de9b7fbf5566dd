//! Sending what is unusual beside what is usual: the accepted control, the control, and the proof that a
//! receiver survives.

use ringback_mocks::stub_gateway::StubStatus;
use ringback_mocks::wire::Request;

use super::{ReceiverContext, ReceiverReply, standing};
use crate::receiver::effects::Class;
use crate::receiver::task::{Callback, CallbackState, VendorTask};
use crate::run::outcome::{Finding, Stop};

/// Characters at the end of an id that members of a family differ in.
const TAIL: usize = 6;

impl ReceiverContext {
    /// A genuine success of a fresh job that is acknowledged: the control of what may be refused, and the
    /// control of what must not work.
    pub async fn acknowledged_control(&self) -> Result<VendorTask, Stop> {
        let job = self.job().await?;
        let callback = job.callback(CallbackState::SUCCESS)?;
        self.set_gateway_status(&job, StubStatus::Finished);
        self.control(&callback).await?;
        Ok(job)
    }

    /// The right control of what this case sends: acknowledged, and its work done once.
    pub async fn counted_control(&self, says: CallbackState) -> Result<(), Stop> {
        let job = self.job().await?;
        let callback = job.callback(says)?;
        self.set_gateway_status(&job, standing(&job, &callback));
        self.control(&callback).await?;
        match self.settles(&job, 1, Class::of(&callback.word)).await? {
            Ok(()) => Ok(()),
            Err((effect, _)) => Err(Stop::NotTestable(format!(
                "the control of this case has no effect: {}",
                effect.describe()
            ))),
        }
    }

    /// Tells the gateway of a job out of the blue. One that the receiver started is left running there:
    /// its polling would do the work that a callback must not do.
    pub fn set_gateway_status_unless_polled(&self, job: &VendorTask, standing: StubStatus) {
        if !job.started {
            self.set_gateway_status(job, standing);
        }
    }

    /// Sends a callback about a job, backed by the gateway, and notes a finding unless it is acknowledged
    /// and the work done once.
    pub async fn note_unless_taken(
        &self,
        job: &VendorTask,
        callback: &Callback,
        what: &str,
    ) -> Result<(), Stop> {
        self.set_gateway_status(job, standing(job, callback));
        let reply = self.send(callback).await?;
        self.note_unless_acked(&reply, what);
        if reply.is_ack() {
            self.note_unless_once(job, Class::of(&callback.word), what).await?;
        }
        Ok(())
    }

    /// Sends something hostile: notes a finding when it is not answered, when the receiver blames itself
    /// and when it does not live on.
    pub async fn note_unless_survived(
        &self,
        request: Request,
        what: &str,
    ) -> Result<Option<ReceiverReply>, Stop> {
        let reply = match self.attempt(request, self.target.timeouts.answer).await? {
            Ok(reply) => {
                self.note_if_5xx(&reply, what);
                Some(reply)
            }
            Err((why, exchange)) => {
                self.note(Finding::new(format!("an answer to {what}"), why).seen_in(&exchange));
                None
            }
        };
        self.note_unless_alive(what).await?;
        Ok(reply)
    }

    /// Notes unless a request is survived that may also be answered by closing the connection; silence is not an
    /// answer.
    pub async fn note_unless_survived_or_closed(&self, request: Request, what: &str) -> Result<(), Stop> {
        let within = self.target.timeouts.answer;
        match self.attempt(request, within).await? {
            Ok(reply) => self.note_if_5xx(&reply, what),
            Err((why, exchange)) if exchange.took >= within => {
                let finding = Finding::new(format!("an answer to {what}"), why).or("a closed connection");
                self.note(finding.seen_in(&exchange));
            }
            Err(_) => {}
        }
        self.note_unless_alive(what).await
    }

    /// Lets the work for a job be done before something follows, where there is a probe to see it with.
    /// What comes of it is not judged here.
    pub async fn give_time(&self, job: &VendorTask) {
        if self.target.probe.is_some() {
            drop(self.settles(job, 1, Class::Success).await);
        }
    }

    /// Jobs whose ids are of one family: they differ in their last characters only.
    pub async fn family(&self, size: usize) -> Result<Vec<VendorTask>, Stop> {
        let mut jobs: Vec<VendorTask> = Vec::new();
        for number in 0..size {
            let job = self.job().await?;
            let like = jobs.first().map_or_else(|| job.id.clone(), |first| first.id.clone());
            jobs.push(job.named(sibling(&like, number)));
        }
        Ok(jobs)
    }
}

/// This job at a hook with one more parameter, after whatever is in its query.
#[must_use]
pub fn asked_with(mut job: VendorTask, parameter: &str) -> VendorTask {
    let sign = if job.hook.contains('?') { '&' } else { '?' };
    job.hook = format!("{}{sign}{parameter}", job.hook);
    job
}

/// An id of the same family.
fn sibling(id: &str, number: usize) -> String {
    let head: String = id.chars().take(id.chars().count().saturating_sub(TAIL)).collect();
    if id.bytes().last().is_some_and(|byte| byte.is_ascii_digit()) {
        return format!("{head}{:06}", (1_000 + number * 6_007) % 1_000_000);
    }
    let mut left = number;
    let letters: String = std::iter::repeat_with(|| {
        let letter = char::from(b"abcdefghijklmnopqrstuvwxyz"[left % 26]);
        left /= 26;
        letter
    })
    .take(TAIL - 1)
    .collect();
    format!("{head}-{letters}")
}
