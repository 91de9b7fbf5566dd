//! The callback URL where it belongs: forwarded when there is one, absent when there is none, and
//! never called by the gateway itself.

use ringback_reference::gateway::defect::Defect;
use serde_json::{Value, json};

use super::{check, forwarded, note_unless_refused, wrong_callback};
use crate::gateway::context::Bench;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::{Gateway, Need};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::Source;

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-CB-001",
        slug: "forwarded",
        level: Level::Must,
        sentence: "A callback_url under input.metadata reaches the vendor, unchanged, in the vendor's own field.",
        source: Source::CALLBACKS,
        why: "This is what the feature is: a URL that never arrives is a callback that never comes.",
        remedy: "Copy input.metadata.callback_url into the create call, as callback_url, without touching it.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts],
        jobs: 1,
        generated: false,
        defects: &[
            Defect::CallbackDropped,
            Defect::CallbackDroppedForVidu,
            Defect::CallbackFieldRenamed,
            Defect::CallbackFieldRenamedForDoubao,
        ],
        check: check!(plain_forwarded),
    },
    Requirement {
        id: "GW-CB-008",
        slug: "wrong-type",
        level: Level::Must,
        sentence: "A callback_url that is no string leads neither to a 5xx nor to another value at the vendor.",
        source: Source::CALLBACKS.inferred(),
        why: "A client's mistake is no server fault, and a number made into a URL is a value nobody sent.",
        remedy: "Refuse it with 400 before the vendor's structures are filled.",
        scope: Scope::EachVendor,
        knobs: &[Knob::WrongTypeCallback, Knob::NullCallback, Knob::RefusalStatus],
        needs: &[Need::Witness, Need::Accepts],
        jobs: 6,
        generated: false,
        defects: &[Defect::WrongTypeIs500, Defect::CallbackCoerced, Defect::DefaultCallback],
        check: check!(wrong_type),
    },
    Requirement {
        id: "GW-CB-009",
        slug: "empty-not-forwarded",
        level: Level::Should,
        sentence: "An empty callback_url is not forwarded as one.",
        source: Source::CALLBACKS.inferred(),
        why: "Vendors that examine the URL refuse the job, the others call nobody.",
        remedy: "Treat the empty string as absent, or refuse it with 400.",
        scope: Scope::EachVendor,
        knobs: &[Knob::EmptyCallback, Knob::RefusalStatus],
        needs: &[Need::Witness, Need::Accepts, Need::Forwards],
        jobs: 2,
        generated: false,
        defects: &[Defect::EmptyCallbackForwarded],
        check: check!(empty_not_forwarded),
    },
    Requirement {
        id: "GW-CB-012",
        slug: "none-given-none-sent",
        level: Level::Must,
        sentence: "Without a callback_url the vendor's create call has none.",
        source: Source::CALLBACKS.inferred(),
        why: "A gateway that puts its own URL there promised not to touch callbacks; the customer's data goes elsewhere.",
        remedy: "Leave the field out unless the client gave one.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts],
        jobs: 1,
        generated: false,
        defects: &[Defect::DefaultCallback],
        check: check!(none_given_none_sent),
    },
    Requirement {
        id: "GW-CB-014",
        slug: "gateway-sends-none",
        level: Level::Must,
        sentence: "The gateway itself sends no callback.",
        source: Source::CALLBACKS,
        why: "The page says that the platform does not rewrite callbacks; a second sender with another body doubles events.",
        remedy: "Leave callbacks to the vendor.",
        scope: Scope::EachVendor,
        knobs: &[Knob::Settle],
        needs: &[Need::Witness, Need::Accepts, Need::Forwards, Need::Status],
        jobs: 1,
        generated: false,
        defects: &[Defect::CallsBackItself],
        check: check!(gateway_sends_none),
    },
];

async fn plain_forwarded(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = Bench::hook(&job.token);
    forwarded(bench, job, &url).await
}

async fn wrong_type(bench: &Bench) -> Result<(), Stop> {
    let values =
        [json!(7), json!(true), json!(["https://hooks.example.com/a"]), json!({"url": "x"}), Value::Null];
    for value in values {
        let job = bench.job().callback(value.clone());
        let reply = bench.submit(&job).await?;
        let knob = if value.is_null() { Knob::NullCallback } else { Knob::WrongTypeCallback };
        let taken = reply.accepted().is_some();
        match bench.knob(knob) {
            Choice::Reject if reply.status < 500 => {
                note_unless_refused(bench, &reply, &format!("metadata.callback_url = {value}"));
            }
            Choice::Ignore if !taken && reply.status < 500 => bench.note(
                Finding::new(format!("a job is accepted with metadata.callback_url = {value}"), reply.gist())
                    .seen_in(&reply.exchange),
            ),
            _ => {}
        }
        if reply.status >= 500 {
            bench.note(
                Finding::new(format!("no 5xx for metadata.callback_url = {value}"), reply.gist())
                    .at("/input/metadata/callback_url")
                    .seen_in(&reply.exchange),
            );
        } else if taken {
            let create = bench.create(&job).await?;
            if create.seen.callback_url.as_ref().is_some_and(|sent| *sent != value && !sent.is_null()) {
                let finding = wrong_callback(&create, None);
                bench.note(Finding {
                    expected: vec![format!("{value} as it is, or no callback_url")],
                    ..finding
                });
            }
        }
    }
    Ok(())
}

async fn empty_not_forwarded(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job().callback("");
    let reply = bench.submit(&job).await?;
    let choice = bench.knob(Knob::EmptyCallback);
    let taken = reply.accepted().is_some();
    match choice {
        Choice::Reject => note_unless_refused(bench, &reply, "an empty callback_url"),
        Choice::Ignore | Choice::Forward if !taken => {
            bench.note(
                Finding::new("a job with an empty callback_url is accepted", reply.gist())
                    .seen_in(&reply.exchange),
            );
        }
        Choice::Either if !taken && !(400..500).contains(&reply.status) => {
            bench.note(
                Finding::new("an HTTP 4xx status for an empty callback_url", reply.gist())
                    .or("an accepted job")
                    .seen_in(&reply.exchange),
            );
        }
        _ => {}
    }
    let creates = if taken {
        vec![bench.create(&job).await?]
    } else {
        // The vendor may have been asked, and have refused the empty URL.
        bench.creates(&job.token)
    };
    for create in creates {
        let sent = create.seen.callback_url.as_ref().and_then(Value::as_str);
        let wanted = (choice == Choice::Forward).then_some("");
        if sent != wanted && (sent == Some("") || wanted.is_some()) {
            bench.note(wrong_callback(&create, wanted));
        }
    }
    Ok(())
}

async fn none_given_none_sent(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    bench.accept(&job).await?;
    let create = bench.create(&job).await?;
    // An explicit null says "none" as well; real clients of these vendors send it.
    if create.seen.callback_url.as_ref().is_some_and(|value| !value.is_null()) {
        bench.note(wrong_callback(&create, None));
    }
    Ok(())
}

async fn gateway_sends_none(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    // Only here is a URL offered that the gateway itself can reach; the vendor stays silent, but for
    // MiniMax's challenge.
    let url = bench.inbox_url(&job.token);
    bench.script(&job, None, false);
    let job = job.callback(url);
    let reply = bench.submit(&job).await?;
    let Some(task_id) = reply.accepted() else {
        return Err(Stop::NotTestable(format!(
            "the gateway refuses an http:// callback URL, and at an https:// one we could not see it call: {}",
            reply.gist()
        )));
    };
    let accepted = crate::gateway::submit::Accepted {
        token: job.token.clone(),
        task_id: task_id.to_owned(),
        reply: reply.clone(),
    };
    let ending = bench.dialect().ending("succeeded").ok_or_else(|| Stop::Broken("no good end".into()))?;
    bench.advance(&job, ringback_mocks::vendor::Step::End(ending)).await?;
    if bench.settle(&accepted, |word| matches!(word, "finished" | "failed")).await?.is_err() {
        return Err(Stop::NotTestable("the job never ended at the gateway, see GW-ST-002".into()));
    }
    let challenged = |exchange: &ringback_mocks::journal::Exchange| {
        exchange.request.json().is_some_and(|body| body.get("challenge").is_some())
    };
    if let Some(arrived) = bench.arrival_in_quiet(&job.token, |exchange| !challenged(exchange)).await {
        bench.note(
            Finding::new(
                format!(
                    "nothing at the callback URL for {:?} after the job ended, the vendor being silent",
                    bench.quiet()
                ),
                format!("a {} arrived", arrived.request.method),
            )
            .seen_in(&arrived),
        );
    }
    bench.inbox_is_open().await
}
