//! What Vidu takes, echoes and refuses.

use proptest::prelude::*;
use ringback_mocks::client::{Blame, Wish};
use ringback_mocks::rules::Rule;
use ringback_mocks::vendor::Purpose;
use ringback_mocks::wire::Request;
use rstest::rstest;
use serde_json::{Map, Value, json};

use super::{dialect, get, handled, keys, machine, now, patched, post, value};

const PNG: &str = "https://img.example.com/boat.png";

/// A valid body for a route.
fn valid(route: &str) -> Value {
    let frame = json!({"key_image": PNG});
    match route {
        "text2video" => json!({"model": "viduq1", "prompt": "a boat"}),
        "img2video" => json!({"model": "viduq1", "images": [PNG]}),
        "start-end2video" => json!({"model": "viduq1", "images": [PNG, PNG]}),
        "reference2video" => json!({"model": "viduq1", "images": [PNG], "prompt": "a boat"}),
        "multiframe" => json!({"model": "viduq2-pro", "start_image": PNG, "image_settings": [frame, frame]}),
        "template-story" => json!({"story": "love_story", "images": [PNG]}),
        _ => json!({"template": "hugging", "images": [PNG]}),
    }
}

const MODELLED: [&str; 5] = ["text2video", "img2video", "start-end2video", "reference2video", "multiframe"];

fn asked(knobs: &[&str], route: &str, change: &Value) -> (u16, Value) {
    post(&mut machine(knobs), &format!("/ent/v2/{route}"), &patched(&valid(route), change))
}

#[rstest]
#[case::text("text2video", Some("text2video"), &["style", "images", "duration", "seed", "movement_amplitude", "bgm"])]
#[case::image("img2video", Some("img2video"), &["images", "resolution", "off_peak"])]
#[case::frames("start-end2video", Some("headtailimg2video"), &["images", "aspect_ratio"])]
#[case::reference("reference2video", Some("character2video"), &["images", "aspect_ratio"])]
#[case::multiframe("multiframe", None, &["model", "start_image", "image_settings", "resolution"])]
#[case::template("template", None, &["template", "prompt", "images", "seed"])]
#[case::older_template("template2video", None, &["template", "prompt", "images", "seed"])]
#[case::story("template-story", None, &["story", "images"])]
fn every_route_echoes_its_request(#[case] route: &str, #[case] kind: Option<&str>, #[case] has: &[&str]) {
    let (status, body) = asked(&[], route, &json!({"payload": "order-42"}));
    assert_eq!(status, 200, "{body}");
    let id = body["task_id"].as_str().expect("a string");
    assert!(id.len() == 18 && id.parse::<u64>().expect("decimal") > 1 << 53, "{id}");
    assert_eq!(body.get("id"), None, "the id has its other name elsewhere");
    assert_eq!(body.get("type").and_then(Value::as_str), kind);
    assert_eq!(body["state"], "created");
    assert_eq!(body["payload"], "order-42");
    assert_eq!(body["credits"], 4);
    assert_eq!(body["created_at"], "2026-11-24T12:00:00.440323061Z");
    assert_eq!(body.get("images"), valid(route).get("images").or(body.get("images")));
    for field in has {
        assert!(body.get(*field).is_some(), "{field} in {body}");
    }
}

#[rstest]
#[case::q1("text2video", json!({}), 5, "1080p", "16:9")]
#[case::q2("text2video", json!({"model": "viduq2"}), 5, "720p", "16:9")]
#[case::old("text2video", json!({"model": "vidu1.5"}), 4, "360p", "16:9")]
#[case::old_long("text2video", json!({"model": "vidu1.5", "duration": 8}), 8, "720p", "16:9")]
#[case::asked("text2video", json!({"model": "viduq3-pro", "duration": 16, "resolution": "540p", "aspect_ratio": "3:4"}), 16, "540p", "3:4")]
#[case::image("img2video", json!({"model": "vidu2.0"}), 4, "360p", "16:9")]
#[case::fast("img2video", json!({"model": "viduq3-pro-fast"}), 5, "720p", "16:9")]
#[case::frames("start-end2video", json!({}), 5, "1080p", "")]
#[case::nulls("text2video", json!({"duration": null, "resolution": null, "aspect_ratio": null}), 5, "1080p", "16:9")]
fn what_is_not_asked_for_has_the_models_default(
    #[case] route: &str,
    #[case] change: Value,
    #[case] duration: u64,
    #[case] resolution: &str,
    #[case] ratio: &str,
) {
    let (status, body) = asked(&[], route, &change);
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["duration"], duration);
    assert_eq!(body["resolution"], resolution);
    assert_eq!(body["aspect_ratio"], ratio);
    assert!(body["seed"].as_i64().is_some_and(|seed| seed != 0));
}

/// Each row: a fault, the error it is, the fields the sentence names, and a control without the fault.
#[rstest]
#[case::model_missing("text2video", json!({"model": "-"}), "FieldLacking", "model", json!({}))]
#[case::model_empty("text2video", json!({"model": ""}), "FieldLacking", "model", json!({}))]
#[case::both_missing("text2video", json!({"model": "-", "prompt": "-"}), "FieldLacking", "model, prompt", json!({}))]
#[case::prompt_null("text2video", json!({"prompt": null}), "FieldLacking", "prompt", json!({"prompt": "x"}))]
#[case::prompt_optional("reference2video", json!({"prompt": ""}), "FieldLacking", "prompt", json!({"prompt": "x"}))]
#[case::prompt_long("text2video", json!({"prompt": "船".repeat(5_001)}), "FieldInvalid", "prompt", json!({"prompt": "船".repeat(5_000)}))]
#[case::template_prompt("template", json!({"prompt": "x".repeat(2_001)}), "FieldInvalid", "prompt", json!({"prompt": "x".repeat(2_000)}))]
#[case::payload_long("text2video", json!({"payload": "x".repeat(1_048_577)}), "FieldInvalid", "payload", json!({"payload": "x".repeat(1_048_576)}))]
#[case::unknown_field("text2video", json!({"notify_url": "x"}), "FieldUnwanted", "notify_url", json!({"notify_url": null}))]
#[case::two_unknown("text2video", json!({"a": 1, "b": 2}), "FieldUnwanted", "a, b", json!({}))]
#[case::images_to_text("text2video", json!({"images": [PNG]}), "FieldUnwanted", "images", json!({"images": []}))]
#[case::subjects_to_image("img2video", json!({"subjects": [{"id": "a", "images": [PNG]}]}), "FieldUnwanted", "subjects", json!({}))]
#[case::story_to_template("template", json!({"story": "love_story"}), "FieldUnwanted", "story", json!({}))]
#[case::images_missing("img2video", json!({"images": "-"}), "FieldLacking", "images", json!({}))]
#[case::images_empty("img2video", json!({"images": []}), "FieldLacking", "images", json!({}))]
#[case::images_two("img2video", json!({"images": [PNG, PNG]}), "FieldItemCountOutOfRange", "images", json!({}))]
#[case::frames_one("start-end2video", json!({"images": [PNG]}), "FieldItemCountOutOfRange", "images", json!({}))]
#[case::frames_three("start-end2video", json!({"images": [PNG, PNG, PNG]}), "FieldItemCountOutOfRange", "images", json!({}))]
#[case::references_eight("reference2video", json!({"images": [PNG, PNG, PNG, PNG, PNG, PNG, PNG, PNG]}), "FieldItemCountOutOfRange", "images", json!({"images": [PNG, PNG, PNG, PNG, PNG, PNG, PNG]}))]
#[case::references_of_2_0("reference2video", json!({"model": "vidu2.0", "images": [PNG, PNG, PNG, PNG]}), "FieldItemCountOutOfRange", "images", json!({"model": "vidu2.0", "images": [PNG, PNG, PNG]}))]
#[case::no_references("reference2video", json!({"images": "-"}), "FieldLacking", "images", json!({"images": "-", "subjects": [{"name": "a", "images": [PNG]}]}))]
#[case::subject_images("reference2video", json!({"subjects": [{"id": "a", "images": [PNG, PNG, PNG, PNG]}]}), "FieldItemCountOutOfRange", "subjects", json!({"subjects": [{"id": "a", "images": [PNG, PNG, PNG], "voice_id": null}]}))]
#[case::subject_nameless("reference2video", json!({"subjects": [{"images": [PNG]}]}), "FieldLacking", "subjects", json!({"subjects": [{"id": "a"}]}))]
#[case::subject_odd("reference2video", json!({"subjects": [{"id": "a", "mood": "glad"}]}), "FieldUnwanted", "subjects", json!({}))]
#[case::subject_text("reference2video", json!({"subjects": ["a"]}), "FieldInvalid", "subjects", json!({}))]
#[case::subjects_eight("reference2video", json!({"subjects": vec![json!({"id": "a"}); 8]}), "FieldItemCountOutOfRange", "subjects", json!({"subjects": vec![json!({"id": "a"}); 7]}))]
#[case::subject_pictures("reference2video", json!({"subjects": vec![json!({"id": "a", "images": [PNG, PNG, PNG]}); 3]}), "FieldItemCountOutOfRange", "subjects", json!({"subjects": vec![json!({"id": "a", "images": [PNG, PNG]}); 3]}))]
#[case::image_number("img2video", json!({"images": [7]}), "FieldInvalid", "images", json!({}))]
#[case::images_text("img2video", json!({"images": PNG}), "FieldInvalid", "images", json!({}))]
#[case::image_empty("img2video", json!({"images": [""]}), "FieldInvalid", "images", json!({}))]
#[case::image_webp("img2video", json!({"images": ["data:image/gif;base64,R0lG"]}), "ImageFormatInvalid", "", json!({"images": ["data:image/webp;base64,UklG"]}))]
#[case::image_typeless("img2video", json!({"images": ["data:;base64,R0lG"]}), "ImageFormatInvalid", "", json!({"images": ["data:image/jpg;base64,R0lG"]}))]
#[case::image_nowhere("img2video", json!({"images": ["boat.png"]}), "ImageDownloadFailure", "", json!({"images": ["http://img.example.com/a"]}))]
#[case::frames_few("multiframe", json!({"image_settings": [{"key_image": PNG}]}), "FieldItemCountOutOfRange", "image_settings", json!({}))]
#[case::frames_many("multiframe", json!({"image_settings": vec![json!({"key_image": PNG}); 10]}), "FieldItemCountOutOfRange", "image_settings", json!({"image_settings": vec![json!({"key_image": PNG}); 9]}))]
#[case::frames_none("multiframe", json!({"image_settings": []}), "FieldLacking", "image_settings", json!({}))]
#[case::frame_blank("multiframe", json!({"image_settings": [{"key_image": PNG}, {"prompt": "x"}]}), "FieldLacking", "image_settings", json!({}))]
#[case::frame_long("multiframe", json!({"image_settings": [{"key_image": PNG}, {"key_image": PNG, "duration": 8}]}), "FieldInvalid", "image_settings", json!({"image_settings": [{"key_image": PNG, "duration": 2}, {"key_image": PNG, "duration": 7, "prompt": null}]}))]
#[case::start_missing("multiframe", json!({"start_image": ""}), "FieldLacking", "start_image", json!({}))]
#[case::template_missing("template", json!({"template": ""}), "FieldLacking", "template", json!({}))]
#[case::area("template", json!({"area": "mars"}), "FieldInvalid", "area", json!({"area": "denmark"}))]
#[case::beast("template", json!({"beast": "cat"}), "FieldInvalid", "beast", json!({"beast": "wolf"}))]
#[case::template_ratio("template", json!({"aspect_ratio": "4:3"}), "FieldInvalid", "aspect_ratio", json!({"aspect_ratio": "1:1"}))]
#[case::story_unknown("template-story", json!({"story": "ours"}), "FieldInvalid", "story", json!({"story": "pigsy"}))]
#[case::story_shot("template-story", json!({"story": "one_shot", "images": [PNG, PNG]}), "FieldItemCountOutOfRange", "images", json!({"story": "one_shot", "images": [PNG, PNG, PNG]}))]
#[case::duration_of_q1("text2video", json!({"duration": 4}), "FieldInvalid", "duration", json!({"duration": 5}))]
#[case::duration_of_q2("text2video", json!({"model": "viduq2", "duration": 11}), "FieldInvalid", "duration", json!({"model": "viduq2", "duration": 10}))]
#[case::duration_of_q3("text2video", json!({"model": "viduq3-pro", "duration": 17}), "FieldInvalid", "duration", json!({"model": "viduq3-pro", "duration": 1}))]
#[case::duration_between("img2video", json!({"model": "vidu2.0", "duration": 6}), "FieldInvalid", "duration", json!({"model": "vidu2.0", "duration": 8}))]
#[case::duration_of_frames("start-end2video", json!({"model": "viduq2-pro", "duration": 9}), "FieldInvalid", "duration", json!({"model": "viduq2-pro", "duration": 8}))]
#[case::duration_of_references("reference2video", json!({"model": "viduq3", "duration": 2}), "FieldInvalid", "duration", json!({"model": "viduq3", "duration": 3}))]
#[case::duration_text("text2video", json!({"duration": "5"}), "FieldInvalid", "duration", json!({"duration": 5}))]
#[case::duration_float("text2video", json!({"duration": 5.5}), "FieldInvalid", "duration", json!({}))]
#[case::duration_negative("text2video", json!({"duration": -5}), "FieldInvalid", "duration", json!({}))]
#[case::seed_huge("text2video", json!({"seed": u64::MAX}), "FieldInvalid", "seed", json!({"seed": i64::MAX}))]
#[case::resolution_of_q1("text2video", json!({"resolution": "720p"}), "FieldInvalid", "resolution", json!({"resolution": "1080p"}))]
#[case::resolution_word("text2video", json!({"resolution": "4k"}), "FieldInvalid", "resolution", json!({}))]
#[case::resolution_by_length("img2video", json!({"model": "vidu2.0", "duration": 8, "resolution": "1080p"}), "FieldInvalid", "resolution", json!({"model": "vidu2.0", "duration": 4, "resolution": "1080p"}))]
#[case::resolution_of_fast("img2video", json!({"model": "viduq3-pro-fast", "resolution": "540p"}), "FieldInvalid", "resolution", json!({"model": "viduq3-pro-fast", "resolution": "720p"}))]
#[case::ratio_of_q1("text2video", json!({"aspect_ratio": "4:3"}), "FieldInvalid", "aspect_ratio", json!({"model": "viduq2", "aspect_ratio": "4:3"}))]
#[case::ratio_word("text2video", json!({"aspect_ratio": "16x9"}), "FieldInvalid", "aspect_ratio", json!({"aspect_ratio": "1:1"}))]
#[case::amplitude("text2video", json!({"movement_amplitude": "huge"}), "FieldInvalid", "movement_amplitude", json!({"movement_amplitude": "large"}))]
#[case::style("text2video", json!({"style": "oil"}), "FieldInvalid", "style", json!({"style": "anime"}))]
#[case::audio_type("text2video", json!({"audio_type": "music"}), "FieldInvalid", "audio_type", json!({"audio_type": "all"}))]
#[case::audio_off_peak("img2video", json!({"audio": true, "off_peak": true}), "FieldInvalid", "off_peak", json!({"model": "viduq3-pro", "audio": true, "off_peak": true}))]
#[case::corner_zero("text2video", json!({"wm_position": 0}), "FieldInvalid", "wm_position", json!({"wm_position": 1}))]
#[case::corner_five("text2video", json!({"wm_position": 5}), "FieldInvalid", "wm_position", json!({"wm_position": 4}))]
#[case::corner_word("text2video", json!({"wm_position": "top_left"}), "FieldInvalid", "wm_position", json!({}))]
#[case::corner_of_frames("multiframe", json!({"wm_position": "middle"}), "FieldInvalid", "wm_position", json!({"wm_position": "top_left"}))]
#[case::flag_text("text2video", json!({"bgm": "true"}), "FieldInvalid", "bgm", json!({"bgm": true}))]
#[case::callback_number("text2video", json!({"callback_url": 7}), "FieldInvalid", "callback_url", json!({"callback_url": ""}))]
#[case::callback_list("template-story", json!({"callback_url": [PNG]}), "FieldInvalid", "callback_url", json!({"callback_url": PNG}))]
#[case::videos_three("reference2video", json!({"videos": [PNG, PNG, PNG]}), "FieldItemCountOutOfRange", "videos", json!({"videos": [PNG]}))]
fn every_fault_is_the_vendors_own_error_and_its_twin_is_accepted(
    #[case] route: &str,
    #[case] fault: Value,
    #[case] reason: &str,
    #[case] fields: &str,
    #[case] control: Value,
) {
    let (status, body) = asked(&[], route, &fault);
    assert_eq!((status, body["reason"].as_str()), (400, Some(reason)), "{body}");
    assert_eq!(body["code"], 400);
    let message = body["message"].as_str().expect("a sentence");
    assert!(fields.is_empty() || message.ends_with(&format!(": {fields}")), "{message}");
    let (status, body) = asked(&[], route, &control);
    assert_eq!(status, 200, "{body}");
}

/// Models by route, and who is left over on each.
#[rstest]
#[case("viduq1", &["text2video", "img2video", "start-end2video", "reference2video"])]
#[case("viduq1-classic", &["img2video", "start-end2video"])]
#[case("viduq2", &["text2video", "img2video", "reference2video"])]
#[case("viduq2-pro", &["img2video", "start-end2video", "reference2video", "multiframe"])]
#[case("viduq2-pro-fast", &["img2video", "start-end2video"])]
#[case("viduq2-turbo", &["img2video", "start-end2video", "multiframe"])]
#[case("viduq3", &["reference2video"])]
#[case("viduq3-mix", &["reference2video"])]
#[case("viduq3-pro", &["text2video", "img2video", "start-end2video"])]
#[case("viduq3-pro-fast", &["img2video"])]
#[case("viduq3-turbo", &["text2video", "img2video", "start-end2video", "reference2video"])]
#[case("vidu2.0", &["img2video", "start-end2video", "reference2video"])]
#[case("vidu1.5", &["text2video", "img2video", "start-end2video", "reference2video"])]
#[case("viduq9", &[])]
#[case("VIDUQ1", &[])]
fn a_model_is_taken_where_its_page_lists_it(#[case] model: &str, #[case] routes: &[&str]) {
    for route in MODELLED {
        let (status, body) = asked(&[], route, &json!({"model": model}));
        if routes.contains(&route) {
            assert_eq!(status, 200, "{model} on {route}: {body}");
        } else {
            assert_eq!(
                (status, body["reason"].as_str()),
                (400, Some("ModelUnavailable")),
                "{model} on {route}"
            );
            let (_, body) = asked(&["wrong-model=FieldInvalid"], route, &json!({"model": model}));
            assert_eq!(body["message"], "invalid field: model");
        }
    }
}

#[rstest]
#[case::empty(b"".as_slice())]
#[case::cut(br#"{"model":"viduq1""#.as_slice())]
#[case::list(b"[]".as_slice())]
#[case::text(br#""viduq1""#.as_slice())]
#[case::latin(b"{\"model\":\"viduq1\",\"prompt\":\"b\xe4t\"}".as_slice())]
#[case::boundless(br#"{"model":"viduq1","prompt":"x","seed":1e999}"#.as_slice())]
fn a_body_that_is_no_object_is_a_bad_request(#[case] bytes: &'static [u8]) {
    let request = Request { body: bytes.into(), ..Request::post("/ent/v2/text2video", &json!({})) };
    let (status, body, _) = handled(&mut machine(&[]), request, now());
    assert_eq!((status, body["reason"].as_str()), (400, Some("BadRequest")), "{body}");
}

#[test]
fn bodies_up_to_twenty_megabytes_are_read() {
    let room = 20 * 1024 * 1024;
    let body = |length: usize| json!({"model": "viduq1", "images": [format!("data:image/png;base64,{}", "A".repeat(length))]});
    let frame = body(0).to_string().len();
    assert_eq!(post(&mut machine(&[]), "/ent/v2/img2video", &body(room - frame)).0, 200);
    let (status, answer) = post(&mut machine(&[]), "/ent/v2/img2video", &body(room - frame + 1));
    assert_eq!((status, answer["reason"].as_str()), (400, Some("BadRequest")));
}

#[test]
fn options_of_other_routes_are_unwanted_only_where_the_knob_says_so() {
    let change = json!({"aspect_ratio": "16:9"});
    assert_eq!(asked(&[], "img2video", &change).0, 200);
    let (status, body) = asked(&["unwanted-fields=route"], "img2video", &change);
    assert_eq!((status, &body["message"]), (400, &json!("unwanted field: aspect_ratio")));
    assert_eq!(asked(&["unwanted-fields=route"], "text2video", &change).0, 200);
}

#[test]
fn the_echo_is_documented_or_as_captured() {
    let asks = json!({"watermark": true, "wm_position": 1});
    let (_, documented) = asked(&[], "start-end2video", &asks);
    assert_eq!(documented["watermark"], true);
    assert_eq!(documented.get("wm_position"), None);
    let (_, captured) = asked(&["create-echo=captured"], "start-end2video", &asks);
    assert_eq!(captured.get("bgm"), None);
    assert_eq!(captured["wm_position"], "top_left");
    let more =
        ["cus_priority", "watermark", "is_rec", "wm_url", "meta_data", "client_request_id", "audio_type"];
    assert!(more.iter().all(|name| keys(&captured).contains(name)), "{captured}");
    let (_, plain) = asked(&[], "start-end2video", &json!({}));
    assert_eq!(plain.get("watermark"), None);
}

#[test]
fn a_prompt_written_by_vidu_costs_ten_more() {
    assert_eq!(asked(&[], "img2video", &json!({"is_rec": true})).1["credits"], 14);
}

#[test]
fn every_row_of_the_error_table_is_reached_in_its_envelope() {
    for row in dialect().refusals {
        let mut machine = machine(&[]);
        machine.add_rule(Rule { refuse: Some(row.name.to_owned()), ..Rule::about("boat") });
        let (status, body) = post(&mut machine, "/ent/v2/text2video", &valid("text2video"));
        assert_eq!(keys(&body), ["code", "reason", "message", "metadata"]);
        assert_eq!((status, body["reason"].as_str()), (row.http, Some(row.code)));
        assert_eq!(body["code"], row.http);
        assert_eq!(body["metadata"]["trace_id"].as_str().map(str::len), Some(32));
        assert!(!body["message"].as_str().expect("a sentence").contains('{'), "{body}");
        assert!(machine.tasks().is_empty());
    }
}

#[test]
fn every_create_is_read_with_its_callback_url_and_nothing_else_is() {
    for (path, body) in dialect().creates {
        let mut body: Value = serde_json::from_str(body).expect("JSON");
        body["callback_url"] = json!("https://hooks.example.com/x");
        let seen = (dialect().read_create)(&Request::post(*path, &body)).expect("a create");
        assert_eq!(seen.callback_url, Some(json!("https://hooks.example.com/x")));
        assert_eq!(seen.model.as_deref(), body["model"].as_str());
        assert_eq!(seen.prompt.as_deref(), body["prompt"].as_str());
    }
    for other in dialect().routes.iter().filter(|route| route.purpose != Purpose::Create) {
        let request = Request { method: other.method.to_owned(), ..Request::get(other.path) };
        assert_eq!((dialect().read_create)(&request), None);
    }
    assert_eq!((dialect().read_create)(&Request::get("/ent/v2/text2video")), None);
}

#[rstest]
#[case::none(0, "text2video")]
#[case::first(1, "img2video")]
#[case::both(2, "headtailimg2video")]
#[case::more(3, "character2video")]
fn the_reference_client_asks_for_what_its_pictures_allow(#[case] images: usize, #[case] kind: &str) {
    let wish = Wish {
        model: "viduq1".to_owned(),
        prompt: "a boat".to_owned(),
        images: vec![PNG.to_owned(); images],
        duration: Some(5),
        options: Map::new(),
    };
    let client = &dialect().client;
    let mut machine = machine(&[]);
    let (status, body, turn) = handled(&mut machine, (client.create)(&wish), now());
    assert_eq!((status, body["type"].as_str()), (200, Some(kind)), "{body}");
    let ringback_mocks::machine::Reply::Response(response) = turn.reply else { panic!("an answer") };
    let id = (client.created)(&response).expect("an id");
    let query = (client.query)(&wish, &id);
    assert_eq!(get(&mut machine, &query.target).1["id"], value(&response)["task_id"]);
    let refused =
        ringback_mocks::wire::Response::json(400, &json!({"reason": "CreditInsufficient", "message": "m"}));
    assert_eq!((client.created)(&refused).expect_err("declined").blame, Blame::Operator);
}

fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::collection::vec("\\PC{0,6}".prop_map(Value::from), 0..10).prop_map(Value::from),
        Just(json!([{"key_image": 7, "duration": -1}, {"id": [], "images": {}}])),
        Just(json!({"id": {}})),
    ]
}

proptest! {
    /// Whatever stands in whichever field, Vidu takes it or says 400 in its envelope.
    #[test]
    fn odd_fields_are_taken_or_refused_in_form(
        at in 0..dialect().creates.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), odd()), 1..4),
        strict in any::<bool>(),
    ) {
        let (path, body) = dialect().creates[at];
        let mut body: Value = serde_json::from_str(body).expect("JSON");
        let all: Vec<String> = dialect().creates.iter().flat_map(|(_, body)| {
            let body: Value = serde_json::from_str(body).expect("JSON");
            body.as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
        }).collect();
        for (name, value) in changes {
            body[name.get(&all).as_str()] = value;
        }
        let knobs: &[&str] = if strict { &["unwanted-fields=route"] } else { &[] };
        let mut machine = machine(knobs);
        let (status, answer, turn) = handled(&mut machine, Request::post(path, &body), now());
        if status == 200 {
            let task = turn.task.expect("a task was made");
            let (status, record) = get(&mut machine, &format!("/ent/v2/tasks/{task}/creations"));
            prop_assert_eq!(status, 200);
            prop_assert_eq!(&record["id"], &answer["task_id"]);
            prop_assert_eq!(get(&mut machine, "/ent/v2/tasks").0, 200);
        } else {
            prop_assert_eq!(status, 400);
            prop_assert_eq!(keys(&answer), ["code", "reason", "message", "metadata"]);
        }
    }

    /// No bytes, path or query make Vidu blame itself.
    #[test]
    fn no_request_breaks_it(
        method in prop::sample::select(vec!["GET", "POST", "PUT", "DELETE"]),
        route in any::<prop::sample::Index>(),
        tail in "[ -~]{0,40}",
        whole in any::<bool>(),
        bytes in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let path = route.get(dialect().routes).path;
        let target = if whole { format!("{path}?{tail}") } else { format!("/ent/v2/{tail}") };
        let request = Request { method: method.to_owned(), body: bytes.into(), ..Request::get(target) };
        let (status, ..) = handled(&mut machine(&[]), request, now());
        prop_assert!(status < 500);
    }
}
