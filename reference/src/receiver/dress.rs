//! How what the reference receiver says looks: its acknowledgements, echoes and states, with the
//! oddities of each. What is said is decided in `desk`.

use serde_json::{Value, json};

use super::defect::Defect;
use super::oddity::Oddity;
use ringback_mocks::vendor::Phase;
use ringback_mocks::wire::Response;

/// Characters of a challenge that the defect which cuts it echoes.
const CUT: usize = 64;

/// An acknowledgement.
pub(super) fn acknowledgement(oddity: Option<Oddity>) -> Response {
    let received = json!({"received": true});
    match oddity {
        Some(Oddity::Ack201) => Response::json(201, &received),
        Some(Oddity::Ack202) => Response::json(202, &received),
        Some(Oddity::Ack204) => Response { body: ringback_mocks::http::NO_BODY, ..Response::text(204, "") },
        Some(Oddity::AckText) => Response::text(200, "OK"),
        _ => Response::json(200, &received),
    }
}

/// The echo of a challenge.
pub(super) fn echo(value: &Value, defect: Option<Defect>, oddity: Option<Oddity>) -> Value {
    let text = value.as_str().unwrap_or_default();
    let echoed = match defect {
        Some(Defect::ChallengeTrimmed) => json!(text.trim()),
        Some(Defect::ChallengeAsNumber) => {
            text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number))
        }
        Some(Defect::ChallengeLowercased) => json!(text.to_lowercase()),
        Some(Defect::ChallengeCut) => json!(text.chars().take(CUT).collect::<String>()),
        Some(Defect::ChallengeHtmlEscaped) => {
            json!(text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
        }
        _ => value.clone(),
    };
    match oddity {
        Some(Oddity::ChallengeWithMore) => json!({"status": "ok", "challenge": echoed, "version": 1}),
        _ => json!({"challenge": echoed}),
    }
}

/// A state as the effects show it.
pub(super) fn state(word: &str, phase: Phase, oddity: Option<Oddity>) -> String {
    match oddity {
        Some(Oddity::StateSynonyms) => match phase {
            Phase::Succeeded => "completed",
            Phase::Failed | Phase::Expired | Phase::Cancelled => "error",
            Phase::Submitted | Phase::Queued | Phase::Running => "in_progress",
        }
        .to_owned(),
        Some(Oddity::UpperCaseStates) => word.to_uppercase(),
        _ => word.to_owned(),
    }
}

/// An answer as a whole.
pub(super) fn response(response: &mut Response, oddity: Option<Oddity>) {
    let Some(mut body) = response.value() else { return };
    match oddity {
        Some(Oddity::ExtraFields) => {
            if let Some(fields) = body.as_object_mut().filter(|fields| !fields.contains_key("challenge")) {
                fields.insert("service".into(), json!("reference"));
                fields.insert("links".into(), json!({"self": null}));
            }
            response.body = ringback_mocks::wire::bytes_of(&body);
        }
        Some(Oddity::PrettyJson) => response.body = format!("{body:#}\n").into(),
        _ => {}
    }
}
