//! Films of several shots, which version 3 plans by itself or is told one by one.

use rstest::rstest;

use super::*;

const TEXT: &str = "/v1/videos/text2video";
const IMAGE: &str = "/v1/videos/image2video";
const OMNI: &str = "/v1/videos/omni-video";

fn shot(seconds: &str) -> Value {
    json!({"index": 1, "prompt": "A paper boat", "duration": seconds})
}

/// A body of the path in which shots stand in for the prompt, with some places changed.
fn told(path: &str, changes: &Value) -> Value {
    let model = if path == OMNI { "kling-v3-omni" } else { "kling-v3" };
    let mut body = json!({
        "model_name": model, "multi_shot": true, "shot_type": "customize", "duration": "9",
        "multi_prompt": [shot("4"), shot("5")],
    });
    if path == IMAGE {
        body["image"] = json!("https://images.example.com/boat.png");
    }
    for (key, value) in changes.as_object().expect("an object") {
        body[key] = value.clone();
    }
    body
}

#[rstest]
fn shots_stand_in_for_the_prompt(
    #[values(TEXT, IMAGE, OMNI)] path: &str,
    #[values(json!({}), json!({"prompt": ""}), json!({"prompt": null}))] changes: Value,
) {
    let mut machine = machine();
    let id = make(&mut machine, path, &told(path, &changes));
    let draft = &machine.tasks().get(&id).expect("kept").draft;
    assert_eq!(draft.prompt, "A paper boat\nA paper boat", "rules look for words in the shots");
}

#[rstest]
#[case::one(json!({"multi_prompt": [shot("9")]}))]
#[case::six(json!({"multi_prompt": vec![shot("1"); 6], "duration": "6"}))]
#[case::default_duration(json!({"multi_prompt": [shot("2"), shot("3")], "duration": null}))]
#[case::longest(json!({"multi_prompt": [{"index": 1, "prompt": "舟".repeat(512), "duration": "9"}]}))]
#[case::planned(json!({"shot_type": "intelligence", "multi_prompt": [], "prompt": "A paper boat"}))]
#[case::words_of_no_meaning(json!({"multi_shot": false, "shot_type": "spin", "prompt": "A paper boat"}))]
fn shots_that_are_taken(#[case] changes: Value, #[values(TEXT, IMAGE, OMNI)] path: &str) {
    make(&mut machine(), path, &told(path, &changes));
}

#[rstest]
#[case::no_type(json!({"shot_type": null}), "shot_type can not be null")]
#[case::wrong_type(json!({"shot_type": "spin"}), "shot_type value is invalid")]
#[case::no_shots(json!({"multi_prompt": null}), "multi_prompt can not be empty")]
#[case::none(json!({"multi_prompt": []}), "multi_prompt can not be empty")]
#[case::seven(json!({"multi_prompt": vec![shot("1"); 7]}), "multi_prompt must have 0 to 6 items")]
#[case::too_short(json!({"multi_prompt": [shot("4"), shot("4")]}), "The sum of multi_prompt durations must equal duration")]
#[case::of_no_length(json!({"multi_prompt": [shot("9"), shot("0")]}), "multi_prompt duration value is invalid")]
#[case::of_no_number(json!({"multi_prompt": [shot("nine")]}), "multi_prompt duration value is invalid")]
#[case::of_too_much(json!({"multi_prompt": [shot("4294967295"), shot("4294967295")]}), "multi_prompt duration value is invalid")]
#[case::without_words(json!({"multi_prompt": [{"index": 1, "duration": "9"}]}), "multi_prompt[0].prompt can not be null")]
#[case::long(json!({"multi_prompt": [{"prompt": "舟".repeat(513), "duration": "9"}]}), "multi_prompt[0].prompt can not exceed 512 characters")]
fn shots_that_are_refused(
    #[case] changes: Value,
    #[case] sentence: &str,
    #[values(TEXT, IMAGE, OMNI)] path: &str,
) {
    let answer = post(&mut machine(), path, &told(path, &changes));
    refused(&answer, 400, 1201);
    assert_eq!(answer.1["message"], sentence);
}

/// A planned film needs its prompt, and so does a film of one shot.
#[rstest]
fn nothing_else_stands_in_for_the_prompt(
    #[values(TEXT, OMNI)] path: &str,
    #[values(json!({"shot_type": "intelligence"}), json!({"multi_shot": false}), json!({"multi_shot": null}))]
    changes: Value,
) {
    let answer = post(&mut machine(), path, &told(path, &changes));
    refused(&answer, 400, 1201);
    assert_eq!(answer.1["message"], "prompt can not be null");
}

#[rstest]
#[case::text(TEXT, "kling-v2-6")]
#[case::image(IMAGE, "kling-v2-6")]
#[case::omni(OMNI, "kling-video-o1")]
fn older_models_have_one_shot(#[case] path: &str, #[case] model: &str) {
    let body = told(path, &json!({"model_name": model, "duration": "5", "prompt": "A paper boat"}));
    let answer = post(&mut machine(), path, &body);
    refused(&answer, 400, 1201);
    assert_eq!(answer.1["message"], format!("model({model}) is not supported with multi_shot"));
    let mut body = body;
    body["multi_shot"] = json!(false);
    make(&mut machine(), path, &body);
}
