//! What v2 takes and refuses: each refused create beside an accepted control that differs in one thing.

use ringback_mocks::wire::Request;
use rstest::rstest;
use serde_json::{Value, json};

use super::v2::{CREATE, IR, QUERY, REGENERATE, boat};
use super::{Mock, read, with, without};

const PROMPT: &str = "invalid params, content must include a non-empty text item (prompt is required) (2013)";

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn media(kind: &str, role: &str) -> Value {
    let name = format!("{kind}_url");
    let mut item = json!({"type": name, name.as_str(): {"url": "https://media.example.com/boat"}});
    if !role.is_empty() {
        item["role"] = json!(role);
    }
    item
}

fn image(role: &str) -> Value {
    media("image", role)
}

fn max() -> Value {
    with(&boat(), &json!({"model": "MiniMax-H3-Max"}))
}

fn base_video() -> Value {
    json!({"model": "MiniMax-H3", "content": [text("A boat"), media("video", "base_video")], "resolution": "2K"})
}

/// What is said of a create; empty if it is accepted.
fn verdict(path: &str, body: &Value) -> String {
    let (status, answer) = Mock::new(&[]).post(path, body);
    match status {
        200 => String::new(),
        400 => {
            assert_eq!(answer["error"]["type"], "bad_request_error");
            answer["error"]["message"].as_str().expect("text").to_owned()
        }
        _ => panic!("{status} {answer}"),
    }
}

fn refused(path: &str, body: &Value, needle: &str) {
    let said = verdict(path, body);
    assert!(said.starts_with("invalid params, ") && said.ends_with(" (2013)"), "{body}: {said}");
    assert!(said.contains(needle), "{body}: {said}");
}

#[rstest]
#[case::text(json!([]), "16:9", "16:9")]
#[case::one_image_is_the_first_frame(json!([image("")]), "9:16", "adaptive")]
#[case::first(json!([image("first_frame")]), "adaptive", "adaptive")]
#[case::last(json!([image("last_frame")]), "", "adaptive")]
#[case::both(json!([image("last_frame"), image("first_frame")]), "1:1", "adaptive")]
#[case::reference(json!([image("reference_image")]), "", "adaptive")]
#[case::reference_with_ratio(json!([media("video", "reference_video")]), "21:9", "21:9")]
#[case::all_references(json!([image("reference_image"), media("video", "reference_video"), media("audio", "reference_audio")]), "4:3", "4:3")]
fn every_mode_has_its_ratio(#[case] media: Value, #[case] asked: &str, #[case] said: &str) {
    let mut content = vec![text("A boat")];
    content.extend(media.as_array().cloned().expect("a list"));
    let mut mock = Mock::new(&[]);
    let task = mock.made(CREATE, &with(&boat(), &json!({"content": content, "ratio": asked})));
    assert_eq!(mock.get(&format!("{QUERY}/{task}")).1["task"]["ratio"], said);
}

#[rstest]
#[case(CREATE, boat(), "model")]
#[case(CREATE, boat(), "resolution")]
#[case(CREATE, boat(), "duration")]
#[case(CREATE, boat(), "ratio")]
#[case(CREATE, boat(), "content")]
#[case(IR, without(&boat(), "resolution"), "model")]
#[case(IR, boat(), "duration")]
#[case(IR, boat(), "ratio")]
#[case(IR, boat(), "content")]
#[case(REGENERATE, base_video(), "model")]
#[case(REGENERATE, base_video(), "resolution")]
#[case(REGENERATE, base_video(), "content")]
fn what_is_missing_is_named(#[case] path: &str, #[case] body: Value, #[case] field: &str) {
    assert_eq!(verdict(path, &body), "");
    refused(path, &without(&body, field), field);
    refused(path, &with(&body, &json!({field: null})), field);
}

#[rstest]
#[case::none(json!([]))]
#[case::image_only(json!([image("first_frame")]))]
#[case::empty(json!([text("")]))]
#[case::null(json!([{"type": "text", "text": null}]))]
#[case::no_text(json!([{"type": "text"}]))]
fn a_prompt_is_required_in_the_vendors_words(#[case] content: Value) {
    for path in [CREATE, IR] {
        assert_eq!(verdict(path, &with(&boat(), &json!({"content": content}))), PROMPT);
    }
}

#[rstest]
#[case::h3("MiniMax-H3", &["768P", "2K"], 4)]
#[case::max("MiniMax-H3-Max", &["480P", "768P"], 5)]
fn resolution_and_length_depend_on_the_model(
    #[case] model: &str,
    #[case] resolutions: &[&str],
    #[case] shortest: i64,
) {
    let body = with(&boat(), &json!({"model": model}));
    for resolution in ["480P", "720P", "768P", "1080P", "2K", "2k"] {
        let said = verdict(CREATE, &with(&body, &json!({"resolution": resolution})));
        assert_eq!(said.is_empty(), resolutions.contains(&resolution), "{resolution} {said}");
    }
    for seconds in [-1, 0, 3, 4, 5, 10, 15, 16, i64::MAX] {
        let said = verdict(CREATE, &with(&body, &json!({"duration": seconds})));
        assert_eq!(said.is_empty(), (shortest..=15).contains(&seconds), "{seconds} {said}");
    }
}

#[rstest]
#[case::model(boat(), "model", json!("MiniMax-H3-Max"), json!("MiniMax-Hailuo-02"))]
#[case::model_type(boat(), "model", json!("MiniMax-H3"), json!(3))]
#[case::content_type(boat(), "content", json!([text("x")]), json!("x"))]
#[case::length(boat(), "content", json!([text(&"é".repeat(7_000))]), json!([text(&"é".repeat(7_001))]))]
#[case::duration_text(boat(), "duration", json!(5), json!("5"))]
#[case::duration_fraction(boat(), "duration", json!(5), json!(5.5))]
#[case::duration_huge(boat(), "duration", json!(5), json!(u64::MAX))]
#[case::resolution_type(boat(), "resolution", json!("2K"), json!(2))]
#[case::ratio(boat(), "ratio", json!("9:16"), json!("16:10"))]
#[case::ratio_adaptive(boat(), "ratio", json!("3:4"), json!("adaptive"))]
#[case::watermark(boat(), "aigc_watermark", json!(true), json!("true"))]
#[case::callback(boat(), "callback_url", json!("https://hooks.example.com/x"), json!(["x"]))]
#[case::extra(max(), "extra", json!({"prompt_expansion_mode": "disabled"}), json!({"prompt_expansion_mode": "balance"}))]
#[case::extra_empty(max(), "extra", json!({}), json!({"prompt_expansion_mode": ""}))]
#[case::extra_null(max(), "extra", json!({"prompt_expansion_mode": null}), json!({"prompt_expansion_mode": true}))]
#[case::extra_other(max(), "extra", json!({"prompt_expansion_mode": "quality"}), json!({"seed": 7}))]
#[case::extra_type(max(), "extra", json!(null), json!("quality"))]
#[case::extra_model(boat(), "extra", json!(null), json!({"prompt_expansion_mode": "quality"}))]
fn fields_take_what_the_page_says(
    #[case] body: Value,
    #[case] field: &str,
    #[case] good: Value,
    #[case] bad: Value,
) {
    assert_eq!(verdict(CREATE, &with(&body, &json!({field: good}))), "");
    refused(CREATE, &with(&body, &json!({field: bad})), field);
}

#[rstest]
#[case::two_firsts(json!([image("first_frame")]), json!([image("first_frame"), image("first_frame")]))]
#[case::two_lasts(json!([image("last_frame")]), json!([image("last_frame"), image("last_frame")]))]
#[case::ten_references(json!(vec![image("reference_image"); 9]), json!(vec![image("reference_image"); 10]))]
#[case::four_videos(json!(vec![media("video", "reference_video"); 3]), json!(vec![media("video", "reference_video"); 4]))]
#[case::four_sounds(
    json!([image("reference_image"), media("audio", "reference_audio"), media("audio", "reference_audio"), media("audio", "reference_audio")]),
    json!([image("reference_image"), media("audio", "reference_audio"), media("audio", "reference_audio"), media("audio", "reference_audio"), media("audio", "reference_audio")])
)]
#[case::frames_beside_references(json!([image("first_frame"), image("last_frame")]), json!([image("first_frame"), image("reference_image")]))]
#[case::frame_beside_sound(json!([media("video", "reference_video"), media("audio", "reference_audio")]), json!([image("last_frame"), media("audio", "reference_audio")]))]
#[case::sound_alone(json!([image("reference_image"), media("audio", "reference_audio")]), json!([media("audio", "reference_audio")]))]
#[case::two_without_role(json!([image("")]), json!([image(""), image("last_frame")]))]
#[case::video_without_role(json!([media("video", "reference_video")]), json!([media("video", "")]))]
#[case::role_of_another_kind(json!([media("video", "reference_video")]), json!([media("video", "first_frame")]))]
#[case::unknown_role(json!([image("reference_image")]), json!([image("middle_frame")]))]
#[case::odd_role(json!([{"type": "image_url", "image_url": {"url": "mm_file://7"}, "role": null}]), json!([{"type": "image_url", "image_url": {"url": "mm_file://7"}, "role": 7}]))]
#[case::base_video(json!([media("video", "reference_video")]), json!([media("video", "base_video")]))]
#[case::scheme(json!([{"type": "image_url", "image_url": {"url": "data:image/heic;base64,AAAA"}}]), json!([{"type": "image_url", "image_url": {"url": "ftp://x/y"}}]))]
#[case::bare_url(json!([image("")]), json!([{"type": "image_url", "image_url": "https://media.example.com/boat"}]))]
#[case::no_url(json!([image("")]), json!([{"type": "image_url", "image_url": {}}]))]
#[case::unknown_type(json!([text("more")]), json!([{"type": "file_url", "file_url": {"url": "https://x.example.com/y"}}]))]
#[case::no_object(json!([text("more")]), json!(["more"]))]
#[case::odd_text(json!([text("more")]), json!([{"type": "text", "text": 7}]))]
fn media_play_the_roles_they_can(#[case] good: Value, #[case] bad: Value) {
    let content = |media: &Value| {
        let mut content = vec![text("A boat")];
        content.extend(media.as_array().cloned().expect("a list"));
        with(&boat(), &json!({"content": content}))
    };
    for path in [CREATE, IR] {
        assert_eq!(verdict(path, &content(&good)), "");
        refused(path, &content(&bad), "content");
    }
}

#[rstest]
#[case::max(json!({"model": "MiniMax-H3-Max"}), "model")]
#[case::too_long(json!({"duration": 16}), "duration")]
fn an_expansion_takes_what_its_page_says(#[case] change: Value, #[case] needle: &str) {
    assert_eq!(verdict(IR, &with(&boat(), &json!({"duration": 4, "resolution": "any"}))), "");
    refused(IR, &with(&boat(), &change), needle);
}

#[rstest]
#[case::max(json!({"model": "MiniMax-H3-Max"}), "model")]
#[case::resolution(json!({"resolution": "768P"}), "resolution")]
#[case::no_video(json!({"content": [text("A boat")]}), "base_video")]
#[case::two_videos(json!({"content": [media("video", "base_video"), media("video", "base_video")]}), "base_video")]
#[case::mixed(json!({"content": [media("video", "base_video"), image("first_frame"), image("reference_image")]}), "mix")]
#[case::both_ways(json!({"source_task_id": "424010985738629"}), "source_task_id")]
fn a_regeneration_takes_one_source(#[case] change: Value, #[case] needle: &str) {
    let with_frames =
        json!({"content": [text("A boat"), media("video", "base_video"), image("first_frame")]});
    assert_eq!(verdict(REGENERATE, &with(&base_video(), &with_frames)), "");
    refused(REGENERATE, &with(&base_video(), &change), needle);
}

#[test]
fn a_source_is_a_768p_video_of_h3_that_succeeded() {
    let mut mock = Mock::new(&[]);
    let made = |mock: &mut Mock, path: &str, body: &Value, ending: &str| {
        let task = mock.made(path, body);
        if !ending.is_empty() {
            mock.end(&task, ending);
        }
        task
    };
    let good = made(&mut mock, CREATE, &boat(), "succeeded");
    let bad = [
        made(&mut mock, CREATE, &boat(), ""),
        made(&mut mock, CREATE, &boat(), "moderated"),
        made(&mut mock, CREATE, &with(&boat(), &json!({"resolution": "2K"})), "succeeded"),
        made(&mut mock, CREATE, &max(), "succeeded"),
        made(&mut mock, IR, &boat(), "succeeded"),
        made(&mut mock, "/v1/video_generation", &super::v1::boat(), "succeeded"),
        "424010985738629".to_owned(),
        "boat".to_owned(),
    ];
    let by_id = |id: &str| json!({"model": "MiniMax-H3", "source_task_id": id, "resolution": "2K"});
    let again = mock.made(REGENERATE, &by_id(&good));
    assert_eq!(mock.machine.tasks().get(&again).expect("kept").draft.prompt, "A paper boat");
    for id in bad.iter().chain([&again]) {
        let (status, body) = mock.post(REGENERATE, &by_id(id));
        let message = &body["error"]["message"];
        assert_eq!((status, message), (400, &json!("invalid params, invalid source_task_id (2013)")), "{id}");
    }
    mock.later(7 * 24 * 3_600 + 1);
    assert_eq!(mock.post(REGENERATE, &by_id(&good)).0, 400, "too long ago");
}

#[test]
fn a_body_is_at_most_sixty_four_megabytes() {
    let most = 64 * 1024 * 1024;
    for (bytes, status) in [(most, 200), (most + 1, 400)] {
        // White space after the document costs nothing to read.
        let mut body = boat().to_string();
        body.push_str(&" ".repeat(bytes - body.len()));
        let request = Request { body: body.into(), ..Request::post(CREATE, &json!({})) };
        let (answered, answer) = read(&Mock::new(&[]).authorized(request).0);
        assert_eq!(answered, status);
        assert_eq!(answer.to_string().contains("64 MB"), status == 400);
    }
}
