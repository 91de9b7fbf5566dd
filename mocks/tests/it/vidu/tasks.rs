//! What becomes of a task: its states and ends, cancelling, results, and who is told.

use ringback_mocks::delivery::Signer;
use ringback_mocks::machine::Reply;
use ringback_mocks::vendor::Phase;
use ringback_mocks::vendor::Step;
use ringback_mocks::wire::Request;
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    HOOK, body_of, create, dialect, end, enter, get, handled, keys, later, machine, now, post, queried,
};

const RECORD: [&str; 8] = ["id", "state", "err_code", "credits", "payload", "bgm", "off_peak", "creations"];

#[test]
fn a_task_goes_through_the_documented_states() {
    let mut machine = machine(&[]);
    let (task, _) =
        create(&mut machine, &json!({"payload": "order-42", "bgm": true, "off_peak": true}), now());
    let steps = [("queueing", Phase::Queued), ("processing", Phase::Running)];
    let mut seen = vec![queried(&mut machine, &task)];
    for (_, phase) in steps {
        enter(&mut machine, &task, phase);
        seen.push(queried(&mut machine, &task));
    }
    for (record, state) in seen.iter().zip(["created", "queueing", "processing"]) {
        assert_eq!(keys(record), RECORD);
        assert_eq!(record["state"], state);
        assert_eq!(record["id"], json!(task));
        assert_eq!(record["err_code"], "");
        assert_eq!(record["credits"], 4);
        assert_eq!(record["creations"], json!([]));
        assert_eq!(
            (&record["payload"], &record["bgm"], &record["off_peak"]),
            (&json!("order-42"), &json!(true), &json!(true))
        );
    }
    end(&mut machine, &task, "succeeded");
    let record = queried(&mut machine, &task);
    assert_eq!(
        (&record["state"], &record["err_code"], &record["credits"]),
        (&json!("success"), &json!(""), &json!(4))
    );
    let url = format!("https://results.example.com/results/{task}");
    let creation = &record["creations"][0];
    assert_eq!(keys(creation), ["id", "url", "cover_url", "watermarked_url"]);
    assert_ne!(creation["id"], json!(task));
    assert_eq!(creation["id"].as_str().map(str::len), Some(18));
    assert_eq!(creation["url"], format!("{url}.mp4"));
    assert_eq!(creation["cover_url"], format!("{url}.jpeg"));
    assert_eq!(creation["watermarked_url"], "");
}

#[test]
fn a_payload_of_a_million_characters_comes_back_as_it_went() {
    let payload = "船\u{0}\"".repeat(349_525);
    let mut machine = machine(&[]);
    let (task, _) = create(&mut machine, &json!({"payload": payload}), now());
    assert_eq!(queried(&mut machine, &task)["payload"].as_str(), Some(payload.as_str()));
    let sent = end(&mut machine, &task, "succeeded");
    assert_eq!(body_of(&sent[0])["payload"].as_str(), Some(payload.as_str()));
}

#[test]
fn every_end_but_the_good_one_has_failed_for_a_reason_and_free_of_charge() {
    for ending in dialect().endings.iter().filter(|ending| ending.name != "succeeded") {
        let mut machine = machine(&[]);
        let (task, _) = create(&mut machine, &json!({}), now());
        let sent = end(&mut machine, &task, ending.name);
        let record = queried(&mut machine, &task);
        assert_eq!(
            (&record["state"], &record["err_code"], &record["credits"], &record["creations"]),
            (&json!("failed"), &json!(ending.code), &json!(0), &json!([])),
        );
        assert_eq!(body_of(&sent[0]), record);
    }
}

#[rstest]
#[case::absent("creations-before-success=absent", None)]
#[case::empty("creations-before-success=empty", Some(json!([])))]
fn before_success_there_is_an_empty_list_or_nothing(#[case] knob: &str, #[case] creations: Option<Value>) {
    let mut machine = machine(&[knob]);
    let (task, _) = create(&mut machine, &json!({}), now());
    assert_eq!(queried(&mut machine, &task).get("creations"), creations.as_ref());
    let sent = enter(&mut machine, &task, Phase::Running);
    assert_eq!(body_of(&sent[0]).get("creations"), creations.as_ref());
    end(&mut machine, &task, "succeeded");
    assert_eq!(queried(&mut machine, &task)["creations"].as_array().map(Vec::len), Some(1));
}

#[rstest]
#[case::wide(json!({}), (1920, 1080), 5.0)]
#[case::tall(json!({"aspect_ratio": "9:16"}), (1080, 1920), 5.0)]
#[case::square(json!({"model": "viduq2", "aspect_ratio": "1:1", "duration": 3}), (720, 720), 3.0)]
fn creations_describe_their_video_where_the_knob_says_so(
    #[case] change: Value,
    #[case] (width, height): (u64, u64),
    #[case] seconds: f64,
) {
    let mut machine = machine(&["creation-video=on"]);
    let (task, _) = create(&mut machine, &change, now());
    let sent = end(&mut machine, &task, "succeeded");
    let video = &body_of(&sent[0])["creations"][0]["video"];
    assert!(video["duration"].is_f64());
    assert_eq!(video["duration"], seconds);
    assert!(video["fps"].is_u64());
    assert_eq!(video["resolution"], json!({"width": width, "height": height}));
}

#[test]
fn a_watermarked_copy_exists_where_it_was_asked_for() {
    let mut machine = machine(&[]);
    let (task, _) = create(&mut machine, &json!({"watermark": true, "wm_position": 2}), now());
    end(&mut machine, &task, "succeeded");
    let creation = queried(&mut machine, &task)["creations"][0].clone();
    let marked = creation["watermarked_url"].as_str().expect("an address").to_owned();
    assert_eq!(marked, format!("https://results.example.com/results/{task}-wm.mp4"));
}

#[rstest]
#[case::video("url", 24 * 3_600)]
#[case::marked("watermarked_url", 24 * 3_600)]
#[case::cover("cover_url", 3_600)]
fn results_last_as_long_as_the_vendors(#[case] which: &str, #[case] seconds: i64) {
    let mut machine = machine(&[]);
    let (task, _) = create(&mut machine, &json!({"watermark": true}), now());
    end(&mut machine, &task, "succeeded");
    let url = queried(&mut machine, &task)["creations"][0][which].as_str().expect("an address").to_owned();
    let path = url.strip_prefix("https://results.example.com").expect("below the root");
    for (at, status) in [(0, 200), (seconds, 200), (seconds + 1, 403)] {
        let Reply::Response(response) = machine.handle(&Request::get(path), later(at)).reply else {
            panic!("an answer")
        };
        assert_eq!(response.status, status, "{which} after {at} s");
    }
}

#[test]
fn ids_of_tasks_and_creations_are_unique() {
    let mut machine = machine(&[]);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2_000 {
        let (task, _) = create(&mut machine, &json!({}), now());
        end(&mut machine, &task, "succeeded");
        let creation = queried(&mut machine, &task)["creations"][0]["id"].clone();
        assert!(seen.insert(task) && seen.insert(creation.as_str().expect("a string").to_owned()));
    }
}

/// The state, and what becomes of a cancel in it.
#[rstest]
#[case::created(&[], None)]
#[case::queueing(&["queueing"], None)]
#[case::processing(&["processing"], Some("scheduled"))]
#[case::success(&["succeeded"], Some("success"))]
#[case::failed(&["moderated"], Some("failed"))]
#[case::cancelled(&["cancelled"], Some("failed"))]
fn only_what_has_not_begun_is_cancelled(
    #[case] before: &[&str],
    #[case] word: Option<&str>,
    #[values(json!({}), json!({"id": "whichever"}))] body: Value,
) {
    let mut machine = machine(&[]);
    let (task, _) = create(&mut machine, &json!({}), now());
    for state in before {
        machine.advance(&task, dialect().step(state).expect("a state"), now());
    }
    let was = queried(&mut machine, &task);
    let request = Request::post(format!("/ent/v2/tasks/{task}/cancel"), &body);
    let (status, answer, turn) = handled(&mut machine, request, now());
    let record = queried(&mut machine, &task);
    assert_eq!(turn.task.as_deref(), Some(task.as_str()));
    if let Some(word) = word {
        assert_eq!((status, answer["reason"].as_str()), (400, Some("BadRequest")));
        assert_eq!(answer["message"], format!("task state is {word}, can not cancel"));
        assert_eq!(record, was, "nothing changes");
        assert!(turn.deliveries.is_empty());
    } else {
        assert_eq!((status, answer), (200, json!({})));
        assert_eq!(
            (&record["state"], &record["err_code"], &record["credits"]),
            (&json!("failed"), &json!("UserCancelled"), &json!(0)),
        );
        assert_eq!(turn.deliveries.len(), 1);
        assert_eq!(body_of(&turn.deliveries[0]), record);
    }
}

#[test]
fn a_refused_cancel_uses_a_state_where_the_knob_says_so() {
    let mut machine = machine(&["cancel-state-word=processing"]);
    let (task, _) = create(&mut machine, &json!({}), now());
    enter(&mut machine, &task, Phase::Running);
    let (_, answer) = post(&mut machine, &format!("/ent/v2/tasks/{task}/cancel"), &json!({}));
    assert_eq!(answer["message"], "task state is processing, can not cancel");
}

#[rstest]
#[case::nobody(b"{}".as_slice(), "nobody", 404, "TaskNotFound")]
#[case::no_body(b"".as_slice(), "nobody", 404, "TaskNotFound")]
#[case::not_json(b"{".as_slice(), "nobody", 400, "BadRequest")]
#[case::no_object(b"[]".as_slice(), "nobody", 400, "BadRequest")]
fn cancels_of_nothing_are_refused(
    #[case] bytes: &'static [u8],
    #[case] id: &str,
    #[case] status: u16,
    #[case] reason: &str,
) {
    let request =
        Request { body: bytes.into(), ..Request::post(format!("/ent/v2/tasks/{id}/cancel"), &json!({})) };
    let (was, answer, _) = handled(&mut machine(&[]), request, now());
    assert_eq!((was, answer["reason"].as_str()), (status, Some(reason)));
}

#[test]
fn unknown_tasks_are_not_found() {
    let (status, body) = get(&mut machine(&[]), "/ent/v2/tasks/812841849562607616/creations");
    assert_eq!(
        (status, &body["reason"], &body["message"]),
        (404, &json!("TaskNotFound"), &json!("task not found"))
    );
}

/// Every knob on callbacks, and the words that are sent for a task that goes all the way.
#[rstest]
#[case::documented(&[], "succeeded", &["processing", "success"])]
#[case::failed(&[], "moderated", &["processing", "failed"])]
#[case::early(&["callback-early=on"], "succeeded", &["created", "queueing", "processing", "success"])]
#[case::quiet_cancel(&["callback-cancel=off"], "moderated", &["processing", "failed"])]
fn changes_are_called_back_word_by_word(
    #[case] knobs: &[&str],
    #[case] ending: &str,
    #[case] words: &[&str],
) {
    let mut machine = machine(knobs);
    let (task, mut sent) = create(&mut machine, &json!({"payload": "order-42"}), now());
    let mut records = vec![queried(&mut machine, &task); sent.len()];
    let ending = dialect().ending(ending).expect("an ending");
    for step in [Step::To(Phase::Queued), Step::To(Phase::Running), Step::End(ending)] {
        let more = machine.advance(&task, step, now()).expect("it moves");
        records.extend(vec![queried(&mut machine, &task); more.len()]);
        sent.extend(more);
    }
    assert_eq!(sent.iter().map(|delivery| delivery.state).collect::<Vec<_>>(), words);
    for ((delivery, record), word) in sent.iter().zip(&records).zip(words) {
        assert_eq!(&body_of(delivery), record, "the body of the query");
        assert_eq!(body_of(delivery)["state"], *word);
        assert_eq!(delivery.url, HOOK);
        assert_eq!(delivery.content_type, "application/json");
        let final_word = matches!(*word, "success" | "failed");
        assert_eq!(delivery.retries.len(), if final_word { 3 } else { 0 }, "{word}");
        assert!(matches!(&delivery.signer, Signer::ViduHmac(key) if key.expose() == "key"));
    }
}

#[test]
fn a_cancelled_task_is_called_back_unless_the_knob_says_otherwise() {
    for (knobs, count) in [(&[][..], 1), (&["callback-cancel=off"][..], 0)] {
        let mut machine = machine(knobs);
        let (task, _) = create(&mut machine, &json!({}), now());
        let request = Request::post(format!("/ent/v2/tasks/{task}/cancel"), &json!({}));
        let (status, _, turn) = handled(&mut machine, request, now());
        assert_eq!((status, turn.deliveries.len()), (200, count));
        assert_eq!(queried(&mut machine, &task)["err_code"], "UserCancelled");
    }
}

#[test]
fn callbacks_are_signed_with_the_key_that_made_the_task() {
    let mut machine = machine(&[]);
    let body = json!({"model": "viduq1", "prompt": "a boat", "callback_url": HOOK});
    let request = Request::post("/ent/v2/text2video", &body).header("authorization", "Token other");
    let task = machine.handle(&request, now()).task.expect("a task was made");
    let sent = enter(&mut machine, &task, Phase::Running);
    assert!(matches!(&sent[0].signer, Signer::ViduHmac(key) if key.expose() == "other"));
}

#[rstest]
#[case::absent(json!("-"))]
#[case::null(json!(null))]
#[case::empty(json!(""))]
fn nobody_is_called_back_without_a_url(#[case] url: Value) {
    let mut machine = machine(&["callback-early=on"]);
    let (task, sent) = create(&mut machine, &json!({"callback_url": url}), now());
    assert!(sent.is_empty());
    assert!(enter(&mut machine, &task, Phase::Running).is_empty());
    assert!(end(&mut machine, &task, "succeeded").is_empty());
}

#[test]
fn an_off_peak_task_can_run_out_of_its_forty_eight_hours() {
    let mut machine = machine(&[]);
    machine.add_rule("prompt=boat: off-peak-expired after 48h+0s".parse().expect("a rule"));
    let (task, _) = create(&mut machine, &json!({"off_peak": true}), now());
    machine.tick(later(48 * 3_600 - 1));
    assert_eq!(queried(&mut machine, &task)["state"], "queueing");
    let sent = machine.tick(later(48 * 3_600));
    assert_eq!(sent.last().map(|delivery| delivery.state), Some("failed"));
    let record = queried(&mut machine, &task);
    assert_eq!((&record["state"], &record["credits"]), (&json!("failed"), &json!(0)));
}
