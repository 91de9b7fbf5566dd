//! Tolerance: every word and every dialect a vendor documents, fields more and fields fewer. What goes on
//! below the members, in spelling, length and characters, is `spelling`.

pub mod spelling;

use ringback_mocks::vendor::{Dialect, Evidence, Phase};
use ringback_reference::receiver::mutants;
use serde_json::json;

use super::check;
use crate::receiver::context::ReceiverContext;
use crate::receiver::effects::Class;
use crate::receiver::task::CallbackState;
use crate::receiver::{Receiver, ReceiverPrecondition};
use crate::run::outcome::{Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Receiver> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS.inferred(),
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::Effects],
    jobs: 0,
    generated: false,
};

/// The chapter's table about words, dialects and fields.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-TOL-001",
        slug: "words-acked",
        sentence: "Every state word that the vendor's callbacks use, in every dialect, is answered with 2xx.",
        why: "A word that is refused is repeated until the vendor gives up, and what it said is lost.",
        remedy: "Take the words from the vendor's table, of every generation of its API, not from one captured callback.",
        terms: Terms { preconditions: &[ReceiverPrecondition::Acks], ..TERMS },
        mutants: &[
            mutants::EXPIRED_IS_400,
            mutants::FAILURE_IS_500,
            mutants::PROGRESS_IS_400,
            mutants::KLING_V2_UNKNOWN,
            mutants::MINIMAX_WRAPPER_UNKNOWN,
        ],
        check: check!(words_acked),
    },
    Requirement {
        id: "RX-TOL-002",
        slug: "success-words",
        sentence: "Every dialect's word for success ends the job as a success, with its work done.",
        why: "`succeed`, `succeeded` and `success` are all in use; a receiver that knows one of them loses the jobs of the others.",
        remedy: "Map each dialect's word for success to your own, in one table.",
        terms: TERMS,
        mutants: &[mutants::SUCCEEDED_UNKNOWN, mutants::KLING_V2_UNKNOWN, mutants::MINIMAX_WRAPPER_UNKNOWN],
        check: check!(success_words),
    },
    Requirement {
        id: "RX-TOL-003",
        slug: "failure-words",
        sentence: "Every word for an end without result ends the job as a failure.",
        why: "A job that expired or was cancelled would look like one that still runs, or worse, like a success.",
        remedy: "Treat failed, expired and cancelled as ends: refund, tell the customer, stop waiting.",
        terms: TERMS,
        mutants: &[
            mutants::FAILURE_IGNORED,
            mutants::EXPIRED_IS_400,
            mutants::EXPIRED_IGNORED,
            mutants::CANCELLED_IGNORED,
            mutants::FAILURE_BELIEVED_SUCCESS,
            mutants::KLING_V2_UNKNOWN,
            mutants::MINIMAX_WRAPPER_UNKNOWN,
        ],
        check: check!(failure_words),
    },
    Requirement {
        id: "RX-TOL-004",
        slug: "progress-is-no-end",
        sentence: "A word for progress does no work.",
        why: "Work at the first callback delivers nothing, and charges for what may still fail.",
        remedy: "Do the work at words that end a job, never because a callback has come.",
        terms: TERMS,
        mutants: &[mutants::PROGRESS_DOES_WORK, mutants::QUEUED_DOES_WORK],
        check: check!(progress_is_no_end),
    },
    Requirement {
        id: "RX-TOL-005",
        slug: "unknown-fields",
        sentence: "Fields nobody announced are ignored.",
        why: "Vendors add fields without notice; a strict schema then refuses every callback at once.",
        remedy: "Read the members you need and leave the others alone.",
        terms: Terms { source: Source::KLING.shown(), ..TERMS },
        mutants: &[mutants::UNKNOWN_FIELDS_REFUSED],
        check: check!(unknown_fields),
    },
    Requirement {
        id: "RX-TOL-006",
        slug: "missing-fields",
        sentence: "Fields that may be missing may be missing.",
        why: "Times, messages and payloads are there in some callbacks and not in others; none is promised.",
        remedy: "Require the id and the state, and nothing else.",
        terms: TERMS,
        mutants: &[mutants::TIMES_REQUIRED, mutants::PAYLOAD_REQUIRED, mutants::ERROR_REQUIRED],
        check: check!(missing_fields),
    },
    Requirement {
        id: "RX-TOL-007",
        slug: "null-fields",
        sentence: "An optional field that is null is as good as absent.",
        why: "Ark documents `error` as null when there is none; a look inside it is an exception.",
        remedy: "Treat null like a member that is not there.",
        terms: Terms { source: Source::ARK.inferred(), ..TERMS },
        mutants: &[mutants::NULLS_ARE_500],
        check: check!(null_fields),
    },
    Requirement {
        id: "RX-TOL-008",
        slug: "kling-dialects",
        sentence: "Callbacks of both Kling generations are understood: `task_id`/`task_status` and `id`/`status`.",
        why: "Which one comes is decided by the path that the gateway submits to, not by the receiver.",
        remedy: "Read `task_id` and `task_status` where there is a `task_id`, otherwise `id` and `status`.",
        terms: Terms { source: Source::KLING, scope: Scope::Only("kling"), ..TERMS },
        mutants: &[mutants::KLING_V2_UNKNOWN, mutants::SUCCEEDED_UNKNOWN],
        check: check!(every_dialect),
    },
    Requirement {
        id: "RX-TOL-009",
        slug: "minimax-apis",
        sentence: "Callbacks of both MiniMax APIs are understood: the bare record and the one inside `task`.",
        why: "Which one comes is decided by the API that the gateway submits to, not by the receiver.",
        remedy: "Read the record inside `task` where there is one, otherwise the body itself.",
        terms: Terms { source: Source::MINIMAX_V2, scope: Scope::Only("minimax"), ..TERMS },
        mutants: &[mutants::MINIMAX_WRAPPER_UNKNOWN],
        check: check!(every_dialect),
    },
];

async fn words_acked(context: &ReceiverContext) -> Result<(), Stop> {
    for dialect in context.dialects() {
        for says in documented(dialect, |_| true) {
            let job = context.job_in(dialect).await?;
            let callback = job.callback(says)?;
            let reply = context.deliver(&job, says).await?;
            context.note_unless_acked(&reply, &format!("`{}` of {}", callback.word, dialect.name));
        }
    }
    Ok(())
}

async fn success_words(context: &ReceiverContext) -> Result<(), Stop> {
    ends(context, |phase| phase == Phase::Succeeded).await
}

async fn failure_words(context: &ReceiverContext) -> Result<(), Stop> {
    ends(context, |phase| phase.is_terminal() && phase != Phase::Succeeded).await
}

/// Notes a finding for each word of these phases that does not end its job as it says. What is answered is
/// the business of others.
async fn ends(context: &ReceiverContext, wanted: fn(Phase) -> bool) -> Result<(), Stop> {
    for dialect in context.dialects() {
        for says in documented(dialect, wanted) {
            let job = context.job_in(dialect).await?;
            let callback = job.callback(says)?;
            context.deliver(&job, says).await?;
            let what = format!("`{}` of {}", callback.word, dialect.name);
            context.note_unless_once(&job, Class::of(&callback.word), &what).await?;
        }
    }
    Ok(())
}

async fn progress_is_no_end(context: &ReceiverContext) -> Result<(), Stop> {
    let mut jobs = Vec::new();
    for dialect in context.dialects() {
        for says in documented(dialect, |phase| !phase.is_terminal()) {
            let job = context.job_in(dialect).await?;
            let word = job.callback(says)?.word;
            context.deliver(&job, says).await?;
            jobs.push((format!("`{word}` of {}", dialect.name), job));
        }
    }
    let control = context.acknowledged_control().await?;
    context.note_effects_of(&jobs, &control).await
}

async fn unknown_fields(context: &ReceiverContext) -> Result<(), Stop> {
    context.counted_control(CallbackState::SUCCESS).await?;
    let job = context.job().await?;
    let callback = job.callback(CallbackState::SUCCESS)?.with_record(|record| {
        record.insert("x_new".to_owned(), json!(1));
        record.insert("x_object".to_owned(), json!({"status": "failed", "id": "x"}));
        record.insert("x_list".to_owned(), json!([null]));
    });
    context.note_unless_taken(&job, &callback, "a callback with the fields x_new, x_object and x_list").await
}

async fn missing_fields(context: &ReceiverContext) -> Result<(), Stop> {
    context.counted_control(CallbackState::SUCCESS).await?;
    let job = context.job().await?;
    let callback = job.callback(CallbackState::SUCCESS)?.bare();
    context.note_unless_taken(&job, &callback, "a success with nothing but id, state and result").await?;
    context.counted_control(CallbackState::FAILURE).await?;
    let job = context.job().await?;
    let callback = job.callback(CallbackState::FAILURE)?.barest();
    context.note_unless_taken(&job, &callback, "a failure with nothing but id and state").await
}

async fn null_fields(context: &ReceiverContext) -> Result<(), Stop> {
    context.counted_control(CallbackState::SUCCESS).await?;
    let job = context.job().await?;
    let callback = job.callback(CallbackState::SUCCESS)?.nulled();
    let what = "a success with null for everything but id, state and result";
    context.note_unless_taken(&job, &callback, what).await
}

async fn every_dialect(context: &ReceiverContext) -> Result<(), Stop> {
    for dialect in context.dialects() {
        let job = context.job_in(dialect).await?;
        let callback = job.callback(CallbackState::SUCCESS)?;
        context.note_unless_taken(&job, &callback, &format!("a success of {}", dialect.name)).await?;
    }
    Ok(())
}

/// What callbacks of a dialect say, as far as a page of the vendor's that is there today says so.
fn documented(dialect: &Dialect, wanted: impl Fn(Phase) -> bool) -> Vec<CallbackState> {
    let rows = dialect.words.iter();
    rows.filter(|row| row.callback.is_some() && row.evidence == Evidence::Documented && wanted(row.phase))
        .map(|row| CallbackState::Phase(row.phase))
        .collect()
}
