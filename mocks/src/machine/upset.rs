//! Where the machine's answers meet mishaps: which one, and what is said instead.
//!
//! What a mishap makes of bytes is `mishap`; waiting and cutting is `mock`.

use jiff::Timestamp;
use serde_json::json;

use super::{Machine, Reply, Turn};
use crate::api::{Call, Routed};
use crate::dialect::{Dialect, Purpose};
use crate::draft::Draft;
use crate::jobs::Jobs;
use crate::mishap::{Kind, Manner, Mishap};
use crate::script::{Rule, When};
use crate::wire::{Request, Response};

/// The mishap that keeps a caller waiting: its end is the end of the wait.
#[derive(Clone, Debug)]
pub enum Held {
    /// A rule about creates.
    Create(When, Mishap),
    /// A mishap of a task.
    Task(String, Purpose, Mishap),
}

impl Machine {
    /// Changes what goes wrong with queries about a task, or with calls for its result's address; false
    /// if there is no such task.
    pub fn disturb(&mut self, task: &str, purpose: Purpose, mishap: Option<Mishap>) -> bool {
        self.jobs.disturb(task, purpose, mishap)
    }

    /// Whether what keeps a caller waiting is still there.
    pub fn holds(&self, held: &Held) -> bool {
        match held {
            Held::Task(task, purpose, mishap) => self.jobs.mishap_stands(task, *purpose, mishap),
            Held::Create(when, mishap) => self.jobs.rules().iter().any(|rule| {
                rule.when == *when
                    && rule.mishaps.create.as_ref().is_some_and(|stands| stands.kind == mishap.kind)
            }),
        }
    }

    /// What a create meets instead of being carried out, if it does.
    pub(super) fn upset_instead(&mut self, draft: &Draft, rule: &Rule, request: &Request) -> Option<Turn> {
        let mishap = rule.mishaps.create.as_ref().filter(|mishap| !mishap.spares_the_task())?;
        let nothing = Turn::of(Response::json(200, &json!({})));
        Some(self.upset_create(nothing, draft.dialect, request, rule.when.clone(), mishap))
    }

    /// What a create meets in the place of its answer.
    pub(super) fn upset_create(
        &mut self,
        turn: Turn,
        dialect: &'static Dialect,
        request: &Request,
        when: When,
        mishap: &Mishap,
    ) -> Turn {
        let turn = self.refused(turn, dialect, Purpose::Create, request, mishap);
        met(turn, mishap, request, "", Held::Create(when, mishap.clone()))
    }

    /// What an answer about a task meets.
    pub(super) fn upset(
        &mut self,
        turn: Turn,
        purpose: Purpose,
        request: &Request,
        mishap: &Mishap,
        now: Timestamp,
    ) -> Turn {
        let Some((task, job)) =
            turn.task.clone().and_then(|task| Some((task.clone(), self.jobs.get(&task)?)))
        else {
            return turn;
        };
        let (dialect, word) = (job.draft.dialect, job.draft.dialect.word(job.phase).query);
        let turn = match mishap.kind {
            Kind::Gone => self.unknown(turn, request, now),
            _ => self.refused(turn, dialect, purpose, request, mishap),
        };
        met(turn, mishap, request, word, Held::Task(task, purpose, mishap.clone()))
    }

    /// The answer of a vendor that has no tasks at all.
    fn unknown(&mut self, turn: Turn, request: &Request, now: Timestamp) -> Turn {
        let routing = self.vendor.routing(request);
        let Some(route) = routing.route else { return turn };
        let none = Jobs::default();
        let (settings, ids) = (&self.settings, &mut self.ids);
        let dialect = routing.dialect;
        let api = self.vendor.api(dialect);
        let mut call = Call { dialect, api, request, jobs: &none, settings, ids, now, refused: None };
        match api.handle(&mut call, route, routing.segment) {
            Routed::Answer { response, .. } => Turn { reply: Reply::Response(response), ..turn },
            Routed::Create(_) | Routed::Act { .. } => turn,
        }
    }

    /// The same turn with a row of the error table for an answer, where the mishap is one.
    fn refused(
        &mut self,
        turn: Turn,
        dialect: &'static Dialect,
        purpose: Purpose,
        request: &Request,
        mishap: &Mishap,
    ) -> Turn {
        let (name, detail) = match &mishap.kind {
            Kind::Refuse(name) => (name, None),
            Kind::Quote(name) => (name, Some(quoting(request))),
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

fn met(mut turn: Turn, mishap: &Mishap, request: &Request, word: &str, held: Held) -> Turn {
    let Reply::Response(right) = turn.reply else { return turn };
    let (response, manner) = mishap.kind.made_of(right, request, word);
    turn.reply = Reply::Response(response);
    turn.held = (manner == Manner::Hang).then_some(held);
    turn.manner = manner;
    turn.document = None;
    turn
}
