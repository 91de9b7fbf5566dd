//! Is the report for people readable where it is read: on a terminal, in a log, in a hurry, and against a hostile subject?

use std::path::Path;
use std::process::{Command, Output};

use proptest::{prop_assert, prop_assert_eq, proptest};
use ringback::report::style::{Detail, TerminalStyle};
use ringback::report::{Report, stored, terminal};
use ringback::run::outcome::Outcome;
use rstest::rstest;

use crate::command::command;

const EVERYTHING: &str = include_str!("../formats/everything.json");
/// Labels whose values are copied or compared, and so never wrapped.
const EXACT: [&str; 7] = ["evidence", "exchange", "sent", "answered", "repeat", "replay", "explain"];

fn everything() -> Report {
    stored::read("everything.json", EVERYTHING).expect("the fixture keeps the schema")
}

fn drawn(colour: bool, width: Option<usize>, detail: Detail) -> String {
    terminal::draw(&everything(), &TerminalStyle { colour, width, detail })
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[rstest]
fn colour_adds_nothing_but_colour(
    #[values(None, Some(60))] width: Option<usize>,
    #[values(Detail::Quiet, Detail::Usual, Detail::Verbose)] detail: Detail,
) {
    let (plain, coloured) = (drawn(false, width, detail), drawn(true, width, detail));
    assert!(!plain.contains('\u{1b}'), "{plain}");
    for word in ["FAIL", "WARN", "VIOLATIONS"] {
        assert!(coloured.lines().any(|line| line.contains('\u{1b}') && line.contains(word)), "{coloured}");
    }
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}

#[rstest]
fn prose_is_wrapped_and_commands_are_not(#[values(40, 60, 80, 120)] width: usize) {
    let (wide, narrow) = (drawn(false, None, Detail::Usual), drawn(false, Some(width), Detail::Usual));
    assert_eq!(words(&narrow), words(&wide), "wrapping changes no word");
    assert!(width == 120 || narrow.lines().count() > wide.lines().count(), "{narrow}");
    for line in narrow.lines().filter(|line| line.chars().count() > width) {
        let label = line.split_whitespace().next().unwrap_or_default();
        let one_word = words(line.trim_start_matches(label)).len() <= 1;
        assert!(EXACT.contains(&label) || one_word, "{} columns: {line}", line.chars().count());
    }
    for label in EXACT.iter().filter(|label| **label != "exchange") {
        let of = |text: &str| {
            text.lines()
                .filter(|line| line.trim_start().starts_with(label))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert!(!of(&wide).is_empty(), "the fixture has {label}");
        assert_eq!(of(&narrow), of(&wide));
    }
}

#[test]
fn quiet_names_what_is_wrong_and_nothing_else() {
    let text = drawn(false, None, Detail::Quiet);
    for case in everything().cases {
        let wrong = match case.outcome {
            Outcome::Fail => !case.is_expected(),
            Outcome::Pass => case.name.contains("healed"),
            Outcome::NotApplicable | Outcome::NotTestable => false,
            Outcome::Warn | Outcome::Inconclusive | Outcome::Error => true,
        };
        let lines = text.lines().filter(|line| line.contains(&format!("  {}  ", case.name))).count();
        assert_eq!(lines, usize::from(wrong), "{}\n{text}", case.name);
    }
    assert!(text.contains("STALE expectation"), "{text}");
    assert!(text.contains("10 cases: ") && text.contains("Judged: "), "the denominators stay: {text}");
    assert!(text.ends_with("Verdict: VIOLATIONS (exit code 1)\n"), "{text}");
}

#[test]
fn verbose_tells_of_every_case_and_exchange() {
    let (usual, verbose) = (drawn(false, None, Detail::Usual), drawn(false, None, Detail::Verbose));
    let mut exchanges = 0;
    for case in everything().cases {
        let line = format!("  {}  {}  {} ms", case.name, case.requirement, case.duration_ms);
        assert!(verbose.contains(&line), "{line}\n{verbose}");
        assert!(!usual.contains(&line));
        if matches!(case.outcome, Outcome::Fail | Outcome::Warn) && !case.is_expected() {
            exchanges += case.transcript.len();
        }
    }
    assert!(exchanges > 0);
    assert_eq!(verbose.matches("      exchange ").count(), exchanges);
}

proptest! {
    /// Whatever a subject or a stored report says, it colours nothing, forges no line and commands no log.
    #[test]
    fn hostile_text_stays_text(text in ".{0,30}", nasty in "[\\x00-\\x20\\x1b:#\\[\u{202e}\u{2066}]{0,40}", width in 20usize..100) {
        let said = format!("{nasty}::error::{text}##[error]\r\n::stop-commands::x");
        let mut report = everything();
        for case in &mut report.cases {
            case.name.push_str(&said);
            case.requirement.push_str(&said);
            case.sentence.clone_from(&said);
            case.reason = case.reason.take().map(|_| said.clone());
            for exchange in &mut case.transcript {
                exchange.request.target.clone_from(&said);
                exchange.request.method.clone_from(&said);
                if let Some(body) = &mut exchange.request.body {
                    body.text = Some(said.clone());
                }
            }
            for finding in &mut case.findings {
                finding.expected = vec![said.clone()];
                finding.actual.clone_from(&said);
                finding.pointer = Some(said.clone());
                finding.curl = Some(said.clone());
            }
        }
        report.expectations[1].pattern.clone_from(&said);
        for detail in [Detail::Quiet, Detail::Usual, Detail::Verbose] {
            // A log has no width, so it is there that no line may begin with a command.
            let text = terminal::draw(&report, &TerminalStyle { colour: false, width: None, detail });
            prop_assert!(!text.contains("##["), "{}", text);
            prop_assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{}", text);
            prop_assert!(!text.chars().any(|one| one.is_control() && one != '\n' || ('\u{2028}'..='\u{202e}').contains(&one)), "{}", text);
            let wrapped = terminal::draw(&report, &TerminalStyle { colour: false, width: Some(width), detail });
            prop_assert_eq!(words(&wrapped), words(&text));
        }
    }
}

fn ringback(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    beside_a_report(folder, arguments, variables).output().expect("the binary runs")
}

fn beside_a_report(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    std::fs::write(folder.join("stored.json"), EVERYTHING).expect("the report is written");
    command(folder, arguments, variables)
}

const SHOWN: [&str; 3] = ["report", "--from", "stored.json"];

#[rstest]
#[case::into_a_pipe(&[], &[], false)]
#[case::asked_for(&["--color", "always"], &[], true)]
#[case::asked_for_by_environment(&[], &[("RINGBACK_COLOR", "always")], true)]
#[case::the_flag_wins(&["--color", "never"], &[("RINGBACK_COLOR", "always")], false)]
#[case::forced_by_custom(&[], &[("CLICOLOR_FORCE", "1")], true)]
#[case::refused_by_custom(&[], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false)]
fn colour_is_for_those_who_want_it(
    #[case] arguments: &[&str],
    #[case] variables: &[(&str, &str)],
    #[case] coloured: bool,
) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = ringback(folder.path(), &[&SHOWN, arguments].concat(), variables);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout.contains(&0x1b), coloured);
}

#[rstest]
#[case::no_such_colour(&["--color", "sometimes"], "ringback: --color takes auto, always or never, not `sometimes`\n")]
fn a_look_that_is_none_is_refused(#[case] arguments: &[&str], #[case] message: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = ringback(folder.path(), &[&SHOWN, arguments].concat(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&output.stderr), message);
}

/// Of flags the last one counts, and a flag comes before a variable.
#[rstest]
#[case::flag(&["-q"], &[], Some(Detail::Quiet))]
#[case::variable(&[], &[("RINGBACK_VERBOSE", "1")], Some(Detail::Verbose))]
#[case::two_flags(&["-q", "-v"], &[], Some(Detail::Verbose))]
#[case::two_flags_turned(&["-v", "-q"], &[], Some(Detail::Quiet))]
#[case::flag_over_variable(&["-v"], &[("RINGBACK_QUIET", "1")], Some(Detail::Verbose))]
#[case::flag_over_variable_turned(&["-q"], &[("RINGBACK_VERBOSE", "1")], Some(Detail::Quiet))]
#[case::two_variables(&[], &[("RINGBACK_QUIET", "1"), ("RINGBACK_VERBOSE", "1")], None)]
fn how_much_is_told_is_said_once(
    #[case] arguments: &[&str],
    #[case] variables: &[(&str, &str)],
    #[case] detail: Option<Detail>,
) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = ringback(folder.path(), &[&SHOWN, arguments].concat(), variables);
    match detail {
        Some(detail) => {
            assert_eq!(String::from_utf8_lossy(&output.stdout), drawn(false, None, detail));
        }
        None => {
            assert_eq!(
                String::from_utf8_lossy(&output.stderr),
                "ringback: RINGBACK_QUIET and RINGBACK_VERBOSE are both set; unset one\n"
            );
            assert_eq!(output.status.code(), Some(2));
        }
    }
}

/// `[output]` says what the flags say, and a flag has the last word.
#[rstest]
#[case::as_the_file_says("quiet = true", &[], Detail::Quiet)]
#[case::the_flag_wins("quiet = true", &["--verbose"], Detail::Verbose)]
#[case::nothing_said("", &[], Detail::Usual)]
fn the_file_says_how_much_is_told(#[case] line: &str, #[case] arguments: &[&str], #[case] detail: Detail) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = format!("[output]\nreport = [\"json=run.json\"]\n{line}\n");
    std::fs::write(folder.path().join("ringback.toml"), file).expect("the file is written");
    let output =
        ringback(folder.path(), &[&["test", "gateway", "--only", "GW-CB-001"], arguments].concat(), &[]);
    let text = String::from_utf8_lossy(&output.stdout);
    let seen = match (text.starts_with("Judged the"), text.contains("\npass  ")) {
        (false, _) => Detail::Quiet,
        (true, false) => Detail::Usual,
        (true, true) => Detail::Verbose,
    };
    assert_eq!(seen, detail, "{text}");
    assert!(folder.path().join("run.json").exists(), "the file's reports are written");
}

#[cfg(unix)]
mod on_a_terminal {
    //! The same with a pseudo-terminal at both outputs.

    use std::fs::File;
    use std::io::Read as _;
    use std::path::Path;

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{Winsize, tcsetwinsize};

    use super::{SHOWN, beside_a_report};

    fn seen(folder: &Path, arguments: &[&str], variables: &[(&str, &str)], columns: u16) -> String {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("it is ours");
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&ours, size).expect("it has a size");
        let name = ptsname(&ours, Vec::new()).expect("it has a name");
        let theirs = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().expect("its name is text"))
            .expect("it opens");
        let mut running = beside_a_report(folder, arguments, variables)
            .stdout(theirs.try_clone().expect("a second end"))
            .stderr(theirs)
            .spawn()
            .expect("the binary runs");
        let mut bytes = Vec::new();
        // Its end is an error on Linux, once nobody has the other side open.
        let _ = File::from(ours).read_to_end(&mut bytes);
        running.wait().expect("it ends");
        String::from_utf8(bytes).expect("it is UTF-8")
    }

    #[test]
    fn it_is_coloured_and_as_wide_as_the_terminal() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = seen(folder.path(), &SHOWN, &[("TERM", "xterm")], 50);
        assert!(text.contains("\u{1b}["), "{text}");
        let plain = anstream::adapter::strip_str(&text).to_string();
        let foot: Vec<&str> = plain.lines().skip_while(|line| !line.starts_with("10 cases: ")).collect();
        assert!(foot.len() > 4 && foot.iter().all(|line| line.chars().count() <= 50), "{foot:?}");
    }

    #[test]
    fn no_color_is_respected() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = seen(folder.path(), &SHOWN, &[("TERM", "xterm"), ("NO_COLOR", "1")], 80);
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    /// The line is there while cases run, and gone before the report.
    #[test]
    fn a_run_shows_how_far_it_is() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = seen(folder.path(), &["test", "gateway"], &[("TERM", "xterm")], 100);
        let (live, report) = text.split_once("Judged").expect("a report");
        assert!(live.contains(" of 420 cases ended"), "{live:?}");
        assert!(!report.contains("cases ended"), "{report}");
        // Cleared: the last thing before the report is the sequence that erases the line.
        let cleared = live.rsplit('\r').next().unwrap_or_default();
        assert!(!anstream::adapter::strip_str(cleared).to_string().contains("ended"), "{cleared:?}");
    }

    #[test]
    fn quiet_shows_nothing_under_way() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = seen(folder.path(), &["test", "gateway", "--quiet"], &[("TERM", "xterm")], 100);
        assert!(text.starts_with("420 cases: "), "{text}");
    }
}
