//! Many callbacks of one job and many jobs at once: played, waited for, and judged by what is left in the end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use ringback_mocks::journal::Exchange;
use ringback_mocks::stub_gateway::StubStatus;
use ringback_mocks::wire::Request;

use super::ReceiverContext;
use super::look::wrong;
use crate::receiver::effects::Class;
use crate::receiver::schedules::{Event, Schedule, Step};
use crate::receiver::task::{Callback, CallbackState, VendorTask};
use crate::run::mode::Mode;
use crate::run::outcome::{Finding, Stop};

/// Schedules played side by side on a receiver at hand, and on one elsewhere.
const ABREAST: usize = 256;
const ABREAST_ELSEWHERE: usize = 4;
/// When a sender hangs up that has no answer yet: the request has arrived, and its work is not over.
pub const HANGS_UP: Duration = Duration::from_millis(50);
/// Characters at the end of an id in which relatives differ.
const FAMILY_TAIL: usize = 6;

impl ReceiverContext {
    /// Lets time pass that is part of what is sent: between two attempts of a vendor, say.
    pub async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Sends a request whose answer does not matter, nor that there is none: what it leads to is judged.
    pub async fn send_ignoring_response(&self, request: Request) -> Result<(), Stop> {
        self.attempt(request, self.target.timeouts.answer).await.map(drop)
    }

    /// Sends that many copies whose answers do not matter, each on a connection of its own, at one moment.
    pub async fn send_copies_ignoring_responses(&self, request: &Request, copies: usize) -> Result<(), Stop> {
        self.save(copies).await;
        let all = (0..copies).map(|_| self.send_ignoring_response(request.clone()));
        join_all(all).await.into_iter().collect()
    }

    /// A job that is a relative of another: their ids differ in the last characters only.
    pub async fn relative(&self, of: &VendorTask, number: u32) -> Result<VendorTask, Stop> {
        let family: String = of.id.chars().take(of.id.chars().count().saturating_sub(FAMILY_TAIL)).collect();
        let own: String = of.id.chars().skip(family.chars().count()).collect();
        let tail = match own.parse::<u32>() {
            // Far enough apart for a receiver that reads ids as floating-point numbers.
            Ok(digits) => format!("{:06}", (digits + number * 1_001) % 1_000_000),
            Err(_) => {
                let letter = |place: u32| {
                    char::from(b'a' + u8::try_from(number / 26_u32.pow(place) % 26).unwrap_or(0))
                };
                format!("-zz{}{}{}", letter(2), letter(1), letter(0))
            }
        };
        Ok(self.job().await?.named(format!("{family}{tail}")))
    }

    /// Notes a finding unless the work for a job is done that often, whatever its state, and not more often within
    /// the quiet window.
    pub async fn note_unless_counted(&self, job: &VendorTask, count: u64, after: &str) -> Result<(), Stop> {
        let expected = if count == 1 { "the work done once" } else { "another count" };
        let settled = self.looks(
            job,
            self.target.timeouts.settle,
            |effect| effect.count == count,
            |effect| effect.count > count,
        );
        if let Err(seen) = settled.await? {
            self.note(wrong(expected, after, seen));
            return Ok(());
        }
        tokio::time::sleep(self.target.timeouts.quiet).await;
        let seen = self.effect(job).await?;
        if seen.0.count != count {
            self.note(wrong(expected, after, seen));
        }
        Ok(())
    }

    /// Waits until a success that was delivered later than all else shows its effect, and the quiet window is
    /// over: what has not happened by then does not happen.
    pub async fn let_settle(&self) -> Result<(), Stop> {
        let control = self.job().await?;
        self.deliver(&control, CallbackState::SUCCESS).await?;
        if let Err((effect, _)) = self.settles(&control, 1, Class::Success).await? {
            return Err(Stop::NotTestable(format!(
                "the control of this case has no effect: {}",
                effect.describe()
            )));
        }
        tokio::time::sleep(self.target.timeouts.quiet).await;
        Ok(())
    }

    /// Notes a finding for each of these jobs unless its work is done once, with this class of state, and
    /// stays so; `told` says what came before.
    pub async fn note_unless_each_once(
        &self,
        jobs: &[(String, VendorTask)],
        class: Class,
        within: Duration,
    ) -> Result<(), Stop> {
        let settled = jobs.iter().map(|(_, job)| self.settles_within(job, 1, class, within));
        let mut right = Vec::new();
        for ((after, job), settled) in jobs.iter().zip(join_all(settled).await) {
            match settled? {
                Ok(()) => right.push((after, job)),
                Err(seen) => self.note(wrong(&once(class), after, seen)),
            }
        }
        tokio::time::sleep(self.target.timeouts.quiet).await;
        for (after, job) in right {
            let seen = self.effect(job).await?;
            if seen.0.count != 1 || seen.0.class != class {
                self.note(wrong(&once(class), after, seen));
            }
        }
        Ok(())
    }

    /// Notes a finding if work was done under the vendor's id of a job that the receiver started itself.
    pub async fn note_unless_linked(&self, job: &VendorTask, after: &str) -> Result<(), Stop> {
        let seen = self.effect_of(&job.id).await?;
        if job.started && seen.0.count > 0 {
            let expected = "no work under the vendor's id, because the job is known by the gateway's,";
            self.note(wrong(expected, after, seen));
        }
        Ok(())
    }

    /// Waits until the status of a job was asked that often from now on, or a second is over.
    pub async fn wait_for_polls(&self, job: &VendorTask, times: usize) {
        let before = self.gateway().queries(&job.key);
        self.gateway().asked(&job.key, before + times, Duration::from_secs(1)).await;
    }

    /// Plays a schedule with a job. What the receiver answers does not matter: a vendor that is refused comes
    /// again, and how it ends is judged.
    pub async fn play(&self, job: &VendorTask, schedule: &Schedule) -> Result<(), Stop> {
        // Making a callback is dear, and each event's is made once.
        let mut made: Vec<(Event, Callback)> = Vec::new();
        for event in schedule.steps().iter().flat_map(|step| step.events()) {
            if made.iter().all(|(known, _)| *known != event) {
                made.push((event, job.callback_at(event.says(), event.second())?));
            }
        }
        let told = |event: Event| {
            let callback = made.iter().find(|(known, _)| *known == event).map(|(_, callback)| callback);
            callback
                .map(|callback| callback.request(Self::now()))
                .ok_or_else(|| Stop::HarnessError("no callback".into()))
        };
        for step in schedule.steps() {
            match *step {
                Step::Deliver(event, times) => {
                    for _ in 0..times {
                        self.post(told(event)?).await?;
                    }
                }
                Step::AckLost(event) if self.is_plain() => {
                    self.post_and_leave(told(event)?, HANGS_UP).await?;
                }
                // Where a connection cannot be cut short, not looking at the answer comes nearest.
                Step::AckLost(event) => self.send_ignoring_response(told(event)?).await?,
                Step::AtOnce(one, other) => {
                    self.save(2).await;
                    let both = [told(one)?, told(other)?].map(|request| self.send_ignoring_response(request));
                    join_all(both).await.into_iter().collect::<Result<(), Stop>>()?;
                }
                Step::Lost(_) => {}
                Step::Poll(event) => self.set_gateway_status(job, truth(event)),
            }
        }
        Ok(())
    }

    /// What is wrong in the end when a schedule is played with a fresh job; nothing, if it converges.
    pub async fn diverges(&self, plot: ScheduleRun, schedule: Schedule) -> Result<Option<Finding>, Stop> {
        let scene = self.scene();
        let verdict = match scene.play_anew(plot, &schedule).await {
            // That there was no answer is a finding too, of this very schedule.
            Err(Stop::Violation(mut finding)) => {
                for expected in &mut finding.expected {
                    *expected = format!("{expected} in the schedule `{schedule}`");
                }
                Ok(Some(*finding))
            }
            verdict => verdict,
        };
        self.close(&scene, matches!(verdict, Ok(Some(_))));
        verdict
    }

    async fn play_anew(&self, plot: ScheduleRun, schedule: &Schedule) -> Result<Option<Finding>, Stop> {
        let ScheduleRun { end, started } = plot;
        let class = if end == Event::Success { Class::Success } else { Class::Failure };
        let turn =
            self.subject().plays.acquire().await.map_err(|error| Stop::HarnessError(error.to_string()))?;
        let job = if started { self.start().await?.job } else { self.job().await? };
        if !started {
            // A receiver that asks is told how it ends, from the beginning.
            self.set_gateway_status(&job, truth(end));
        }
        self.play(&job, schedule).await?;
        drop(turn);
        let timeouts = &self.target.timeouts;
        let within = if started { timeouts.poll } else { timeouts.settle };
        let after = format!("the schedule `{schedule}`");
        if let Err(seen) = self.settles_within(&job, 1, class, within).await? {
            return Ok(Some(wrong(&once(class), &after, seen)));
        }
        tokio::time::sleep(timeouts.quiet).await;
        let seen = self.effect(&job).await?;
        let right = seen.0.count == 1 && seen.0.class == class;
        Ok((!right).then(|| wrong(&once(class), &after, seen)))
    }

    fn is_plain(&self) -> bool {
        self.place().is_ok_and(|(root, _)| root.starts_with("http://"))
    }

    /// A context within this one, whose exchanges can be forgotten.
    fn scene(&self) -> Self {
        Self::new(Arc::clone(&self.target), Arc::clone(&self.subject), self.vendor, self.way, self.seed, None)
    }

    /// Ends a scene: what it showed is kept in the place of what was kept before, or forgotten.
    fn close(&self, scene: &Self, keep: bool) {
        let (tokens, answered) = {
            let notes = scene.notes();
            (notes.tokens.clone(), notes.answered)
        };
        let forgotten = {
            let mut notes = self.notes();
            notes.answered |= answered;
            if keep { std::mem::replace(&mut notes.scene, tokens) } else { tokens }
        };
        for token in forgotten {
            drop::<Vec<Arc<Exchange>>>(self.subject.journal.take(&token));
        }
    }

    /// How many schedules are played side by side.
    pub(super) fn breadth(&self) -> usize {
        if self.target.mode() == Mode::Deployed { ABREAST_ELSEWHERE } else { ABREAST }
    }
}

/// What a schedule is about.
#[derive(Clone, Copy, Debug)]
pub struct ScheduleRun {
    /// How the job ends.
    pub end: Event,
    /// Whether the receiver starts it, so that it can poll.
    pub started: bool,
}

fn once(class: Class) -> String {
    format!("the work done once, as {},", class.word())
}

/// What a gateway says that knows of an event.
const fn truth(event: Event) -> StubStatus {
    match event {
        Event::Queued | Event::Running => StubStatus::Running,
        Event::Success => StubStatus::Finished,
        Event::Failure => StubStatus::Failed,
    }
}
