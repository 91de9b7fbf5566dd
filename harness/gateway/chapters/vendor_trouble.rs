//! Vendor trouble while a job is created: what a client is told, and what it must never be shown.

use futures_util::future::join_all;
use ringback_mocks::response_faults::{PAGE_MARK, TRACE_MARK};
use ringback_reference::gateway::defect::Defect;

use super::status::note_unless_surfaced;
use super::vendor_queries::disturbed;
use super::{check, note_schema};
use crate::gateway::context::Bench;
use crate::gateway::knob::Knob;
use crate::gateway::submit::{Job, Reply};
use crate::gateway::{Gateway, Need};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::Source;
use crate::schema::Schema;

/// What the entries about creates have in common.
const COMMON: Requirement<Gateway> = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::STATUS.inferred(),
    why: "Vendors break down, limit and time out every day; a gateway that hides it leaves clients waiting for a job that nobody makes.",
    remedy: "",
    scope: Scope::EachVendor,
    knobs: &[Knob::Settle, Knob::StatusWords],
    needs: &[Need::Witness, Need::Accepts, Need::Status],
    jobs: 4,
    generated: false,
    defects: &[],
    check: check!(failed_create_surfaces),
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-VT-001",
        slug: "failed-create-surfaces",
        sentence: "When the vendor answers a create with HTTP 5xx, the submit is answered with an error or the job ends failed.",
        remedy: "Accept a job only when the vendor's answer holds an id; everything else is an error to the client.",
        defects: &[
            Defect::FailedCreateAccepted,
            Defect::RefusalHidden,
            Defect::BaseRespIgnored,
            Defect::ErrorsIn200,
            Defect::VendorRefusalIn200,
        ],
        check: check!(failed_create_surfaces),
        ..COMMON
    },
    Requirement {
        id: "GW-VT-002",
        slug: "limited-create-surfaces",
        sentence: "When the vendor answers a create with HTTP 429, the submit is answered with an error or the job ends failed.",
        remedy: "Pass the limit on, or queue the job and try again; never accept a job that nobody will create.",
        jobs: 2,
        defects: &[
            Defect::LimitedCreateAccepted,
            Defect::RefusalHidden,
            Defect::BaseRespIgnored,
            Defect::ErrorsIn200,
            Defect::VendorRefusalIn200,
        ],
        check: check!(limited_create_surfaces),
        ..COMMON
    },
    Requirement {
        id: "GW-VT-003",
        slug: "unreadable-create-surfaces",
        sentence: "When the vendor's answer to a create is lost or cannot be read, the submit is answered with an error or the job ends failed.",
        remedy: "Treat an answer without a readable id as no answer, whatever its HTTP status is.",
        jobs: 5,
        defects: &[
            Defect::LostCreateAccepted,
            Defect::UnreadableCreateAccepted,
            Defect::RefusalHidden,
            Defect::BaseRespIgnored,
            Defect::ErrorsIn200,
            Defect::VendorRefusalIn200,
        ],
        check: check!(unreadable_create_surfaces),
        ..COMMON
    },
    Requirement {
        id: "GW-VT-004",
        slug: "create-trouble-enveloped",
        sentence: "The error of a submit that failed at the vendor has the error envelope.",
        source: Source::REFERENCE,
        knobs: &[],
        why: "The page of a load balancer or the words of the software in between tell a client nothing, and break its parser.",
        remedy: "Build every error in one place; never copy a vendor's answer.",
        jobs: 6,
        defects: &[Defect::EmptyBodyCrashes, Defect::PagePassedOn, Defect::ErrorsAsText],
        check: check!(create_trouble_enveloped),
        ..COMMON
    },
    Requirement {
        id: "GW-VT-005",
        slug: "outage-not-clients-fault",
        level: Level::Should,
        knobs: &[],
        sentence: "When the vendor is down or refuses the operator's key, the error's HTTP status does not blame the client.",
        source: Source::REFERENCE.inferred(),
        why: "After a 400 a client changes its request, after a 401 its key, and neither was wrong; only a 5xx or a 429 says: later.",
        remedy: "Answer 502 or 503 when the vendor failed, and keep 4xx for what the client can mend.",
        defects: &[Defect::OutageBlamedOnClient, Defect::VendorUnauthorizedPassedOn],
        check: check!(outage_not_clients_fault),
        ..COMMON
    },
    Requirement {
        id: "GW-VT-006",
        slug: "vendor-key-stays",
        sentence: "No answer to a client contains the key that the gateway uses at the vendor.",
        source: Source::SUBMIT.inferred(),
        why: "Whoever reads it can spend the operator's money; vendors and proxies do quote keys in their errors.",
        remedy: "Do not pass on what the vendor says about the operator's account; remove the key from everything else.",
        defects: &[
            Defect::VendorSentenceQuoted,
            Defect::PagePassedOn,
            Defect::BodyQuoted,
            Defect::StatusPagePassedOn,
            Defect::VendorRefusalIn200,
            Defect::VendorKeyInError,
            Defect::VendorAddressInError,
        ],
        check: check!(vendor_key_stays),
        ..COMMON
    },
    Requirement {
        id: "GW-VT-007",
        slug: "vendor-address-stays",
        level: Level::Should,
        sentence: "No answer to a client names the address under which the gateway reaches the vendor.",
        source: Source::SUBMIT.inferred(),
        why: "It shows how the operator's network is built, and client libraries put it into their error texts by themselves.",
        remedy: "Log the text of a failed call; tell the client only that the vendor could not be reached.",
        jobs: 6,
        defects: &[
            Defect::AddressNamed,
            Defect::PagePassedOn,
            Defect::BodyQuoted,
            Defect::StatusPagePassedOn,
            Defect::VendorAddressInError,
        ],
        check: check!(vendor_address_stays),
        ..COMMON
    },
    Requirement {
        id: "GW-VT-008",
        slug: "vendor-page-stays",
        level: Level::Should,
        sentence: "No answer to a client contains the error page or the stack trace of whatever stands before the vendor.",
        source: Source::REFERENCE.inferred(),
        why: "error.message is shown to people; a page of HTML in it helps none of them and tells strangers about the inside.",
        remedy: "Put a sentence of your own where the vendor's answer is not the vendor's API.",
        jobs: 6,
        defects: &[Defect::BodyQuoted, Defect::PagePassedOn, Defect::StatusPagePassedOn],
        check: check!(vendor_page_stays),
        ..COMMON
    },
    Requirement {
        id: "GW-VT-009",
        slug: "lost-answer-one-job",
        level: Level::Should,
        sentence: "A create whose answer was lost does not lead to a second job at the vendor that calls back too.",
        source: Source::CALLBACKS.inferred(),
        why: "The vendor may have taken the first: then two jobs are billed, and the client gets two sets of callbacks with two ids.",
        remedy: "Do not send a create again unless the vendor has certainly not taken it, or knows it by an id that you chose.",
        knobs: &[],
        needs: &[Need::Witness, Need::Accepts, Need::Forwards],
        defects: &[Defect::RepeatsLostCreate, Defect::RepeatsFailedCreate, Defect::RepeatsUnreadableCreate],
        check: check!(lost_answer_one_job),
        ..COMMON
    },
];

/// Side by side: a gateway that hides one makes us wait for the settle window.
async fn surfaces(bench: &Bench, mishaps: &[&str]) -> Result<(), Stop> {
    let submits = mishaps.iter().map(|mishap| async move {
        let job = bench.job();
        bench.upset_create(&job, mishap)?;
        note_unless_surfaced(bench, &job, mishap).await
    });
    join_all(submits).await.into_iter().collect()
}

async fn failed_create_surfaces(bench: &Bench) -> Result<(), Stop> {
    surfaces(bench, &["500", "500=json", "503=html", "lost 502"]).await
}

async fn limited_create_surfaces(bench: &Bench) -> Result<(), Stop> {
    surfaces(bench, &["429", "429=html"]).await
}

async fn unreadable_create_surfaces(bench: &Bench) -> Result<(), Stop> {
    surfaces(bench, &["cut", "200", "200=html", "malformed", "truncated"]).await
}

/// Submits a job for each mishap; its answers.
async fn submitted(bench: &Bench, mishaps: &[&'static str]) -> Result<Vec<(&'static str, Job, Reply)>, Stop> {
    let submits = mishaps.iter().map(|mishap| async move {
        let job = bench.job();
        bench.upset_create(&job, mishap)?;
        let reply = bench.submit_upset(&job).await?;
        Ok((*mishap, job, reply))
    });
    join_all(submits).await.into_iter().collect()
}

/// The error answers among them; that a failure is no error answer is for GW-VT-001 to judge.
fn errors(replies: Vec<(&'static str, Job, Reply)>) -> Result<Vec<(&'static str, Reply)>, Stop> {
    let errors: Vec<_> = replies
        .into_iter()
        .filter(|(_, _, reply)| reply.status >= 400)
        .map(|(mishap, _, reply)| (mishap, reply))
        .collect();
    if errors.is_empty() {
        return Err(Stop::NotTestable("no submit was answered with an error, see GW-VT-001".into()));
    }
    Ok(errors)
}

async fn create_trouble_enveloped(bench: &Bench) -> Result<(), Stop> {
    let replies = submitted(bench, &["500", "503=html", "500=trace", "429", "200", "cut"]).await?;
    for (_, reply) in errors(replies)? {
        note_schema(bench, &reply, Schema::ErrorResponse);
    }
    Ok(())
}

async fn outage_not_clients_fault(bench: &Bench) -> Result<(), Stop> {
    let replies = submitted(bench, &["500", "503=html", "cut", "refuse=unauthorized"]).await?;
    for (mishap, reply) in errors(replies)? {
        // Later, or for a reason that is not the request: 408, 424, 425 and 429 say so too.
        if (400..500).contains(&reply.status) && ![408, 424, 425, 429].contains(&reply.status) {
            bench.note(
                Finding::new(format!("HTTP 5xx when the vendor fails ({mishap})"), reply.gist())
                    .or("HTTP 429")
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

/// Everything that a client is told while a vendor misbehaves in these ways.
async fn told(bench: &Bench, mishaps: &[&'static str]) -> Result<Vec<(&'static str, Reply)>, Stop> {
    let (submits, looks) = tokio::join!(
        submitted(bench, mishaps),
        join_all(
            mishaps
                .iter()
                .map(|mishap| async move { Ok::<_, Stop>((*mishap, disturbed(bench, mishap).await?)) })
        )
    );
    let mut all: Vec<_> = submits?.into_iter().map(|(mishap, _, reply)| (mishap, reply)).collect();
    for looked in looks {
        let (mishap, (_, _, looks)) = looked?;
        all.extend(looks.into_iter().map(|reply| (mishap, reply)));
    }
    Ok(all)
}

fn shows(reply: &Reply, text: &str) -> bool {
    let Ok(response) = &reply.exchange.answer else { return false };
    let body = String::from_utf8_lossy(&response.body);
    body.contains(text) || response.headers.iter().any(|(_, value)| value.contains(text))
}

/// A header field of the create that a fresh, undisturbed job leads to.
async fn sent_upstream(bench: &Bench, name: &str) -> Result<String, Stop> {
    let job = bench.job();
    bench.accept(&job).await?;
    let create = bench.create(&job).await?;
    let missing = || Stop::NotTestable(format!("the create call has no {name} field"));
    create.exchange.request.headers.get(name).map(str::to_owned).ok_or_else(missing)
}

async fn vendor_key_stays(bench: &Bench) -> Result<(), Stop> {
    let sent = sent_upstream(bench, "authorization").await?;
    let key = sent.split_once(' ').map_or(sent.as_str(), |(_, key)| key);
    for (mishap, reply) in told(bench, &["500=trace", "quote=unauthorized"]).await? {
        if shows(&reply, key) {
            bench.note(
                Finding::new("the vendor's key nowhere in an answer", format!("it is there ({mishap})"))
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn vendor_address_stays(bench: &Bench) -> Result<(), Stop> {
    let host = sent_upstream(bench, "host").await?;
    if !host.contains(':') {
        return Err(Stop::NotTestable(format!("the vendor is reached as {host}, which tells nothing")));
    }
    for (mishap, reply) in told(bench, &["cut", "500=trace", "malformed"]).await? {
        if shows(&reply, &host) {
            bench.note(
                Finding::new(format!("{host} nowhere in an answer"), format!("{} ({mishap})", reply.gist()))
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn vendor_page_stays(bench: &Bench) -> Result<(), Stop> {
    for (mishap, reply) in told(bench, &["503=html", "200=html", "500=trace"]).await? {
        for mark in [PAGE_MARK, TRACE_MARK] {
            if shows(&reply, mark) {
                bench.note(
                    Finding::new("a sentence of the gateway's own", format!("{} ({mishap})", reply.gist()))
                        .seen_in(&reply.exchange),
                );
            }
        }
    }
    Ok(())
}

async fn lost_answer_one_job(bench: &Bench) -> Result<(), Stop> {
    let hooked = || {
        let job = bench.job();
        let url = Bench::hook(&job.token);
        job.callback(url)
    };
    let control = hooked();
    bench.accept(&control).await?;
    bench.create(&control).await?;
    let submits = ["lost cut x1", "lost 500 x1", "malformed x1"].map(|mishap| async move {
        let job = hooked();
        bench.upset_create(&job, mishap)?;
        bench.submit_upset(&job).await?;
        bench.create(&job).await?;
        bench.creates_in_quiet(&job.token, 1).await;
        let calling = bench.vendor_tasks(&job)?.into_iter().filter(|task| task.callback_url.is_some());
        Ok((mishap, job, calling.count()))
    });
    let made: Vec<Result<_, Stop>> = join_all(submits).await;
    if bench.vendor_tasks(&control)?.len() > 1 {
        return Err(Stop::NotTestable("every job is created several times, see GW-UP-001".into()));
    }
    for made in made {
        let (mishap, job, calling) = made?;
        if calling > 1 {
            let creates = bench.creates(&job.token);
            let mut finding = Finding::new(
                format!("one job at {} that calls back ({mishap})", bench.vendor.title()),
                format!("{calling} jobs, all with the client's callback_url"),
            );
            if let Some(last) = creates.last() {
                finding = finding.seen_in(&last.exchange);
            }
            bench.note(finding);
        }
    }
    Ok(())
}
