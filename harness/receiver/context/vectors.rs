//! Sending what is unusual beside what is usual: the accepted twin, the control, and the proof that a
//! receiver survives.

use ringback_mocks::stub_gateway::StubStatus;
use ringback_mocks::wire::Request;

use super::{Bench, Reply, standing};
use crate::receiver::effects::Class;
use crate::receiver::task::{Callback, Job, Says};
use crate::run::outcome::{Finding, Stop};

/// Characters at the end of an id that members of a family differ in.
const TAIL: usize = 6;

impl Bench {
    /// A genuine success of a fresh job that is acknowledged: the twin of what may be refused, and the
    /// control of what must not work.
    pub async fn control(&self) -> Result<Job, Stop> {
        let job = self.job().await?;
        let callback = job.callback(Says::SUCCESS)?;
        self.back(&job, StubStatus::Finished);
        self.twin(&callback).await?;
        Ok(job)
    }

    /// The right twin of what this case sends: acknowledged, and its work done once.
    pub async fn counted_twin(&self, says: Says) -> Result<(), Stop> {
        let job = self.job().await?;
        let callback = job.callback(says)?;
        self.back(&job, standing(&job, &callback));
        self.twin(&callback).await?;
        match self.settles(&job, 1, Class::of(&callback.word)).await? {
            Ok(()) => Ok(()),
            Err((effect, _)) => Err(Stop::NotTestable(format!(
                "the right twin of what this case sends has no effect: {}",
                effect.told()
            ))),
        }
    }

    /// Tells the gateway of a job out of the blue. One that the receiver started is left running there:
    /// its polling would do the work that a callback must not do.
    pub fn back_unless_polled(&self, job: &Job, standing: StubStatus) {
        if !job.started {
            self.back(job, standing);
        }
    }

    /// Sends a callback about a job, backed by the gateway, and notes a finding unless it is acknowledged
    /// and the work done once.
    pub async fn note_unless_taken(&self, job: &Job, callback: &Callback, what: &str) -> Result<(), Stop> {
        self.back(job, standing(job, callback));
        let reply = self.send(callback).await?;
        self.note_unless_acked(&reply, what);
        if reply.is_ack() {
            self.note_unless_once(job, Class::of(&callback.word), what).await?;
        }
        Ok(())
    }

    /// Sends something hostile: notes a finding when it is not answered, when the receiver blames itself
    /// and when it does not live on.
    pub async fn note_unless_survived(&self, request: Request, what: &str) -> Result<Option<Reply>, Stop> {
        let reply = match self.attempt(request, self.target.patience.answer).await? {
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

    /// The same for what may also be answered by closing the connection; saying nothing at all is no
    /// answer.
    pub async fn note_unless_survived_or_closed(&self, request: Request, what: &str) -> Result<(), Stop> {
        let within = self.target.patience.answer;
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
    pub async fn give_time(&self, job: &Job) {
        if self.target.probe.is_some() {
            drop(self.settles(job, 1, Class::Success).await);
        }
    }

    /// Jobs whose ids are of one family: they differ in their last characters only.
    pub async fn family(&self, size: usize) -> Result<Vec<Job>, Stop> {
        let mut jobs: Vec<Job> = Vec::new();
        for number in 0..size {
            let job = self.job().await?;
            let like = jobs.first().map_or_else(|| job.id.clone(), |first| first.id.clone());
            jobs.push(job.named(sibling(&like, number)));
        }
        Ok(jobs)
    }
}

/// The same job at a hook with this parameter in its query, after whatever is there.
#[must_use]
pub fn asked_with(mut job: Job, parameter: &str) -> Job {
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
