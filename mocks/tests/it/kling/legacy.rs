//! The legacy paths: each product's own create, query and list, and its record in each state.

use rstest::rstest;

use super::*;

const TEXT: &str = "/v1/videos/text2video";

fn products() -> Vec<&'static str> {
    let mut paths: Vec<&str> = samples("kling-legacy").iter().map(|(path, _)| *path).collect();
    paths.dedup();
    paths
}

#[test]
fn all_fifteen_products_answer_by_either_id_and_as_a_list() {
    assert_eq!(products().len(), 15);
    for path in products() {
        let mut machine = machine();
        let mut body = sample(path);
        body["external_task_id"] = json!("job 1/ü");
        let (status, answer) = post(&mut machine, path, &body);
        assert_eq!((status, &answer["message"]), (200, &json!("SUCCEED")), "{path}: {answer}");
        let created = &answer["data"];
        assert_eq!(created["task_status"], "submitted");
        assert_eq!(created["task_info"]["external_task_id"], "job 1/ü");
        assert_eq!(created["created_at"], now().as_millisecond());
        let id = created["task_id"].as_str().expect("text");
        let task = get(&mut machine, &format!("{path}/{id}"));
        assert_eq!(task["task_id"], id, "{path}");
        assert_eq!(
            get(&mut machine, &format!("{path}/job%201%2F%C3%BC")),
            task,
            "by the id the caller chose"
        );
        assert_eq!(get(&mut machine, path), json!([task]));
        for other in products().into_iter().filter(|other| *other != path) {
            let answer = ask(&mut machine, Request::get(format!("{other}/{id}")));
            refused(&answer, 400, 1201);
            assert_eq!(answer.1["message"], format!("Task not found by id/external id: {id}"));
            assert_eq!(get(&mut machine, other), json!([]), "{other} does not list tasks of {path}");
        }
    }
}

#[test]
fn records_say_what_their_state_and_product_have() {
    for (path, body) in samples("kling-legacy") {
        let mut machine = machine();
        let id = make(&mut machine, path, &body);
        let look = format!("{path}/{id}");
        for status in ["submitted", "processing"] {
            let task = get(&mut machine, &look);
            assert_eq!((&task["task_status"], &task["task_status_msg"]), (&json!(status), &json!("")));
            assert!(task.get("task_result").is_none(), "{task}");
            if status == "submitted" {
                run(&mut machine, &id);
            }
        }
        end(&mut machine, &id, "succeeded");
        let task = get(&mut machine, &look);
        assert_eq!(task["task_status"], "succeed");
        assert_eq!(task["updated_at"], later(60_000).as_millisecond());
        let tried_on = path.ends_with("try-on");
        assert_eq!(task.get("watermark_info").is_none(), tried_on, "{path}");
        let result = &task["task_result"];
        let asked = body["watermark_info"]["enabled"] == true;
        if path.starts_with("/v1/images/") {
            let series = body["result_type"] == "series";
            let images = result[if series { "series_images" } else { "images" }].as_array().expect("images");
            let wanted = if series {
                body["series_amount"].as_u64().unwrap_or(4)
            } else {
                body["n"].as_u64().unwrap_or(1)
            };
            assert_eq!(images.len() as u64, wanted, "{path}");
            for (index, image) in images.iter().enumerate() {
                assert_eq!(image["index"], index);
                fetched(&mut machine, image["url"].as_str().expect("text"), "image/png");
                if asked {
                    fetched(&mut machine, image["watermark_url"].as_str().expect("text"), "image/png");
                }
            }
            assert_eq!(result.get("result_type").is_some(), path.ends_with("omni-image"));
        } else {
            let video = &result["videos"][0];
            assert_ne!(video["id"], task["task_id"], "a video has an id of its own");
            fetched(&mut machine, video["url"].as_str().expect("text"), "video/mp4");
            assert_eq!(video.get("duration").is_none(), path.ends_with("effects"), "{path}");
            assert_eq!(video["watermark_url"] != "", asked, "{path}");
        }
    }
}

/// A result URL leads to a file, and no two the same way.
fn fetched(machine: &mut Machine, url: &str, kind: &str) {
    let path = url.strip_prefix(RESULTS).expect("of the account");
    let answer = response(machine.handle(&Request::get(format!("/results{path}")), later(60_000)));
    assert_eq!((answer.status, answer.headers.get("content-type")), (200, Some(kind)), "{url}");
}

#[rstest]
#[case("moderated", "Failure to pass the risk control system")]
#[case(
    "image-invalid",
    "The resolution or aspect ratio of the input image is invalid. Please ensure it meets the required specifications."
)]
fn a_failure_is_a_sentence_and_no_code(#[case] ending: &str, #[case] sentence: &str) {
    let mut machine = machine();
    let id = make(&mut machine, TEXT, &sample(TEXT));
    end(&mut machine, &id, ending);
    let task = get(&mut machine, &format!("{TEXT}/{id}"));
    assert_eq!((&task["task_status"], &task["task_status_msg"]), (&json!("failed"), &json!(sentence)));
    assert_eq!(task["task_result"], json!({}));
    assert!(task.get("final_unit_deduction").is_none());
}

#[test]
fn lists_are_pages_the_newest_first() {
    let mut machine = machine();
    let made: Vec<String> = (0..35).map(|_| make(&mut machine, TEXT, &sample(TEXT))).collect();
    let mut ids = |target: &str| -> Vec<String> {
        let tasks = get(&mut machine, &format!("{TEXT}{target}"));
        let id = |task: &Value| task["task_id"].as_str().expect("text").to_owned();
        tasks.as_array().expect("an array").iter().map(id).collect()
    };
    let newest: Vec<String> = made.into_iter().rev().collect();
    assert_eq!(ids(""), newest[..30], "30 unless asked otherwise");
    assert_eq!(ids("?pageNum=2"), newest[30..]);
    assert_eq!(ids("?pageNum=3&pageSize=10"), newest[20..30]);
    assert_eq!(ids("?pageSize=500"), newest);
    assert!(ids("?pageNum=1000&pageSize=500").is_empty());
    for wrong in ["pageNum=0", "pageNum=1001", "pageNum=x", "pageSize=0", "pageSize=501", "pageSize=-1"] {
        refused(&ask(&mut machine, Request::get(format!("{TEXT}?{wrong}"))), 400, 1201);
    }
}

#[test]
fn an_extension_remembers_the_video_it_goes_on_from() {
    let mut machine = machine_with(&[("kling-legacy.unknown-video", "refuse")]);
    let extend = "/v1/videos/video-extend";
    refused(&post(&mut machine, extend, &sample(extend)), 400, 1201);
    let first = make(&mut machine, TEXT, &json!({"prompt": "A boat", "duration": "10"}));
    end(&mut machine, &first, "succeeded");
    let video = get(&mut machine, &format!("{TEXT}/{first}"))["task_result"]["videos"][0].clone();
    let body = json!({"video_id": video["id"], "callback_url": HOOK, "parent_video": {"id": "mine"}});
    let second = make(&mut machine, extend, &body);
    let parent = json!({"id": video["id"], "url": video["url"], "duration": "10.1"});
    assert_eq!(get(&mut machine, &format!("{extend}/{second}"))["task_info"]["parent_video"], parent);
    assert_eq!(end(&mut machine, &second, "succeeded")[0]["task_info"]["parent_video"], parent);
}

#[test]
fn lip_sync_shows_its_parent_in_the_query_only() {
    let mut machine = machine();
    let path = "/v1/videos/lip-sync";
    let mut body = sample(path);
    body["callback_url"] = json!(HOOK);
    let id = make(&mut machine, path, &body);
    let parent = &get(&mut machine, &format!("{path}/{id}"))["task_info"]["parent_video"];
    assert_eq!(parent["id"], "867283800000000001");
    assert_eq!(end(&mut machine, &id, "succeeded")[0]["task_info"], json!({}));
}

#[rstest]
#[case::named(json!({"model_name": "kling-v1-6", "model": "kling-v1"}), "alias", "kling-v1-6")]
#[case::old_field(json!({"model": "kling-v1-6"}), "alias", "kling-v1-6")]
#[case::old_field_without_effect(json!({"model": "kling-v1-6"}), "ignored", "kling-v1")]
#[case::null(json!({"model_name": null}), "alias", "kling-v1")]
#[case::nothing(json!({}), "alias", "kling-v1")]
fn the_model_is_named_or_the_first(#[case] fields: Value, #[case] knob: &str, #[case] model: &str) {
    let mut machine = machine_with(&[("kling-legacy.model-field", knob)]);
    let mut body = sample(TEXT);
    body.as_object_mut().expect("an object").remove("model_name");
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    let id = make(&mut machine, TEXT, &body);
    assert_eq!(machine.tasks().get(&id).expect("it is kept").draft.model, model);
}

#[test]
fn ids_hold_their_time_and_differ() {
    let mut machine = machine();
    let mut seen = std::collections::BTreeSet::new();
    for turn in 0..500 {
        let path = if turn % 2 == 0 { TEXT } else { "/text-to-video/kling-3.0-turbo" };
        let id = make(&mut machine, path, &json!({"prompt": "A boat"}));
        let number: i64 = id.parse().expect("decimal");
        assert_eq!((number >> 22) + 1_568_028_518_778, now().as_millisecond());
        assert_eq!(id.len(), 18);
        end(&mut machine, &id, "succeeded");
        let task = get(&mut machine, &format!("/tasks?task_ids={id}"));
        assert!(seen.insert(id));
        assert!(seen.insert(task[0]["outputs"][0]["id"].as_str().expect("text").to_owned()));
    }
}
