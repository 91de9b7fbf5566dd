//! Bodies: each clause with its valid control, and whatever else may come.

use proptest::prelude::*;
use rstest::rstest;

use super::*;

const TEXT: &str = "/v1/videos/text2video";
const IMAGE: &str = "/v1/videos/image2video";

/// A body with one place changed; null takes it away.
fn changed(body: &Value, pointer: &str, with: &Value) -> Value {
    let mut body = body.clone();
    let mut place = &mut body;
    for key in pointer.split('/').skip(1) {
        place = match key.parse::<usize>() {
            Ok(at) if place.is_array() => &mut place[at],
            _ => &mut place[key],
        };
    }
    *place = with.clone();
    body
}

fn long(characters: usize) -> Value {
    json!("舟".repeat(characters))
}

fn times(count: usize, item: Value) -> Value {
    Value::Array(vec![item; count])
}

/// A sample with one value is accepted and with the other refused with code 1201.
#[rstest]
#[case::prompt(TEXT, "/prompt", long(2500), long(2501))]
#[case::prompt_there(TEXT, "/prompt", json!("x"), Value::Null)]
#[case::prompt_not_empty(TEXT, "/prompt", json!("x"), json!(""))]
#[case::negative(TEXT, "/negative_prompt", long(2500), long(2501))]
#[case::sound_word(TEXT, "/sound", json!("off"), json!("loud"))]
#[case::sound_model(TEXT, "/sound", Value::Null, json!("on"))]
#[case::scale_high(TEXT, "/cfg_scale", json!(1), json!(1.01))]
#[case::scale_low(TEXT, "/cfg_scale", json!(0.0), json!(-0.1))]
#[case::scale_type(TEXT, "/cfg_scale", json!(0.5), json!("0.5"))]
#[case::mode(TEXT, "/mode", json!("pro"), json!("best"))]
#[case::mode_model(TEXT, "/mode", json!("std"), json!("4k"))]
#[case::ratio(TEXT, "/aspect_ratio", json!("1:1"), json!("4:3"))]
#[case::duration(TEXT, "/duration", json!("10"), json!("7"))]
#[case::duration_type(TEXT, "/duration", json!("5"), json!(5))]
#[case::callback_type(TEXT, "/callback_url", json!("x"), json!(["x"]))]
#[case::external_type(TEXT, "/external_task_id", json!("x"), json!(7))]
#[case::watermark_type(TEXT, "/watermark_info", json!({"enabled": true}), json!([]))]
#[case::watermark_flag(TEXT, "/watermark_info", json!({"enabled": null}), json!({"enabled": "yes"}))]
#[case::camera(TEXT, "/camera_control", json!({"type": "down_back"}), json!({"type": "spin"}))]
#[case::camera_config(TEXT, "/camera_control", json!({"type": "simple", "config": {"zoom": 10}}), json!({"type": "simple"}))]
#[case::camera_range(TEXT, "/camera_control", json!({"type": "simple", "config": {"zoom": -10}}), json!({"type": "simple", "config": {"zoom": -11}}))]
#[case::camera_one(TEXT, "/camera_control", json!({"type": "simple", "config": {"zoom": 1, "pan": 0}}), json!({"type": "simple", "config": {"zoom": 1, "pan": 1}}))]
#[case::image_there(IMAGE, "/image", json!("https://a/b.png"), Value::Null)]
#[case::image_url(IMAGE, "/image", json!("http://a/b.png"), json!("ftp://a/b.png"))]
#[case::image_base64(IMAGE, "/image", json!("iVBORw0KGgo="), json!("data:image/png;base64,iVBORw0KGgo="))]
#[case::image_size(IMAGE, "/image", json!("A".repeat(13_900_000)), json!("A".repeat(14_000_000)))]
#[case::image_type(IMAGE, "/image", json!("AAAA"), json!({"url": "x"}))]
#[case::one_way(IMAGE, "/image_tail", json!(""), json!({"no": "file"}))]
#[case::masks(IMAGE, "/dynamic_masks", json!([{"mask": "AAAA", "trajectories": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}]), json!([{"mask": "AAAA", "trajectories": [{"x": 1, "y": 1}]}]))]
#[case::voices(IMAGE, "/voice_list", json!([]), json!([{"voice_id": "1"}, {"voice_id": "2"}, {"voice_id": "3"}]))]
#[case::many_images("/v1/videos/multi-image2video", "/image_list", times(4, json!({"image": "AAAA"})), times(5, json!({"image": "AAAA"})))]
#[case::no_images("/v1/videos/multi-image2video", "/image_list", times(1, json!({"image": "AAAA"})), json!([]))]
#[case::omni_images("/v1/videos/omni-video", "/image_list", times(7, json!({"image_url": "AAAA"})), times(8, json!({"image_url": "AAAA"})))]
#[case::omni_last("/v1/videos/omni-video", "/image_list", json!([{"image_url": "AAAA", "type": "first_frame"}]), json!([{"image_url": "AAAA", "type": "end_frame"}]))]
#[case::omni_videos("/v1/videos/omni-video", "/video_list", times(1, json!({"video_url": "https://a/b.mp4"})), times(2, json!({"video_url": "https://a/b.mp4"})))]
#[case::omni_duration("/v1/videos/omni-video", "/duration", json!("10"), json!("7"))]
#[case::orientation("/v1/videos/motion-control", "/character_orientation", json!("video"), Value::Null)]
#[case::motion_mode("/v1/videos/motion-control", "/mode", json!("pro"), Value::Null)]
#[case::motion_video("/v1/videos/motion-control", "/video_url", json!("https://a/b.mp4"), json!("AAAA"))]
#[case::video_id("/v1/videos/video-extend", "/video_id", json!("1"), Value::Null)]
#[case::lip_mode("/v1/videos/lip-sync", "/input/mode", json!("text2video"), json!("audio2video"))]
#[case::lip_text("/v1/videos/lip-sync", "/input/text", long(120), long(121))]
#[case::lip_both("/v1/videos/lip-sync", "/input/video_url", json!(""), json!("https://a/b.mp4"))]
#[case::lip_speed("/v1/videos/lip-sync", "/input/voice_speed", json!(2.0), json!(2.1))]
#[case::faces("/v1/videos/advanced-lip-sync", "/face_choose/0/sound_end_time", json!(2000), json!(1999))]
#[case::face_sound("/v1/videos/advanced-lip-sync", "/face_choose/0/audio_id", json!(""), json!("1"))]
#[case::face_volume("/v1/videos/advanced-lip-sync", "/face_choose/0/sound_volume", json!(2), json!(2.5))]
#[case::effect_of_two("/v1/videos/effects", "/effect_scene", json!("crystal_horse"), json!("hug_pro"))]
#[case::effect_image("/v1/videos/effects", "/input/image", json!("AAAA"), Value::Null)]
#[case::effect_images("/v1/videos/effects", "/input/images", times(2, json!("AAAA")), times(3, json!("AAAA")))]
#[case::avatar_sound("/v1/videos/avatar/image2video", "/audio_id", json!(""), json!("1"))]
#[case::avatar_silent("/v1/videos/avatar/image2video", "/sound_file", json!("SUQz"), Value::Null)]
#[case::count_most("/v1/images/generations", "/n", json!(9), json!(10))]
#[case::count_least("/v1/images/generations", "/n", json!(1), json!(0))]
#[case::count_whole("/v1/images/generations", "/n", json!(2.0), json!(2.5))]
#[case::count_type("/v1/images/generations", "/n", json!(2), json!("2"))]
#[case::image_resolution("/v1/images/generations", "/resolution", json!("2k"), json!("4k"))]
#[case::image_ratio("/v1/images/generations", "/aspect_ratio", json!("21:9"), json!("auto"))]
#[case::series("/v1/images/omni-image", "/series_amount", json!("auto"), json!("many"))]
#[case::series_most("/v1/images/omni-image", "/series_amount", json!(9), json!(10))]
#[case::subjects("/v1/images/multi-image2image", "/subject_image_list", times(4, json!({"subject_image": "AAAA"})), times(5, json!({"subject_image": "AAAA"})))]
#[case::growth("/v1/images/editing/expand", "/up_expansion_ratio", json!(1.3), json!(2.1))]
#[case::area("/v1/images/editing/expand", "/up_expansion_ratio", json!(1.3), json!(1.5))]
#[case::cloth("/v1/images/kolors-virtual-try-on", "/cloth_image", json!("AAAA"), Value::Null)]
#[case::new_prompt("/text-to-video/kling-3.0-turbo", "/prompt", long(3072), long(3073))]
#[case::new_prompt_there("/text-to-video/kling-3.0", "/prompt", json!("x"), Value::Null)]
#[case::older_prompt("/text-to-video/kling-2.6", "/prompt", long(2500), long(2501))]
#[case::new_duration("/text-to-video/kling-3.0-turbo", "/settings", json!({"duration": 15}), json!({"duration": 16}))]
#[case::new_duration_type("/text-to-video/kling-3.0-turbo", "/settings", json!({"duration": null}), json!({"duration": "5"}))]
#[case::older_duration("/text-to-video/kling-2.5-turbo", "/settings", json!({"duration": 10}), json!({"duration": 7}))]
#[case::new_resolution("/text-to-video/kling-3.0", "/settings", json!({"resolution": "4k"}), json!({"resolution": "8k"}))]
#[case::turbo_resolution("/text-to-video/kling-3.0-turbo", "/settings", json!({"resolution": "1080p"}), json!({"resolution": "4k"}))]
#[case::settings_type("/text-to-video/kling-3.0-turbo", "/settings", Value::Null, json!([]))]
#[case::options_type("/text-to-video/kling-3.0-turbo", "/options", Value::Null, json!("x"))]
#[case::new_callback("/text-to-video/kling-3.0-turbo", "/options", json!({"callback_url": null}), json!({"callback_url": 7}))]
#[case::native_1080p("/text-to-video/kling-2.6", "/settings/resolution", json!("1080p"), json!("720p"))]
#[case::contents("/image-to-video/kling-3.0-turbo", "/contents", json!([{"type": "first_frame", "url": "AAAA"}]), json!([{"type": "prompt", "text": "x"}]))]
#[case::contents_there("/image-to-video/kling-3.0-turbo", "/contents", json!([{"type": "first_frame", "url": "AAAA"}]), Value::Null)]
#[case::turbo_no_last("/image-to-video/kling-3.0-turbo", "/contents/0", json!({"type": "prompt", "text": "x"}), json!({"type": "last_frame", "url": "AAAA"}))]
#[case::frame_file("/image-to-video/kling-3.0-turbo", "/contents/1/url", json!("AAAA"), json!("/etc/boat.png"))]
#[case::same_id("/omni-video/kling-o1", "/contents/2/id", json!("other"), json!("video_1"))]
#[case::one_element("/motion-control/kling-3.0", "/contents/3", json!({"type": "element", "element_id": 7, "id": "a"}), json!({"type": "element", "id": "a"}))]
#[case::no_element("/motion-control/kling-2.6", "/contents/0", json!({"type": "image", "url": "AAAA"}), json!({"type": "element", "element_id": 1, "id": "a"}))]
#[case::new_orientation("/motion-control/kling-3.0", "/settings/character_orientation", json!("image"), Value::Null)]
#[case::both_frames("/image-to-video/kling-2.5-turbo", "/settings", json!({"resolution": "1080p"}), json!({}))]
#[case::voice_aloud("/image-to-video/kling-2.6", "/settings/audio", json!("native"), json!("off"))]
#[case::base_video_first("/omni-video/kling-o1", "/contents/2", json!({"type": "refer_image", "url": "AAAA"}), json!({"type": "first_frame", "url": "AAAA"}))]
#[case::two_videos("/omni-video/kling-o1", "/contents/2", json!({"type": "refer_image", "url": "AAAA"}), json!({"type": "feature_video", "url": "https://a/b.mp4"}))]
#[case::speaker_voice("/solutions/talking_agent", "/settings/voice_id", json!("male_calm_informative"), Value::Null)]
#[case::speaker_rate("/solutions/talking_agent", "/settings/speech_rate", Value::Null, json!(1.2))]
#[case::goods_settings("/solutions/e-commerce/goods_studio", "/settings/duration", json!(60), json!(20))]
fn one_value_is_right_and_the_other_wrong(
    #[case] path: &str,
    #[case] pointer: &str,
    #[case] right: Value,
    #[case] wrong: Value,
) {
    let body = sample(path);
    make(&mut machine(), path, &changed(&body, pointer, &right));
    let mut machine = machine();
    refused(&post(&mut machine, path, &changed(&body, pointer, &wrong)), 400, 1201);
    assert!(machine.tasks().is_empty());
}

/// Sentences that were observed, or that a page gives to the letter.
#[rstest]
#[case(IMAGE, json!({}), "image can not be null")]
#[case(IMAGE, json!({"image": "data:image/png;base64,AAAA"}), "File is not in a valid base64 format")]
#[case(IMAGE, json!({"model_name": "kling-v2-5-turbo", "image": "AAAA", "image_tail": "AAAA"}), "model/mode/duration(kling-v2-5-turbo/std/5) is not supported with image_tail")]
#[case("/v1/videos/omni-video", json!({"prompt": "x", "duration": "7"}), "Duration only supports 5 or 10 seconds when no refer_image is provided")]
#[case("/omni-video/kling-o1", json!({"contents": [{"type": "prompt", "text": "x"}], "settings": {"duration": 7}}), "Duration only supports 5 or 10 seconds when no refer_image is provided")]
#[case("/solutions/drama_subtitle", json!({"contents": []}), "Source video is missing. Please provide a source video URL.")]
#[case("/solutions/drama_subtitle", json!({"contents": [{"type": "source_video", "url": ""}]}), "source_video is missing. Please provide exactly one source_video.")]
#[case("/solutions/drama_subtitle", json!({"contents": [{"type": "source_video", "url": "https://a/b"}], "settings": {"target_cps": 9}}), "target_cps out of range. Please provide a value between 10 and 20.")]
#[case("/solutions/e-commerce/goods_studio", json!({"contents": [{"type": "ref_image", "url": "AAAA"}], "settings": {"resolution": "720p", "aspect_ratio": "1:1", "duration": 15}}), "Product title is missing. Please provide a product title.")]
#[case("/solutions/e-commerce/clothing_dupe", json!({"contents": [{"type": "voice", "voice_id": "mine"}]}), "Invalid voice_id. Please select a valid voice from the voice library.")]
fn known_sentences_are_said_to_the_letter(#[case] path: &str, #[case] body: Value, #[case] sentence: &str) {
    let answer = post(&mut machine(), path, &body);
    refused(&answer, 400, 1201);
    assert_eq!(answer.1["message"], sentence);
}

#[rstest]
#[case::not_json(b"{".to_vec())]
#[case::not_utf8(b"\xff\xfe".to_vec())]
#[case::nothing(Vec::new())]
#[case::a_list(b"[]".to_vec())]
#[case::deep("[".repeat(100_000).into_bytes())]
fn what_is_no_object_is_no_parameters(#[case] body: Vec<u8>) {
    for path in [TEXT, "/text-to-video/kling-3.0-turbo"] {
        let request = Request { body: body.clone().into(), ..Request::post(path, &json!({})) };
        refused(&ask(&mut machine(), request), 400, 1200);
    }
}

#[test]
fn an_unknown_model_is_1203() {
    for model in ["kling-v0", "kling-3.0-turbo", "KLING-V1"] {
        refused(&post(&mut machine(), TEXT, &json!({"prompt": "x", "model_name": model})), 404, 1203);
    }
}

#[rstest]
#[case("kling-legacy", TEXT, json!({"prompt": "x", "user": "me"}))]
#[case("kling-legacy", TEXT, json!({"prompt": "x", "watermark_info": {"text": "me"}}))]
#[case("kling-v2", "/text-to-video/kling-3.0-turbo", json!({"prompt": "x", "negative_prompt": "rain"}))]
#[case("kling-v2", "/text-to-video/kling-3.0-turbo", json!({"prompt": "x", "settings": {"mode": "pro"}}))]
fn unknown_fields_are_ignored_or_refused(#[case] name: &str, #[case] path: &str, #[case] body: Value) {
    make(&mut machine(), path, &body);
    let mut machine = machine_with(&[(&format!("{name}.unknown-fields"), "refuse")]);
    refused(&post(&mut machine, path, &body), 400, 1201);
    make(&mut machine, path, &json!({"prompt": "x"}));
}

#[test]
fn samples_have_known_fields_only() {
    for name in ["kling-legacy", "kling-v2"] {
        for (path, body) in samples(name) {
            make(&mut machine_with(&[(&format!("{name}.unknown-fields"), "refuse")]), path, &body);
        }
    }
}

#[rstest]
#[case("kling-legacy", TEXT, json!({"prompt": "x", "model_name": "kling-v2-6", "cfg_scale": 0.5}))]
#[case("kling-legacy", IMAGE, json!({"image": "AAAA", "image_tail": "AAAA", "model_name": "kling-v2-master"}))]
#[case("kling-v2", "/text-to-video/kling-2.6", json!({"prompt": "x", "settings": {"audio": "native"}}))]
fn what_a_model_lacks_is_refused_or_not(#[case] name: &str, #[case] path: &str, #[case] body: Value) {
    refused(&post(&mut machine(), path, &body), 400, 1201);
    make(&mut machine_with(&[(&format!("{name}.model-limits"), "off")]), path, &body);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "text2video",
            "audio2video",
            "first_frame",
            "prompt",
            "element",
            "series",
            "4k",
            "on"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,12}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn places(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                places(value, format!("{pointer}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                places(value, format!("{pointer}/{at}"), found);
            }
        }
        _ => {}
    }
    found.push(pointer);
}

proptest! {
    /// A sample with anything in it is accepted or refused in form; then its record is shown.
    #[test]
    fn no_body_breaks_a_product(
        sample in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), value()), 1..4),
        strict in any::<bool>(),
    ) {
        let all = [samples("kling-legacy"), samples("kling-v2")].concat();
        let (path, mut body) = sample.get(&all).clone();
        for (at, with) in changes {
            let mut found = Vec::new();
            places(&body, String::new(), &mut found);
            if let Some(place) = body.pointer_mut(at.get::<String>(&found)) {
                *place = with;
            }
        }
        let value = if strict { "refuse" } else { "ignore" };
        let mut machine = machine_with(&[("kling-legacy.unknown-fields", value), ("kling-v2.unknown-fields", value)]);
        let turn = turn(&mut machine, Request::post(path, &body), now());
        let task = turn.task.clone();
        let answer = response(turn);
        prop_assert!(answer.status < 500);
        prop_assert_eq!(task.is_some(), answer.status == 200);
        if let Some(task) = task {
            end(&mut machine, &task, "succeeded");
            let target = if path.starts_with("/v1/") { format!("{path}/{task}") } else { format!("/tasks?task_ids={task}") };
            prop_assert_eq!(ask(&mut machine, Request::get(target)).0, 200);
            let moved = machine.advance(&task, Step::To(Phase::Running), now());
            prop_assert!(moved.is_none(), "an end is final");
        }
    }

    /// No path, query or bytes make the machine blame itself.
    #[test]
    fn no_call_breaks_the_machine(
        method in prop::sample::select(vec!["GET", "POST", "PUT", "DELETE"]),
        head in prop::sample::select(vec!["/tasks", "/solutions", "/v1/videos/text2video", "/v1/images/editing/expand", "/text-to-video", ""]),
        tail in "[ -~]{0,30}",
        body in prop::collection::vec(any::<u8>(), 0..60),
        json in prop::option::of(value()),
    ) {
        let body = json.map_or(body, |value| value.to_string().into_bytes());
        let request = Request { method: method.to_owned(), body: body.into(), ..Request::get(format!("{head}{tail}")) };
        let answer = response(turn(&mut machine(), request, now()));
        prop_assert!(answer.status < 500);
    }

    /// Whatever the authorization says, it is let in or refused as unauthorized.
    #[test]
    fn no_authorization_breaks_the_machine(value in "(Bearer )?[ -~]{0,20}(\\.[A-Za-z0-9_-]{0,20}){0,3}") {
        let mut settings = settings(&[]);
        settings.access_keys = vec![("access".to_owned(), Secret::new("secret"))];
        let mut machine = Machine::new(kling(), settings);
        for target in ["/tasks?task_ids=1", "/v1/videos/text2video"] {
            let answer = response(machine.handle(&Request::get(target).header("authorization", value.as_str()), now()));
            prop_assert!(matches!(answer.status, 200 | 401));
        }
    }
}
