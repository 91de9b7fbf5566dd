//! Hides the secrets of our environment in what commands print that have no report, and so no mask of a run.

use crate::config;
use crate::run::mask::Mask;
use ringback_mocks::wire::Secret;
use serde_json::Value;

/// Hides every secret among our variables, and these.
pub(super) fn mask(others: &[Secret]) -> Mask {
    let mut secrets = config::held(|name| std::env::var(name).ok());
    secrets.extend(others.iter().map(|secret| ("a flag".to_owned(), secret.clone())));
    Mask::new(&secrets)
}

/// Hides them in every text of a JSON value; its keys are ours.
pub(super) fn hide(value: &mut Value, mask: &Mask) {
    match value {
        Value::String(text) => *text = mask.text(text),
        Value::Array(all) => all.iter_mut().for_each(|one| hide(one, mask)),
        Value::Object(all) => all.values_mut().for_each(|one| hide(one, mask)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
