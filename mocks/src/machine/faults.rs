//! Where the machine's answers meet faults: which one, and what is said instead.
//!
//! What a fault makes of bytes is `fault`; waiting and cutting is `mock`.

use jiff::Timestamp;
use serde_json::json;

use super::{Machine, Reply, Turn};
use crate::api::{Call, Routed};
use crate::dialect::{Dialect, Purpose};
use crate::draft::Draft;
use crate::response_faults::{ResponseFault, ResponseFaultKind, ResponseMode};
use crate::rules::{Rule, When};
use crate::tasks::TaskStore;
use crate::wire::{Request, Response};

/// The fault that keeps a caller waiting: its end is the end of the wait.
#[derive(Clone, Debug)]
pub enum Held {
    /// A rule about creates.
    Create(When, ResponseFault),
    /// A fault of a task.
    Task(String, Purpose, ResponseFault),
}

impl Machine {
    /// Changes what goes wrong with queries about a task, or with calls for its result's address; false
    /// if there is no such task.
    pub fn disturb(&mut self, task: &str, purpose: Purpose, fault: Option<ResponseFault>) -> bool {
        self.tasks.disturb(task, purpose, fault)
    }

    /// Whether what keeps a caller waiting is still there.
    pub fn holds(&self, held: &Held) -> bool {
        match held {
            Held::Task(task, purpose, fault) => self.tasks.fault_stands(task, *purpose, fault),
            Held::Create(when, fault) => self.tasks.rules().iter().any(|rule| {
                rule.when == *when
                    && rule.response_faults.create.as_ref().is_some_and(|stands| stands.kind == fault.kind)
            }),
        }
    }

    /// What a create meets instead of being carried out, if it does.
    pub(super) fn meet_fault_instead(
        &mut self,
        draft: &Draft,
        rule: &Rule,
        request: &Request,
    ) -> Option<Turn> {
        let fault = rule.response_faults.create.as_ref().filter(|fault| !fault.creates_task())?;
        let nothing = Turn::of(Response::json(200, &json!({})));
        Some(self.meet_create_fault(nothing, draft.dialect, request, rule.when.clone(), fault))
    }

    /// What a create meets in the place of its answer.
    pub(super) fn meet_create_fault(
        &mut self,
        turn: Turn,
        dialect: &'static Dialect,
        request: &Request,
        when: When,
        fault: &ResponseFault,
    ) -> Turn {
        let turn = self.refused(turn, dialect, Purpose::Create, request, fault);
        met(turn, fault, request, "", Held::Create(when, fault.clone()))
    }

    /// What an answer about a task meets.
    pub(super) fn meet_fault(
        &mut self,
        turn: Turn,
        purpose: Purpose,
        request: &Request,
        fault: &ResponseFault,
        now: Timestamp,
    ) -> Turn {
        let Some((task, job)) =
            turn.task.clone().and_then(|task| Some((task.clone(), self.tasks.get(&task)?)))
        else {
            return turn;
        };
        let (dialect, word) = (job.draft.dialect, job.draft.dialect.word(job.phase).query);
        let turn = match fault.kind {
            ResponseFaultKind::Gone => self.unknown(turn, request, now),
            _ => self.refused(turn, dialect, purpose, request, fault),
        };
        met(turn, fault, request, word, Held::Task(task, purpose, fault.clone()))
    }

    /// The answer of a vendor that has no tasks at all.
    fn unknown(&mut self, turn: Turn, request: &Request, now: Timestamp) -> Turn {
        let routing = self.vendor.routing(request);
        let Some(route) = routing.route else { return turn };
        let none = TaskStore::default();
        let (settings, ids) = (&self.settings, &mut self.ids);
        let dialect = routing.dialect;
        let api = self.vendor.api(dialect);
        let mut call = Call { dialect, api, request, tasks: &none, settings, ids, now, refused: None };
        match api.handle(&mut call, route, routing.segment) {
            Routed::Answer { response, .. } => Turn { reply: Reply::Response(response), ..turn },
            Routed::Create(_) | Routed::Act { .. } => turn,
        }
    }

    /// The turn with a row of the error table for an answer, where the fault is one.
    fn refused(
        &mut self,
        turn: Turn,
        dialect: &'static Dialect,
        purpose: Purpose,
        request: &Request,
        fault: &ResponseFault,
    ) -> Turn {
        let (name, detail) = match &fault.kind {
            ResponseFaultKind::Refuse(name) => (name, None),
            ResponseFaultKind::Quote(name) => (name, Some(quoting(request))),
            _ => return turn,
        };
        let api = self.vendor.api(dialect);
        let response = match dialect.refusal(name) {
            Some(row) => {
                let refused = api.refuse(row, detail.as_deref(), &self.settings, &mut self.ids);
                api.refused_elsewhere(refused, purpose, &mut self.ids)
            }
            None => Response::text(500, "the rule names a refusal this dialect does not have"),
        };
        Turn { reply: Reply::Response(response), ..turn }
    }
}

/// A sentence like those of vendors that tell their caller which key was wrong.
fn quoting(request: &Request) -> String {
    let given = request.headers.get("authorization").unwrap_or_default();
    let key = given.split_once(' ').map_or(given, |(_, key)| key);
    format!("the key {key} is not allowed to do this")
}

fn met(mut turn: Turn, fault: &ResponseFault, request: &Request, word: &str, held: Held) -> Turn {
    let Reply::Response(right) = turn.reply else { return turn };
    let (response, mode) = fault.kind.made_of(right, request, word);
    turn.reply = Reply::Response(response);
    turn.held = (mode == ResponseMode::Hang).then_some(held);
    turn.mode = mode;
    turn.document = None;
    turn
}
