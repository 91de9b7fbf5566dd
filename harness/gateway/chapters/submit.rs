//! Submit: what is accepted, what is refused, and the shape of the answer.

use std::collections::BTreeSet;

use ringback_reference::gateway::defect::Defect;
use serde_json::{Value, json};

use super::{check, is_refusal, note_schema, note_unless_refused, refusal, refused_beside_control};
use crate::gateway::context::Bench;
use crate::gateway::inputs;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::Job;
use crate::gateway::{Gateway, Need};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::search;
use crate::run::source::Source;
use crate::schema::Schema;

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-SUB-001",
        slug: "minimal-accepted",
        level: Level::Must,
        sentence: "A submit with a known model and a prompt is accepted: HTTP 2xx, code 200 and a task id.",
        source: Source::SUBMIT,
        why: "Everything else rests on jobs being accepted.",
        remedy: "Accept {\"model\", \"input\": {\"prompt\"}} for every model you offer; leave a vendor you do not offer out with --vendor.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[],
        jobs: 1,
        generated: false,
        defects: &[Defect::RefusesVidu],
        check: check!(minimal_accepted),
    },
    Requirement {
        id: "GW-SUB-002",
        slug: "answer-shape",
        level: Level::Must,
        sentence: "The answer to an accepted submit is {code: 200, data: {task_id, status, created_time}}.",
        source: Source::CALLBACKS.shown(),
        why: "Clients read data.task_id to poll; any other shape loses a job that was paid for.",
        remedy: "Answer with the documented envelope, whatever the vendor answered.",
        scope: Scope::Once,
        knobs: &[Knob::StatusWords],
        needs: &[Need::Accepts],
        jobs: 1,
        generated: false,
        defects: &[Defect::CreatedTimeMissing],
        check: check!(answer_shape),
    },
    Requirement {
        id: "GW-SUB-003",
        slug: "starts-not-started",
        level: Level::Should,
        sentence: "A fresh job is reported as not_started.",
        source: Source::CALLBACKS.shown(),
        why: "Every documented answer shows it; clients start their progress display from it.",
        remedy: "Report not_started in the submit answer.",
        scope: Scope::Once,
        knobs: &[Knob::FirstStatus, Knob::StatusWords],
        needs: &[Need::Accepts],
        jobs: 1,
        generated: false,
        defects: &[Defect::StartsRunning],
        check: check!(starts_not_started),
    },
    Requirement {
        id: "GW-SUB-004",
        slug: "task-ids-unique",
        level: Level::Must,
        sentence: "Different jobs have different task ids.",
        source: Source::STATUS.inferred(),
        why: "With a shared id one of the two jobs can never be polled.",
        remedy: "Make the id random or take it from a sequence, not from the request.",
        scope: Scope::Once,
        knobs: &[],
        needs: &[Need::Accepts],
        jobs: 3,
        generated: false,
        defects: &[Defect::RepeatsTaskId],
        check: check!(task_ids_unique),
    },
    Requirement {
        id: "GW-SUB-005",
        slug: "same-keys-with-callback",
        level: Level::Must,
        sentence: "The submit answer has the same keys with and without a callback_url.",
        source: Source::CALLBACKS,
        why: "The page promises that the answer is identical to the no-callback case.",
        remedy: "Build the submit answer without looking at callback_url.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Accepts],
        jobs: 2,
        generated: false,
        defects: &[Defect::EchoesCallback],
        check: check!(same_keys_with_callback),
    },
    Requirement {
        id: "GW-SUB-006",
        slug: "named-keys-refused",
        level: Level::Must,
        sentence: "A key the documentation names as belonging to metadata is refused with 400 at the top of input.",
        source: Source::SUBMIT,
        why: "A silently ignored resolution or negativePrompt produces, and bills, the wrong video.",
        remedy: "Close input: allow prompt, size, image, images, duration, seconds and metadata, refuse the rest.",
        scope: Scope::Once,
        knobs: &[Knob::RefusalStatus],
        needs: &[Need::Accepts],
        jobs: 7,
        generated: false,
        defects: &[Defect::InputOpen, Defect::ErrorsIn200],
        check: check!(named_keys_refused),
    },
    Requirement {
        id: "GW-SUB-007",
        slug: "any-other-key-refused",
        level: Level::Must,
        sentence: "Any key outside the allow-list is refused with 400 at the top of input.",
        source: Source::SUBMIT,
        why: "The rule is an allow-list; a list of forbidden keys misses tomorrow's typo.",
        remedy: "Check keys against the allow-list, not against a list of known mistakes.",
        scope: Scope::Once,
        knobs: &[Knob::RefusalStatus],
        needs: &[Need::Accepts],
        jobs: 25,
        generated: true,
        defects: &[Defect::InputOpen, Defect::InputDenylist, Defect::ErrorsIn200],
        check: check!(any_other_key_refused),
    },
    Requirement {
        id: "GW-SUB-008",
        slug: "prompt-required",
        level: Level::Must,
        sentence: "A missing, blank or non-string prompt is refused with 400.",
        source: Source::REFERENCE,
        why: "prompt is marked required and not empty; a filled-in one is somebody else's video.",
        remedy: "Refuse unless input.prompt is a string with something other than white space in it.",
        scope: Scope::Once,
        knobs: &[Knob::RefusalStatus],
        needs: &[Need::Accepts],
        jobs: 5,
        generated: false,
        defects: &[
            Defect::PromptOptional,
            Defect::BlankPromptAccepted,
            Defect::PromptCoerced,
            Defect::ErrorsIn200,
        ],
        check: check!(prompt_required),
    },
    Requirement {
        id: "GW-SUB-009",
        slug: "input-required",
        level: Level::Must,
        sentence: "A submit whose input is missing or no object is refused with 400.",
        source: Source::REFERENCE,
        why: "input is a required object in every published reference.",
        remedy: "Refuse the request before anything is filled in.",
        scope: Scope::Once,
        knobs: &[Knob::RefusalStatus],
        needs: &[Need::Accepts],
        jobs: 4,
        generated: false,
        defects: &[Defect::InputOptional, Defect::ErrorsIn200],
        check: check!(input_required),
    },
    Requirement {
        id: "GW-SUB-010",
        slug: "model-required",
        level: Level::Must,
        sentence: "A submit without a model is refused with 400.",
        source: Source::REFERENCE,
        why: "A default model decides about somebody else's money.",
        remedy: "Refuse the request; do not choose a model for the client.",
        scope: Scope::Once,
        knobs: &[Knob::RefusalStatus],
        needs: &[Need::Accepts],
        jobs: 2,
        generated: false,
        defects: &[Defect::ModelOptional, Defect::ErrorsIn200],
        check: check!(model_required),
    },
    Requirement {
        id: "GW-SUB-011",
        slug: "unknown-model-refused",
        level: Level::Must,
        sentence: "A submit for a model that does not exist is refused with a 4xx status.",
        source: Source::REFERENCE.inferred(),
        why: "Running another model bills a job nobody ordered; a 5xx invites retries of a request that can never work.",
        remedy: "Answer 400 (or 404) with the error envelope when no route exists for the model.",
        scope: Scope::Once,
        knobs: &[],
        needs: &[Need::Accepts],
        jobs: 2,
        generated: false,
        defects: &[Defect::UnknownModelAccepted, Defect::ErrorsIn200],
        check: check!(unknown_model_refused),
    },
    Requirement {
        id: "GW-SUB-012",
        slug: "types-checked",
        level: Level::Should,
        sentence: "An allow-listed field of the wrong type is refused with 400.",
        source: Source::SUBMIT.inferred(),
        why: "A duration that is silently ignored produces a video of another length.",
        remedy: "Check each field against its documented type: size, image and seconds are strings, images a list of strings, duration an integer, metadata an object.",
        scope: Scope::Once,
        knobs: &[Knob::FieldTypes, Knob::RefusalStatus],
        needs: &[Need::Accepts],
        jobs: 9,
        generated: false,
        defects: &[Defect::TypesUnchecked, Defect::ErrorsIn200],
        check: check!(types_checked),
    },
    Requirement {
        id: "GW-SUB-013",
        slug: "allow-list-accepted",
        level: Level::Must,
        sentence: "Every allow-listed field is accepted at the top of input.",
        source: Source::SUBMIT,
        why: "The allow-list is also a promise.",
        remedy: "Accept prompt, size, image, images, duration, seconds and metadata for every model, and map or ignore what a model does not take.",
        scope: Scope::Once,
        knobs: &[],
        needs: &[Need::Accepts],
        jobs: 6,
        generated: false,
        defects: &[Defect::SecondsRefused],
        check: check!(allow_list_accepted),
    },
    Requirement {
        id: "GW-SUB-014",
        slug: "metadata-open",
        level: Level::Must,
        sentence: "A key in metadata that the gateway does not know does not get the job refused.",
        source: Source::REFERENCE,
        why: "The reference shows metadata as open; clients send every vendor's options along.",
        remedy: "Pass unknown keys on or drop them, but accept the job.",
        scope: Scope::Once,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts],
        jobs: 1,
        generated: false,
        defects: &[Defect::MetadataClosed],
        check: check!(metadata_open),
    },
];

async fn minimal_accepted(bench: &Bench) -> Result<(), Stop> {
    let reply = bench.submit(&bench.job()).await?;
    if reply.accepted().is_none() {
        bench.note(
            Finding::new("HTTP 2xx with code 200 and data.task_id", reply.gist())
                .or("a vendor you do not offer left out of the run with --vendor")
                .seen_in(&reply.exchange),
        );
    }
    Ok(())
}

async fn answer_shape(bench: &Bench) -> Result<(), Stop> {
    let reply = bench.submit(&bench.job()).await?;
    note_schema(bench, &reply, Schema::SubmitResponse);
    Ok(())
}

async fn starts_not_started(bench: &Bench) -> Result<(), Stop> {
    let job = bench.accept(&bench.job()).await?;
    let any = bench.knob(Knob::FirstStatus) == Choice::Any;
    match job.reply.word() {
        Some("not_started") => {}
        // Which words there are is GW-SUB-002's business.
        Some(_) if any => {}
        word => bench.note(
            Finding::new("data.status is \"not_started\"", format!("it is {}", Value::from(word)))
                .at("/data/status")
                .seen_in(&job.reply.exchange),
        ),
    }
    Ok(())
}

async fn task_ids_unique(bench: &Bench) -> Result<(), Stop> {
    let first = bench.job();
    let mut ids = BTreeSet::new();
    for take in ["one", "two", "three"] {
        // Same token, so that only the end of the prompt tells the jobs apart.
        let prompt = format!("{} take {take}", first.body["input"]["prompt"].as_str().unwrap_or_default());
        let job = bench.accept(&first.clone().input("prompt", prompt)).await?;
        if !ids.insert(job.task_id.clone()) {
            bench.note(
                Finding::new("a task id of its own for each job", format!("{} was given twice", job.task_id))
                    .at("/data/task_id")
                    .seen_in(&job.reply.exchange),
            );
        }
    }
    Ok(())
}

async fn same_keys_with_callback(bench: &Bench) -> Result<(), Stop> {
    let without = bench.accept(&bench.job()).await?;
    let job = bench.job();
    let url = Bench::hook(&job.token);
    let with = bench.accept(&job.callback(url)).await?;
    let (plain, called) = (keys(without.reply.body.as_ref()), keys(with.reply.body.as_ref()));
    if plain != called {
        bench.note(
            Finding::new(
                format!("the keys of the no-callback answer: {}", listed(&plain)),
                format!("with callback_url: {}", listed(&called)),
            )
            .seen_in(&with.reply.exchange),
        );
    }
    Ok(())
}

async fn named_keys_refused(bench: &Bench) -> Result<(), Stop> {
    let named = [
        ("quality", json!("high")),
        ("resolution", json!("1080p")),
        ("n", json!(1)),
        ("mask_url", json!("https://img.example.com/mask.png")),
        ("aspectRatio", json!("16:9")),
        ("negativePrompt", json!("rain")),
    ];
    let wrong: Vec<(String, Job)> = named
        .iter()
        .map(|(key, value)| (format!("input.{key}"), bench.job().input(key, value.clone())))
        .collect();
    let wrong: Vec<(&str, Job)> = wrong.iter().map(|(what, job)| (what.as_str(), job.clone())).collect();
    refused_beside_control(bench, &wrong, &bench.job()).await
}

async fn any_other_key_refused(bench: &Bench) -> Result<(), Stop> {
    bench.accept(&bench.job()).await?;
    let worst = search::search(bench, inputs::unknown_keys(), async |key: String| {
        let reply = bench.submit(&bench.job().input(&key, "x")).await?;
        Ok((!is_refusal(bench, reply.status)).then_some(reply))
    })
    .await?;
    if let Some(minimal) = worst {
        bench.note(
            Finding::new(refusal(bench), format!("input.{}: {}", minimal.input, minimal.fault.gist()))
                .at(format!("/input/{}", minimal.input))
                .seen_in(&minimal.fault.exchange),
        );
    }
    Ok(())
}

async fn prompt_required(bench: &Bench) -> Result<(), Stop> {
    let wrong = [
        ("no prompt", bench.job().without_input("prompt")),
        ("an empty prompt", bench.job().input("prompt", "")),
        ("a prompt of blanks", bench.job().input("prompt", "  \t\n")),
        ("a number as prompt", bench.job().input("prompt", 7)),
    ];
    refused_beside_control(bench, &wrong, &bench.job()).await
}

async fn input_required(bench: &Bench) -> Result<(), Stop> {
    let mut without = bench.job();
    if let Some(root) = without.body.as_object_mut() {
        root.shift_remove("input");
    }
    let wrong = [
        ("no input", without),
        ("a string as input", bench.job().root("input", "a paper boat")),
        ("a list as input", bench.job().root("input", json!([]))),
    ];
    refused_beside_control(bench, &wrong, &bench.job()).await
}

async fn model_required(bench: &Bench) -> Result<(), Stop> {
    let mut without = bench.job();
    if let Some(root) = without.body.as_object_mut() {
        root.shift_remove("model");
    }
    refused_beside_control(bench, &[("no model", without)], &bench.job()).await
}

async fn unknown_model_refused(bench: &Bench) -> Result<(), Stop> {
    bench.accept(&bench.job()).await?;
    let reply = bench.submit(&bench.job().root("model", "no-such-model-9f3")).await?;
    if !(400..500).contains(&reply.status) {
        bench.note(Finding::new("an HTTP 4xx status", reply.gist()).at("/model").seen_in(&reply.exchange));
    }
    Ok(())
}

async fn types_checked(bench: &Bench) -> Result<(), Stop> {
    bench.accept(&bench.job()).await?;
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
        let reply = bench.submit(&bench.job().input(field, value)).await?;
        if bench.knob(Knob::FieldTypes) == Choice::Reject {
            note_unless_refused(bench, &reply, &what);
        } else if reply.status >= 500 {
            bench.note(Finding::new(format!("no 5xx for {what}"), reply.gist()).seen_in(&reply.exchange));
        }
    }
    Ok(())
}

async fn allow_list_accepted(bench: &Bench) -> Result<(), Stop> {
    let seconds = bench.dialect().sample.duration;
    let (option, value) = bench.dialect().sample.option;
    let image = "https://img.example.com/boat.png";
    let jobs = [
        ("size", bench.job().input("size", "1280x720")),
        ("duration", bench.job().input("duration", seconds)),
        ("seconds", bench.job().input("seconds", seconds.to_string())),
        ("image", bench.job().input("image", image)),
        ("images", bench.job().input("images", json!([image]))),
        ("metadata", bench.job().metadata(option, value.value())),
    ];
    for (field, job) in jobs {
        let reply = bench.submit(&job).await?;
        if reply.accepted().is_none() {
            bench.note(
                Finding::new(format!("a job with input.{field} is accepted"), reply.gist())
                    .at(format!("/input/{field}"))
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn metadata_open(bench: &Bench) -> Result<(), Stop> {
    bench.works().await?;
    let job = bench.job().metadata("client_reference", "order-4711");
    let reply = bench.submit(&job).await?;
    if reply.accepted().is_none() {
        if !bench.creates(&job.token).is_empty() {
            return Err(Stop::NotApplicable(format!(
                "the gateway passes the key on, and {} refuses it: {}",
                bench.vendor.title(),
                reply.gist()
            )));
        }
        bench.note(
            Finding::new("a job with metadata.client_reference is accepted", reply.gist())
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
