//! Variants of callback URLs that the contract leaves to the gateway: which ones it declines, and how it takes what is none.

use serde_json::Value;
use url::Url;

use crate::deviation::deviations;
use crate::gateway::private_hosts::is_private;
use crate::gateway::stages::Stages;
use crate::gateway::submission::{Body, Mistake, Submission};
use crate::gateway::{Gateway, polling};

deviations! { Variant of Gateway;
    REFUSES_NULL_CALLBACK "refuses-null-callback" "refuses callback_url null" =>
        |stages| refuse_given(stages, "callback_url must not be null", Value::is_null);
    IGNORES_WRONG_TYPE "ignores-wrong-type" "treats a callback_url that is no string as absent" =>
        ignores_wrong_type;
    REFUSES_EMPTY_CALLBACK "refuses-empty-callback" "refuses an empty callback_url" =>
        |stages| refuse_given(stages, "callback_url must not be empty", |given| given == "");
    REFUSES_PLAIN_HTTP "refuses-plain-http" "refuses an http:// callback_url" =>
        |stages| refuse_url(stages, "callback_url must be https", |url| url.starts_with("http://"));
    REFUSES_USER_INFO "refuses-user-info" "refuses a callback_url with user-info" =>
        |stages| refuse_url(stages, "callback_url must not hold credentials", has_user_info);
    REFUSES_NON_ASCII "refuses-non-ascii" "refuses a callback_url with characters beyond ASCII" =>
        |stages| refuse_url(stages, "callback_url must be ASCII", |url| !url.is_ascii());
    REFUSES_PRIVATE_HOSTS "refuses-private-hosts" "refuses a callback_url with a private address" =>
        |stages| refuse_url(stages, "callback_url must be public", is_private);
    REFUSES_LONG_URLS "refuses-long-urls" "refuses a callback_url of more than 2,048 characters" =>
        |stages| refuse_url(stages, "callback_url is too long", |url| url.len() > 2_048);
    REFUSES_HOST_DOT "refuses-host-dot" "refuses a callback_url whose host ends with a dot" =>
        |stages| refuse_url(stages, "callback_url must not end its host with a dot", has_host_dot);
    REFUSES_POLLING_CALLBACK "refuses-polling-callback" "refuses a callback_url with a polling-only model" =>
        |stages| refuse(stages, "this model sends no callbacks", |_, submission| {
            submission.model == polling::MODEL && submission.callback_url.is_some()
        });
    REFUSES_NON_URLS "refuses-non-urls" "refuses a callback_url that is no absolute URL" =>
        |stages| refuse_url(stages, "callback_url must be a URL", |url| !Url::parse(url).is_ok_and(|url| url.has_host()));
}

/// Refuses some submits that the plain gateway accepts.
fn refuse(
    stages: &mut Stages,
    message: &'static str,
    is_refused: impl Fn(&Body, &Submission) -> bool + Send + Sync + 'static,
) {
    stages.understand.around(move |next, service, body| {
        let submission = next.run(service, body.clone())?;
        if is_refused(&body, &submission) { Err(Mistake::new(message)) } else { Ok(submission) }
    });
}

/// Refuses some values of `callback_url`, as they are given.
fn refuse_given(stages: &mut Stages, message: &'static str, is_refused: fn(&Value) -> bool) {
    refuse(stages, message, move |body, _| {
        body.metadata().and_then(|metadata| metadata.get("callback_url")).is_some_and(is_refused)
    });
}

/// Refuses some callback URLs.
fn refuse_url(stages: &mut Stages, message: &'static str, is_refused: fn(&str) -> bool) {
    refuse(stages, message, move |_, submission| submission.callback_url.as_deref().is_some_and(is_refused));
}

fn ignores_wrong_type(stages: &mut Stages) {
    stages.find_callback.after(|_, found| found.filter(Value::is_string));
}

fn has_user_info(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| !url.username().is_empty())
}

fn has_host_dot(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(|host| host.ends_with('.')))
}
