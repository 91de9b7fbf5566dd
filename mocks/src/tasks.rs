//! The tasks of one vendor account, what is planned for them, and the rules that decide it.
//!
//! A task only moves forward and never leaves a terminal phase; that rule is kept here, for every
//! vendor at once. No bodies, no words, no time of its own.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::account::AccountConfig;
use crate::delivery_faults::DeliveryFaults;
use crate::dialect::{Dialect, Ending, Phase, Purpose, Step};
use crate::draft::Draft;
use crate::response_faults::{ResponseFault, ResponseFaults};
use crate::rules::{Rule, TaskPlan};
use crate::wire::Secret;

/// Tasks kept at most; the oldest go first, as a vendor forgets old tasks too.
pub const TASKS_KEPT: usize = 100_000;
/// Bytes of text in the creates of those tasks kept at most: creates may carry media.
pub const TASK_BYTES_KEPT: usize = 256 * 1024 * 1024;
const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// One task.
#[derive(Debug)]
pub struct Task {
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
    pub delivery_faults: Option<Arc<DeliveryFaults>>,
    /// What goes wrong with answers about it; few tasks have anything here.
    response_faults: Option<Box<ResponseFaults>>,
    /// What is planned for it, the next step last.
    planned: Vec<(Due, Step)>,
    /// Bytes of text in its create.
    bytes: usize,
}

/// When a step is planned, and the order among steps of the same time.
type Due = (Timestamp, u64);

/// All tasks of an account.
#[derive(Debug, Default)]
pub struct TaskStore {
    /// By order of acceptance, to list the newest and to forget the oldest.
    tasks: BTreeMap<u64, Box<Task>>,
    ids: HashMap<Box<str>, u64>,
    /// Ids that callers chose.
    external: HashMap<Box<str>, u64>,
    /// Of each task that is to move, its next step.
    due: BTreeMap<Due, u64>,
    bytes: usize,
    /// The key of the latest create.
    key: Option<Secret>,
    rules: Vec<Rule>,
    added: u64,
    creates: u64,
    active: u32,
    /// Times of the creates of the last minute, when there is a limit on them.
    recent: VecDeque<Timestamp>,
}

impl TaskStore {
    /// A task by id.
    pub fn get(&self, id: &str) -> Option<&Task> {
        self.ids.get(id).and_then(|serial| self.at(*serial))
    }

    /// A task by the id its creator chose.
    pub fn by_external_id(&self, id: &str) -> Option<&Task> {
        self.external.get(id).and_then(|serial| self.at(*serial))
    }

    /// Every task, the newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values().rev().map(Box::as_ref)
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
        let fits = |rule: &&mut Rule| {
            rule.when.holds(&draft.prompt, self.creates, draft.dialect)
                // One that refuses with a name of another dialect is not about this one.
                && rule.refusal().is_none_or(|name| draft.dialect.refusal(name).is_some())
        };
        let rule = self.rules.iter_mut().find(fits)?;
        let consume = rule.response_faults.create.as_mut().is_some_and(ResponseFault::consume);
        let mut decided = rule.clone();
        if !consume {
            decided.response_faults.create = None;
        }
        Some(decided)
    }

    /// Counts an answer about a task, and finds the fault it meets.
    pub(crate) fn fault(&mut self, id: &str, purpose: Purpose) -> Option<ResponseFault> {
        let serial = self.ids.get(id)?;
        let response_faults = self.tasks.get_mut(serial)?.response_faults.as_mut()?;
        response_faults.of(purpose)?.as_mut().and_then(|fault| fault.consume().then(|| fault.clone()))
    }

    /// Changes what goes wrong with answers about a task; false if there is no such task.
    pub(crate) fn disturb(&mut self, id: &str, purpose: Purpose, fault: Option<ResponseFault>) -> bool {
        let Some(task) = self.ids.get(id).and_then(|serial| self.tasks.get_mut(serial)) else { return false };
        let mut response_faults = task
            .response_faults
            .take()
            .map_or_else(ResponseFaults::default, |response_faults| *response_faults);
        let known = response_faults.of(purpose).map(|place| *place = fault).is_some();
        task.response_faults = (!response_faults.is_none()).then(|| Box::new(response_faults));
        known
    }

    /// Whether the answers about a task still meet faults of this kind.
    pub(crate) fn fault_stands(&self, id: &str, purpose: Purpose, fault: &ResponseFault) -> bool {
        let response_faults = self.get(id).and_then(|task| task.response_faults.as_deref().cloned());
        response_faults.is_some_and(|mut response_faults| {
            response_faults.of(purpose).and_then(Option::take).is_some_and(|stands| stands.kind == fault.kind)
        })
    }

    /// Whether one more create is within the limits; the name of the limit that it breaks.
    pub(crate) fn within(&mut self, settings: &AccountConfig, now: Timestamp) -> Result<(), Exceeded> {
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
        mut draft: Draft,
        deadline: Option<(Duration, &'static Ending)>,
        rule: Option<Rule>,
        settings: &AccountConfig,
        now: Timestamp,
    ) -> &Task {
        let (plan, silent, delivery_faults, response_faults) = rule.map_or_else(
            || (settings.plan.clone(), false, settings.delivery_faults.clone(), ResponseFaults::default()),
            |rule| {
                (
                    rule.plan,
                    rule.silent,
                    rule.delivery_faults.or_else(|| settings.delivery_faults.clone()),
                    rule.response_faults,
                )
            },
        );
        let response_faults = ResponseFaults { create: None, ..response_faults };
        let planned = self.plan(draft.dialect, &plan, deadline, settings, now);
        self.added += 1;
        let serial = self.added;
        if let Some((due, _)) = planned.last() {
            self.due.insert(*due, serial);
        }
        if let Some(external) = &draft.external_id {
            self.external.insert(external.as_str().into(), serial);
        }
        // One key makes many tasks; each need not have its own copy.
        match &self.key {
            Some(key) if *key == draft.key => draft.key = key.clone(),
            _ => self.key = Some(draft.key.clone()),
        }
        let bytes = draft.body.text().len() + draft.prompt.len();
        self.bytes += bytes;
        while self.tasks.len() >= TASKS_KEPT || self.bytes > TASK_BYTES_KEPT {
            let Some(oldest) = self.tasks.keys().next().copied() else { break };
            self.drop_task(oldest);
        }
        self.active += 1;
        self.ids.insert(id.as_str().into(), serial);
        let phase = draft.dialect.words[0].phase;
        let task = Task {
            id,
            draft,
            phase,
            ending: None,
            created: now,
            updated: now,
            notify: !silent,
            delivery_faults,
            response_faults: (!response_faults.is_none()).then(|| Box::new(response_faults)),
            planned,
            bytes,
        };
        self.tasks.entry(serial).or_insert_with(|| Box::new(task))
    }

    fn plan(
        &mut self,
        dialect: &'static Dialect,
        plan: &TaskPlan,
        deadline: Option<(Duration, &'static Ending)>,
        settings: &AccountConfig,
        now: Timestamp,
    ) -> Vec<(Due, Step)> {
        let mut planned = Vec::new();
        let mut steps = Vec::new();
        if let TaskPlan::Run { ending, queue, work } = plan {
            let end = dialect.ending(ending).unwrap_or(&dialect.endings[0]);
            let done = queue.saturating_add(*work);
            steps.push((Duration::ZERO, Step::To(Phase::Queued)));
            steps.push((*queue, Step::To(Phase::Running)));
            steps.push((done, Step::End(end)));
        }
        steps.extend(deadline.map(|(after, ending)| (after, Step::End(ending))));
        for (after, step) in steps {
            // Saturates: a step planned beyond the end of time never comes.
            let after = SignedDuration::try_from(settings.scaled(after)).unwrap_or(SignedDuration::MAX);
            let at = now.checked_add(after).unwrap_or(Timestamp::MAX);
            let known = dialect.words.iter().any(|word| word.phase == step.phase());
            if known && step.phase() != dialect.words[0].phase {
                self.added += 1;
                planned.push(((at, self.added), step));
            }
        }
        planned.sort_unstable_by_key(|(due, _)| std::cmp::Reverse(*due));
        planned.shrink_to_fit();
        planned
    }

    /// Moves a task; `None` if it is unknown, has ended, would move backwards, or its dialect has no
    /// word for the phase.
    pub(crate) fn enter(&mut self, id: &str, step: Step, now: Timestamp) -> Option<&Task> {
        let serial = *self.ids.get(id)?;
        self.enter_at(serial, step, now)
    }

    /// Moves a task, given its place in the order of acceptance; `None` as with [`Self::enter`].
    pub(crate) fn enter_at(&mut self, serial: u64, step: Step, now: Timestamp) -> Option<&Task> {
        let task = self.tasks.get_mut(&serial)?;
        let known = task.draft.dialect.words.iter().any(|word| word.phase == step.phase());
        if !known || task.phase.is_terminal() || step.phase().rank() <= task.phase.rank() {
            return None;
        }
        task.phase = step.phase();
        task.ending = if let Step::End(ending) = step { Some(ending) } else { None };
        task.updated = now.max(task.updated);
        if task.phase.is_terminal() {
            self.active = self.active.saturating_sub(1);
        }
        Some(task)
    }

    /// Removes a task; whether there was one.
    pub(crate) fn forget(&mut self, id: &str) -> bool {
        self.ids.get(id).copied().is_some_and(|serial| self.drop_task(serial))
    }

    pub(crate) fn clear(&mut self) {
        let rules = std::mem::take(&mut self.rules);
        *self = Self { rules, ..Self::default() };
    }

    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// Takes the next step that is due by `now`, of which task, and when it was due.
    pub(crate) fn next_due(&mut self, now: Timestamp) -> Option<(u64, Step, Timestamp)> {
        let next = self.due.first_entry().filter(|next| next.key().0 <= now)?;
        let ((at, _), serial) = next.remove_entry();
        let planned = &mut self.tasks.get_mut(&serial)?.planned;
        let (_, step) = planned.pop()?;
        if let Some((due, _)) = planned.last() {
            self.due.insert(*due, serial);
        }
        Some((serial, step, at))
    }

    /// Puts what was read of a task's create back to text.
    pub(crate) fn rest(&mut self, id: &str) {
        if let Some(serial) = self.ids.get(id) {
            self.rest_at(*serial);
        }
    }

    /// Puts what was read of a create back to text, given its place in the order of acceptance.
    pub(crate) fn rest_at(&mut self, serial: u64) {
        if let Some(task) = self.tasks.get_mut(&serial) {
            task.draft.body.rest();
        }
    }

    /// Puts what was read of every create back to text.
    pub(crate) fn rest_all(&mut self) {
        self.tasks.values_mut().for_each(|task| task.draft.body.rest());
    }

    fn at(&self, serial: u64) -> Option<&Task> {
        self.tasks.get(&serial).map(Box::as_ref)
    }

    fn drop_task(&mut self, serial: u64) -> bool {
        let Some(task) = self.tasks.remove(&serial) else { return false };
        self.ids.remove(task.id.as_str());
        self.bytes -= task.bytes;
        if let Some((due, _)) = task.planned.last() {
            self.due.remove(due);
        }
        if let Some(external) = &task.draft.external_id
            && self.external.get(external.as_str()) == Some(&serial)
        {
            self.external.remove(external.as_str());
        }
        if !task.phase.is_terminal() {
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
