//! The placement rule: `callback_url` lives under `input.metadata` and nowhere else.

use ringback_reference::gateway::mutants;
use serde_json::{Value, json};

use super::{check, is_refusal, note_unless_refused, refusal, refused_beside_control, wrong_callback};
use crate::gateway::context::GatewayContext;
use crate::gateway::inputs::{self, MisplacedCallback};
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::SubmitRequest;
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::search;
use crate::run::source::Source;

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS,
    scope: Scope::EachVendor,
    knobs: &[Knob::RefusalStatus],
    preconditions: &[GatewayPrecondition::Accepts],
    jobs: 2,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-CB-002",
        slug: "top-of-input-refused",
        sentence: "A callback_url at the top of input is refused with 400.",
        why: "The page forbids it; accepted and ignored, the customer waits for a callback that never comes.",
        remedy: "Close the top of input: callback_url is not in the allow-list. 422 is not 400.",
        terms: TERMS,
        mutants: &[
            mutants::INPUT_CALLBACK_IGNORED,
            mutants::INPUT_CALLBACK_FORWARDED,
            mutants::PLACEMENT_IS_422,
            mutants::PLACEMENT_UNCHECKED_FOR_VIDU,
            mutants::ERRORS_IN_200,
        ],
        check: check!(top_of_input_refused),
    },
    Requirement {
        id: "GW-CB-003",
        slug: "no-create-after-refusal",
        sentence: "No vendor receives a create for a submit refused because of its callback_url.",
        why: "A job that runs although it was refused is billed and nobody knows its id.",
        remedy: "Validate the whole request before the first call to a vendor.",
        terms: Terms {
            source: Source::CALLBACKS.inferred(),
            knobs: &[],
            preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts],
            ..TERMS
        },
        mutants: &[mutants::CREATES_BEFORE_PLACEMENT],
        check: check!(no_create_after_refusal),
    },
    Requirement {
        id: "GW-CB-004",
        slug: "root-of-body",
        sentence: "A callback_url beside model is refused (or as the knob root_callback says).",
        why: "A sibling API wants it exactly there; silently ignored, the job runs and no callback ever comes.",
        remedy: "Answer 400 and say where it belongs; if you do something else on purpose, set root_callback in ringback.toml.",
        terms: Terms {
            level: Level::Should,
            source: Source::CALLBACKS.inferred(),
            scope: Scope::Once,
            knobs: &[Knob::RootCallback, Knob::RefusalStatus],
            preconditions: &[
                GatewayPrecondition::Witness,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Forwards,
            ],
            ..TERMS
        },
        mutants: &[mutants::ROOT_CALLBACK_IGNORED, mutants::ROOT_CALLBACK_FORWARDED, mutants::ERRORS_IN_200],
        check: check!(root_of_body),
    },
    Requirement {
        id: "GW-CB-005",
        slug: "nested-not-taken",
        sentence: "A callback_url deeper inside metadata is not taken for the callback.",
        why: "Metadata is open: a nested key belongs to someone else's options.",
        remedy: "Read exactly input.metadata.callback_url.",
        terms: Terms {
            knobs: &[],
            preconditions: &[
                GatewayPrecondition::Witness,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Forwards,
            ],
            ..TERMS
        },
        mutants: &[mutants::FINDS_NESTED_CALLBACK],
        check: check!(nested_not_taken),
    },
    Requirement {
        id: "GW-CB-006",
        slug: "two-places-refused",
        sentence: "A callback_url at the top of input is refused with 400 even when metadata has one too.",
        why: "The copy in input alone demands the refusal; guessing which one counts loses the other.",
        remedy: "Check the top of input first, whatever metadata holds.",
        terms: TERMS,
        mutants: &[
            mutants::TWO_PLACES_ACCEPTED,
            mutants::INPUT_CALLBACK_IGNORED,
            mutants::INPUT_CALLBACK_FORWARDED,
            mutants::PLACEMENT_IS_422,
            mutants::PLACEMENT_UNCHECKED_FOR_VIDU,
            mutants::ERRORS_IN_200,
        ],
        check: check!(two_places_refused),
    },
    Requirement {
        id: "GW-CB-007",
        slug: "metadata-wins-over-root",
        sentence: "With a callback_url beside model and one in metadata, an accepted job uses metadata's.",
        why: "callback_url always lives under input.metadata; the other is not a callback.",
        remedy: "Never read callback_url from the root while metadata has one.",
        terms: Terms {
            knobs: &[],
            preconditions: &[
                GatewayPrecondition::Witness,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Forwards,
            ],
            ..TERMS
        },
        mutants: &[mutants::ROOT_CALLBACK_WINS, mutants::ROOT_CALLBACK_FORWARDED],
        check: check!(metadata_wins_over_root),
    },
    Requirement {
        id: "GW-CB-010",
        slug: "case-variants-in-input",
        sentence: "callbackUrl and other spellings at the top of input are refused with 400.",
        why: "Sibling APIs spell it so; accepted and ignored, the callback never comes.",
        remedy: "They are outside the allow-list like any other key.",
        terms: Terms { source: Source::SUBMIT, scope: Scope::Once, jobs: 6, ..TERMS },
        mutants: &[
            mutants::INPUT_CASE_VARIANTS_ACCEPTED,
            mutants::INPUT_OPEN,
            mutants::INPUT_DENYLIST,
            mutants::ERRORS_IN_200,
        ],
        check: check!(case_variants_in_input),
    },
    Requirement {
        id: "GW-CB-011",
        slug: "case-variants-in-metadata",
        sentence: "Other spellings of callback_url in metadata are not taken for it.",
        why: "A decoder that ignores case makes two keys fight over one field.",
        remedy: "Compare the key exactly.",
        terms: Terms {
            level: Level::Should,
            source: Source::CALLBACKS.inferred(),
            knobs: &[],
            preconditions: &[
                GatewayPrecondition::Witness,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Forwards,
            ],
            jobs: 5,
            ..TERMS
        },
        mutants: &[mutants::METADATA_CASE_INSENSITIVE],
        check: check!(case_variants_in_metadata),
    },
    Requirement {
        id: "GW-CB-013",
        slug: "generated-placements-refused",
        sentence: "A callback_url at the top of input is refused with 400, whatever stands beside it.",
        why: "A rule that holds for the documented example only is not a rule.",
        remedy: "Check placement in one place that every request passes.",
        terms: Terms { jobs: 25, generated: true, ..TERMS },
        mutants: &[
            mutants::PLACEMENT_UNCHECKED_WITH_IMAGES,
            mutants::INPUT_CALLBACK_IGNORED,
            mutants::INPUT_CALLBACK_FORWARDED,
            mutants::PLACEMENT_IS_422,
            mutants::TWO_PLACES_ACCEPTED,
            mutants::PLACEMENT_UNCHECKED_FOR_VIDU,
            mutants::ERRORS_IN_200,
        ],
        check: check!(generated_placements_refused),
    },
    Requirement {
        id: "GW-CB-015",
        slug: "any-value-in-input",
        sentence: "A callback_url at the top of input is refused with 400 when it is empty or no string, too.",
        why: "The key is outside the allow-list, whatever it holds; a rule about values lets the next one through.",
        remedy: "Refuse by the key, before its value is looked at.",
        terms: Terms { source: Source::SUBMIT, jobs: 5, ..TERMS },
        mutants: &[
            mutants::EMPTY_INPUT_CALLBACK_ACCEPTED,
            mutants::PLACEMENT_UNCHECKED_FOR_VIDU,
            mutants::INPUT_CALLBACK_IGNORED,
            mutants::INPUT_CALLBACK_FORWARDED,
            mutants::PLACEMENT_IS_422,
            mutants::ERRORS_IN_200,
        ],
        check: check!(any_value_in_input),
    },
];

/// Spellings other than `callback_url` that clients of sibling APIs use.
const SPELLINGS: &[&str] = &["callbackUrl", "callBackUrl", "Callback_Url", "CALLBACK_URL", "callbackurl"];

fn control(context: &GatewayContext) -> SubmitRequest {
    let job = context.job();
    let url = GatewayContext::hook(&job.token);
    job.callback(url)
}

fn at_top_of_input(context: &GatewayContext) -> SubmitRequest {
    let job = context.job();
    let url = GatewayContext::hook(&job.token);
    job.input("callback_url", url)
}

async fn top_of_input_refused(context: &GatewayContext) -> Result<(), Stop> {
    let wrong = at_top_of_input(context);
    refused_beside_control(context, &[("input.callback_url", wrong)], &control(context)).await
}

async fn no_create_after_refusal(context: &GatewayContext) -> Result<(), Stop> {
    let refused = at_top_of_input(context);
    let reply = context.submit(&refused).await?;
    if reply.accepted().is_some() {
        return Err(Stop::NotTestable(format!(
            "the job was not refused, see GW-CB-002: {}",
            reply.summary()
        )));
    }
    let control = context.job();
    context.accept(&control).await?;
    if let Err(create) = context.no_create(&refused, &control).await? {
        context.note(
            Finding::new(
                format!(
                    "no create call for the refused job, {:?} after a later job arrived",
                    context.quiet()
                ),
                format!("{} received one", create.vendor.title()),
            )
            .seen_in(&create.exchange),
        );
    }
    Ok(())
}

async fn root_of_body(context: &GatewayContext) -> Result<(), Stop> {
    context.accept(&control(context)).await?;
    let job = context.job();
    let url = GatewayContext::hook(&job.token);
    let job = job.root("callback_url", url.as_str());
    let reply = context.submit(&job).await?;
    let expected = context.knob(Knob::RootCallback);
    if reply.accepted().is_none() {
        if expected == Choice::Reject {
            note_unless_refused(context, &reply, "callback_url beside model");
        } else {
            context.note(
                Finding::new("the job is accepted, as the knob root_callback says", reply.summary())
                    .at("/callback_url")
                    .seen_in(&reply.exchange),
            );
        }
        return Ok(());
    }
    let create = context.create(&job).await?;
    let arrived = create.seen.callback_url.as_ref().and_then(Value::as_str) == Some(url.as_str());
    let (wanted, happened) = match (expected, arrived) {
        (Choice::Ignore, false) | (Choice::Accept, true) => return Ok(()),
        (Choice::Ignore, true) => ("the URL is not forwarded", "it was forwarded"),
        (Choice::Accept, false) => ("the URL is forwarded", "it was ignored"),
        (_, true) => (refusal(context), "the job was accepted and the URL forwarded"),
        (_, false) => (refusal(context), "the job was accepted and the URL ignored: no callback will come"),
    };
    context.note(Finding::new(wanted, happened).at("/callback_url").seen_in(&reply.exchange));
    Ok(())
}

async fn note_if_taken(
    context: &GatewayContext,
    job: &SubmitRequest,
    url: &str,
    place: &str,
) -> Result<(), Stop> {
    let reply = context.submit(job).await?;
    if reply.accepted().is_none() {
        return Ok(());
    }
    let create = context.create(job).await?;
    if create.seen.callback_url.as_ref().and_then(Value::as_str) == Some(url) {
        let finding = wrong_callback(&create, None);
        context.note(Finding {
            actual: format!("the value of {place} was forwarded: {}", finding.actual),
            ..finding
        });
    }
    Ok(())
}

async fn nested_not_taken(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = GatewayContext::hook(&job.token);
    let options = json!({"callback_url": url, "deeper": {"callback_url": url}});
    let job = job.metadata("options", options);
    note_if_taken(context, &job, &url, "input.metadata.options.callback_url").await
}

async fn two_places_refused(context: &GatewayContext) -> Result<(), Stop> {
    let job = at_top_of_input(context);
    let url = GatewayContext::hook(&job.token);
    let wrong = job.callback(url);
    refused_beside_control(context, &[("callback_url in input and in metadata", wrong)], &control(context))
        .await
}

async fn metadata_wins_over_root(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let (right, wrong) =
        (GatewayContext::hook(&job.token), format!("{}?from=root", GatewayContext::hook(&job.token)));
    let job = job.callback(right.as_str()).root("callback_url", wrong);
    let reply = context.submit(&job).await?;
    if reply.accepted().is_none() {
        // Refusing two places is right too, and GW-CB-004's business.
        return Ok(());
    }
    let create = context.create(&job).await?;
    if create.seen.callback_url.as_ref().and_then(Value::as_str) != Some(right.as_str()) {
        context.note(wrong_callback(&create, Some(&right)));
    }
    Ok(())
}

async fn case_variants_in_input(context: &GatewayContext) -> Result<(), Stop> {
    context.accept(&context.job()).await?;
    for spelling in SPELLINGS {
        let job = context.job();
        let url = GatewayContext::hook(&job.token);
        let reply = context.submit(&job.input(spelling, url)).await?;
        note_unless_refused(context, &reply, &format!("input.{spelling}"));
    }
    Ok(())
}

async fn case_variants_in_metadata(context: &GatewayContext) -> Result<(), Stop> {
    for spelling in SPELLINGS {
        let job = context.job();
        let url = GatewayContext::hook(&job.token);
        let job = job.metadata(spelling, url.as_str());
        note_if_taken(context, &job, &url, &format!("input.metadata.{spelling}")).await?;
    }
    Ok(())
}

async fn generated_placements_refused(context: &GatewayContext) -> Result<(), Stop> {
    context.accept(&control(context)).await?;
    let worst = search::search(context, inputs::misplaced(), async |shape: MisplacedCallback| {
        let reply = context.submit(&misplaced(context, &shape)).await?;
        Ok((!is_refusal(context, reply.status)).then_some(reply))
    })
    .await?;
    if let Some(minimal) = worst {
        context.note(
            Finding::new(
                refusal(context),
                format!("with {:?} beside it: {}", minimal.input.neighbours, minimal.fault.summary()),
            )
            .at("/input/callback_url")
            .seen_in(&minimal.fault.exchange),
        );
    }
    Ok(())
}

fn misplaced(context: &GatewayContext, shape: &MisplacedCallback) -> SubmitRequest {
    let job = context.job();
    let url = GatewayContext::hook(&job.token);
    let seconds = context.dialect().sample.duration;
    let image = "https://img.example.com/boat.png";
    let mut job = job.input("callback_url", shape.value.unwrap_or(&url));
    for neighbour in &shape.neighbours {
        let value = match *neighbour {
            "duration" => json!(seconds),
            "seconds" => json!(seconds.to_string()),
            "images" => json!([image]),
            "image" => json!(image),
            _ => json!("1280x720"),
        };
        job = job.input(neighbour, value);
    }
    if shape.in_metadata_too { job.callback(url) } else { job }
}

async fn any_value_in_input(context: &GatewayContext) -> Result<(), Stop> {
    // Not null: to some that is the same as no key.
    let wrong: Vec<(String, SubmitRequest)> = [json!(""), json!(7), json!([]), json!({})]
        .into_iter()
        .map(|value| (format!("input.callback_url = {value}"), context.job().input("callback_url", value)))
        .collect();
    let wrong: Vec<(&str, SubmitRequest)> =
        wrong.iter().map(|(what, job)| (what.as_str(), job.clone())).collect();
    refused_beside_control(context, &wrong, &control(context)).await
}
