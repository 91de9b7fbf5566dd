//! What reaches the vendor besides the callback URL: one create, the right one, and no secrets.

use ringback_reference::gateway::defect::Defect;
use serde_json::Value;

use super::check;
use crate::gateway::context::Bench;
use crate::gateway::{Gateway, Need};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::Source;

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-UP-001",
        slug: "one-create",
        level: Level::Must,
        sentence: "One accepted submit leads to exactly one create, at the model's vendor.",
        source: Source::CALLBACKS.inferred(),
        why: "A second create is billed twice and calls back twice, with two ids.",
        remedy: "Do not retry a create whose answer was lost; do not fan out to several channels.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts],
        jobs: 1,
        generated: false,
        defects: &[Defect::CreatesTwice],
        check: check!(one_create),
    },
    Requirement {
        id: "GW-UP-002",
        slug: "prompt-and-model",
        level: Level::Must,
        sentence: "The vendor receives the client's prompt and model.",
        source: Source::SUBMIT.inferred(),
        why: "Another prompt or model is another product than the one ordered.",
        remedy: "Copy prompt and model into the create call unchanged.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts],
        jobs: 1,
        generated: false,
        defects: &[Defect::PromptTruncated, Defect::ModelReplaced],
        check: check!(prompt_and_model),
    },
    Requirement {
        id: "GW-UP-003",
        slug: "client-key-stays",
        level: Level::Must,
        sentence: "The client's key is not sent to the vendor.",
        source: Source::SUBMIT.inferred(),
        why: "The vendor, and whoever reads its logs, could spend the client's money at the gateway.",
        remedy: "Build the vendor's request from nothing; do not copy the client's headers.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts],
        jobs: 1,
        generated: false,
        defects: &[Defect::ClientKeyForwarded],
        check: check!(client_key_stays),
    },
    Requirement {
        id: "GW-UP-004",
        slug: "metadata-model-loses",
        level: Level::Must,
        sentence: "A model inside metadata does not replace the model.",
        source: Source::SUBMIT.inferred(),
        why: "It would let a client run an expensive model for the price of a cheap one.",
        remedy: "Remove model from metadata before it is merged into the vendor's request.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts],
        jobs: 1,
        generated: false,
        defects: &[Defect::MetadataModelWins],
        check: check!(metadata_model_loses),
    },
    Requirement {
        id: "GW-UP-005",
        slug: "no-create-after-refusal",
        level: Level::Must,
        sentence: "No vendor receives a create for a submit that was refused.",
        source: Source::SUBMIT.inferred(),
        why: "A job that runs although it was refused is billed and nobody knows its id.",
        remedy: "Validate the whole request before the first call to a vendor.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts],
        jobs: 3,
        generated: false,
        defects: &[Defect::CreatesBeforeChecking],
        check: check!(no_create_after_refusal),
    },
    Requirement {
        id: "GW-UP-006",
        slug: "client-key-stays-in-queries",
        level: Level::Must,
        sentence: "The client's key is not sent to the vendor when the gateway asks about a job, either.",
        source: Source::STATUS.inferred(),
        why: "The vendor, and whoever reads its logs, could spend the client's money at the gateway.",
        remedy: "Build the vendor's request from nothing; do not copy the client's headers.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts, Need::Status],
        jobs: 1,
        generated: false,
        defects: &[Defect::ClientKeyInQueries],
        check: check!(client_key_stays_in_queries),
    },
    Requirement {
        id: "GW-UP-007",
        slug: "cookies-stay",
        level: Level::Must,
        sentence: "A client's cookies are not sent to the vendor.",
        source: Source::SUBMIT.inferred(),
        why: "They are somebody's session at the gateway, and none of the vendor's business.",
        remedy: "Build the vendor's request from nothing; do not copy the client's headers.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts],
        jobs: 1,
        generated: false,
        defects: &[Defect::CookiesForwarded],
        check: check!(cookies_stay),
    },
    Requirement {
        id: "GW-UP-008",
        slug: "image-arrives",
        level: Level::Must,
        sentence: "The image of a job reaches the vendor.",
        source: Source::SUBMIT.inferred(),
        why: "Without it the customer pays for another video than the one ordered.",
        remedy: "Map input.image to the vendor's field for a first frame.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts],
        jobs: 1,
        generated: false,
        defects: &[Defect::ImageDropped],
        check: check!(image_arrives),
    },
    Requirement {
        id: "GW-UP-009",
        slug: "duration-arrives",
        level: Level::Must,
        sentence: "The length of a job, as duration or as seconds, reaches the vendor.",
        source: Source::VIDEO.inferred(),
        why: "A video of the vendor's usual length is not the one ordered, or billed.",
        remedy: "Map input.duration, and input.seconds where it is missing, to the vendor's field and type.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts],
        jobs: 2,
        generated: false,
        defects: &[Defect::DurationDropped, Defect::SecondsDropped],
        check: check!(duration_arrives),
    },
];

async fn one_create(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    bench.accept(&job).await?;
    bench.create(&job).await?;
    let creates = bench.creates_in_quiet(&job.token, 1).await;
    if creates.len() != 1 {
        let vendors: Vec<&str> = creates.iter().map(|create| create.vendor.title()).collect();
        let mut finding = Finding::new(
            format!("one create call at {}", bench.vendor.title()),
            format!("{} create calls: {}", creates.len(), vendors.join(", ")),
        );
        if let Some(last) = creates.last() {
            finding = finding.seen_in(&last.exchange);
        }
        bench.note(finding);
    }
    Ok(())
}

async fn prompt_and_model(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    // Quotes, a line break and non-ASCII: what careless building of JSON or of URLs destroys.
    let prompt = format!(
        "{}, \"slowly\" drifting\nüber den Teich 🛶 while the camera follows it to the far bank & beyond",
        job.body["input"]["prompt"].as_str().unwrap_or_default()
    );
    let job = job.input("prompt", prompt.as_str());
    bench.accept(&job).await?;
    let create = bench.create(&job).await?;
    if create.seen.prompt.as_deref() != Some(prompt.as_str()) {
        bench.note(
            Finding::new(
                format!("the prompt {}", Value::from(prompt)),
                format!("the prompt {}", Value::from(create.seen.prompt.clone())),
            )
            .seen_in(&create.exchange),
        );
    }
    note_other_model(bench, &create);
    Ok(())
}

fn note_other_model(bench: &Bench, create: &crate::gateway::submit::Create) {
    let model = bench.target.model(bench.vendor);
    // A gateway may have names of its own for models; only then they are configured, and not judged.
    if bench.target.models.contains_key(bench.vendor.name()) {
        return;
    }
    if create.seen.model.as_deref() != Some(model) {
        bench.note(
            Finding::new(
                format!("the model {model}"),
                format!("the model {}", Value::from(create.seen.model.clone())),
            )
            .seen_in(&create.exchange),
        );
    }
}

async fn client_key_stays(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    bench.accept(&job).await?;
    let create = bench.create(&job).await?;
    if bench.client_key_in(&create.exchange) {
        bench.note(
            Finding::new("the client's key nowhere in the vendor's request", "the create call contains it")
                .seen_in(&create.exchange),
        );
    }
    Ok(())
}

async fn metadata_model_loses(bench: &Bench) -> Result<(), Stop> {
    const OTHER: &str = "a-more-expensive-model";
    let job = bench.job().metadata("model", OTHER);
    let reply = bench.submit(&job).await?;
    if reply.accepted().is_some() {
        bench.create(&job).await?;
    }
    // A refusal is as good, unless the vendor was asked for that model first.
    for create in bench.creates(&job.token) {
        if create.seen.model.as_deref() == Some(OTHER) {
            let expected =
                format!("the model {}, as at the root of the body", bench.target.model(bench.vendor));
            bench.note(Finding::new(expected, format!("the model {OTHER}")).seen_in(&create.exchange));
        }
    }
    Ok(())
}

async fn no_create_after_refusal(bench: &Bench) -> Result<(), Stop> {
    let wrong = [
        ("an unknown key", bench.job().input("resolution", "1080p")),
        ("a blank prompt", {
            let job = bench.job();
            // The token must still be found in what the vendor would receive.
            let url = Bench::hook(&job.token);
            job.input("prompt", " ").callback(url)
        }),
    ];
    for (what, refused) in wrong {
        let reply = bench.submit(&refused).await?;
        if reply.accepted().is_some() {
            return Err(Stop::NotTestable(format!(
                "a job with {what} was not refused, see GW-SUB-006 and GW-SUB-008: {}",
                reply.gist()
            )));
        }
        let control = bench.job();
        bench.accept(&control).await?;
        if let Err(create) = bench.no_create(&refused, &control).await? {
            bench.note(
                Finding::new(
                    format!(
                        "no create call for a job refused for {what}, {:?} after a later one",
                        bench.quiet()
                    ),
                    format!("{} received one", create.vendor.title()),
                )
                .seen_in(&create.exchange),
            );
        }
    }
    Ok(())
}

async fn client_key_stays_in_queries(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let accepted = bench.accept(&job).await?;
    bench.create(&job).await?;
    bench.status(&accepted).await?;
    // A gateway may ask the vendor at other times than when it is asked itself.
    let Some(query) = bench.query(&job.token).await else {
        return Err(Stop::NotApplicable(format!(
            "the gateway did not ask the vendor about the job within {:?}",
            bench.target.patience.create
        )));
    };
    if bench.client_key_in(&query) {
        bench.note(
            Finding::new("the client's key nowhere in the vendor's request", "the query contains it")
                .seen_in(&query),
        );
    }
    Ok(())
}

async fn cookies_stay(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    // The token itself is expected at the vendor; backwards it is as unguessable, and is not.
    let session: String = job.token.chars().rev().collect();
    let reply = bench.submit_with(&job, "cookie", &format!("session={session}")).await?;
    if reply.accepted().is_none() {
        return Err(Stop::NotApplicable(format!("the gateway takes no cookies: {}", reply.gist())));
    }
    let create = bench.create(&job).await?;
    let request = &create.exchange.request;
    if request.headers.iter().any(|(_, value)| value.contains(&session)) {
        bench.note(
            Finding::new("no cookie of the client's in the vendor's request", "the create call has it")
                .seen_in(&create.exchange),
        );
    }
    Ok(())
}

async fn image_arrives(bench: &Bench) -> Result<(), Stop> {
    let image = "https://img.example.com/boat.png";
    let job = bench.job().input("image", image);
    let reply = bench.submit(&job).await?;
    if reply.accepted().is_none() {
        return Err(Stop::NotTestable(format!(
            "a job with an image is not accepted, see GW-SUB-013: {}",
            reply.gist()
        )));
    }
    let create = bench.create(&job).await?;
    let body = create.exchange.request.json().unwrap_or(Value::Null);
    // In whichever field the vendor has for it.
    if !holds(&body, &|_, value| value == image) {
        bench.note(
            Finding::new(format!("the image {image} in the create call"), "no field holds it")
                .seen_in(&create.exchange),
        );
    }
    Ok(())
}

/// Lengths that the vendors' usual models take and do not choose by themselves.
const LENGTHS: &[(&str, u64)] = &[("kling", 10), ("doubao", 10), ("minimax", 10)];

async fn duration_arrives(bench: &Bench) -> Result<(), Stop> {
    let usual = bench.dialect().sample.duration;
    let known = LENGTHS.iter().find(|(vendor, _)| *vendor == bench.vendor.name());
    // What another model takes is not known here; and left out, the vendor's own choice is as good.
    let named = bench.target.models.contains_key(bench.vendor.name());
    let (seconds, may_be_left_out) = match known.filter(|_| !named) {
        Some((_, seconds)) => (*seconds, false),
        None => (usual, true),
    };
    for (field, value) in [("duration", Value::from(seconds)), ("seconds", Value::from(seconds.to_string()))]
    {
        let job = bench.job().input(field, value);
        let reply = bench.submit(&job).await?;
        if reply.accepted().is_none() {
            return Err(Stop::NotTestable(format!(
                "a job with input.{field} is not accepted, see GW-SUB-013: {}",
                reply.gist()
            )));
        }
        let create = bench.create(&job).await?;
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
            bench.note(
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
