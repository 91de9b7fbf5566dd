//! Keys, and tokens signed with a key pair, second by second.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use rstest::rstest;
use sha2::Sha256;

use super::*;

const LEGACY: &str = "/v1/videos/text2video";
const NEW: &str = "/text-to-video/kling-3.0-turbo";
const NO_PAIRS: &str = "Authentication error. The current API does not support AK/SK; please go to the console (https://kling.ai/dev/api-key) to create API key.";

fn token_of(header: &Value, claims: &Value, secret: &str) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length").chain_update(&signed);
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
}

/// A token as the vendor's sample makes it, with some claims changed; null takes one away.
fn token(changes: &Value) -> String {
    let second = now().as_second();
    let mut claims = json!({"iss": "access", "exp": second + 1800, "nbf": second - 5});
    for (key, value) in changes.as_object().expect("claims") {
        claims[key] = match value.as_i64() {
            Some(offset) if key != "iat" => json!(second + offset),
            _ => value.clone(),
        };
    }
    claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
    token_of(&json!({"alg": "HS256", "typ": "JWT"}), &claims, "secret")
}

fn with_pair(knobs: &[(&str, &str)]) -> Machine {
    let mut settings = settings(knobs);
    settings.access_keys = vec![("other".into(), Secret::new("x")), ("access".into(), Secret::new("secret"))];
    Machine::new(kling(), settings)
}

fn called(machine: &mut Machine, path: &str, authorization: Option<&str>) -> (u16, Value) {
    let request = Request::post(path, &json!({"prompt": "A boat"}));
    let request = match authorization {
        Some(value) => request.header("authorization", value),
        None => request,
    };
    let response = response(machine.handle(&request, now()));
    (response.status, response.value().expect("JSON"))
}

#[rstest]
#[case::as_documented(json!({}), 200, 0)]
#[case::with_iat(json!({"iat": 1}), 200, 0)]
#[case::fractions(json!({"exp": 1.8e9}), 200, 0)]
#[case::without_nbf(json!({"nbf": null}), 200, 0)]
#[case::valid_from_now(json!({"nbf": 0}), 200, 0)]
#[case::valid_from_the_next_second(json!({"nbf": 1}), 401, 1003)]
#[case::ends_with_the_next_second(json!({"exp": 1}), 200, 0)]
#[case::ended_with_the_last_second(json!({"exp": 0}), 401, 1004)]
#[case::ended_long_ago(json!({"exp": -1_000_000}), 401, 1004)]
#[case::without_exp(json!({"exp": null}), 401, 1002)]
#[case::exp_as_text(json!({"exp": "soon"}), 401, 1002)]
#[case::unknown_issuer(json!({"iss": "nobody"}), 401, 1000)]
#[case::no_issuer(json!({"iss": null}), 401, 1000)]
#[case::others_pair(json!({"iss": "other"}), 401, 1000)]
fn a_token_is_checked_claim_by_claim(#[case] changes: Value, #[case] status: u16, #[case] code: u64) {
    let answer = called(&mut with_pair(&[]), LEGACY, Some(&format!("Bearer {}", token(&changes))));
    assert_eq!((answer.0, &answer.1["code"]), (status, &json!(code)), "{}", answer.1);
}

#[rstest]
#[case::other_secret(token_of(&json!({"alg": "HS256"}), &json!({"iss": "access", "exp": 9_999_999_999_u64}), "wrong"), 1000)]
#[case::other_algorithm(token_of(&json!({"alg": "HS384"}), &json!({"iss": "access", "exp": 9_999_999_999_u64}), "secret"), 1002)]
#[case::no_algorithm(token_of(&json!({"alg": "none"}), &json!({"iss": "access", "exp": 9_999_999_999_u64}), "secret"), 1002)]
#[case::claims_no_object(token_of(&json!({"alg": "HS256"}), &json!([1]), "secret"), 1002)]
#[case::not_base64("a.b.!".to_owned(), 1002)]
#[case::empty_parts("..".to_owned(), 1002)]
fn a_token_that_is_none_or_not_signed_so_is_refused(#[case] token: String, #[case] code: u64) {
    refused(&called(&mut with_pair(&[]), LEGACY, Some(&format!("Bearer {token}"))), 401, code);
}

#[rstest]
#[case::none("jwt-tolerance", "0s", json!({"exp": -3}), 1004)]
#[case::late("jwt-tolerance", "5s", json!({"exp": -3}), 0)]
#[case::early("jwt-tolerance", "5s", json!({"nbf": 4}), 0)]
#[case::too_early("jwt-tolerance", "5s", json!({"nbf": 7}), 1003)]
#[case::endless("jwt-needs-exp", "off", json!({"exp": null}), 0)]
fn the_servers_clock_and_the_need_for_an_end_are_knobs(
    #[case] knob: &str,
    #[case] value: &str,
    #[case] changes: Value,
    #[case] code: u64,
) {
    let mut machine = with_pair(&[(&format!("kling-legacy.{knob}"), value)]);
    let answer = called(&mut machine, LEGACY, Some(&format!("Bearer {}", token(&changes))));
    assert_eq!(answer.1["code"], code, "{}", answer.1);
}

#[rstest]
#[case::key(LEGACY, Some("Bearer key"), 200, 0, "SUCCEED")]
#[case::nothing(LEGACY, None, 401, 1001, "Authorization is empty")]
#[case::blank(LEGACY, Some("  "), 401, 1001, "Authorization is empty")]
#[case::other_scheme(LEGACY, Some("Token key"), 401, 1002, "Authorization is invalid")]
#[case::no_space(LEGACY, Some("Bearerkey"), 401, 1002, "Authorization is invalid")]
#[case::unknown_key(
    LEGACY,
    Some("Bearer nokey"),
    401,
    1002,
    "The token was expected to have 3 parts, but got 0"
)]
#[case::one_dot(
    LEGACY,
    Some("Bearer no.key"),
    401,
    1002,
    "The token was expected to have 3 parts, but got 2"
)]
#[case::three_dots(
    LEGACY,
    Some("Bearer n.o.k.e"),
    401,
    1002,
    "The token was expected to have 3 parts, but got > 3"
)]
#[case::new_key(NEW, Some("Bearer key"), 200, 0, "SUCCEED")]
#[case::new_nothing(NEW, None, 401, 1001, "Authorization is empty")]
#[case::new_unknown_key(NEW, Some("Bearer nokey"), 401, 1002, NO_PAIRS)]
#[case::new_other_scheme(NEW, Some("Token key"), 401, 1002, NO_PAIRS)]
#[case::new_query("/tasks", Some("Bearer nokey"), 401, 1002, NO_PAIRS)]
fn keys_are_checked_in_the_words_of_the_generation(
    #[case] path: &str,
    #[case] authorization: Option<&str>,
    #[case] status: u16,
    #[case] code: u64,
    #[case] message: &str,
) {
    let (got, body) = called(&mut machine(), path, authorization);
    assert_eq!((got, &body["code"], &body["message"]), (status, &json!(code), &json!(message)));
}

#[test]
fn the_new_generation_takes_no_tokens_whatever_is_configured() {
    let bearer = format!("Bearer {}", token(&json!({})));
    let answer = called(&mut with_pair(&[]), NEW, Some(&bearer));
    refused(&answer, 401, 1002);
    assert_eq!(answer.1["message"], NO_PAIRS);
    let mut open = Machine::new(kling(), AccountConfig::default());
    refused(&called(&mut open, NEW, Some(&bearer)), 401, 1002);
    assert_eq!(called(&mut open, NEW, Some("Bearer whatever")).0, 200);
}

#[test]
fn an_open_account_takes_any_key_and_checks_tokens_once_it_has_a_pair() {
    let forged = format!("Bearer {}", token(&json!({"iss": "nobody"})));
    let mut open = Machine::new(kling(), AccountConfig::default());
    assert_eq!(called(&mut open, LEGACY, Some(&forged)).0, 200);
    let pair = vec![("access".to_owned(), Secret::new("secret"))];
    let mut open = Machine::new(kling(), AccountConfig { access_keys: pair, ..AccountConfig::default() });
    refused(&called(&mut open, LEGACY, Some(&forged)), 401, 1000);
    assert_eq!(called(&mut open, LEGACY, Some("Bearer whatever")).0, 200);
}

#[test]
fn a_call_without_a_route_is_refused_for_its_key_first() {
    let mut machine = machine();
    let answer = response(machine.handle(&Request::get("/v1/nothing"), now()));
    assert_eq!((answer.status, answer.value().expect("JSON")["code"].as_u64()), (401, Some(1001)));
    for target in ["/v1/nothing", "/v1/videos", "/tasks/1", "/solutions/unheard_of"] {
        refused(&ask(&mut machine, Request::get(target)), 404, 1202);
    }
}
