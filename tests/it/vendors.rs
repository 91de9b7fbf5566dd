//! Is everything a mock vendor says what its schemas say, and does every claim say how it is known?
//! Generic over the registry: a new dialect is under test as soon as it is listed.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ringback::schema::{document_file, document_violations};
use ringback_mocks::account::AccountConfig;
use ringback_mocks::machine::{Machine, Reply, Turn};
use ringback_mocks::rules::Rule;
use ringback_mocks::vendor::Step;
use ringback_mocks::vendor::{Dialect, Document, Phase, Purpose, Route, Vendor};
use ringback_mocks::wire::{Request, Response, Secret};
use serde_json::{Value, json};

const LABELS: [&str; 3] = ["documented", "observed", "assumed"];
const HOOK: &str = "https://hooks.example.com/c/boat?x=1";

fn dialects() -> impl Iterator<Item = (Vendor, &'static Dialect)> {
    Vendor::all().flat_map(|vendor| vendor.dialects().iter().map(move |dialect| (vendor, *dialect)))
}

fn now() -> Timestamp {
    Timestamp::from_second(1_787_869_631).expect("in range")
}

fn machine(vendor: Vendor) -> Machine {
    let settings = AccountConfig {
        api_keys: vec![Secret::new("key")],
        // A mock with a socket puts itself here; without a root, result addresses are none.
        results: "https://results.example.com/results".to_owned(),
        seed: 1,
        ..AccountConfig::default()
    };
    Machine::new(vendor, settings)
}

fn authorized(dialect: &Dialect, request: Request) -> Request {
    request.header("authorization", format!("{} key", dialect.auth.word()))
}

/// Answers a question as a good receiver does, so that every turn ends in a response.
fn settled(machine: &mut Machine, turn: Turn) -> (Response, Turn) {
    match turn.reply {
        Reply::Response(ref response) => (response.clone(), turn),
        Reply::Ask(question) => {
            let echo = Response { body: question.body.clone(), ..Response::json(200, &json!({})) };
            let turn = machine.challenged(*question, Some(&echo), now());
            settled(machine, turn)
        }
    }
}

/// Handles a request and judges what came back, callbacks included.
fn ask(
    machine: &mut Machine,
    dialect: &Dialect,
    request: Request,
    faults: &mut Vec<String>,
) -> (Value, Option<String>) {
    let what = format!("{} {}", request.method, request.target);
    let turn = machine.handle(&authorized(dialect, request), now());
    let (response, turn) = settled(machine, turn);
    let body = response.value().unwrap_or(Value::Null);
    if let Some((dialect, document)) = turn.document
        && !(document == Document::Error && body.is_null())
    {
        judge(dialect, document, &body, &what, faults);
    }
    for delivery in &turn.deliveries {
        called_back(delivery.body.as_ref(), dialect, &what, faults);
    }
    (body, turn.task)
}

fn called_back(body: &[u8], dialect: &Dialect, what: &str, faults: &mut Vec<String>) {
    let body: Value = serde_json::from_slice(body).expect("a callback is JSON");
    judge(dialect, Document::Callback, &body, &format!("callback after {what}"), faults);
}

fn judge(dialect: &Dialect, document: Document, body: &Value, what: &str, faults: &mut Vec<String>) {
    match document_violations(dialect, document, body) {
        None => faults.push(format!("{}: no schema {} for {what}", dialect.name, document.stem())),
        Some(violations) => faults.extend(violations.iter().map(|violation| {
            format!("{} {} ({what}): {violation} in {body}", dialect.name, document.stem())
        })),
    }
}

fn creates(dialect: &Dialect) -> impl Iterator<Item = (&'static str, Value)> + use<> {
    dialect.creates.iter().map(|(path, body)| (*path, serde_json::from_str(body).expect("a sample is JSON")))
}

/// The same create with a callback URL at the dialect's place.
fn with_callback(dialect: &Dialect, mut body: Value) -> Value {
    let mut place = &mut body;
    for key in dialect.callback_url.split('/').skip(1) {
        place = &mut place[key];
    }
    *place = json!(HOOK);
    body
}

/// Every call that asks about a task: the braces of its path hold the id, or a parameter does.
fn looks(dialect: &Dialect, path: &str, task: &str, file: &str) -> Vec<Request> {
    let about = |route: &&Route| {
        route.method == "GET" && route.purpose != Purpose::Create && belongs(route, dialect, path)
    };
    dialect
        .routes
        .iter()
        .filter(about)
        .map(|route| match route.path.split_once('{') {
            Some((head, rest)) => {
                let tail = rest.split_once('}').map_or("", |(_, tail)| tail);
                Request::get(format!("{head}{task}{tail}"))
            }
            None => Request::get(format!("{}?task_id={task}&task_ids={task}&file_id={file}", route.path)),
        })
        .collect()
}

/// Whether a look belongs to the product that a create path makes.
fn belongs(route: &Route, dialect: &Dialect, path: &str) -> bool {
    let product = dialect
        .routes
        .iter()
        .find(|other| other.purpose == Purpose::Create && other.segment(path).is_some())
        .map_or("", |create| create.product);
    route.product.is_empty() || route.product == product
}

#[test]
fn every_field_of_every_schema_says_how_it_is_known() {
    let mut faults = Vec::new();
    for (_, dialect) in dialects() {
        for (document, text) in dialect.schemas {
            let file = document_file(dialect, *document);
            let schema: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
            let sources: BTreeSet<&str> = schema["x-sources"]
                .as_object()
                .into_iter()
                .flat_map(|sources| sources.keys().map(String::as_str))
                .collect();
            unlabelled(&schema, "", &sources, &mut |place| faults.push(format!("{file}{place}")));
        }
    }
    assert!(faults.is_empty(), "{} fields without evidence or source:\n{}", faults.len(), faults.join("\n"));
}

fn unlabelled(schema: &Value, place: &str, sources: &BTreeSet<&str>, fault: &mut impl FnMut(String)) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                let here = format!("{place}/{key}");
                // A condition only names fields that are described elsewhere.
                if key == "properties"
                    && !place.ends_with("/if")
                    && !place.ends_with("/then")
                    && !place.ends_with("/else")
                    && !place.ends_with("/not")
                {
                    for (field, schema) in value.as_object().into_iter().flatten() {
                        let evidence = schema["x-evidence"].as_str().unwrap_or_default();
                        let source = schema["x-source"].as_str().unwrap_or_default();
                        if !LABELS.contains(&evidence) || !sources.contains(source) {
                            fault(format!("{here}/{field}"));
                        }
                    }
                }
                unlabelled(value, &here, sources, fault);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                unlabelled(item, &format!("{place}/{at}"), sources, fault);
            }
        }
        _ => {}
    }
}

#[test]
fn every_dialect_describes_every_document_it_sends_or_takes() {
    let mut missing = Vec::new();
    for (_, dialect) in dialects() {
        let has: BTreeSet<&str> = dialect.schemas.iter().map(|(document, _)| document.stem()).collect();
        let fixed = [Document::CreateRequest, Document::Callback, Document::Error];
        let answered = dialect.routes.iter().map(Route::answered_with);
        for document in fixed.into_iter().chain(answered) {
            if !has.contains(document.stem()) {
                missing.push(document_file(dialect, document));
            }
        }
    }
    missing.dedup();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_create_route_has_a_valid_sample_and_every_sample_is_accepted() {
    let mut faults = Vec::new();
    for (vendor, dialect) in dialects() {
        for route in dialect.routes.iter().filter(|route| route.purpose == Purpose::Create) {
            if !dialect.creates.iter().any(|(path, _)| route.segment(path).is_some()) {
                faults.push(format!("{}: no sample for {}", dialect.name, route.path));
            }
        }
        for (path, body) in creates(dialect) {
            for body in [body.clone(), with_callback(dialect, body)] {
                judge(dialect, Document::CreateRequest, &body, path, &mut faults);
                let (answer, task) =
                    ask(&mut machine(vendor), dialect, Request::post(path, &body), &mut faults);
                if task.is_none() {
                    faults.push(format!("{} {path} refused its sample {body}: {answer}", dialect.name));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn whatever_becomes_of_a_task_every_answer_and_callback_is_valid() {
    let mut faults = Vec::new();
    for (vendor, dialect) in dialects() {
        for (path, body) in creates(dialect) {
            let body = with_callback(dialect, body);
            for ending in dialect.endings {
                let mut machine = machine(vendor);
                let (_, task) = ask(&mut machine, dialect, Request::post(path, &body), &mut faults);
                let Some(task) = task else { continue };
                let steps = [Step::To(Phase::Queued), Step::To(Phase::Running), Step::End(ending)];
                for step in std::iter::once(None).chain(steps.map(Some)) {
                    if let Some(step) = step {
                        let moved = machine.advance(&task, step, now()).unwrap_or_default();
                        for delivery in moved {
                            let what = format!("{path} {}", ending.name);
                            called_back(delivery.body.as_ref(), dialect, &what, &mut faults);
                        }
                    }
                    let mut file = "0".to_owned();
                    for look in
                        looks(dialect, path, &task, &file).iter().chain(&looks(dialect, path, "nobody", "0"))
                    {
                        let (answer, _) = ask(&mut machine, dialect, look.clone(), &mut faults);
                        if let Some(id) = answer["file_id"].as_str() {
                            id.clone_into(&mut file);
                        }
                    }
                    for look in looks(dialect, path, &task, &file) {
                        ask(&mut machine, dialect, look, &mut faults);
                    }
                }
            }
        }
    }
    faults.dedup();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults[..faults.len().min(40)].join("\n"));
}

#[test]
fn whoever_ends_or_removes_a_task_is_answered_in_form() {
    let mut faults = Vec::new();
    for (vendor, dialect) in dialects() {
        let Some((path, body)) = creates(dialect).next() else { continue };
        let acts =
            dialect.routes.iter().filter(|route| matches!(route.purpose, Purpose::Cancel | Purpose::Delete));
        for route in acts {
            let Some((head, rest)) = route.path.split_once('{') else { continue };
            let tail = rest.split_once('}').map_or("", |(_, tail)| tail);
            let states = std::iter::once(None)
                .chain([Phase::Queued, Phase::Running].map(|phase| Some(Step::To(phase))))
                .chain(dialect.endings.iter().map(|ending| Some(Step::End(ending))));
            for step in states {
                let mut machine = machine(vendor);
                let create = Request::post(path, &with_callback(dialect, body.clone()));
                let (_, Some(task)) = ask(&mut machine, dialect, create, &mut faults) else { continue };
                if let Some(step) = step {
                    machine.advance(&task, step, now());
                }
                for id in [task.as_str(), task.as_str(), "nobody"] {
                    let call = Request {
                        method: route.method.to_owned(),
                        ..Request::post(format!("{head}{id}{tail}"), &json!({}))
                    };
                    ask(&mut machine, dialect, call, &mut faults);
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_row_of_the_error_table_is_a_valid_error() {
    let mut faults = Vec::new();
    for (vendor, dialect) in dialects() {
        let Some((path, body)) = creates(dialect).next() else { continue };
        let mut names = BTreeSet::new();
        for refusal in dialect.refusals {
            assert!(names.insert(refusal.name), "{} has two rows {}", dialect.name, refusal.name);
            let mut machine = machine(vendor);
            machine.add_rule(Rule { refuse: Some(refusal.name.to_owned()), ..Rule::default() });
            let turn = machine.handle(&authorized(dialect, Request::post(path, &body)), now());
            let (response, turn) = settled(&mut machine, turn);
            assert_eq!(turn.refused.map(|row| row.name), Some(refusal.name), "{}", dialect.name);
            if let Some(body) = response.value() {
                judge(dialect, Document::Error, &body, refusal.name, &mut faults);
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn times_of_a_task_are_ordered_and_results_expire() {
    for (vendor, dialect) in dialects() {
        let Some((path, body)) = creates(dialect).next() else { continue };
        let mut machine = machine(vendor);
        let (_, task) = ask(&mut machine, dialect, Request::post(path, &body), &mut Vec::new());
        let task = task.expect("the sample is accepted");
        let result = |machine: &mut Machine, at| {
            let turn = machine.handle(&Request::get(format!("/results/{task}.mp4")), at);
            settled(machine, turn).0
        };
        assert_eq!(result(&mut machine, now()).status, 404, "{}: not there yet", dialect.name);
        let good = dialect.ending("succeeded").expect("every dialect has a good end");
        machine.advance(&task, Step::End(good), now()).expect("it moves");
        let fetched = result(&mut machine, now());
        assert_eq!(fetched.status, 200);
        assert_eq!(fetched.headers.get("content-type"), Some("video/mp4"));
        assert_eq!(&fetched.body[4..8], b"ftyp");
        let lasts = SignedDuration::try_from(dialect.expiry.result).expect("a time");
        assert_eq!(result(&mut machine, now() + lasts).status, 200, "{}", dialect.name);
        let late = now() + lasts + SignedDuration::from_secs(1);
        assert_eq!(result(&mut machine, late).status, 403, "{}", dialect.name);
    }
}

/// One change somewhere in a valid create.
fn mutated(body: &Value, at: usize, with: &Value) -> Value {
    fn places(value: &Value, pointer: &str, found: &mut Vec<String>) {
        found.push(pointer.to_owned());
        match value {
            Value::Object(object) => object.iter().for_each(|(key, value)| {
                places(value, &format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(at, value)| places(value, &format!("{pointer}/{at}"), found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    places(body, "", &mut found);
    let mut body = body.clone();
    if let Some(place) = body.pointer_mut(&found[at % found.len()]) {
        *place = with.clone();
    }
    body
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        Just(json!("x".repeat(9_000))),
        Just(json!([])),
        Just(json!({})),
        Just(json!([{"type": "text", "text": 7}])),
    ]
}

proptest! {
    /// A valid create with something odd in it is accepted or refused in form, never a fault of ours.
    #[test]
    fn odd_creates_are_answered_in_form(
        sample in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<usize>(), odd_value()), 1..4),
    ) {
        let all: Vec<_> = dialects()
            .flat_map(|(vendor, dialect)| creates(dialect).map(move |(path, body)| (vendor, dialect, path, body)))
            .collect();
        let (vendor, dialect, path, body) = sample.get(&all);
        let body = changes.iter().fold(with_callback(dialect, body.clone()), |body, (at, with)| mutated(&body, *at, with));
        let mut faults = Vec::new();
        let mut machine = machine(*vendor);
        let turn = machine.handle(&authorized(dialect, Request::post(*path, &body)), now());
        let (response, turn) = settled(&mut machine, turn);
        prop_assert!(response.status < 500, "{} {body}", response.status);
        if let (Some((dialect, document)), Some(answer)) = (turn.document, response.value()) {
            judge(dialect, document, &answer, path, &mut faults);
        }
        prop_assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
