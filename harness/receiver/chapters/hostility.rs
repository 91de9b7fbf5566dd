//! Hostility: bodies that are broken, deep, huge or slow, and requests that are not callbacks at all. What
//! is wrong with the record itself is `records`.
//!
//! Every body is rightly signed where the vendor signs: what is judged is what comes after the signature.

pub mod records;

use std::time::Duration;

use ringback_mocks::stub_gateway::StubStatus;
use ringback_mocks::wire::Request;
use ringback_reference::receiver::mutants;

use super::check;
use crate::receiver::context::{ReceiverContext, asked_with};
use crate::receiver::edits::resigned;
use crate::receiver::task::{Callback, CallbackState, VendorTask};
use crate::receiver::{Receiver, ReceiverPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// Brackets that no parser has a use for, and objects inside each other within a genuine record.
const BRACKETS: usize = 100_000;
const NESTED: usize = 5_000;
/// A body no vendor sends.
const HUGE: usize = 10 * 1024 * 1024;
/// A slow sender: a byte each time, and how many of them.
const DROP: Duration = Duration::from_millis(100);
const DROPS: usize = 34;
/// How long another sender may be held up by it: less than it takes.
const HELD_UP: Duration = Duration::from_millis(2_500);

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

/// The first half of the chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-HOST-001",
        slug: "malformed-json",
        sentence: "A body that is no JSON is no fault of the receiver's.",
        why: "A callback URL is public; what anyone can break there is an alarm at night, and a 5xx asks for a repetition.",
        remedy: "Catch the parser's error and answer 400.",
        terms: Terms { source: Source::JSON.inferred(), ..TERMS },
        mutants: &[mutants::MALFORMED_IS_500],
        check: check!(malformed_json),
    },
    Requirement {
        id: "RX-HOST-002",
        slug: "invalid-utf8",
        sentence: "Bytes that are no UTF-8 are no fault of the receiver's.",
        why: "Decoding is a step of its own in many languages, and its error is often forgotten.",
        remedy: "Decode strictly, catch the error and answer 400.",
        terms: Terms { source: Source::JSON.inferred(), ..TERMS },
        mutants: &[mutants::UTF8_IS_500],
        check: check!(invalid_utf8),
    },
    Requirement {
        id: "RX-HOST-003",
        slug: "deep-nesting",
        sentence: "A deeply nested body is no fault of the receiver's.",
        why: "A recursive parser runs out of stack, and in some languages that ends the process.",
        remedy: "Use a parser with a limit of depth, or catch the error it throws; answer 400.",
        terms: Terms { source: Source::JSON.inferred(), ..TERMS },
        mutants: &[mutants::NESTING_IS_500],
        check: check!(deep_nesting),
    },
    Requirement {
        id: "RX-HOST-004",
        slug: "duplicate-keys",
        sentence: "A record with two ids is at most one job.",
        why: "Parsers disagree about which of two equal members counts; reading both does work nobody has reported.",
        remedy: "Refuse records with a member that occurs twice, or take one of them.",
        terms: Terms {
            source: Source::JSON.inferred(),
            preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::Effects],
            ..TERMS
        },
        mutants: &[mutants::DUPLICATE_KEYS_WORK_TWICE],
        check: check!(duplicate_keys),
    },
    Requirement {
        id: "RX-HOST-005",
        slug: "huge-body",
        sentence: "A body of 10 MiB is refused or accepted, and the receiver lives.",
        why: "Without a limit anyone can use up the memory of the machine.",
        remedy: "Limit the length of bodies and answer 413 beyond it.",
        terms: Terms { source: Source::HTTP.inferred(), ..TERMS },
        mutants: &[mutants::HUGE_IS_500],
        check: check!(huge_body),
    },
    Requirement {
        id: "RX-HOST-006",
        slug: "slow-body",
        sentence: "A sender that takes its time does not hold up others.",
        why: "One slow connection would keep every genuine callback from its acknowledgement.",
        remedy: "Read each request on its own: several workers, or a server that reads before it hands over.",
        terms: Terms {
            source: Source::HTTP.inferred(),
            preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::PlainHttp],
            ..TERMS
        },
        mutants: &[mutants::SLOW_BODY_BLOCKS],
        check: check!(slow_body),
    },
    Requirement {
        id: "RX-HOST-007",
        slug: "wrong-method",
        sentence: "Only POST does work.",
        why: "Vendors post; whatever comes by another method comes from someone else, or is a check of the URL.",
        remedy: "Answer 405 to other methods.",
        terms: Terms {
            level: Level::Should,
            source: Source::HTTP.inferred(),
            preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::Effects],
            ..TERMS
        },
        mutants: &[mutants::PUT_WORKS, mutants::GET_IS_500],
        check: check!(wrong_method),
    },
    Requirement {
        id: "RX-HOST-008",
        slug: "wrong-content-type",
        sentence: "A form or XML is no callback.",
        why: "A form can be sent by any web page in the name of its visitor; vendors send JSON.",
        remedy: "Parse JSON and nothing else, and answer 415 or 400 to the rest.",
        terms: Terms {
            source: Source::HTTP.inferred(),
            preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::Effects],
            ..TERMS
        },
        mutants: &[mutants::FORM_ACCEPTED, mutants::XML_IS_500],
        check: check!(wrong_content_type),
    },
];

/// Bodies that are not JSON, each with its name.
pub fn malformed(job: &VendorTask) -> Result<Vec<(&'static str, Callback)>, Stop> {
    let genuine = job.callback(CallbackState::SUCCESS)?;
    let half = genuine.body.slice(..genuine.body.len() / 2);
    let with = |body: &'static str| genuine.clone().bytes(body);
    Ok(vec![
        ("the body `{\"id\":`", with("{\"id\":")),
        ("the body `nonsense`", with("nonsense")),
        ("the body `{'a':1}`", with("{'a':1}")),
        ("the body `{\"a\":1,}`", with("{\"a\":1,}")),
        ("the first half of a genuine body", genuine.clone().bytes(half)),
    ])
}

/// Genuine bodies with bytes that are not UTF-8, each with its name.
pub fn undecodable(job: &VendorTask) -> Result<Vec<(&'static str, Callback)>, Stop> {
    let genuine = job.callback(CallbackState::SUCCESS)?.with_text(PLAIN);
    let with = |bytes: &[u8]| genuine.clone().with_bytes_for(PLAIN, bytes);
    Ok(vec![
        ("a text with the bytes FF FE", with(b"\xff\xfe")),
        ("a text with the bytes C3 28", with(b"\xc3\x28")),
    ])
}

/// A text that occurs nowhere else in a callback.
const PLAIN: &str = "a paper boat on a pond";

async fn malformed_json(context: &ReceiverContext) -> Result<(), Stop> {
    context.acknowledged_control().await?;
    for (what, callback) in malformed(&context.job().await?)? {
        context.note_unless_survived(callback.request(ReceiverContext::now()), what).await?;
    }
    Ok(())
}

async fn invalid_utf8(context: &ReceiverContext) -> Result<(), Stop> {
    let job = context.job().await?;
    context.set_gateway_status(&job, StubStatus::Finished);
    context.control(&job.callback(CallbackState::SUCCESS)?.with_text(PLAIN)).await?;
    for (what, callback) in undecodable(&context.job().await?)? {
        context.note_unless_survived(callback.request(ReceiverContext::now()), what).await?;
    }
    Ok(())
}

async fn deep_nesting(context: &ReceiverContext) -> Result<(), Stop> {
    context.acknowledged_control().await?;
    let job = context.job().await?;
    let genuine = job.callback(CallbackState::SUCCESS)?;
    let text = String::from_utf8_lossy(&genuine.body).into_owned();
    let open = text.trim_end().strip_suffix('}').unwrap_or(&text);
    let nested = format!("{open},\"x_deep\":{}1{}}}", "{\"x\":".repeat(NESTED), "}".repeat(NESTED));
    let pieces = [
        ("100,000 opening brackets", genuine.clone().bytes("[".repeat(BRACKETS))),
        ("a genuine body with 5,000 objects inside each other", genuine.bytes(nested)),
    ];
    for (what, callback) in pieces {
        context.note_unless_survived(callback.request(ReceiverContext::now()), what).await?;
    }
    Ok(())
}

async fn duplicate_keys(context: &ReceiverContext) -> Result<(), Stop> {
    let (job, other) = (context.job().await?, context.unsolicited_task(context.main())?);
    let callback = job.callback(CallbackState::SUCCESS)?.with_second_id(&other.id);
    context.set_gateway_status_unless_polled(&job, StubStatus::Finished);
    context.set_gateway_status_unless_polled(&other, StubStatus::Finished);
    let what = "a record with two ids, one after the other";
    context.note_unless_survived(callback.request(ReceiverContext::now()), what).await?;
    let control = context.acknowledged_control().await?;
    context.note_effects_of(&[], &control).await?;
    let mut keys = vec![&job.key, &job.id, &other.id];
    keys.dedup();
    let mut all = 0;
    let mut last = None;
    for key in keys {
        let (effect, exchange) = context.effect_of(key).await?;
        all += effect.count;
        last = exchange.filter(|_| effect.count > 0).or(last);
    }
    if all > 1 {
        let finding = Finding::new(
            format!("the work done once at most after {what}"),
            format!("it was done {all} times"),
        );
        context.note(last.map_or(finding.clone(), |exchange| finding.seen_in(&exchange)));
    }
    Ok(())
}

async fn huge_body(context: &ReceiverContext) -> Result<(), Stop> {
    let _memory = context.with_memory().await?;
    context.acknowledged_control().await?;
    let job = context.job().await?;
    let callback = job.callback(CallbackState::SUCCESS)?.with_text(PLAIN);
    // Signing that much takes long enough to hold up every other case.
    let making = tokio::task::spawn_blocking(move || {
        callback.with_bytes_for(PLAIN, &vec![b'x'; HUGE]).request(ReceiverContext::now())
    });
    let request = making.await.map_err(|error| Stop::HarnessError(error.to_string()))?;
    context.note_unless_survived_or_closed(request, "a body of 10 MiB").await
}

/// Both callbacks have one URL, so that nothing but the slow one can be in the way.
async fn slow_body(context: &ReceiverContext) -> Result<(), Stop> {
    let job = context.job().await?;
    let job = asked_with(job, &format!("turn={}", fastrand::u32(..)));
    context.set_gateway_status(&job, StubStatus::Finished);
    context.control(&job.callback(CallbackState::SUCCESS)?).await?;
    let callback = elsewhere(context, &job)?;
    let prompt = elsewhere(context, &job)?;
    let slow = async {
        // The receiver may have had enough of it at any time; that is its right.
        drop(context.send_slowly(callback.request(ReceiverContext::now()), DROP, DROPS).await);
        std::future::pending::<()>().await;
    };
    let quick = async {
        // Nothing tells us when the receiver has begun to read the slow one.
        tokio::time::sleep(context.target.timeouts.quiet * 2).await;
        context.attempt(prompt.request(ReceiverContext::now()), HELD_UP).await
    };
    let what = "a callback while another sender at the same URL takes its time";
    tokio::select! {
        tried = quick => match tried? {
            Ok(reply) => context.note_unless_acked(&reply, what),
            Err((why, exchange)) => {
                context.note(Finding::new(format!("HTTP 2xx for {what}"), why).seen_in(&exchange));
            }
        },
        () = slow => {}
    }
    Ok(())
}

/// A genuine callback at the URL of a job: of another job, unless the URL is one job's only.
fn elsewhere(context: &ReceiverContext, job: &VendorTask) -> Result<Callback, Stop> {
    if job.started {
        return job.callback(CallbackState::SUCCESS);
    }
    let mut other = context.unsolicited_task(context.main())?;
    other.hook.clone_from(&job.hook);
    context.set_gateway_status(&other, StubStatus::Finished);
    other.callback(CallbackState::SUCCESS)
}

async fn wrong_method(context: &ReceiverContext) -> Result<(), Stop> {
    let mut jobs = Vec::new();
    for method in ["PUT", "PATCH", "DELETE"] {
        let job = context.job().await?;
        context.set_gateway_status_unless_polled(&job, StubStatus::Finished);
        let request = job.callback(CallbackState::SUCCESS)?.signed_for(method, ReceiverContext::now());
        let what = format!("a genuine body by {method}");
        context.note_unless_survived(resigned(request, &context.secrets()), &what).await?;
        jobs.push((what, job));
    }
    let job = context.job().await?;
    context.note_unless_survived(Request::get(&job.hook), "a GET without a body").await?;
    let control = context.acknowledged_control().await?;
    context.note_effects_of(&jobs, &control).await
}

async fn wrong_content_type(context: &ReceiverContext) -> Result<(), Stop> {
    let job = context.job().await?;
    context.set_gateway_status_unless_polled(&job, StubStatus::Finished);
    let id = &job.id;
    let form = format!("id={id}&status=success&task_id={id}&task_status=succeed&state=success");
    let genuine = job.callback(CallbackState::SUCCESS)?;
    let xml = format!("<callback><id>{id}</id><status>success</status></callback>");
    let pieces = [
        ("a form", "application/x-www-form-urlencoded", form),
        ("XML", "text/xml", "<xml/>".to_owned()),
        ("XML with an id and a status", "application/xml", xml),
    ];
    for (what, content_type, body) in pieces {
        let callback = genuine.clone().bytes(body).typed(content_type);
        context.note_unless_survived(callback.request(ReceiverContext::now()), what).await?;
    }
    let control = context.acknowledged_control().await?;
    context.note_effects_of(&[("a form, and XML".to_owned(), job)], &control).await
}
