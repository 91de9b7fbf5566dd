//! Where the keys of a submit may stand: the allow-list at the top of `input`, and no `callback_url` beside `model`.
//!
//! What the keys say is read in `submission`.

use std::sync::Arc;

use super::service::Context;
use super::submission::{Body, Mistake};

/// Keys allowed at the top of `input`.
const ALLOWED: &[&str] = &["prompt", "size", "image", "images", "duration", "seconds", "metadata"];

/// A key at the top of `input`, and the body it stands in.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) body: Arc<Body>,
    pub(super) name: String,
}

pub(super) fn check(service: &Context, body: Arc<Body>) -> Result<(), Mistake> {
    for name in body.input.keys() {
        let key = Key { body: Arc::clone(&body), name: name.clone() };
        service.stages.input_key.run(service, key)?;
    }
    service.stages.root_callback.run(service, body)
}

pub(super) fn check_key(Key { name, .. }: &Key) -> Result<(), Mistake> {
    if ALLOWED.contains(&name.as_str()) {
        return Ok(());
    }
    Err(misplaced(format!("input.{name} is not allowed; put it under input.metadata")))
}

pub(super) fn check_root(body: &Body) -> Result<(), Mistake> {
    if body.root.contains_key("callback_url") {
        return Err(misplaced("callback_url belongs under input.metadata"));
    }
    Ok(())
}

fn misplaced(message: impl Into<String>) -> Mistake {
    Mistake { is_misplacement: true, ..Mistake::new(message) }
}
