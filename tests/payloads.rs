//! Are the payloads what was reviewed? One job's whole life at each vendor: what the client was
//! answered, what the vendor received, and what the vendor posted back.

use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::{prop_assert_eq, proptest};
use ringback::bench::{Bench, Workbench as _};
use ringback::normalize::Normalizer;
use ringback::report::{ExchangeReport, Mask};
use ringback::session::Options;
use ringback::session::gateway::{self, GatewayStage};
use ringback::target::Target;
use ringback_mocks::jobs::Step;
use ringback_mocks::journal::{Exchange, Leg};
use ringback_mocks::vendor::{Phase, Vendor};
use rstest::rstest;
use serde_json::json;

/// Long enough for a loaded machine; the wait ends with the event.
const ARRIVES_WITHIN: Duration = Duration::from_secs(20);

#[rstest]
#[case::kling("kling")]
#[case::doubao("doubao")]
#[case::minimax("minimax")]
#[case::vidu("vidu")]
#[tokio::test]
async fn payloads_are_as_reviewed(#[case] vendor: &str) {
    let vendor = Vendor::named(vendor).expect("the registry has it");
    let session =
        gateway::open(Target::embedded(None), &Options::default()).await.expect("the reference starts");
    let exchanges = whole_life(&session.stage, vendor).await;
    let mask = Mask::new(session.stage.subject.secrets());
    let mut normalizer = Normalizer::new();
    let mut chapter = |wanted: &dyn Fn(&Exchange) -> bool| {
        let chosen = exchanges.iter().filter(|exchange| wanted(exchange));
        let texts: Vec<String> =
            chosen.map(|exchange| normalizer.exchange(&ExchangeReport::new(exchange, &mask))).collect();
        texts.join("\n\n")
    };
    // In this order, because ids are numbered by first appearance.
    let client = chapter(&|exchange| exchange.leg == Leg::Client);
    let upstream = chapter(&|exchange| matches!(exchange.leg, Leg::Upstream(_)));
    let callbacks = chapter(&|exchange| matches!(exchange.leg, Leg::Callback(_)));

    let mut settings = insta::Settings::clone_current();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/reference");
    settings.set_snapshot_path(format!("{folder}/{}", vendor.main_dialect().name));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let described = |text: &str| format!("{}: {text}", vendor.title());
    settings.set_description(described("what the client was answered (GW-SUB-002, GW-ST-001, GW-ST-002)"));
    settings.bind(|| insta::assert_snapshot!("client", client));
    settings.set_description(described("what the gateway sent upstream (GW-CB-001, GW-UP-002)"));
    settings.bind(|| insta::assert_snapshot!("upstream", upstream));
    settings.set_description(described("what the vendor posted to the callback_url"));
    settings.bind(|| insta::assert_snapshot!("callbacks", callbacks));
}

proptest! {
    /// Normalising twice changes nothing: a snapshot that is read again stays what it is.
    #[test]
    fn normalising_is_idempotent(
        words in vec("(task_[a-zA-Z0-9]{20,32}|cgt-[0-9]{14}-[a-z0-9]{5}|[0-9]{1,20}|rb[a-z0-9]{18}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[ -~é]{0,12})", 0..8),
        seconds in 0_i64..2_000_000_000,
    ) {
        let body = json!({"text": words.join(" "), "words": words, "file_id": 205_258_526_306_433_u64,
            "created_at": seconds, "created_time": "2026-06-14T10:30:00"});
        let once = Normalizer::new().value(&body);
        prop_assert_eq!(Normalizer::new().value(&once), once);
    }
}

/// Submits a job with a callback URL and follows it to its good end.
async fn whole_life(stage: &GatewayStage, vendor: Vendor) -> Vec<Arc<Exchange>> {
    let bench = Bench::new(
        Arc::clone(&stage.target),
        Arc::clone(&stage.subject),
        Arc::clone(&stage.world),
        vendor,
        stage.seed,
    );
    let job = bench.job();
    let token = job.token.clone();
    let url = format!("{}?customer=42", Bench::hook(&token));
    let job = job.callback(url);
    let accepted = bench.accept(&job).await.expect("the job is accepted");
    let ending = vendor.main_dialect().ending("succeeded").expect("every dialect has a good end");
    bench.status(&accepted).await.expect("the status is answered");
    for step in [Step::To(Phase::Running), Step::End(ending)] {
        bench.advance(&job, step).await.expect("the vendor goes on");
        bench.status(&accepted).await.expect("the status is answered");
    }
    let posted = |all: &[Arc<Exchange>]| {
        let last = all.iter().rfind(|one| matches!(one.leg, Leg::Callback(_)))?;
        let word = vendor.main_dialect().word(Phase::Succeeded).callback?;
        String::from_utf8_lossy(&last.request.body).contains(word).then_some(())
    };
    stage.world.journal.wait(&token, ARRIVES_WITHIN, posted).await.expect("the last callback arrives");
    bench.records().exchanges
}
