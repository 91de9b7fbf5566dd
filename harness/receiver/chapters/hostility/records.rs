//! Hostility of the record itself: JSON that is not a record, no body at all, odd ids, two documents, and a path
//! that is not a hook.

use ringback_mocks::stub_gateway::StubStatus;
use ringback_reference::receiver::mutants;
use serde_json::json;

use super::{malformed, undecodable};
use crate::receiver::chapters::check;
use crate::receiver::context::ReceiverContext;
use crate::receiver::task::{Callback, CallbackState};
use crate::receiver::{Receiver, ReceiverPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Receiver> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS.inferred(),
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[ReceiverPrecondition::Acks],
    jobs: 0,
    generated: false,
};

/// The chapter's table about records.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-HOST-009",
        slug: "wrong-shape",
        sentence: "JSON that is no record is no fault of the receiver's.",
        why: "A list where an object is expected, or a number where a word is, throws wherever nobody looked at types.",
        remedy: "Look at the type of the document, of the id and of the state before you use them; answer 400.",
        terms: Terms { source: Source::JSON.inferred(), ..TERMS },
        mutants: &[mutants::ARRAY_IS_500, mutants::MISSING_ID_IS_500, mutants::STATE_NUMBER_IS_500],
        check: check!(wrong_shape),
    },
    Requirement {
        id: "RX-HOST-010",
        slug: "empty-body",
        sentence: "An empty body is no fault of the receiver's.",
        why: "Many frameworks give nothing at all for an empty body, and the next line looks inside.",
        remedy: "Answer 400 to a body without a record.",
        terms: Terms { source: Source::HTTP.inferred(), ..TERMS },
        mutants: &[mutants::EMPTY_IS_500],
        check: check!(empty_body),
    },
    Requirement {
        id: "RX-HOST-011",
        slug: "malformed-refused",
        sentence: "What cannot be understood is refused rather than acknowledged.",
        why: "A vendor's mistake that is acknowledged is never noticed, and its callback never comes again.",
        remedy: "Answer 400 to what is not a record with an id.",
        terms: Terms { level: Level::Should, source: Source::HTTP.inferred(), ..TERMS },
        mutants: &[mutants::MALFORMED_ACKED, mutants::MISSING_ID_ACKED],
        check: check!(malformed_refused),
    },
    Requirement {
        id: "RX-HOST-012",
        slug: "unknown-hook",
        sentence: "A callback at a path that is no hook is not acknowledged.",
        why: "A wrong callback URL that is acknowledged loses every job, and nobody is told.",
        remedy: "Answer 404 to paths that you do not serve.",
        terms: Terms {
            level: Level::Should,
            source: Source::HTTP.inferred(),
            scope: Scope::Once,
            preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::Hooks],
            ..TERMS
        },
        mutants: &[mutants::UNKNOWN_HOOK_ACKED],
        check: check!(unknown_hook),
    },
    Requirement {
        id: "RX-HOST-013",
        slug: "odd-ids",
        sentence: "Odd ids are no fault of the receiver's.",
        why: "An id goes into paths, queries and keys; what is not escaped there breaks, or worse, does something.",
        remedy: "Escape ids wherever they are used, or refuse those that no vendor gives with 400.",
        terms: TERMS,
        mutants: &[mutants::ODD_ID_IS_500],
        check: check!(odd_ids),
    },
    Requirement {
        id: "RX-HOST-014",
        slug: "two-documents",
        sentence: "Two documents in one body are not one callback.",
        why: "Who reads the first and who reads the last then believe in different jobs.",
        remedy: "Parse the body to its end and refuse what follows the document.",
        terms: Terms {
            level: Level::Should,
            source: Source::JSON.inferred(),
            preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::Effects],
            ..TERMS
        },
        mutants: &[mutants::TRAILING_DATA_ACCEPTED, mutants::MALFORMED_ACKED],
        check: check!(two_documents),
    },
];

async fn wrong_shape(context: &ReceiverContext) -> Result<(), Stop> {
    context.acknowledged_control().await?;
    let genuine = context.job().await?.callback(CallbackState::SUCCESS)?;
    let with = |body: &str| genuine.clone().bytes(body.to_owned());
    let listed = json!([genuine.json()]).to_string();
    let pieces = [
        ("the body `[]`", with("[]")),
        ("the body `\"text\"`", with("\"text\"")),
        ("the body `null`", with("null")),
        ("the body `42`", with("42")),
        ("the body `{}`", with("{}")),
        ("a list with a genuine record", with(&listed)),
        ("a record without id", genuine.clone().without_id()),
        ("a record with an empty id", genuine.clone().with_id(json!(""))),
        ("a record with an object for an id", genuine.clone().with_id(json!({}))),
        ("a record without state", genuine.clone().without_state()),
        ("a record with the state 7, a number", genuine.clone().with_state(json!(7))),
    ];
    for (what, callback) in pieces {
        context.note_unless_survived(callback.request(ReceiverContext::now()), what).await?;
    }
    Ok(())
}

async fn empty_body(context: &ReceiverContext) -> Result<(), Stop> {
    context.acknowledged_control().await?;
    let callback = context.job().await?.callback(CallbackState::SUCCESS)?.bytes("");
    context.note_unless_survived(callback.request(ReceiverContext::now()), "an empty body").await?;
    Ok(())
}

async fn malformed_refused(context: &ReceiverContext) -> Result<(), Stop> {
    context.acknowledged_control().await?;
    let job = context.job().await?;
    let genuine = job.callback(CallbackState::SUCCESS)?;
    let mut pieces = malformed(&job)?;
    pieces.extend(undecodable(&job)?);
    pieces.push(("the body `[]`", genuine.clone().bytes("[]")));
    pieces.push(("the body `42`", genuine.clone().bytes("42")));
    // At the URL of one job the id says nothing new, so who does without it there is not wrong.
    if !job.started {
        pieces.push(("a record without id", genuine.without_id()));
    }
    for (what, callback) in pieces {
        note_unless_refused(context, &callback, what).await?;
    }
    Ok(())
}

/// Notes a finding if a callback is acknowledged, or not answered at all. That a refusal is not a 5xx is
/// judged elsewhere.
async fn note_unless_refused(context: &ReceiverContext, callback: &Callback, what: &str) -> Result<(), Stop> {
    match context.attempt(callback.request(ReceiverContext::now()), context.target.timeouts.answer).await? {
        Ok(reply) => context.note_if_acked(&reply, what),
        Err((why, exchange)) => {
            context.note(Finding::new(format!("HTTP 4xx for {what}"), why).seen_in(&exchange));
        }
    }
    Ok(())
}

async fn unknown_hook(context: &ReceiverContext) -> Result<(), Stop> {
    let hook = context.hook()?;
    let name = context.vendor.name();
    let Some(at) = hook.rfind(name) else {
        return Err(Stop::NotApplicable(format!("every vendor's hook is {hook}")));
    };
    let nowhere = format!("{}nonesuch{}", &hook[..at], &hook[at + name.len()..]);
    context.acknowledged_control().await?;
    let mut job = context.unsolicited_task(context.main())?;
    job.hook.clone_from(&nowhere);
    let callback = job.callback(CallbackState::SUCCESS)?;
    context.set_gateway_status(&job, StubStatus::Finished);
    let reply = context.send(&callback).await?;
    let what = format!("a genuine callback at {nowhere}");
    context.note_if_acked(&reply, &what);
    context.note_if_5xx(&reply, &what);
    Ok(())
}

async fn odd_ids(context: &ReceiverContext) -> Result<(), Stop> {
    context.acknowledged_control().await?;
    let long = "7".repeat(10_000);
    let ids = [
        ("the id `../../x`", "../../x"),
        ("the id `' OR 1=1`", "' OR 1=1"),
        ("the id `__proto__`", "__proto__"),
        ("an id with a zero character", "a\u{0}b"),
        ("an id of 10,000 digits", long.as_str()),
        ("an emoji as id", "🚣"),
    ];
    for (what, id) in ids {
        let job = context.job().await?;
        if !job.started {
            context.gateway().set(id, StubStatus::Finished);
        }
        let callback = job.callback(CallbackState::SUCCESS)?.with_id(json!(id));
        context.note_unless_survived(callback.request(ReceiverContext::now()), what).await?;
    }
    Ok(())
}

async fn two_documents(context: &ReceiverContext) -> Result<(), Stop> {
    let (job, other) = (context.job().await?, context.unsolicited_task(context.main())?);
    context.set_gateway_status_unless_polled(&job, StubStatus::Finished);
    context.set_gateway_status_unless_polled(&other, StubStatus::Finished);
    let (first, second) = (job.callback(CallbackState::SUCCESS)?, other.callback(CallbackState::SUCCESS)?);
    let both = [&first.body[..], &second.body[..]].concat();
    let what = "a genuine body with a second one after it";
    note_unless_refused(context, &first.bytes(both), what).await?;
    let control = context.acknowledged_control().await?;
    context.note_effects_of(&[(what.to_owned(), job), (what.to_owned(), other)], &control).await
}
