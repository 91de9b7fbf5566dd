//! Pass-through: the vendor receives the very value the client sent, compared as decoded strings.
//!
//! Bytes of the JSON are not compared: a gateway may write `\u00e9` for `é`, which is the same value.

use ringback_reference::gateway::mutants;
use serde_json::json;

use super::{check, forwarded, forwarded_or_refused, wrong_callback};
use crate::bench::Bench;
use crate::catalogue::{Need, Requirement, Scope, Source};
use crate::generate::{self, UrlShape};
use crate::knob::Knob;
use crate::outcome::{Finding, Level, Stop};

/// What every entry of this chapter has in common.
const COMMON: Requirement = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::CALLBACKS,
    why: "The page promises that the URL is forwarded as it is; a receiver that checks its own URL, a secret in it or Vidu's signature over it fails otherwise.",
    remedy: "Carry callback_url as an opaque string. Never parse, normalise, re-encode or shorten it.",
    scope: Scope::EachVendor,
    knobs: &[],
    needs: &[Need::Witness, Need::Accepts, Need::Forwards],
    jobs: 1,
    generated: false,
    defects: &[],
    check: check!(query),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        id: "GW-PASS-001",
        slug: "query",
        sentence: "The query of a callback_url arrives unchanged: order, duplicates, empty values.",
        defects: &[
            mutants::QUERY_SORTED,
            mutants::HTML_ESCAPED,
            mutants::QUERY_REENCODED,
            mutants::EMPTY_VALUES_DROPPED,
            mutants::DUPLICATES_DROPPED,
            mutants::AMPERSAND_ESCAPED_TWICE,
        ],
        check: check!(query),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-002",
        slug: "escapes",
        sentence: "Percent-escapes of a callback_url arrive as written, in either case.",
        defects: &[
            mutants::ESCAPES_DECODED,
            mutants::ESCAPES_UPPERCASED,
            mutants::ESCAPES_ESCAPED,
            mutants::ESCAPED_SPACE_BECOMES_PLUS,
            mutants::PATH_LOWERCASED,
            mutants::QUERY_REENCODED,
        ],
        check: check!(escapes),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-003",
        slug: "plus",
        sentence: "A + in the query of a callback_url stays a +.",
        defects: &[mutants::PLUS_BECOMES_SPACE],
        check: check!(plus),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-004",
        slug: "fragment",
        sentence: "The fragment of a callback_url arrives.",
        defects: &[mutants::FRAGMENT_DROPPED, mutants::FRAGMENT_ESCAPED],
        check: check!(fragment),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-005",
        slug: "port",
        sentence: "The port of a callback_url arrives, the default port too.",
        jobs: 2,
        defects: &[mutants::DEFAULT_PORT_DROPPED],
        check: check!(port),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-006",
        slug: "user-info",
        sentence: "A callback_url with user-info is forwarded as it is, or refused (or as the knob user_info_callback says).",
        source: Source::CALLBACKS.inferred(),
        knobs: &[Knob::UserInfoCallback, Knob::RefusalStatus],
        defects: &[mutants::CREDENTIALS_DROPPED],
        check: check!(user_info),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-007",
        slug: "non-ascii",
        sentence: "A callback_url with characters beyond ASCII is forwarded as it is, or refused (or as the knob non_ascii_callback says).",
        source: Source::CALLBACKS.inferred(),
        knobs: &[Knob::NonAsciiCallback, Knob::RefusalStatus],
        jobs: 2,
        defects: &[mutants::HOST_PUNYCODED, mutants::NON_ASCII_ESCAPED, mutants::QUERY_REENCODED],
        check: check!(non_ascii),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-008",
        slug: "two-kilobytes",
        sentence: "A callback_url of 2,048 characters arrives whole.",
        defects: &[
            mutants::TRUNCATED_AT_255,
            mutants::TRUNCATED_AT_1024,
            mutants::TRUNCATED_AT_2000,
            mutants::LONG_CALLBACK_DROPPED,
        ],
        check: check!(two_kilobytes),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-009",
        slug: "not-normalised",
        sentence: "Case of the host, dot segments, a slash at the end and an empty query arrive as written.",
        jobs: 4,
        defects: &[mutants::URL_NORMALISED, mutants::TRAILING_SLASH_DROPPED, mutants::EMPTY_QUERY_DROPPED],
        check: check!(not_normalised),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-010",
        slug: "generated-urls",
        sentence: "Any valid https callback_url arrives unchanged.",
        jobs: 24,
        generated: true,
        defects: &[mutants::ESCAPES_UPPERCASED, mutants::HTML_ESCAPED, mutants::QUERY_SORTED],
        check: check!(generated_urls),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-011",
        slug: "beside-other-options",
        sentence: "A callback_url arrives when metadata holds other options too.",
        defects: &[mutants::DROPPED_WITH_OPTIONS],
        check: check!(beside_other_options),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-012",
        slug: "with-image",
        sentence: "A callback_url arrives when the job has an image.",
        defects: &[mutants::DROPPED_WITH_IMAGE],
        check: check!(with_image),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-013",
        slug: "parallel-jobs",
        sentence: "Jobs submitted at the same time each keep their own callback_url.",
        jobs: 8,
        defects: &[mutants::CALLBACK_SHARED, mutants::CALLBACK_CACHED],
        check: check!(parallel_jobs),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-014",
        slug: "json-escapes",
        sentence: "A callback_url written with JSON escapes arrives as the string that they stand for.",
        defects: &[mutants::JSON_ESCAPES_KEPT],
        check: check!(json_escapes),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-015",
        slug: "semicolons",
        sentence: "Semicolons in path and query of a callback_url arrive.",
        defects: &[
            mutants::SEMICOLONS_CUT,
            mutants::SEMICOLONS_SPLIT,
            mutants::QUERY_REENCODED,
            mutants::PATH_LOWERCASED,
        ],
        check: check!(semicolons),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-016",
        slug: "double-slashes",
        sentence: "Double slashes in the path of a callback_url arrive.",
        defects: &[mutants::SLASHES_COLLAPSED],
        check: check!(double_slashes),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-017",
        slug: "not-composed",
        sentence: "Letters and accents of a callback_url arrive composed or apart, as written, or the URL is refused (or as the knob non_ascii_callback says).",
        source: Source::CALLBACKS.inferred(),
        knobs: &[Knob::NonAsciiCallback, Knob::RefusalStatus],
        defects: &[mutants::COMPOSED_CHARACTERS, mutants::NON_ASCII_ESCAPED],
        check: check!(not_composed),
        ..COMMON
    },
    Requirement {
        id: "GW-PASS-018",
        slug: "host-dot",
        sentence: "A dot at the end of a callback_url's host name arrives, or the URL is refused (or as the knob host_dot_callback says).",
        source: Source::CALLBACKS.inferred(),
        knobs: &[Knob::HostDotCallback, Knob::RefusalStatus],
        defects: &[mutants::HOST_DOT_DROPPED],
        check: check!(host_dot),
        ..COMMON
    },
];

async fn query(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = format!("{}?z=1&a=2&a=3&empty=&flag&next=/home", Bench::hook(&job.token));
    forwarded(bench, job, &url).await
}

async fn escapes(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = format!("{}/a%2Fb/%e4%bd%a0/%7Euser?sig=abc%3D%3D%20end", Bench::hook(&job.token));
    forwarded(bench, job, &url).await
}

async fn plus(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = format!("{}?q=paper+boat", Bench::hook(&job.token));
    forwarded(bench, job, &url).await
}

async fn fragment(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = format!("{}#section", Bench::hook(&job.token));
    forwarded(bench, job, &url).await
}

async fn port(bench: &Bench) -> Result<(), Stop> {
    for port in [443, 8443] {
        let job = bench.job();
        let url = format!("https://hooks.example.com:{port}/c/{}", job.token);
        forwarded(bench, job, &url).await?;
    }
    Ok(())
}

async fn user_info(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = format!("https://user:pa-ss@hooks.example.com/c/{}", job.token);
    forwarded_or_refused(bench, Knob::UserInfoCallback, job, &url).await
}

async fn non_ascii(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = format!("https://hooks.example.com/c/{}/café/猫?naïve=ü", job.token);
    forwarded_or_refused(bench, Knob::NonAsciiCallback, job, &url).await?;
    let job = bench.job();
    let url = format!("https://bücher.example.com/c/{}", job.token);
    forwarded_or_refused(bench, Knob::NonAsciiCallback, job, &url).await
}

async fn two_kilobytes(bench: &Bench) -> Result<(), Stop> {
    const LENGTH: usize = 2_048;
    let job = bench.job();
    let head = format!("{}?pad=", Bench::hook(&job.token));
    let url = format!("{head}{}", "0123456789abcdef".repeat(LENGTH / 16));
    forwarded(bench, job, &url[..LENGTH]).await
}

async fn not_normalised(bench: &Bench) -> Result<(), Stop> {
    let shapes: [fn(&str) -> String; 4] = [
        |token| format!("https://Hooks.Example.COM/c/{token}"),
        |token| format!("https://hooks.example.com/c/./sub/../{token}"),
        |token| format!("https://hooks.example.com/c/{token}/"),
        |token| format!("https://hooks.example.com/c/{token}?"),
    ];
    for shape in shapes {
        let job = bench.job();
        let url = shape(&job.token);
        forwarded(bench, job, &url).await?;
    }
    Ok(())
}

async fn generated_urls(bench: &Bench) -> Result<(), Stop> {
    let worst = generate::search(bench, generate::urls(), async |shape: UrlShape| {
        let job = bench.job();
        let url = shape.render(&job.token);
        let job = job.callback(url.as_str());
        let reply = bench.submit(&job).await?;
        if reply.accepted().is_none() {
            let finding = Finding::new(format!("a job with callback_url {url} is accepted"), reply.gist());
            return Ok(Some(finding.seen_in(&reply.exchange)));
        }
        let create = bench.create(&job).await?;
        let same = create.seen.callback_url.as_ref().and_then(|value| value.as_str()) == Some(url.as_str());
        Ok((!same).then(|| wrong_callback(&create, Some(&url))))
    })
    .await?;
    if let Some(minimal) = worst {
        let actual = format!(
            "{} (input {} of seed {}, made smaller {} times)",
            minimal.fault.actual, minimal.at, bench.seed, minimal.shrinks
        );
        bench.note(Finding { actual, ..minimal.fault });
    }
    Ok(())
}

async fn beside_other_options(bench: &Bench) -> Result<(), Stop> {
    let (option, value) = bench.dialect().sample.option;
    let job = bench.job().metadata(option, value.value());
    let url = Bench::hook(&job.token);
    forwarded(bench, job, &url).await
}

async fn with_image(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job().input("image", json!("https://img.example.com/boat.png"));
    let url = Bench::hook(&job.token);
    forwarded(bench, job, &url).await
}

async fn json_escapes(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = Bench::hook(&job.token);
    let job = job.callback(url.as_str());
    let escaped = url.replace('/', "\\/").replacen("hooks", "\\u0068ooks", 1);
    let body = job.body.to_string().replacen(&url, &escaped, 1);
    let reply = bench.submit_bytes(&job.token, body).await?;
    if reply.accepted().is_none() {
        bench.note(
            Finding::new(format!("a job with callback_url written as {escaped} is accepted"), reply.gist())
                .seen_in(&reply.exchange),
        );
        return Ok(());
    }
    let create = bench.create(&job).await?;
    if create.seen.callback_url.as_ref().and_then(|value| value.as_str()) != Some(url.as_str()) {
        bench.note(wrong_callback(&create, Some(&url)));
    }
    Ok(())
}

async fn semicolons(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = format!("{};v=1/hook;jsessionid=A1?a=1;b=2", Bench::hook(&job.token));
    forwarded(bench, job, &url).await
}

async fn double_slashes(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = format!("https://hooks.example.com//c//{}//end", job.token);
    forwarded(bench, job, &url).await
}

async fn not_composed(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = format!("{}/cafe\u{301}/caf\u{e9}", Bench::hook(&job.token));
    forwarded_or_refused(bench, Knob::NonAsciiCallback, job, &url).await
}

async fn host_dot(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job();
    let url = format!("https://hooks.example.com./c/{}", job.token);
    forwarded_or_refused(bench, Knob::HostDotCallback, job, &url).await
}

async fn parallel_jobs(bench: &Bench) -> Result<(), Stop> {
    let first = bench.job();
    let prompt = first.body["input"]["prompt"].as_str().unwrap_or_default().to_owned();
    let jobs: Vec<_> = (0..8)
        .map(|number| {
            let url = format!("{}?job={number}", Bench::hook(&first.token));
            (format!("{prompt} number {number}"), url)
        })
        .collect();
    let submits = jobs.iter().map(|(prompt, url)| {
        let job = first.clone().input("prompt", prompt.as_str()).callback(url.as_str());
        async move { bench.accept(&job).await }
    });
    for accepted in futures_util::future::join_all(submits).await {
        accepted?;
    }
    let creates = bench.creates_until(&first.token, jobs.len()).await;
    for (prompt, url) in &jobs {
        let Some(create) = creates.iter().find(|create| create.seen.prompt.as_ref() == Some(prompt)) else {
            bench.note(Finding::new(
                format!("a create call with the prompt {prompt:?}"),
                format!("{} create calls arrived, none with it", creates.len()),
            ));
            continue;
        };
        if create.seen.callback_url.as_ref().and_then(|value| value.as_str()) != Some(url.as_str()) {
            bench.note(wrong_callback(create, Some(url)));
        }
    }
    Ok(())
}
