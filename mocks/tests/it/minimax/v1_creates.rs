//! What v1 takes and refuses: each refused create beside an accepted control that differs in one thing.

use rstest::rstest;
use serde_json::{Value, json};

use super::v1::{CREATE, boat};
use super::{Mock, with, without};

const TEMPLATE: &str = "/v1/video_template_generation";
const IMAGE: &str = "https://images.example.com/boat.jpeg";
const MODELS: [&str; 9] = [
    "MiniMax-Hailuo-2.3",
    "MiniMax-Hailuo-2.3-Fast",
    "MiniMax-Hailuo-02",
    "T2V-01-Director",
    "T2V-01",
    "I2V-01-Director",
    "I2V-01-live",
    "I2V-01",
    "S2V-01",
];

fn subject() -> Value {
    json!([{"type": "character", "image": [IMAGE]}])
}

/// What is said of a create; empty if it is accepted.
fn verdict(path: &str, body: &Value) -> String {
    let (status, answer) = Mock::new(&[]).post(path, body);
    assert_eq!(status, 200);
    match answer["base_resp"]["status_code"].as_u64() {
        Some(0) => String::new(),
        Some(2013) => answer["base_resp"]["status_msg"].as_str().expect("text").to_owned(),
        _ => panic!("{answer}"),
    }
}

#[rstest]
#[case("Text-to-Video", json!({"prompt": "A boat"}), &["MiniMax-Hailuo-2.3", "MiniMax-Hailuo-02", "T2V-01-Director", "T2V-01"])]
#[case("Image-to-Video", json!({"first_frame_image": IMAGE}), &["MiniMax-Hailuo-2.3", "MiniMax-Hailuo-2.3-Fast", "MiniMax-Hailuo-02", "I2V-01-Director", "I2V-01-live", "I2V-01"])]
#[case("First-and-Last-Frame", json!({"last_frame_image": IMAGE}), &["MiniMax-Hailuo-02"])]
#[case("First-and-Last-Frame", json!({"first_frame_image": IMAGE, "last_frame_image": IMAGE}), &["MiniMax-Hailuo-02"])]
#[case("Subject-Reference", json!({"subject_reference": subject()}), &["S2V-01"])]
fn a_model_does_its_kinds_and_no_others(#[case] kind: &str, #[case] body: Value, #[case] does: &[&str]) {
    for model in MODELS {
        let said = verdict(CREATE, &with(&body, &json!({"model": model})));
        if does.contains(&model) {
            assert_eq!(said, "", "{model} {kind}");
        } else if model == "S2V-01" {
            assert!(said.contains("expr_path=subject_reference"), "{said}");
        } else {
            assert_eq!(said, format!("model {model} does not support {kind} mode"));
        }
    }
}

#[rstest]
#[case("MiniMax-Hailuo-2.3", json!({"prompt": "x"}), &["768P", "1080P"], &["768P"])]
#[case("MiniMax-Hailuo-2.3", json!({"first_frame_image": IMAGE}), &["768P", "1080P"], &["768P"])]
#[case("MiniMax-Hailuo-2.3-Fast", json!({"first_frame_image": IMAGE}), &["768P", "1080P"], &["768P"])]
#[case("MiniMax-Hailuo-02", json!({"prompt": "x"}), &["768P", "1080P"], &["768P"])]
#[case("MiniMax-Hailuo-02", json!({"first_frame_image": IMAGE}), &["512P", "768P", "1080P"], &["512P", "768P"])]
#[case("MiniMax-Hailuo-02", json!({"last_frame_image": IMAGE}), &["768P", "1080P"], &["768P"])]
#[case("T2V-01", json!({"prompt": "x"}), &["720P", "1080P"], &[])]
#[case("T2V-01-Director", json!({"prompt": "x"}), &["720P", "1080P"], &[])]
#[case("I2V-01", json!({"first_frame_image": IMAGE}), &["720P", "1080P"], &[])]
#[case("I2V-01-live", json!({"first_frame_image": IMAGE}), &["720P", "1080P"], &[])]
#[case("I2V-01-Director", json!({"first_frame_image": IMAGE}), &["720P", "1080P"], &[])]
fn length_and_resolution_depend_on_model_and_kind(
    #[case] model: &str,
    #[case] body: Value,
    #[case] six: &[&str],
    #[case] ten: &[&str],
) {
    let body = with(&body, &json!({"model": model}));
    for resolution in ["512P", "720P", "768P", "1080P"] {
        for (seconds, takes) in [(json!(null), six), (json!(6), six), (json!(10), ten)] {
            let said = verdict(CREATE, &with(&body, &json!({"duration": seconds, "resolution": resolution})));
            assert_eq!(said.is_empty(), takes.contains(&resolution), "{resolution} {seconds}: {said}");
        }
    }
    let default = verdict(CREATE, &with(&body, &json!({"duration": 10})));
    assert_eq!(default.is_empty(), !ten.is_empty(), "{default}");
}

#[rstest]
#[case(json!({"resolution": "512P", "first_frame_image": IMAGE}), 910, 512)]
#[case(json!({"model": "T2V-01"}), 1280, 720)]
#[case(json!({}), 1366, 768)]
#[case(json!({"resolution": "768P"}), 1366, 768)]
#[case(json!({"resolution": "1080P"}), 1920, 1080)]
#[case(json!({"model": "S2V-01", "subject_reference": subject()}), 1280, 720)]
fn the_size_follows_the_resolution(#[case] change: Value, #[case] width: u32, #[case] height: u32) {
    let mut mock = Mock::new(&[]);
    let task = mock.made(CREATE, &with(&boat(), &change));
    mock.end(&task, "succeeded");
    let body = mock.get(&format!("/v1/query/video_generation?task_id={task}")).1;
    assert_eq!((&body["video_width"], &body["video_height"]), (&json!(width), &json!(height)));
}

#[rstest]
#[case(CREATE, boat(), "model")]
#[case(CREATE, boat(), "prompt")]
#[case(CREATE, json!({"model": "S2V-01", "subject_reference": subject()}), "subject_reference")]
#[case(TEMPLATE, json!({"template_id": "1"}), "template_id")]
fn what_is_missing_is_named(#[case] path: &str, #[case] body: Value, #[case] field: &str) {
    assert_eq!(verdict(path, &body), "");
    let missing = format!("invalid params, binding: expr_path={field}, cause=missing required parameter");
    assert_eq!(verdict(path, &without(&body, field)), missing);
    for none in [json!(null), json!("")] {
        assert_eq!(verdict(path, &with(&body, &json!({field: none}))), missing);
    }
}

#[rstest]
#[case::model("model", json!("MiniMax-Hailuo-2.3"), json!("MiniMax-Hailuo-9"))]
#[case::model_type("model", json!("MiniMax-Hailuo-2.3"), json!(7))]
#[case::prompt_type("prompt", json!("x"), json!(["x"]))]
#[case::prompt_length("prompt", json!("é".repeat(2_000)), json!("é".repeat(2_001)))]
#[case::duration("duration", json!(10), json!(5))]
#[case::duration_zero("duration", json!(6), json!(0))]
#[case::duration_text("duration", json!(6), json!("6"))]
#[case::duration_fraction("duration", json!(6), json!(6.5))]
#[case::duration_huge("duration", json!(6), json!(u64::MAX))]
#[case::resolution("resolution", json!("1080P"), json!("4K"))]
#[case::resolution_case("resolution", json!("1080P"), json!("1080p"))]
#[case::optimizer("prompt_optimizer", json!(false), json!("false"))]
#[case::pretreatment("fast_pretreatment", json!(true), json!(1))]
#[case::watermark("aigc_watermark", json!(true), json!("yes"))]
#[case::callback("callback_url", json!("https://hooks.example.com/x"), json!({"url": "x"}))]
#[case::first_frame("first_frame_image", json!(IMAGE), json!("boat.jpeg"))]
#[case::first_frame_data("first_frame_image", json!("data:image/webp;base64,AAAA"), json!("data:image/gif;base64,AAAA"))]
#[case::first_frame_empty_data("first_frame_image", json!("data:image/png;base64,AAAA"), json!("data:image/png;base64,"))]
#[case::first_frame_type("first_frame_image", json!(IMAGE), json!([IMAGE]))]
#[case::last_frame("last_frame_image", json!(IMAGE), json!("ftp://images.example.com/boat.jpeg"))]
fn fields_take_what_the_page_says(#[case] field: &str, #[case] good: Value, #[case] bad: Value) {
    assert_eq!(verdict(CREATE, &with(&boat(), &json!({field: good}))), "");
    let said = verdict(CREATE, &with(&boat(), &json!({field: bad})));
    assert!(said.starts_with("invalid params, ") && said.contains(field), "{said}");
    let optional = !["model", "prompt"].contains(&field);
    assert_eq!(verdict(CREATE, &with(&boat(), &json!({field: null}))).is_empty(), optional);
}

#[rstest]
#[case::two_subjects(json!([subject()[0], subject()[0]]))]
#[case::none(json!([]))]
#[case::no_list(json!({"type": "character", "image": [IMAGE]}))]
#[case::other_type(json!([{"type": "animal", "image": [IMAGE]}]))]
#[case::two_images(json!([{"type": "character", "image": [IMAGE, IMAGE]}]))]
#[case::no_image(json!([{"type": "character", "image": []}]))]
#[case::bare_image(json!([{"type": "character", "image": IMAGE}]))]
#[case::odd_image(json!([{"type": "character", "image": [7]}]))]
#[case::odd_subject(json!([7]))]
fn a_subject_is_one_character_in_one_image(#[case] odd: Value) {
    let body = |subject: Value| json!({"model": "S2V-01", "subject_reference": subject});
    assert_eq!(verdict(CREATE, &body(subject())), "");
    let said = verdict(CREATE, &body(odd));
    assert!(said.starts_with("invalid params, subject_reference"), "{said}");
}

#[test]
fn an_image_is_smaller_than_twenty_megabytes() {
    let of = |bytes: usize| {
        let url = format!("data:image/png;base64,{}", "A".repeat(bytes / 3 * 4));
        verdict(CREATE, &with(&boat(), &json!({"first_frame_image": url})))
    };
    assert_eq!(of(19 * 1024 * 1024), "");
    assert_eq!(of(20 * 1024 * 1024 + 3), "invalid params, first_frame_image must be smaller than 20 MB");
}

#[rstest]
#[case("text_inputs", json!([{"value": "Lion"}]), json!("Lion"))]
#[case("text_inputs", json!([]), json!(["Lion"]))]
#[case("media_inputs", json!([{"value": IMAGE}]), json!([{"value": 7}]))]
#[case("callback_url", json!("https://hooks.example.com/x"), json!(7))]
#[case("template_id", json!("392747428568649728"), json!(392_747_428_568_649_728_u64))]
fn a_template_takes_lists_of_values(#[case] field: &str, #[case] good: Value, #[case] bad: Value) {
    let body = json!({"template_id": "393769180141805569"});
    assert_eq!(verdict(TEMPLATE, &with(&body, &json!({field: good}))), "");
    let said = verdict(TEMPLATE, &with(&body, &json!({field: bad})));
    assert!(said.starts_with("invalid params, ") && said.contains(field), "{said}");
}

#[test]
fn what_the_page_does_not_name_is_ignored() {
    let odd = json!({"seed": 7, "negative_prompt": ["x"], "first_frame_image": null});
    assert_eq!(verdict(CREATE, &with(&boat(), &odd)), "");
    // The subject's page has neither of the two.
    let odd = json!({"model": "S2V-01", "subject_reference": subject(), "duration": 7, "resolution": "512P"});
    assert_eq!(verdict(CREATE, &odd), "");
}
