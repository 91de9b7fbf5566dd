//! Tolerance of spelling: content types, header names, long ids and bodies, languages, how JSON is written, and
//! unannounced words.

use ringback_mocks::stub_gateway::StubStatus;
use ringback_mocks::wire::{Headers, Request};
use ringback_reference::receiver::mutants;

use crate::receiver::chapters::{SIGNED, check};
use crate::receiver::context::ReceiverContext;
use crate::receiver::effects::Class;
use crate::receiver::task::{Callback, CallbackState, VendorTask};
use crate::receiver::{Receiver, ReceiverPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// A text in two scripts, one of them beyond sixteen bits.
const TEXT: &str = "纸船 🚣";
/// A long body's text.
const LONG: usize = 200 * 1024;

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

/// The chapter's table about spelling.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-TOL-010",
        slug: "content-type",
        sentence: "The content type may name a charset, in any spelling.",
        why: "Vendors and proxies write `application/json` in many ways; a comparison as text refuses most of them.",
        remedy: "Compare the media type without case and parameters, or do not look at it at all.",
        terms: Terms { source: Source::KLING.shown(), preconditions: &[ReceiverPrecondition::Acks], ..TERMS },
        mutants: &[mutants::CONTENT_TYPE_LITERAL],
        check: check!(content_type),
    },
    Requirement {
        id: "RX-TOL-011",
        slug: "header-case",
        sentence: "Names of signature headers count in any case.",
        why: "Header names have no case, and proxies rewrite them; who looks for one spelling finds no signature.",
        remedy: "Look header names up without regard to case, as HTTP demands.",
        terms: Terms {
            source: Source::KLING,
            scope: Scope::EachOf(SIGNED),
            preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::PlainHttp],
            ..TERMS
        },
        mutants: &[mutants::HEADER_CASE_COUNTS],
        check: check!(header_case),
    },
    Requirement {
        id: "RX-TOL-012",
        slug: "long-ids",
        sentence: "Ids of 18 digits stay exact: two that differ in the last digit are two jobs.",
        why: "Above 2^53 a floating-point number holds no exact id, so one job would take the place of another.",
        remedy: "Keep ids as text, from the first byte to the database.",
        terms: Terms { source: Source::MINIMAX.shown(), ..TERMS },
        mutants: &[mutants::IDS_AS_FLOATS],
        check: check!(long_ids),
    },
    Requirement {
        id: "RX-TOL-013",
        slug: "long-bodies",
        sentence: "A callback of 200 KiB is accepted.",
        why: "Vidu gives back a payload of up to 1,048,576 characters; a small limit loses exactly those jobs.",
        remedy: "Allow bodies of a megabyte and more, at the proxy in front as well.",
        terms: Terms { level: Level::Should, source: Source::VIDU, ..TERMS },
        mutants: &[mutants::SMALL_BODY_LIMIT],
        check: check!(long_bodies),
    },
    Requirement {
        id: "RX-TOL-014",
        slug: "any-language",
        sentence: "Text beyond ASCII is accepted, raw and escaped.",
        why: "Prompts and messages come in every language, and vendors escape them or not as they please.",
        remedy: "Read bodies as UTF-8, verify the bytes as they came, and let the JSON parser do the rest.",
        terms: Terms { source: Source::KLING.inferred(), ..TERMS },
        mutants: &[mutants::ASCII_ONLY, mutants::RESERIALISES],
        check: check!(any_language),
    },
    Requirement {
        id: "RX-TOL-015",
        slug: "any-spelling",
        sentence: "White space, order of members and escapes of JSON do not matter.",
        why: "They change with the vendor's next release; a pattern or a fixed order then fits nothing.",
        remedy: "Parse the body with a JSON parser and look members up by name; verify the bytes as they came.",
        terms: Terms { source: Source::JSON, ..TERMS },
        mutants: &[mutants::FIRST_FIELD_IS_ID, mutants::RESERIALISES],
        check: check!(any_spelling),
    },
    Requirement {
        id: "RX-TOL-016",
        slug: "unknown-word",
        sentence: "A state word nobody announced is neither an error of the receiver nor the end of the job.",
        why: "Vendors add states; one that is taken for an end delivers nothing, one that breaks the receiver is repeated.",
        remedy: "Acknowledge an unknown word and change nothing.",
        terms: Terms { source: Source::KLING.inferred(), ..TERMS },
        mutants: &[mutants::UNKNOWN_WORD_IS_500, mutants::UNKNOWN_WORD_DOES_WORK],
        check: check!(unknown_word),
    },
    Requirement {
        id: "RX-TOL-017",
        slug: "capital-words",
        sentence: "`Success` and `Fail`, the words of the query, are understood in a v1 callback too.",
        why: "A page of MiniMax's shows `Success` in a callback; a receiver that knows only `success` would wait forever.",
        remedy: "Compare MiniMax's words without regard to case, and know the query's words beside the callback's.",
        terms: Terms {
            level: Level::Should,
            source: Source::MINIMAX.shown(),
            scope: Scope::Only("minimax"),
            ..TERMS
        },
        mutants: &[mutants::CAPITALS_UNKNOWN],
        check: check!(capital_words),
    },
];

async fn content_type(context: &ReceiverContext) -> Result<(), Stop> {
    let spellings = ["application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"];
    context.control(&typed(context, "application/json").await?).await?;
    for spelling in spellings {
        let reply = context.send(&typed(context, spelling).await?).await?;
        context.note_unless_acked(&reply, &format!("a callback with the content type {spelling}"));
    }
    Ok(())
}

async fn typed(context: &ReceiverContext, content_type: &str) -> Result<Callback, Stop> {
    let job = context.job().await?;
    context.set_gateway_status(&job, StubStatus::Finished);
    Ok(job.callback(CallbackState::SUCCESS)?.typed(content_type))
}

async fn header_case(context: &ReceiverContext) -> Result<(), Stop> {
    let lower = context.post_as_written(written(context, str::to_ascii_lowercase).await?).await?;
    if !lower.is_ack() {
        return Err(Stop::NotTestable(format!(
            "header names in lower case are refused: {}",
            lower.summary()
        )));
    }
    for what in ["in capitals", "with capital initials"] {
        let case = if what == "in capitals" { str::to_ascii_uppercase } else { capitalised };
        let reply = context.post_as_written(written(context, case).await?).await?;
        context.note_unless_acked(&reply, &format!("a callback with its header names {what}"));
    }
    Ok(())
}

/// A genuine callback with its header names in a case.
async fn written(context: &ReceiverContext, case: fn(&str) -> String) -> Result<Request, Stop> {
    let job = context.job().await?;
    context.set_gateway_status(&job, StubStatus::Finished);
    let request = job.callback(CallbackState::SUCCESS)?.request(ReceiverContext::now());
    let headers: Headers = request.headers.iter().map(|(name, value)| (case(name), value)).collect();
    Ok(Request { headers, ..request })
}

fn capitalised(name: &str) -> String {
    let capital = |part: &str| {
        let (first, rest) = part.split_at(part.len().min(1));
        format!("{}{}", first.to_ascii_uppercase(), rest.to_ascii_lowercase())
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}

/// The second job must be unknown as long as only the first was reported, and known by itself afterwards.
async fn long_ids(context: &ReceiverContext) -> Result<(), Stop> {
    context.counted_control(CallbackState::SUCCESS).await?;
    let (one, other) = (context.job().await?, context.job().await?);
    let (id, neighbour) = neighbours(&one.id);
    let (one, other) = (one.named(id), other.named(neighbour));
    let what = format!("a success of {}", one.id);
    context.note_unless_taken(&one, &one.callback(CallbackState::SUCCESS)?, &what).await?;
    let (effect, exchange) = context.effect(&other).await?;
    if effect.count > 0 {
        let expected = format!("no work for {} after a callback about {}", other.id, one.id);
        let finding = Finding::new(expected, effect.describe());
        context.note(match exchange {
            Some(exchange) => finding.seen_in(&exchange),
            None => finding,
        });
    }
    let what = format!("a success of {} after one of {}", other.id, one.id);
    context.note_unless_taken(&other, &other.callback(CallbackState::SUCCESS)?, &what).await
}

/// Two ids that differ in their last character; digits so that a floating-point number cannot tell them
/// apart.
fn neighbours(id: &str) -> (String, String) {
    let head = id.get(..id.len().saturating_sub(2)).unwrap_or_default();
    if !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return (format!("{head}aa"), format!("{head}ab"));
    }
    let like = |tail: u32| format!("{head}{tail:02}");
    let alike = |tail: &u32| like(*tail).parse::<f64>().ok() == like(tail + 1).parse::<f64>().ok();
    // Floating-point numbers are sixteen and more apart up there, so nearly every pair will do.
    let tail = (0..10).map(|tens| tens * 10 + 4).find(alike).unwrap_or_default();
    (like(tail), like(tail + 1))
}

async fn long_bodies(context: &ReceiverContext) -> Result<(), Stop> {
    context.counted_control(CallbackState::SUCCESS).await?;
    let job = context.job().await?;
    let callback = job.callback(CallbackState::SUCCESS)?.with_text(&"a paper boat ".repeat(LONG / 13));
    context.note_unless_taken(&job, &callback, "a callback of 200 KiB").await
}

async fn any_language(context: &ReceiverContext) -> Result<(), Stop> {
    let job = context.job().await?;
    let plain = job.callback(CallbackState::SUCCESS)?.with_text("a paper boat");
    context.set_gateway_status(&job, StubStatus::Finished);
    context.control(&plain).await?;
    let raw = |callback: Callback| callback.with_text(TEXT);
    let escaped = |callback: Callback| callback.with_text(TEXT).in_ascii();
    respelled(context, "a callback with Chinese text and an emoji, raw", raw).await?;
    respelled(context, "a callback with Chinese text and an emoji, escaped", escaped).await
}

async fn any_spelling(context: &ReceiverContext) -> Result<(), Stop> {
    context.counted_control(CallbackState::SUCCESS).await?;
    respelled(context, "a callback with line breaks and indentation", Callback::pretty).await?;
    respelled(context, "a callback with its members the other way round", Callback::reversed).await?;
    respelled(context, "a callback with escapes, of the slash and in the state word", Callback::escaped).await
}

async fn respelled(
    context: &ReceiverContext,
    what: &str,
    spell: impl Fn(Callback) -> Callback,
) -> Result<(), Stop> {
    let job = context.job().await?;
    let callback = spell(job.callback(CallbackState::SUCCESS)?);
    context.note_unless_taken(&job, &callback, what).await
}

async fn unknown_word(context: &ReceiverContext) -> Result<(), Stop> {
    let job = context.job().await?;
    let callback = job.callback(CallbackState::RUNNING)?.with_word("reviewing");
    let what = "a callback with the state `reviewing`";
    context.set_gateway_status(&job, StubStatus::Running);
    let reply = context.send(&callback).await?;
    context.note_if_5xx(&reply, what);
    let control = context.acknowledged_control().await?;
    context.note_effects_of(&[(what.to_owned(), job.clone())], &control).await?;
    let end = job.callback_at(CallbackState::SUCCESS, 1)?;
    context.set_gateway_status(&job, StubStatus::Finished);
    context.send(&end).await?;
    context.note_unless_once(&job, Class::Success, &format!("`{}` after {what}", end.word)).await
}

async fn capital_words(context: &ReceiverContext) -> Result<(), Stop> {
    context.counted_control(CallbackState::SUCCESS).await?;
    context.counted_control(CallbackState::FAILURE).await?;
    for (says, word) in [(CallbackState::SUCCESS, "Success"), (CallbackState::FAILURE, "Fail")] {
        let job: VendorTask = context.job().await?;
        let callback = job.callback(says)?.with_word(word);
        context.note_unless_taken(&job, &callback, &format!("a callback with the status `{word}`")).await?;
    }
    Ok(())
}
