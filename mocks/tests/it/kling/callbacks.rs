//! Callbacks, word by word: which states, which record, which signature.

use ringback_mocks::delivery::Delivery;
use ringback_mocks::signature::verify_standard_webhooks;
use rstest::rstest;

use super::*;

const SECRET: &str = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=";

/// A create with a callback URL at its generation's place.
fn with_hook(path: &str) -> Value {
    let mut body = sample(path);
    if path.starts_with("/v1/") {
        body["callback_url"] = json!(HOOK);
    } else {
        body["options"]["callback_url"] = json!(HOOK);
    }
    body
}

/// Every delivery of a task's life.
fn life(machine: &mut Machine, path: &str, ending: &str) -> Vec<Delivery> {
    let mut turn = turn(machine, Request::post(path, &with_hook(path)), now());
    let task = turn.task.take().expect("a task");
    let dialect = machine.tasks().get(&task).expect("it is kept").draft.dialect;
    let ending = dialect.ending(ending).expect("an ending");
    for step in [Step::To(Phase::Running), Step::End(ending)] {
        turn.deliveries.extend(machine.advance(&task, step, later(9)).expect("it moves"));
    }
    turn.deliveries
}

#[rstest]
#[case::legacy("/v1/videos/text2video", "succeeded", "off", &["processing", "succeed"])]
#[case::legacy_image("/v1/images/generations", "succeeded", "off", &["processing", "succeed"])]
#[case::legacy_failed("/v1/videos/text2video", "moderated", "off", &["processing", "failed"])]
#[case::legacy_all("/v1/videos/text2video", "succeeded", "on", &["submitted", "processing", "succeed"])]
#[case::new("/text-to-video/kling-3.0-turbo", "succeeded", "off", &["processing", "succeeded"])]
#[case::new_failed("/text-to-video/kling-3.0-turbo", "image-invalid", "off", &["processing", "failed"])]
#[case::new_all("/omni-video/kling-o1", "succeeded", "on", &["submitted", "processing", "succeeded"])]
#[case::subtitles("/solutions/drama_subtitle", "succeeded", "on", &["succeeded"])]
#[case::subtitles_failed("/solutions/drama_subtitle", "source-track", "off", &["failed"])]
#[case::goods("/solutions/e-commerce/goods_studio", "succeeded", "off", &["processing", "succeeded"])]
fn states_are_called_back_as_documented(
    #[case] path: &str,
    #[case] ending: &str,
    #[case] submitted: &str,
    #[case] words: &[&str],
) {
    let knobs = [("kling-legacy.callback-submitted", submitted), ("kling-v2.callback-submitted", submitted)];
    let deliveries = life(&mut machine_with(&knobs), path, ending);
    let states: Vec<&str> = deliveries.iter().map(|delivery| delivery.state).collect();
    assert_eq!(states, words);
    let key = if path.starts_with("/v1/") { "task_status" } else { "status" };
    for delivery in deliveries {
        assert_eq!((delivery.url.as_str(), delivery.content_type), (HOOK, "application/json; charset=utf-8"));
        let body: Value = serde_json::from_slice(&delivery.body).expect("JSON");
        assert_eq!(body[key], delivery.state, "the bare record: {body}");
        assert!(body.get("data").is_none() && body.get("code").is_none(), "{body}");
    }
}

#[test]
fn a_legacy_callback_has_no_watermark_fields_and_a_new_one_is_the_query_record() {
    for dialect in ["kling-legacy", "kling-v2"] {
        for (path, body) in samples(dialect) {
            let mut machine = machine();
            let mut body = body;
            body[if dialect == "kling-v2" { "options" } else { "watermark_info" }]["enabled"] = json!(true);
            let place = if dialect == "kling-v2" { &mut body["options"] } else { &mut body };
            place["callback_url"] = json!(HOOK);
            let task = make(&mut machine, path, &body);
            let posted = end(&mut machine, &task, "succeeded").pop().expect("called back");
            if dialect == "kling-v2" {
                let queries = if path.starts_with("/solutions") { "/solutions" } else { "/tasks" };
                assert_eq!(json!([posted]), get(&mut machine, &format!("{queries}?task_ids={task}")));
            } else {
                let text = posted.to_string();
                assert!(!text.contains("watermark") && !text.contains("result_type"), "{text}");
                // Without a watermarked copy there is nothing to leave out.
                let same = posted == get(&mut machine, &format!("{path}/{task}"));
                assert_eq!(same, path.ends_with("try-on"), "{posted}");
            }
        }
    }
}

#[rstest]
#[case::path("path", "/image-to-video/kling-3.0", "id", "succeeded")]
#[case::model("model", "/image-to-video/kling-3.0", "task_id", "succeed")]
#[case::turbo_is_new_either_way("model", "/text-to-video/kling-3.0-turbo", "id", "succeeded")]
#[case::so_are_solutions("model", "/solutions/virtual_try_on", "id", "succeeded")]
fn whose_record_an_older_model_gets_is_a_knob(
    #[case] knob: &str,
    #[case] path: &str,
    #[case] key: &str,
    #[case] word: &str,
) {
    let mut machine = machine_with(&[("kling-v2.callback-shape", knob)]);
    let last = life(&mut machine, path, "succeeded").pop().expect("called back");
    let body: Value = serde_json::from_slice(&last.body).expect("JSON");
    assert!(body[key].is_string(), "{body}");
    assert_eq!(last.state, word);
}

#[rstest]
#[case::new_without_secret("/text-to-video/kling-3.0-turbo", &[], "on", 0)]
#[case::new("/text-to-video/kling-3.0-turbo", &[SECRET], "on", 1)]
#[case::new_in_rotation("/text-to-video/kling-3.0-turbo", &["whsec_b2xk", SECRET], "on", 2)]
#[case::new_whatever_the_legacy_knob("/text-to-video/kling-3.0-turbo", &[SECRET], "off", 1)]
#[case::legacy("/v1/videos/text2video", &[SECRET], "on", 1)]
#[case::legacy_off("/v1/videos/text2video", &[SECRET], "off", 0)]
fn callbacks_are_signed_when_the_account_has_a_secret(
    #[case] path: &str,
    #[case] secrets: &[&str],
    #[case] knob: &str,
    #[case] signatures: usize,
) {
    let mut settings = settings(&[("kling-legacy.sign-legacy", knob)]);
    settings.webhook_secrets = secrets.iter().map(|secret| Secret::new(*secret)).collect();
    let delivery = life(&mut Machine::new(kling(), settings), path, "succeeded").pop().expect("called back");
    let headers = delivery.headers(now(), "nonce");
    let signature = headers.get("webhook-signature");
    assert_eq!(signature.map_or(0, |value| value.split(' ').count()), signatures);
    assert_eq!(headers.get("webhook-id").is_some(), signatures > 0);
    if signatures > 0 {
        let held = verify_standard_webhooks(&[Secret::new(SECRET)], &headers, &delivery.body, now());
        assert_eq!(held, Ok(()));
    }
}

#[rstest]
#[case::absent(None)]
#[case::null(Some(Value::Null))]
#[case::empty(Some(json!("")))]
fn nothing_is_called_back_without_a_url(#[case] url: Option<Value>) {
    for path in ["/v1/videos/text2video", "/text-to-video/kling-3.0-turbo"] {
        let mut body = sample(path);
        if let Some(url) = &url {
            body["callback_url"] = url.clone();
            body["options"] = json!({"callback_url": url});
        }
        let mut machine = machine();
        let task = make(&mut machine, path, &body);
        assert!(run(&mut machine, &task).is_empty() && end(&mut machine, &task, "succeeded").is_empty());
    }
}
