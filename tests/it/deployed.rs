//! Is it safe to point this at production? What is sent, how fast, how often, and when it stops; and
//! what can be judged there with real callbacks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ringback::gateway::knob::Knobs;
use ringback::gateway::stage as gateway_stage;
use ringback::gateway::target::{GatewayReach, GatewayTarget, GatewayTimeouts, Live};
use ringback::report::{Report, Verdict, terminal};
use ringback::run::outcome::Outcome;
use ringback::run::plan::Selection;
use ringback::run::session::RunOptions;
use ringback_mocks::account::AccountConfig;
use ringback_mocks::dispatcher::Routes;
use ringback_mocks::http::{LOOPBACK, Server};
use ringback_mocks::journal::Journal;
use ringback_mocks::rules::TaskPlan;
use ringback_mocks::standalone::{Setup, Standalone};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Headers, Request, Response, Secret};
use ringback_reference::deviation::Mutant;
use ringback_reference::gateway::{Gateway, GatewaySetup, ReferenceGateway, Upstream, mutants};
use rstest::rstest;
use serde_json::{Value, json};

const KEY: &str = "sk-a-key-of-production";

fn target(root: String, spend: u32) -> GatewayTarget {
    GatewayTarget {
        reach: GatewayReach::Url {
            root,
            key: Secret::new(KEY),
            other_key: Some(Secret::new("sk-another-key")),
            upstreams: Vec::new(),
            vendor_keys: Vec::new(),
        },
        vendors: Vendor::all().collect(),
        models: BTreeMap::new(),
        spend,
        rate: None,
        max_requests: None,
        live: None,
        knobs: Knobs::default(),
        timeouts: GatewayTimeouts {
            answer: Duration::from_secs(5),
            create: Duration::from_secs(2),
            settle: Duration::from_secs(2),
            poll: Duration::from_millis(20),
            finish: Duration::from_secs(20),
            ..GatewayTimeouts::REMOTE
        },
        hidden: Vec::new(),
    }
}

fn options(only: &[&str], jobs: usize) -> RunOptions {
    let only = only.iter().map(ToString::to_string).collect();
    RunOptions { selection: Selection { only, ..Selection::default() }, jobs, ..RunOptions::default() }
}

/// A gateway that only counts, with an answer for submits.
struct Counting {
    server: Server,
    submits: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Counting {
    async fn start(answer: impl Fn(&Request, usize) -> Response + Clone + Send + Sync + 'static) -> Self {
        let (submits, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counted, all) = (Arc::clone(&submits), Arc::clone(&requests));
        let server = Server::bind(LOOPBACK, move |request: Request| {
            let number = all.fetch_add(1, Ordering::SeqCst);
            if request.method == "POST" {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            let response = answer(&request, number);
            async move { response }
        })
        .await
        .expect("a free port");
        Self { server, submits, requests }
    }

    fn submits(&self) -> usize {
        self.submits.load(Ordering::SeqCst)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn refusal(status: u16) -> Response {
    Response::json(
        status,
        &json!({"code": status, "error": {"message": "no", "type": "invalid_request_error"}}),
    )
}

fn welcome(request: &Request, number: usize) -> Response {
    if request.method != "POST" {
        return refusal(404);
    }
    let data = json!({"task_id": format!("task_{number}"), "status": "not_started", "created_time": "2026-06-14T10:30:00"});
    Response::json(200, &json!({"code": 200, "data": data}))
}

fn of<'r>(report: &'r Report, id: &str) -> Vec<&'r ringback::report::CaseReport> {
    report.cases.iter().filter(|case| case.requirement == id).collect()
}

/// Whatever the gateway makes of wrong requests, no more jobs are accepted than were allowed: with
/// generated inputs that are shrunk, many cases at once, answers that hide whether a job was accepted.
#[rstest]
#[case::accepts_all(200, 0)]
#[case::accepts_all(200, 1)]
#[case::accepts_all(200, 26)]
#[case::accepts_all(200, 60)]
#[case::breaks_after_accepting(500, 26)]
#[case::sends_elsewhere(307, 26)]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_billed_beyond_the_budget(#[case] status: u16, #[case] spend: u32) {
    let gateway = Counting::start(move |request, number| match request.method.as_str() {
        "POST" => Response { status, ..welcome(request, number) },
        _ => welcome(request, number),
    })
    .await;
    let report =
        gateway_stage::judge(target(gateway.server.url(), spend), &options(&[], 16)).await.expect("it runs");
    assert!(gateway.submits() <= spend as usize, "{} submits of {spend}", gateway.submits());
    let traffic = report.traffic.expect("it is counted");
    assert_eq!(traffic.requests, gateway.requests() as u64);
    assert_eq!(traffic.jobs, gateway.submits() as u64, "every one of them may have been accepted");
    if spend == 0 {
        assert_eq!(gateway.submits(), 0);
    }
    assert!(!terminal::render(&report).contains(KEY));
}

/// Refusals cost nothing, so a budget of the controls is enough; and the generated failure is kept although
/// shrinking it ran out of budget.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_found_before_the_budget_ended_is_kept() {
    let gateway = Counting::start(welcome).await;
    let report = gateway_stage::judge(target(gateway.server.url(), 25), &options(&["GW-SUB-007"], 4))
        .await
        .expect("it runs");
    assert_eq!(of(&report, "GW-SUB-007")[0].outcome, Outcome::Fail, "{}", terminal::render(&report));
    assert!(gateway.submits() <= 25);
    assert_eq!(report.verdict, Verdict::Violations);
}

/// What was wrong once and right when the same was asked again may have been a bad moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_fluke_is_no_violation() {
    let hiccup = Arc::new(AtomicBool::new(false));
    let gateway = Counting::start(move |request, number| {
        let plain = request
            .json()
            .is_some_and(|body| body["input"].as_object().is_some_and(|input| input.len() == 1));
        match request.method.as_str() {
            "POST" if plain => welcome(request, number),
            "POST" if !hiccup.swap(true, Ordering::SeqCst) => refusal(503),
            "POST" => refusal(400),
            _ => welcome(request, number),
        }
    })
    .await;
    let report = gateway_stage::judge(target(gateway.server.url(), 1_000), &options(&["GW-SUB-007"], 4))
        .await
        .expect("it runs");
    let case = of(&report, "GW-SUB-007")[0];
    assert_eq!(case.outcome, Outcome::Inconclusive, "{}", terminal::render(&report));
    assert!(
        case.reason.as_ref().is_some_and(|reason| reason.contains("input 1 of seed 7")),
        "{:?}",
        case.reason
    );
    assert!(case.replay.contains("-i1-"), "it can be replayed: {}", case.replay);
}

/// A selected case gets the budget, however many come before it in the catalogue.
#[tokio::test(flavor = "multi_thread")]
async fn the_budget_goes_to_the_chosen_cases() {
    let gateway = Counting::start(welcome).await;
    let report = gateway_stage::judge(target(gateway.server.url(), 1), &options(&["GW-SUB-002"], 4))
        .await
        .expect("it runs");
    assert_eq!(of(&report, "GW-SUB-002")[0].outcome, Outcome::Pass, "{}", terminal::render(&report));
}

/// A gateway that limits the rate is asked again, and those tries are neither billed nor without end.
#[tokio::test(flavor = "multi_thread")]
async fn retries_after_429_cost_nothing_and_end() {
    let gateway = Counting::start(|request, number| match request.method.as_str() {
        "POST" => {
            let mut limited = refusal(429);
            limited.headers = Headers::from_iter([("retry-after", "0")]);
            limited
        }
        _ => welcome(request, number),
    })
    .await;
    let report = gateway_stage::judge(target(gateway.server.url(), 4), &options(&["GW-SUB-001"], 4))
        .await
        .expect("it runs");
    assert_eq!(report.verdict, Verdict::Undecided, "{}", terminal::render(&report));
    assert_eq!(report.traffic.map(|traffic| traffic.jobs), Some(0));
    assert!(gateway.submits() <= 4 * 6, "{} submits", gateway.submits());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cap_on_requests_holds_under_concurrency() {
    let gateway = Counting::start(|request, number| match request.method.as_str() {
        "POST" => refusal(400),
        _ => welcome(request, number),
    })
    .await;
    let capped = GatewayTarget { max_requests: Some(12), ..target(gateway.server.url(), 1_000) };
    let report = gateway_stage::judge(capped, &options(&[], 16)).await.expect("it runs");
    assert_eq!(gateway.requests(), 12);
    assert_ne!(report.verdict, Verdict::Conforms);
    let text = terminal::render(&report);
    assert!(text.contains("--max-requests"), "{text}");
    assert!(text.contains("Sent: 12 requests; 0 jobs of --spend 1000"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pace_is_kept_however_many_cases_ask() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&times);
    let gateway = Counting::start(move |request, number| {
        seen.lock().expect("no panic").push(Instant::now());
        if request.method == "POST" { refusal(400) } else { welcome(request, number) }
    })
    .await;
    let paced =
        GatewayTarget { rate: Some(50.0), max_requests: Some(20), ..target(gateway.server.url(), 1_000) };
    gateway_stage::judge(paced, &options(&[], 16)).await.expect("it runs");
    let times = times.lock().expect("no panic").clone();
    assert_eq!(times.len(), 20);
    // 19 pauses of 20 ms; the first may have been late, the last may not be early.
    let took = times[19].duration_since(times[0]);
    assert!(took >= Duration::from_millis(19 * 20 - 60), "20 requests within {took:?}");
}

/// After three missing answers in a row nobody asks any more, whoever was about to.
#[rstest]
#[case::one_at_a_time(1)]
#[case::many_at_once(8)]
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_dies_is_left_alone(#[case] jobs: usize) {
    let (dead, connections) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let listener = tokio::net::TcpListener::bind(LOOPBACK).await.expect("a free port");
    let address: SocketAddr = listener.local_addr().expect("it is bound");
    let (died, after) = (Arc::clone(&dead), Arc::clone(&connections));
    let server = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut served = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            if died.load(Ordering::SeqCst) {
                // Dropped at once: a connection without an answer.
                after.fetch_add(1, Ordering::SeqCst);
                continue;
            }
            let _ = stream.read(&mut [0; 8192]).await;
            let body = r#"{"code":404,"error":{"message":"task not found","type":"not_found"}}"#;
            let head = format!(
                "HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            served += 1;
            died.store(served == 3, Ordering::SeqCst);
        }
    });
    let report = gateway_stage::judge(target(format!("http://{address}"), 500), &options(&[], jobs))
        .await
        .expect("it runs");
    server.abort();
    let asked = connections.load(Ordering::SeqCst);
    assert!(asked >= 3, "{asked} connections after its death");
    // Those that were under way when the third went unanswered cannot be called back.
    assert!(asked <= 3 + jobs, "{asked} connections after its death");
    let text = terminal::render(&report);
    assert!(text.contains("no longer answers"), "{text}");
    assert_ne!(report.verdict, Verdict::Conforms);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_leads_nowhere() {
    let elsewhere = Counting::start(welcome).await;
    let location = format!("{}/api/generate/submit", elsewhere.server.url());
    let gateway = Counting::start(move |request, number| match request.method.as_str() {
        "POST" => {
            let headers = Headers::from_iter([("location", location.as_str())]);
            Response { status: 307, headers, ..refusal(307) }
        }
        _ => welcome(request, number),
    })
    .await;
    let report = gateway_stage::judge(target(gateway.server.url(), 4), &options(&["GW-SUB-001"], 4))
        .await
        .expect("it runs");
    assert_eq!(elsewhere.requests(), 0);
    assert_eq!(report.verdict, Verdict::Violations);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_witness_names_the_remedy() {
    let gateway = Counting::start(welcome).await;
    let report =
        gateway_stage::judge(target(gateway.server.url(), 1_000), &options(&["GW-CB-001", "GW-LV-001"], 4))
            .await
            .expect("it runs");
    assert_eq!(report.verdict, Verdict::NothingRan);
    for (id, remedy) in [("GW-CB-001", "--upstream"), ("GW-LV-001", "--advertise")] {
        for case in of(&report, id) {
            assert_eq!(case.outcome, Outcome::NotTestable);
            assert!(case.reason.as_ref().is_some_and(|reason| reason.contains(remedy)), "{:?}", case.reason);
        }
    }
    assert_eq!(gateway.submits(), 0);
}

/// A deployment: the reference gateway, and vendors that are none of the harness's.
struct Deployment {
    gateway: ReferenceGateway,
    _vendors: Standalone,
}

impl Deployment {
    async fn start(mutant: Option<Mutant<Gateway>>, ending: &str) -> Self {
        let vendors = Vendor::all()
            .map(|vendor| {
                let course = TaskPlan::Run {
                    ending: ending.to_owned(),
                    queue: Duration::from_millis(30),
                    work: Duration::from_millis(60),
                };
                let settings = AccountConfig { plan: course, ..AccountConfig::default() };
                (vendor, LOOPBACK, settings)
            })
            .collect();
        let setup = Setup {
            vendors,
            control: None,
            routes: Routes::default(),
            rules: Vec::new(),
            journal: Journal::open(),
        };
        let vendors = Standalone::start(setup).await.expect("the vendors start");
        let upstreams = vendors
            .mocks()
            .iter()
            .map(|mock| Upstream {
                vendor: mock.vendor(),
                root: mock.url(),
                key: Secret::new("operator-key-1234567890"),
            })
            .collect();
        let clients = vec![Secret::new(KEY), Secret::new("sk-another-key")];
        let setup =
            GatewaySetup { clients, upstreams, mutants: mutant.into_iter().collect(), variants: Vec::new() };
        let gateway = ReferenceGateway::start(setup, LOOPBACK).await.expect("the gateway starts");
        Self { gateway, _vendors: vendors }
    }

    /// Judges it with a receiver at an address of this machine.
    async fn judge(&self, only: &[&str], spend: u32) -> Report {
        let free = std::net::TcpListener::bind(LOOPBACK).and_then(|one| one.local_addr()).expect("a port");
        let live = Live { advertise: format!("http://{free}/hooks"), bind: free };
        self.judge_at(live, only, spend).await
    }

    async fn judge_at(&self, live: Live, only: &[&str], spend: u32) -> Report {
        let target = GatewayTarget { live: Some(live), ..target(self.gateway.url(), spend) };
        gateway_stage::judge(target, &options(only, 16)).await.expect("it runs")
    }
}

fn outcomes(report: &Report) -> Vec<(String, Outcome)> {
    report.cases.iter().map(|case| (case.name.clone(), case.outcome)).collect()
}

#[rstest]
#[case::good("succeeded")]
#[case::bad("moderated")]
#[tokio::test(flavor = "multi_thread")]
async fn live_jobs_are_followed_through_real_callbacks(#[case] ending: &str) {
    let deployment = Deployment::start(None, ending).await;
    let report = deployment.judge(&["GW-LV-*"], 10).await;
    assert!(
        outcomes(&report).iter().all(|(_, outcome)| *outcome == Outcome::Pass),
        "{}",
        terminal::render(&report)
    );
    assert_eq!(report.cases.len(), 9);
    assert_eq!(report.traffic.map(|traffic| traffic.jobs), Some(10));
    let called = |case: &ringback::report::CaseReport| case.transcript.iter().any(|one| one.leg == "inbox");
    assert!(report.cases.iter().all(called), "the callbacks are in the transcripts");
}

#[rstest]
#[case::dropped(mutants::CALLBACK_DROPPED, &["GW-LV-001", "GW-LV-003"])]
#[case::renamed(mutants::CALLBACK_FIELD_RENAMED, &["GW-LV-001", "GW-LV-003"])]
#[case::dropped_for_one(mutants::CALLBACK_DROPPED_FOR_VIDU, &["GW-LV-001"])]
#[case::never_follows(mutants::SUCCESS_STAYS_RUNNING, &["GW-LV-002"])]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_deployment_is_seen(#[case] mutant: Mutant<Gateway>, #[case] ids: &[&str]) {
    let deployment = Deployment::start(Some(mutant), "succeeded").await;
    let report = deployment.judge(&["GW-LV-*"], 10).await;
    let text = terminal::render(&report);
    for case in &report.cases {
        if case.outcome == Outcome::Fail {
            assert!(ids.contains(&case.requirement.as_str()), "{text}");
        }
    }
    for id in ids {
        assert!(of(&report, id).iter().any(|case| case.outcome == Outcome::Fail), "{id}: {text}");
    }
    assert_eq!(report.verdict, Verdict::Violations, "{text}");
}

/// A failure that is reported as success: only a job that fails shows it.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_that_is_shown_as_finished_is_seen() {
    let deployment = Deployment::start(Some(mutants::FAILURE_REPORTED_FINISHED), "moderated").await;
    let report = deployment.judge(&["GW-LV-002"], 4).await;
    assert!(report.cases.iter().all(|case| case.outcome == Outcome::Fail), "{}", terminal::render(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_leads_elsewhere_accuses_nobody() {
    let deployment = Deployment::start(None, "succeeded").await;
    let stranger = Counting::start(|_, _| Response::json(200, &json!({}))).await;
    let live = Live { advertise: stranger.server.url(), bind: LOOPBACK };
    let report = deployment.judge_at(live, &["GW-LV-001"], 4).await;
    assert_eq!(report.verdict, Verdict::NothingRan, "{}", terminal::render(&report));
    for case in &report.cases {
        let reason = case.reason.as_deref().unwrap_or_default();
        assert!(reason.contains("did not reach the inbox"), "{reason}");
    }
    assert_eq!(report.traffic.map(|traffic| traffic.jobs), Some(0), "no job was spent on it");
}

/// A job that takes longer than allowed is nobody's fault.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_does_not_end_is_undecided() {
    let gateway = Counting::start(|request, number| match request.method.as_str() {
        "POST" => welcome(request, number),
        _ => {
            let data =
                json!({"task_id": "task_1", "status": "running", "created_time": "2026-06-14T10:30:00"});
            Response::json(200, &json!({"code": 200, "data": data}))
        }
    })
    .await;
    let free = std::net::TcpListener::bind(LOOPBACK).and_then(|one| one.local_addr()).expect("a port");
    let mut slow = target(gateway.server.url(), 4);
    slow.live = Some(Live { advertise: format!("http://{free}"), bind: free });
    slow.timeouts.finish = Duration::from_millis(500);
    let report = gateway_stage::judge(slow, &options(&["GW-LV-001"], 4)).await.expect("it runs");
    assert_eq!(report.verdict, Verdict::Undecided, "{}", terminal::render(&report));
    let value: Value = serde_json::to_value(&report).expect("JSON");
    assert!(value["cases"][0]["reason"].as_str().is_some_and(|reason| reason.contains("--finish")));
}
