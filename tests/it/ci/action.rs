//! What the action's script does with a subject: exit code, outputs, reports, summary, annotations. What inputs may not do
//! is `hostile`; what `action.yml` says is `metadata`.

use std::fs;
use std::process::Output;

use ringback_mocks::http::LOOPBACK;
use ringback_mocks::wire::Secret;
use ringback_reference::gateway::{GatewaySetup, ReferenceGateway};
use rstest::rstest;

use super::workspace::{Workspace, gateway, read, repository, stdout};

/// Runs the action's script with these inputs and variables, as GitHub would.
pub(crate) fn act(workspace: &Workspace, inputs: &[(&str, &str)], variables: &[(&str, &str)]) -> Output {
    let (outputs, summary) = (workspace.service_path("outputs"), workspace.service_path("summary"));
    let action = repository("");
    let mut all = vec![
        ("GITHUB_ACTIONS", "true"),
        ("CI", "true"),
        ("GITHUB_ACTION_PATH", action.to_str().expect("a path in UTF-8")),
        ("GITHUB_OUTPUT", outputs.to_str().expect("a path in UTF-8")),
        ("GITHUB_STEP_SUMMARY", summary.to_str().expect("a path in UTF-8")),
        // What action.yml sets when the workflow says nothing.
        ("INPUT_EXEC", ""),
        ("INPUT_URL", ""),
        ("INPUT_ARGS", ""),
        ("INPUT_STRICT", "false"),
        ("INPUT_REPORT", "ringback-report"),
        ("INPUT_BINARY", "ringback"),
    ];
    all.extend_from_slice(inputs);
    all.extend_from_slice(variables);
    let script = repository("ci/action.sh");
    workspace.bash(&[script.as_os_str()], &all)
}

fn judge(workspace: &Workspace, exec: &str, args: &str) -> Output {
    act(workspace, &[("INPUT_SUBJECT", "gateway"), ("INPUT_EXEC", exec), ("INPUT_ARGS", args)], &[])
}

#[test]
fn a_conforming_gateway_is_green_and_leaves_every_report() {
    let workspace = Workspace::new();
    let output = judge(&workspace, &gateway(), "--only\nGW-PASS-002\n\n--vendor=kling\r\n");
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert_eq!(workspace.kept("outputs"), "verdict=conforms\nexit-code=0\nreport=ringback-report\n");
    assert!(workspace.kept("summary").starts_with("## Ringback: CONFORMS"), "{}", workspace.kept("summary"));
    assert!(stdout(&output).contains("::notice title=Ringback"), "{}", stdout(&output));
    for (name, begins) in [
        ("report.json", "{"),
        ("junit.xml", "<?xml"),
        ("ringback.sarif", "{"),
        ("summary.md", "## Ringback: CONFORMS"),
    ] {
        let text = workspace.read(&format!("ringback-report/{name}"));
        assert!(text.starts_with(begins), "{name}: {text}");
    }
    // A format of its own is written where the build has it.
    let has_html = ringback::report::format::named("html").is_some();
    assert_eq!(workspace.path("ringback-report/report.html").exists(), has_html);
}

#[test]
fn a_broken_gateway_is_red_and_annotated() {
    let workspace = Workspace::new();
    let (line, broken) = (
        "body[\"callback_url\"] = order.callback_url\n",
        "body[\"callback_url\"] = order.callback_url.replace(\"%2F\", \"/\")\n",
    );
    let source = read("examples/gateway.py");
    assert!(source.contains(line), "the line to break is gone");
    fs::write(workspace.path("gateway.py"), source.replace(line, broken)).expect("it can be written");
    let output = judge(&workspace, "exec python3 gateway.py", "--only\nGW-PASS-002\n--vendor\nkling");
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(workspace.kept("outputs").starts_with("verdict=violations\nexit-code=1\n"));
    assert!(stdout(&output).contains("\n::error "), "{}", stdout(&output));
    assert!(workspace.kept("summary").contains("GW-PASS-002"), "{}", workspace.kept("summary"));
}

#[rstest]
#[case::usage(&gateway(), "--only\nGW-SUB-0O2", 2, "")]
#[case::never_listens("exit 1", "", 3, "")]
fn what_was_not_judged_is_red(
    #[case] exec: &str,
    #[case] args: &str,
    #[case] code: i32,
    #[case] verdict: &str,
) {
    let workspace = Workspace::new();
    fs::create_dir(workspace.path("ringback-report")).expect("it can be made");
    fs::write(workspace.path("ringback-report/report.json"), "of another run").expect("it can be written");
    let output = judge(&workspace, exec, args);
    assert_eq!(output.status.code(), Some(code), "{}", stdout(&output));
    let outputs = format!("verdict={verdict}\nexit-code={code}\nreport=ringback-report\n");
    assert_eq!(workspace.kept("outputs"), outputs);
    assert!(
        stdout(&output).contains(&format!("::error title=Ringback::ringback ended with exit code {code}"))
    );
    assert!(!workspace.path("ringback-report/report.json").exists(), "a report of another run stayed");
}

/// A deployed gateway, and a case that needs a job that may not be spent.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_judged_is_red() {
    let setup = GatewaySetup {
        clients: vec![Secret::new("sk-live")],
        upstreams: Vec::new(),
        mutants: Vec::new(),
        variants: Vec::new(),
    };
    let gateway = ReferenceGateway::start(setup, LOOPBACK).await.expect("the reference starts");
    let workspace = Workspace::new();
    let url = gateway.url();
    let inputs = [
        ("INPUT_SUBJECT", "gateway"),
        ("INPUT_URL", url.as_str()),
        ("INPUT_ARGS", "--only\nGW-CB-001"),
        ("INPUT_STRICT", "true"),
    ];
    let output = act(&workspace, &inputs, &[("RINGBACK_API_KEY", "sk-live")]);
    assert_eq!(output.status.code(), Some(4), "{}", stdout(&output));
    assert_eq!(workspace.kept("outputs"), "verdict=nothing_ran\nexit-code=4\nreport=ringback-report\n");
}

/// A workflow whose variable is empty must not be green because the embedded reference conforms.
#[test]
fn nothing_named_is_red() {
    let workspace = Workspace::new();
    let output = judge(&workspace, "", "--only\nGW-SUB-002");
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert_eq!(workspace.kept("outputs"), "verdict=\nexit-code=2\nreport=ringback-report\n");
    assert!(stdout(&output).contains("::error title=Ringback::nothing was named to judge"));
    assert_eq!(workspace.kept("summary"), "");
}

/// Whatever the tool ends with, and whatever it leaves behind.
#[rstest]
#[case::violations(1, 1)]
#[case::usage(2, 2)]
#[case::undecided(3, 3)]
#[case::nothing(4, 4)]
#[case::panicked(101, 101)]
#[case::killed(137, 137)]
#[case::success_without_a_report(0, 3)]
fn no_exit_code_is_swallowed(#[case] tool: i32, #[case] wanted: i32) {
    let workspace = Workspace::new();
    workspace.program("ringback", &format!("exit {tool}"));
    let output = judge(&workspace, "true", "");
    assert_eq!(output.status.code(), Some(wanted), "{}", stdout(&output));
    assert!(workspace.kept("outputs").contains(&format!("exit-code={wanted}\n")));
}

#[rstest]
#[case::unreadable_report("echo nonsense >ringback-report/report.json")]
#[case::no_summary("true")]
fn a_success_that_cannot_be_told_is_red(#[case] spoil: &str) {
    let workspace = Workspace::new();
    let real = env!("CARGO_BIN_EXE_ringback");
    workspace.program(
        "ringback",
        &format!("'{real}' \"$@\"; code=$?; [ \"$1\" != test ] || {{ {spoil}; }}; exit $code"),
    );
    let inputs = [
        ("INPUT_SUBJECT", "gateway"),
        ("INPUT_EXEC", &gateway()),
        ("INPUT_ARGS", "--only\nGW-SUB-002\n--vendor\nvidu"),
    ];
    let summary = if spoil == "true" { "absent/summary" } else { "summary" };
    let output = act(&workspace, &inputs, &[("GITHUB_STEP_SUMMARY", summary)]);
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    assert!(workspace.kept("outputs").contains("exit-code=3\n"), "{}", workspace.kept("outputs"));
}

/// Without a binary one is built, in the action's own folder; if that fails, nothing was judged.
#[rstest]
#[case::built(
    "mkdir -p target/release && cp \"$TOOL\" target/release/ringback && pwd >>\"$SEEN\" && echo \"$*\" >>\"$SEEN\"",
    0
)]
#[case::broken("exit 101", 3)]
fn the_tool_is_built_from_the_actions_sources(#[case] cargo: &str, #[case] wanted: i32) {
    let workspace = Workspace::new();
    workspace.program("cargo", cargo);
    let sources = workspace.service_path("sources");
    fs::create_dir_all(sources.join("ci")).expect("it can be made");
    fs::copy(repository("ci/action.sh"), sources.join("ci/action.sh")).expect("it can be copied");
    let outputs = workspace.service_path("outputs");
    let (exec, seen) = (gateway(), workspace.service_path("seen"));
    let variables = [
        ("INPUT_SUBJECT", "gateway"),
        ("INPUT_EXEC", exec.as_str()),
        ("INPUT_ARGS", "--only\nGW-SUB-002\n--vendor\nvidu"),
        ("GITHUB_OUTPUT", outputs.to_str().expect("a path in UTF-8")),
        ("TOOL", env!("CARGO_BIN_EXE_ringback")),
        ("SEEN", seen.to_str().expect("a path in UTF-8")),
    ];
    let output = workspace.bash(&[sources.join("ci/action.sh").as_os_str()], &variables);
    assert_eq!(output.status.code(), Some(wanted), "{}", stdout(&output));
    assert!(workspace.kept("outputs").contains(&format!("exit-code={wanted}\n")));
    if wanted == 0 {
        let seen = workspace.kept("seen");
        assert!(seen.starts_with(&sources.display().to_string()), "{seen}");
        assert!(seen.contains("build --release --locked --bin ringback"), "{seen}");
    }
}
