//! Is the report what it promises: valid against its schema, without secrets, with honest counts?

use proptest::prelude::*;
use ringback::gateway::stage as gateway_stage;
use ringback::gateway::target::GatewayTarget;
use ringback::receiver::stage as receiver_stage;
use ringback::receiver::target::ReceiverTarget;
use ringback::report::format::FORMATS;
use ringback::report::{Report, Verdict, terminal};
use ringback::run::excerpt::quoted;
use ringback::run::outcome::Outcome;
use ringback::run::plan::Selection;
use ringback::run::session::RunOptions;
use ringback::schema::{Schema, violations};
use ringback_mocks::wire::Secret;
use ringback_reference::deviation::Mutant;
use ringback_reference::gateway as reference;
use ringback_reference::receiver::mutants;
use rstest::rstest;

async fn judged(mutant: Option<Mutant<reference::Gateway>>, only: &[&str]) -> Report {
    let selection =
        Selection { only: only.iter().map(ToString::to_string).collect(), ..Selection::default() };
    let options = RunOptions { selection, ..RunOptions::default() };
    gateway_stage::judge(GatewayTarget::embedded(mutant.as_slice()), &options)
        .await
        .expect("the reference can be judged")
}

#[rstest]
#[case::conforming(None, Verdict::Conforms)]
#[case::violating(Some(reference::mutants::ESCAPES_DECODED), Verdict::Violations)]
#[case::warning(Some(reference::mutants::ERROR_TYPE_ODD), Verdict::Conforms)]
#[case::undecidable_parts(Some(reference::mutants::CALLBACK_DROPPED), Verdict::Violations)]
#[tokio::test]
async fn the_json_report_keeps_its_schema(
    #[case] mutant: Option<Mutant<reference::Gateway>>,
    #[case] verdict: Verdict,
) {
    let report = judged(mutant, &[]).await;
    assert_eq!(report.verdict, verdict, "{}", terminal::render(&report));
    let value = serde_json::to_value(&report).expect("a report is JSON");
    let wrong = violations(Schema::Report, &value);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn counts_add_up_and_evidence_points_into_the_transcript() {
    let report = judged(Some(reference::mutants::CALLBACK_DROPPED), &[]).await;
    let sum: usize = Outcome::ALL.iter().map(|outcome| report.counts.get(*outcome)).sum();
    assert_eq!(sum, report.cases.len());
    assert!(report.counts.not_testable > 0, "dependents of a dropped callback cannot be judged");
    for case in report.cases.iter().filter(|case| case.outcome == Outcome::Fail) {
        for finding in &case.findings {
            let at = finding.evidence.expect("a finding has evidence");
            assert!(at < case.transcript.len(), "{} points to {at}", case.name);
            assert!(finding.curl.as_ref().is_some_and(|line| line.starts_with("curl ")), "{}", case.name);
        }
    }
}

#[tokio::test]
async fn no_secret_leaves() {
    // This mutant sends the client's key to the vendor, so the key is in the evidence.
    let options = RunOptions::default();
    let target = GatewayTarget::embedded(&[reference::mutants::CLIENT_KEY_FORWARDED]);
    let session = gateway_stage::open(target, &options).await.expect("the reference starts");
    let secrets = session.stage.subject.secrets().to_vec();
    assert!(secrets.len() >= 6, "two clients and four vendors");
    let report = session.judge().await;
    assert!(report.counts.fail > 0);
    nowhere(&report, &secrets);
}

#[tokio::test]
async fn no_secret_of_a_receiver_leaves() {
    let target = ReceiverTarget::embedded(&[mutants::UNSIGNED_ACCEPTED]);
    let session = receiver_stage::open(target, &RunOptions::default()).await.expect("the reference starts");
    let secrets = session.stage.subject.masked().to_vec();
    assert!(secrets.len() >= 3, "two that sign, and the key for the gateway");
    let report = session.judge().await;
    assert!(report.counts.fail > 0);
    nowhere(&report, &secrets);
}

/// No format of a report holds a secret, nor what base64 makes of one.
fn nowhere(report: &Report, secrets: &[(String, Secret)]) {
    for format in FORMATS {
        let text = (format.render)(report, ringback::catalogue::by_id);
        for (name, secret) in secrets {
            let value = secret.expose();
            assert!(value.len() > 8, "{name} is long enough to be told from other text");
            assert!(!text.contains(value), "{name} is in the {} report", format.name);
            let encoded = data_encoding::BASE64_NOPAD.encode(value.as_bytes());
            let core = &encoded[..value.len() * 8 / 6];
            assert!(!text.contains(core), "{name} is in the {} report, as base64", format.name);
        }
    }
}

#[tokio::test]
async fn a_generated_violation_is_shrunk_and_names_its_seed() {
    let report = judged(Some(reference::mutants::ESCAPES_UPPERCASED), &["GW-PASS-010"]).await;
    let case = report.cases.iter().find(|case| case.outcome == Outcome::Fail).expect("it is caught");
    let finding = &case.findings[0];
    assert!(finding.actual.contains("of seed 7"), "{}", finding.actual);
    // Everything that is not the fault has been removed.
    let expected = &finding.expected[0];
    assert!(!expected.contains('#') && !expected.contains(":8443"), "not minimal: {expected}");
    assert!(expected.contains("%2f"), "{expected}");
}

/// What a subject says is shown, and cannot forge a line, steer a terminal or run in a shell.
#[tokio::test]
async fn a_subjects_words_stay_words() {
    let mut report = judged(Some(reference::mutants::CALLBACK_DROPPED), &["GW-CB-001"]).await;
    let case = report.cases.iter_mut().find(|case| case.outcome == Outcome::Fail).expect("it is caught");
    case.findings[0].actual = "\u{1b}[2Jno\nVerdict: CONFORMS (exit code 0)".to_owned();
    let text = terminal::render(&report);
    assert!(!text.contains('\u{1b}'));
    assert_eq!(text.lines().filter(|line| line.starts_with("Verdict:")).count(), 1, "{text}");
    let curl =
        report.cases.iter().flat_map(|case| &case.findings).filter_map(|finding| finding.curl.as_deref());
    for line in curl {
        assert!(line.contains("\"$GATEWAY\"'/api/generate/submit'"), "the target is quoted: {line}");
    }
}

proptest! {
    /// Whatever a subject chose, a shell reads it as one word, and people read its escapes as they were sent.
    #[test]
    fn quoted_text_is_one_word(text in "[^\\x00]{0,40}") {
        let line = format!("curl {}", quoted(&text));
        prop_assert_eq!(shlex::split(&line), Some(vec!["curl".to_owned(), text.clone()]));
        prop_assert!(text.contains('\'') || line.contains(&text));
    }
}
