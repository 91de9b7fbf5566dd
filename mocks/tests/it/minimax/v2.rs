//! API v2: states, task objects, lists, removals, refusals and knobs.

use ringback_mocks::vendor::Phase;
use ringback_mocks::vendor::Step;
use ringback_mocks::wire::Request;
use rstest::rstest;
use serde_json::{Value, json};

use super::{HOOK, Mock, dialect, read, with};

pub(crate) const CREATE: &str = "/v2/video_generation";
pub(crate) const QUERY: &str = "/v2/query/video_generation";
pub(crate) const IR: &str = "/v2/h3_context_ir";
pub(crate) const REGENERATE: &str = "/v2/video_regeneration";
const CREATED: i64 = 1_787_869_631;

pub(crate) fn boat() -> Value {
    json!({
        "model": "MiniMax-H3",
        "content": [{"type": "text", "text": "A paper boat"}],
        "resolution": "768P",
        "duration": 5,
        "ratio": "16:9",
    })
}

fn expansion() -> Value {
    json!({"model": "MiniMax-H3", "content": [{"type": "text", "text": "A boat"}], "duration": 6, "ratio": "1:1"})
}

fn base_video() -> Value {
    let video = json!({"type": "video_url", "video_url": {"url": "https://videos.example.com/boat.mp4"}, "role": "base_video"});
    json!({"model": "MiniMax-H3", "content": [{"type": "text", "text": "A boat"}, video], "resolution": "2K"})
}

fn shown(mock: &mut Mock, task: &str) -> Value {
    let (status, body) = mock.get(&format!("{QUERY}/{task}"));
    assert_eq!(status, 200, "{body}");
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "the task and nothing else");
    body["task"].clone()
}

#[test]
fn every_state_is_called_back_with_the_querys_own_body() {
    for (ending, word) in [
        ("succeeded", "succeeded"),
        ("moderated", "failed"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
        ("expired", "expired"),
    ] {
        let mut mock = Mock::new(&[]);
        let (status, answer) = mock.post(CREATE, &with(&boat(), &json!({"callback_url": HOOK})));
        let task = answer["task_id"].as_str().expect("text").to_owned();
        assert_eq!((status, &answer), (200, &json!({"task_id": task})), "no base_resp");
        let mut said = vec![json!({"task": shown(&mut mock, &task)})];
        if ending != "cancelled" {
            mock.later(30);
            mock.go(&task, Step::To(Phase::Running));
            said.push(json!({"task": shown(&mut mock, &task)}));
        }
        mock.later(30);
        mock.end(&task, ending);
        said.push(json!({"task": shown(&mut mock, &task)}));
        assert_eq!(mock.bodies(), said);
        let words: Vec<&str> = mock.sent.iter().map(|push| push.state).collect();
        let all = ["queued", "running", word];
        assert_eq!(words, if ending == "cancelled" { vec!["queued", word] } else { all.to_vec() });
        assert!(mock.sent.iter().all(|push| push.url == HOOK && push.retries.is_empty()));
    }
}

#[test]
fn a_task_looks_as_on_the_query_page() {
    let mut mock = Mock::new(&[]);
    let task = mock.made(CREATE, &with(&boat(), &json!({"resolution": "2K"})));
    let state = |word: &str, updated: i64| {
        json!({
            "id": task, "model": "MiniMax-H3", "status": word, "created_at": CREATED, "updated_at": updated,
            "resolution": "2K", "duration": 5, "usage": {}, "ratio": "16:9", "task_type": "generation",
            "modality": "video",
        })
    };
    assert_eq!(shown(&mut mock, &task), state("queued", CREATED));
    mock.later(71);
    mock.go(&task, Step::To(Phase::Running));
    assert_eq!(shown(&mut mock, &task), state("running", CREATED + 71));
    mock.later(346);
    mock.end(&task, "succeeded");
    let done = json!({
        "content": {"url": format!("https://results.example.com/{task}.mp4")},
        "usage": {"total_seconds": 5, "input_seconds": 0, "output_seconds": 5, "input_image_count": 0},
    });
    assert_eq!(shown(&mut mock, &task), with(&state("succeeded", CREATED + 417), &done));
}

#[test]
fn a_failed_task_says_why_and_has_no_content() {
    let mut mock = Mock::new(&[]);
    let task = mock.made(CREATE, &boat());
    mock.end(&task, "moderated");
    let body = shown(&mut mock, &task);
    let error = json!({"code": "1026", "message": "video description contains sensitive content"});
    assert_eq!((&body["status"], &body["error"]), (&json!("failed"), &error));
    assert!(body.get("content").is_none());
}

#[test]
fn the_expansion_of_a_prompt_is_a_task_that_ends_in_text() {
    let mut mock = Mock::new(&[("minimax-v2.usage-before-success", "zeros")]);
    let task = mock.made(IR, &with(&expansion(), &json!({"callback_url": HOOK})));
    mock.end(&task, "succeeded");
    let body = shown(&mut mock, &task);
    assert_eq!((&body["task_type"], &body["modality"]), (&json!("h3_context_ir"), &json!("text")));
    assert!(body["content"]["prompt"].as_str().is_some_and(|text| text.contains("A boat")));
    assert!(body["content"].get("url").is_none() && body.get("resolution").is_none());
    assert_eq!((&body["duration"], &body["ratio"]), (&json!(6), &json!("1:1")));
    let keys: Vec<&String> = body["usage"].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["total_tokens", "prompt_tokens", "completion_tokens"]);
    assert_eq!(mock.sent.len(), 2);
}

#[test]
fn a_regeneration_has_no_ratio_and_is_as_long_as_its_source() {
    let mut mock = Mock::new(&[]);
    let source = mock.made(CREATE, &with(&boat(), &json!({"duration": 9})));
    mock.end(&source, "succeeded");
    let by_id = json!({"model": "MiniMax-H3", "source_task_id": source, "resolution": "2K"});
    for (body, seconds) in [(by_id, 9), (base_video(), 5)] {
        let task = mock.made(REGENERATE, &with(&body, &json!({"duration": 77})));
        mock.end(&task, "succeeded");
        let body = shown(&mut mock, &task);
        assert_eq!((&body["task_type"], &body["modality"]), (&json!("regeneration"), &json!("video")));
        assert_eq!((&body["ratio"], &body["resolution"]), (&json!(""), &json!("2K")));
        assert_eq!((&body["duration"], &body["usage"]["output_seconds"]), (&json!(seconds), &json!(seconds)));
        assert!(body["content"]["url"].is_string());
    }
}

#[test]
fn knobs_choose_between_the_copies_of_the_page() {
    let task_with = |knob: &str, value: &str, ending: Option<&str>| {
        let mut mock = Mock::new(&[(knob, value)]);
        let task = mock.made(CREATE, &boat());
        if let Some(ending) = ending {
            mock.end(&task, ending);
        }
        shown(&mut mock, &task)
    };
    let zeros = json!({"total_seconds": 0, "input_seconds": 0, "output_seconds": 0, "input_image_count": 0});
    for ending in [None, Some("moderated"), Some("cancelled")] {
        let usage = |value| task_with("minimax-v2.usage-before-success", value, ending).get("usage").cloned();
        assert_eq!(usage("empty"), Some(json!({})));
        assert_eq!(usage("zeros"), Some(zeros.clone()));
        assert_eq!(usage("absent"), None);
    }
    let usage = task_with("minimax-v2.usage-tokens", "on", Some("succeeded"))["usage"].clone();
    assert_eq!((&usage["completion_tokens"], &usage["total_tokens"]), (&json!(260_390), &json!(260_390)));
    assert!(task_with("minimax-v2.modality", "off", None).get("modality").is_none());
}

#[test]
fn usage_counts_what_was_given() {
    let mut mock = Mock::new(&[("minimax-v2.usage-tokens", "on")]);
    let (_, sample) = dialect("minimax-v2").creates[3];
    let task = mock.made(CREATE, &serde_json::from_str(sample).expect("JSON"));
    mock.end(&task, "succeeded");
    let body = shown(&mut mock, &task);
    assert_eq!(body["usage"]["input_image_count"], 1);
    assert_eq!(body["usage"]["input_audio_seconds"], 5);
    assert_eq!(body["usage"]["total_seconds"], 9);
    assert_eq!(body["ratio"], "adaptive");
}

#[rstest]
#[case("436764667060538", "invalid params, invalid task_id (2013)")]
#[case("boat", "record not found (1000)")]
#[case("42-1", "record not found (1000)")]
fn an_unknown_task_is_refused_in_form(#[case] id: &str, #[case] message: &str) {
    let mut mock = Mock::new(&[]);
    for (status, body) in [mock.get(&format!("{QUERY}/{id}")), mock.delete(&format!("{CREATE}/{id}"))] {
        let error = json!({"type": "bad_request_error", "message": message, "http_code": "400"});
        assert_eq!((status, &body["type"], &body["error"]), (400, &json!("error"), &error));
        let request = body["request_id"].as_str().expect("text");
        assert!(request.len() == 32 && request.starts_with("02"), "{request}");
    }
}

#[test]
fn a_task_can_be_asked_about_for_seven_days() {
    let mut mock = Mock::new(&[]);
    let task = mock.made(CREATE, &boat());
    mock.later(7 * 24 * 3_600);
    assert_eq!(shown(&mut mock, &task)["status"], "queued");
    mock.later(1);
    let (status, body) = mock.get(&format!("{QUERY}/{task}"));
    assert_eq!((status, &body["error"]["message"]), (400, &json!("invalid params, invalid task_id (2013)")));
    assert_eq!(mock.get(QUERY).1, json!({"items": [], "total": 0}));
    assert_eq!(mock.delete(&format!("{CREATE}/{task}")).0, 400);
}

#[rstest]
#[case::queued(None, Some(("cancelled", "cancelled", "cancel")))]
#[case::running(Some(Step::To(Phase::Running)), None)]
#[case::succeeded(Some(end("succeeded")), Some(("deleted", "deleted", "delete")))]
#[case::failed(Some(end("moderated")), Some(("deleted", "deleted", "delete")))]
#[case::cancelled(Some(end("cancelled")), None)]
#[case::expired(Some(end("expired")), None)]
fn what_a_removal_does_depends_on_the_state(
    #[case] step: Option<Step>,
    #[case] done: Option<(&str, &str, &str)>,
) {
    for deed in [false, true] {
        let mut mock = Mock::new(&[("minimax-v2.delete-words", if deed { "deed" } else { "done" })]);
        let task = mock.made(CREATE, &with(&boat(), &json!({"callback_url": HOOK})));
        if let Some(step) = step {
            mock.go(&task, step);
        }
        let before = mock.sent.len();
        let (status, body) = mock.delete(&format!("{CREATE}/{task}"));
        let Some((state, action, old)) = done else {
            assert_eq!((status, &body["error"]["type"]), (400, &json!("bad_request_error")));
            assert!(body["error"]["message"].as_str().is_some_and(|text| text.ends_with("(2013)")));
            continue;
        };
        let action = if deed { old } else { action };
        assert_eq!((status, body), (200, json!({"task_id": task, "action": action, "status": state})));
        if state == "cancelled" {
            assert_eq!(shown(&mut mock, &task)["status"], "cancelled");
            assert_eq!(mock.bodies()[before]["task"]["status"], "cancelled");
        } else {
            assert_eq!(mock.get(&format!("{QUERY}/{task}")).0, 400);
            assert_eq!(mock.sent.len(), before, "a removal is no change of a task");
        }
        assert_eq!(mock.delete(&format!("{CREATE}/{task}")).0, 400, "not twice");
    }
}

fn end(name: &str) -> Step {
    Step::End(dialect("minimax-v2").ending(name).expect("in the table"))
}

#[test]
fn a_list_has_the_newest_first_and_knows_how_many_there_are() {
    let mut mock = Mock::new(&[]);
    let first = mock.made(CREATE, &boat());
    let second = mock.made(IR, &expansion());
    let max = json!({"model": "MiniMax-H3-Max"});
    let third = mock.made(CREATE, &with(&boat(), &max));
    mock.end(&first, "succeeded");
    let mut listed = |query: &str| {
        let (status, body) = mock.get(&format!("{QUERY}{query}"));
        assert_eq!(status, 200, "{body}");
        let ids: Vec<String> = body["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|task| task["id"].as_str().expect("text").to_owned())
            .collect();
        (ids, body["total"].as_u64().expect("a number"))
    };
    let all = vec![third.clone(), second.clone(), first.clone()];
    assert_eq!(listed(""), (all.clone(), 3));
    assert_eq!(listed("?page_num=1&page_size=2"), (all[..2].to_vec(), 3));
    assert_eq!(listed("?page_num=2&page_size=2"), (all[2..].to_vec(), 3));
    assert_eq!(listed("?page_num=18446744073709551615&page_size=2"), (Vec::new(), 3));
    assert_eq!(listed("?filter.status=succeeded"), (vec![first.clone()], 1));
    assert_eq!(listed("?filter.status=running"), (Vec::new(), 0));
    assert_eq!(listed("?filter.model=MiniMax-H3-Max"), (vec![third.clone()], 1));
    assert_eq!(listed("?filter.task_type=h3_context_ir"), (vec![second.clone()], 1));
    assert_eq!(
        listed(&format!("?filter.task_ids={first}&filter.task_ids={third}")),
        (vec![third.clone(), first.clone()], 2)
    );
    assert_eq!(listed(&format!("?filter.task_ids={first},{second}")), (vec![second, first.clone()], 2));
    assert_eq!(listed("?filter.task_ids=1"), (Vec::new(), 0));
    let item = mock.get(&format!("{QUERY}?filter.task_ids={first}")).1["items"][0].clone();
    assert_eq!(item, shown(&mut mock, &first), "items are whole tasks");
}

#[rstest]
#[case("page_num=1", "page_num=0")]
#[case("page_num=2", "page_num=-2")]
#[case("page_size=1", "page_size=0")]
#[case("page_size=20", "page_size=twenty")]
#[case("filter.status=queued", "filter.status=Queueing")]
#[case("filter.task_type=regeneration", "filter.task_type=video")]
fn a_list_is_asked_for_as_the_page_says(#[case] good: &str, #[case] bad: &str) {
    let mut mock = Mock::new(&[]);
    assert_eq!(mock.get(&format!("{QUERY}?{good}")).0, 200);
    let (status, body) = mock.get(&format!("{QUERY}?{bad}"));
    assert_eq!((status, &body["error"]["http_code"]), (400, &json!("400")));
}

#[test]
fn every_row_of_the_error_table_can_be_met() {
    let mut met = Vec::new();
    for row in dialect("minimax-v2").refusals.iter().filter(|row| !row.kind.is_empty()) {
        let mut mock = Mock::new(&[]);
        mock.machine.add_rule(format!("prompt=boat: refuse {}", row.name).parse().expect("a rule"));
        let (status, body) = mock.post(CREATE, &boat());
        let message = match row.code {
            "" => row.message.to_owned(),
            code => format!("{} ({code})", row.message),
        };
        let error = json!({"type": row.kind, "message": message, "http_code": row.http.to_string()});
        assert_eq!((status, &body["error"]), (row.http, &error));
        met.push(status);
    }
    met.dedup();
    assert_eq!(met, [400, 401, 402, 422, 429, 500, 529]);
}

#[rstest]
#[case::none(None)]
#[case::scheme(Some("Token key"))]
#[case::wrong(Some("Bearer other"))]
fn nobody_gets_in_without_a_key(#[case] value: Option<&str>) {
    let mut mock = Mock::new(&[]);
    let delete = Request { method: "DELETE".to_owned(), ..Request::get(format!("{CREATE}/42")) };
    let requests =
        [Request::post(CREATE, &boat()), Request::get(QUERY), Request::get(format!("{QUERY}/42")), delete];
    for request in requests {
        let request = match value {
            Some(value) => request.header("authorization", value),
            None => request,
        };
        let (status, body) = read(&mock.raw(&request).0);
        let message = "login fail: Please carry the API secret key in the 'Authorization' field of the request header (1004)";
        let error = json!({"type": "authorized_error", "message": message, "http_code": "401"});
        assert_eq!((status, &body["error"]), (401, &error));
    }
    assert!(mock.machine.tasks().is_empty());
}

#[test]
fn a_create_may_be_carried_out_and_answered_as_if_not() {
    for (value, http) in [("504", 504), ("error-in-200", 200)] {
        let mut mock = Mock::new(&[("minimax-v2.lost-answer", value)]);
        let (status, body) = mock.post(CREATE, &with(&boat(), &json!({"callback_url": HOOK})));
        assert_eq!((status, &body["error"]["http_code"]), (http, &json!("504")));
        assert!(body.get("task_id").is_none());
        let items = mock.get(QUERY).1;
        assert_eq!(items["total"], 1, "the task exists all the same");
        assert_eq!(mock.bodies()[0]["task"]["id"], items["items"][0]["id"], "and is called back");
    }
}

#[test]
fn ids_are_text_of_fifteen_digits() {
    let mut mock = Mock::new(&[]);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..1_000 {
        let id = mock.made(CREATE, &boat());
        assert!(id.len() == 15 && id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
        assert!(seen.insert(id));
    }
}
