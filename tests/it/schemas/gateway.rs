//! The gateway's four bodies: documented examples, what must pass beside them, and one counter-example per clause.

use ringback::schema::{Schema, violations};
use rstest::rstest;

use super::{CounterExample, Put, Text, Without, accept, parse};

pub(crate) const JOB: &str = r#"{"model": "kling-v1", "input": {
    "prompt": "A cat playing piano in the garden", "size": "1280x720", "image": "https://a.example/1.png",
    "images": ["https://a.example/1.png"], "duration": 4, "seconds": "4",
    "metadata": {"callback_url": "https://your.domain/hooks/kling"}}}"#;

pub(crate) const TAKEN: &str = r#"{"code": 200, "data": {"task_id": "task_01HF8Z3KQX2A6Y4N3R8M5W7V9P", "status": "not_started",
    "created_time": "2026-06-14T10:30:00", "error_message": null}}"#;

pub(crate) const RUNNING: &str = r#"{"code": 200, "data": {"task_id": "task_01HF8Z3KQX2A6Y4N3R8M5W7V9P", "status": "running",
    "progress": 42, "created_time": "2026-06-14T10:30:00", "error_message": null}}"#;

pub(crate) const FINISHED: &str = r#"{"code": 200, "data": {"task_id": "task_01HF8Z3KQX2A6Y4N3R8M5W7V9P", "status": "finished",
    "progress": 100, "created_time": "2026-06-14T10:30:00", "error_message": null,
    "files": [{"file_url": "https://cdn.example/1.mp4", "file_type": "image"}]}}"#;

pub(crate) const FAILED: &str = r#"{"code": 200, "data": {"task_id": "task_01HF8Z3KQX2A6Y4N3R8M5W7V9P", "status": "failed",
    "created_time": "2026-06-14T10:30:00", "error_message": "the vendor refused the prompt"}}"#;

pub(crate) const REFUSED: &str =
    r#"{"code": 400, "error": {"message": "input.prompt is required", "type": "invalid_request_error"}}"#;

counter_examples! { SUBMIT_REQUEST, submit_request_rejects, Schema::SubmitRequest;
    not_an_object: JOB, Put("", "[]") => "", "/type";
    a_key_is_missing: JOB, Without("", &["model", "input"]) => "", "/required";
    model_is_a_number: JOB, Put("/model", "1") => "/model", "model/type";
    model_is_empty: JOB, Text("/model", "") => "/model", "model/minLength";
    input_is_text: JOB, Text("/input", "a cat") => "/input", "input/type";
    prompt_is_missing: JOB, Without("/input", &["prompt"]) => "/input", "input/required";
    callback_url_in_input: JOB, Text("/input/callback_url", "https://your.domain/") => "/input", "input/additionalProperties";
    prompt_is_a_number: JOB, Put("/input/prompt", "1") => "/input/prompt", "prompt/type";
    prompt_is_blank: JOB, Text("/input/prompt", " \n") => "/input/prompt", "prompt/pattern";
    size_is_a_number: JOB, Put("/input/size", "720") => "/input/size", "size/type";
    image_is_a_list: JOB, Put("/input/image", "[]") => "/input/image", "image/type";
    images_is_text: JOB, Text("/input/images", "x") => "/input/images", "images/type";
    one_image_is_null: JOB, Put("/input/images/0", "null") => "/input/images/0", "images/items/type";
    duration_is_a_fraction: JOB, Put("/input/duration", "2.5") => "/input/duration", "duration/type";
    duration_is_zero: JOB, Put("/input/duration", "0") => "/input/duration", "duration/minimum";
    seconds_is_a_number: JOB, Put("/input/seconds", "4") => "/input/seconds", "seconds/type";
    seconds_has_a_unit: JOB, Text("/input/seconds", "4s") => "/input/seconds", "seconds/pattern";
    metadata_is_a_list: JOB, Put("/input/metadata", "[]") => "/input/metadata", "metadata/type";
    callback_url_is_null: JOB, Put("/input/metadata/callback_url", "null") => "/input/metadata/callback_url", "callback_url/type";
    callback_url_is_no_uri: JOB, Text("/input/metadata/callback_url", "https://your domain/")
        => "/input/metadata/callback_url", "callback_url/format";
    callback_url_is_plain_http: JOB, Text("/input/metadata/callback_url", "http://your.domain/")
        => "/input/metadata/callback_url", "callback_url/pattern";
}

counter_examples! { SUBMIT_RESPONSE, submit_response_rejects, Schema::SubmitResponse;
    not_an_object: TAKEN, Put("", "[]") => "", "/type";
    a_key_is_missing: TAKEN, Without("", &["code", "data"]) => "", "/required";
    code_of_the_sibling: TAKEN, Put("/code", "0") => "/code", "code/const";
    data_is_a_list: TAKEN, Put("/data", "[]") => "/data", "data/type";
    a_task_key_is_missing: TAKEN, Without("/data", &["task_id", "status", "created_time"]) => "/data", "data/required";
    task_id_is_a_number: TAKEN, Put("/data/task_id", "7") => "/data/task_id", "task_id/$ref/type";
    task_id_has_a_slash: TAKEN, Text("/data/task_id", "task/7") => "/data/task_id", "task_id/$ref/pattern";
    status_of_a_vendor: TAKEN, Text("/data/status", "submitted") => "/data/status", "status/$ref/enum";
    created_time_is_a_number: TAKEN, Put("/data/created_time", "1781433000") => "/data/created_time", "created_time/$ref/type";
    created_time_has_a_blank: TAKEN, Text("/data/created_time", "2026-06-14 10:30:00") => "/data/created_time", "created_time/$ref/pattern";
    error_message_is_an_object: TAKEN, Put("/data/error_message", "{}") => "/data/error_message", "error_message/type";
    error_beside_data: TAKEN, Put("/error", "{}") => "", "/not";
}

counter_examples! { STATUS_RESPONSE, status_response_rejects, Schema::StatusResponse;
    not_an_object: RUNNING, Put("", "[]") => "", "/type";
    a_key_is_missing: RUNNING, Without("", &["code", "data"]) => "", "/required";
    code_of_the_sibling: RUNNING, Put("/code", "0") => "/code", "code/const";
    data_is_a_list: RUNNING, Put("/data", "[]") => "/data", "data/type";
    a_task_key_is_missing: RUNNING, Without("/data", &["task_id", "status", "created_time"]) => "/data", "data/required";
    task_id_is_empty: RUNNING, Text("/data/task_id", "") => "/data/task_id", "task_id/$ref/pattern";
    status_of_a_vendor: RUNNING, Text("/data/status", "succeed") => "/data/status", "status/$ref/enum";
    progress_is_a_fraction: RUNNING, Put("/data/progress", "0.42") => "/data/progress", "progress/type";
    progress_below_zero: RUNNING, Put("/data/progress", "-1") => "/data/progress", "progress/minimum";
    progress_above_hundred: RUNNING, Put("/data/progress", "101") => "/data/progress", "progress/maximum";
    created_time_is_a_date: RUNNING, Text("/data/created_time", "2026-06-14") => "/data/created_time", "created_time/$ref/pattern";
    error_message_is_an_object: RUNNING, Put("/data/error_message", "{}") => "/data/error_message", "error_message/type";
    files_is_an_object: RUNNING, Put("/data/files", "{}") => "/data/files", "files/type";
    file_is_a_url: FINISHED, Text("/data/files/0", "https://cdn.example/1.mp4") => "/data/files/0", "files/items/$ref/type";
    a_file_key_is_missing: FINISHED, Without("/data/files/0", &["file_url", "file_type"]) => "/data/files/0", "files/items/$ref/required";
    file_url_is_null: FINISHED, Put("/data/files/0/file_url", "null") => "/data/files/0/file_url", "file_url/type";
    file_url_is_no_uri: FINISHED, Text("/data/files/0/file_url", "https://cdn.example/a b.mp4")
        => "/data/files/0/file_url", "file_url/format";
    file_url_is_a_path: FINISHED, Text("/data/files/0/file_url", "file:///1.mp4") => "/data/files/0/file_url", "file_url/pattern";
    file_type_is_unknown: FINISHED, Text("/data/files/0/file_type", "mp4") => "/data/files/0/file_type", "file_type/enum";
    finished_without_files: FINISHED, Without("/data", &["files"]) => "/data", "allOf/0/then/required";
    finished_with_no_file: FINISHED, Put("/data/files", "[]") => "/data/files", "allOf/0/then/properties/files/minItems";
    finished_with_an_error: FINISHED, Text("/data/error_message", "no")
        => "/data/error_message", "allOf/0/then/properties/error_message/type";
    finished_with_null_files: FINISHED, Put("/data/files", "null") => "/data/files", "allOf/0/then/properties/files/type";
    failed_without_reason: FAILED, Without("/data", &["error_message"]) => "/data", "allOf/1/then/required";
    failed_with_null_reason: FAILED, Put("/data/error_message", "null")
        => "/data/error_message", "allOf/1/then/properties/error_message/type";
    failed_with_empty_reason: FAILED, Text("/data/error_message", "")
        => "/data/error_message", "allOf/1/then/properties/error_message/minLength";
    error_beside_data: RUNNING, Put("/error", "{}") => "", "/not";
}

counter_examples! { ERROR_RESPONSE, error_response_rejects, Schema::ErrorResponse;
    not_an_object: REFUSED, Text("", "Internal Server Error") => "", "/type";
    a_key_is_missing: REFUSED, Without("", &["code", "error"]) => "", "/required";
    code_is_a_word: REFUSED, Text("/code", "task_not_exist") => "/code", "code/type";
    code_of_success: REFUSED, Put("/code", "200") => "/code", "code/not";
    code_of_success_at_siblings: REFUSED, Put("/code", "0") => "/code", "code/not";
    error_is_text: REFUSED, Text("/error", "no") => "/error", "error/type";
    an_error_key_is_missing: REFUSED, Without("/error", &["message", "type"]) => "/error", "error/required";
    message_is_a_list: REFUSED, Put("/error/message", "[]") => "/error/message", "message/type";
    message_is_empty: REFUSED, Text("/error/message", "") => "/error/message", "message/minLength";
    type_is_null: REFUSED, Put("/error/type", "null") => "/error/type", "type/type";
    type_is_empty: REFUSED, Text("/error/type", "") => "/error/type", "type/minLength";
    data_beside_error: REFUSED, Put("/data", "{}") => "", "/not";
}

#[rstest]
#[case::of_the_callback_page(
    r#"{"model": "kling-v1", "input": {"prompt": "A cat playing piano in the garden",
    "metadata": {"callback_url": "https://your.domain/hooks/kling"}}}"#
)]
#[case::without_metadata(r#"{"model": "sora-2", "input": {"prompt": "a cat"}}"#)]
#[case::duration_beside_seconds(
    r#"{"model": "sora-2", "input": {"prompt": "a cat", "duration": 4, "seconds": "4"}}"#
)]
#[case::size_as_pixels(r#"{"model": "gpt-image-2", "input": {"prompt": "a cat", "size": "1024x1024"}}"#)]
#[case::size_auto(r#"{"model": "gpt-image-2", "input": {"prompt": "a cat", "size": "auto"}}"#)]
#[case::size_as_ratio_and_images(
    r#"{"model": "nano-banana-2", "input": {"prompt": "a cat", "size": "16:9",
    "images": ["https://a.example/1.png", "https://a.example/2.png"]}}"#
)]
#[case::metadata_of_an_image_model(r#"{"model": "nano-banana-2", "input": {"prompt": "a cat", "metadata": {
    "resolution": "2K", "n": 4, "official_fallback": true, "google_search": false, "model_params": {"a": [1]}}}}"#)]
#[case::metadata_of_a_video_model(r#"{"model": "veo-3.1-generate-preview", "input": {"prompt": "a cat", "duration": 4,
    "metadata": {"durationSeconds": 8, "aspectRatio": "9:16", "resolution": "4k", "negativePrompt": "dogs", "seed": 1}}}"#)]
fn documented_submits_pass(#[case] example: &'static str) {
    accept(Schema::SubmitRequest, example, &[]);
}

#[rstest]
#[case::submit_of_the_callback_page(Schema::SubmitResponse, r#"{"code": 200, "data": {
    "task_id": "task_01HF8Z3KQX2A6Y4N3R8M5W7V9P", "status": "not_started", "created_time": "2026-06-14T10:30:00"}}"#)]
#[case::submit_of_the_model_pages(Schema::SubmitResponse, r#"{"code": 200, "data": {
    "task_id": "task_nMz3Kq7XvB2rTtY9cWd5HfJ8sLp1Ag6E", "status": "not_started", "created_time": "2026-06-14T10:30:00",
    "error_message": null}}"#)]
#[case::status_of_the_status_page(
    Schema::StatusResponse,
    r#"{"code": 200, "data": {
    "task_id": "task_01HF8Z3KQX2A6Y4N3R8M5W7V9P", "status": "running", "progress": 42,
    "created_time": "2026-06-14T10:30:00", "error_message": null}}"#
)]
#[case::error_of_the_submit_pages(
    Schema::ErrorResponse,
    r#"{"code": 400, "error": {
    "message": "input.prompt is required", "type": "invalid_request_error"}}"#
)]
#[case::error_with_placeholder_words(
    Schema::ErrorResponse,
    r#"{"code": 400, "error": {
    "message": "string", "type": "invalid_request_error"}}"#
)]
#[case::error_of_the_status_page(
    Schema::ErrorResponse,
    r#"{"code": 404, "error": {
    "message": "task not found", "type": "not_found"}}"#
)]
fn documented_answers_pass(#[case] schema: Schema, #[case] example: &'static str) {
    accept(schema, example, &[]);
}

/// What no page forbids, or what a page says outright though it looks odd.
#[rstest]
#[case::callback_url_at_the_root(Schema::SubmitRequest, JOB, &[("/callback_url", r#""https://your.domain/""#)])]
#[case::callback_url_with_everything(Schema::SubmitRequest, JOB,
    &[("/input/metadata/callback_url", r#""https://u:p@h.example:8443/a%2Fb?x=1&y=%C3%A9#part""#)])]
#[case::duration_of_one(Schema::SubmitRequest, JOB, &[("/input/duration", "1")])]
#[case::another_first_state(Schema::SubmitResponse, TAKEN, &[("/data/status", r#""running""#)])]
#[case::finished_at_once(Schema::SubmitResponse, TAKEN, &[("/data/status", r#""finished""#)])]
#[case::failed_at_once(Schema::SubmitResponse, TAKEN, &[("/data/status", r#""failed""#), ("/data/error_message", r#""no""#)])]
#[case::extra_keys_in_a_submit(Schema::SubmitResponse, TAKEN, &[("/msg", "1"), ("/data/price", "{}")])]
#[case::id_of_another_style(Schema::SubmitResponse, TAKEN, &[("/data/task_id", r#""a.B~9:_-""#)])]
#[case::time_in_utc(Schema::SubmitResponse, TAKEN, &[("/data/created_time", r#""2026-06-14T10:30:00Z""#)])]
#[case::time_with_offset_and_fraction(Schema::StatusResponse, RUNNING,
    &[("/data/created_time", r#""2026-06-14T10:30:00.123456+08:00""#)])]
#[case::not_started(Schema::StatusResponse, RUNNING, &[("/data/status", r#""not_started""#)])]
#[case::progress_zero(Schema::StatusResponse, RUNNING, &[("/data/progress", "0")])]
#[case::progress_written_with_a_point(Schema::StatusResponse, RUNNING, &[("/data/progress", "0.0")])]
#[case::no_files_yet(Schema::StatusResponse, RUNNING, &[("/data/files", "[]")])]
#[case::video_called_image(Schema::StatusResponse, FINISHED, &[])]
#[case::video_called_video(Schema::StatusResponse, FINISHED, &[("/data/files/0/file_type", r#""video""#)])]
#[case::audio(Schema::StatusResponse, FINISHED, &[("/data/files/0/file_type", r#""audio""#)])]
#[case::file_over_plain_http(Schema::StatusResponse, FINISHED, &[("/data/files/0/file_url", r#""http://cdn.example/1""#)])]
#[case::extra_keys_in_a_status(Schema::StatusResponse, FINISHED,
    &[("/msg", "1"), ("/data/credits", "1"), ("/data/files/0/size", "1")])]
#[case::failed_with_files(Schema::StatusResponse, FAILED, &[("/data/files", "[]")])]
#[case::unknown_code_and_type(Schema::ErrorResponse, REFUSED, &[("/code", "429"), ("/error/type", r#""rate_limited""#)])]
#[case::extra_keys_in_an_error(Schema::ErrorResponse, REFUSED, &[("/request_id", "1"), ("/error/param", "null")])]
fn accepted_too(#[case] schema: Schema, #[case] base: &str, #[case] edits: &[(&str, &str)]) {
    accept(schema, base, edits);
}

/// The sibling gateway reads it there, so people will try; and these are the keys the pages name as misplaced.
#[rstest]
fn misplaced_keys_of_input_are_named(
    #[values("callback_url", "quality", "resolution", "n", "mask_url", "aspectRatio", "negativePrompt")] key: &str,
) {
    let mut job = parse(JOB);
    job["input"][key] = "1".into();
    let found = violations(Schema::SubmitRequest, &job);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].to_string(), format!("/input: \"{key}\" does not belong here"));
}

/// No body is both a success and a refusal, so a gateway cannot satisfy two checks with one answer.
#[rstest]
fn successes_and_refusals_exclude_each_other(
    #[values(TAKEN, RUNNING, FINISHED, FAILED, REFUSED)] body: &str,
) {
    let body = parse(body);
    let success =
        [Schema::SubmitResponse, Schema::StatusResponse].map(|schema| violations(schema, &body).is_empty());
    let refusal = violations(Schema::ErrorResponse, &body).is_empty();
    assert_ne!(success.contains(&true), refusal);
}

#[rstest]
#[case::of_new_api(r#"{"code": "task_not_exist", "message": "task_not_exist", "data": null}"#)]
#[case::without_code(r#"{"error": {"message": "no", "type": "validation_error"}}"#)]
#[case::detail(r#"{"detail": "Not Found"}"#)]
#[case::text(r#""Internal Server Error""#)]
fn foreign_error_shapes_do_not_pass(#[case] body: &str) {
    assert_ne!(violations(Schema::ErrorResponse, &parse(body)), []);
}
