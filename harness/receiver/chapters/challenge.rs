//! MiniMax's challenge: asked of a callback URL before any job is taken, and to be answered with its value.
//!
//! The page says "within 3 seconds" and shows JSON; how exact the value must be it leaves to the reader.

use std::time::Duration;

use ringback_mocks::wire::Request;
use ringback_reference::receiver::mutants;
use serde_json::{Value, json};

use super::check;
use crate::receiver::context::{ReceiverContext, ReceiverReply};
use crate::receiver::{Receiver, ReceiverPrecondition};
use crate::run::excerpt::shortened;
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// What MiniMax waits for the answer.
const LIMIT: Duration = Duration::from_secs(3);
/// How often an answer must be late to count as late: once may have any cause.
const TRIES: usize = 2;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Receiver> = Terms {
    level: Level::Must,
    source: Source::MINIMAX,
    scope: Scope::Only("minimax"),
    knobs: &[],
    preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::Challenges],
    jobs: 0,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-CHAL-001",
        slug: "echoed",
        sentence: "A challenge is answered with 2xx and its value, before any job is known.",
        why: "Without the right answer MiniMax refuses the job, or never calls back.",
        remedy: "Answer a body with `challenge` with {\"challenge\": <the same value>}, before you look for a task.",
        terms: Terms { preconditions: &[ReceiverPrecondition::Acks], ..TERMS },
        mutants: &[mutants::CHALLENGE_UNKNOWN],
        check: check!(echoed),
    },
    Requirement {
        id: "RX-CHAL-002",
        slug: "as-json",
        sentence: "The answer to a challenge is the JSON of the vendor's sample.",
        why: "The page's sample answers JSON, and nothing promises that a bare value is understood.",
        remedy: "Answer a JSON object whose member `challenge` is the value as a string.",
        terms: Terms { level: Level::Should, source: Source::MINIMAX.shown(), ..TERMS },
        mutants: &[mutants::CHALLENGE_AS_TEXT],
        check: check!(as_json),
    },
    Requirement {
        id: "RX-CHAL-003",
        slug: "in-time",
        sentence: "The answer to a challenge is there within 3 seconds.",
        why: "After three seconds MiniMax takes the URL for unusable and refuses the job.",
        remedy: "Answer a challenge at once: there is nothing to look up, to store or to ask.",
        terms: TERMS,
        mutants: &[mutants::CHALLENGE_SLOW],
        check: check!(in_time),
    },
    Requirement {
        id: "RX-CHAL-004",
        slug: "exact",
        sentence: "The value comes back exactly, whatever it is.",
        why: "The value is compared; what has been trimmed, cut, escaped or read as a number is another one.",
        remedy: "Hand the string on as it was parsed, without any conversion.",
        terms: TERMS,
        mutants: &[
            mutants::CHALLENGE_TRIMMED,
            mutants::CHALLENGE_AS_NUMBER,
            mutants::CHALLENGE_LOWERCASED,
            mutants::CHALLENGE_CUT,
            mutants::CHALLENGE_HTML_ESCAPED,
        ],
        check: check!(exact),
    },
    Requirement {
        id: "RX-CHAL-005",
        slug: "never-a-job",
        sentence: "A challenge is never stored as a job.",
        why: "A job that does not exist would be worked on, billed or asked about forever.",
        remedy: "Return right after the echo; store nothing.",
        terms: Terms {
            source: Source::MINIMAX.inferred(),
            preconditions: &[
                ReceiverPrecondition::Acks,
                ReceiverPrecondition::Challenges,
                ReceiverPrecondition::Effects,
                ReceiverPrecondition::Gateway,
            ],
            ..TERMS
        },
        mutants: &[mutants::CHALLENGE_STORED],
        check: check!(never_a_job),
    },
    Requirement {
        id: "RX-CHAL-006",
        slug: "during-submit",
        sentence: "A challenge is answered while the receiver waits for its own submit.",
        why: "MiniMax asks before it accepts the job, so a receiver that waits for the submit's answer first waits forever.",
        remedy: "Serve callbacks while a submit is under way, and answer challenges at URLs whose task has no id yet.",
        terms: Terms {
            source: Source::MINIMAX.inferred(),
            preconditions: &[
                ReceiverPrecondition::Acks,
                ReceiverPrecondition::Challenges,
                ReceiverPrecondition::Starts,
                ReceiverPrecondition::Gateway,
            ],
            ..TERMS
        },
        mutants: &[mutants::SINGLE_THREADED, mutants::CHALLENGE_NEEDS_TASK],
        check: check!(during_submit),
    },
    Requirement {
        id: "RX-CHAL-007",
        slug: "repeated",
        sentence: "A challenge that comes again is answered again.",
        why: "MiniMax asks at every submit and may repeat itself; an answer without the value fails the submit.",
        remedy: "Keep challenges out of whatever recognises repetitions.",
        terms: Terms { source: Source::MINIMAX.inferred(), ..TERMS },
        mutants: &[mutants::CHALLENGE_DEDUPLICATED],
        check: check!(repeated),
    },
    Requirement {
        id: "RX-CHAL-008",
        slug: "with-company",
        sentence: "A challenge with further fields, a query in the URL and a charset is still one.",
        why: "Vendors add fields, and a challenge that is no longer recognised stops every submit at once.",
        remedy: "Recognise a challenge by its member `challenge` alone.",
        terms: Terms { level: Level::Should, source: Source::MINIMAX.inferred(), ..TERMS },
        mutants: &[mutants::CHALLENGE_STRICT],
        check: check!(with_company),
    },
];

async fn echoed(context: &ReceiverContext) -> Result<(), Stop> {
    let value = digits(32);
    let reply = context.post(challenge(context.hook()?, &value)).await?;
    note_unless_echoed(context, &reply, &value, "a challenge");
    Ok(())
}

async fn as_json(context: &ReceiverContext) -> Result<(), Stop> {
    let value = digits(32);
    let reply = context.post(challenge(context.hook()?, &value)).await?;
    let member = reply.json().and_then(|body| body.get("challenge")?.as_str().map(str::to_owned));
    if member.as_ref() != Some(&value) {
        let expected = format!("the JSON object {{\"challenge\": \"{value}\"}} in the answer to a challenge");
        context.note(Finding::new(expected, reply.summary()).seen_in(&reply.exchange));
    }
    Ok(())
}

async fn in_time(context: &ReceiverContext) -> Result<(), Stop> {
    context.acknowledged_control().await?;
    let mut late = None;
    for _ in 0..TRIES {
        let reply = context.post(challenge(context.hook()?, &digits(256))).await?;
        if reply.took <= LIMIT {
            return Ok(());
        }
        late = Some(reply);
    }
    if let Some(reply) = late {
        let expected = format!("an answer to a challenge of 256 characters within {LIMIT:?}");
        let actual = format!("each of {TRIES} took longer, the last {:?}", reply.took);
        context.note(Finding::new(expected, actual).seen_in(&reply.exchange));
    }
    Ok(())
}

async fn exact(context: &ReceiverContext) -> Result<(), Stop> {
    let long = digits(512);
    let values = [
        ("a challenge of one digit", "7"),
        ("a challenge that begins with zeros", "00123"),
        ("a challenge of more digits than a number holds", "123456789012345678901"),
        ("a challenge with spaces around it", " spaced "),
        ("a challenge in capitals and small letters", "MiXeD-Case_+/="),
        ("a challenge of 512 characters", long.as_str()),
        ("a challenge with quotes, signs and Chinese characters", "纸船 \"x\" \\ &<>"),
        ("a challenge that is the word null", "null"),
    ];
    for (what, value) in values {
        let reply = context.post(challenge(context.hook()?, value)).await?;
        note_unless_echoed(context, &reply, value, what);
    }
    Ok(())
}

async fn never_a_job(context: &ReceiverContext) -> Result<(), Stop> {
    let value = digits(32);
    let reply = context.post(challenge(context.hook()?, &value)).await?;
    if !is_echo(&reply, &value) {
        return Err(Stop::NotTestable(format!("the challenge is not echoed: {}", reply.summary())));
    }
    // Asked about under its value, as a job of that id would be.
    let supposed = context.unsolicited_task(context.main())?.named(value.clone());
    let control = context.acknowledged_control().await?;
    context
        .note_effects_of(&[("a challenge, asked about by its value".to_owned(), supposed)], &control)
        .await?;
    let asked = context.gateway().queries(&value);
    if asked > 0 {
        let actual = format!("the status of {value:?} was asked {asked} times");
        context.note(Finding::new("no question at the gateway about a challenge", actual));
    }
    Ok(())
}

async fn during_submit(context: &ReceiverContext) -> Result<(), Stop> {
    let held = context.hold(context.main()).await?;
    let value = digits(32);
    let what = "a challenge at the callback URL of a job whose submit is not answered yet";
    let mut tried = context.attempt(challenge(&held.job.hook, &value), LIMIT).await;
    for _ in 1..TRIES {
        if matches!(tried, Ok(Err(_))) {
            tried = context.attempt(challenge(&held.job.hook, &value), LIMIT).await;
        }
    }
    let job = held.job.clone();
    let started = context.release(held).await;
    // Nobody waits for this job.
    context.set_gateway_status(&job, ringback_mocks::stub_gateway::StubStatus::Failed);
    match tried? {
        Ok(reply) => note_unless_echoed(context, &reply, &value, what),
        Err((why, exchange)) => {
            let expected = format!("HTTP 2xx and its value for {what}, within {LIMIT:?}");
            context.note(Finding::new(expected, why).seen_in(&exchange));
        }
    }
    context.note_unless_acked(&started?, "the start of a job during which a challenge came");
    Ok(())
}

async fn repeated(context: &ReceiverContext) -> Result<(), Stop> {
    let (value, other) = (digits(32), digits(32));
    let pieces =
        [("a challenge", &value), ("the same challenge again", &value), ("another challenge", &other)];
    for (what, value) in pieces {
        let reply = context.post(challenge(context.hook()?, value)).await?;
        note_unless_echoed(context, &reply, value, what);
    }
    Ok(())
}

async fn with_company(context: &ReceiverContext) -> Result<(), Stop> {
    let hook = context.hook()?;
    let sign = if hook.contains('?') { '&' } else { '?' };
    let pieces = [
        (
            "a challenge at a URL with the parameter tok=a",
            format!("{hook}{sign}tok=a"),
            json!({"challenge": ""}),
            "application/json",
        ),
        (
            "a challenge with the charset named",
            hook.to_owned(),
            json!({"challenge": ""}),
            "application/json; charset=utf-8",
        ),
        (
            "a challenge with a field `event` before it",
            hook.to_owned(),
            json!({"event": "verify", "challenge": ""}),
            "application/json",
        ),
    ];
    for (what, hook, mut body, content_type) in pieces {
        // Each with a value of its own, since a repetition is another matter.
        let value = digits(32);
        body["challenge"] = value.as_str().into();
        let request = Request {
            headers: [("content-type", content_type)].into_iter().collect(),
            ..Request::post(hook, &body)
        };
        let reply = context.post(request).await?;
        note_unless_echoed(context, &reply, &value, what);
    }
    Ok(())
}

fn challenge(hook: &str, value: &str) -> Request {
    Request::post(hook, &json!({"challenge": value}))
}

/// Fresh hexadecimal digits.
fn digits(count: usize) -> String {
    let digit = || char::from_digit(fastrand::u32(0..16), 16).unwrap_or('0');
    std::iter::repeat_with(digit).take(count).collect()
}

/// Whether a reply gives a value back: in JSON as the sample does, or bare.
fn is_echo(reply: &ReceiverReply, value: &str) -> bool {
    let text = String::from_utf8_lossy(&reply.body);
    let bare = text == value || text.strip_suffix('\n') == Some(value);
    let told = match reply.json() {
        Some(Value::Object(body)) => body.get("challenge").and_then(Value::as_str) == Some(value),
        Some(Value::String(text)) => text == value,
        _ => false,
    };
    reply.is_ack() && (told || bare)
}

fn note_unless_echoed(context: &ReceiverContext, reply: &ReceiverReply, value: &str, what: &str) {
    if !is_echo(reply, value) {
        let shown = shortened(&json!({"challenge": value}).to_string(), 120);
        let expected = format!("HTTP 2xx with {shown} for {what}");
        context.note(Finding::new(expected, reply.summary()).seen_in(&reply.exchange));
    }
}
