//! Every setting there is comes to one value, whether a flag says it, a variable or the file; and of what was said in
//! two places, the one above counts.

use std::fmt::Debug;

use clap::{Args, Parser};
use rstest::rstest;
use serde::de::DeserializeOwned;

use super::gateway::{GatewayFlags, GatewaySettings};
use super::mock::{MockFlags, MockSettings};
use super::receiver::{ReceiverFlags, ReceiverSettings};
use super::run::{OutputSettings, PatienceSettings, RunSettings};
use super::section::{Field, Section};
use super::{Environment, fields};

/// Flags without a command around them.
#[derive(Debug, Parser)]
struct Alone<F: Args> {
    #[command(flatten)]
    flags: F,
}

fn parsed<F: Args>(words: &[String]) -> F {
    let all = ["ringback".to_owned()].into_iter().chain(words.iter().cloned());
    Alone::<F>::try_parse_from(all).unwrap_or_else(|error| panic!("{words:?}: {error}")).flags
}

/// A value as flag and variable have it, and as the file has it. Most are texts.
fn sample(section: &str, key: &str) -> (&'static str, &'static str) {
    match (section, key) {
        (_, "spend" | "max_requests" | "seed" | "jobs" | "control" | "concurrent" | "per_minute") => {
            ("3", "3")
        }
        (_, "rate" | "speed") => ("2.5", "2.5"),
        (_, "strict" | "deep" | "quiet" | "verbose") => ("true", "true"),
        (_, "vendors" | "only" | "skip" | "report" | "allow_hosts") => ("one,two", r#"["one", "two"]"#),
        ("gateway" | "receiver", "upstream" | "models" | "knobs" | "hooks") => {
            ("one=1,two=2", r#"{ one = "1", two = "2" }"#)
        }
        ("mock", "ports") => ("kling=9201", "{ kling = 9201 }"),
        ("mock", "knobs") => ("ark.callback-retries=5s,5s", r#"{ "ark.callback-retries" = "5s,5s" }"#),
        ("mock", "rules") => ("prompt=a,b: stay", r#"["prompt=a,b: stay"]"#),
        ("mock", "bind") => ("127.0.0.2", r#""127.0.0.2""#),
        ("output", "format") => ("json", r#""json""#),
        _ => ("some", r#""some""#),
    }
}

/// What a flag says on a command line: a positional alone, a switch without a value.
fn words(field: &Field, is_positional: bool, text: &str) -> Vec<String> {
    let flag = format!("--{}", field.flag());
    match (is_positional, text) {
        (true, _) => vec![text.to_owned()],
        (false, "true") => vec![flag],
        (false, _) => vec![flag, text.to_owned()],
    }
}

fn compare<S: Section + DeserializeOwned + PartialEq + Debug>(
    section: &str,
    positional: &str,
    flags: impl Fn(&[String]) -> S,
) {
    assert!(fields().filter(|(of, _)| *of == section).count() == S::FIELDS.len());
    for field in S::FIELDS {
        let (text, value) = sample(section, field.key);
        let by_flag = flags(&words(field, field.key == positional, text));
        assert_ne!(by_flag, S::default(), "{section}.{} is not said", field.key);
        let environment = Environment::of([(field.variable(), text)]);
        let by_variable = S::of_environment(&environment).expect("it is a value");
        assert_eq!(by_variable, by_flag, "{}", field.variable());
        // A case to run again is of one moment, not of a file.
        if field.key != "replay" {
            let by_file: S = toml::from_str(&format!("{} = {value}\n", field.key))
                .unwrap_or_else(|error| panic!("{section}.{}: {error}", field.key));
            assert_eq!(by_file, by_flag, "{section}.{}", field.key);
        }
    }
}

#[test]
fn a_setting_has_one_value_whichever_way_it_is_said() {
    compare::<GatewaySettings>("gateway", "url", |words| parsed::<GatewayFlags>(words).gateway);
    compare::<PatienceSettings>("patience", "", |words| parsed::<GatewayFlags>(words).patience);
    compare::<ReceiverSettings>("receiver", "url", |words| parsed::<ReceiverFlags>(words).receiver);
    compare::<OutputSettings>("output", "", parsed);
    compare::<MockSettings>("mock", "vendors", |words| parsed::<MockFlags>(words).mock);
    compare::<RunSettings>("run", "", |words| {
        let GatewayFlags { run, snapshots, .. } = parsed(words);
        RunSettings { snapshots, ..run }
    });
}

fn gateway(text: &str) -> GatewaySettings {
    toml::from_str(text).expect("it is a section")
}

#[rstest]
#[case::value("spend = 3", "spend = 4", "spend = 3")]
#[case::nothing_above("", "spend = 4", "spend = 4")]
#[case::list(r#"vendors = ["vidu"]"#, r#"vendors = ["kling", "ark"]"#, r#"vendors = ["vidu"]"#)]
#[case::pairs_by_name(
    r#"models = { kling = "a" }"#,
    r#"models = { kling = "b", vidu = "c" }"#,
    r#"models = { kling = "a", vidu = "c" }"#
)]
#[case::other_way_to_name_a_subject(r#"exec = "a""#, r#"url = "b""#, r#"exec = "a""#)]
fn what_is_said_above_counts(#[case] above: &str, #[case] below: &str, #[case] merged: &str) {
    assert_eq!(gateway(above).over(gateway(below)), gateway(merged));
}

#[rstest]
#[case::off_above("quiet = false", "quiet = true", "quiet = false")]
#[case::off_silences_nothing("quiet = false", "verbose = true", "quiet = false\nverbose = true")]
#[case::the_other("quiet = true", "verbose = true", "quiet = true")]
fn of_two_switches_the_one_above_counts(#[case] above: &str, #[case] below: &str, #[case] merged: &str) {
    let output = |text: &str| toml::from_str::<OutputSettings>(text).expect("it is a section");
    assert_eq!(output(above).over(output(below)), output(merged));
}

/// A switch is off by the words for it, and a variable that is empty says nothing.
#[rstest]
#[case("1", Some(true))]
#[case("yes", Some(true))]
#[case("0", Some(false))]
#[case("False", Some(false))]
#[case("", None)]
fn a_switch_by_variable(#[case] value: &str, #[case] is_strict: Option<bool>) {
    let environment = Environment::of([("RINGBACK_STRICT", value)]);
    assert_eq!(environment.section::<RunSettings>().expect("any word is one").strict, is_strict);
}
