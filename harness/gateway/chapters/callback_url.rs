//! The callback URL where it belongs: forwarded when there is one, absent when there is none, and
//! never called by the gateway itself.

use ringback_reference::gateway::mutants;
use serde_json::{Value, json};

use super::{check, forwarded, note_unless_refused, wrong_callback};
use crate::gateway::context::GatewayContext;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS.inferred(),
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts],
    jobs: 1,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-CB-001",
        slug: "forwarded",
        sentence: "A callback_url under input.metadata reaches the vendor, unchanged, in the vendor's own field.",
        why: "This is what the feature is: a URL that never arrives is a callback that never comes.",
        remedy: "Copy input.metadata.callback_url into the create call, as callback_url, without touching it.",
        terms: Terms { source: Source::CALLBACKS, ..TERMS },
        mutants: &[
            mutants::CALLBACK_DROPPED,
            mutants::CALLBACK_DROPPED_FOR_VIDU,
            mutants::CALLBACK_FIELD_RENAMED,
            mutants::CALLBACK_FIELD_RENAMED_FOR_DOUBAO,
        ],
        check: check!(plain_forwarded),
    },
    Requirement {
        id: "GW-CB-008",
        slug: "wrong-type",
        sentence: "A callback_url that is no string leads neither to a 5xx nor to another value at the vendor.",
        why: "A client's mistake is not the server's fault, and a number made into a URL is a value nobody sent.",
        remedy: "Refuse it with 400 before the vendor's structures are filled.",
        terms: Terms {
            knobs: &[Knob::WrongTypeCallback, Knob::NullCallback, Knob::RefusalStatus],
            jobs: 6,
            ..TERMS
        },
        mutants: &[mutants::WRONG_TYPE_IS_500, mutants::CALLBACK_COERCED, mutants::DEFAULT_CALLBACK],
        check: check!(wrong_type),
    },
    Requirement {
        id: "GW-CB-009",
        slug: "empty-not-forwarded",
        sentence: "An empty callback_url is not forwarded as one.",
        why: "Vendors that examine the URL refuse the job, the others never call.",
        remedy: "Treat the empty string as absent, or refuse it with 400.",
        terms: Terms {
            level: Level::Should,
            knobs: &[Knob::EmptyCallback, Knob::RefusalStatus],
            preconditions: &[
                GatewayPrecondition::Witness,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Forwards,
            ],
            jobs: 2,
            ..TERMS
        },
        mutants: &[mutants::EMPTY_CALLBACK_FORWARDED],
        check: check!(empty_not_forwarded),
    },
    Requirement {
        id: "GW-CB-012",
        slug: "none-given-none-sent",
        sentence: "Without a callback_url the vendor's create call has none.",
        why: "A gateway that puts its own URL there promised not to touch callbacks; the customer's data goes elsewhere.",
        remedy: "Leave the field out unless the client gave one.",
        terms: TERMS,
        mutants: &[mutants::DEFAULT_CALLBACK],
        check: check!(none_given_none_sent),
    },
    Requirement {
        id: "GW-CB-014",
        slug: "gateway-sends-none",
        sentence: "The gateway itself sends no callback.",
        why: "The page says that the platform does not rewrite callbacks; a second sender with another body doubles events.",
        remedy: "Leave callbacks to the vendor.",
        terms: Terms {
            source: Source::CALLBACKS,
            knobs: &[Knob::Settle],
            preconditions: &[
                GatewayPrecondition::Witness,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Forwards,
                GatewayPrecondition::Status,
            ],
            ..TERMS
        },
        mutants: &[mutants::CALLS_BACK_ITSELF],
        check: check!(gateway_sends_none),
    },
];

async fn plain_forwarded(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = GatewayContext::hook(&job.token);
    forwarded(context, job, &url).await
}

async fn wrong_type(context: &GatewayContext) -> Result<(), Stop> {
    let values =
        [json!(7), json!(true), json!(["https://hooks.example.com/a"]), json!({"url": "x"}), Value::Null];
    for value in values {
        let job = context.job().callback(value.clone());
        let reply = context.submit(&job).await?;
        let knob = if value.is_null() { Knob::NullCallback } else { Knob::WrongTypeCallback };
        let taken = reply.accepted().is_some();
        match context.knob(knob) {
            Choice::Reject if reply.status < 500 => {
                note_unless_refused(context, &reply, &format!("metadata.callback_url = {value}"));
            }
            Choice::Ignore if !taken && reply.status < 500 => context.note(
                Finding::new(
                    format!("a job is accepted with metadata.callback_url = {value}"),
                    reply.summary(),
                )
                .seen_in(&reply.exchange),
            ),
            _ => {}
        }
        if reply.status >= 500 {
            context.note(
                Finding::new(format!("no 5xx for metadata.callback_url = {value}"), reply.summary())
                    .at("/input/metadata/callback_url")
                    .seen_in(&reply.exchange),
            );
        } else if taken {
            let create = context.create(&job).await?;
            if create.seen.callback_url.as_ref().is_some_and(|sent| *sent != value && !sent.is_null()) {
                let finding = wrong_callback(&create, None);
                context.note(Finding {
                    expected: vec![format!("{value} as it is, or no callback_url")],
                    ..finding
                });
            }
        }
    }
    Ok(())
}

async fn empty_not_forwarded(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job().callback("");
    let reply = context.submit(&job).await?;
    let choice = context.knob(Knob::EmptyCallback);
    let taken = reply.accepted().is_some();
    match choice {
        Choice::Reject => note_unless_refused(context, &reply, "an empty callback_url"),
        Choice::Ignore | Choice::Forward if !taken => {
            context.note(
                Finding::new("a job with an empty callback_url is accepted", reply.summary())
                    .seen_in(&reply.exchange),
            );
        }
        Choice::Either if !taken && !(400..500).contains(&reply.status) => {
            context.note(
                Finding::new("an HTTP 4xx status for an empty callback_url", reply.summary())
                    .or("an accepted job")
                    .seen_in(&reply.exchange),
            );
        }
        _ => {}
    }
    let creates = if taken {
        vec![context.create(&job).await?]
    } else {
        // The vendor may have been asked, and have refused the empty URL.
        context.creates(&job.token)
    };
    for create in creates {
        let sent = create.seen.callback_url.as_ref().and_then(Value::as_str);
        let wanted = (choice == Choice::Forward).then_some("");
        if sent != wanted && (sent == Some("") || wanted.is_some()) {
            context.note(wrong_callback(&create, wanted));
        }
    }
    Ok(())
}

async fn none_given_none_sent(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    context.accept(&job).await?;
    let create = context.create(&job).await?;
    // An explicit null says "none" as well; real clients of these vendors send it.
    if create.seen.callback_url.as_ref().is_some_and(|value| !value.is_null()) {
        context.note(wrong_callback(&create, None));
    }
    Ok(())
}

async fn gateway_sends_none(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    // Only here is a URL offered that the gateway itself can reach; the vendor stays silent, but for
    // MiniMax's challenge.
    let url = context.inbox_url(&job.token);
    context.script(&job, None, false);
    let job = job.callback(url);
    let reply = context.submit(&job).await?;
    let Some(task_id) = reply.accepted() else {
        return Err(Stop::NotTestable(format!(
            "the gateway refuses an http:// callback URL, and at an https:// one we could not see it call: {}",
            reply.summary()
        )));
    };
    let accepted = crate::gateway::submit::SubmittedJob {
        token: job.token.clone(),
        task_id: task_id.to_owned(),
        reply: reply.clone(),
    };
    let ending =
        context.dialect().ending("succeeded").ok_or_else(|| Stop::HarnessError("no good end".into()))?;
    context.advance(&job, ringback_mocks::vendor::Step::End(ending)).await?;
    if context.settle(&accepted, |word| matches!(word, "finished" | "failed")).await?.is_err() {
        return Err(Stop::NotTestable("the job never ended at the gateway, see GW-ST-002".into()));
    }
    let challenged = |exchange: &ringback_mocks::journal::Exchange| {
        exchange.request.json().is_some_and(|body| body.get("challenge").is_some())
    };
    if let Some(arrived) = context.arrival_in_quiet(&job.token, |exchange| !challenged(exchange)).await {
        context.note(
            Finding::new(
                format!(
                    "nothing at the callback URL for {:?} after the job ended, the vendor being silent",
                    context.quiet()
                ),
                format!("a {} arrived", arrived.request.method),
            )
            .seen_in(&arrived),
        );
    }
    context.inbox_is_open().await
}
