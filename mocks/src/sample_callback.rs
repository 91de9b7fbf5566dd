//! One realistic callback without a caller: a sample task is made, moved to a state, and the
//! delivery that follows is handed over. Pure, like the machine it drives.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::account::AccountConfig;
use crate::delivery::Delivery;
use crate::dialect::{Dialect, Phase, Step};
use crate::machine::{Machine, Reply, Turn};
use crate::vendor::Vendor;
use crate::wire::{Request, Response};

/// Why there is no such callback.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoSuchCallback(String);

/// The delivery that a vendor sends to `url` when a task enters the state that `word` names: a state
/// word of a callback, or the name of an ending. Without a dialect, the first that knows the word.
pub fn delivery(
    vendor: Vendor,
    dialect: Option<&str>,
    word: &str,
    url: &str,
    mut settings: AccountConfig,
    now: Timestamp,
) -> Result<Delivery, NoSuchCallback> {
    if settings.results.is_empty() {
        // Nobody serves them here, so they are at a reserved name.
        "https://results.example.com".clone_into(&mut settings.results);
    }
    let (dialect, step) = find(vendor, dialect, word)?;
    let mut machine = Machine::new(vendor, settings);
    let (task, at_once) = sample(&mut machine, dialect, url, now)?;
    let sent_then = if step.phase() == dialect.words[0].phase {
        // The create itself leads there.
        at_once
    } else {
        for before in [Phase::Queued, Phase::Running] {
            if before.rank() < step.phase().rank() {
                machine.advance(&task, Step::To(before), now);
            }
        }
        machine.advance(&task, step, now).and_then(|mut all| all.pop())
    };
    sent_then.ok_or_else(|| {
        NoSuchCallback(format!("{} sends no callback for `{word}`; {}", dialect.name, sent(dialect)))
    })
}

fn find(
    vendor: Vendor,
    dialect: Option<&str>,
    word: &str,
) -> Result<(&'static Dialect, Step), NoSuchCallback> {
    let chosen: Vec<&'static Dialect> =
        vendor.dialects().iter().copied().filter(|one| dialect.is_none_or(|name| name == one.name)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = vendor.dialects().iter().map(|one| one.name).collect();
        return Err(NoSuchCallback(format!("{vendor} has no such dialect; there are {}", names.join(", "))));
    }
    // The very word of a callback counts more than our name for an ending.
    let exact = chosen.iter().find(|one| one.words.iter().any(|row| row.callback == Some(word)));
    exact.into_iter().chain(&chosen).find_map(|one| Some((*one, one.step(word)?))).ok_or_else(|| {
        let all: Vec<String> = chosen.iter().map(|one| sent(one)).collect();
        NoSuchCallback(format!("{vendor} has no state `{word}`; {}", all.join("; ")))
    })
}

/// Makes the dialect's first sample with a callback URL; the task, and what the create itself sent.
fn sample(
    machine: &mut Machine,
    dialect: &Dialect,
    url: &str,
    now: Timestamp,
) -> Result<(String, Option<Delivery>), NoSuchCallback> {
    let broken = |why: &str| NoSuchCallback(format!("the sample of {} {why}", dialect.name));
    let (path, text) = dialect.creates.first().ok_or_else(|| broken("is missing"))?;
    let mut body: Value = serde_json::from_str(text).map_err(|_| broken("is not JSON"))?;
    let mut place = &mut body;
    for key in dialect.callback_url.split('/').skip(1) {
        place = &mut place[key];
    }
    *place = json!(url);
    let key = machine.settings().api_keys.first().map_or("key", |key| key.expose()).to_owned();
    let request =
        Request::post(*path, &body).header("authorization", format!("{} {key}", dialect.auth.word()));
    let turn = settled(machine, |machine| machine.handle(&request, now), now);
    let task = turn.task.ok_or_else(|| broken("is refused"))?;
    Ok((task, turn.deliveries.into_iter().next_back()))
}

/// Answers a question as a good receiver does.
fn settled(machine: &mut Machine, ask: impl FnOnce(&mut Machine) -> Turn, now: Timestamp) -> Turn {
    let turn = ask(machine);
    match turn.reply {
        Reply::Response(_) => turn,
        Reply::Ask(question) => {
            let echo = Response { body: question.body.clone(), ..Response::json(200, &json!({})) };
            machine.challenged(*question, Some(&echo), now)
        }
    }
}

fn sent(dialect: &Dialect) -> String {
    let words: Vec<&str> = dialect.words.iter().filter_map(|row| row.callback).collect();
    let endings: Vec<&str> = dialect.endings.iter().map(|row| row.name).collect();
    format!("{} sends {}, and its endings are {}", dialect.name, words.join(", "), endings.join(", "))
}
