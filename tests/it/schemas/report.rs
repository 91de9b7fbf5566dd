//! The JSON report: one counter-example per clause, and what must pass beside the base.

use ringback::schema::{Schema, violations};
use rstest::rstest;
use serde_json::{Value, json};

use super::{CounterExample, Put, Text, Without, accept, parse};

/// Three cases: one that found fault, with both kinds of answer in its transcript, one that passed, one not judged.
pub(crate) const REPORT: &str = r#"{"schema": "ringback.report/1", "tool": {"name": "ringback", "version": "0.1.0"},
    "subject": "gateway", "mode": "loopback", "target": {"url": "http://127.0.0.1:8080"}, "seed": 7,
    "selection": {"only": ["GW-*"], "skip": ["GW-ST-001"], "level": null, "replay": null, "cases": 3, "shards": {"of": 2, "held": [1]}},
    "traffic": {"requests": 9, "jobs": 1}, "expectations": [{"pattern": "GW-CB-001", "reason": "issue 12", "known": true}],
    "started": "2026-11-24T03:00:00Z", "duration_ms": 1234, "counts": {"pass": 1, "fail": 1, "warn": 0,
    "not_applicable": 0, "not_testable": 1, "inconclusive": 0, "error": 0}, "cases": [
    {"name": "gateway/callback-url/forwarded[kling]", "requirement": "GW-CB-001", "chapter": "callback-url", "vendor": "kling",
     "level": "MUST", "sentence": "The gateway forwards the callback URL unchanged.",
     "source": {"page": "Webhook Callbacks", "url": "https://doc.apimp.ai/en/docs/common-api/task/webhook", "read": "2026-11-24"},
     "outcome": "fail", "reason": null, "expectation": {"pattern": "GW-CB-001", "reason": "issue 12", "state": "confirmed"}, "findings": [{"expected": ["https://inbox.example/1"], "actual": "nothing",
     "pointer": "/callback_url", "evidence": 0, "curl": "curl http://127.0.0.1:8080/"}], "transcript": [
     {"seq": 0, "leg": "client", "vendor": null, "at_ms": 0.5, "took_ms": 12, "request": {"method": "POST",
      "target": "/api/generate/submit", "headers": [["accept", "*/*"]], "body": {"text": "{", "truncated": 70000}},
      "answer": {"status": 200, "headers": [], "body": null}},
     {"seq": 1, "leg": "upstream", "vendor": "kling", "at_ms": 3, "took_ms": 0, "request": {"method": "POST",
      "target": "/v1/videos/text2video", "headers": [], "body": {"base64": "/wA="}}, "answer": {"error": "connection refused"}}],
     "replay": "ringback test gateway --case GW-CB-001", "duration_ms": 12},
    {"name": "gateway/submit/shape", "requirement": "GW-SUB-001", "chapter": "submit", "vendor": null, "level": "SHOULD",
     "sentence": "A submit is answered in the documented shape.",
     "source": {"page": "Image API", "url": "https://doc.apimp.ai/en/docs/generate/image-api", "read": "2026-11-24"},
     "outcome": "pass", "reason": null, "findings": [], "transcript": [], "replay": "ringback test gateway", "duration_ms": 3},
    {"name": "gateway/status/foreign", "requirement": "GW-ST-009", "chapter": "status", "vendor": null, "level": "MUST",
     "sentence": "Nobody reads another client's job.",
     "source": {"page": "Get Task Status", "url": "https://doc.apimp.ai/en/docs/common-api/task/status", "read": "2026-11-24"},
     "outcome": "not_testable", "reason": "no second client", "findings": [], "transcript": [],
     "replay": "ringback test gateway", "duration_ms": 0}],
    "verdict": "violations", "complete": true}"#;

counter_examples! { REPORTS, rejects, Schema::Report;
    not_an_object: REPORT, Put("", "[]") => "", "/type";
    a_key_is_missing: REPORT, Without("", &["schema", "tool", "subject", "mode", "target", "seed", "started", "duration_ms",
        "counts", "cases", "verdict", "complete"]) => "", "/required";
    an_unknown_key: REPORT, Put("/extra", "1") => "", "/additionalProperties";
    another_version: REPORT, Text("/schema", "ringback.report/2") => "/schema", "schema/const";
    tool_is_text: REPORT, Text("/tool", "ringback 0.1.0") => "/tool", "tool/type";
    a_tool_key_is_missing: REPORT, Without("/tool", &["name", "version"]) => "/tool", "tool/required";
    an_unknown_tool_key: REPORT, Put("/tool/extra", "1") => "/tool", "tool/additionalProperties";
    tool_name_is_null: REPORT, Put("/tool/name", "null") => "/tool/name", "name/type";
    tool_name_is_empty: REPORT, Text("/tool/name", "") => "/tool/name", "name/minLength";
    tool_version_is_a_number: REPORT, Put("/tool/version", "0.1") => "/tool/version", "version/type";
    tool_version_is_empty: REPORT, Text("/tool/version", "") => "/tool/version", "version/minLength";
    unknown_subject: REPORT, Text("/subject", "vendor") => "/subject", "subject/enum";
    unknown_mode: REPORT, Text("/mode", "remote") => "/mode", "mode/enum";
    target_is_text: REPORT, Text("/target", "http://127.0.0.1:8080") => "/target", "target/type";
    seed_is_text: REPORT, Text("/seed", "7") => "/seed", "seed/type";
    started_is_a_number: REPORT, Put("/started", "1795489200") => "/started", "started/type";
    started_without_offset: REPORT, Text("/started", "2026-11-24T03:00:00") => "/started", "started/format";
    duration_is_a_fraction: REPORT, Put("/duration_ms", "0.5") => "/duration_ms", "duration_ms/$ref/type";
    duration_is_negative: REPORT, Put("/duration_ms", "-1") => "/duration_ms", "duration_ms/$ref/minimum";
    counts_is_a_list: REPORT, Put("/counts", "[]") => "/counts", "counts/type";
    a_count_is_missing: REPORT, Without("/counts", &["pass", "fail", "warn", "not_applicable", "not_testable",
        "inconclusive", "error"]) => "/counts", "counts/required";
    an_unknown_count: REPORT, Put("/counts/skipped", "0") => "/counts", "counts/additionalProperties";
    pass_is_negative: REPORT, Put("/counts/pass", "-1") => "/counts/pass", "pass/$ref/minimum";
    fail_is_negative: REPORT, Put("/counts/fail", "-1") => "/counts/fail", "fail/$ref/minimum";
    warn_is_negative: REPORT, Put("/counts/warn", "-1") => "/counts/warn", "warn/$ref/minimum";
    not_applicable_is_negative: REPORT, Put("/counts/not_applicable", "-1") => "/counts/not_applicable", "not_applicable/$ref/minimum";
    not_testable_is_negative: REPORT, Put("/counts/not_testable", "-1") => "/counts/not_testable", "not_testable/$ref/minimum";
    inconclusive_is_negative: REPORT, Put("/counts/inconclusive", "-1") => "/counts/inconclusive", "inconclusive/$ref/minimum";
    error_is_negative: REPORT, Put("/counts/error", "-1") => "/counts/error", "error/$ref/minimum";
    cases_is_an_object: REPORT, Put("/cases", "{}") => "/cases", "cases/type";
    selection_is_null: REPORT, Put("/selection", "null") => "/selection", "selection/type";
    a_selection_key_is_missing: REPORT, Without("/selection", &["only", "skip", "level", "replay", "cases", "shards"])
        => "/selection", "selection/required";
    an_unknown_selection_key: REPORT, Put("/selection/extra", "1") => "/selection", "selection/additionalProperties";
    only_is_text: REPORT, Text("/selection/only", "GW-*") => "/selection/only", "only/$ref/type";
    only_holds_a_number: REPORT, Put("/selection/only/0", "1") => "/selection/only/0", "only/$ref/items/$ref/type";
    only_holds_nothing: REPORT, Text("/selection/only/0", "") => "/selection/only/0", "only/$ref/items/$ref/minLength";
    skip_is_null: REPORT, Put("/selection/skip", "null") => "/selection/skip", "skip/$ref/type";
    selected_level_in_small_letters: REPORT, Text("/selection/level", "must") => "/selection/level", "level/enum";
    selected_replay_is_a_number: REPORT, Put("/selection/replay", "1") => "/selection/replay", "replay/type";
    selected_replay_is_empty: REPORT, Text("/selection/replay", "") => "/selection/replay", "replay/minLength";
    selected_cases_are_negative: REPORT, Put("/selection/cases", "-1") => "/selection/cases", "cases/$ref/minimum";
    shards_are_a_list: REPORT, Put("/selection/shards", "[]") => "/selection/shards", "shards/type";
    a_shards_key_is_missing: REPORT, Without("/selection/shards", &["of", "held"]) => "/selection/shards", "shards/required";
    an_unknown_shards_key: REPORT, Put("/selection/shards/extra", "1") => "/selection/shards", "shards/additionalProperties";
    of_is_text: REPORT, Text("/selection/shards/of", "2") => "/selection/shards/of", "of/$ref/type";
    of_is_zero: REPORT, Put("/selection/shards/of", "0") => "/selection/shards/of", "of/$ref/minimum";
    held_is_a_number: REPORT, Put("/selection/shards/held", "1") => "/selection/shards/held", "held/type";
    held_is_empty: REPORT, Put("/selection/shards/held", "[]") => "/selection/shards/held", "held/minItems";
    held_repeats: REPORT, Put("/selection/shards/held", "[1, 1]") => "/selection/shards/held", "held/uniqueItems";
    held_holds_zero: REPORT, Put("/selection/shards/held/0", "0") => "/selection/shards/held/0", "held/items/$ref/minimum";
    traffic_is_a_number: REPORT, Put("/traffic", "9") => "/traffic", "traffic/type";
    a_traffic_key_is_missing: REPORT, Without("/traffic", &["requests", "jobs"]) => "/traffic", "traffic/required";
    an_unknown_traffic_key: REPORT, Put("/traffic/extra", "1") => "/traffic", "traffic/additionalProperties";
    requests_are_negative: REPORT, Put("/traffic/requests", "-1") => "/traffic/requests", "requests/$ref/minimum";
    jobs_are_negative: REPORT, Put("/traffic/jobs", "-1") => "/traffic/jobs", "jobs/$ref/minimum";
    expectations_are_an_object: REPORT, Put("/expectations", "{}") => "/expectations", "expectations/type";
    expectation_is_text: REPORT, Text("/expectations/0", "GW-CB-001") => "/expectations/0", "expectations/items/type";
    an_expectation_key_is_missing: REPORT, Without("/expectations/0", &["pattern", "reason", "known"])
        => "/expectations/0", "expectations/items/required";
    an_unknown_expectation_key: REPORT, Put("/expectations/0/extra", "1") => "/expectations/0", "expectations/items/additionalProperties";
    expected_pattern_is_empty: REPORT, Text("/expectations/0/pattern", "") => "/expectations/0/pattern", "pattern/$ref/minLength";
    expected_reason_is_empty: REPORT, Text("/expectations/0/reason", "") => "/expectations/0/reason", "reason/$ref/minLength";
    known_is_text: REPORT, Text("/expectations/0/known", "yes") => "/expectations/0/known", "known/type";
    case_expectation_is_null: REPORT, Put("/cases/0/expectation", "null") => "/cases/0/expectation", "expectation/type";
    a_case_expectation_key_is_missing: REPORT, Without("/cases/0/expectation", &["pattern", "reason", "state"])
        => "/cases/0/expectation", "expectation/required";
    an_unknown_case_expectation_key: REPORT, Put("/cases/0/expectation/extra", "1")
        => "/cases/0/expectation", "expectation/additionalProperties";
    case_pattern_is_a_number: REPORT, Put("/cases/0/expectation/pattern", "1") => "/cases/0/expectation/pattern", "pattern/$ref/type";
    case_reason_is_empty: REPORT, Text("/cases/0/expectation/reason", "") => "/cases/0/expectation/reason", "reason/$ref/minLength";
    unknown_state: REPORT, Text("/cases/0/expectation/state", "held") => "/cases/0/expectation/state", "state/enum";
    unknown_verdict: REPORT, Text("/verdict", "pass") => "/verdict", "verdict/enum";
    complete_is_text: REPORT, Text("/complete", "yes") => "/complete", "complete/type";
    case_is_text: REPORT, Text("/cases/1", "pass") => "/cases/1", "cases/items/$ref/type";
    a_case_key_is_missing: REPORT, Without("/cases/0", &["name", "requirement", "chapter", "vendor", "level", "sentence",
        "source", "outcome", "reason", "findings", "transcript", "replay", "duration_ms"]) => "/cases/0", "cases/items/$ref/required";
    outcome_of_a_pass_is_missing: REPORT, Without("/cases/1", &["outcome"]) => "/cases/1", "cases/items/$ref/required";
    an_unknown_case_key: REPORT, Put("/cases/0/extra", "1") => "/cases/0", "cases/items/$ref/additionalProperties";
    name_is_null: REPORT, Put("/cases/0/name", "null") => "/cases/0/name", "name/type";
    name_is_empty: REPORT, Text("/cases/0/name", "") => "/cases/0/name", "name/minLength";
    requirement_is_a_number: REPORT, Put("/cases/0/requirement", "1") => "/cases/0/requirement", "requirement/type";
    requirement_of_another_family: REPORT, Text("/cases/0/requirement", "XX-CB-001") => "/cases/0/requirement", "requirement/pattern";
    requirement_with_a_tail: REPORT, Text("/cases/0/requirement", "GW-CB-0010") => "/cases/0/requirement", "requirement/pattern";
    chapter_is_null: REPORT, Put("/cases/0/chapter", "null") => "/cases/0/chapter", "chapter/type";
    chapter_is_empty: REPORT, Text("/cases/0/chapter", "") => "/cases/0/chapter", "chapter/minLength";
    vendor_is_a_list: REPORT, Put("/cases/0/vendor", "[]") => "/cases/0/vendor", "vendor/$ref/type";
    vendor_is_empty: REPORT, Text("/cases/0/vendor", "") => "/cases/0/vendor", "vendor/$ref/minLength";
    unknown_level: REPORT, Text("/cases/0/level", "must") => "/cases/0/level", "level/enum";
    sentence_is_null: REPORT, Put("/cases/0/sentence", "null") => "/cases/0/sentence", "sentence/type";
    sentence_is_empty: REPORT, Text("/cases/0/sentence", "") => "/cases/0/sentence", "sentence/minLength";
    source_is_text: REPORT, Text("/cases/0/source", "the page") => "/cases/0/source", "source/type";
    a_source_key_is_missing: REPORT, Without("/cases/0/source", &["page", "url", "read"]) => "/cases/0/source", "source/required";
    an_unknown_source_key: REPORT, Put("/cases/0/source/extra", "1") => "/cases/0/source", "source/additionalProperties";
    page_is_null: REPORT, Put("/cases/0/source/page", "null") => "/cases/0/source/page", "page/type";
    page_is_empty: REPORT, Text("/cases/0/source/page", "") => "/cases/0/source/page", "page/minLength";
    url_is_null: REPORT, Put("/cases/0/source/url", "null") => "/cases/0/source/url", "url/type";
    url_is_a_path: REPORT, Text("/cases/0/source/url", "/docs") => "/cases/0/source/url", "url/format";
    read_is_a_number: REPORT, Put("/cases/0/source/read", "2026") => "/cases/0/source/read", "read/type";
    read_is_no_day: REPORT, Text("/cases/0/source/read", "2026-13-01") => "/cases/0/source/read", "read/format";
    unknown_outcome: REPORT, Text("/cases/0/outcome", "skipped") => "/cases/0/outcome", "outcome/enum";
    reason_is_a_list: REPORT, Put("/cases/0/reason", "[]") => "/cases/0/reason", "$ref/properties/reason/type";
    unjudged_with_null_reason: REPORT, Put("/cases/2/reason", "null") => "/cases/2/reason", "allOf/0/then/properties/reason/type";
    unjudged_with_blank_reason: REPORT, Text("/cases/2/reason", " ") => "/cases/2/reason", "allOf/0/then/properties/reason/pattern";
    fault_without_finding: REPORT, Put("/cases/0/findings", "[]") => "/cases/0/findings", "allOf/1/then/properties/findings/minItems";
    pass_with_finding: REPORT, Put("/cases/1/findings", r#"[{"expected": ["1"], "actual": "2", "pointer": null, "evidence": null,
        "curl": null}]"#) => "/cases/1/findings", "allOf/2/then/properties/findings/maxItems";
    findings_is_null: REPORT, Put("/cases/0/findings", "null") => "/cases/0/findings", "findings/type";
    transcript_is_null: REPORT, Put("/cases/0/transcript", "null") => "/cases/0/transcript", "transcript/type";
    replay_is_null: REPORT, Put("/cases/0/replay", "null") => "/cases/0/replay", "replay/type";
    replay_is_empty: REPORT, Text("/cases/0/replay", "") => "/cases/0/replay", "replay/minLength";
    case_duration_is_negative: REPORT, Put("/cases/0/duration_ms", "-1") => "/cases/0/duration_ms", "duration_ms/$ref/minimum";
    finding_is_text: REPORT, Put("/cases/0/findings", r#"["no"]"#) => "/cases/0/findings/0", "findings/items/$ref/type";
    a_finding_key_is_missing: REPORT, Without("/cases/0/findings/0", &["expected", "actual", "pointer", "evidence", "curl"])
        => "/cases/0/findings/0", "findings/items/$ref/required";
    an_unknown_finding_key: REPORT, Put("/cases/0/findings/0/extra", "1") => "/cases/0/findings/0", "items/$ref/additionalProperties";
    expected_is_text: REPORT, Text("/cases/0/findings/0/expected", "1") => "/cases/0/findings/0/expected", "expected/type";
    expected_is_empty: REPORT, Put("/cases/0/findings/0/expected", "[]") => "/cases/0/findings/0/expected", "expected/minItems";
    expected_holds_a_number: REPORT, Put("/cases/0/findings/0/expected/0", "1") => "/cases/0/findings/0/expected/0", "expected/items/type";
    actual_is_null: REPORT, Put("/cases/0/findings/0/actual", "null") => "/cases/0/findings/0/actual", "actual/type";
    pointer_is_a_number: REPORT, Put("/cases/0/findings/0/pointer", "0") => "/cases/0/findings/0/pointer", "pointer/type";
    pointer_without_slash: REPORT, Text("/cases/0/findings/0/pointer", "data") => "/cases/0/findings/0/pointer", "pointer/format";
    evidence_is_text: REPORT, Text("/cases/0/findings/0/evidence", "0") => "/cases/0/findings/0/evidence", "evidence/type";
    evidence_is_negative: REPORT, Put("/cases/0/findings/0/evidence", "-1") => "/cases/0/findings/0/evidence", "evidence/minimum";
    curl_is_a_list: REPORT, Put("/cases/0/findings/0/curl", "[]") => "/cases/0/findings/0/curl", "curl/type";
}

// Exchange 0 of the base has text and an HTTP answer; exchange 1 has base64 and no answer.
counter_examples! { EXCHANGES, rejects_exchange, Schema::Report;
    it_is_null: REPORT, Put("/cases/0/transcript/0", "null") => "/cases/0/transcript/0", "transcript/items/$ref/type";
    a_key_is_missing: REPORT, Without("/cases/0/transcript/0", &["seq", "leg", "vendor", "at_ms", "took_ms", "request", "answer"])
        => "/cases/0/transcript/0", "transcript/items/$ref/required";
    an_unknown_key: REPORT, Put("/cases/0/transcript/0/extra", "1") => "/cases/0/transcript/0", "items/$ref/additionalProperties";
    seq_is_negative: REPORT, Put("/cases/0/transcript/0/seq", "-1") => "/cases/0/transcript/0/seq", "seq/$ref/minimum";
    unknown_leg: REPORT, Text("/cases/0/transcript/0/leg", "server") => "/cases/0/transcript/0/leg", "leg/enum";
    vendor_is_empty: REPORT, Text("/cases/0/transcript/0/vendor", "") => "/cases/0/transcript/0/vendor", "vendor/$ref/minLength";
    at_ms_is_text: REPORT, Text("/cases/0/transcript/0/at_ms", "1") => "/cases/0/transcript/0/at_ms", "at_ms/$ref/type";
    at_ms_is_negative: REPORT, Put("/cases/0/transcript/0/at_ms", "-0.1") => "/cases/0/transcript/0/at_ms", "at_ms/$ref/minimum";
    took_ms_is_null: REPORT, Put("/cases/0/transcript/0/took_ms", "null") => "/cases/0/transcript/0/took_ms", "took_ms/$ref/type";
    request_is_text: REPORT, Text("/cases/0/transcript/0/request", "GET /") => "/cases/0/transcript/0/request", "request/type";
    a_request_key_is_missing: REPORT, Without("/cases/0/transcript/0/request", &["method", "target", "headers", "body"])
        => "/cases/0/transcript/0/request", "request/required";
    an_unknown_request_key: REPORT, Put("/cases/0/transcript/0/request/extra", "1")
        => "/cases/0/transcript/0/request", "request/additionalProperties";
    method_is_null: REPORT, Put("/cases/0/transcript/0/request/method", "null") => "/cases/0/transcript/0/request/method", "method/type";
    method_is_empty: REPORT, Text("/cases/0/transcript/0/request/method", "") => "/cases/0/transcript/0/request/method", "method/minLength";
    target_is_null: REPORT, Put("/cases/0/transcript/0/request/target", "null") => "/cases/0/transcript/0/request/target", "target/type";
    target_is_empty: REPORT, Text("/cases/0/transcript/0/request/target", "") => "/cases/0/transcript/0/request/target", "target/minLength";
    headers_as_object: REPORT, Put("/cases/0/transcript/0/request/headers", "{}")
        => "/cases/0/transcript/0/request/headers", "headers/$ref/type";
    header_as_text: REPORT, Text("/cases/0/transcript/0/request/headers/0", "accept: */*")
        => "/cases/0/transcript/0/request/headers/0", "$ref/items/type";
    header_without_value: REPORT, Put("/cases/0/transcript/0/request/headers/0", r#"["accept"]"#)
        => "/cases/0/transcript/0/request/headers/0", "$ref/items/minItems";
    header_with_two_values: REPORT, Put("/cases/0/transcript/0/request/headers/0", r#"["accept", "a", "b"]"#)
        => "/cases/0/transcript/0/request/headers/0", "$ref/items/maxItems";
    header_value_is_a_number: REPORT, Put("/cases/0/transcript/0/request/headers/0/1", "1")
        => "/cases/0/transcript/0/request/headers/0/1", "$ref/items/items/type";
    body_is_bare_text: REPORT, Text("/cases/0/transcript/1/request/body", "{") => "/cases/0/transcript/1/request/body", "body/$ref/type";
    body_without_bytes: REPORT, Without("/cases/0/transcript/0/request/body", &["text"])
        => "/cases/0/transcript/0/request/body", "body/$ref/else/required";
    an_unknown_body_key: REPORT, Put("/cases/0/transcript/0/request/body/extra", "1")
        => "/cases/0/transcript/0/request/body", "body/$ref/additionalProperties";
    text_is_null: REPORT, Put("/cases/0/transcript/0/request/body/text", "null")
        => "/cases/0/transcript/0/request/body/text", "text/type";
    text_is_empty: REPORT, Text("/cases/0/transcript/0/request/body/text", "")
        => "/cases/0/transcript/0/request/body/text", "text/minLength";
    base64_is_null: REPORT, Put("/cases/0/transcript/1/request/body/base64", "null")
        => "/cases/0/transcript/1/request/body/base64", "base64/type";
    base64_is_empty: REPORT, Text("/cases/0/transcript/1/request/body/base64", "")
        => "/cases/0/transcript/1/request/body/base64", "base64/minLength";
    base64_for_urls: REPORT, Text("/cases/0/transcript/1/request/body/base64", "_wA=")
        => "/cases/0/transcript/1/request/body/base64", "base64/pattern";
    base64_beside_text: REPORT, Text("/cases/0/transcript/1/request/body/text", "x")
        => "/cases/0/transcript/1/request/body/text", "body/$ref/then/properties/text";
    truncated_is_a_flag: REPORT, Put("/cases/0/transcript/0/request/body/truncated", "true")
        => "/cases/0/transcript/0/request/body/truncated", "truncated/$ref/type";
    answer_is_null: REPORT, Put("/cases/0/transcript/0/answer", "null") => "/cases/0/transcript/0/answer", "answer/type";
    an_answer_key_is_missing: REPORT, Without("/cases/0/transcript/0/answer", &["status", "headers", "body"])
        => "/cases/0/transcript/0/answer", "answer/else/$ref/required";
    an_unknown_answer_key: REPORT, Put("/cases/0/transcript/0/answer/extra", "1")
        => "/cases/0/transcript/0/answer", "answer/else/$ref/additionalProperties";
    status_is_text: REPORT, Text("/cases/0/transcript/0/answer/status", "200") => "/cases/0/transcript/0/answer/status", "status/type";
    status_has_two_digits: REPORT, Put("/cases/0/transcript/0/answer/status", "99")
        => "/cases/0/transcript/0/answer/status", "status/minimum";
    status_has_four_digits: REPORT, Put("/cases/0/transcript/0/answer/status", "1000")
        => "/cases/0/transcript/0/answer/status", "status/maximum";
    answer_headers_as_object: REPORT, Put("/cases/0/transcript/0/answer/headers", "{}")
        => "/cases/0/transcript/0/answer/headers", "headers/$ref/type";
    answer_body_is_bare_text: REPORT, Text("/cases/0/transcript/0/answer/body", "ok")
        => "/cases/0/transcript/0/answer/body", "body/$ref/type";
    answer_beside_error: REPORT, Put("/cases/0/transcript/1/answer/status", "200")
        => "/cases/0/transcript/1/answer", "answer/then/$ref/additionalProperties";
    error_is_null: REPORT, Put("/cases/0/transcript/1/answer/error", "null") => "/cases/0/transcript/1/answer/error", "error/type";
    error_is_empty: REPORT, Text("/cases/0/transcript/1/answer/error", "") => "/cases/0/transcript/1/answer/error", "error/minLength";
}

#[rstest]
fn every_subject(#[values("gateway", "receiver")] word: &str) {
    accept(Schema::Report, REPORT, &[("/subject", &format!("{word:?}"))]);
}

#[rstest]
fn every_mode(#[values("embedded", "loopback", "deployed")] word: &str) {
    accept(Schema::Report, REPORT, &[("/mode", &format!("{word:?}"))]);
}

#[rstest]
fn every_verdict(#[values("conforms", "violations", "undecided", "nothing_ran")] word: &str) {
    accept(Schema::Report, REPORT, &[("/verdict", &format!("{word:?}"))]);
}

#[rstest]
fn every_level(#[values("MUST", "SHOULD", "MAY")] word: &str) {
    accept(Schema::Report, REPORT, &[("/cases/1/level", &format!("{word:?}"))]);
}

#[rstest]
fn every_leg(#[values("client", "upstream", "callback", "inbox", "gateway")] word: &str) {
    accept(Schema::Report, REPORT, &[("/cases/0/transcript/0/leg", &format!("{word:?}"))]);
}

#[rstest]
fn every_family_of_requirements(#[values("GW-CB-001", "RX-S-999", "UP-KLING-010")] id: &str) {
    accept(Schema::Report, REPORT, &[("/cases/1/requirement", &format!("{id:?}"))]);
}

#[rstest]
#[case::fail("/cases/0/outcome", "fail")]
#[case::warn("/cases/0/outcome", "warn")]
#[case::pass("/cases/1/outcome", "pass")]
#[case::not_applicable("/cases/2/outcome", "not_applicable")]
#[case::not_testable("/cases/2/outcome", "not_testable")]
#[case::inconclusive("/cases/2/outcome", "inconclusive")]
#[case::error("/cases/2/outcome", "error")]
fn every_outcome(#[case] at: &str, #[case] word: &str) {
    accept(Schema::Report, REPORT, &[(at, &format!("{word:?}"))]);
}

#[rstest]
fn every_outcome_that_is_no_judgement_needs_a_reason(
    #[values("not_applicable", "not_testable", "inconclusive", "error")] word: &str,
) {
    let mut report = parse(REPORT);
    report["cases"][2]["outcome"] = word.into();
    report["cases"][2]["reason"] = Value::Null;
    let found = violations(Schema::Report, &report);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].pointer, "/cases/2/reason");
}

#[rstest]
fn every_outcome_that_found_fault_needs_a_finding(#[values("fail", "warn")] word: &str) {
    let mut report = parse(REPORT);
    report["cases"][0]["outcome"] = word.into();
    report["cases"][0]["findings"] = json!([]);
    let found = violations(Schema::Report, &report);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].pointer, "/cases/0/findings");
}

#[rstest]
#[case::nothing_ran(&[("/cases", "[]"), ("/verdict", r#""nothing_ran""#), ("/complete", "false")])]
#[case::a_judged_case_may_have_a_reason(&[("/cases/0/reason", r#""expected by the configuration""#)])]
#[case::an_unjudged_case_may_have_findings(&[("/cases/0/outcome", r#""inconclusive""#), ("/cases/0/reason", r#""cut""#)])]
#[case::target_is_open(&[("/target", r#"{"exec": "cargo run", "models": {"kling": "kling-v1"}}"#)])]
#[case::started_with_offset(&[("/started", r#""2026-11-24T11:00:00.5+08:00""#)])]
#[case::the_largest_seed(&[("/seed", "18446744073709551615")])]
#[case::finding_about_nothing_recorded(&[("/cases/0/findings/0/pointer", "null"),
    ("/cases/0/findings/0/evidence", "null"), ("/cases/0/findings/0/curl", "null")])]
#[case::finding_about_the_whole_body(&[("/cases/0/findings/0/pointer", r#""""#)])]
#[case::repeated_header(&[("/cases/0/transcript/0/request/headers", r#"[["via", "a"], ["via", ""]]"#)])]
#[case::base64_of_three_bytes(&[("/cases/0/transcript/1/request/body/base64", r#""AAAA""#)])]
#[case::base64_of_four_bytes(&[("/cases/0/transcript/1/request/body/base64", r#""AAAAAA==""#)])]
#[case::base64_cut_short(&[("/cases/0/transcript/1/request/body/truncated", "70000")])]
#[case::answer_with_bytes(&[("/cases/0/transcript/0/answer/body", r#"{"text": "ok"}"#)])]
#[case::unusual_status(&[("/cases/0/transcript/0/answer/status", "999")])]
#[case::informational_status(&[("/cases/0/transcript/0/answer/status", "100")])]
fn accepted_too(#[case] edits: &[(&str, &str)]) {
    accept(Schema::Report, REPORT, edits);
}
