//! The new paths: models, records, both queries, and the client's end.

use ringback_mocks::client::{Sighting, Wish};
use rstest::rstest;

use super::*;

const TURBO: &str = "/text-to-video/kling-3.0-turbo";

#[rstest]
#[case::text("/text-to-video", &["kling-3.0-turbo", "kling-3.0", "kling-2.6", "kling-2.5-turbo"])]
#[case::image("/image-to-video", &["kling-3.0-turbo", "kling-3.0", "kling-2.6", "kling-2.5-turbo"])]
#[case::omni("/omni-video", &["kling-3.0-omni", "kling-o1"])]
#[case::motion("/motion-control", &["kling-3.0", "kling-2.6"])]
fn each_family_has_its_models_and_no_others(#[case] family: &str, #[case] models: &[&str]) {
    let all = [
        "kling-3.0-turbo",
        "kling-3.0",
        "kling-3.0-omni",
        "kling-o1",
        "kling-2.6",
        "kling-2.5-turbo",
        "kling-v1",
    ];
    for model in all {
        let path = format!("{family}/{model}");
        let mut machine = machine();
        if models.contains(&model) {
            let id = make(&mut machine, &path, &sample(&path));
            assert_eq!(machine.tasks().get(&id).expect("it is kept").draft.model, model);
        } else {
            refused(&post(&mut machine, &path, &sample(TURBO)), 404, 1203);
        }
    }
}

#[test]
fn a_task_is_made_and_seen_in_the_new_words() {
    let mut machine = machine();
    let body =
        json!({"prompt": "A boat", "settings": {"duration": 3}, "options": {"external_task_id": "my-job"}});
    let (status, answer) = post(&mut machine, TURBO, &body);
    let created = &answer["data"];
    let millisecond = now().as_millisecond();
    assert_eq!(
        (status, created),
        (
            200,
            &json!({"id": created["id"], "status": "submitted", "create_time": millisecond, "update_time": millisecond, "external_id": "my-job"})
        )
    );
    let id = created["id"].as_str().expect("text").to_owned();
    run(&mut machine, &id);
    let running = get(&mut machine, &format!("/tasks?task_ids={id}"));
    assert_eq!(
        running,
        json!([{"id": id, "status": "processing", "message": "", "create_time": millisecond,
            "update_time": millisecond + 60_000, "external_id": "my-job", "outputs": []}])
    );
    end(&mut machine, &id, "succeeded");
    let done = get(&mut machine, "/tasks?external_task_ids=my-job");
    let output = &done[0]["outputs"][0];
    assert_eq!(
        (&done[0]["status"], &output["type"], &output["watermark_url"]),
        (&json!("succeeded"), &json!("video"), &json!(""))
    );
    // Observed: 2.4 units for 3 s at 720p, and a little more than 3 s.
    assert_eq!(
        done[0]["billing"],
        json!([{"charge_type": "unit", "amount": "2.4", "package_type": "video"}])
    );
    assert_eq!(output["duration"], "3.041");
}

#[test]
fn tasks_of_the_legacy_paths_are_seen_in_the_new_shape() {
    let mut machine = machine();
    for (path, kinds, package) in [
        ("/v1/videos/avatar/image2video", json!(["video"]), "video"),
        ("/v1/images/generations", json!(["image"]), "image"),
    ] {
        let id = make(&mut machine, path, &sample(path));
        end(&mut machine, &id, "succeeded");
        let task = &get(&mut machine, &format!("/tasks?task_ids={id}"))[0];
        let seen: Vec<&Value> =
            task["outputs"].as_array().expect("outputs").iter().map(|one| &one["type"]).collect();
        assert_eq!((&task["status"], json!(seen)), (&json!("succeeded"), kinds));
        assert_eq!(task["billing"][0]["package_type"], package);
        // The other way round there is nothing to find.
        let new = make(&mut machine, TURBO, &sample(TURBO));
        refused(&ask(&mut machine, Request::get(format!("{path}/{new}"))), 400, 1201);
    }
}

#[rstest]
#[case::neither("", 1201)]
#[case::empty("?task_ids=", 1201)]
#[case::both("?task_ids=1&external_task_ids=1", 1201)]
#[case::unknown("?task_ids=1", 0)]
#[case::twenty("?task_ids=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20", 0)]
#[case::twenty_one("?task_ids=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21", 1201)]
#[case::twenty_one_external("?external_task_ids=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21", 1201)]
fn ids_are_of_one_kind_and_at_most_twenty(#[case] query: &str, #[case] code: u64) {
    for path in ["/tasks", "/solutions"] {
        let answer = ask(&mut machine(), Request::get(format!("{path}{query}")));
        if code == 0 {
            assert_eq!((answer.0, &answer.1["data"]), (200, &json!([])), "unknown ids are missing");
        } else {
            refused(&answer, 400, code);
        }
    }
}

#[test]
fn many_ids_are_answered_in_the_order_asked_and_solutions_elsewhere() {
    let mut machine = machine();
    let first = make(&mut machine, TURBO, &sample(TURBO));
    let second = make(&mut machine, TURBO, &sample(TURBO));
    let third = make(&mut machine, "/solutions/virtual_try_on", &sample("/solutions/virtual_try_on"));
    let query = format!("?task_ids={second},{third},nobody,{first},{second}");
    let mut ids = |path: &str| {
        let tasks = get(&mut machine, &format!("{path}{query}"));
        let ids: Vec<Value> =
            tasks.as_array().expect("an array").iter().map(|task| task["id"].clone()).collect();
        json!(ids)
    };
    assert_eq!(ids("/tasks"), json!([second, first]));
    assert_eq!(ids("/solutions"), json!([third]));
}

#[rstest]
#[case::drama("/solutions/drama_subtitle", &["subbed_video", "srt", "ass"])]
#[case::goods("/solutions/e-commerce/goods_studio", &["video"])]
#[case::clothes("/solutions/e-commerce/clothing_dupe", &["product_image", "model_images", "product_video"])]
#[case::speaker("/solutions/talking_agent", &["video"])]
#[case::try_on("/solutions/virtual_try_on", &["image"])]
fn solutions_end_in_what_their_pages_say(#[case] path: &str, #[case] kinds: &[&str]) {
    let mut machine = machine();
    let id = make(&mut machine, path, &sample(path));
    end(&mut machine, &id, "succeeded");
    let task = &get(&mut machine, &format!("/solutions?task_ids={id}"))[0];
    let seen: Vec<&str> = task["outputs"]
        .as_array()
        .expect("outputs")
        .iter()
        .map(|one| one["type"].as_str().expect("text"))
        .collect();
    assert_eq!(seen, kinds);
    assert!(task["outputs"].as_array().expect("outputs").iter().all(|one| one.get("id").is_none()));
}

#[test]
fn pages_by_cursor_show_every_task_once_whatever_the_window() {
    let mut machine = machine();
    let made: Vec<String> =
        (0..7).map(|at| make_at(&mut machine, TURBO, &sample(TURBO), later(at - 6))).collect();
    let (mut seen, mut body) = (Vec::new(), json!({"limit": 3}));
    loop {
        let (_, answer) = post(&mut machine, "/tasks", &body);
        let page = &answer["data"];
        let ids = page["result"]
            .as_array()
            .expect("a page")
            .iter()
            .map(|task| task["id"].as_str().expect("text").to_owned());
        seen.extend(ids);
        assert_eq!(page["count"], page["result"].as_array().expect("a page").len());
        if page["has_more"] == false {
            assert!(page.get("next_cursor").is_none());
            break;
        }
        // Beside a cursor the times do not count.
        body = json!({"limit": 3, "cursor": page["next_cursor"], "start_time": 1, "end_time": 2});
    }
    assert_eq!(seen, made.into_iter().rev().collect::<Vec<_>>());
}

#[rstest]
#[case::nothing(json!({}), 4)]
#[case::from_now(json!({"start_time": 1_787_869_631_250_i64}), 3)]
#[case::as_text(json!({"start_time": "1787869631250"}), 3)]
#[case::before_now(json!({"end_time": 1_787_869_631_250_i64}), 1)]
#[case::limit(json!({"limit": 2}), 2)]
#[case::no_limit_is_one(json!({"limit": 0}), 1)]
#[case::less_is_one(json!({"limit": -7}), 1)]
#[case::nulls(json!({"limit": null, "cursor": null, "start_time": null, "filters": null}), 4)]
#[case::failed(json!({"filters": [{"key": "status", "values": ["failed"]}]}), 1)]
#[case::two_states(json!({"filters": [{"key": "status", "values": ["failed", "submitted"]}]}), 4)]
#[case::videos(json!({"filters": [{"key": "product_type", "values": ["video"]}]}), 2)]
#[case::images(json!({"filters": [{"key": "product_type", "values": ["image"]}]}), 1)]
#[case::tried_on(json!({"filters": [{"key": "product_type", "values": ["try_on"]}]}), 1)]
#[case::both(json!({"filters": [{"key": "product_type", "values": ["video"]}, {"key": "status", "values": ["failed"]}]}), 1)]
fn tasks_are_found_by_time_and_filter(#[case] body: Value, #[case] count: u64) {
    let mut machine = machine();
    let (try_on, image) = ("/v1/images/kolors-virtual-try-on", "/v1/images/generations");
    make_at(&mut machine, TURBO, &sample(TURBO), later(-1));
    let failed = make(&mut machine, TURBO, &sample(TURBO));
    end(&mut machine, &failed, "moderated");
    make(&mut machine, image, &sample(image));
    make(&mut machine, try_on, &sample(try_on));
    let (_, answer) = post(&mut machine, "/tasks", &body);
    assert_eq!(answer["data"]["count"], count, "{answer}");
}

#[rstest]
#[case::too_many(json!({"limit": 501}))]
#[case::limit_as_text(json!({"limit": "5"}))]
#[case::backwards(json!({"start_time": 2, "end_time": 1}))]
#[case::not_a_time(json!({"start_time": "yesterday"}))]
#[case::not_a_cursor(json!({"cursor": "next please"}))]
#[case::unknown_filter(json!({"filters": [{"key": "model", "values": []}]}))]
#[case::filter_without_values(json!({"filters": [{"key": "status"}]}))]
fn a_wrong_query_by_time_is_refused(#[case] body: Value) {
    for path in ["/tasks", "/solutions"] {
        refused(&post(&mut machine(), path, &body), 400, 1201);
    }
}

#[test]
fn what_a_client_asks_for_lands_where_the_dialect_has_it() {
    let nested =
        json!({"callback_url": "https://hooks.example.com/other", "watermark_info": {"enabled": true}});
    let options = json!({"callback_url": HOOK, "resolution": "1080p", "odd": 1, "options": nested});
    let wish = Wish {
        model: "kling-3.0-turbo".to_owned(),
        prompt: "A boat".to_owned(),
        images: Vec::new(),
        duration: Some(5),
        options: options.as_object().expect("an object").clone(),
    };
    let with_image = Wish { images: vec!["https://img.example.com/a.png".to_owned()], ..wish.clone() };
    let dialect = dialect("kling-v2");
    for (wish, path) in
        [(wish, "/text-to-video/kling-3.0-turbo"), (with_image, "/image-to-video/kling-3.0-turbo")]
    {
        let request = (dialect.client.create)(&wish);
        assert_eq!(request.path(), path);
        let body = request.json().expect("JSON");
        assert_eq!(body["options"], json!({"callback_url": HOOK, "watermark_info": {"enabled": true}}));
        assert_eq!(body["settings"], json!({"duration": 5, "resolution": "1080p"}));
        assert_eq!(body["odd"], 1);
        let seen = (dialect.read_create)(&request).expect("a create");
        assert_eq!(
            (seen.model.as_deref(), seen.prompt.as_deref()),
            (Some("kling-3.0-turbo"), Some("A boat"))
        );
        assert_eq!(seen.callback_url, Some(json!(HOOK)));
        let mut machine = machine();
        let turn = turn(&mut machine, request, now());
        let task = turn.task.clone().expect("a task");
        let created = (dialect.client.created)(&response(turn)).expect("accepted");
        assert_eq!(created, task);
        let mut look = || {
            let (_, body) = ask(&mut machine, (dialect.client.query)(&wish, &task));
            (dialect.client.queried)(&body)
        };
        assert_eq!(look(), Sighting::At(Phase::Submitted));
        end(&mut machine, &task, "succeeded");
        let (_, body) = ask(&mut machine, (dialect.client.query)(&wish, &task));
        assert_eq!((dialect.client.queried)(&body), Sighting::Done(vec![format!("{RESULTS}/{task}.mp4")]));
    }
}

#[test]
fn a_legacy_create_is_read_wherever_the_model_stands() {
    let dialect = dialect("kling-legacy");
    let read = |path: &str, body: Value| (dialect.read_create)(&Request::post(path, &body));
    let seen = read("/v1/videos/text2video", json!({"model": "kling-v1", "prompt": "A", "callback_url": 7}))
        .expect("a create");
    assert_eq!((seen.model.as_deref(), seen.callback_url), (Some("kling-v1"), Some(json!(7))));
    assert!(read("/v1/videos/text2video/1", json!({})).is_none());
    assert!((dialect.read_create)(&Request::get("/v1/videos/text2video")).is_none());
}
