//! The error table, the account's limits, and ids that callers choose.

use rstest::rstest;

use super::*;

const TEXT: &str = "/v1/videos/text2video";
const TURBO: &str = "/text-to-video/kling-3.0-turbo";
const IMAGES: &str = "/v1/images/generations";

/// The error table as the page has it.
const TABLE: [(u64, u16); 21] = [
    (1000, 401),
    (1001, 401),
    (1002, 401),
    (1003, 401),
    (1004, 401),
    (1100, 429),
    (1101, 429),
    (1102, 429),
    (1103, 403),
    (1200, 400),
    (1201, 400),
    (1202, 404),
    (1203, 404),
    (1300, 400),
    (1301, 400),
    (1302, 429),
    (1303, 429),
    (1304, 429),
    (5000, 500),
    (5001, 503),
    (5002, 504),
];

#[rstest]
fn every_row_of_the_table_can_be_had(
    #[values("kling-legacy", "kling-v2")] name: &str,
    #[values("absent", "null", "empty")] data: &str,
) {
    let mut rows = Vec::new();
    for refusal in dialect(name).refusals {
        let mut machine = machine_with(&[(&format!("{name}.error-data"), data)]);
        machine.add_rule(format!("prompt=boat: refuse {}", refusal.name).parse().expect("a rule"));
        let path = if name == "kling-v2" { TURBO } else { TEXT };
        let (status, body) = post(&mut machine, path, &json!({"prompt": "a boat"}));
        let code = body["code"].as_u64().expect("a number");
        assert_eq!(body["message"], refusal.message);
        let carried = match body.get("data") {
            None => "absent",
            Some(Value::Null) => "null",
            Some(_) => "empty",
        };
        assert_eq!(carried, if code == 1303 { "absent" } else { data }, "{body}");
        assert!(machine.tasks().is_empty());
        rows.push((code, status));
    }
    assert_eq!(rows, TABLE);
}

#[test]
fn parameter_errors_can_come_with_200() {
    let mut machine =
        machine_with(&[("kling-legacy.invalid-status", "200"), ("kling-v2.invalid-status", "200")]);
    for path in [TEXT, TURBO] {
        refused(&post(&mut machine, path, &json!({})), 200, 1201);
        refused(&post(&mut machine, path, &json!(7)), 200, 1200);
    }
    refused(&post(&mut machine, TEXT, &json!({"prompt": "A", "model_name": "kling-v0"})), 404, 1203);
}

#[test]
fn an_external_id_is_taken_once_whatever_the_generation() {
    let mut machine = machine();
    let legacy = json!({"prompt": "A boat", "external_task_id": "mine"});
    let new = json!({"prompt": "A boat", "options": {"external_task_id": "mine"}});
    make(&mut machine, TEXT, &legacy);
    for (path, body) in [(TEXT, &legacy), (TURBO, &new)] {
        let answer = post(&mut machine, path, body);
        refused(&answer, 400, 1201);
        assert_eq!(answer.1["message"], "External_task_id mine already exists");
    }
    assert_eq!(machine.tasks().len(), 1);
    // No id is no id.
    for _ in 0..2 {
        make(&mut machine, TEXT, &json!({"prompt": "A boat", "external_task_id": ""}));
    }
}

fn limited(concurrent: Option<u32>, per_minute: Option<u32>) -> Machine {
    let mut settings = settings(&[]);
    settings.limits.concurrent = concurrent;
    settings.limits.per_minute = per_minute;
    Machine::new(kling(), settings)
}

#[test]
fn too_many_at_once_is_1303_until_one_ends() {
    let mut machine = limited(Some(2), None);
    let first = make(&mut machine, TEXT, &sample(TEXT));
    make(&mut machine, TURBO, &sample(TURBO));
    for path in [TEXT, TURBO] {
        let answer = post(&mut machine, path, &sample(path));
        refused(&answer, 429, 1303);
        assert_eq!(answer.1["message"], "parallel task over resource pack limit");
    }
    end(&mut machine, &first, "moderated");
    make(&mut machine, TURBO, &sample(TURBO));
}

#[test]
fn an_image_task_takes_as_many_places_as_it_makes_images() {
    let mut machine = limited(Some(5), None);
    let three = json!({"prompt": "Boats", "n": 3});
    let first = make(&mut machine, IMAGES, &three);
    refused(&post(&mut machine, IMAGES, &three), 429, 1303);
    make(&mut machine, TEXT, &sample(TEXT));
    make(&mut machine, TURBO, &sample(TURBO));
    refused(&post(&mut machine, TEXT, &sample(TEXT)), 429, 1303);
    end(&mut machine, &first, "succeeded");
    make(&mut machine, IMAGES, &three);
}

#[test]
fn too_many_a_minute_is_1302() {
    let mut machine = limited(None, Some(2));
    for path in [TEXT, TURBO] {
        make(&mut machine, path, &sample(path));
    }
    for path in [TEXT, TURBO] {
        refused(&post(&mut machine, path, &sample(path)), 429, 1302);
    }
    make_at(&mut machine, TEXT, &sample(TEXT), later(60_000));
}
