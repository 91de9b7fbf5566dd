//! Submit: what is accepted, what is refused, and the shape of the answer.

use std::collections::BTreeSet;

use ringback_reference::gateway::mutants;
use serde_json::{Value, json};

use super::{check, is_refusal, note_schema, note_unless_refused, refusal, refused_beside_control};
use crate::gateway::context::GatewayContext;
use crate::gateway::inputs;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::SubmitRequest;
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::search;
use crate::run::source::Source;
use crate::schema::Schema;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::SUBMIT,
    scope: Scope::Once,
    knobs: &[],
    preconditions: &[GatewayPrecondition::Accepts],
    jobs: 1,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-SUB-001",
        slug: "minimal-accepted",
        sentence: "A submit with a known model and a prompt is accepted: HTTP 2xx, code 200 and a task id.",
        why: "Everything else rests on jobs being accepted.",
        remedy: "Accept {\"model\", \"input\": {\"prompt\"}} for every model you offer; leave a vendor you do not offer out with --vendor.",
        terms: Terms { scope: Scope::EachVendor, preconditions: &[], ..TERMS },
        mutants: &[mutants::REFUSES_VIDU],
        check: check!(minimal_accepted),
    },
    Requirement {
        id: "GW-SUB-002",
        slug: "answer-shape",
        sentence: "The answer to an accepted submit is {code: 200, data: {task_id, status, created_time}}.",
        why: "Clients read data.task_id to poll; any other shape loses a job that was paid for.",
        remedy: "Answer with the documented envelope, whatever the vendor answered.",
        terms: Terms { source: Source::CALLBACKS.shown(), knobs: &[Knob::StatusWords], ..TERMS },
        mutants: &[mutants::CREATED_TIME_MISSING],
        check: check!(answer_shape),
    },
    Requirement {
        id: "GW-SUB-003",
        slug: "starts-not-started",
        sentence: "A fresh job is reported as not_started.",
        why: "Every documented answer shows it; clients start their progress display from it.",
        remedy: "Report not_started in the submit answer.",
        terms: Terms {
            level: Level::Should,
            source: Source::CALLBACKS.shown(),
            knobs: &[Knob::FirstStatus, Knob::StatusWords],
            ..TERMS
        },
        mutants: &[mutants::STARTS_RUNNING],
        check: check!(starts_not_started),
    },
    Requirement {
        id: "GW-SUB-004",
        slug: "task-ids-unique",
        sentence: "Different jobs have different task ids.",
        why: "With a shared id one of the two jobs can never be polled.",
        remedy: "Make the id random or take it from a sequence, not from the request.",
        terms: Terms { source: Source::STATUS.inferred(), jobs: 3, ..TERMS },
        mutants: &[mutants::REPEATS_TASK_ID],
        check: check!(task_ids_unique),
    },
    Requirement {
        id: "GW-SUB-005",
        slug: "same-keys-with-callback",
        sentence: "The submit answer has the same keys with and without a callback_url.",
        why: "The page promises that the answer is identical to the no-callback case.",
        remedy: "Build the submit answer without looking at callback_url.",
        terms: Terms { source: Source::CALLBACKS, scope: Scope::EachVendor, jobs: 2, ..TERMS },
        mutants: &[mutants::ECHOES_CALLBACK],
        check: check!(same_keys_with_callback),
    },
    Requirement {
        id: "GW-SUB-006",
        slug: "named-keys-refused",
        sentence: "A key the documentation names as belonging to metadata is refused with 400 at the top of input.",
        why: "A silently ignored resolution or negativePrompt produces, and bills, the wrong video.",
        remedy: "Close input: allow prompt, size, image, images, duration, seconds and metadata, refuse the rest.",
        terms: Terms { knobs: &[Knob::RefusalStatus], jobs: 7, ..TERMS },
        mutants: &[mutants::INPUT_OPEN, mutants::ERRORS_IN_200],
        check: check!(named_keys_refused),
    },
    Requirement {
        id: "GW-SUB-007",
        slug: "any-other-key-refused",
        sentence: "Any key outside the allow-list is refused with 400 at the top of input.",
        why: "The rule is an allow-list; a list of forbidden keys misses tomorrow's typo.",
        remedy: "Check keys against the allow-list, not against a list of known mistakes.",
        terms: Terms { knobs: &[Knob::RefusalStatus], jobs: 25, generated: true, ..TERMS },
        mutants: &[mutants::INPUT_OPEN, mutants::INPUT_DENYLIST, mutants::ERRORS_IN_200],
        check: check!(any_other_key_refused),
    },
    Requirement {
        id: "GW-SUB-008",
        slug: "prompt-required",
        sentence: "A missing, blank or non-string prompt is refused with 400.",
        why: "prompt is marked required and not empty; a filled-in one is someone else's video.",
        remedy: "Refuse unless input.prompt is a string with something other than white space in it.",
        terms: Terms { source: Source::REFERENCE, knobs: &[Knob::RefusalStatus], jobs: 5, ..TERMS },
        mutants: &[
            mutants::PROMPT_OPTIONAL,
            mutants::BLANK_PROMPT_ACCEPTED,
            mutants::PROMPT_COERCED,
            mutants::ERRORS_IN_200,
        ],
        check: check!(prompt_required),
    },
    Requirement {
        id: "GW-SUB-009",
        slug: "input-required",
        sentence: "A submit whose input is missing or no object is refused with 400.",
        why: "input is a required object in every published reference.",
        remedy: "Refuse the request before anything is filled in.",
        terms: Terms { source: Source::REFERENCE, knobs: &[Knob::RefusalStatus], jobs: 4, ..TERMS },
        mutants: &[mutants::INPUT_OPTIONAL, mutants::ERRORS_IN_200],
        check: check!(input_required),
    },
    Requirement {
        id: "GW-SUB-010",
        slug: "model-required",
        sentence: "A submit without a model is refused with 400.",
        why: "A default model decides about someone else's money.",
        remedy: "Refuse the request; do not choose a model for the client.",
        terms: Terms { source: Source::REFERENCE, knobs: &[Knob::RefusalStatus], jobs: 2, ..TERMS },
        mutants: &[mutants::MODEL_OPTIONAL, mutants::ERRORS_IN_200],
        check: check!(model_required),
    },
    Requirement {
        id: "GW-SUB-011",
        slug: "unknown-model-refused",
        sentence: "A submit for a model that does not exist is refused with a 4xx status.",
        why: "Running another model bills a job nobody ordered; a 5xx invites retries of a request that can never work.",
        remedy: "Answer 400 (or 404) with the error envelope when no route exists for the model.",
        terms: Terms { source: Source::REFERENCE.inferred(), jobs: 2, ..TERMS },
        mutants: &[mutants::UNKNOWN_MODEL_ACCEPTED, mutants::ERRORS_IN_200],
        check: check!(unknown_model_refused),
    },
    Requirement {
        id: "GW-SUB-012",
        slug: "types-checked",
        sentence: "An allow-listed field of the wrong type is refused with 400.",
        why: "A duration that is silently ignored produces a video of another length.",
        remedy: "Check each field against its documented type: size, image and seconds are strings, images a list of strings, duration an integer, metadata an object.",
        terms: Terms {
            level: Level::Should,
            source: Source::SUBMIT.inferred(),
            knobs: &[Knob::FieldTypes, Knob::RefusalStatus],
            jobs: 9,
            ..TERMS
        },
        mutants: &[mutants::TYPES_UNCHECKED, mutants::ERRORS_IN_200],
        check: check!(types_checked),
    },
    Requirement {
        id: "GW-SUB-013",
        slug: "allow-list-accepted",
        sentence: "Every allow-listed field is accepted at the top of input.",
        why: "The allow-list is also a promise.",
        remedy: "Accept prompt, size, image, images, duration, seconds and metadata for every model, and map or ignore what a model does not take.",
        terms: Terms { jobs: 6, ..TERMS },
        mutants: &[mutants::SECONDS_REFUSED],
        check: check!(allow_list_accepted),
    },
    Requirement {
        id: "GW-SUB-014",
        slug: "metadata-open",
        sentence: "A key in metadata that the gateway does not know does not get the job refused.",
        why: "The reference shows metadata as open; clients send every vendor's options along.",
        remedy: "Pass unknown keys on or drop them, but accept the job.",
        terms: Terms {
            source: Source::REFERENCE,
            preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts],
            ..TERMS
        },
        mutants: &[mutants::METADATA_CLOSED],
        check: check!(metadata_open),
    },
];

async fn minimal_accepted(context: &GatewayContext) -> Result<(), Stop> {
    let reply = context.submit(&context.job()).await?;
    if reply.accepted().is_none() {
        context.note(
            Finding::new("HTTP 2xx with code 200 and data.task_id", reply.summary())
                .or("a vendor you do not offer left out of the run with --vendor")
                .seen_in(&reply.exchange),
        );
    }
    Ok(())
}

async fn answer_shape(context: &GatewayContext) -> Result<(), Stop> {
    let reply = context.submit(&context.job()).await?;
    note_schema(context, &reply, Schema::SubmitResponse);
    Ok(())
}

async fn starts_not_started(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.accept(&context.job()).await?;
    let any = context.knob(Knob::FirstStatus) == Choice::Any;
    match job.reply.word() {
        Some("not_started") => {}
        // Which words there are is GW-SUB-002's business.
        Some(_) if any => {}
        word => context.note(
            Finding::new("data.status is \"not_started\"", format!("it is {}", Value::from(word)))
                .at("/data/status")
                .seen_in(&job.reply.exchange),
        ),
    }
    Ok(())
}

async fn task_ids_unique(context: &GatewayContext) -> Result<(), Stop> {
    let first = context.job();
    let mut ids = BTreeSet::new();
    for take in ["one", "two", "three"] {
        // Same token, so that only the end of the prompt tells the jobs apart.
        let prompt = format!("{} take {take}", first.body["input"]["prompt"].as_str().unwrap_or_default());
        let job = context.accept(&first.clone().input("prompt", prompt)).await?;
        if !ids.insert(job.task_id.clone()) {
            context.note(
                Finding::new("a task id of its own for each job", format!("{} was given twice", job.task_id))
                    .at("/data/task_id")
                    .seen_in(&job.reply.exchange),
            );
        }
    }
    Ok(())
}

async fn same_keys_with_callback(context: &GatewayContext) -> Result<(), Stop> {
    let without = context.accept(&context.job()).await?;
    let job = context.job();
    let url = GatewayContext::hook(&job.token);
    let with = context.accept(&job.callback(url)).await?;
    let (plain, called) = (keys(without.reply.body.as_ref()), keys(with.reply.body.as_ref()));
    if plain != called {
        context.note(
            Finding::new(
                format!("the keys of the no-callback answer: {}", listed(&plain)),
                format!("with callback_url: {}", listed(&called)),
            )
            .seen_in(&with.reply.exchange),
        );
    }
    Ok(())
}

async fn named_keys_refused(context: &GatewayContext) -> Result<(), Stop> {
    let named = [
        ("quality", json!("high")),
        ("resolution", json!("1080p")),
        ("n", json!(1)),
        ("mask_url", json!("https://img.example.com/mask.png")),
        ("aspectRatio", json!("16:9")),
        ("negativePrompt", json!("rain")),
    ];
    let wrong: Vec<(String, SubmitRequest)> = named
        .iter()
        .map(|(key, value)| (format!("input.{key}"), context.job().input(key, value.clone())))
        .collect();
    let wrong: Vec<(&str, SubmitRequest)> =
        wrong.iter().map(|(what, job)| (what.as_str(), job.clone())).collect();
    refused_beside_control(context, &wrong, &context.job()).await
}

async fn any_other_key_refused(context: &GatewayContext) -> Result<(), Stop> {
    context.accept(&context.job()).await?;
    let worst = search::search(context, inputs::unknown_keys(), async |key: String| {
        let reply = context.submit(&context.job().input(&key, "x")).await?;
        Ok((!is_refusal(context, reply.status)).then_some(reply))
    })
    .await?;
    if let Some(minimal) = worst {
        context.note(
            Finding::new(refusal(context), format!("input.{}: {}", minimal.input, minimal.fault.summary()))
                .at(format!("/input/{}", minimal.input))
                .seen_in(&minimal.fault.exchange),
        );
    }
    Ok(())
}

async fn prompt_required(context: &GatewayContext) -> Result<(), Stop> {
    let wrong = [
        ("no prompt", context.job().without_input("prompt")),
        ("an empty prompt", context.job().input("prompt", "")),
        ("a prompt of blanks", context.job().input("prompt", "  \t\n")),
        ("a number as prompt", context.job().input("prompt", 7)),
    ];
    refused_beside_control(context, &wrong, &context.job()).await
}

async fn input_required(context: &GatewayContext) -> Result<(), Stop> {
    let mut without = context.job();
    if let Some(root) = without.body.as_object_mut() {
        root.shift_remove("input");
    }
    let wrong = [
        ("no input", without),
        ("a string as input", context.job().root("input", "a paper boat")),
        ("a list as input", context.job().root("input", json!([]))),
    ];
    refused_beside_control(context, &wrong, &context.job()).await
}

async fn model_required(context: &GatewayContext) -> Result<(), Stop> {
    let mut without = context.job();
    if let Some(root) = without.body.as_object_mut() {
        root.shift_remove("model");
    }
    refused_beside_control(context, &[("no model", without)], &context.job()).await
}

async fn unknown_model_refused(context: &GatewayContext) -> Result<(), Stop> {
    context.accept(&context.job()).await?;
    let reply = context.submit(&context.job().root("model", "no-such-model-9f3")).await?;
    if !(400..500).contains(&reply.status) {
        context
            .note(Finding::new("an HTTP 4xx status", reply.summary()).at("/model").seen_in(&reply.exchange));
    }
    Ok(())
}

async fn types_checked(context: &GatewayContext) -> Result<(), Stop> {
    context.accept(&context.job()).await?;
    let wrong = [
        ("size", json!(1280)),
        ("image", json!({"url": "https://img.example.com/a.png"})),
        ("images", json!("https://img.example.com/a.png")),
        ("images", json!([1])),
        ("duration", json!("5")),
        ("seconds", json!(5)),
        ("metadata", json!([])),
        ("metadata", json!("x")),
    ];
    for (field, value) in wrong {
        let what = format!("input.{field} = {value}");
        let reply = context.submit(&context.job().input(field, value)).await?;
        if context.knob(Knob::FieldTypes) == Choice::Reject {
            note_unless_refused(context, &reply, &what);
        } else if reply.status >= 500 {
            context
                .note(Finding::new(format!("no 5xx for {what}"), reply.summary()).seen_in(&reply.exchange));
        }
    }
    Ok(())
}

async fn allow_list_accepted(context: &GatewayContext) -> Result<(), Stop> {
    let seconds = context.dialect().sample.duration;
    let (option, value) = context.dialect().sample.option;
    let image = "https://img.example.com/boat.png";
    let jobs = [
        ("size", context.job().input("size", "1280x720")),
        ("duration", context.job().input("duration", seconds)),
        ("seconds", context.job().input("seconds", seconds.to_string())),
        ("image", context.job().input("image", image)),
        ("images", context.job().input("images", json!([image]))),
        ("metadata", context.job().metadata(option, value.value())),
    ];
    for (field, job) in jobs {
        let reply = context.submit(&job).await?;
        if reply.accepted().is_none() {
            context.note(
                Finding::new(format!("a job with input.{field} is accepted"), reply.summary())
                    .at(format!("/input/{field}"))
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn metadata_open(context: &GatewayContext) -> Result<(), Stop> {
    context.works().await?;
    let job = context.job().metadata("client_reference", "order-4711");
    let reply = context.submit(&job).await?;
    if reply.accepted().is_none() {
        if !context.creates(&job.token).is_empty() {
            return Err(Stop::NotApplicable(format!(
                "the gateway passes the key on, and {} refuses it: {}",
                context.vendor.title(),
                reply.summary()
            )));
        }
        context.note(
            Finding::new("a job with metadata.client_reference is accepted", reply.summary())
                .at("/input/metadata/client_reference")
                .seen_in(&reply.exchange),
        );
    }
    Ok(())
}

/// The keys of an object and of `data` in it.
fn keys(body: Option<&Value>) -> BTreeSet<String> {
    let of = |value: Option<&Value>, prefix: &str| {
        value
            .and_then(Value::as_object)
            .map(|object| object.keys().map(|key| format!("{prefix}{key}")).collect::<Vec<_>>())
            .unwrap_or_default()
    };
    let mut keys: BTreeSet<String> = of(body, "").into_iter().collect();
    keys.extend(of(body.and_then(|body| body.get("data")), "data."));
    keys
}

fn listed(keys: &BTreeSet<String>) -> String {
    keys.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
