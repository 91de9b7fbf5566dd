//! Which creates Ark refuses, and how: one fault at a time, each with its accepted control.

use ringback_mocks::wire::Request;
use rstest::rstest;
use serde_json::{Value, json};

use super::{PRO, TASKS, ask, code, machine, made, with};

const P15: &str = "doubao-seedance-1-5-pro-251215";
const P20: &str = "doubao-seedance-2-0-260128";
const P25: &str = "dreamina-seedance-2-5-260628";

fn refused(more: &Value) -> (u16, String, String, String) {
    let (status, body) = ask(&mut machine(&[]), Request::post(TASKS, &with(more)));
    let error = |field: &str| body["error"][field].as_str().unwrap_or_default().to_owned();
    (status, error("code"), error("param"), error("message"))
}

fn image(role: Option<&str>) -> Value {
    json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}, "role": role})
}

fn video() -> Value {
    json!({"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}, "role": "reference_video"})
}

fn audio() -> Value {
    json!({"type": "audio_url", "audio_url": {"url": "data:audio/mp3;base64,AAAA"}, "role": "reference_audio"})
}

/// A parameter, a value that is refused, one that is accepted, and something else the body has.
#[rstest]
#[case::expires_low("execution_expires_after", json!(3_599), json!(3_600), json!({}))]
#[case::expires_high("execution_expires_after", json!(259_201), json!(259_200), json!({}))]
#[case::expires_type("execution_expires_after", json!("3600"), json!(null), json!({}))]
#[case::tier_word("service_tier", json!("fast"), json!("flex"), json!({}))]
#[case::tier_model("service_tier", json!("flex"), json!("default"), json!({"model": P20}))]
#[case::priority_low("priority", json!(-1), json!(0), json!({"model": P20}))]
#[case::priority_high("priority", json!(10), json!(9), json!({"model": P20}))]
#[case::priority_model("priority", json!(1), json!(0), json!({}))]
#[case::audio_type("generate_audio", json!("true"), json!(true), json!({"model": P15}))]
#[case::audio_model("generate_audio", json!(true), json!(false), json!({}))]
#[case::draft_model("draft", json!(true), json!(false), json!({}))]
#[case::resolution_word("resolution", json!("480"), json!("480p"), json!({}))]
#[case::resolution_model("resolution", json!("4k"), json!("1080p"), json!({}))]
#[case::resolution_fast("resolution", json!("1080p"), json!("720p"), json!({"model": "doubao-seedance-2-0-fast-260128"}))]
#[case::resolution_draft("resolution", json!("720p"), json!("480p"), json!({"model": P15, "draft": true}))]
#[case::ratio_word("ratio", json!("2:1"), json!("21:9"), json!({}))]
#[case::ratio_text("ratio", json!("adaptive"), json!("16:9"), json!({}))]
#[case::duration_short("duration", json!(1), json!(2), json!({}))]
#[case::duration_long("duration", json!(13), json!(12), json!({}))]
#[case::duration_auto("duration", json!(-1), json!(5), json!({}))]
#[case::duration_2_0("duration", json!(16), json!(15), json!({"model": P20}))]
#[case::duration_2_5("duration", json!(31), json!(30), json!({"model": P25}))]
#[case::duration_text("duration", json!("5"), json!(5), json!({}))]
#[case::duration_fraction("duration", json!(5.5), json!(5), json!({}))]
#[case::duration_huge("duration", json!(u64::MAX), json!(5), json!({}))]
#[case::frames_low("frames", json!(25), json!(29), json!({}))]
#[case::frames_high("frames", json!(293), json!(289), json!({}))]
#[case::frames_between("frames", json!(58), json!(57), json!({}))]
#[case::frames_model("frames", json!(57), json!(null), json!({"model": P15}))]
#[case::seed_low("seed", json!(-2), json!(-1), json!({}))]
#[case::seed_high("seed", json!(4_294_967_296_u64), json!(4_294_967_295_u64), json!({}))]
#[case::camera_model("camera_fixed", json!(true), json!(false), json!({"model": P20}))]
#[case::watermark_type("watermark", json!(1), json!(true), json!({}))]
#[case::last_frame_type("return_last_frame", json!("yes"), json!(true), json!({}))]
#[case::last_frame_draft("return_last_frame", json!(true), json!(false), json!({"model": P15, "draft": true}))]
#[case::flex_draft("service_tier", json!("flex"), json!("default"), json!({"model": P15, "draft": true}))]
#[case::format_word("output_format", json!("webm"), json!("mov"), json!({"model": P25}))]
#[case::format_model("output_format", json!("mov"), json!("mp4"), json!({}))]
#[case::task_word("omni_reference_task_type", json!("remix"), json!("auto"), json!({"model": P25}))]
#[case::task_model("omni_reference_task_type", json!("edit"), json!("auto"), json!({}))]
#[case::identifier("safety_identifier", json!("x".repeat(65)), json!("é".repeat(64)), json!({}))]
#[case::tools_type("tools", json!({"type": "web_search"}), json!([{"type": "web_search"}]), json!({"model": P20}))]
#[case::tools_word("tools", json!([{"type": "code"}]), json!([]), json!({"model": P20}))]
#[case::tools_model("tools", json!([{"type": "web_search"}]), json!(null), json!({"model": P15}))]
#[case::callback("callback_url", json!(7), json!("https://hooks.example.com/x"), json!({}))]
fn a_parameter_is_refused_by_name_and_its_twin_accepted(
    #[case] name: &str,
    #[case] bad: Value,
    #[case] good: Value,
    #[case] mut rest: Value,
) {
    rest[name] = bad;
    let (status, code, param, message) = refused(&rest);
    assert_eq!((status, code.as_str(), param.as_str()), (400, "InvalidParameter", name), "{message}");
    assert!(message.contains(name), "{message}");
    rest[name] = good;
    made(&mut machine(&[]), &rest);
}

#[rstest]
#[case::absent(json!({"model": null}), "MissingParameter", "model")]
#[case::empty(json!({"model": ""}), "MissingParameter", "model")]
#[case::number(json!({"model": 7}), "InvalidParameter", "model")]
#[case::no_content(json!({"content": null}), "MissingParameter", "content")]
#[case::content_text(json!({"content": "a boat"}), "InvalidParameter", "content")]
#[case::content_empty(json!({"content": []}), "InvalidParameter", "content")]
#[case::part(json!({"content": ["a boat"]}), "InvalidParameter", "content[0]")]
#[case::no_type(json!({"content": [{"text": "a boat"}]}), "MissingParameter", "content[0].type")]
#[case::type_number(json!({"content": [{"type": 7}]}), "InvalidParameter", "content[0].type")]
#[case::type_word(json!({"content": [{"type": "image"}]}), "InvalidParameter", "content[0].type")]
#[case::no_text(json!({"content": [{"type": "text", "text": null}]}), "MissingParameter", "content[0].text")]
#[case::text_number(json!({"content": [{"type": "text", "text": 7}]}), "InvalidParameter", "content[0].text")]
#[case::second(json!({"content": [{"type": "text", "text": "x"}, {"type": "image_url"}]}), "MissingParameter", "content[1].image_url")]
#[case::bare_url(json!({"content": [{"type": "image_url", "image_url": "https://example.com/a.png"}]}), "InvalidParameter", "content[0].image_url")]
#[case::no_url(json!({"content": [{"type": "image_url", "image_url": {}}]}), "MissingParameter", "content[0].image_url.url")]
#[case::scheme(json!({"content": [{"type": "image_url", "image_url": {"url": "ftp://example.com/a.png"}}]}), "InvalidParameter", "content[0].image_url")]
#[case::video_data(json!({"model": P20, "content": [{"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}}]}), "InvalidParameter", "content[0].video_url")]
#[case::role_number(json!({"content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}, "role": 1}]}), "InvalidParameter", "content[0].role")]
#[case::role_word(json!({"content": [image(Some("subject"))]}), "InvalidParameter", "content")]
#[case::roles_missing(json!({"content": [image(None), image(None)]}), "InvalidParameter", "content")]
#[case::two_firsts(json!({"content": [image(Some("first_frame")), image(Some("first_frame"))]}), "InvalidParameter", "content")]
#[case::last_alone(json!({"content": [image(Some("last_frame"))]}), "InvalidParameter", "content")]
#[case::mixed(json!({"model": P20, "content": [image(Some("first_frame")), video()]}), "InvalidParameter", "content")]
#[case::references_model(json!({"content": [image(Some("reference_image"))]}), "InvalidParameter", "content")]
#[case::video_model(json!({"model": P15, "content": [video()]}), "InvalidParameter", "content")]
#[case::audio_alone(json!({"model": P20, "content": [audio()]}), "InvalidParameter", "content")]
#[case::last_frame_model(json!({"model": "seedance-1-0-pro-fast-251015", "content": [image(Some("first_frame")), image(Some("last_frame"))]}), "InvalidParameter", "content")]
#[case::draft_model(json!({"content": [{"type": "draft_task", "draft_task": {"id": "x"}}]}), "InvalidParameter", "draft_task")]
#[case::no_draft(json!({"model": P15, "content": [{"type": "draft_task", "draft_task": {}}]}), "MissingParameter", "content[0].draft_task.id")]
#[case::prompt_duration(json!({"content": [{"type": "text", "text": "boat --dur 40"}]}), "InvalidParameter", "contents[0].text.duration")]
#[case::prompt_resolution(json!({"content": [{"type": "text", "text": "boat --rs 4k"}]}), "InvalidParameter", "contents[0].text.resolution")]
#[case::frames_ratio(json!({"model": P25, "ratio": "16:9", "content": [image(None)]}), "InvalidParameter.TaskTypeConstraint", "ratio")]
#[case::edit_duration(json!({"model": P25, "duration": 5, "omni_reference_task_type": "edit", "content": [video()]}), "InvalidParameter.TaskTypeConstraint", "duration")]
#[case::extend_ratio(json!({"model": P25, "ratio": "1:1", "omni_reference_task_type": "extend", "content": [video()]}), "InvalidParameter.TaskTypeConstraint", "ratio")]
fn model_and_content_are_refused_at_the_place(#[case] more: Value, #[case] code: &str, #[case] param: &str) {
    let (status, said, named, message) = refused(&more);
    assert_eq!((status, said.as_str(), named.as_str()), (400, code, param), "{message}");
}

#[rstest]
#[case::first(json!({"content": [image(None)]}))]
#[case::first_said(json!({"content": [image(Some("first_frame"))], "ratio": "adaptive"}))]
#[case::first_and_last(json!({"content": [image(Some("last_frame")), image(Some("first_frame"))]}))]
#[case::references(json!({"model": P20, "content": [image(Some("reference_image")), video(), audio()]}))]
#[case::many(json!({"model": P25, "content": vec![image(Some("reference_image")); 64]}))]
#[case::audio_alone(json!({"model": P25, "content": [audio()]}))]
#[case::early_references(json!({"model": "doubao-seedance-1-0-lite-i2v-250428", "content": [image(Some("reference_image"))]}))]
#[case::frames_adaptive(json!({"model": P25, "ratio": "adaptive", "content": [image(None)]}))]
#[case::edit(json!({"model": P25, "duration": -1, "omni_reference_task_type": "edit", "content": [video()]}))]
#[case::prompt(json!({"content": [{"type": "text", "text": "boat --dur 12 --rs 480p"}]}))]
#[case::capital_4k(json!({"model": P20, "resolution": "4K"}))]
#[case::any_version(json!({"model": "seedance-1-0-pro-999999"}))]
fn combinations_of_the_page_are_accepted(#[case] more: Value) {
    made(&mut machine(&[]), &more);
}

#[rstest]
fn a_model_that_is_not_there_is_a_404(
    #[values(
        "seedance",
        "doubao-seedance-1-0-pro",
        "doubao-seedance-9-0-260101",
        "gpt-4",
        "ep-",
        "xdoubao-seedance-1-0-pro-250528"
    )]
    model: &str,
) {
    let (status, code, _, message) = refused(&json!({"model": model}));
    assert_eq!((status, code.as_str()), (404, "InvalidEndpointOrModel.NotFound"));
    assert!(message.starts_with(&format!("The model or endpoint {model} does not exist")), "{message}");
}

#[rstest]
#[case::nothing(b"".to_vec())]
#[case::broken(b"{\"model\":".to_vec())]
#[case::array(b"[]".to_vec())]
#[case::bytes(vec![0xff; 64])]
#[case::deep(vec![b'['; 100_000])]
#[case::large(format!("{{\"x\":\"{}\"}}", "y".repeat(20_000_000)).into_bytes())]
fn a_body_that_is_no_object_is_refused(#[case] text: Vec<u8>) {
    let call = Request { body: text.into(), ..Request::post(TASKS, &json!({})) };
    let (status, body) = ask(&mut machine(&[]), call);
    assert_eq!(status, 400);
    assert!(matches!(code(&body), "InvalidParameter" | "MissingParameter"), "{body}");
}

#[test]
fn sentences_are_those_that_were_seen() {
    for (more, seen) in [
        (
            json!({"model": P20, "duration": 3}),
            "the parameter duration specified in the request is not valid for model doubao-seedance-2-0 in t2v Request id: ",
        ),
        (
            json!({"model": P25, "content": [{"type": "text", "text": "x --dur 40"}]}),
            "The parameter `contents[0].text.duration` specified in the request is not valid: the specified duration is not supported for model dreamina-seedance-2-5. Request id: ",
        ),
        (
            json!({"model": P25, "content": [image(None), image(None)]}),
            "The parameter `content` specified in the request is not valid: role must be specified for image contents. Request id: ",
        ),
        (
            json!({"output_format": "mov"}),
            "The parameter `output_format` specified in the request is not valid: the parameter `output_format` is not supported by the current model. Request id: ",
        ),
        (json!({"model": null}), "The request failed because it is missing `model` parameter. Request id: "),
    ] {
        let message = refused(&more).3;
        assert!(message.starts_with(seen), "{message}");
    }
}

#[test]
fn the_parameter_can_stand_in_the_code() {
    let mut dotted = machine(&[("parameter-codes", "dotted")]);
    for (more, code) in [
        (json!({"model": null}), "MissingParameter.model"),
        (json!({"duration": 99}), "InvalidParameter.duration"),
        (json!({"model": "gpt-4"}), "InvalidEndpointOrModel.NotFound"),
    ] {
        let (_, body) = ask(&mut dotted, Request::post(TASKS, &with(&more)));
        assert_eq!(super::code(&body), code);
    }
}

#[test]
fn what_a_model_does_not_have_can_be_ignored() {
    let mut lenient = machine(&[("unsupported-parameters", "ignore")]);
    made(&mut lenient, &json!({"model": PRO, "generate_audio": true, "output_format": "mov", "priority": 3}));
    let (status, _) = ask(&mut lenient, Request::post(TASKS, &with(&json!({"priority": 10}))));
    assert_eq!(status, 400, "what is wrong in itself still is");
}
