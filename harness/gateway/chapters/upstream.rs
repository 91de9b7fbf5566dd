//! What reaches the vendor besides the callback URL: one create, the right one, and no secrets.

use ringback_reference::gateway::mutants;
use serde_json::Value;

use super::check;
use crate::gateway::context::GatewayContext;
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::SUBMIT.inferred(),
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts],
    jobs: 1,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-UP-001",
        slug: "one-create",
        sentence: "One accepted submit leads to exactly one create, at the model's vendor.",
        why: "A second create is billed twice and calls back twice, with two ids.",
        remedy: "Do not retry a create whose answer was lost; do not fan out to several channels.",
        terms: Terms { source: Source::CALLBACKS.inferred(), ..TERMS },
        mutants: &[mutants::CREATES_TWICE],
        check: check!(one_create),
    },
    Requirement {
        id: "GW-UP-002",
        slug: "prompt-and-model",
        sentence: "The vendor receives the client's prompt and model.",
        why: "Another prompt or model is another product than the one ordered.",
        remedy: "Copy prompt and model into the create call unchanged.",
        terms: TERMS,
        mutants: &[mutants::PROMPT_TRUNCATED, mutants::MODEL_REPLACED],
        check: check!(prompt_and_model),
    },
    Requirement {
        id: "GW-UP-003",
        slug: "client-key-stays",
        sentence: "The client's key is not sent to the vendor.",
        why: "The vendor, and anyone who reads its logs, could spend the client's money at the gateway.",
        remedy: "Build the vendor's request from nothing; do not copy the client's headers.",
        terms: TERMS,
        mutants: &[mutants::CLIENT_KEY_FORWARDED],
        check: check!(client_key_stays),
    },
    Requirement {
        id: "GW-UP-004",
        slug: "metadata-model-loses",
        sentence: "A model inside metadata does not replace the model.",
        why: "It would let a client run an expensive model for the price of a cheap one.",
        remedy: "Remove model from metadata before it is merged into the vendor's request.",
        terms: TERMS,
        mutants: &[mutants::METADATA_MODEL_WINS],
        check: check!(metadata_model_loses),
    },
    Requirement {
        id: "GW-UP-005",
        slug: "no-create-after-refusal",
        sentence: "No vendor receives a create for a submit that was refused.",
        why: "A job that runs although it was refused is billed and nobody knows its id.",
        remedy: "Validate the whole request before the first call to a vendor.",
        terms: Terms { jobs: 3, ..TERMS },
        mutants: &[mutants::CREATES_BEFORE_CHECKING],
        check: check!(no_create_after_refusal),
    },
    Requirement {
        id: "GW-UP-006",
        slug: "client-key-stays-in-queries",
        sentence: "The client's key is not sent to the vendor when the gateway asks about a job, either.",
        why: "The vendor, and anyone who reads its logs, could spend the client's money at the gateway.",
        remedy: "Build the vendor's request from nothing; do not copy the client's headers.",
        terms: Terms {
            source: Source::STATUS.inferred(),
            preconditions: &[
                GatewayPrecondition::Witness,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Status,
            ],
            ..TERMS
        },
        mutants: &[mutants::CLIENT_KEY_IN_QUERIES],
        check: check!(client_key_stays_in_queries),
    },
    Requirement {
        id: "GW-UP-007",
        slug: "cookies-stay",
        sentence: "A client's cookies are not sent to the vendor.",
        why: "They are a user's session at the gateway, and none of the vendor's business.",
        remedy: "Build the vendor's request from nothing; do not copy the client's headers.",
        terms: TERMS,
        mutants: &[mutants::COOKIES_FORWARDED],
        check: check!(cookies_stay),
    },
    Requirement {
        id: "GW-UP-008",
        slug: "image-arrives",
        sentence: "The image of a job reaches the vendor.",
        why: "Without it the customer pays for another video than the one ordered.",
        remedy: "Map input.image to the vendor's field for a first frame.",
        terms: TERMS,
        mutants: &[mutants::IMAGE_DROPPED],
        check: check!(image_arrives),
    },
    Requirement {
        id: "GW-UP-009",
        slug: "duration-arrives",
        sentence: "The length of a job, as duration or as seconds, reaches the vendor.",
        why: "A video of the vendor's usual length is not the one ordered, or billed.",
        remedy: "Map input.duration, and input.seconds where it is missing, to the vendor's field and type.",
        terms: Terms { source: Source::VIDEO.inferred(), jobs: 2, ..TERMS },
        mutants: &[mutants::DURATION_DROPPED, mutants::SECONDS_DROPPED],
        check: check!(duration_arrives),
    },
];

async fn one_create(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    context.accept(&job).await?;
    context.create(&job).await?;
    let creates = context.creates_in_quiet(&job.token, 1).await;
    if creates.len() != 1 {
        let vendors: Vec<&str> = creates.iter().map(|create| create.vendor.title()).collect();
        let mut finding = Finding::new(
            format!("one create call at {}", context.vendor.title()),
            format!("{} create calls: {}", creates.len(), vendors.join(", ")),
        );
        if let Some(last) = creates.last() {
            finding = finding.seen_in(&last.exchange);
        }
        context.note(finding);
    }
    Ok(())
}

async fn prompt_and_model(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    // Quotes, a line break and non-ASCII: what careless building of JSON or of URLs destroys.
    let prompt = format!(
        "{}, \"slowly\" drifting\nüber den Teich 🛶 while the camera follows it to the far bank & beyond",
        job.body["input"]["prompt"].as_str().unwrap_or_default()
    );
    let job = job.input("prompt", prompt.as_str());
    context.accept(&job).await?;
    let create = context.create(&job).await?;
    if create.seen.prompt.as_deref() != Some(prompt.as_str()) {
        context.note(
            Finding::new(
                format!("the prompt {}", Value::from(prompt)),
                format!("the prompt {}", Value::from(create.seen.prompt.clone())),
            )
            .seen_in(&create.exchange),
        );
    }
    note_other_model(context, &create);
    Ok(())
}

fn note_other_model(context: &GatewayContext, create: &crate::gateway::submit::UpstreamCreate) {
    let model = context.target.model(context.vendor);
    // A gateway may have names of its own for models; only then they are configured, and not judged.
    if context.target.models.contains_key(context.vendor.name()) {
        return;
    }
    if create.seen.model.as_deref() != Some(model) {
        context.note(
            Finding::new(
                format!("the model {model}"),
                format!("the model {}", Value::from(create.seen.model.clone())),
            )
            .seen_in(&create.exchange),
        );
    }
}

async fn client_key_stays(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    context.accept(&job).await?;
    let create = context.create(&job).await?;
    if context.client_key_in(&create.exchange) {
        context.note(
            Finding::new("the client's key nowhere in the vendor's request", "the create call contains it")
                .seen_in(&create.exchange),
        );
    }
    Ok(())
}

async fn metadata_model_loses(context: &GatewayContext) -> Result<(), Stop> {
    const OTHER: &str = "a-more-expensive-model";
    let job = context.job().metadata("model", OTHER);
    let reply = context.submit(&job).await?;
    if reply.accepted().is_some() {
        context.create(&job).await?;
    }
    // A refusal is as good, unless the vendor was asked for that model first.
    for create in context.creates(&job.token) {
        if create.seen.model.as_deref() == Some(OTHER) {
            let expected =
                format!("the model {}, as at the root of the body", context.target.model(context.vendor));
            context.note(Finding::new(expected, format!("the model {OTHER}")).seen_in(&create.exchange));
        }
    }
    Ok(())
}

async fn no_create_after_refusal(context: &GatewayContext) -> Result<(), Stop> {
    let wrong = [
        ("an unknown key", context.job().input("resolution", "1080p")),
        ("a blank prompt", {
            let job = context.job();
            // The token must still be found in what the vendor would receive.
            let url = GatewayContext::hook(&job.token);
            job.input("prompt", " ").callback(url)
        }),
    ];
    for (what, refused) in wrong {
        let reply = context.submit(&refused).await?;
        if reply.accepted().is_some() {
            return Err(Stop::NotTestable(format!(
                "a job with {what} was not refused, see GW-SUB-006 and GW-SUB-008: {}",
                reply.summary()
            )));
        }
        let control = context.job();
        context.accept(&control).await?;
        if let Err(create) = context.no_create(&refused, &control).await? {
            context.note(
                Finding::new(
                    format!(
                        "no create call for a job refused for {what}, {:?} after a later one",
                        context.quiet()
                    ),
                    format!("{} received one", create.vendor.title()),
                )
                .seen_in(&create.exchange),
            );
        }
    }
    Ok(())
}

async fn client_key_stays_in_queries(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let accepted = context.accept(&job).await?;
    context.create(&job).await?;
    context.status(&accepted).await?;
    // A gateway may ask the vendor at other times than when it is asked itself.
    let Some(query) = context.query(&job.token).await else {
        return Err(Stop::NotApplicable(format!(
            "the gateway did not ask the vendor about the job within {:?}",
            context.target.timeouts.create
        )));
    };
    if context.client_key_in(&query) {
        context.note(
            Finding::new("the client's key nowhere in the vendor's request", "the query contains it")
                .seen_in(&query),
        );
    }
    Ok(())
}

async fn cookies_stay(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    // The token itself is expected at the vendor; backwards it is as unguessable, and is not.
    let session: String = job.token.chars().rev().collect();
    let reply = context.submit_with(&job, "cookie", &format!("session={session}")).await?;
    if reply.accepted().is_none() {
        return Err(Stop::NotApplicable(format!("the gateway takes no cookies: {}", reply.summary())));
    }
    let create = context.create(&job).await?;
    let request = &create.exchange.request;
    if request.headers.iter().any(|(_, value)| value.contains(&session)) {
        context.note(
            Finding::new("no cookie of the client's in the vendor's request", "the create call has it")
                .seen_in(&create.exchange),
        );
    }
    Ok(())
}

async fn image_arrives(context: &GatewayContext) -> Result<(), Stop> {
    let image = "https://img.example.com/boat.png";
    let job = context.job().input("image", image);
    let reply = context.submit(&job).await?;
    if reply.accepted().is_none() {
        return Err(Stop::NotTestable(format!(
            "a job with an image is not accepted, see GW-SUB-013: {}",
            reply.summary()
        )));
    }
    let create = context.create(&job).await?;
    let body = create.exchange.request.json().unwrap_or(Value::Null);
    // In whichever field the vendor has for it.
    if !holds(&body, &|_, value| value == image) {
        context.note(
            Finding::new(format!("the image {image} in the create call"), "no field holds it")
                .seen_in(&create.exchange),
        );
    }
    Ok(())
}

/// Lengths that the vendors' usual models take and do not choose by themselves.
const LENGTHS: &[(&str, u64)] = &[("kling", 10), ("doubao", 10), ("minimax", 10)];

async fn duration_arrives(context: &GatewayContext) -> Result<(), Stop> {
    let usual = context.dialect().sample.duration;
    let known = LENGTHS.iter().find(|(vendor, _)| *vendor == context.vendor.name());
    // What another model takes is not known here; and left out, the vendor's own choice is as good.
    let named = context.target.models.contains_key(context.vendor.name());
    let (seconds, may_be_left_out) = match known.filter(|_| !named) {
        Some((_, seconds)) => (*seconds, false),
        None => (usual, true),
    };
    for (field, value) in [("duration", Value::from(seconds)), ("seconds", Value::from(seconds.to_string()))]
    {
        let job = context.job().input(field, value);
        let reply = context.submit(&job).await?;
        if reply.accepted().is_none() {
            return Err(Stop::NotTestable(format!(
                "a job with input.{field} is not accepted, see GW-SUB-013: {}",
                reply.summary()
            )));
        }
        let create = context.create(&job).await?;
        let body = create.exchange.request.json().unwrap_or(Value::Null);
        let says = |value: &Value| {
            value.as_f64() == u32::try_from(seconds).ok().map(f64::from)
                || value.as_str() == Some(&seconds.to_string())
        };
        let is_length = |key: &str| matches!(key, "duration" | "seconds" | "durationSeconds");
        // Ark also takes it at the end of the prompt.
        let in_prompt = |value: &Value| {
            value.as_str().is_some_and(|text| {
                text.contains(&format!("--dur {seconds}")) || text.contains(&format!("--duration {seconds}"))
            })
        };
        let arrived = holds(&body, &|key, value| is_length(key) && says(value) || in_prompt(value));
        let other = holds(&body, &|key, value| is_length(key) && !says(value) && !value.is_null());
        if other || !(arrived || may_be_left_out) {
            context.note(
                Finding::new(
                    format!("{seconds} seconds in the create call"),
                    if other { "another length" } else { "no length" },
                )
                .seen_in(&create.exchange),
            );
        }
    }
    Ok(())
}

/// Whether some field, at any depth, is like this.
fn holds(value: &Value, like: &dyn Fn(&str, &Value) -> bool) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, value)| like(key, value) || holds(value, like)),
        Value::Array(items) => items.iter().any(|item| like("", item) || holds(item, like)),
        _ => false,
    }
}
