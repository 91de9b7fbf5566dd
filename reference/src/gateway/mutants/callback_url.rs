//! Mutants of the callback URL: what is taken for one, and whether and under which name it is forwarded.
//!
//! How its text is changed on the way is `pass_through`.

use serde_json::Value;

use crate::deviation::deviations;
use crate::gateway::Gateway;
use crate::gateway::forwarding::Order;
use crate::gateway::private_hosts::is_private;
use crate::gateway::stages::Stages;
use crate::gateway::submission::{Mistake, RESERVED};

use super::errors::own_mistake;

deviations! { Mutant of Gateway;
    CALLBACK_DROPPED "callback-dropped" "forwards no callback_url" => |stages| drop_when(stages, |_| true);
    CALLBACK_DROPPED_FOR_VIDU "callback-dropped-for-vidu" "forwards no callback_url to Vidu" =>
        |stages| drop_when(stages, |order| order.route.leads_to("vidu"));
    CALLBACK_FIELD_RENAMED "callback-field-renamed" "forwards the callback URL as notify_url" =>
        |stages| rename(stages, "notify_url", |_| true);
    WRONG_TYPE_IS_500 "wrong-type-is-500" "answers 500 when callback_url is no string" =>
        wrong_type_is_500, excludes ["callback-coerced"];
    CALLBACK_COERCED "callback-coerced" "turns a numeric callback_url into a string and forwards it" =>
        callback_coerced;
    EMPTY_CALLBACK_FORWARDED "empty-callback-forwarded" "forwards an empty callback_url" => empty_callback_forwarded;
    DEFAULT_CALLBACK "default-callback" "sends a callback_url of its own when none was given" => default_callback;
    CALLBACK_FIELD_RENAMED_FOR_DOUBAO "callback-field-renamed-for-doubao" "forwards the callback URL to Doubao as callbackUrl" =>
        |stages| rename(stages, "callbackUrl", |order| order.route.leads_to("doubao"));
    DROPPED_WITH_OPTIONS "dropped-with-options" "forwards no callback_url when metadata has other keys" =>
        dropped_with_options;
    DROPPED_WITH_IMAGE "dropped-with-image" "forwards no callback_url when an image is given" =>
        |stages| drop_when(stages, |order| !order.wish.images.is_empty());
    DROPPED_WITH_DURATION "dropped-with-duration" "forwards no callback_url when a duration is given" =>
        |stages| drop_when(stages, |order| order.wish.duration.is_some());
    DROPPED_FOR_KLING_V2 "dropped-for-kling-v2" "forwards no callback_url to the newer API of Kling" =>
        |stages| drop_when(stages, |order| is_newer_api(order, "kling"));
    DROPPED_FOR_MINIMAX_V2 "dropped-for-minimax-v2" "forwards no callback_url to the newer API of MiniMax" =>
        |stages| drop_when(stages, |order| is_newer_api(order, "minimax"));
    LONG_CALLBACK_DROPPED "long-callback-dropped" "forwards no callback_url of more than 1,500 characters" =>
        |stages| drop_when(stages, |order| forwarded(order).is_some_and(|url| url.len() > LONG));
    PRIVATE_HOST_IS_500 "private-host-is-500" "answers 500 for a callback URL with a private address" =>
        private_host_is_500;
}

const FIELD: &str = "callback_url";
/// Characters of a callback URL that are too many.
const LONG: usize = 1_500;
/// Where a gateway that keeps callbacks to itself wants them.
const OPERATORS_OWN: &str = "https://operator.example.com/hook";

/// Forwards no callback URL with some orders.
fn drop_when(stages: &mut Stages, is_dropped: fn(&Order) -> bool) {
    stages.compose.after(move |_, mut order| {
        if is_dropped(&order) {
            order.wish.options.shift_remove(FIELD);
        }
        order
    });
}

/// Forwards the callback URL of some orders under another name.
fn rename(stages: &mut Stages, name: &'static str, is_renamed: fn(&Order) -> bool) {
    stages.create_call.before(move |_, mut order| {
        if is_renamed(&order)
            && let Some(url) = order.wish.options.shift_remove(FIELD)
        {
            order.wish.options.insert(name.to_owned(), url);
        }
        order
    });
}

fn forwarded(order: &Order) -> Option<&str> {
    order.wish.options.get(FIELD)?.as_str()
}

fn is_newer_api(order: &Order, vendor: &str) -> bool {
    let newer = order.route.vendor.dialects().get(1);
    order.route.leads_to(vendor) && newer.is_some_and(|dialect| dialect.model == order.wish.model)
}

fn wrong_type_is_500(stages: &mut Stages) {
    stages.check_callback.around(|next, service, value| match &value {
        None | Some(Value::Null | Value::String(_)) => next.run(service, value),
        Some(_) => Err(own_mistake()),
    });
}

fn callback_coerced(stages: &mut Stages) {
    stages.check_callback.before(|_, value| match value {
        Some(Value::Number(number)) => Some(Value::from(number.to_string())),
        value => value,
    });
}

fn empty_callback_forwarded(stages: &mut Stages) {
    stages.check_callback.around(|next, service, value| match value {
        Some(Value::String(empty)) if empty.is_empty() => Ok(Some(empty)),
        value => next.run(service, value),
    });
}

fn private_host_is_500(stages: &mut Stages) {
    stages.check_callback.after(|_, checked| match checked {
        Ok(Some(url)) if is_private(&url) => Err(Mistake { status: 500, ..Mistake::new("internal error") }),
        checked => checked,
    });
}

fn default_callback(stages: &mut Stages) {
    stages.options.before(|_, mut forwarding| {
        if forwarding.metadata.get(FIELD).is_none_or(Value::is_null) {
            forwarding.url.get_or_insert_with(|| OPERATORS_OWN.to_owned());
        }
        forwarding
    });
}

fn dropped_with_options(stages: &mut Stages) {
    stages.options.before(|_, mut forwarding| {
        if forwarding.metadata.keys().any(|key| !RESERVED.contains(&key.as_str())) {
            forwarding.url = None;
        }
        forwarding
    });
}
