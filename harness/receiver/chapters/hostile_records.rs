//! Hostility, the second half: JSON that is no record, no body at all, odd ids, two documents, and a hook
//! that is none.

use ringback_mocks::stub_gateway::StubStatus;
use ringback_reference::receiver::defect::Defect;
use serde_json::json;

use super::check;
use super::hostility::{malformed, undecodable};
use crate::receiver::context::Bench;
use crate::receiver::task::{Callback, Says};
use crate::receiver::{Need, Receiver};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::Source;

/// What every entry of this half has in common.
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
    needs: &[Need::Acks],
    jobs: 0,
    generated: false,
    defects: &[],
    check: check!(wrong_shape),
};

/// The second half of the chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-HOST-009",
        slug: "wrong-shape",
        sentence: "JSON that is no record is no fault of the receiver's.",
        source: Source::JSON.inferred(),
        why: "A list where an object is expected, or a number where a word is, throws wherever nobody looked at types.",
        remedy: "Look at the type of the document, of the id and of the state before you use them; answer 400.",
        defects: &[Defect::ArrayIs500, Defect::MissingIdIs500, Defect::StateNumberIs500],
        check: check!(wrong_shape),
        ..COMMON
    },
    Requirement {
        id: "RX-HOST-010",
        slug: "empty-body",
        sentence: "An empty body is no fault of the receiver's.",
        source: Source::HTTP.inferred(),
        why: "Many frameworks give nothing at all for an empty body, and the next line looks inside.",
        remedy: "Answer 400 to a body without a record.",
        defects: &[Defect::EmptyIs500],
        check: check!(empty_body),
        ..COMMON
    },
    Requirement {
        id: "RX-HOST-011",
        slug: "malformed-refused",
        level: Level::Should,
        sentence: "What cannot be understood is refused rather than acknowledged.",
        source: Source::HTTP.inferred(),
        why: "A vendor's mistake that is acknowledged is never noticed, and its callback never comes again.",
        remedy: "Answer 400 to what is no record with an id.",
        defects: &[Defect::MalformedAcked, Defect::MissingIdAcked],
        check: check!(malformed_refused),
        ..COMMON
    },
    Requirement {
        id: "RX-HOST-012",
        slug: "unknown-hook",
        level: Level::Should,
        sentence: "A callback at a path that is no hook is not acknowledged.",
        source: Source::HTTP.inferred(),
        why: "A wrong callback URL that is acknowledged loses every job, and nobody is told.",
        remedy: "Answer 404 to paths that you do not serve.",
        scope: Scope::Once,
        needs: &[Need::Acks, Need::Hooks],
        defects: &[Defect::UnknownHookAcked],
        check: check!(unknown_hook),
        ..COMMON
    },
    Requirement {
        id: "RX-HOST-013",
        slug: "odd-ids",
        sentence: "Odd ids are no fault of the receiver's.",
        why: "An id goes into paths, queries and keys; what is not escaped there breaks, or worse, does something.",
        remedy: "Escape ids wherever they are used, or refuse those that no vendor gives with 400.",
        defects: &[Defect::OddIdIs500],
        check: check!(odd_ids),
        ..COMMON
    },
    Requirement {
        id: "RX-HOST-014",
        slug: "two-documents",
        level: Level::Should,
        sentence: "Two documents in one body are not one callback.",
        source: Source::JSON.inferred(),
        why: "Who reads the first and who reads the last then believe in different jobs.",
        remedy: "Parse the body to its end and refuse what follows the document.",
        needs: &[Need::Acks, Need::Effects],
        defects: &[Defect::TrailingDataAccepted, Defect::MalformedAcked],
        check: check!(two_documents),
        ..COMMON
    },
];

async fn wrong_shape(bench: &Bench) -> Result<(), Stop> {
    bench.control().await?;
    let genuine = bench.job().await?.callback(Says::SUCCESS)?;
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
        bench.note_unless_survived(callback.request(Bench::now()), what).await?;
    }
    Ok(())
}

async fn empty_body(bench: &Bench) -> Result<(), Stop> {
    bench.control().await?;
    let callback = bench.job().await?.callback(Says::SUCCESS)?.bytes("");
    bench.note_unless_survived(callback.request(Bench::now()), "an empty body").await?;
    Ok(())
}

async fn malformed_refused(bench: &Bench) -> Result<(), Stop> {
    bench.control().await?;
    let job = bench.job().await?;
    let genuine = job.callback(Says::SUCCESS)?;
    let mut pieces = malformed(&job)?;
    pieces.extend(undecodable(&job)?);
    pieces.push(("the body `[]`", genuine.clone().bytes("[]")));
    pieces.push(("the body `42`", genuine.clone().bytes("42")));
    // At the URL of one job the id says nothing new, so who does without it there is not wrong.
    if !job.started {
        pieces.push(("a record without id", genuine.without_id()));
    }
    for (what, callback) in pieces {
        note_unless_refused(bench, &callback, what).await?;
    }
    Ok(())
}

/// Notes a finding if a callback is acknowledged, or not answered at all. That a refusal is no 5xx is
/// judged elsewhere.
async fn note_unless_refused(bench: &Bench, callback: &Callback, what: &str) -> Result<(), Stop> {
    match bench.attempt(callback.request(Bench::now()), bench.target.patience.answer).await? {
        Ok(reply) => bench.note_if_acked(&reply, what),
        Err((why, exchange)) => {
            bench.note(Finding::new(format!("HTTP 4xx for {what}"), why).seen_in(&exchange));
        }
    }
    Ok(())
}

async fn unknown_hook(bench: &Bench) -> Result<(), Stop> {
    let hook = bench.hook()?;
    let name = bench.vendor.name();
    let Some(at) = hook.rfind(name) else {
        return Err(Stop::NotApplicable(format!("every vendor's hook is {hook}")));
    };
    let nowhere = format!("{}nonesuch{}", &hook[..at], &hook[at + name.len()..]);
    bench.control().await?;
    let mut job = bench.blue(bench.main())?;
    job.hook.clone_from(&nowhere);
    let callback = job.callback(Says::SUCCESS)?;
    bench.back(&job, StubStatus::Finished);
    let reply = bench.send(&callback).await?;
    let what = format!("a genuine callback at {nowhere}");
    bench.note_if_acked(&reply, &what);
    bench.note_if_5xx(&reply, &what);
    Ok(())
}

async fn odd_ids(bench: &Bench) -> Result<(), Stop> {
    bench.control().await?;
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
        let job = bench.job().await?;
        if !job.started {
            bench.gateway().set(id, StubStatus::Finished);
        }
        let callback = job.callback(Says::SUCCESS)?.with_id(json!(id));
        bench.note_unless_survived(callback.request(Bench::now()), what).await?;
    }
    Ok(())
}

async fn two_documents(bench: &Bench) -> Result<(), Stop> {
    let (job, other) = (bench.job().await?, bench.blue(bench.main())?);
    bench.back_unless_polled(&job, StubStatus::Finished);
    bench.back_unless_polled(&other, StubStatus::Finished);
    let (first, second) = (job.callback(Says::SUCCESS)?, other.callback(Says::SUCCESS)?);
    let both = [&first.body[..], &second.body[..]].concat();
    let what = "a genuine body with a second one after it";
    note_unless_refused(bench, &first.bytes(both), what).await?;
    let control = bench.control().await?;
    bench.note_effects_of(&[(what.to_owned(), job), (what.to_owned(), other)], &control).await
}
