//! What inputs may not do: run anything, become a flag, or speak to the runner. A pull request can choose them.

use rstest::rstest;

use super::action::act;
use super::workspace::{Workspace, stdout};

const HOSTILE: &[&str] = &[
    "$(touch hacked)",
    "`touch hacked`",
    "x\"; touch hacked; \"",
    "x'; touch hacked; '",
    "x\ntouch hacked",
    "--report=json=hacked",
    "--help",
    "\n::set-env name=X::y",
    "x%0A::error::hacked",
];

/// A tool that writes down its arguments instead of judging.
const WITNESS: &str = "[ \"$1\" = report ] || printf '%s\\0' \"$@\" >\"$SERVICE/arguments\"; exit 3";

#[rstest]
fn no_input_runs_anything(
    #[values("SUBJECT", "URL", "ARGS", "STRICT", "REPORT", "BINARY")] name: &str,
    #[values(0, 1, 2, 3, 4, 5, 6, 7, 8)] number: usize,
) {
    let workspace = Workspace::new();
    workspace.program("ringback", "exit 3");
    let variable = format!("INPUT_{name}");
    // Of two with one name the last counts.
    let inputs = [("INPUT_SUBJECT", "gateway"), (variable.as_str(), HOSTILE[number])];
    let output = act(&workspace, &inputs, &[]);
    assert_ne!(output.status.code(), Some(0), "{}", stdout(&output));
    let names = workspace.names();
    assert!(!names.iter().any(|name| name == "hacked"), "{names:?}");
    let spoken = stdout(&output);
    assert!(spoken.lines().filter(|line| line.starts_with("::")).count() <= 1, "{spoken}");
    assert!(
        spoken.lines().all(|line| !line.starts_with("::") || line.starts_with("::error title=Ringback::"))
    );
    let outputs = workspace.kept("outputs");
    assert_eq!(outputs.lines().count(), 3, "{outputs}");
}

/// Each input is one word of the command, whatever it holds; only args are several, one a line.
#[test]
fn inputs_arrive_as_written() {
    let workspace = Workspace::new();
    workspace.program("ringback", WITNESS);
    let service = workspace.service_path("");
    let inputs = [
        ("INPUT_SUBJECT", "receiver"),
        ("INPUT_EXEC", "run 'it' \"now\" $HOME\n second line"),
        ("INPUT_URL", "--strict"),
        ("INPUT_ARGS", "--only\nRX-*\n  spaced out  \n\n'quoted' \"words\" $(touch hacked)\n"),
        ("INPUT_STRICT", "true"),
        ("INPUT_REPORT", "a folder"),
    ];
    act(&workspace, &inputs, &[("SERVICE", service.to_str().expect("a path in UTF-8"))]);
    let seen = workspace.kept("arguments");
    let seen: Vec<&str> = seen.split_terminator('\0').collect();
    let reports = "--report=json=a folder/report.json,junit=a folder/junit.xml,sarif=a folder/ringback.sarif,md=a folder/summary.md";
    assert_eq!(
        seen,
        [
            "test",
            "receiver",
            "--strict",
            reports,
            "--exec=run 'it' \"now\" $HOME\n second line",
            "--only",
            "RX-*",
            "  spaced out  ",
            "'quoted' \"words\" $(touch hacked)",
            "--",
            "--strict",
        ]
    );
    assert_eq!(workspace.names(), ["a folder"]);
}
