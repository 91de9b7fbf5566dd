//! Are the payloads what was reviewed? Whole lives of jobs at each dialect: what the client was answered,
//! what the vendor received, and what the vendor posted back.

use std::path::Path;

use proptest::collection::vec;
use proptest::{prop_assert_eq, proptest};
use ringback::gateway::stage;
use ringback::gateway::target::GatewayTarget;
use ringback::report::ExchangeReport;
use ringback::run::session::RunOptions;
use ringback::snapshots::normalize::Normalizer;
use ringback::snapshots::{self, Taken, Update};
use ringback_mocks::vendor::Vendor;
use ringback_reference::deviation::{Mutant, Variant};
use ringback_reference::gateway::{Gateway, mutants, variants};
use rstest::rstest;
use serde_json::json;

/// Here insta keeps what was reviewed.
const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/reference");

async fn taken(target: GatewayTarget) -> Taken {
    let session = stage::open(target, &RunOptions::default()).await.expect("the reference starts");
    snapshots::take(&session.stage).await
}

#[tokio::test]
async fn payloads_are_as_reviewed() {
    let taken = taken(GatewayTarget::embedded(&[])).await;
    assert_eq!(taken.absent, []);
    let dialects: Vec<&str> = Vendor::all().flat_map(Vendor::dialects).map(|dialect| dialect.name).collect();
    assert_eq!(taken.dialects, dialects);
    for snapshot in taken.snapshots {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(format!("{REFERENCE}/{}", snapshot.dialect));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_description(snapshot.description);
        settings.bind(|| insta::assert_snapshot!(snapshot.name, snapshot.contents));
    }
}

/// What insta wrote, the library reads.
#[tokio::test]
async fn a_file_of_insta_is_a_file_of_ours() {
    let taken = taken(GatewayTarget::embedded(&[])).await;
    let review = snapshots::review(Path::new(REFERENCE), &taken, Update::No).expect("it can be read");
    assert!(review.is_accepted(), "{}", review.text());
}

/// A changed payload shows, and nothing else does.
#[rstest]
#[case::dropped(mutants::CALLBACK_DROPPED_FOR_VIDU, &["vidu"], &["callbacks", "upstream"])]
#[case::decoded(mutants::ESCAPES_DECODED, &[], &["callbacks", "upstream"])]
#[case::progress(mutants::PROGRESS_OVER_100, &[], &["client"])]
#[case::no_reason(mutants::FAILURE_WITHOUT_MESSAGE, &[], &["client"])]
#[case::goes_back(mutants::TERMINAL_FLAPS, &[], &["client"])]
#[case::goes_back_once(mutants::BACK_AT_THE_END, &[], &["client"])]
#[case::twice(mutants::CREATES_TWICE, &["vidu"], &["callbacks", "client", "upstream"])]
#[case::other_words(mutants::FOREIGN_STATUS_WORDS, &[], &["client"])]
#[case::vendors_id(mutants::STATUS_NAMES_OTHER_ID, &[], &["client"])]
#[case::other_zone(mutants::CREATED_TIME_MISSING, &[], &["client"])]
#[tokio::test]
async fn a_defect_changes_what_it_is_about(
    #[case] mutant: Mutant<Gateway>,
    #[case] dialects: &[&str],
    #[case] views: &[&str],
) {
    let taken = taken(GatewayTarget::embedded(&[mutant])).await;
    let review = snapshots::review(Path::new(REFERENCE), &taken, Update::No).expect("it can be read");
    let changed: Vec<&str> = review.changed().collect();
    assert!(!changed.is_empty(), "{}", mutant.name);
    for file in &changed {
        let (dialect, name) = file.split_once('/').expect("a folder and a file");
        let view = name.trim_start_matches("failed-").trim_end_matches(".snap");
        assert!(views.contains(&view), "{file}\n{}", review.text());
        assert!(
            dialects.is_empty() || mutant == mutants::CREATES_TWICE || dialects.contains(&dialect),
            "{file}"
        );
    }
    for view in views.iter().filter(|_| mutant != mutants::CREATES_TWICE) {
        assert!(changed.iter().any(|file| file.contains(view)), "{view}\n{}", review.text());
    }
    assert!(review.text().contains("cargo insta review"), "{}", review.text());
}

#[tokio::test]
async fn a_difference_can_be_read() {
    let mut target = GatewayTarget::embedded(&[mutants::ESCAPES_DECODED]);
    target.vendors = Vendor::named("vidu").into_iter().collect();
    let review = snapshots::review(Path::new(REFERENCE), &taken(target).await, Update::No).expect("readable");
    let text = review.text();
    assert!(
        text.contains("-  \"callback_url\": \"https://hooks.example.com/c/<job>?customer=42&sig=a%2Fb%3D\""),
        "{text}"
    );
    assert!(
        text.contains("+  \"callback_url\": \"https://hooks.example.com/c/<job>?customer=42&sig=a/b=\""),
        "{text}"
    );
}

/// Whatever is legal looks the same twice.
#[rstest]
#[tokio::test]
async fn an_oddity_does_not_flap(
    #[values(
        variants::ULID_IDS,
        variants::BARE_IDS,
        variants::UUID_IDS,
        variants::PUNCTUATED_IDS,
        variants::LONG_IDS,
        variants::EXTRA_FIELDS,
        variants::FRACTIONAL_TIMES,
        variants::QUEUES_CREATES,
        variants::LIMITS_THE_RATE,
        variants::LAGS_BEHIND,
        variants::SKIPS_RUNNING,
        variants::RUNS_AT_ONCE,
        variants::ESCAPED_JSON,
        variants::TAGS_UPSTREAM,
        variants::PROBES_UPSTREAM,
        variants::PRETTY_PRINTED
    )]
    variant: Variant<Gateway>,
) {
    let (first, second) =
        (taken(GatewayTarget::varied(&[variant])).await, taken(GatewayTarget::varied(&[variant])).await);
    assert_eq!(first.absent, []);
    for (one, other) in first.snapshots.iter().zip(&second.snapshots) {
        assert_eq!(one, other, "{}", snapshots::difference(&one.contents, &other.contents));
    }
    assert_eq!(first.snapshots.len(), second.snapshots.len());
}

#[tokio::test]
async fn a_dialect_that_is_not_offered_gives_nothing_and_is_named() {
    let taken = taken(GatewayTarget::embedded(&[mutants::REFUSES_VIDU])).await;
    let [(dialect, why)] = taken.absent.as_slice() else { panic!("{:?}", taken.absent) };
    assert_eq!(*dialect, "vidu");
    assert!(why.contains("was not accepted"), "{why}");
    let review = snapshots::review(Path::new(REFERENCE), &taken, Update::No).expect("it can be read");
    assert!(review.text().contains("GONE"), "{}", review.text());
    assert!(!review.is_accepted());
}

/// A gateway that offers no dialect has shown nothing, and nothing is not as reviewed.
#[test]
fn nothing_is_not_accepted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let absent = vec![("ark", "the submit was refused".to_owned())];
    let taken = Taken { absent, dialects: vec!["ark"], ..Taken::default() };
    for update in [Update::No, Update::Auto, Update::Always] {
        let review = snapshots::review(folder.path(), &taken, update).expect("it can be read");
        assert!(!review.is_accepted(), "{update:?}");
        assert!(review.text().contains("there is nothing to review"), "{}", review.text());
        assert!(review.text().contains("No snapshots of ark: the submit was refused"), "{}", review.text());
    }
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

proptest! {
    /// The same for whole exchanges, as text.
    #[test]
    fn an_exchange_in_words_is_stable(
        id in "[A-Z0-9]{8}[.:~_-][A-Z0-9]{4,30}",
        words in vec("(task_[a-zA-Z0-9]{20,32}|[0-9]{1,20}|rb[a-z0-9]{18}|[ -~é]{0,12})", 0..6),
    ) {
        let answer = json!({"task_id": id, "text": format!("{} {id}", words.join(" ")), "request_id": "r"});
        let exchange: ExchangeReport = serde_json::from_value(json!({
            "seq": 0, "leg": "client", "vendor": null, "at_ms": 0.0, "took_ms": 0.0,
            "request": {
                "method": "GET",
                "target": format!("/api/generate/status/{id}"),
                "headers": [["x-request-nonce", "n"]],
                "body": {"text": words.join(" ")},
            },
            "answer": {"status": 200, "headers": [], "body": {"text": answer.to_string()}},
        }))
        .expect("an exchange");
        let known = || Normalizer::knowing([(id.clone(), "task-id")]);
        let once = known().exchange(&exchange);
        assert!(!once.contains(&id));
        prop_assert_eq!(known().text(&once), once);
    }
}
