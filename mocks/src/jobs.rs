//! The tasks of one vendor account, what is planned for them, and the rules that decide it.
//!
//! A task only moves forward and never leaves a terminal phase; that rule is kept here, for every
//! vendor at once. No bodies, no words, no time of its own.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::account::Settings;
use crate::machine::Draft;
use crate::script::{Course, Rule};
use crate::trouble::Trouble;
use crate::vendor::{Ending, Phase};

/// Tasks kept at most; the oldest go first, as a vendor forgets old tasks too.
pub const TASKS_KEPT: usize = 100_000;
const MINUTE: SignedDuration = SignedDuration::from_secs(60);

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
    /// What happens to its callbacks on the way.
    pub trouble: Option<Arc<Trouble>>,
    /// Position in the order of acceptance.
    serial: u64,
    /// Keys of what is planned for it.
    planned: Vec<(Timestamp, u64)>,
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
    /// The phase it leads into.
    pub const fn phase(self) -> Phase {
        match self {
            Self::To(phase) => phase,
            Self::End(ending) => ending.phase,
        }
    }
}

/// All tasks of an account.
#[derive(Debug, Default)]
pub struct Jobs {
    tasks: HashMap<String, Job>,
    /// Order of acceptance, to list the newest and to forget the oldest.
    order: BTreeMap<u64, String>,
    /// Ids that callers chose.
    external: HashMap<String, String>,
    due: BTreeMap<(Timestamp, u64), (String, Step)>,
    rules: Vec<Rule>,
    added: u64,
    creates: u64,
    active: u32,
    /// Times of the creates of the last minute, when there is a limit on them.
    recent: VecDeque<Timestamp>,
}

impl Jobs {
    /// A task by id.
    pub fn get(&self, id: &str) -> Option<&Job> {
        self.tasks.get(id)
    }

    /// A task by the id its creator chose.
    pub fn by_external_id(&self, id: &str) -> Option<&Job> {
        self.external.get(id).and_then(|id| self.tasks.get(id))
    }

    /// Every task, the newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Job> {
        self.order.values().rev().filter_map(|id| self.tasks.get(id))
    }

    /// How many tasks are kept.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there are no tasks.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// How many tasks have not ended.
    pub const fn active(&self) -> u32 {
        self.active
    }

    /// The rules, in the order in which they are tried.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(crate) fn add_rule(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub(crate) fn remove_rules(&mut self, unwanted: impl Fn(&Rule) -> bool) {
        self.rules.retain(|rule| !unwanted(rule));
    }

    /// Counts a valid create, and finds the rule it falls under.
    pub(crate) fn decide(&mut self, draft: &Draft) -> Option<Rule> {
        self.creates += 1;
        self.rules.iter().find(|rule| rule.when.holds(&draft.prompt, self.creates, draft.dialect)).cloned()
    }

    /// Whether one more create is within the limits; the name of the limit that it breaks.
    pub(crate) fn within(&mut self, settings: &Settings, now: Timestamp) -> Result<(), Exceeded> {
        if settings.limits.concurrent.is_some_and(|most| self.active >= most) {
            return Err(Exceeded::Concurrent);
        }
        let Some(most) = settings.limits.per_minute else { return Ok(()) };
        while self.recent.front().is_some_and(|at| now.duration_since(*at) >= MINUTE) {
            self.recent.pop_front();
        }
        if self.recent.len() >= most as usize {
            return Err(Exceeded::Rate);
        }
        self.recent.push_back(now);
        Ok(())
    }

    pub(crate) fn add(
        &mut self,
        id: String,
        draft: Draft,
        rule: Option<Rule>,
        settings: &Settings,
        now: Timestamp,
    ) -> &Job {
        let (course, silent, trouble) = rule.map_or_else(
            || (settings.course.clone(), false, settings.trouble.clone()),
            |rule| (rule.course, rule.silent, rule.trouble.or_else(|| settings.trouble.clone())),
        );
        let planned = self.plan(&id, &draft, &course, settings, now);
        self.added += 1;
        self.order.insert(self.added, id.clone());
        if let Some(external) = &draft.external_id {
            self.external.insert(external.clone(), id.clone());
        }
        if self.tasks.len() >= TASKS_KEPT
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.drop_task(&oldest);
        }
        self.active += 1;
        let phase = draft.dialect.words[0].phase;
        let job = Job {
            id: id.clone(),
            draft,
            phase,
            ending: None,
            created: now,
            updated: now,
            notify: !silent,
            trouble,
            serial: self.added,
            planned,
        };
        self.tasks.entry(id).insert_entry(job).into_mut()
    }

    fn plan(
        &mut self,
        id: &str,
        draft: &Draft,
        course: &Course,
        settings: &Settings,
        now: Timestamp,
    ) -> Vec<(Timestamp, u64)> {
        let mut planned = Vec::new();
        let dialect = draft.dialect;
        let mut steps = Vec::new();
        if let Course::Run { ending, queue, work } = course {
            let end = dialect.ending(ending).unwrap_or(&dialect.endings[0]);
            let done = queue.saturating_add(*work);
            steps.push((Duration::ZERO, Step::To(Phase::Queued)));
            steps.push((*queue, Step::To(Phase::Running)));
            steps.push((done, Step::End(end)));
        }
        steps.extend(dialect.api.deadline(draft).map(|(after, ending)| (after, Step::End(ending))));
        for (after, step) in steps {
            // Saturates: a step planned beyond the end of time never comes.
            let after = SignedDuration::try_from(settings.scaled(after)).unwrap_or(SignedDuration::MAX);
            let at = now.checked_add(after).unwrap_or(Timestamp::MAX);
            let known = dialect.words.iter().any(|word| word.phase == step.phase());
            if known && step.phase() != dialect.words[0].phase {
                self.added += 1;
                self.due.insert((at, self.added), (id.to_owned(), step));
                planned.push((at, self.added));
            }
        }
        planned
    }

    /// Moves a task; `None` if it is unknown, has ended, would move backwards, or its dialect has no
    /// word for the phase.
    pub(crate) fn enter(&mut self, id: &str, step: Step, now: Timestamp) -> Option<&Job> {
        let job = self.tasks.get_mut(id)?;
        let known = job.draft.dialect.words.iter().any(|word| word.phase == step.phase());
        if !known || job.phase.is_terminal() || step.phase().rank() <= job.phase.rank() {
            return None;
        }
        job.phase = step.phase();
        job.ending = if let Step::End(ending) = step { Some(ending) } else { None };
        job.updated = now.max(job.updated);
        if job.phase.is_terminal() {
            self.active = self.active.saturating_sub(1);
        }
        Some(job)
    }

    /// Removes a task; whether there was one.
    pub(crate) fn forget(&mut self, id: &str) -> bool {
        self.drop_task(id)
    }

    pub(crate) fn clear(&mut self) {
        let rules = std::mem::take(&mut self.rules);
        *self = Self { rules, ..Self::default() };
    }

    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    pub(crate) fn next_due(&mut self, now: Timestamp) -> Option<(String, Step, Timestamp)> {
        let (at, _) = *self.due.keys().next().filter(|(at, _)| *at <= now)?;
        let (_, (task, step)) = self.due.pop_first()?;
        Some((task, step, at))
    }

    fn drop_task(&mut self, id: &str) -> bool {
        let Some(job) = self.tasks.remove(id) else { return false };
        self.order.remove(&job.serial);
        for key in &job.planned {
            self.due.remove(key);
        }
        if let Some(external) = &job.draft.external_id {
            self.external.remove(external);
        }
        if !job.phase.is_terminal() {
            self.active = self.active.saturating_sub(1);
        }
        true
    }
}

/// Which limit a create would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    /// Tasks at one time.
    Concurrent,
    /// Creates in a minute.
    Rate,
}
