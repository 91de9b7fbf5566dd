//! Hostility: bodies that are broken, deep, huge or slow, and requests that are no callbacks at all. What
//! is wrong with the record itself is `hostile_records`.
//!
//! Every body is rightly signed where the vendor signs: what is judged is what comes after the signature.

use std::time::Duration;

use ringback_mocks::stub_gateway::StubStatus;
use ringback_mocks::wire::Request;
use ringback_reference::receiver::defect::Defect;

use super::check;
use crate::receiver::context::{Bench, asked_with};
use crate::receiver::edits::resigned;
use crate::receiver::task::{Callback, Job, Says};
use crate::receiver::{Need, Receiver};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::Source;

/// Brackets that no parser has a use for, and objects inside each other within a genuine record.
const BRACKETS: usize = 100_000;
const NESTED: usize = 5_000;
/// A body no vendor sends.
const HUGE: usize = 10 * 1024 * 1024;
/// A sender that takes its time: a byte each, so many bytes.
const DROP: Duration = Duration::from_millis(100);
const DROPS: usize = 34;
/// How long another sender may be held up by it: less than it takes.
const HELD_UP: Duration = Duration::from_millis(2_500);

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
    needs: &[Need::Acks],
    jobs: 0,
    generated: false,
    defects: &[],
    check: check!(malformed_json),
};

/// The first half of the chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-HOST-001",
        slug: "malformed-json",
        sentence: "A body that is no JSON is no fault of the receiver's.",
        source: Source::JSON.inferred(),
        why: "A callback URL is public; what anybody can break there is an alarm at night, and a 5xx asks for a repetition.",
        remedy: "Catch the parser's error and answer 400.",
        defects: &[Defect::MalformedIs500],
        check: check!(malformed_json),
        ..COMMON
    },
    Requirement {
        id: "RX-HOST-002",
        slug: "invalid-utf8",
        sentence: "Bytes that are no UTF-8 are no fault of the receiver's.",
        source: Source::JSON.inferred(),
        why: "Decoding is a step of its own in many languages, and its error is often forgotten.",
        remedy: "Decode strictly, catch the error and answer 400.",
        defects: &[Defect::Utf8Is500],
        check: check!(invalid_utf8),
        ..COMMON
    },
    Requirement {
        id: "RX-HOST-003",
        slug: "deep-nesting",
        sentence: "A deeply nested body is no fault of the receiver's.",
        source: Source::JSON.inferred(),
        why: "A recursive parser runs out of stack, and in some languages that ends the process.",
        remedy: "Use a parser with a limit of depth, or catch the error it throws; answer 400.",
        defects: &[Defect::NestingIs500],
        check: check!(deep_nesting),
        ..COMMON
    },
    Requirement {
        id: "RX-HOST-004",
        slug: "duplicate-keys",
        sentence: "A record with two ids is at most one job.",
        source: Source::JSON.inferred(),
        why: "Parsers disagree about which of two equal members counts; reading both does work nobody has reported.",
        remedy: "Refuse records with a member that occurs twice, or take one of them.",
        needs: &[Need::Acks, Need::Effects],
        defects: &[Defect::DuplicateKeysWorkTwice],
        check: check!(duplicate_keys),
        ..COMMON
    },
    Requirement {
        id: "RX-HOST-005",
        slug: "huge-body",
        sentence: "A body of 10 MiB is refused or accepted, and the receiver lives.",
        source: Source::HTTP.inferred(),
        why: "Without a limit anybody can use up the memory of the machine.",
        remedy: "Limit the length of bodies and answer 413 beyond it.",
        defects: &[Defect::HugeIs500],
        check: check!(huge_body),
        ..COMMON
    },
    Requirement {
        id: "RX-HOST-006",
        slug: "slow-body",
        sentence: "A sender that takes its time does not hold up others.",
        source: Source::HTTP.inferred(),
        why: "One slow connection would keep every genuine callback from its acknowledgement.",
        remedy: "Read each request on its own: several workers, or a server that reads before it hands over.",
        needs: &[Need::Acks, Need::PlainHttp],
        defects: &[Defect::SlowBodyBlocks],
        check: check!(slow_body),
        ..COMMON
    },
    Requirement {
        id: "RX-HOST-007",
        slug: "wrong-method",
        level: Level::Should,
        sentence: "Only POST does work.",
        source: Source::HTTP.inferred(),
        why: "Vendors post; whatever comes by another method comes from somebody else, or is a check of the URL.",
        remedy: "Answer 405 to other methods.",
        needs: &[Need::Acks, Need::Effects],
        defects: &[Defect::PutWorks, Defect::GetIs500],
        check: check!(wrong_method),
        ..COMMON
    },
    Requirement {
        id: "RX-HOST-008",
        slug: "wrong-content-type",
        sentence: "A form or XML is no callback.",
        source: Source::HTTP.inferred(),
        why: "A form can be sent by any web page in the name of its visitor; vendors send JSON.",
        remedy: "Parse JSON and nothing else, and answer 415 or 400 to the rest.",
        needs: &[Need::Acks, Need::Effects],
        defects: &[Defect::FormAccepted, Defect::XmlIs500],
        check: check!(wrong_content_type),
        ..COMMON
    },
];

/// Bodies that are no JSON, each with its name.
pub fn malformed(job: &Job) -> Result<Vec<(&'static str, Callback)>, Stop> {
    let genuine = job.callback(Says::SUCCESS)?;
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

/// Genuine bodies with bytes that are no UTF-8, each with its name.
pub fn undecodable(job: &Job) -> Result<Vec<(&'static str, Callback)>, Stop> {
    let genuine = job.callback(Says::SUCCESS)?.with_text(PLAIN);
    let with = |bytes: &[u8]| genuine.clone().with_bytes_for(PLAIN, bytes);
    Ok(vec![
        ("a text with the bytes FF FE", with(b"\xff\xfe")),
        ("a text with the bytes C3 28", with(b"\xc3\x28")),
    ])
}

/// A text that occurs nowhere else in a callback.
const PLAIN: &str = "a paper boat on a pond";

async fn malformed_json(bench: &Bench) -> Result<(), Stop> {
    bench.control().await?;
    for (what, callback) in malformed(&bench.job().await?)? {
        bench.note_unless_survived(callback.request(Bench::now()), what).await?;
    }
    Ok(())
}

async fn invalid_utf8(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job().await?;
    bench.back(&job, StubStatus::Finished);
    bench.twin(&job.callback(Says::SUCCESS)?.with_text(PLAIN)).await?;
    for (what, callback) in undecodable(&bench.job().await?)? {
        bench.note_unless_survived(callback.request(Bench::now()), what).await?;
    }
    Ok(())
}

async fn deep_nesting(bench: &Bench) -> Result<(), Stop> {
    bench.control().await?;
    let job = bench.job().await?;
    let genuine = job.callback(Says::SUCCESS)?;
    let text = String::from_utf8_lossy(&genuine.body).into_owned();
    let open = text.trim_end().strip_suffix('}').unwrap_or(&text);
    let nested = format!("{open},\"x_deep\":{}1{}}}", "{\"x\":".repeat(NESTED), "}".repeat(NESTED));
    let pieces = [
        ("100,000 opening brackets", genuine.clone().bytes("[".repeat(BRACKETS))),
        ("a genuine body with 5,000 objects inside each other", genuine.bytes(nested)),
    ];
    for (what, callback) in pieces {
        bench.note_unless_survived(callback.request(Bench::now()), what).await?;
    }
    Ok(())
}

async fn duplicate_keys(bench: &Bench) -> Result<(), Stop> {
    let (job, other) = (bench.job().await?, bench.blue(bench.main())?);
    let callback = job.callback(Says::SUCCESS)?.with_second_id(&other.id);
    bench.back_unless_polled(&job, StubStatus::Finished);
    bench.back_unless_polled(&other, StubStatus::Finished);
    let what = "a record with two ids, one after the other";
    bench.note_unless_survived(callback.request(Bench::now()), what).await?;
    let control = bench.control().await?;
    bench.note_effects_of(&[], &control).await?;
    let mut keys = vec![&job.key, &job.id, &other.id];
    keys.dedup();
    let mut all = 0;
    let mut last = None;
    for key in keys {
        let (effect, exchange) = bench.effect_of(key).await?;
        all += effect.count;
        last = exchange.filter(|_| effect.count > 0).or(last);
    }
    if all > 1 {
        let finding = Finding::new(
            format!("the work done once at most after {what}"),
            format!("it was done {all} times"),
        );
        bench.note(last.map_or(finding.clone(), |exchange| finding.seen_in(&exchange)));
    }
    Ok(())
}

async fn huge_body(bench: &Bench) -> Result<(), Stop> {
    let _memory = bench.with_memory().await?;
    bench.control().await?;
    let job = bench.job().await?;
    let callback = job.callback(Says::SUCCESS)?.with_text(PLAIN);
    // Signing so much takes long enough to hold up every other case.
    let making = tokio::task::spawn_blocking(move || {
        callback.with_bytes_for(PLAIN, &vec![b'x'; HUGE]).request(Bench::now())
    });
    let request = making.await.map_err(|error| Stop::Broken(error.to_string()))?;
    bench.note_unless_survived_or_closed(request, "a body of 10 MiB").await
}

/// Both callbacks have one URL, so that nothing but the slow one can be in the way.
async fn slow_body(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job().await?;
    let job = asked_with(job, &format!("turn={}", fastrand::u32(..)));
    bench.back(&job, StubStatus::Finished);
    bench.twin(&job.callback(Says::SUCCESS)?).await?;
    let callback = elsewhere(bench, &job)?;
    let prompt = elsewhere(bench, &job)?;
    let slow = async {
        // The receiver may have had enough of it at any time; that is its right.
        drop(bench.drip(callback.request(Bench::now()), DROP, DROPS).await);
        std::future::pending::<()>().await;
    };
    let quick = async {
        // Nothing tells us when the receiver has begun to read the slow one.
        tokio::time::sleep(bench.target.patience.quiet * 2).await;
        bench.attempt(prompt.request(Bench::now()), HELD_UP).await
    };
    let what = "a callback while another sender at the same URL takes its time";
    tokio::select! {
        tried = quick => match tried? {
            Ok(reply) => bench.note_unless_acked(&reply, what),
            Err((why, exchange)) => {
                bench.note(Finding::new(format!("HTTP 2xx for {what}"), why).seen_in(&exchange));
            }
        },
        () = slow => {}
    }
    Ok(())
}

/// A genuine callback at the URL of a job: of another job, unless the URL is one job's only.
fn elsewhere(bench: &Bench, job: &Job) -> Result<Callback, Stop> {
    if job.started {
        return job.callback(Says::SUCCESS);
    }
    let mut other = bench.blue(bench.main())?;
    other.hook.clone_from(&job.hook);
    bench.back(&other, StubStatus::Finished);
    other.callback(Says::SUCCESS)
}

async fn wrong_method(bench: &Bench) -> Result<(), Stop> {
    let mut jobs = Vec::new();
    for method in ["PUT", "PATCH", "DELETE"] {
        let job = bench.job().await?;
        bench.back_unless_polled(&job, StubStatus::Finished);
        let request = job.callback(Says::SUCCESS)?.signed_for(method, Bench::now());
        let what = format!("a genuine body by {method}");
        bench.note_unless_survived(resigned(request, &bench.secrets()), &what).await?;
        jobs.push((what, job));
    }
    let job = bench.job().await?;
    bench.note_unless_survived(Request::get(&job.hook), "a GET without a body").await?;
    let control = bench.control().await?;
    bench.note_effects_of(&jobs, &control).await
}

async fn wrong_content_type(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job().await?;
    bench.back_unless_polled(&job, StubStatus::Finished);
    let id = &job.id;
    let form = format!("id={id}&status=success&task_id={id}&task_status=succeed&state=success");
    let genuine = job.callback(Says::SUCCESS)?;
    let xml = format!("<callback><id>{id}</id><status>success</status></callback>");
    let pieces = [
        ("a form", "application/x-www-form-urlencoded", form),
        ("XML", "text/xml", "<xml/>".to_owned()),
        ("XML with an id and a status", "application/xml", xml),
    ];
    for (what, content_type, body) in pieces {
        let callback = genuine.clone().bytes(body).typed(content_type);
        bench.note_unless_survived(callback.request(Bench::now()), what).await?;
    }
    let control = bench.control().await?;
    bench.note_effects_of(&[("a form, and XML".to_owned(), job)], &control).await
}
