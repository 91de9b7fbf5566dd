//! Mutants of placement: where a `callback_url` may stand, and where it is looked for.

use serde_json::{Map, Value};

use crate::deviation::deviations;
use crate::gateway::Gateway;
use crate::gateway::placement::Key;
use crate::gateway::stages::Stages;
use crate::gateway::submission::{Body, Mistake};

deviations! { Mutant of Gateway;
    INPUT_CALLBACK_IGNORED "input-callback-ignored" "accepts input.callback_url and ignores it" =>
        |stages| tolerate(stages, is_callback);
    INPUT_CALLBACK_FORWARDED "input-callback-forwarded" "accepts input.callback_url and forwards it" =>
        input_callback_forwarded;
    PLACEMENT_IS_422 "placement-is-422" "refuses a misplaced callback_url with 422" => placement_is_422;
    ROOT_CALLBACK_IGNORED "root-callback-ignored" "ignores a callback_url beside model" =>
        |stages| tolerate_at_root(stages, |_| true);
    ROOT_CALLBACK_FORWARDED "root-callback-forwarded" "forwards a callback_url beside model" =>
        root_callback_forwarded;
    FINDS_NESTED_CALLBACK "finds-nested-callback" "takes a callback_url from deep inside metadata" =>
        |stages| look_elsewhere(stages, |body| nested(body.metadata()?));
    TWO_PLACES_ACCEPTED "two-places-accepted" "checks input.callback_url only when metadata has none" =>
        |stages| tolerate(stages, |key| is_callback(key) && in_metadata(&key.body));
    ROOT_CALLBACK_WINS "root-callback-wins" "prefers the callback_url beside model over metadata's" =>
        root_callback_wins;
    INPUT_CASE_VARIANTS_ACCEPTED "input-case-variants-accepted" "accepts callbackUrl and the like at the top of input" =>
        |stages| tolerate(stages, |key| is_like_callback(&key.name));
    METADATA_CASE_INSENSITIVE "metadata-case-insensitive" "takes Callback_Url in metadata for callback_url" =>
        |stages| look_elsewhere(stages, |body| body.metadata()?.iter().find(|(key, _)| is_like_callback(key)).map(value));
    PLACEMENT_UNCHECKED_WITH_IMAGES "placement-unchecked-with-images" "does not check the placement when images are given" =>
        |stages| skip_check(stages, |body| body.input.contains_key("images"));
    EMPTY_INPUT_CALLBACK_ACCEPTED "empty-input-callback-accepted" "accepts an empty callback_url at the top of input" =>
        |stages| tolerate(stages, |key| is_callback(key) && key.body.input[&key.name] == "");
    PLACEMENT_UNCHECKED_FOR_VIDU "placement-unchecked-for-vidu" "does not check the placement for Vidu" =>
        |stages| skip_check(stages, is_for_vidu);
}

/// Lets keys stand at the top of `input`.
fn tolerate(stages: &mut Stages, is_tolerated: fn(&Key) -> bool) {
    stages.input_key.around(
        move |next, service, key| {
            if is_tolerated(&key) { Ok(()) } else { next.run(service, key) }
        },
    );
}

/// Lets a `callback_url` stand beside `model`.
fn tolerate_at_root(stages: &mut Stages, is_tolerated: fn(&Body) -> bool) {
    stages.root_callback.around(
        move |next, service, body| {
            if is_tolerated(&body) { Ok(()) } else { next.run(service, body) }
        },
    );
}

/// Does not look at where the keys of some bodies stand.
fn skip_check(stages: &mut Stages, is_skipped: fn(&Body) -> bool) {
    stages.placement.around(
        move |next, service, body| {
            if is_skipped(&body) { Ok(()) } else { next.run(service, body) }
        },
    );
}

/// Looks in another place as well, when there is no callback URL in metadata.
fn look_elsewhere(stages: &mut Stages, find: fn(&Body) -> Option<Value>) {
    stages
        .find_callback
        .around(move |next, service, body| next.run(service, body.clone()).or_else(|| find(&body)));
}

fn input_callback_forwarded(stages: &mut Stages) {
    tolerate(stages, is_callback);
    look_elsewhere(stages, |body| body.input.get("callback_url").cloned());
}

fn placement_is_422(stages: &mut Stages) {
    stages.input_key.around(|next, service, key| {
        let status = if is_callback(&key) { 422 } else { 400 };
        next.run(service, key).map_err(|mistake| Mistake { status, ..mistake })
    });
}

fn root_callback_forwarded(stages: &mut Stages) {
    tolerate_at_root(stages, |_| true);
    stages.find_callback.around(|next, service, body| {
        let found = next.run(service, body.clone());
        body.root.get("callback_url").cloned().or(found)
    });
}

fn root_callback_wins(stages: &mut Stages) {
    tolerate_at_root(stages, in_metadata);
    stages.find_callback.around(|next, service, body| {
        let found = next.run(service, body.clone())?;
        Some(body.root.get("callback_url").cloned().unwrap_or(found))
    });
}

fn is_callback(key: &Key) -> bool {
    key.name == "callback_url"
}

fn in_metadata(body: &Body) -> bool {
    body.metadata().is_some_and(|metadata| metadata.contains_key("callback_url"))
}

fn is_for_vidu(body: &Body) -> bool {
    body.root.get("model").and_then(Value::as_str).is_some_and(|model| model.starts_with("vidu"))
}

/// Whether a key is `callback_url` in another case or without the underscore.
fn is_like_callback(key: &str) -> bool {
    key != "callback_url" && key.replace('_', "").eq_ignore_ascii_case("callbackurl")
}

fn value((_, value): (&String, &Value)) -> Value {
    value.clone()
}

fn nested(object: &Map<String, Value>) -> Option<Value> {
    object.values().find_map(|value| {
        let inner = value.as_object()?;
        inner.get("callback_url").cloned().or_else(|| nested(inner))
    })
}
