//! Is a report of an earlier edition still read, rendered and merged as it was meant? The files below `tests/compat/` were
//! written by released versions and never change.

use std::fs;
use std::path::{Path, PathBuf};

use ringback::catalogue;
use ringback::report::format::FORMATS;
use ringback::report::stored;
use ringback::report::{Report, Verdict};
use ringback::schema::{Schema, violations};
use rstest::rstest;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/first-edition")
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn read(name: &str) -> Report {
    stored::read(name, &text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every member of `old` is in `new` with the same meaning; `new` may say more.
fn assert_keeps(old: &Value, new: &Value, at: &str) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                let kept = new.get(key).unwrap_or_else(|| panic!("{at}/{key} is lost"));
                assert_keeps(value, kept, &format!("{at}/{key}"));
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            assert_eq!(old.len(), new.len(), "{at}");
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                assert_keeps(old, new, &format!("{at}/{index}"));
            }
        }
        (old, new) => assert_eq!(old, new, "{at}"),
    }
}

#[rstest]
#[case::gateway("gateway-violations.json", Verdict::Violations, 1)]
#[case::receiver("receiver-violations.json", Verdict::Violations, 6)]
#[case::expectations("gateway-expectations.json", Verdict::Violations, 1)]
#[case::one_shard("gateway-shard-1.json", Verdict::Conforms, 0)]
fn a_report_of_the_first_edition_is_read_as_it_was_meant(
    #[case] name: &str,
    #[case] verdict: Verdict,
    #[case] failures: usize,
) {
    let report = read(name);
    assert_eq!((report.verdict, report.counts.fail), (verdict, failures), "{name}");
    let old: Value = serde_json::from_str(&text(name)).expect("JSON");
    let new = serde_json::to_value(&report).expect("a report is JSON");
    assert_keeps(&old, &new, name);
    assert_eq!(violations(Schema::Report, &new), [], "{name}");
}

#[rstest]
#[case::gateway("gateway-violations.json")]
#[case::receiver("receiver-violations.json")]
#[case::expectations("gateway-expectations.json")]
#[case::one_shard("gateway-shard-1.json")]
fn every_format_renders_a_report_of_the_first_edition(#[case] name: &str) {
    let report = read(name);
    let failed = report.cases.iter().find(|case| case.outcome.word() == "fail");
    for format in FORMATS {
        let rendered = (format.render)(&report, catalogue::by_id);
        assert!(!rendered.is_empty(), "{name} as {}", format.name);
        // A badge has room for a verdict only; a page carries its cases compressed.
        let names_cases = !["badge", "html"].contains(&format.name);
        if let Some(case) = failed.filter(|case| names_cases && !case.is_expected()) {
            assert!(rendered.contains(&case.requirement), "{name} as {} hides {}", format.name, case.name);
        }
    }
}

#[test]
fn shards_of_the_first_edition_make_one_whole_report() {
    let parts = ["gateway-shard-1.json", "gateway-shard-2.json"].map(|name| (name.to_owned(), read(name)));
    let cases = parts.iter().map(|(_, part)| part.cases.len()).sum::<usize>();
    let whole = stored::merged(parts.into()).expect("they belong together");
    assert_eq!((whole.cases.len(), whole.verdict), (cases, Verdict::Conforms));
    assert!(whole.complete);
}
