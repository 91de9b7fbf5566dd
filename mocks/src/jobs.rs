//! The tasks of one vendor account, what is planned for them, and where their ids come from.
//!
//! A task only moves forward and never leaves a terminal phase; that rule is kept here, for every
//! vendor at once. No bodies, no words, no time of its own.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::machine::Draft;
use crate::vendor::{Ending, Phase};

/// Tasks kept at most; the oldest go first, as a vendor forgets old tasks too.
const TASKS_KEPT: usize = 100_000;

/// One task.
#[derive(Debug)]
pub struct Job {
    /// The vendor's id.
    pub id: String,
    /// The accepted create.
    pub draft: Draft,
    /// Where it stands.
    pub phase: Phase,
    /// How it ended.
    pub ending: Option<&'static Ending>,
    /// When it was accepted.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// Whether changes are called back.
    pub notify: bool,
}

/// One move of a task.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Into this phase, which is not terminal.
    To(Phase),
    /// To this end.
    End(&'static Ending),
}

impl Step {
    const fn phase(self) -> Phase {
        match self {
            Self::To(phase) => phase,
            Self::End(ending) => ending.phase,
        }
    }
}

/// What will happen to a task by itself: each step so long after the one before. An empty plan
/// leaves the task where it is until somebody advances it.
pub type Plan = Vec<(Duration, Step)>;

/// What becomes of creates whose prompt contains a text.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The text to look for.
    pub prompt_contains: String,
    /// Refuse the create, by the name of a row in the dialect's error table.
    pub refuse: Option<&'static str>,
    /// What happens to an accepted task.
    pub plan: Plan,
    /// Whether its changes are called back.
    pub notify: bool,
}

/// All tasks of an account.
#[derive(Debug, Default)]
pub struct Jobs {
    tasks: HashMap<String, Job>,
    /// Insertion order, to forget the oldest.
    order: BTreeMap<u64, String>,
    added: u64,
    due: BTreeMap<(Timestamp, u64), (String, Step)>,
    rules: Vec<Rule>,
}

impl Jobs {
    /// A task by id.
    pub fn get(&self, id: &str) -> Option<&Job> {
        self.tasks.get(id)
    }

    /// How many tasks are kept.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there are no tasks.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    pub(crate) fn add_rule(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub(crate) fn remove_rule(&mut self, text: &str) {
        self.rules.retain(|rule| rule.prompt_contains != text);
    }

    pub(crate) fn refusal_for(&self, prompt: &str) -> Option<&'static str> {
        self.rule_for(prompt).and_then(|rule| rule.refuse)
    }

    pub(crate) fn add(&mut self, id: String, draft: Draft, now: Timestamp) -> &Job {
        let (plan, notify) =
            self.rule_for(&draft.prompt).map_or((Plan::new(), true), |rule| (rule.plan.clone(), rule.notify));
        let mut at = now;
        for (after, step) in plan {
            // Saturates: a step planned beyond the end of time never comes.
            at = at
                .checked_add(SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX))
                .unwrap_or(Timestamp::MAX);
            self.added += 1;
            self.due.insert((at, self.added), (id.clone(), step));
        }
        self.added += 1;
        self.order.insert(self.added, id.clone());
        if self.tasks.len() >= TASKS_KEPT
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.tasks.remove(&oldest);
        }
        let phase = draft.dialect.words[0].phase;
        let job = Job { id: id.clone(), draft, phase, ending: None, created: now, updated: now, notify };
        self.tasks.entry(id).insert_entry(job).into_mut()
    }

    /// Moves a task; `None` if it is unknown, has ended, would move backwards, or its dialect has no
    /// word for the phase.
    pub(crate) fn enter(&mut self, id: &str, step: Step, now: Timestamp) -> Option<&Job> {
        let job = self.tasks.get_mut(id)?;
        let known = job.draft.dialect.words.iter().any(|word| word.phase == step.phase());
        if !known || job.phase.is_terminal() || rank(step.phase()) <= rank(job.phase) {
            return None;
        }
        job.phase = step.phase();
        job.ending = if let Step::End(ending) = step { Some(ending) } else { None };
        job.updated = now.max(job.updated);
        Some(job)
    }

    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    pub(crate) fn next_due(&mut self, now: Timestamp) -> Option<(String, Step, Timestamp)> {
        let (at, _) = *self.due.keys().next().filter(|(at, _)| *at <= now)?;
        let (_, (task, step)) = self.due.pop_first()?;
        Some((task, step, at))
    }

    fn rule_for(&self, prompt: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| prompt.contains(&rule.prompt_contains))
    }
}

const fn rank(phase: Phase) -> u8 {
    match phase {
        Phase::Submitted => 0,
        Phase::Queued => 1,
        Phase::Running => 2,
        _ => 3,
    }
}

/// Ids, unique in a run and the same for the same seed.
#[derive(Debug)]
pub struct Ids {
    rng: fastrand::Rng,
    made: u64,
}

impl Ids {
    /// A generator.
    pub fn seeded(seed: u64) -> Self {
        Self { rng: fastrand::Rng::with_seed(seed), made: 0 }
    }

    /// A number never given before.
    pub const fn serial(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// `length` decimal digits, not starting with zero.
    pub fn decimal(&mut self, length: usize) -> String {
        (0..length).map(|at| char::from(b'0' + self.rng.u8(u8::from(at == 0)..10))).collect()
    }

    /// `length` lower-case hexadecimal digits.
    pub fn hex(&mut self, length: usize) -> String {
        (0..length).map(|_| self.pick(b"0123456789abcdef")).collect()
    }

    /// `length` lower-case letters and digits.
    pub fn alphanumeric(&mut self, length: usize) -> String {
        (0..length).map(|_| self.pick(b"0123456789abcdefghijklmnopqrstuvwxyz")).collect()
    }

    /// A version 4 UUID.
    pub fn uuid(&mut self) -> String {
        let variant = self.pick(b"89ab");
        let digits = self.hex(30);
        let (head, mid, rest) = (&digits[..8], &digits[8..12], &digits[12..]);
        format!("{head}-{mid}-4{}-{variant}{}-{}", &rest[..3], &rest[3..6], &rest[6..])
    }

    fn pick(&mut self, alphabet: &[u8]) -> char {
        char::from(alphabet[self.rng.usize(0..alphabet.len())])
    }
}
