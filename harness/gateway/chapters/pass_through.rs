//! Pass-through: the vendor receives the very value the client sent, compared as decoded strings.
//!
//! Bytes of the JSON are not compared: a gateway may write `\u00e9` for `é`, which is the same value.

use ringback_reference::gateway::mutants;
use serde_json::json;

use super::{check, forwarded, forwarded_or_refused, wrong_callback};
use crate::gateway::context::GatewayContext;
use crate::gateway::inputs::{self, UrlShape};
use crate::gateway::knob::Knob;
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::search;
use crate::run::source::Source;

/// Why the entries of this chapter matter that give no reason of their own.
const WHY: &str = "The page promises that the URL is forwarded as it is; a receiver that checks its own URL, a secret in it or Vidu's signature over it fails otherwise.";
/// What to change where an entry of this chapter names no remedy of its own.
const REMEDY: &str =
    "Carry callback_url as an opaque string. Never parse, normalise, re-encode or shorten it.";

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::CALLBACKS,
    scope: Scope::EachVendor,
    knobs: &[],
    preconditions: &[
        GatewayPrecondition::Witness,
        GatewayPrecondition::Accepts,
        GatewayPrecondition::Forwards,
    ],
    jobs: 1,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-PASS-001",
        slug: "query",
        sentence: "The query of a callback_url arrives unchanged: order, duplicates, empty values.",
        why: WHY,
        remedy: REMEDY,
        terms: TERMS,
        mutants: &[
            mutants::QUERY_SORTED,
            mutants::HTML_ESCAPED,
            mutants::QUERY_REENCODED,
            mutants::EMPTY_VALUES_DROPPED,
            mutants::DUPLICATES_DROPPED,
            mutants::AMPERSAND_ESCAPED_TWICE,
        ],
        check: check!(query),
    },
    Requirement {
        id: "GW-PASS-002",
        slug: "escapes",
        sentence: "Percent-escapes of a callback_url arrive as written, in either case.",
        why: WHY,
        remedy: REMEDY,
        terms: TERMS,
        mutants: &[
            mutants::ESCAPES_DECODED,
            mutants::ESCAPES_UPPERCASED,
            mutants::ESCAPES_ESCAPED,
            mutants::ESCAPED_SPACE_BECOMES_PLUS,
            mutants::PATH_LOWERCASED,
            mutants::QUERY_REENCODED,
        ],
        check: check!(escapes),
    },
    Requirement {
        id: "GW-PASS-003",
        slug: "plus",
        sentence: "A + in the query of a callback_url stays a +.",
        why: WHY,
        remedy: REMEDY,
        terms: TERMS,
        mutants: &[mutants::PLUS_BECOMES_SPACE],
        check: check!(plus),
    },
    Requirement {
        id: "GW-PASS-004",
        slug: "fragment",
        sentence: "The fragment of a callback_url arrives.",
        why: WHY,
        remedy: REMEDY,
        terms: TERMS,
        mutants: &[mutants::FRAGMENT_DROPPED, mutants::FRAGMENT_ESCAPED],
        check: check!(fragment),
    },
    Requirement {
        id: "GW-PASS-005",
        slug: "port",
        sentence: "The port of a callback_url arrives, the default port too.",
        why: WHY,
        remedy: REMEDY,
        terms: Terms { jobs: 2, ..TERMS },
        mutants: &[mutants::DEFAULT_PORT_DROPPED],
        check: check!(port),
    },
    Requirement {
        id: "GW-PASS-006",
        slug: "user-info",
        sentence: "A callback_url with user-info is forwarded as it is, or refused (or as the knob user_info_callback says).",
        why: WHY,
        remedy: REMEDY,
        terms: Terms {
            source: Source::CALLBACKS.inferred(),
            knobs: &[Knob::UserInfoCallback, Knob::RefusalStatus],
            ..TERMS
        },
        mutants: &[mutants::CREDENTIALS_DROPPED],
        check: check!(user_info),
    },
    Requirement {
        id: "GW-PASS-007",
        slug: "non-ascii",
        sentence: "A callback_url with characters beyond ASCII is forwarded as it is, or refused (or as the knob non_ascii_callback says).",
        why: WHY,
        remedy: REMEDY,
        terms: Terms {
            source: Source::CALLBACKS.inferred(),
            knobs: &[Knob::NonAsciiCallback, Knob::RefusalStatus],
            jobs: 2,
            ..TERMS
        },
        mutants: &[mutants::HOST_PUNYCODED, mutants::NON_ASCII_ESCAPED, mutants::QUERY_REENCODED],
        check: check!(non_ascii),
    },
    Requirement {
        id: "GW-PASS-008",
        slug: "two-kilobytes",
        sentence: "A callback_url of 2,048 characters arrives whole.",
        why: WHY,
        remedy: REMEDY,
        terms: TERMS,
        mutants: &[
            mutants::TRUNCATED_AT_255,
            mutants::TRUNCATED_AT_1024,
            mutants::TRUNCATED_AT_2000,
            mutants::LONG_CALLBACK_DROPPED,
        ],
        check: check!(two_kilobytes),
    },
    Requirement {
        id: "GW-PASS-009",
        slug: "not-normalised",
        sentence: "Case of the host, dot segments, a slash at the end and an empty query arrive as written.",
        why: WHY,
        remedy: REMEDY,
        terms: Terms { jobs: 4, ..TERMS },
        mutants: &[mutants::URL_NORMALISED, mutants::TRAILING_SLASH_DROPPED, mutants::EMPTY_QUERY_DROPPED],
        check: check!(not_normalised),
    },
    Requirement {
        id: "GW-PASS-010",
        slug: "generated-urls",
        sentence: "Any valid https callback_url arrives unchanged.",
        why: WHY,
        remedy: REMEDY,
        terms: Terms { jobs: 24, generated: true, ..TERMS },
        mutants: &[mutants::ESCAPES_UPPERCASED, mutants::HTML_ESCAPED, mutants::QUERY_SORTED],
        check: check!(generated_urls),
    },
    Requirement {
        id: "GW-PASS-011",
        slug: "beside-other-options",
        sentence: "A callback_url arrives when metadata holds other options too.",
        why: WHY,
        remedy: REMEDY,
        terms: TERMS,
        mutants: &[mutants::DROPPED_WITH_OPTIONS],
        check: check!(beside_other_options),
    },
    Requirement {
        id: "GW-PASS-012",
        slug: "with-image",
        sentence: "A callback_url arrives when the job has an image.",
        why: WHY,
        remedy: REMEDY,
        terms: TERMS,
        mutants: &[mutants::DROPPED_WITH_IMAGE],
        check: check!(with_image),
    },
    Requirement {
        id: "GW-PASS-013",
        slug: "parallel-jobs",
        sentence: "Jobs submitted at the same time each keep their own callback_url.",
        why: WHY,
        remedy: REMEDY,
        terms: Terms { jobs: 8, ..TERMS },
        mutants: &[mutants::CALLBACK_SHARED, mutants::CALLBACK_CACHED],
        check: check!(parallel_jobs),
    },
    Requirement {
        id: "GW-PASS-014",
        slug: "json-escapes",
        sentence: "A callback_url written with JSON escapes arrives as the string that they stand for.",
        why: WHY,
        remedy: REMEDY,
        terms: TERMS,
        mutants: &[mutants::JSON_ESCAPES_KEPT],
        check: check!(json_escapes),
    },
    Requirement {
        id: "GW-PASS-015",
        slug: "semicolons",
        sentence: "Semicolons in path and query of a callback_url arrive.",
        why: WHY,
        remedy: REMEDY,
        terms: TERMS,
        mutants: &[
            mutants::SEMICOLONS_CUT,
            mutants::SEMICOLONS_SPLIT,
            mutants::QUERY_REENCODED,
            mutants::PATH_LOWERCASED,
        ],
        check: check!(semicolons),
    },
    Requirement {
        id: "GW-PASS-016",
        slug: "double-slashes",
        sentence: "Double slashes in the path of a callback_url arrive.",
        why: WHY,
        remedy: REMEDY,
        terms: TERMS,
        mutants: &[mutants::SLASHES_COLLAPSED],
        check: check!(double_slashes),
    },
    Requirement {
        id: "GW-PASS-017",
        slug: "not-composed",
        sentence: "Letters and accents of a callback_url arrive composed or apart, as written, or the URL is refused (or as the knob non_ascii_callback says).",
        why: WHY,
        remedy: REMEDY,
        terms: Terms {
            source: Source::CALLBACKS.inferred(),
            knobs: &[Knob::NonAsciiCallback, Knob::RefusalStatus],
            ..TERMS
        },
        mutants: &[mutants::COMPOSED_CHARACTERS, mutants::NON_ASCII_ESCAPED],
        check: check!(not_composed),
    },
    Requirement {
        id: "GW-PASS-018",
        slug: "host-dot",
        sentence: "A dot at the end of a callback_url's host name arrives, or the URL is refused (or as the knob host_dot_callback says).",
        why: WHY,
        remedy: REMEDY,
        terms: Terms {
            source: Source::CALLBACKS.inferred(),
            knobs: &[Knob::HostDotCallback, Knob::RefusalStatus],
            ..TERMS
        },
        mutants: &[mutants::HOST_DOT_DROPPED],
        check: check!(host_dot),
    },
];

async fn query(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = format!("{}?z=1&a=2&a=3&empty=&flag&next=/home", GatewayContext::hook(&job.token));
    forwarded(context, job, &url).await
}

async fn escapes(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = format!("{}/a%2Fb/%e4%bd%a0/%7Euser?sig=abc%3D%3D%20end", GatewayContext::hook(&job.token));
    forwarded(context, job, &url).await
}

async fn plus(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = format!("{}?q=paper+boat", GatewayContext::hook(&job.token));
    forwarded(context, job, &url).await
}

async fn fragment(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = format!("{}#section", GatewayContext::hook(&job.token));
    forwarded(context, job, &url).await
}

async fn port(context: &GatewayContext) -> Result<(), Stop> {
    for port in [443, 8443] {
        let job = context.job();
        let url = format!("https://hooks.example.com:{port}/c/{}", job.token);
        forwarded(context, job, &url).await?;
    }
    Ok(())
}

async fn user_info(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = format!("https://user:pa-ss@hooks.example.com/c/{}", job.token);
    forwarded_or_refused(context, Knob::UserInfoCallback, job, &url).await
}

async fn non_ascii(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = format!("https://hooks.example.com/c/{}/café/猫?naïve=ü", job.token);
    forwarded_or_refused(context, Knob::NonAsciiCallback, job, &url).await?;
    let job = context.job();
    let url = format!("https://bücher.example.com/c/{}", job.token);
    forwarded_or_refused(context, Knob::NonAsciiCallback, job, &url).await
}

async fn two_kilobytes(context: &GatewayContext) -> Result<(), Stop> {
    const LENGTH: usize = 2_048;
    let job = context.job();
    let head = format!("{}?pad=", GatewayContext::hook(&job.token));
    let url = format!("{head}{}", "0123456789abcdef".repeat(LENGTH / 16));
    forwarded(context, job, &url[..LENGTH]).await
}

async fn not_normalised(context: &GatewayContext) -> Result<(), Stop> {
    let shapes: [fn(&str) -> String; 4] = [
        |token| format!("https://Hooks.Example.COM/c/{token}"),
        |token| format!("https://hooks.example.com/c/./sub/../{token}"),
        |token| format!("https://hooks.example.com/c/{token}/"),
        |token| format!("https://hooks.example.com/c/{token}?"),
    ];
    for shape in shapes {
        let job = context.job();
        let url = shape(&job.token);
        forwarded(context, job, &url).await?;
    }
    Ok(())
}

async fn generated_urls(context: &GatewayContext) -> Result<(), Stop> {
    let worst = search::search(context, inputs::urls(), async |shape: UrlShape| {
        let job = context.job();
        let url = shape.render(&job.token);
        let job = job.callback(url.as_str());
        let reply = context.submit(&job).await?;
        if reply.accepted().is_none() {
            let finding = Finding::new(format!("a job with callback_url {url} is accepted"), reply.summary());
            return Ok(Some(finding.seen_in(&reply.exchange)));
        }
        let create = context.create(&job).await?;
        let same = create.seen.callback_url.as_ref().and_then(|value| value.as_str()) == Some(url.as_str());
        Ok((!same).then(|| wrong_callback(&create, Some(&url))))
    })
    .await?;
    if let Some(minimal) = worst {
        let actual = format!(
            "{} (input {} of seed {}, made smaller {} times)",
            minimal.fault.actual, minimal.at, context.seed, minimal.shrinks
        );
        context.note(Finding { actual, ..minimal.fault });
    }
    Ok(())
}

async fn beside_other_options(context: &GatewayContext) -> Result<(), Stop> {
    let (option, value) = context.dialect().sample.option;
    let job = context.job().metadata(option, value.value());
    let url = GatewayContext::hook(&job.token);
    forwarded(context, job, &url).await
}

async fn with_image(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job().input("image", json!("https://img.example.com/boat.png"));
    let url = GatewayContext::hook(&job.token);
    forwarded(context, job, &url).await
}

async fn json_escapes(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = GatewayContext::hook(&job.token);
    let job = job.callback(url.as_str());
    let escaped = url.replace('/', "\\/").replacen("hooks", "\\u0068ooks", 1);
    let body = job.body.to_string().replacen(&url, &escaped, 1);
    let reply = context.submit_bytes(&job.token, body).await?;
    if reply.accepted().is_none() {
        context.note(
            Finding::new(
                format!("a job with callback_url written as {escaped} is accepted"),
                reply.summary(),
            )
            .seen_in(&reply.exchange),
        );
        return Ok(());
    }
    let create = context.create(&job).await?;
    if create.seen.callback_url.as_ref().and_then(|value| value.as_str()) != Some(url.as_str()) {
        context.note(wrong_callback(&create, Some(&url)));
    }
    Ok(())
}

async fn semicolons(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = format!("{};v=1/hook;jsessionid=A1?a=1;b=2", GatewayContext::hook(&job.token));
    forwarded(context, job, &url).await
}

async fn double_slashes(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = format!("https://hooks.example.com//c//{}//end", job.token);
    forwarded(context, job, &url).await
}

async fn not_composed(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = format!("{}/cafe\u{301}/caf\u{e9}", GatewayContext::hook(&job.token));
    forwarded_or_refused(context, Knob::NonAsciiCallback, job, &url).await
}

async fn host_dot(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.job();
    let url = format!("https://hooks.example.com./c/{}", job.token);
    forwarded_or_refused(context, Knob::HostDotCallback, job, &url).await
}

async fn parallel_jobs(context: &GatewayContext) -> Result<(), Stop> {
    let first = context.job();
    let prompt = first.body["input"]["prompt"].as_str().unwrap_or_default().to_owned();
    let jobs: Vec<_> = (0..8)
        .map(|number| {
            let url = format!("{}?job={number}", GatewayContext::hook(&first.token));
            (format!("{prompt} number {number}"), url)
        })
        .collect();
    let submits = jobs.iter().map(|(prompt, url)| {
        let job = first.clone().input("prompt", prompt.as_str()).callback(url.as_str());
        async move { context.accept(&job).await }
    });
    for accepted in futures_util::future::join_all(submits).await {
        accepted?;
    }
    let creates = context.creates_until(&first.token, jobs.len()).await;
    for (prompt, url) in &jobs {
        let Some(create) = creates.iter().find(|create| create.seen.prompt.as_ref() == Some(prompt)) else {
            context.note(Finding::new(
                format!("a create call with the prompt {prompt:?}"),
                format!("{} create calls arrived, none with it", creates.len()),
            ));
            continue;
        };
        if create.seen.callback_url.as_ref().and_then(|value| value.as_str()) != Some(url.as_str()) {
            context.note(wrong_callback(create, Some(url)));
        }
    }
    Ok(())
}
