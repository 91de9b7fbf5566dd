//! Is Vidu the Vidu that its pages and captures show? Pure machines: no sockets, and time is given.
//!
//! Here: what all the rooms share. `creates` has what is taken and refused, `tasks` what becomes of
//! a task and who is told, `account` the list, the credits, keys and limits.

use jiff::{SignedDuration, Timestamp};
use ringback_mocks::account::AccountConfig;
use ringback_mocks::delivery::Delivery;
use ringback_mocks::machine::{Machine, Reply, Turn};
use ringback_mocks::vendor::Step;
use ringback_mocks::vendor::{Dialect, Phase, Vendor};
use ringback_mocks::wire::{Request, Response, Secret};
use serde_json::{Value, json};

mod account;
mod creates;
mod tasks;

const HOOK: &str = "https://hooks.example.com/vidu?customer=42";

fn dialect() -> &'static Dialect {
    Vendor::named("vidu").expect("the registry has it").main_dialect()
}

fn now() -> Timestamp {
    "2026-11-24T12:00:00.440323061Z".parse().expect("a time")
}

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

/// A machine with some knobs set, as `NAME=VALUE`.
fn machine(knobs: &[&str]) -> Machine {
    let mut settings = AccountConfig {
        api_keys: vec![Secret::new("key"), Secret::new("other")],
        results: "https://results.example.com/results".to_owned(),
        seed: 1,
        ..AccountConfig::default()
    };
    for knob in knobs {
        let (name, value) = knob.split_once('=').expect("NAME=VALUE");
        settings.options.set(&format!("vidu.{name}"), value).expect("a knob");
    }
    Machine::new(Vendor::named("vidu").expect("the registry has it"), settings)
}

fn handled(machine: &mut Machine, request: Request, at: Timestamp) -> (u16, Value, Turn) {
    let turn = machine.handle(&request.header("authorization", "Token key"), at);
    let Reply::Response(response) = &turn.reply else { panic!("Vidu asks nothing") };
    (response.status, value(response), turn)
}

fn value(response: &Response) -> Value {
    response.value().expect("JSON")
}

fn get(machine: &mut Machine, target: &str) -> (u16, Value) {
    let (status, body, _) = handled(machine, Request::get(target), now());
    (status, body)
}

fn post(machine: &mut Machine, target: &str, body: &Value) -> (u16, Value) {
    let (status, body, _) = handled(machine, Request::post(target, body), now());
    (status, body)
}

/// An accepted create on the simplest route, changed.
fn create(machine: &mut Machine, change: &Value, at: Timestamp) -> (String, Vec<Delivery>) {
    let body = patched(&json!({"model": "viduq1", "prompt": "a boat", "callback_url": HOOK}), change);
    let (status, answer, turn) = handled(machine, Request::post("/ent/v2/text2video", &body), at);
    assert_eq!(status, 200, "{answer}");
    (turn.task.expect("a task was made"), turn.deliveries)
}

/// The object with fields put, or removed where the change says `"-"`.
fn patched(body: &Value, change: &Value) -> Value {
    let mut body = body.as_object().expect("an object").clone();
    for (name, value) in change.as_object().expect("an object") {
        if value == "-" {
            body.shift_remove(name);
        } else {
            body.insert(name.clone(), value.clone());
        }
    }
    Value::Object(body)
}

fn queried(machine: &mut Machine, task: &str) -> Value {
    let (status, body) = get(machine, &format!("/ent/v2/tasks/{task}/creations"));
    assert_eq!(status, 200, "{body}");
    body
}

fn end(machine: &mut Machine, task: &str, ending: &str) -> Vec<Delivery> {
    let ending = dialect().ending(ending).expect("an ending");
    machine.advance(task, Step::End(ending), now()).expect("it moves")
}

fn enter(machine: &mut Machine, task: &str, phase: Phase) -> Vec<Delivery> {
    machine.advance(task, Step::To(phase), now()).expect("it moves")
}

fn body_of(delivery: &Delivery) -> Value {
    serde_json::from_slice(&delivery.body).expect("JSON")
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}
