//! The placement rule: `callback_url` lives under `input.metadata` and nowhere else.

use ringback_reference::gateway::defect::Defect;
use serde_json::{Value, json};

use super::{check, is_refusal, note_unless_refused, refusal, refused_beside_control, wrong_callback};
use crate::gateway::context::Bench;
use crate::gateway::inputs::{self, Misplaced};
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::submit::Job;
use crate::gateway::{Gateway, Need};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::search;
use crate::run::source::Source;

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-CB-002",
        slug: "top-of-input-refused",
        level: Level::Must,
        sentence: "A callback_url at the top of input is refused with 400.",
        source: Source::CALLBACKS,
        why: "The page forbids it; accepted and ignored, the customer waits for a callback that never comes.",
        remedy: "Close the top of input: callback_url is not in the allow-list. 422 is not 400.",
        scope: Scope::EachVendor,
        knobs: &[Knob::RefusalStatus],
        needs: &[Need::Accepts],
        jobs: 2,
        generated: false,
        defects: &[
            Defect::InputCallbackIgnored,
            Defect::InputCallbackForwarded,
            Defect::PlacementIs422,
            Defect::PlacementUncheckedForVidu,
            Defect::ErrorsIn200,
        ],
        check: check!(top_of_input_refused),
    },
    Requirement {
        id: "GW-CB-003",
        slug: "no-create-after-refusal",
        level: Level::Must,
        sentence: "No vendor receives a create for a submit refused because of its callback_url.",
        source: Source::CALLBACKS.inferred(),
        why: "A job that runs although it was refused is billed and nobody knows its id.",
        remedy: "Validate the whole request before the first call to a vendor.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts],
        jobs: 2,
        generated: false,
        defects: &[Defect::CreatesBeforePlacement],
        check: check!(no_create_after_refusal),
    },
    Requirement {
        id: "GW-CB-004",
        slug: "root-of-body",
        level: Level::Should,
        sentence: "A callback_url beside model is refused (or as the knob root_callback says).",
        source: Source::CALLBACKS.inferred(),
        why: "A sibling API wants it exactly there; silently ignored, the job runs and no callback ever comes.",
        remedy: "Answer 400 and say where it belongs; if you do something else on purpose, set root_callback in ringback.toml.",
        scope: Scope::Once,
        knobs: &[Knob::RootCallback, Knob::RefusalStatus],
        needs: &[Need::Witness, Need::Accepts, Need::Forwards],
        jobs: 2,
        generated: false,
        defects: &[Defect::RootCallbackIgnored, Defect::RootCallbackForwarded, Defect::ErrorsIn200],
        check: check!(root_of_body),
    },
    Requirement {
        id: "GW-CB-005",
        slug: "nested-not-taken",
        level: Level::Must,
        sentence: "A callback_url deeper inside metadata is not taken for the callback.",
        source: Source::CALLBACKS,
        why: "Metadata is open: a nested key belongs to somebody else's options.",
        remedy: "Read exactly input.metadata.callback_url.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts, Need::Forwards],
        jobs: 2,
        generated: false,
        defects: &[Defect::FindsNestedCallback],
        check: check!(nested_not_taken),
    },
    Requirement {
        id: "GW-CB-006",
        slug: "two-places-refused",
        level: Level::Must,
        sentence: "A callback_url at the top of input is refused with 400 even when metadata has one too.",
        source: Source::CALLBACKS,
        why: "The copy in input alone demands the refusal; guessing which one counts loses the other.",
        remedy: "Check the top of input first, whatever metadata holds.",
        scope: Scope::EachVendor,
        knobs: &[Knob::RefusalStatus],
        needs: &[Need::Accepts],
        jobs: 2,
        generated: false,
        defects: &[
            Defect::TwoPlacesAccepted,
            Defect::InputCallbackIgnored,
            Defect::InputCallbackForwarded,
            Defect::PlacementIs422,
            Defect::PlacementUncheckedForVidu,
            Defect::ErrorsIn200,
        ],
        check: check!(two_places_refused),
    },
    Requirement {
        id: "GW-CB-007",
        slug: "metadata-wins-over-root",
        level: Level::Must,
        sentence: "With a callback_url beside model and one in metadata, an accepted job uses metadata's.",
        source: Source::CALLBACKS,
        why: "callback_url always lives under input.metadata; the other is not a callback.",
        remedy: "Never read callback_url from the root while metadata has one.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts, Need::Forwards],
        jobs: 2,
        generated: false,
        defects: &[Defect::RootCallbackWins, Defect::RootCallbackForwarded],
        check: check!(metadata_wins_over_root),
    },
    Requirement {
        id: "GW-CB-010",
        slug: "case-variants-in-input",
        level: Level::Must,
        sentence: "callbackUrl and other spellings at the top of input are refused with 400.",
        source: Source::SUBMIT,
        why: "Sibling APIs spell it so; accepted and ignored, the callback never comes.",
        remedy: "They are outside the allow-list like any other key.",
        scope: Scope::Once,
        knobs: &[Knob::RefusalStatus],
        needs: &[Need::Accepts],
        jobs: 6,
        generated: false,
        defects: &[
            Defect::InputCaseVariantsAccepted,
            Defect::InputOpen,
            Defect::InputDenylist,
            Defect::ErrorsIn200,
        ],
        check: check!(case_variants_in_input),
    },
    Requirement {
        id: "GW-CB-011",
        slug: "case-variants-in-metadata",
        level: Level::Should,
        sentence: "Other spellings of callback_url in metadata are not taken for it.",
        source: Source::CALLBACKS.inferred(),
        why: "A decoder that ignores case makes two keys fight over one field.",
        remedy: "Compare the key exactly.",
        scope: Scope::EachVendor,
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts, Need::Forwards],
        jobs: 5,
        generated: false,
        defects: &[Defect::MetadataCaseInsensitive],
        check: check!(case_variants_in_metadata),
    },
    Requirement {
        id: "GW-CB-013",
        slug: "generated-placements-refused",
        level: Level::Must,
        sentence: "A callback_url at the top of input is refused with 400, whatever stands beside it.",
        source: Source::CALLBACKS,
        why: "A rule that holds for the documented example only is no rule.",
        remedy: "Check placement in one place that every request passes.",
        scope: Scope::EachVendor,
        knobs: &[Knob::RefusalStatus],
        needs: &[Need::Accepts],
        jobs: 25,
        generated: true,
        defects: &[
            Defect::PlacementUncheckedWithImages,
            Defect::InputCallbackIgnored,
            Defect::InputCallbackForwarded,
            Defect::PlacementIs422,
            Defect::TwoPlacesAccepted,
            Defect::PlacementUncheckedForVidu,
            Defect::ErrorsIn200,
        ],
        check: check!(generated_placements_refused),
    },
    Requirement {
        id: "GW-CB-015",
        slug: "any-value-in-input",
        level: Level::Must,
        sentence: "A callback_url at the top of input is refused with 400 when it is empty or no string, too.",
        source: Source::SUBMIT,
        why: "The key is outside the allow-list, whatever it holds; a rule about values lets the next one through.",
        remedy: "Refuse by the key, before its value is looked at.",
        scope: Scope::EachVendor,
        knobs: &[Knob::RefusalStatus],
        needs: &[Need::Accepts],
        jobs: 5,
        generated: false,
        defects: &[
            Defect::EmptyInputCallbackAccepted,
            Defect::PlacementUncheckedForVidu,
            Defect::InputCallbackIgnored,
            Defect::InputCallbackForwarded,
            Defect::PlacementIs422,
            Defect::ErrorsIn200,
        ],
        check: check!(any_value_in_input),
    },
];

/// Spellings other than `callback_url` that clients of sibling APIs use.
const SPELLINGS: &[&str] = &["callbackUrl", "callBackUrl", "Callback_Url", "CALLBACK_URL", "callbackurl"];

fn control(bench: &Bench) -> Job {
    let job = bench.job();
    let url = Bench::hook(&job.token);
    job.callback(url)
}

fn at_top_of_input(bench: &Bench) -> Job {
    let job = bench.job();
    let url = Bench::hook(&job.token);
    job.input("callback_url", url)
}

async fn top_of_input_refused(bench: &Bench) -> Result<(), Stop> {
    let wrong = at_top_of_input(bench);
    refused_beside_control(bench, &[("input.callback_url", wrong)], &control(bench)).await
}

async fn no_create_after_refusal(bench: &Bench) -> Result<(), Stop> {
    let refused = at_top_of_input(bench);
    let reply = bench.submit(&refused).await?;
    if reply.accepted().is_some() {
        return Err(Stop::NotTestable(format!("the job was not refused, see GW-CB-002: {}", reply.gist())));
    }
    let control = bench.job();
    bench.accept(&control).await?;
    if let Err(create) = bench.no_create(&refused, &control).await? {
        bench.note(
            Finding::new(
                format!("no create call for the refused job, {:?} after a later job arrived", bench.quiet()),
                format!("{} received one", create.vendor.title()),
            )
            .seen_in(&create.exchange),
        );
    }
    Ok(())
}

async fn root_of_body(bench: &Bench) -> Result<(), Stop> {
    bench.accept(&control(bench)).await?;
    let job = bench.job();
    let url = Bench::hook(&job.token);
    let job = job.root("callback_url", url.as_str());
    let reply = bench.submit(&job).await?;
    let expected = bench.knob(Knob::RootCallback);
    if reply.accepted().is_none() {
        if expected == Choice::Reject {
            note_unless_refused(bench, &reply, "callback_url beside model");
        } else {
            bench.note(
                Finding::new("the job is accepted, as the knob root_callback says", reply.gist())
                    .at("/callback_url")
                    .seen_in(&reply.exchange),
            );
        }
        return Ok(());
    }
    let create = bench.create(&job).await?;
    let arrived = create.seen.callback_url.as_ref().and_then(Value::as_str) == Some(url.as_str());
    let (wanted, happened) = match (expected, arrived) {
        (Choice::Ignore, false) | (Choice::Accept, true) => return Ok(()),
        (Choice::Ignore, true) => ("the URL is not forwarded", "it was forwarded"),
        (Choice::Accept, false) => ("the URL is forwarded", "it was ignored"),
        (_, true) => (refusal(bench), "the job was accepted and the URL forwarded"),
        (_, false) => (refusal(bench), "the job was accepted and the URL ignored: no callback will come"),
    };
    bench.note(Finding::new(wanted, happened).at("/callback_url").seen_in(&reply.exchange));
    Ok(())
}

async fn note_if_taken(bench: &Bench, job: &Job, url: &str, place: &str) -> Result<(), Stop> {
    let reply = bench.submit(job).await?;
    if reply.accepted().is_none() {
        return Ok(());
    }
    let create = bench.create(job).await?;
    if create.seen.callback_url.as_ref().and_then(Value::as_str) == Some(url) {
        let finding = wrong_callback(&create, None);
        bench.note(Finding {
            actual: format!("the value of {place} was forwarded: {}", finding.actual),
            ..finding
        });
    }
    Ok(())
}

async fn nested_not_taken(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = Bench::hook(&job.token);
    let options = json!({"callback_url": url, "deeper": {"callback_url": url}});
    let job = job.metadata("options", options);
    note_if_taken(bench, &job, &url, "input.metadata.options.callback_url").await
}

async fn two_places_refused(bench: &Bench) -> Result<(), Stop> {
    let job = at_top_of_input(bench);
    let url = Bench::hook(&job.token);
    let wrong = job.callback(url);
    refused_beside_control(bench, &[("callback_url in input and in metadata", wrong)], &control(bench)).await
}

async fn metadata_wins_over_root(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let (right, wrong) = (Bench::hook(&job.token), format!("{}?from=root", Bench::hook(&job.token)));
    let job = job.callback(right.as_str()).root("callback_url", wrong);
    let reply = bench.submit(&job).await?;
    if reply.accepted().is_none() {
        // Refusing two places is right too, and GW-CB-004's business.
        return Ok(());
    }
    let create = bench.create(&job).await?;
    if create.seen.callback_url.as_ref().and_then(Value::as_str) != Some(right.as_str()) {
        bench.note(wrong_callback(&create, Some(&right)));
    }
    Ok(())
}

async fn case_variants_in_input(bench: &Bench) -> Result<(), Stop> {
    bench.accept(&bench.job()).await?;
    for spelling in SPELLINGS {
        let job = bench.job();
        let url = Bench::hook(&job.token);
        let reply = bench.submit(&job.input(spelling, url)).await?;
        note_unless_refused(bench, &reply, &format!("input.{spelling}"));
    }
    Ok(())
}

async fn case_variants_in_metadata(bench: &Bench) -> Result<(), Stop> {
    for spelling in SPELLINGS {
        let job = bench.job();
        let url = Bench::hook(&job.token);
        let job = job.metadata(spelling, url.as_str());
        note_if_taken(bench, &job, &url, &format!("input.metadata.{spelling}")).await?;
    }
    Ok(())
}

async fn generated_placements_refused(bench: &Bench) -> Result<(), Stop> {
    bench.accept(&control(bench)).await?;
    let worst = search::search(bench, inputs::misplaced(), async |shape: Misplaced| {
        let reply = bench.submit(&misplaced(bench, &shape)).await?;
        Ok((!is_refusal(bench, reply.status)).then_some(reply))
    })
    .await?;
    if let Some(minimal) = worst {
        bench.note(
            Finding::new(
                refusal(bench),
                format!("with {:?} beside it: {}", minimal.input.neighbours, minimal.fault.gist()),
            )
            .at("/input/callback_url")
            .seen_in(&minimal.fault.exchange),
        );
    }
    Ok(())
}

fn misplaced(bench: &Bench, shape: &Misplaced) -> Job {
    let job = bench.job();
    let url = Bench::hook(&job.token);
    let seconds = bench.dialect().sample.duration;
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

async fn any_value_in_input(bench: &Bench) -> Result<(), Stop> {
    // Not null: to some that is the same as no key.
    let wrong: Vec<(String, Job)> = [json!(""), json!(7), json!([]), json!({})]
        .into_iter()
        .map(|value| (format!("input.callback_url = {value}"), bench.job().input("callback_url", value)))
        .collect();
    let wrong: Vec<(&str, Job)> = wrong.iter().map(|(what, job)| (what.as_str(), job.clone())).collect();
    refused_beside_control(bench, &wrong, &control(bench)).await
}
