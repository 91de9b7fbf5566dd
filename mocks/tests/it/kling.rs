//! Is Kling, in both its generations, what its pages and its observers say? Pure machines in given time.

use jiff::Timestamp;
use ringback_mocks::account::AccountConfig;
use ringback_mocks::machine::{Machine, Reply, Turn};
use ringback_mocks::vendor::Step;
use ringback_mocks::vendor::{Dialect, Phase, Vendor};
use ringback_mocks::wire::{Request, Response, Secret};
use serde_json::{Value, json};

mod account;
mod auth;
mod callbacks;
mod legacy;
mod limits;
mod new;
mod shots;
mod validation;

const HOOK: &str = "https://hooks.example.com/c/boat";
const RESULTS: &str = "https://results.example.com";

fn now() -> Timestamp {
    Timestamp::from_millisecond(1_787_869_631_250).expect("in range")
}

fn later(milliseconds: i64) -> Timestamp {
    now() + jiff::SignedDuration::from_millis(milliseconds)
}

fn kling() -> Vendor {
    Vendor::named("kling").expect("the registry has it")
}

fn dialect(name: &str) -> &'static Dialect {
    kling().dialects().iter().find(|dialect| dialect.name == name).expect("listed")
}

fn settings(knobs: &[(&str, &str)]) -> AccountConfig {
    let mut settings = AccountConfig {
        api_keys: vec![Secret::new("key")],
        results: RESULTS.to_owned(),
        seed: 7,
        ..AccountConfig::default()
    };
    for (name, value) in knobs {
        settings.options.set(name, value).expect("a knob");
    }
    settings
}

fn machine() -> Machine {
    machine_with(&[])
}

fn machine_with(knobs: &[(&str, &str)]) -> Machine {
    Machine::new(kling(), settings(knobs))
}

fn turn(machine: &mut Machine, request: Request, at: Timestamp) -> Turn {
    machine.handle(&request.header("authorization", "Bearer key"), at)
}

fn response(turn: Turn) -> Response {
    match turn.reply {
        Reply::Response(response) => response,
        Reply::Ask(_) => panic!("Kling asks nobody"),
    }
}

/// Status and body of an answer.
fn ask(machine: &mut Machine, request: Request) -> (u16, Value) {
    let response = response(turn(machine, request, now()));
    let body = response.value().expect("JSON");
    (response.status, body)
}

fn get(machine: &mut Machine, target: &str) -> Value {
    let (status, body) = ask(machine, Request::get(target));
    assert_eq!((status, &body["code"]), (200, &json!(0)), "{target}: {body}");
    body["data"].clone()
}

fn post(machine: &mut Machine, path: &str, body: &Value) -> (u16, Value) {
    ask(machine, Request::post(path, body))
}

/// The id of a new task.
fn make(machine: &mut Machine, path: &str, body: &Value) -> String {
    make_at(machine, path, body, now())
}

fn make_at(machine: &mut Machine, path: &str, body: &Value, at: Timestamp) -> String {
    let turn = turn(machine, Request::post(path, body), at);
    let task = turn.task.clone();
    task.unwrap_or_else(|| panic!("{path} refused {body}: {:?}", response(turn).value()))
}

fn refused(answer: &(u16, Value), status: u16, code: u64) {
    assert_eq!((answer.0, &answer.1["code"]), (status, &json!(code)), "{}", answer.1);
    let id = answer.1["request_id"].as_str().expect("text");
    assert_eq!((id.len(), &id[14..15]), (36, "4"), "a version 4 UUID: {id}");
}

/// Ends a task and returns the bodies called back.
fn end(machine: &mut Machine, task: &str, ending: &str) -> Vec<Value> {
    let dialect = machine.tasks().get(task).expect("it is kept").draft.dialect;
    let ending = dialect.ending(ending).unwrap_or_else(|| panic!("{} has no ending {ending}", dialect.name));
    advance(machine, task, Step::End(ending))
}

fn run(machine: &mut Machine, task: &str) -> Vec<Value> {
    advance(machine, task, Step::To(Phase::Running))
}

fn advance(machine: &mut Machine, task: &str, step: Step) -> Vec<Value> {
    let deliveries = machine.advance(task, step, later(60_000)).expect("it moves");
    deliveries.iter().map(|delivery| serde_json::from_slice(&delivery.body).expect("JSON")).collect()
}

/// Path and body of the samples of a dialect.
fn samples(name: &str) -> Vec<(&'static str, Value)> {
    let creates = dialect(name).creates.iter();
    creates.map(|(path, body)| (*path, serde_json::from_str(body).expect("JSON"))).collect()
}

/// The simplest sample of a path.
fn sample(path: &str) -> Value {
    let all = [samples("kling-legacy"), samples("kling-v2")].concat();
    all.into_iter().find(|(other, _)| *other == path).unwrap_or_else(|| panic!("no sample of {path}")).1
}
