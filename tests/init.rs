//! Is the `ringback.toml` that `ringback init` writes complete, true, and never in anybody's way?

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes its expectations so")]

mod command;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use ringback::config::gateway::GatewayFlags;
use ringback::config::mock::MockSettings;
use ringback::config::receiver::ReceiverFlags;
use ringback::config::{Environment, Secrets, Sources};
use rstest::rstest;
use snapbox::assert_data_eq;
use snapbox::str;
use toml::{Table, Value};

use command::command;

fn ringback(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(folder, arguments, variables).output().expect("the binary runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// What `ringback init` prints for a subject, or for none.
fn starter(subject: Option<&str>) -> String {
    let arguments: Vec<&str> = ["init", "--print"].into_iter().chain(subject).collect();
    let output = ringback(folder().path(), &arguments, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

/// The text with its settings set: all, or those whose values are defaults.
fn uncommented(text: &str, examples: bool) -> String {
    let mut set = String::new();
    let mut is_example = false;
    for line in text.lines() {
        match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => {
                if examples || !is_example {
                    set.push_str(setting);
                    set.push('\n');
                }
            }
            Some(comment) => is_example = comment.contains("(an example)"),
            None => {
                set.push_str(line);
                set.push('\n');
            }
        }
    }
    set
}

/// All keys of a table as `section.key`; those of inline tables are a user's.
fn keys(table: &Table) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (section, value) in table {
        let settings = match value {
            Value::Table(settings) => settings,
            Value::Array(blocks) => blocks.first().and_then(Value::as_table).expect("a block"),
            _ => panic!("{section} stands outside of a section"),
        };
        for (key, value) in settings {
            if let (true, Value::Table(knobs)) = (section == "gateway" && key == "knobs", value) {
                all.extend(knobs.keys().map(|knob| format!("gateway.knobs.{knob}")));
            } else {
                all.insert(format!("{section}.{key}"));
            }
        }
    }
    all
}

/// The names that the command says there are, when a file has one that is like none of them.
fn taken(file: &str) -> Vec<String> {
    let folder = folder();
    std::fs::write(folder.path().join("ringback.toml"), file).expect("it can be written");
    let said = stderr(&ringback(folder.path(), &["test", "gateway"], &[]));
    let (_, names) = said.trim_end().split_once("; there are ").unwrap_or_else(|| panic!("{said}"));
    names.split(", ").map(str::to_owned).collect()
}

/// Asked of the command itself, so that a setting which somebody adds has to be added here.
#[test]
fn every_setting_that_is_taken_is_in_it_once_and_none_that_is_not() {
    let mut wanted = BTreeSet::new();
    for section in taken("qqqqqqqqqqqqqqqq = 1\n") {
        let head = if section == "expect" { "[[expect]]".to_owned() } else { format!("[{section}]") };
        for key in taken(&format!("{head}\nqqqqqqqqqqqqqqqq = 1\n")) {
            if (section.as_str(), key.as_str()) == ("gateway", "knobs") {
                let knobs = taken("[gateway.knobs]\nqqqqqqqqqqqqqqqq = \"1\"\n");
                wanted.extend(knobs.iter().map(|knob| format!("gateway.knobs.{knob}")));
            } else {
                wanted.insert(format!("{section}.{key}"));
            }
        }
    }
    // A key that stands twice is no TOML.
    let written: Table = uncommented(&starter(None), true).parse().expect("it is TOML with everything set");
    assert_eq!(keys(&written), wanted);
    assert!(wanted.contains("gateway.exec") && wanted.contains("gateway.knobs.settle"), "{wanted:?}");
}

#[rstest]
#[case::gateway("gateway", &["[gateway]", "[gateway.knobs]", "[run]", "[output]", "[patience]"])]
#[case::receiver("receiver", &["[receiver]", "[run]", "[output]", "[patience]"])]
fn a_subject_gets_its_own_sections(#[case] subject: &str, #[case] sections: &[&str]) {
    let text = starter(Some(subject));
    let found: Vec<&str> = text.lines().filter(|line| line.starts_with('[')).collect();
    assert_eq!(found, sections);
}

fn written(text: &str) -> (tempfile::TempDir, Option<std::path::PathBuf>) {
    let folder = folder();
    let path = folder.path().join("some.toml");
    std::fs::write(&path, text).expect("it can be written");
    (folder, Some(path))
}

/// What is called a default is what is so without it: for everything that a run is made from.
#[rstest]
#[case::as_it_is(false)]
#[case::with_its_defaults_set(true)]
fn it_changes_nothing(#[case] set: bool) {
    let text = starter(None);
    let text = if set { uncommented(&text, false) } else { text };
    assert_eq!(set, text.contains("\nseed = 7"), "{text}");
    let resolved = |text: &str| {
        let (_folder, config) = written(text);
        let sources = Sources::read(config.as_deref(), Environment::default()).expect("it can be read");
        let gateway = sources.gateway(GatewayFlags::default(), Secrets::default());
        let receiver = sources.receiver(ReceiverFlags::default(), &Secrets::default());
        let mocks = sources.mocks(MockSettings::default());
        format!(
            "{:#?}\n{:#?}\n{:#?}",
            gateway.expect("a gateway"),
            receiver.expect("a receiver"),
            mocks.expect("mocks")
        )
    };
    assert_eq!(resolved(&text), resolved(""));
}

#[test]
fn a_run_with_all_defaults_set_prints_the_same() {
    let printed = |file: &str| {
        let folder = folder();
        std::fs::write(folder.path().join("ringback.toml"), file).expect("it can be written");
        let output = ringback(folder.path(), &["test", "gateway", "--only", "GW-SUB-002"], &[]);
        assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
        // All but the time it took.
        stdout(&output).lines().filter(|line| !line.starts_with("Judged:")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(printed(&uncommented(&starter(Some("gateway")), false)), printed(""));
}

#[test]
fn it_is_written_once_and_replaces_only_what_it_may() {
    let folder = folder();
    let path = folder.path().join("ringback.toml");
    let first = ringback(folder.path(), &["init", "gateway"], &[]);
    assert_eq!(first.status.code(), Some(0));
    assert_data_eq!(
        stdout(&first),
        str![[r#"
wrote ringback.toml; set in it what you need, and see with `ringback doctor` what comes of it

"#]]
    );
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), starter(Some("gateway")));
    std::fs::write(&path, "[run]\nseed = 8\n").expect("it can be written");
    let again = ringback(folder.path(), &["init"], &[]);
    assert_eq!(again.status.code(), Some(2));
    assert_data_eq!(
        stderr(&again),
        "ringback: ringback.toml is there already; --force replaces it, --print shows what would be written\n"
    );
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "[run]\nseed = 8\n");
    assert_eq!(ringback(folder.path(), &["init", "--force"], &[]).status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), starter(None));
}

#[rstest]
#[case::flag(&["init", "--config", "mine.toml"], &[], "mine.toml")]
#[case::variable(&["init"], &[("RINGBACK_CONFIG", "mine.toml")], "mine.toml")]
#[case::usual(&["init"], &[], "ringback.toml")]
fn it_is_written_where_the_others_read(
    #[case] arguments: &[&str],
    #[case] variables: &[(&str, &str)],
    #[case] wanted: &str,
) {
    let folder = folder();
    let output = ringback(folder.path(), arguments, variables);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let names = std::fs::read_dir(folder.path()).expect("a folder").flatten().map(|entry| entry.file_name());
    assert_eq!(names.collect::<Vec<_>>(), [wanted]);
}

#[test]
fn a_place_that_cannot_be_written_is_one_sentence_and_exit_2() {
    let output = ringback(folder().path(), &["init", "--config", "absent/ringback.toml"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert_data_eq!(
        stderr(&output),
        "ringback: cannot write absent/ringback.toml: No such file or directory (os error 2)\n"
    );
}
