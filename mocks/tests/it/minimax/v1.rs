//! API v1: states by channel, files, templates, refusals and knobs.

use ringback_mocks::vendor::Phase;
use ringback_mocks::vendor::Step;
use ringback_mocks::wire::Request;
use rstest::rstest;
use serde_json::{Value, json};

use super::{HOOK, Mock, dialect, read, with};

pub(crate) const CREATE: &str = "/v1/video_generation";
pub(crate) const QUERY: &str = "/v1/query/video_generation";
const RETRIEVE: &str = "/v1/files/retrieve";
const TEMPLATE: &str = "/v1/video_template_generation";
const TEMPLATE_QUERY: &str = "/v1/query/video_template_generation";

pub(crate) fn boat() -> Value {
    json!({"model": "MiniMax-Hailuo-02", "prompt": "A paper boat"})
}

fn template() -> Value {
    json!({"template_id": "393769180141805569", "text_inputs": [{"value": "Lion"}]})
}

fn ok() -> Value {
    json!({"status_code": 0, "status_msg": "success"})
}

fn asked(mock: &mut Mock, path: &str, task: &str) -> Value {
    let (status, body) = mock.get(&format!("{path}?task_id={task}"));
    assert_eq!(status, 200);
    body
}

#[test]
fn a_video_says_other_words_in_queries_than_in_callbacks() {
    let mut mock = Mock::new(&[]);
    let task = mock.made(CREATE, &with(&boat(), &json!({"callback_url": HOOK})));
    let state = |word: &str| json!({"task_id": task, "status": word, "base_resp": ok()});
    assert_eq!(asked(&mut mock, QUERY, &task), state("Preparing"));
    mock.go(&task, Step::To(Phase::Queued));
    assert_eq!(asked(&mut mock, QUERY, &task), state("Queueing"));
    assert!(mock.sent.is_empty(), "neither has a callback");
    mock.go(&task, Step::To(Phase::Running));
    assert_eq!(asked(&mut mock, QUERY, &task), state("Processing"));
    mock.end(&task, "succeeded");
    let file = json!({"file_id": format!("2{task}")});
    let sized = json!({"video_width": 1366, "video_height": 768});
    assert_eq!(asked(&mut mock, QUERY, &task), with(&with(&state("Success"), &file), &sized));
    assert_eq!(mock.bodies(), [state("processing"), with(&state("success"), &file)]);
    assert!(mock.sent.iter().all(|push| push.url == HOOK && push.content_type == "application/json"));
    assert!(mock.sent.iter().all(|push| push.retries.is_empty()), "none is documented");
}

#[rstest]
#[case("moderated", 1027, "output new_sensitive")]
#[case("input-moderated", 1026, "input new_sensitive")]
#[case("failed", 0, "success")]
fn a_failure_is_fail_in_queries_and_failed_in_callbacks(
    #[case] ending: &str,
    #[case] code: u64,
    #[case] message: &str,
) {
    for (knob, shown) in [("1027", code), ("0", 0)] {
        let mut mock = Mock::new(&[("minimax-v1.fail-code", knob)]);
        let task = mock.made(CREATE, &with(&boat(), &json!({"callback_url": HOOK})));
        mock.end(&task, ending);
        let body = asked(&mut mock, QUERY, &task);
        assert_eq!((&body["status"], &body["base_resp"]["status_code"]), (&json!("Fail"), &json!(shown)));
        assert!(body.get("file_id").is_none() && body.get("video_width").is_none());
        let base = json!({"status_code": code, "status_msg": message});
        let push = json!({"task_id": task, "status": "failed", "file_id": "", "base_resp": base});
        assert_eq!(mock.bodies(), [push]);
    }
}

#[test]
fn capital_callback_words_are_those_of_queries() {
    for (ending, last) in [("succeeded", "Success"), ("moderated", "Fail")] {
        let mut mock = Mock::new(&[("minimax-v1.capital-callback-words", "on")]);
        let task = mock.made(CREATE, &with(&boat(), &json!({"callback_url": HOOK})));
        mock.go(&task, Step::To(Phase::Queued));
        mock.go(&task, Step::To(Phase::Running));
        mock.end(&task, ending);
        let words: Vec<&str> = mock.sent.iter().map(|push| push.state).collect();
        assert_eq!(words, ["Processing", last]);
        assert_eq!(mock.bodies()[1]["status"], last);
    }
}

#[test]
fn the_size_may_stand_in_the_callback() {
    let mut mock = Mock::new(&[("minimax-v1.size-in-callback", "on")]);
    let task = mock.made(CREATE, &with(&boat(), &json!({"callback_url": HOOK, "resolution": "1080P"})));
    mock.end(&task, "succeeded");
    assert_eq!(mock.bodies()[0]["video_width"], 1920);
    assert_eq!(mock.bodies()[0]["video_height"], 1080);
}

#[test]
fn the_file_id_may_be_empty_before_there_is_one() {
    let mut mock = Mock::new(&[("minimax-v1.file-id-before-success", "empty")]);
    let task = mock.made(CREATE, &with(&boat(), &json!({"callback_url": HOOK})));
    assert_eq!(asked(&mut mock, QUERY, &task)["file_id"], "");
    mock.go(&task, Step::To(Phase::Running));
    assert_eq!(mock.bodies()[0]["file_id"], "");
    mock.end(&task, "moderated");
    assert_eq!(asked(&mut mock, QUERY, &task)["file_id"], "");
}

#[test]
fn a_file_id_is_text_in_the_query_and_a_number_about_the_file() {
    let mut mock = Mock::new(&[]);
    let task = mock.made(CREATE, &boat());
    let early = mock.get(&format!("{RETRIEVE}?file_id=2{task}"));
    assert_eq!(early.1["base_resp"]["status_msg"], "invalid params, invalid file_id");
    mock.later(9);
    mock.end(&task, "succeeded");
    let body = asked(&mut mock, QUERY, &task);
    let id = body["file_id"].as_str().expect("a string");
    let file = json!({
        "file_id": id.parse::<i64>().expect("a 64-bit number"),
        "bytes": 0,
        "created_at": 1_787_869_640,
        "filename": "output_aigc.mp4",
        "purpose": "video_generation",
        "download_url": format!("https://results.example.com/{task}.mp4"),
    });
    let answer = mock.get(&format!("{RETRIEVE}?file_id={id}"));
    assert_eq!(answer, (200, json!({"file": file, "base_resp": ok()})));
    let content = mock.get(&format!("/v1/files/retrieve_content?file_id={id}"));
    let purpose = json!({"status_code": 2013, "status_msg": "invalid params, invalid file purpose"});
    assert_eq!(content, (200, json!({"base_resp": purpose})));
}

#[rstest]
#[case("", "invalid params, binding: expr_path=file_id, cause=missing required parameter")]
#[case("?file_id=", "invalid params, binding: expr_path=file_id, cause=missing required parameter")]
#[case("?file_id=boat", "invalid params, invalid file_id")]
#[case("?file_id=205258526306433", "invalid params, invalid file_id")]
#[case("?file_id=99999999999999999999", "invalid params, invalid file_id")]
#[case("?file_id=-2", "invalid params, invalid file_id")]
fn a_file_that_is_not_there_is_refused(#[case] query: &str, #[case] message: &str) {
    let (status, body) = Mock::new(&[]).get(&format!("{RETRIEVE}{query}"));
    let base = json!({"status_code": 2013, "status_msg": message});
    assert_eq!((status, body), (200, json!({"base_resp": base})));
}

#[test]
fn a_download_url_lasts_an_hour() {
    let mut mock = Mock::new(&[]);
    let task = mock.made(CREATE, &boat());
    mock.end(&task, "succeeded");
    let target = format!("/results/{task}.mp4");
    mock.later(3_600);
    assert_eq!(mock.raw(&Request::get(target.clone())).0.status, 200);
    mock.later(1);
    assert_eq!(mock.raw(&Request::get(target)).0.status, 403);
}

#[rstest]
#[case::by_default("2013", 2013, "invalid params, invalid task_id")]
#[case::unknown_error("1000", 1000, "unknown error")]
fn an_unknown_task_is_a_code_and_an_empty_status(
    #[case] knob: &str,
    #[case] code: u64,
    #[case] message: &str,
) {
    let mut mock = Mock::new(&[("minimax-v1.unknown-task", knob)]);
    for id in ["115334141465231360", "boat", "%FF", "1".repeat(500).as_str()] {
        let body = asked(&mut mock, QUERY, id);
        let base = json!({"status_code": code, "status_msg": message});
        assert_eq!(body, json!({"task_id": "", "status": "", "base_resp": base}));
    }
    let missing = "invalid params, binding: expr_path=task_id, cause=missing required parameter";
    assert_eq!(mock.get(QUERY).1["base_resp"]["status_msg"], missing);
}

#[test]
fn a_template_answers_its_url_at_once_and_knows_no_queue() {
    let mut mock = Mock::new(&[]);
    let task = mock.made(TEMPLATE, &with(&template(), &json!({"callback_url": HOOK})));
    assert_eq!(mock.asked, 1, "the challenge is the same");
    let state = |word: &str| json!({"task_id": task, "status": word, "base_resp": ok()});
    assert_eq!(asked(&mut mock, TEMPLATE_QUERY, &task), state("Preparing"));
    mock.go(&task, Step::To(Phase::Queued));
    assert_eq!(asked(&mut mock, TEMPLATE_QUERY, &task), state("Preparing"));
    mock.go(&task, Step::To(Phase::Running));
    assert_eq!(asked(&mut mock, TEMPLATE_QUERY, &task), state("Processing"));
    mock.end(&task, "succeeded");
    let url = json!({"video_url": format!("https://results.example.com/{task}.mp4")});
    assert_eq!(asked(&mut mock, TEMPLATE_QUERY, &task), with(&state("Success"), &url));
    assert_eq!(mock.bodies(), [state("processing"), with(&state("success"), &url)]);
    // Each query finds its own product only.
    assert_eq!(asked(&mut mock, QUERY, &task)["base_resp"]["status_code"], 2013);
    let video = mock.made(CREATE, &boat());
    assert_eq!(asked(&mut mock, TEMPLATE_QUERY, &video)["base_resp"]["status_code"], 2013);
}

#[test]
fn a_templates_callback_may_name_a_file() {
    let mut mock = Mock::new(&[("minimax-v1.template-callback", "file_id")]);
    let task = mock.made(TEMPLATE, &with(&template(), &json!({"callback_url": HOOK})));
    mock.end(&task, "succeeded");
    let push = mock.bodies().remove(0);
    assert!(push.get("video_url").is_none());
    let file = push["file_id"].as_str().expect("text");
    assert_eq!(mock.get(&format!("{RETRIEVE}?file_id={file}")).1["base_resp"], ok());
}

#[test]
fn every_row_of_the_error_table_can_be_met() {
    let codes: Vec<&str> = dialect("minimax-v1").refusals.iter().map(|row| row.code).collect();
    let all = [
        1000, 1001, 1002, 1004, 1008, 1013, 1024, 1026, 1027, 1033, 1039, 1041, 1042, 2013, 2045, 2049, 2056,
    ];
    for code in all {
        assert!(codes.contains(&code.to_string().as_str()), "{code}");
    }
    for row in dialect("minimax-v1").refusals.iter().filter(|row| !row.code.is_empty()) {
        let mut mock = Mock::new(&[]);
        mock.machine.add_rule(format!("prompt=boat: refuse {}", row.name).parse().expect("a rule"));
        let code: u64 = row.code.parse().expect("a number");
        let base = json!({"status_code": code, "status_msg": row.message});
        assert_eq!(mock.post(CREATE, &boat()), (200, json!({"task_id": "", "base_resp": base})));
    }
}

#[test]
fn a_rate_limit_may_have_its_own_status() {
    let mut mock = Mock::new(&[("minimax-v1.rate-limit-http", "429")]);
    mock.machine.add_rule("any: refuse rate-limit".parse().expect("a rule"));
    let (status, body) = mock.post(CREATE, &boat());
    assert_eq!((status, &body["base_resp"]["status_code"]), (429, &json!(1002)));
}

#[rstest]
#[case::none(None, "1004", 1004)]
#[case::no_scheme(Some("key"), "1004", 1004)]
#[case::empty(Some("Bearer "), "1004", 1004)]
#[case::wrong(Some("Bearer other"), "1004", 1004)]
#[case::wrong_by_its_own_code(Some("Bearer other"), "2049", 2049)]
#[case::none_all_the_same(None, "2049", 1004)]
fn nobody_gets_in_without_a_key(#[case] value: Option<&str>, #[case] knob: &str, #[case] code: u64) {
    let mut mock = Mock::new(&[("minimax-v1.wrong-key", knob)]);
    let requests = [
        (Request::post(CREATE, &boat()), json!({"task_id": ""})),
        (Request::post(TEMPLATE, &template()), json!({"task_id": ""})),
        (Request::get(format!("{QUERY}?task_id=1")), json!({"task_id": "", "status": ""})),
        (Request::get(format!("{RETRIEVE}?file_id=1")), json!({})),
    ];
    for (request, form) in requests {
        let request = match value {
            Some(value) => request.header("authorization", value),
            None => request,
        };
        let (status, mut body) = read(&mock.raw(&request).0);
        let base = body.as_object_mut().and_then(|body| body.remove("base_resp")).expect("a base_resp");
        assert_eq!((status, &base["status_code"], body), (200, &json!(code), form));
        if code == 1004 {
            assert_eq!(
                base["status_msg"],
                "login fail: Please carry the API secret key in the 'Authorization' field of the request header"
            );
        }
    }
    assert!(mock.machine.tasks().is_empty());
}

#[test]
fn ids_are_text_of_eighteen_digits_beyond_what_a_double_holds() {
    let mut mock = Mock::new(&[]);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..1_000 {
        let (_, body) = mock.post(CREATE, &boat());
        let id = body["task_id"].as_str().expect("text").to_owned();
        assert!(id.len() == 18 && id.parse::<u64>().expect("digits") > 1 << 53);
        assert!(seen.insert(id));
    }
}

/// The official MCP clients print it beside every error.
#[test]
fn every_answer_has_a_trace_id_of_its_own() {
    let mut mock = Mock::new(&[]);
    let task = mock.made(CREATE, &boat());
    mock.end(&task, "succeeded");
    let looks = [
        format!("{QUERY}?task_id={task}"),
        format!("{QUERY}?task_id=nobody"),
        format!("{RETRIEVE}?file_id=2{task}"),
        format!("{RETRIEVE}?file_id=7"),
    ];
    let mut requests: Vec<Request> = looks.into_iter().map(Request::get).collect();
    requests.push(Request::post(CREATE, &boat()));
    requests.push(Request::post(CREATE, &json!({})));
    let mut seen = Vec::new();
    for request in requests {
        for key in ["key", "wrong"] {
            let request = request.clone().header("authorization", format!("Bearer {key}"));
            let (response, _) = mock.raw(&request);
            let id = response.headers.get("trace-id").unwrap_or_default().to_owned();
            assert!(id.len() == 32 && !seen.contains(&id), "{id:?} at {}", request.target);
            seen.push(id);
        }
    }
}
