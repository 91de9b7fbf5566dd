//! Do the mutants and variants of the reference receiver go together? Each has a name of its own, any two that do not
//! exclude each other may be on at once, and a genuine callback is then answered whichever of the two is put on first.

use std::collections::HashSet;

use jiff::Timestamp;
use ringback_mocks::signature;
use ringback_mocks::wire::{Request, Response, Secret};
use ringback_reference::deviation::{Conflict, Mutant, Variant};
use ringback_reference::receiver::{
    Pace, Reaction, Receiver, ReceiverMachine, ReceiverSetup, Secrets, mutants, variants,
};
use serde_json::json;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: i64 = 1_700_000_000;

fn machine(
    mutants: &[Mutant<Receiver>],
    variants: &[Variant<Receiver>],
) -> Result<ReceiverMachine, Conflict> {
    let setup = ReceiverSetup {
        secrets: Secrets { kling: vec![Secret::new(SECRET)], vidu: Secret::new("vidu-key") },
        gateway: "http://127.0.0.1:9".to_owned(),
        key: Secret::new("sk-receiver"),
        mutants: mutants.to_vec(),
        variants: variants.to_vec(),
        pace: Pace::default(),
    };
    ReceiverMachine::new(&setup, "http://127.0.0.1:8".to_owned())
}

/// A callback as Kling signs it.
fn genuine(state: &str) -> Request {
    let request = Request::post(
        "/hooks/kling",
        &json!({"task_id": "task-1", "task_status": state, "created_at": 1, "updated_at": 2}),
    );
    let signature = signature::standard_webhooks(&Secret::new(SECRET), "msg_1", NOW, &request.body);
    request
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", NOW.to_string())
        .header("webhook-signature", signature.expect("the secret is one"))
}

/// The life of a receiver that meets a challenge, starts a job, and hears of a job's progress and, twice, of its end.
fn live(machine: &ReceiverMachine) -> Vec<Reaction> {
    let challenge = Request::post("/hooks/minimax", &json!({"challenge": "Wert 1"}));
    let start = Request::post("/jobs", &json!({"vendor": "vidu", "model": "m", "prompt": "p"}));
    let effects = Request::get("/effects/task-1");
    let requests = [challenge, start, genuine("processing"), genuine("succeed"), genuine("succeed"), effects];
    let now = Timestamp::from_second(NOW).expect("a time");
    requests.into_iter().map(|request| machine.handle(request, now)).collect()
}

fn statuses(reactions: &[Reaction]) -> Vec<Option<u16>> {
    reactions.iter().map(|reaction| reaction.response().map(|response| response.status)).collect()
}

#[test]
fn the_plain_receiver_acknowledges_what_is_genuine_and_nothing_else() {
    let machine = machine(&[], &[]).expect("nothing excludes nothing");
    let lived = live(&machine);
    assert_eq!(statuses(&lived), [Some(200), None, Some(200), Some(200), Some(200), Some(200)]);
    let shown = lived.last().and_then(Reaction::response).and_then(Response::value);
    assert_eq!(
        shown,
        Some(json!({"count": 0, "state": "succeed"})),
        "the work is done by who has the machine"
    );
    let forged = genuine("succeed").header("x", "y");
    let forged = Request { body: [&forged.body[..], b" "].concat().into(), ..forged };
    let now = Timestamp::from_second(NOW).expect("a time");
    assert_eq!(statuses(&[machine.handle(forged, now)]), [Some(401)]);
}

#[test]
fn every_name_is_one_mutants_or_variants() {
    let names = mutants::ALL.iter().map(|one| one.name).chain(variants::ALL.iter().map(|one| one.name));
    let mut known = HashSet::new();
    for name in names {
        assert!(known.insert(name), "{name} names two");
    }
    let excluded = mutants::ALL.iter().map(|one| one.excludes);
    for name in excluded.chain(variants::ALL.iter().map(|one| one.excludes)).flatten() {
        assert!(known.contains(name), "nothing is named {name}, yet it is excluded");
    }
}

#[test]
fn any_two_mutants_go_together_in_both_orders() {
    for (one, other) in pairs(mutants::ALL) {
        let excluded = one.excludes.contains(&other.name) || other.excludes.contains(&one.name);
        judge(&format!("{} and {}", one.name, other.name), excluded, machine(&[one, other], &[]));
    }
}

#[test]
fn any_two_variants_go_together_in_both_orders() {
    for (one, other) in pairs(variants::ALL) {
        let excluded = one.excludes.contains(&other.name) || other.excludes.contains(&one.name);
        judge(&format!("{} and {}", one.name, other.name), excluded, machine(&[], &[one, other]));
    }
}

#[test]
fn any_mutant_goes_together_with_any_variant() {
    for mutant in mutants::ALL {
        for variant in variants::ALL {
            let excluded = mutant.excludes.contains(&variant.name) || variant.excludes.contains(&mutant.name);
            let both = machine(&[*mutant], &[*variant]);
            judge(&format!("{} and {}", mutant.name, variant.name), excluded, both);
        }
    }
}

#[test]
fn nothing_goes_together_with_itself() {
    for mutant in mutants::ALL {
        let conflict = machine(&[*mutant, *mutant], &[]).expect_err("it is on twice");
        assert_eq!(conflict, Conflict(mutant.name, mutant.name));
    }
}

#[test]
fn an_exclusion_holds_whichever_of_the_two_declares_it() {
    let (declares, silent) = (variants::ACK_204, variants::ACK_TEXT);
    assert!(declares.excludes.contains(&silent.name) && silent.excludes.is_empty());
    let refused =
        |variants: &[Variant<Receiver>]| machine(&[], variants).expect_err("they exclude each other");
    assert_eq!(refused(&[declares, silent]), Conflict(declares.name, silent.name));
    assert_eq!(refused(&[silent, declares]), Conflict(silent.name, declares.name));
    assert_eq!(refused(&[silent, declares]).to_string(), "`ack-text` and `ack-204` cannot be on together");
}

/// Two of them in each of both orders.
fn pairs<T: Copy>(all: &'static [T]) -> impl Iterator<Item = (T, T)> {
    let pair = move |at: usize, to: usize| (at != to).then(|| (all[at], all[to]));
    (0..all.len()).flat_map(move |at| (0..all.len()).filter_map(move |to| pair(at, to)))
}

fn judge(both: &str, excluded: bool, machine: Result<ReceiverMachine, Conflict>) {
    match machine {
        Ok(machine) => {
            assert!(!excluded, "{both} exclude each other and are on");
            for reaction in live(&machine).iter().filter_map(Reaction::response) {
                assert!((200..600).contains(&reaction.status), "{both} answer {}", reaction.status);
            }
        }
        Err(conflict) => assert!(excluded, "{both} do not exclude each other: {conflict}"),
    }
}
