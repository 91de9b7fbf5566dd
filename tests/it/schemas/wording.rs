//! What a violation says: readable, and short whatever the value.

use ringback::schema::{Schema, violations};
use rstest::rstest;
use serde_json::{Value, json};

use super::gateway::{FINISHED, JOB, REFUSED, RUNNING, TAKEN};
use super::report::REPORT;
use super::{parse, replaced};

#[rstest]
#[case::missing(Schema::ErrorResponse, REFUSED, "", r#"{"code": 400}"#, r#"(root): "error" is missing"#)]
#[case::superfluous(Schema::SubmitRequest, JOB, "/input/n", "1", r#"/input: "n" does not belong here"#)]
#[case::constant(Schema::SubmitResponse, TAKEN, "/code", "0", "/code: 0 where only 200 is allowed")]
#[case::choice(
    Schema::StatusResponse,
    RUNNING,
    "/data/status",
    r#""done""#,
    r#"/data/status: "done" is none of "not_started", "running", "finished", "failed""#
)]
#[case::kind(Schema::SubmitRequest, JOB, "/model", "[1]", r#"/model: [1] is not of type "string""#)]
#[case::kinds(
    Schema::SubmitResponse,
    TAKEN,
    "/data/error_message",
    "1",
    r#"/data/error_message: 1 is not of types "null", "string""#
)]
#[case::pattern(
    Schema::SubmitRequest,
    JOB,
    "/input/metadata/callback_url",
    r#""http://a.example/""#,
    r#"/input/metadata/callback_url: "http://a.example/" does not match "^https://""#
)]
#[case::format(
    Schema::StatusResponse,
    FINISHED,
    "/data/files/0/file_url",
    r#""https://a b/""#,
    r#"/data/files/0/file_url: "https://a b/" is not a "uri""#
)]
#[case::too_few(
    Schema::StatusResponse,
    FINISHED,
    "/data/files",
    "[]",
    "/data/files: [] has less than 1 item"
)]
#[case::too_large(
    Schema::StatusResponse,
    RUNNING,
    "/data/progress",
    "101",
    "/data/progress: 101 is greater than the maximum of 100"
)]
#[case::forbidden_value(
    Schema::ErrorResponse,
    REFUSED,
    "/code",
    "200",
    "/code: 200 is a code that means success"
)]
#[case::forbidden_key(
    Schema::ErrorResponse, REFUSED, "", r#"{"code": 400, "error": {"message": "a", "type": "b"}, "data": 1}"#,
    r#"(root): {"code":400,"error":{"message":"a","type":"b"},"data":1} is an error that carries `data` as an accepted task would"#
)]
#[case::forbidden_part(
    Schema::Report,
    REPORT,
    "/cases/0/transcript/1/request/body/text",
    r#""x""#,
    r#"/cases/0/transcript/1/request/body/text: "x" is not allowed here"#
)]
fn says(
    #[case] schema: Schema,
    #[case] base: &str,
    #[case] at: &str,
    #[case] json: &str,
    #[case] expected: &str,
) {
    let found = violations(schema, &replaced(parse(base), at, parse(json)));
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
}

/// Three bytes a character, so that most cuts fall inside one.
fn long() -> String {
    "漢".repeat(100_000)
}

#[rstest]
#[case::value_of_a_choice("/data/status", json!(long()))]
#[case::value_of_a_pattern("/data/task_id", json!(long()))]
#[case::value_of_a_type("/data/progress", json!([long(), long()]))]
#[case::value_of_a_constant("/code", json!(long()))]
#[case::value_of_not("/error", json!(long()))]
fn messages_stay_short(#[case] at: &str, #[case] value: Value) {
    let found = violations(Schema::StatusResponse, &replaced(parse(RUNNING), at, value));
    assert_eq!(found.len(), 1);
    let message = &found[0].message;
    assert!(message.len() < 700, "{} bytes", message.len());
    assert!(message.contains("… ("), "{message}");
}

#[rstest]
fn names_of_superfluous_keys_stay_short_too() {
    let mut job = parse(JOB);
    for index in 0..50 {
        job["input"][format!("{index}{}", long())] = json!(1);
    }
    let found = violations(Schema::SubmitRequest, &job);
    assert_eq!(found.len(), 1);
    assert!(found[0].message.len() < 700, "{} bytes", found[0].message.len());
}

/// A report stores violations; its reader needs the three parts by name.
#[rstest]
fn a_violation_serialises_by_name() {
    let found = violations(Schema::SubmitResponse, &replaced(parse(TAKEN), "/code", json!(1)));
    let expected = json!([{
        "pointer": "/code", "rule": "/properties/code/const", "message": "1 where only 200 is allowed",
    }]);
    assert_eq!(serde_json::to_value(found).expect("plain data"), expected);
}
