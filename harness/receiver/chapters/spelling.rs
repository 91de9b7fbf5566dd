//! Tolerance, the second half: content types, header names, long ids and bodies, languages, the spelling
//! of JSON, and words that nobody announced.

use ringback_mocks::stub_gateway::StubStatus;
use ringback_mocks::wire::{Headers, Request};
use ringback_reference::receiver::defect::Defect;

use super::{SIGNED, check};
use crate::receiver::context::Bench;
use crate::receiver::effects::Class;
use crate::receiver::task::{Callback, Job, Says};
use crate::receiver::{Need, Receiver};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::Source;

/// A text in two scripts, one of them beyond sixteen bits.
const TEXT: &str = "纸船 🚣";
/// A long body's text.
const LONG: usize = 200 * 1024;

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
    needs: &[Need::Acks, Need::Effects],
    jobs: 0,
    generated: false,
    defects: &[],
    check: check!(content_type),
};

/// The second half of the chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-TOL-010",
        slug: "content-type",
        sentence: "The content type may name a charset, in any spelling.",
        source: Source::KLING.shown(),
        why: "Vendors and proxies write `application/json` in many ways; a comparison as text refuses most of them.",
        remedy: "Compare the media type without case and parameters, or do not look at it at all.",
        needs: &[Need::Acks],
        defects: &[Defect::ContentTypeLiteral],
        check: check!(content_type),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-011",
        slug: "header-case",
        sentence: "Names of signature headers count in any case.",
        source: Source::KLING,
        why: "Header names have no case, and proxies rewrite them; who looks for one spelling finds no signature.",
        remedy: "Look header names up without regard to case, as HTTP demands.",
        scope: Scope::EachOf(SIGNED),
        needs: &[Need::Acks, Need::PlainHttp],
        defects: &[Defect::HeaderCaseCounts],
        check: check!(header_case),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-012",
        slug: "long-ids",
        sentence: "Ids of 18 digits stay exact: two that differ in the last digit are two jobs.",
        source: Source::MINIMAX.shown(),
        why: "Above 2^53 a floating-point number holds no exact id, so one job would take the place of another.",
        remedy: "Keep ids as text, from the first byte to the database.",
        defects: &[Defect::IdsAsFloats],
        check: check!(long_ids),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-013",
        slug: "long-bodies",
        level: Level::Should,
        sentence: "A callback of 200 KiB is accepted.",
        source: Source::VIDU,
        why: "Vidu gives back a payload of up to 1,048,576 characters; a small limit loses exactly those jobs.",
        remedy: "Allow bodies of a megabyte and more, at the proxy in front as well.",
        defects: &[Defect::SmallBodyLimit],
        check: check!(long_bodies),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-014",
        slug: "any-language",
        sentence: "Text beyond ASCII is accepted, raw and escaped.",
        source: Source::KLING.inferred(),
        why: "Prompts and messages come in every language, and vendors escape them or not as they please.",
        remedy: "Read bodies as UTF-8, verify the bytes as they came, and let the JSON parser do the rest.",
        defects: &[Defect::AsciiOnly, Defect::Reserialises],
        check: check!(any_language),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-015",
        slug: "any-spelling",
        sentence: "White space, order of members and escapes of JSON do not matter.",
        source: Source::JSON,
        why: "They change with the vendor's next release; a pattern or a fixed order then fits nothing.",
        remedy: "Parse the body with a JSON parser and look members up by name; verify the bytes as they came.",
        defects: &[Defect::FirstFieldIsId, Defect::Reserialises],
        check: check!(any_spelling),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-016",
        slug: "unknown-word",
        sentence: "A state word nobody announced is neither an error of the receiver nor the end of the job.",
        source: Source::KLING.inferred(),
        why: "Vendors add states; one that is taken for an end delivers nothing, one that breaks the receiver is repeated.",
        remedy: "Acknowledge an unknown word and change nothing.",
        defects: &[Defect::UnknownWordIs500, Defect::UnknownWordDoesWork],
        check: check!(unknown_word),
        ..COMMON
    },
    Requirement {
        id: "RX-TOL-017",
        slug: "capital-words",
        level: Level::Should,
        sentence: "`Success` and `Fail`, the words of the query, are understood in a v1 callback too.",
        source: Source::MINIMAX.shown(),
        why: "A page of MiniMax's shows `Success` in a callback; who knows only `success` would wait for ever.",
        remedy: "Compare MiniMax's words without regard to case, and know the query's words beside the callback's.",
        scope: Scope::Only("minimax"),
        defects: &[Defect::CapitalsUnknown],
        check: check!(capital_words),
        ..COMMON
    },
];

async fn content_type(bench: &Bench) -> Result<(), Stop> {
    let spellings = ["application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"];
    bench.twin(&typed(bench, "application/json").await?).await?;
    for spelling in spellings {
        let reply = bench.send(&typed(bench, spelling).await?).await?;
        bench.note_unless_acked(&reply, &format!("a callback with the content type {spelling}"));
    }
    Ok(())
}

async fn typed(bench: &Bench, content_type: &str) -> Result<Callback, Stop> {
    let job = bench.job().await?;
    bench.back(&job, StubStatus::Finished);
    Ok(job.callback(Says::SUCCESS)?.typed(content_type))
}

async fn header_case(bench: &Bench) -> Result<(), Stop> {
    let lower = bench.post_as_written(written(bench, str::to_ascii_lowercase).await?).await?;
    if !lower.is_ack() {
        return Err(Stop::NotTestable(format!("header names in lower case are refused: {}", lower.gist())));
    }
    for what in ["in capitals", "with capital initials"] {
        let case = if what == "in capitals" { str::to_ascii_uppercase } else { capitalised };
        let reply = bench.post_as_written(written(bench, case).await?).await?;
        bench.note_unless_acked(&reply, &format!("a callback with its header names {what}"));
    }
    Ok(())
}

/// A genuine callback with its header names in a case.
async fn written(bench: &Bench, case: fn(&str) -> String) -> Result<Request, Stop> {
    let job = bench.job().await?;
    bench.back(&job, StubStatus::Finished);
    let request = job.callback(Says::SUCCESS)?.request(Bench::now());
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
async fn long_ids(bench: &Bench) -> Result<(), Stop> {
    bench.counted_twin(Says::SUCCESS).await?;
    let (one, other) = (bench.job().await?, bench.job().await?);
    let (id, neighbour) = neighbours(&one.id);
    let (one, other) = (one.named(id), other.named(neighbour));
    let what = format!("a success of {}", one.id);
    bench.note_unless_taken(&one, &one.callback(Says::SUCCESS)?, &what).await?;
    let (effect, exchange) = bench.effect(&other).await?;
    if effect.count > 0 {
        let expected = format!("no work for {} after a callback about {}", other.id, one.id);
        let finding = Finding::new(expected, effect.told());
        bench.note(match exchange {
            Some(exchange) => finding.seen_in(&exchange),
            None => finding,
        });
    }
    let what = format!("a success of {} after one of {}", other.id, one.id);
    bench.note_unless_taken(&other, &other.callback(Says::SUCCESS)?, &what).await
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

async fn long_bodies(bench: &Bench) -> Result<(), Stop> {
    bench.counted_twin(Says::SUCCESS).await?;
    let job = bench.job().await?;
    let callback = job.callback(Says::SUCCESS)?.with_text(&"a paper boat ".repeat(LONG / 13));
    bench.note_unless_taken(&job, &callback, "a callback of 200 KiB").await
}

async fn any_language(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job().await?;
    let plain = job.callback(Says::SUCCESS)?.with_text("a paper boat");
    bench.back(&job, StubStatus::Finished);
    bench.twin(&plain).await?;
    let raw = |callback: Callback| callback.with_text(TEXT);
    let escaped = |callback: Callback| callback.with_text(TEXT).in_ascii();
    respelled(bench, "a callback with Chinese text and an emoji, raw", raw).await?;
    respelled(bench, "a callback with Chinese text and an emoji, escaped", escaped).await
}

async fn any_spelling(bench: &Bench) -> Result<(), Stop> {
    bench.counted_twin(Says::SUCCESS).await?;
    respelled(bench, "a callback with line breaks and indentation", Callback::pretty).await?;
    respelled(bench, "a callback with its members the other way round", Callback::reversed).await?;
    respelled(bench, "a callback with escapes, of the slash and in the state word", Callback::escaped).await
}

async fn respelled(bench: &Bench, what: &str, spell: impl Fn(Callback) -> Callback) -> Result<(), Stop> {
    let job = bench.job().await?;
    let callback = spell(job.callback(Says::SUCCESS)?);
    bench.note_unless_taken(&job, &callback, what).await
}

async fn unknown_word(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job().await?;
    let callback = job.callback(Says::RUNNING)?.with_word("reviewing");
    let what = "a callback with the state `reviewing`";
    bench.back(&job, StubStatus::Running);
    let reply = bench.send(&callback).await?;
    bench.note_if_5xx(&reply, what);
    let control = bench.control().await?;
    bench.note_effects_of(&[(what.to_owned(), job.clone())], &control).await?;
    let end = job.callback_at(Says::SUCCESS, 1)?;
    bench.back(&job, StubStatus::Finished);
    bench.send(&end).await?;
    bench.note_unless_once(&job, Class::Success, &format!("`{}` after {what}", end.word)).await
}

async fn capital_words(bench: &Bench) -> Result<(), Stop> {
    bench.counted_twin(Says::SUCCESS).await?;
    bench.counted_twin(Says::FAILURE).await?;
    for (says, word) in [(Says::SUCCESS, "Success"), (Says::FAILURE, "Fail")] {
        let job: Job = bench.job().await?;
        let callback = job.callback(says)?.with_word(word);
        bench.note_unless_taken(&job, &callback, &format!("a callback with the status `{word}`")).await?;
    }
    Ok(())
}
