//! Tolerance: every word and every dialect a vendor documents, fields more and fields fewer. What goes on
//! below the members, in spelling, length and characters, is `spelling`.

use ringback_mocks::vendor::{Dialect, Evidence, Phase};
use ringback_reference::receiver::mutants;
use serde_json::json;

use super::check;
use crate::catalogue::{Requirement, Scope, Source};
use crate::outcome::{Level, Stop};
use crate::receiver::bench::Bench;
use crate::receiver::callback::Says;
use crate::receiver::effects::Class;
use crate::receiver::{Need, Receiver};

/// What every entry of this chapter has in common.
const COMMON: Requirement<Receiver> = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::CALLBACKS.inferred(),
    why: "",
    remedy: "",
    scope: Scope::EachVendor,
    knobs: &[],
    needs: &[Need::Acks, Need::Effects],
    jobs: 0,
    generated: false,
    defects: &[],
    check: check!(words_acked),
};

/// The first half of the chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-TOL-001",
        slug: "words-acked",
        sentence: "Every state word that the vendor's callbacks use, in every dialect, is answered with 2xx.",
        why: "A word that is refused is repeated until the vendor gives up, and what it said is lost.",
        remedy: "Take the words from the vendor's table, of every generation of its API, not from one captured callback.",
        needs: &[Need::Acks],
        defects: &[
            mutants::EXPIRED_IS_400,
            mutants::FAILURE_IS_500,
            mutants::PROGRESS_IS_400,
            mutants::KLING_V2_UNKNOWN,
            mutants::MINIMAX_WRAPPER_UNKNOWN,
        ],
        check: check!(words_acked),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-002",
        slug: "success-words",
        sentence: "Every dialect's word for success ends the job as a success, with its work done.",
        why: "`succeed`, `succeeded` and `success` are all in use; who knows one of them loses the jobs of the others.",
        remedy: "Map each dialect's word for success to your own, in one table.",
        defects: &[mutants::SUCCEEDED_UNKNOWN, mutants::KLING_V2_UNKNOWN, mutants::MINIMAX_WRAPPER_UNKNOWN],
        check: check!(success_words),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-003",
        slug: "failure-words",
        sentence: "Every word for an end without result ends the job as a failure.",
        why: "A job that expired or was cancelled would look like one that still runs, or worse, like a success.",
        remedy: "Treat failed, expired and cancelled as ends: refund, tell the customer, stop waiting.",
        defects: &[
            mutants::FAILURE_IGNORED,
            mutants::EXPIRED_IS_400,
            mutants::EXPIRED_IGNORED,
            mutants::CANCELLED_IGNORED,
            mutants::FAILURE_BELIEVED_SUCCESS,
            mutants::KLING_V2_UNKNOWN,
            mutants::MINIMAX_WRAPPER_UNKNOWN,
        ],
        check: check!(failure_words),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-004",
        slug: "progress-is-no-end",
        sentence: "A word for progress does no work.",
        why: "Work at the first callback delivers nothing, and charges for what may still fail.",
        remedy: "Do the work at words that end a job, never because a callback has come.",
        defects: &[mutants::PROGRESS_DOES_WORK, mutants::QUEUED_DOES_WORK],
        check: check!(progress_is_no_end),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-005",
        slug: "unknown-fields",
        sentence: "Fields nobody announced are ignored.",
        source: Source::KLING.shown(),
        why: "Vendors add fields without notice; a strict schema then refuses every callback at once.",
        remedy: "Read the members you need and leave the others alone.",
        defects: &[mutants::UNKNOWN_FIELDS_REFUSED],
        check: check!(unknown_fields),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-006",
        slug: "missing-fields",
        sentence: "Fields that may be missing may be missing.",
        why: "Times, messages and payloads are there in some callbacks and not in others; none is promised.",
        remedy: "Require the id and the state, and nothing else.",
        defects: &[mutants::TIMES_REQUIRED, mutants::PAYLOAD_REQUIRED, mutants::ERROR_REQUIRED],
        check: check!(missing_fields),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-007",
        slug: "null-fields",
        sentence: "An optional field that is null is as good as absent.",
        source: Source::ARK.inferred(),
        why: "Ark documents `error` as null when there is none; a look inside it is an exception.",
        remedy: "Treat null like a member that is not there.",
        defects: &[mutants::NULLS_ARE_500],
        check: check!(null_fields),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-008",
        slug: "kling-dialects",
        sentence: "Callbacks of both Kling generations are understood: `task_id`/`task_status` and `id`/`status`.",
        source: Source::KLING,
        why: "Which one comes is decided by the path that the gateway submits to, not by the receiver.",
        remedy: "Read `task_id` and `task_status` where there is a `task_id`, otherwise `id` and `status`.",
        scope: Scope::Only("kling"),
        defects: &[mutants::KLING_V2_UNKNOWN, mutants::SUCCEEDED_UNKNOWN],
        check: check!(every_dialect),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-009",
        slug: "minimax-apis",
        sentence: "Callbacks of both MiniMax APIs are understood: the bare record and the one inside `task`.",
        source: Source::MINIMAX_V2,
        why: "Which one comes is decided by the API that the gateway submits to, not by the receiver.",
        remedy: "Read the record inside `task` where there is one, otherwise the body itself.",
        scope: Scope::Only("minimax"),
        defects: &[mutants::MINIMAX_WRAPPER_UNKNOWN],
        check: check!(every_dialect),
        ..COMMON
    },
];

async fn words_acked(bench: &Bench) -> Result<(), Stop> {
    for dialect in bench.dialects() {
        for says in documented(dialect, |_| true) {
            let job = bench.job_in(dialect).await?;
            let callback = job.callback(says)?;
            let reply = bench.deliver(&job, says).await?;
            bench.note_unless_acked(&reply, &format!("`{}` of {}", callback.word, dialect.name));
        }
    }
    Ok(())
}

async fn success_words(bench: &Bench) -> Result<(), Stop> {
    ends(bench, |phase| phase == Phase::Succeeded).await
}

async fn failure_words(bench: &Bench) -> Result<(), Stop> {
    ends(bench, |phase| phase.is_terminal() && phase != Phase::Succeeded).await
}

/// Notes a finding for each word of these phases that does not end its job as it says. What is answered is
/// the business of others.
async fn ends(bench: &Bench, wanted: fn(Phase) -> bool) -> Result<(), Stop> {
    for dialect in bench.dialects() {
        for says in documented(dialect, wanted) {
            let job = bench.job_in(dialect).await?;
            let callback = job.callback(says)?;
            bench.deliver(&job, says).await?;
            let what = format!("`{}` of {}", callback.word, dialect.name);
            bench.note_unless_once(&job, Class::of(&callback.word), &what).await?;
        }
    }
    Ok(())
}

async fn progress_is_no_end(bench: &Bench) -> Result<(), Stop> {
    let mut jobs = Vec::new();
    for dialect in bench.dialects() {
        for says in documented(dialect, |phase| !phase.is_terminal()) {
            let job = bench.job_in(dialect).await?;
            let word = job.callback(says)?.word;
            bench.deliver(&job, says).await?;
            jobs.push((format!("`{word}` of {}", dialect.name), job));
        }
    }
    let control = bench.control().await?;
    bench.note_effects_of(&jobs, &control).await
}

async fn unknown_fields(bench: &Bench) -> Result<(), Stop> {
    bench.counted_twin(Says::SUCCESS).await?;
    let job = bench.job().await?;
    let callback = job.callback(Says::SUCCESS)?.with_record(|record| {
        record.insert("x_new".to_owned(), json!(1));
        record.insert("x_object".to_owned(), json!({"status": "failed", "id": "x"}));
        record.insert("x_list".to_owned(), json!([null]));
    });
    bench.note_unless_taken(&job, &callback, "a callback with the fields x_new, x_object and x_list").await
}

async fn missing_fields(bench: &Bench) -> Result<(), Stop> {
    bench.counted_twin(Says::SUCCESS).await?;
    let job = bench.job().await?;
    let callback = job.callback(Says::SUCCESS)?.bare();
    bench.note_unless_taken(&job, &callback, "a success with nothing but id, state and result").await?;
    bench.counted_twin(Says::FAILURE).await?;
    let job = bench.job().await?;
    let callback = job.callback(Says::FAILURE)?.barest();
    bench.note_unless_taken(&job, &callback, "a failure with nothing but id and state").await
}

async fn null_fields(bench: &Bench) -> Result<(), Stop> {
    bench.counted_twin(Says::SUCCESS).await?;
    let job = bench.job().await?;
    let callback = job.callback(Says::SUCCESS)?.nulled();
    let what = "a success with null for everything but id, state and result";
    bench.note_unless_taken(&job, &callback, what).await
}

async fn every_dialect(bench: &Bench) -> Result<(), Stop> {
    for dialect in bench.dialects() {
        let job = bench.job_in(dialect).await?;
        let callback = job.callback(Says::SUCCESS)?;
        bench.note_unless_taken(&job, &callback, &format!("a success of {}", dialect.name)).await?;
    }
    Ok(())
}

/// What callbacks of a dialect say, as far as a page of the vendor's that is there today says so.
fn documented(dialect: &Dialect, wanted: impl Fn(Phase) -> bool) -> Vec<Says> {
    let rows = dialect.words.iter();
    rows.filter(|row| row.callback.is_some() && row.evidence == Evidence::Documented && wanted(row.phase))
        .map(|row| Says::Phase(row.phase))
        .collect()
}
