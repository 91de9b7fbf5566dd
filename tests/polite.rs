//! Is a receiver that is not ours treated politely? Pace, cap and breaker hold for everything that is sent,
//! and what must arrive together still does.

use std::time::{Duration, Instant};

use ringback::config::receiver::{ReceiverFlags, ReceiverSettings};
use ringback::config::{Secrets, Sources};
use ringback::receiver::stage as receiver_stage;
use ringback::receiver::target::{ReceiverReach, ReceiverTarget, ReceiverTimeouts};
use ringback::report::{Report, Verdict};
use ringback::run::guard::{Breaker, Limits};
use ringback::run::outcome::Outcome;
use ringback::run::plan::Selection;
use ringback::run::session::RunOptions;
use ringback_mocks::vendor::Vendor;
use ringback_reference::receiver::defect::Defect;
use rstest::rstest;

async fn judged(target: ReceiverTarget, only: &[&str]) -> Report {
    let only = only.iter().map(ToString::to_string).collect();
    let options =
        RunOptions { selection: Selection { only, ..Selection::default() }, ..RunOptions::default() };
    receiver_stage::judge(target, &options).await.expect("a report")
}

fn limited(defect: Option<Defect>, limits: Limits) -> ReceiverTarget {
    let vendors = vec![Vendor::named("kling").expect("the registry has it")];
    ReceiverTarget { limits, vendors, ..ReceiverTarget::embedded(defect) }
}

fn sent(report: &Report) -> u64 {
    report.traffic.expect("traffic is counted").requests
}

#[rstest]
#[case::elsewhere("https://me.example.com/hook", Some(20.0), Some(20_000), Breaker::Stays)]
#[case::here("http://127.0.0.1:1/hook", None, None, Breaker::Never)]
fn what_is_not_ours_is_not_hurried(
    #[case] url: &str,
    #[case] rate: Option<f64>,
    #[case] most: Option<u64>,
    #[case] breaker: Breaker,
) {
    let receiver = ReceiverSettings {
        url: Some(url.to_owned()),
        vendors: vec!["doubao".to_owned()],
        ..ReceiverSettings::default()
    };
    let flags = ReceiverFlags { receiver, ..ReceiverFlags::default() };
    let (target, _) = Sources::default().receiver(flags, &Secrets::default()).expect("it is complete");
    assert_eq!(target.limits.rate, rate);
    assert_eq!(target.limits.max_requests, most);
    assert_eq!(target.limits.breaker, breaker);
}

#[tokio::test]
async fn no_more_is_sent_than_the_cap_allows() {
    let limits = Limits { max_requests: Some(40), ..Limits::default() };
    let report = judged(limited(None, limits), &["RX-ACK-*"]).await;
    assert_eq!(sent(&report), 40);
    assert_eq!(report.verdict, Verdict::Undecided);
    let told = |reason: &Option<String>| reason.as_ref().is_some_and(|why| why.contains("--max-requests"));
    let stopped = report.cases.iter().filter(|case| case.outcome == Outcome::Inconclusive);
    assert!(stopped.clone().count() > 0);
    assert!(stopped.clone().all(|case| told(&case.reason)), "{:#?}", stopped.collect::<Vec<_>>());
    assert_eq!(report.counts.fail, 0, "what was not sent accuses nobody");
}

#[tokio::test]
async fn the_pace_is_kept() {
    let rate = 100.0;
    let began = Instant::now();
    let report =
        judged(limited(None, Limits { rate: Some(rate), ..Limits::default() }), &["RX-ACK-001"]).await;
    assert_eq!(report.verdict, Verdict::Conforms);
    let gaps = f64::from(u32::try_from(sent(&report) - 1).expect("a few"));
    assert!(began.elapsed() >= Duration::from_secs_f64(gaps / rate), "{gaps} in {:?}", began.elapsed());
}

/// Copies that must arrive at the same moment do, however slow the pace; so what only fails then is caught.
#[tokio::test]
async fn what_goes_together_is_not_spread_out() {
    let limits = Limits { rate: Some(60.0), ..Limits::default() };
    let report = judged(limited(Some(Defect::CheckThenAct), limits), &["RX-IDEM-007"]).await;
    assert_eq!(report.verdict, Verdict::Violations, "{:#?}", report.cases);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_left_alone() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let hook = format!("http://{}/hook", free.expect("a free port"));
    let vendor = Vendor::named("doubao").expect("the registry has it");
    let target = ReceiverTarget {
        reach: ReceiverReach::Url {
            hooks: vec![(vendor, hook)],
            secrets: Vec::new(),
            gateway: None,
            key: None,
        },
        vendors: vec![vendor],
        limits: Limits { breaker: Breaker::Stays, ..Limits::default() },
        timeouts: ReceiverTimeouts::LOCAL,
        ..ReceiverTarget::embedded(None)
    };
    let report = judged(target, &[]).await;
    assert!(report.cases.len() > 20);
    assert!(sent(&report) <= 8, "{} were sent to nobody", sent(&report));
    assert_eq!(report.counts.pass, 0);
    assert_ne!(report.verdict, Verdict::Conforms);
}
