//! Are secrets hidden in whatever form they come back, and nothing else with them?

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringback::report::{AnswerReport, ExchangeReport};
use ringback::run::mask::Mask;
use ringback_mocks::journal::{Entry, Exchange, Journal, Leg};
use ringback_mocks::wire::{Request, Response, Secret};
use rstest::rstest;

/// A canary with every character that some encoding changes.
const CANARY: &str = "whsec_Canary/42+Sings=Loud";

fn mask() -> Mask {
    Mask::new(&[("RINGBACK_KLING_SECRET".to_owned(), Secret::new(CANARY))])
}

#[rstest]
#[case::plain("whsec_Canary/42+Sings=Loud")]
#[case::lower("whsec_canary/42+sings=loud")]
#[case::upper("WHSEC_CANARY/42+SINGS=LOUD")]
#[case::percent("whsec_Canary%2F42%2BSings%3DLoud")]
#[case::percent_lower("whsec_canary%2f42%2bsings%3dloud")]
#[case::json("whsec_Canary\\/42+Sings=Loud")]
#[case::hexadecimal("77687365635f43616e6172792f34322b53696e67733d4c6f7564")]
#[case::base64("d2hzZWNfQ2FuYXJ5LzQyK1NpbmdzPUxvdW")]
#[case::shortened("whsec_Canary/4… (26 bytes)")]
fn a_secret_is_hidden_in_every_form(#[case] form: &str) {
    let masked = mask().text(&format!("it said {form} and went on"));
    assert!(masked.starts_with("it said <secret>"), "{masked}");
    assert!(masked.ends_with(" and went on"), "{masked}");
    assert!(!masked.to_lowercase().contains("canary"), "{masked}");
}

/// In `Authorization: Basic`, the secret does not begin at the edge of a group of base64.
#[rstest]
#[case("a:")]
#[case("me:")]
#[case("you:")]
fn a_secret_is_hidden_behind_a_user(#[case] user: &str) {
    let encoded = data_encoding::BASE64.encode(format!("{user}{CANARY}").as_bytes());
    let masked = mask().text(&encoded);
    assert!(masked.contains("<secret>"), "{masked}");
    assert!(masked.len() < encoded.len() / 2, "little is left of {encoded}: {masked}");
}

#[test]
fn a_mask_prints_names_only() {
    let printed = format!("{:?}", mask());
    assert!(printed.contains("RINGBACK_KLING_SECRET"), "{printed}");
    assert!(!printed.contains("anary"), "{printed}");
}

/// A file that was taken for a key: too much to search for in every form.
fn mask_of_a_file() -> Mask {
    Mask::new(&[("RINGBACK_KLING_SECRET".to_owned(), Secret::new("0123456789abcdef".repeat(10_000)))])
}

/// What cannot be searched for could be anywhere.
#[test]
fn a_mask_that_cannot_find_its_secrets_hides_everything() {
    let mask = mask_of_a_file();
    assert_eq!(mask.text("a harmless word"), "<secret>");
    let exchange = recorded(Request::get("/").header("accept", "text"), b"a harmless body".to_vec());
    let report = serde_json::to_value(ExchangeReport::new(&exchange, &mask)).expect("a report is JSON");
    for at in [
        "/request/method",
        "/request/target",
        "/request/headers/0/0",
        "/request/headers/0/1",
        "/answer/body/text",
    ] {
        assert_eq!(report.pointer(at), Some(&"<secret>".into()), "{at} of {report}");
    }
    for body in [vec![b'x'; 20_000], vec![0xff; 20_000]] {
        assert_eq!(kept(body, &mask), b"<secret>");
    }
}

#[rstest]
#[case::a_scheme("Bearer key", "Bearer <secret>")]
#[case::none("key", "<secret>")]
#[case::a_secret_in_its_place("whsec_Canary/42+Sings=Loud key", "<secret> <secret>")]
fn credentials_are_hidden_whether_known_or_not(#[case] value: &str, #[case] expected: &str) {
    let exchange = recorded(Request::get("/").header("Authorization", value), Vec::new());
    let headers = ExchangeReport::new(&exchange, &mask()).request.headers;
    assert_eq!(headers, [("Authorization".to_owned(), expected.to_owned())]);
}

proptest! {
    /// Wherever a body is cut, no part of a secret that is long enough to be one is left.
    #[test]
    fn a_cut_leaves_no_half_of_a_secret(before in 16_300_usize..16_500, binary in any::<bool>()) {
        let mut body = vec![b'x'; before];
        body.extend_from_slice(CANARY.as_bytes());
        body.extend(std::iter::repeat_n(if binary { 0xff } else { b'y' }, 2_000));
        let kept = kept(body, &mask());
        let half = &CANARY.as_bytes()[..8];
        prop_assert!(!kept.windows(half.len()).any(|window| window == half));
    }

    /// Text without a secret stays as it is.
    #[test]
    fn nothing_else_is_hidden(text in "[ -~é…]{0,200}") {
        prop_assert_eq!(mask().text(&text), text);
    }
}

fn recorded(request: Request, answered: Vec<u8>) -> Arc<Exchange> {
    let journal = Journal::open();
    let answer = Ok(Response { body: answered.into(), ..Response::text(200, "") });
    let began = Instant::now().checked_sub(Duration::from_millis(1)).unwrap_or_else(Instant::now);
    let entry = Entry { leg: Leg::Client, began, request, answer, task: None };
    journal.record_for(Some(journal.token()), entry)
}

/// What a report keeps of a body.
fn kept(body: Vec<u8>, mask: &Mask) -> Vec<u8> {
    match ExchangeReport::new(&recorded(Request::get("/"), body), mask).answer {
        AnswerReport::Response { body: Some(body), .. } => match (body.text, body.base64) {
            (Some(text), _) => text.into_bytes(),
            (_, Some(base64)) => data_encoding::BASE64.decode(base64.as_bytes()).expect("it is base64"),
            _ => Vec::new(),
        },
        other => unreachable!("{other:?}"),
    }
}
