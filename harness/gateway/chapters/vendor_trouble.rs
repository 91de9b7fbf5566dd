//! Vendor trouble while a job is created: what a client is told, and what it must never be shown.

use futures_util::future::join_all;
use ringback_mocks::response_faults::{PAGE_MARK, TRACE_MARK};
use ringback_reference::gateway::mutants;

use super::status::note_unless_surfaced;
use super::vendor_queries::disturbed;
use super::{check, note_schema};
use crate::gateway::context::GatewayContext;
use crate::gateway::knob::Knob;
use crate::gateway::submit::{GatewayReply, SubmitRequest};
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;
use crate::schema::Schema;

/// Why the entries of this chapter matter that give no reason of their own.
const WHY: &str = "Vendors break down, limit and time out every day; a gateway that hides it leaves clients waiting for a job that nobody makes.";

/// What the entries of this chapter share, unless they say otherwise.
const TERMS: Terms<Gateway> = Terms {
    level: Level::Must,
    source: Source::STATUS.inferred(),
    scope: Scope::EachVendor,
    knobs: &[Knob::Settle, Knob::StatusWords],
    preconditions: &[GatewayPrecondition::Witness, GatewayPrecondition::Accepts, GatewayPrecondition::Status],
    jobs: 4,
    generated: false,
};

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[
    Requirement {
        id: "GW-VT-001",
        slug: "failed-create-surfaces",
        sentence: "When the vendor answers a create with HTTP 5xx, the submit is answered with an error or the job ends failed.",
        why: WHY,
        remedy: "Accept a job only when the vendor's answer holds an id; everything else is an error to the client.",
        terms: TERMS,
        mutants: &[
            mutants::FAILED_CREATE_ACCEPTED,
            mutants::REFUSAL_HIDDEN,
            mutants::BASE_RESP_IGNORED,
            mutants::ERRORS_IN_200,
            mutants::VENDOR_REFUSAL_IN_200,
        ],
        check: check!(failed_create_surfaces),
    },
    Requirement {
        id: "GW-VT-002",
        slug: "limited-create-surfaces",
        sentence: "When the vendor answers a create with HTTP 429, the submit is answered with an error or the job ends failed.",
        why: WHY,
        remedy: "Pass the limit on, or queue the job and try again; never accept a job that nobody will create.",
        terms: Terms { jobs: 2, ..TERMS },
        mutants: &[
            mutants::LIMITED_CREATE_ACCEPTED,
            mutants::REFUSAL_HIDDEN,
            mutants::BASE_RESP_IGNORED,
            mutants::ERRORS_IN_200,
            mutants::VENDOR_REFUSAL_IN_200,
        ],
        check: check!(limited_create_surfaces),
    },
    Requirement {
        id: "GW-VT-003",
        slug: "unreadable-create-surfaces",
        sentence: "When the vendor's answer to a create is lost or cannot be read, the submit is answered with an error or the job ends failed.",
        why: WHY,
        remedy: "Treat an answer without a readable id as no answer, whatever its HTTP status is.",
        terms: Terms { jobs: 5, ..TERMS },
        mutants: &[
            mutants::LOST_CREATE_ACCEPTED,
            mutants::UNREADABLE_CREATE_ACCEPTED,
            mutants::REFUSAL_HIDDEN,
            mutants::BASE_RESP_IGNORED,
            mutants::ERRORS_IN_200,
            mutants::VENDOR_REFUSAL_IN_200,
        ],
        check: check!(unreadable_create_surfaces),
    },
    Requirement {
        id: "GW-VT-004",
        slug: "create-trouble-enveloped",
        sentence: "The error of a submit that failed at the vendor has the error envelope.",
        why: "The page of a load balancer or the words of the software in between tell a client nothing, and break its parser.",
        remedy: "Build every error in one place; never copy a vendor's answer.",
        terms: Terms { source: Source::REFERENCE, knobs: &[], jobs: 6, ..TERMS },
        mutants: &[mutants::EMPTY_BODY_CRASHES, mutants::PAGE_PASSED_ON, mutants::ERRORS_AS_TEXT],
        check: check!(create_trouble_enveloped),
    },
    Requirement {
        id: "GW-VT-005",
        slug: "outage-not-clients-fault",
        sentence: "When the vendor is down or refuses the operator's key, the error's HTTP status does not blame the client.",
        why: "After a 400 a client changes its request, after a 401 its key, and neither was wrong; only a 5xx or a 429 says: later.",
        remedy: "Answer 502 or 503 when the vendor failed, and keep 4xx for what the client can fix.",
        terms: Terms { level: Level::Should, source: Source::REFERENCE.inferred(), knobs: &[], ..TERMS },
        mutants: &[mutants::OUTAGE_BLAMED_ON_CLIENT, mutants::VENDOR_UNAUTHORIZED_PASSED_ON],
        check: check!(outage_not_clients_fault),
    },
    Requirement {
        id: "GW-VT-006",
        slug: "vendor-key-stays",
        sentence: "No answer to a client contains the key that the gateway uses at the vendor.",
        why: "Anyone who reads it can spend the operator's money; vendors and proxies do quote keys in their errors.",
        remedy: "Do not pass on what the vendor says about the operator's account; remove the key from everything else.",
        terms: Terms { source: Source::SUBMIT.inferred(), ..TERMS },
        mutants: &[
            mutants::VENDOR_SENTENCE_QUOTED,
            mutants::PAGE_PASSED_ON,
            mutants::BODY_QUOTED,
            mutants::STATUS_PAGE_PASSED_ON,
            mutants::VENDOR_REFUSAL_IN_200,
            mutants::VENDOR_KEY_IN_ERROR,
            mutants::VENDOR_ADDRESS_IN_ERROR,
        ],
        check: check!(vendor_key_stays),
    },
    Requirement {
        id: "GW-VT-007",
        slug: "vendor-address-stays",
        sentence: "No answer to a client names the address under which the gateway reaches the vendor.",
        why: "It shows how the operator's network is built, and client libraries put it into their error texts by themselves.",
        remedy: "Log the text of a failed call; tell the client only that the vendor could not be reached.",
        terms: Terms { level: Level::Should, source: Source::SUBMIT.inferred(), jobs: 6, ..TERMS },
        mutants: &[
            mutants::ADDRESS_NAMED,
            mutants::PAGE_PASSED_ON,
            mutants::BODY_QUOTED,
            mutants::STATUS_PAGE_PASSED_ON,
            mutants::VENDOR_ADDRESS_IN_ERROR,
        ],
        check: check!(vendor_address_stays),
    },
    Requirement {
        id: "GW-VT-008",
        slug: "vendor-page-stays",
        sentence: "No answer to a client contains the error page or the stack trace of whatever stands before the vendor.",
        why: "error.message is shown to people; a page of HTML in it helps none of them and tells strangers about the inside.",
        remedy: "Put a sentence of your own where the vendor's answer is not the vendor's API.",
        terms: Terms { level: Level::Should, source: Source::REFERENCE.inferred(), jobs: 6, ..TERMS },
        mutants: &[mutants::BODY_QUOTED, mutants::PAGE_PASSED_ON, mutants::STATUS_PAGE_PASSED_ON],
        check: check!(vendor_page_stays),
    },
    Requirement {
        id: "GW-VT-009",
        slug: "lost-answer-one-job",
        sentence: "A create whose answer was lost does not lead to a second job at the vendor that calls back too.",
        why: "The vendor may have taken the first: then two jobs are billed, and the client gets two sets of callbacks with two ids.",
        remedy: "Do not send a create again unless the vendor has certainly not taken it, or knows it by an id that you chose.",
        terms: Terms {
            level: Level::Should,
            source: Source::CALLBACKS.inferred(),
            knobs: &[],
            preconditions: &[
                GatewayPrecondition::Witness,
                GatewayPrecondition::Accepts,
                GatewayPrecondition::Forwards,
            ],
            ..TERMS
        },
        mutants: &[
            mutants::REPEATS_LOST_CREATE,
            mutants::REPEATS_FAILED_CREATE,
            mutants::REPEATS_UNREADABLE_CREATE,
        ],
        check: check!(lost_answer_one_job),
    },
];

/// Side by side: a gateway that hides one makes us wait for the settle window.
async fn surfaces(context: &GatewayContext, mishaps: &[&str]) -> Result<(), Stop> {
    let submits = mishaps.iter().map(|mishap| async move {
        let job = context.job();
        context.upset_create(&job, mishap)?;
        note_unless_surfaced(context, &job, mishap).await
    });
    join_all(submits).await.into_iter().collect()
}

async fn failed_create_surfaces(context: &GatewayContext) -> Result<(), Stop> {
    surfaces(context, &["500", "500=json", "503=html", "lost 502"]).await
}

async fn limited_create_surfaces(context: &GatewayContext) -> Result<(), Stop> {
    surfaces(context, &["429", "429=html"]).await
}

async fn unreadable_create_surfaces(context: &GatewayContext) -> Result<(), Stop> {
    surfaces(context, &["cut", "200", "200=html", "malformed", "truncated"]).await
}

/// Submits a job for each mishap; its answers.
async fn submitted(
    context: &GatewayContext,
    mishaps: &[&'static str],
) -> Result<Vec<(&'static str, SubmitRequest, GatewayReply)>, Stop> {
    let submits = mishaps.iter().map(|mishap| async move {
        let job = context.job();
        context.upset_create(&job, mishap)?;
        let reply = context.submit_upset(&job).await?;
        Ok((*mishap, job, reply))
    });
    join_all(submits).await.into_iter().collect()
}

/// The error answers among them; that a failure is not an error answer is for GW-VT-001 to judge.
fn errors(
    replies: Vec<(&'static str, SubmitRequest, GatewayReply)>,
) -> Result<Vec<(&'static str, GatewayReply)>, Stop> {
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

async fn create_trouble_enveloped(context: &GatewayContext) -> Result<(), Stop> {
    let replies = submitted(context, &["500", "503=html", "500=trace", "429", "200", "cut"]).await?;
    for (_, reply) in errors(replies)? {
        note_schema(context, &reply, Schema::ErrorResponse);
    }
    Ok(())
}

async fn outage_not_clients_fault(context: &GatewayContext) -> Result<(), Stop> {
    let replies = submitted(context, &["500", "503=html", "cut", "refuse=unauthorized"]).await?;
    for (mishap, reply) in errors(replies)? {
        // Later, or for a reason that is not the request: 408, 424, 425 and 429 say so too.
        if (400..500).contains(&reply.status) && ![408, 424, 425, 429].contains(&reply.status) {
            context.note(
                Finding::new(format!("HTTP 5xx when the vendor fails ({mishap})"), reply.summary())
                    .or("HTTP 429")
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

/// Everything that a client is told while a vendor misbehaves in these ways.
async fn told(
    context: &GatewayContext,
    mishaps: &[&'static str],
) -> Result<Vec<(&'static str, GatewayReply)>, Stop> {
    let (submits, looks) = tokio::join!(
        submitted(context, mishaps),
        join_all(
            mishaps
                .iter()
                .map(|mishap| async move { Ok::<_, Stop>((*mishap, disturbed(context, mishap).await?)) })
        )
    );
    let mut all: Vec<_> = submits?.into_iter().map(|(mishap, _, reply)| (mishap, reply)).collect();
    for looked in looks {
        let (mishap, (_, _, looks)) = looked?;
        all.extend(looks.into_iter().map(|reply| (mishap, reply)));
    }
    Ok(all)
}

fn shows(reply: &GatewayReply, text: &str) -> bool {
    let Ok(response) = &reply.exchange.answer else { return false };
    let body = String::from_utf8_lossy(&response.body);
    body.contains(text) || response.headers.iter().any(|(_, value)| value.contains(text))
}

/// A header field of the create that a fresh, undisturbed job leads to.
async fn sent_upstream(context: &GatewayContext, name: &str) -> Result<String, Stop> {
    let job = context.job();
    context.accept(&job).await?;
    let create = context.create(&job).await?;
    let missing = || Stop::NotTestable(format!("the create call has no {name} field"));
    create.exchange.request.headers.get(name).map(str::to_owned).ok_or_else(missing)
}

async fn vendor_key_stays(context: &GatewayContext) -> Result<(), Stop> {
    let sent = sent_upstream(context, "authorization").await?;
    let key = sent.split_once(' ').map_or(sent.as_str(), |(_, key)| key);
    for (mishap, reply) in told(context, &["500=trace", "quote=unauthorized"]).await? {
        if shows(&reply, key) {
            context.note(
                Finding::new("the vendor's key nowhere in an answer", format!("it is there ({mishap})"))
                    .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn vendor_address_stays(context: &GatewayContext) -> Result<(), Stop> {
    let host = sent_upstream(context, "host").await?;
    if !host.contains(':') {
        return Err(Stop::NotTestable(format!("the vendor is reached as {host}, which tells nothing")));
    }
    for (mishap, reply) in told(context, &["cut", "500=trace", "malformed"]).await? {
        if shows(&reply, &host) {
            context.note(
                Finding::new(
                    format!("{host} nowhere in an answer"),
                    format!("{} ({mishap})", reply.summary()),
                )
                .seen_in(&reply.exchange),
            );
        }
    }
    Ok(())
}

async fn vendor_page_stays(context: &GatewayContext) -> Result<(), Stop> {
    for (mishap, reply) in told(context, &["503=html", "200=html", "500=trace"]).await? {
        for mark in [PAGE_MARK, TRACE_MARK] {
            if shows(&reply, mark) {
                context.note(
                    Finding::new(
                        "a sentence of the gateway's own",
                        format!("{} ({mishap})", reply.summary()),
                    )
                    .seen_in(&reply.exchange),
                );
            }
        }
    }
    Ok(())
}

async fn lost_answer_one_job(context: &GatewayContext) -> Result<(), Stop> {
    let hooked = || {
        let job = context.job();
        let url = GatewayContext::hook(&job.token);
        job.callback(url)
    };
    let control = hooked();
    context.accept(&control).await?;
    context.create(&control).await?;
    let submits = ["lost cut x1", "lost 500 x1", "malformed x1"].map(|mishap| async move {
        let job = hooked();
        context.upset_create(&job, mishap)?;
        context.submit_upset(&job).await?;
        context.create(&job).await?;
        context.creates_in_quiet(&job.token, 1).await;
        let calling = context.vendor_tasks(&job)?.into_iter().filter(|task| task.callback_url.is_some());
        Ok((mishap, job, calling.count()))
    });
    let made: Vec<Result<_, Stop>> = join_all(submits).await;
    if context.vendor_tasks(&control)?.len() > 1 {
        return Err(Stop::NotTestable("every job is created several times, see GW-UP-001".into()));
    }
    for made in made {
        let (mishap, job, calling) = made?;
        if calling > 1 {
            let creates = context.creates(&job.token);
            let mut finding = Finding::new(
                format!("one job at {} that calls back ({mishap})", context.vendor.title()),
                format!("{calling} jobs, all with the client's callback_url"),
            );
            if let Some(last) = creates.last() {
                finding = finding.seen_in(&last.exchange);
            }
            context.note(finding);
        }
    }
    Ok(())
}
