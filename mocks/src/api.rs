//! A dialect's side of its API: what a vendor file implements, and what it is given to decide with.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::account::AccountConfig;
use crate::dialect::{Dialect, Ending, Phase, Purpose, Refusal, Route, Word};
use crate::draft::Draft;
use crate::ids::Ids;
use crate::tasks::{Task, TaskStore};
use crate::wire::{Request, Response};

/// What a dialect answers. Nothing here changes anything: changes are asked for in [`Routed`].
pub trait Api: fmt::Debug + Sync {
    /// Decides a call on one of the dialect's routes; `segment` is what the route's braces stand for.
    fn handle(&self, call: &mut Call<'_>, route: &'static Route, segment: &str) -> Routed;
    /// Answers a call that no route is for.
    fn unrouted(&self, call: &mut Call<'_>) -> Response;
    /// Answers a create that was accepted.
    fn created(&self, task: &Task, settings: &AccountConfig, ids: &mut Ids) -> Response;
    /// Answers with a row of the error table; `detail` replaces the row's sentence.
    fn refuse(
        &self,
        refusal: &Refusal,
        detail: Option<&str>,
        settings: &AccountConfig,
        ids: &mut Ids,
    ) -> Response;
    /// A refusal as the answer to another call than a create, where it has another form there.
    fn refused_elsewhere(&self, refused: Response, _purpose: Purpose, _ids: &mut Ids) -> Response {
        refused
    }
    /// The body posted when `task` enters its phase, the word being `word`.
    fn callback(&self, task: &Task, word: &str, settings: &AccountConfig) -> Bytes;
    /// An id for a new task.
    fn new_id(&self, ids: &mut Ids, now: Timestamp) -> String;
    /// The word of a callback for a phase, if there is a callback; a option may add to the table.
    fn callback_word(&self, word: &'static Word, _settings: &AccountConfig) -> Option<&'static str> {
        word.callback
    }
    /// The word of a callback for a task, whose model may have other words than its dialect.
    fn task_word(&self, _task: &Task, word: &'static Word, settings: &AccountConfig) -> Option<&'static str> {
        self.callback_word(word, settings)
    }
    /// Whether a callback of the task is signed, where its dialect signs at all.
    fn signs(&self, _task: &Task, _settings: &AccountConfig) -> bool {
        true
    }
    /// Whether the change that `task` just made is called back at all; a option may hold it back.
    fn calls_back(&self, _task: &Task, _settings: &AccountConfig) -> bool {
        true
    }
    /// Whether an undelivered callback of a phase is sent again.
    fn repeats(&self, phase: Phase) -> bool {
        phase.is_terminal()
    }
    /// When a task that has not ended is given up, counted from its creation, and its end then;
    /// also for tasks that otherwise stay where they are.
    fn deadline(&self, _draft: &Draft) -> Option<(Duration, &'static Ending)> {
        None
    }
    /// Whether a callback URL that passed its examination is examined again at the next create.
    fn asks_again(&self, _settings: &AccountConfig) -> bool {
        true
    }
    /// The refusals for a create beyond the account's limits: too many at once, too many a minute.
    fn limits(&self) -> (&'static str, &'static str) {
        ("rate-limit", "rate-limit")
    }
}

/// A request together with everything the answer may depend on.
#[derive(Debug)]
pub struct Call<'c> {
    /// The dialect it is in.
    pub dialect: &'static Dialect,
    /// How that dialect answers.
    pub api: &'static dyn Api,
    /// The request.
    pub request: &'c Request,
    /// The tasks of the account.
    pub tasks: &'c TaskStore,
    /// The account.
    pub settings: &'c AccountConfig,
    /// Source of request ids.
    pub ids: &'c mut Ids,
    /// The present.
    pub now: Timestamp,
    /// The row it was refused with, if it was.
    pub refused: Option<&'static Refusal>,
}

impl Call<'_> {
    /// Answers with a row of the dialect's error table, by name; `detail` replaces its sentence.
    ///
    /// # Panics
    /// When the table lacks the row, which a test of the dialect would show.
    pub fn refuse(&mut self, name: &str, detail: Option<&str>) -> Response {
        let refusal = self.dialect.refusal(name);
        let refusal = refusal.unwrap_or_else(|| panic!("{} has no refusal {name}", self.dialect.name));
        self.refused = Some(refusal);
        self.api.refuse(refusal, detail, self.settings, self.ids)
    }
}

/// What a request turned out to be.
#[derive(Debug)]
pub enum Routed {
    /// A valid create; what becomes of it depends on rules, limits and challenges.
    Create(Box<Draft>),
    /// Anything else that changes nothing, answered at once.
    Answer {
        /// The answer.
        response: Response,
        /// The task it is about.
        task: Option<String>,
    },
    /// Ends or removes a task, then answers.
    Act {
        /// The task.
        task: String,
        /// What happens to it.
        act: Act,
        /// The answer.
        response: Response,
    },
}

impl Routed {
    /// An answer that is about no task.
    pub const fn answer(response: Response) -> Self {
        Self::Answer { response, task: None }
    }
}

/// What a caller does to a task.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Ends it.
    End(&'static Ending),
    /// Removes its record.
    Forget,
}
