//! Looking at effects: what the receiver did, waited for, or shown not to have happened.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use ringback_mocks::journal::{Exchange, Leg};
use ringback_mocks::wire::Request;
use serde_json::Value;
use tokio::process::Command;

use super::ReceiverContext;
use crate::receiver::effects::{self, Class, Effect, Probe};
use crate::receiver::subject::divided;
use crate::receiver::task::VendorTask;
use crate::run::outcome::{Finding, Stop};

/// Longest pause between two looks, unless the target wants longer ones.
const LOOK: Duration = Duration::from_millis(100);

/// An effect and the exchange that showed it.
pub(super) type Seen = (Effect, Option<Arc<Exchange>>);

impl ReceiverContext {
    /// What the receiver has done about a job, right now.
    pub async fn effect(&self, job: &VendorTask) -> Result<Seen, Stop> {
        self.effect_of(&job.key).await
    }

    /// What the receiver has done about an id, right now.
    pub async fn effect_of(&self, id: &str) -> Result<Seen, Stop> {
        let Some(probe) = &self.target.probe else {
            return Err(Stop::NotTestable("no effects probe is named; add --effects URL with {id}".into()));
        };
        let unusable = |why: String| Stop::NotTestable(format!("the effects probe cannot be used: {why}"));
        match probe {
            Probe::Http { template, .. } => {
                let path = effects::filled(template, id);
                let (own, _) = self.place()?;
                let (root, path) = if path.starts_with('/') {
                    (own.to_owned(), path)
                } else {
                    divided(&path).unwrap_or_default()
                };
                let within = self.target.timeouts.answer;
                let leave = self.leave().await?;
                let request = Request::get(path);
                let asked = self.subject().send(Leg::Client, &self.token, &root, request, within, leave);
                let (exchange, _) = asked.await;
                let answer = exchange.answer.as_ref().map_err(|why| unusable(why.clone()))?;
                if answer.status == 404 {
                    return Ok((Effect::NONE, Some(exchange)));
                }
                if answer.status != 200 {
                    return Err(unusable(format!("HTTP {}", answer.status)));
                }
                let document = answer.value().ok_or_else(|| unusable("its answer is not JSON".into()))?;
                let effect = probe.read(&document).map_err(unusable)?;
                Ok((effect, Some(exchange)))
            }
            Probe::Command { template, .. } => {
                let document = run_probe(template, id).await.map_err(unusable)?;
                Ok((probe.read(&document).map_err(unusable)?, None))
            }
        }
    }

    /// Waits until the work for a job was done that often and the state is of that class; the last look
    /// otherwise.
    pub async fn settles(
        &self,
        job: &VendorTask,
        count: u64,
        class: Class,
    ) -> Result<Result<(), Seen>, Stop> {
        self.settles_within(job, count, class, self.target.timeouts.settle).await
    }

    /// Waits, no longer than this, until the work for a job was done that often and the state is of that class; the last look
    /// otherwise.
    pub async fn settles_within(
        &self,
        job: &VendorTask,
        count: u64,
        class: Class,
        within: Duration,
    ) -> Result<Result<(), Seen>, Stop> {
        let right = |effect: &Effect| effect.count == count && (count == 0 || effect.class == class);
        // More than wanted does not become less; only a state can still follow.
        self.looks(job, within, right, |effect| effect.count > count).await
    }

    /// Looks until the effect is right, is lost, or the time is over; the last look unless it is right.
    pub(super) async fn looks(
        &self,
        job: &VendorTask,
        within: Duration,
        right: impl Fn(&Effect) -> bool,
        lost: impl Fn(&Effect) -> bool,
    ) -> Result<Result<(), Seen>, Stop> {
        let deadline = tokio::time::Instant::now() + within;
        let longest = LOOK.max(self.target.timeouts.look);
        // Where everything is slow, time alone says little: this many looks fit into it otherwise.
        let mut owed = within.as_millis() / longest.as_millis().max(1);
        let mut pause = self.target.timeouts.look;
        loop {
            let (effect, exchange) = self.effect(job).await?;
            if right(&effect) {
                return Ok(Ok(()));
            }
            if lost(&effect) || owed == 0 && tokio::time::Instant::now() >= deadline {
                return Ok(Err((effect, exchange)));
            }
            // Nothing tells us when a foreign process has done its work, so we look again.
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
            owed = owed.saturating_sub(1);
        }
    }

    /// Notes a finding unless the work for a job is done once, with this class of state, within the settle
    /// window, and stays so.
    pub async fn note_unless_once(&self, job: &VendorTask, class: Class, after: &str) -> Result<(), Stop> {
        match self.settles(job, 1, class).await? {
            Err(seen) => self.note(wrong(&format!("the work done once, as {}", class.word()), after, seen)),
            Ok(()) => self.note_unless_stays(job, 1, class, after).await?,
        }
        Ok(())
    }

    /// Notes a finding if the work for a job is done after all, or again, within the quiet window.
    pub async fn note_unless_stays(
        &self,
        job: &VendorTask,
        count: u64,
        class: Class,
        after: &str,
    ) -> Result<(), Stop> {
        tokio::time::sleep(self.target.timeouts.quiet).await;
        let (effect, exchange) = self.effect(job).await?;
        if effect.count != count || (count > 0 && effect.class != class) {
            let expected = match count {
                0 => "no work".to_owned(),
                _ => format!("the work done once, as {}", class.word()),
            };
            self.note(wrong(&expected, after, (effect, exchange)));
        }
        Ok(())
    }

    /// Notes a finding for each of these jobs whose work was done: first a control job, delivered later, must
    /// show its effect, then the quiet window passes.
    pub async fn note_effects_of(
        &self,
        jobs: &[(String, VendorTask)],
        control: &VendorTask,
    ) -> Result<(), Stop> {
        if let Err((effect, _)) = self.settles(control, 1, Class::Success).await? {
            return Err(Stop::NotTestable(format!(
                "the control of this case has no effect: {}",
                effect.describe()
            )));
        }
        tokio::time::sleep(self.target.timeouts.quiet).await;
        for (what, job) in jobs {
            let seen = self.effect(job).await?;
            if seen.0.count > 0 {
                self.note(wrong("no work", what, seen));
            }
        }
        Ok(())
    }
}

/// The finding that an effect is another than expected.
pub(super) fn wrong(expected: &str, after: &str, (effect, exchange): Seen) -> Finding {
    let finding = Finding::new(format!("{expected} after {after}"), effect.describe());
    match exchange {
        Some(exchange) => finding.seen_in(&exchange),
        None => finding,
    }
}

/// What a command prints, as JSON. The id is handed over in the environment too, and never spliced into a
/// shell's text unescaped: ids are the harness's own and consist of plain characters after escaping.
async fn run_probe(template: &str, id: &str) -> Result<Value, String> {
    let command = effects::filled(template, id);
    let output = Command::new("/bin/sh")
        .args(["-c", &command])
        .env("ID", id)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("`{command}` ended with {}", output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|_| format!("`{command}` printed no JSON"))
}
