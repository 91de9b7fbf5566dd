//! Does any command let a secret out, with a canary in every place that holds one and a peer that sends all of them back?

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use ringback::report::format::FORMATS;
use ringback::run::exec::Environment;
use ringback_mocks::http::{HttpClient, LOOPBACK, Server};
use ringback_mocks::wire::{Request, Response, Secret};
use rstest::rstest;
use serde_json::json;

use crate::command::command;

/// Every variable that holds a secret, and the canary in it.
const CANARIES: [(&str, &str); 9] = [
    ("RINGBACK_API_KEY", "sk-canaryA-4711"),
    ("RINGBACK_OTHER_API_KEY", "sk-canaryB-4711"),
    ("RINGBACK_KLING_KEY", "sk-canaryC-4711"),
    ("RINGBACK_DOUBAO_KEY", "sk-canaryD-4711"),
    ("RINGBACK_MINIMAX_KEY", "sk-canaryE-4711"),
    ("RINGBACK_VIDU_KEY", "sk-canaryF-4711"),
    ("RINGBACK_KLING_SECRET", "whsec_Y2FuYXJ5RzQ3MTFjYW5hcnlHNDcxMWNhbmFyeUc0NzEx"),
    ("RINGBACK_VIDU_SECRET", "vda_canaryH4711"),
    ("RINGBACK_TRIGGER_SECRET", "whsec_Y2FuYXJ5STQ3MTFjYW5hcnlJNDcxMWNhbmFyeUk0NzEx"),
];
/// In the query of a hook, for vendors that do not sign.
const IN_A_HOOK: &str = "canaryJ-4711-hook";

/// No canary is in the text, nor what base64, hexadecimal or another case makes of one.
#[track_caller]
fn nowhere(what: &str, text: &str) {
    assert!(!text.is_empty(), "{what} is there to be looked at");
    let lower = text.to_ascii_lowercase();
    for (name, canary) in CANARIES.iter().chain(&[("the hook", IN_A_HOOK)]) {
        let base64 = data_encoding::BASE64_NOPAD.encode(canary.as_bytes());
        let hexadecimal = data_encoding::HEXLOWER.encode(canary.as_bytes());
        assert!(!lower.contains(&canary.to_ascii_lowercase()), "{name} is in {what}:\n{text}");
        assert!(!text.contains(&base64[..canary.len() * 8 / 6]), "{name} is in {what} as base64:\n{text}");
        assert!(!lower.contains(&hexadecimal), "{name} is in {what} as hexadecimal:\n{text}");
    }
}

fn ringback(folder: &Path, arguments: &[&str]) -> Command {
    command(folder, arguments, &CANARIES)
}

/// Both outputs, once the command has ended.
fn words(folder: &Path, arguments: &[&str]) -> String {
    let output = ringback(folder, arguments).output().expect("the binary runs");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Everything that was written below a folder.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("it is a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            let text = String::from_utf8_lossy(&std::fs::read(&path).expect("it can be read")).into_owned();
            all.push((path.display().to_string(), text));
        }
    }
    all
}

/// Answers everything with all that it holds: in a header, in JSON, in base64 and as it is.
const ECHO: &str = r#"
import base64, json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
HELD = {name: value for name, value in os.environ.items() if name.startswith("RINGBACK_")}
print(HELD, flush=True)
if "die" in sys.argv:
    sys.exit(1)
TEXT = json.dumps({"code": 200, "data": {"task_id": " ".join(HELD.values()), "held": HELD,
    "coded": [base64.b64encode(value.encode()).decode() for value in HELD.values()]}})
class Echo(BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        for name, value in HELD.items():
            self.send_header("x-" + name.lower().replace("_", "-"), value)
        self.send_header("content-length", str(len(TEXT)))
        self.end_headers()
        self.wfile.write(TEXT.encode())
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer
    def log_message(self, *_):
        pass
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Echo).serve_forever()
"#;

#[rstest]
#[case::gateway("gateway", "GW-CB-001,GW-SUB-*,GW-ST-*")]
#[case::receiver("receiver", "RX-ACK-*,RX-SIG-00*,RX-IDEM-*")]
fn a_subject_that_tells_everything_is_quoted_without_its_secrets(#[case] subject: &str, #[case] only: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("echo.py"), ECHO).expect("it is written");
    let reports: Vec<String> = FORMATS.iter().map(|one| format!("{0}=out.{0}", one.name)).collect();
    let arguments =
        ["test", subject, "--exec", "exec python3 echo.py", "--only", only, "--answer", "2s", "--verbose"];
    let text = words(folder.path(), &[&arguments[..], &["--report", &reports.join(",")]].concat());
    assert!(text.contains("Verdict: VIOLATIONS"), "{text}");
    assert!(text.contains("<secret>"), "what it told is quoted: {text}");
    nowhere("the terminal", &text);
    let written = files(folder.path());
    assert_eq!(written.len(), FORMATS.len() + 1, "every format and the subject");
    for (path, text) in written.iter().filter(|(path, _)| !path.ends_with("echo.py")) {
        nowhere(path, text);
    }
}

/// Snapshots are taken of whatever works, so this gateway does, and tells what it holds in every direction.
#[test]
fn snapshots_of_a_subject_that_tells_everything_have_no_secrets() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let good = include_str!("../../examples/gateway.py");
    let upstream = ("payload = None if body is None else json.dumps(body).encode()", "body = told(body)");
    let client = ("body = json.dumps(payload).encode()", "payload = told(payload)");
    let mut telling = good.replace(
        "\nclass ",
        "\ndef told(body):\n    return {**body, 'held': ' '.join(v for k, v in os.environ.items() if k.startswith('RINGBACK_'))} if isinstance(body, dict) else body\n\n\nclass ",
    );
    for (line, before) in [upstream, client] {
        assert_eq!(telling.matches(line).count(), 1, "the example has {line}");
        telling = telling.replace(line, &format!("{before}\n        {line}"));
    }
    std::fs::write(folder.path().join("telling.py"), telling).expect("it is written");
    let arguments = ["test", "gateway", "--exec", "exec python3 telling.py", "--only", "GW-CB-001"];
    let text = words(folder.path(), &[&arguments[..], &["--snapshots", "kept"]].concat());
    nowhere("the terminal", &text);
    let kept = files(&folder.path().join("kept"));
    assert!(kept.len() > 10, "{text}");
    assert!(kept.iter().any(|(_, text)| text.contains("\"held\"")), "what it tells is reviewed");
    for (path, text) in kept {
        nowhere(&path, &text);
    }
}

#[rstest]
#[case::gateway("gateway")]
#[case::receiver("receiver")]
fn the_last_words_of_a_subject_are_told_without_its_secrets(#[case] subject: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("echo.py"), ECHO).expect("it is written");
    let text = words(folder.path(), &["test", subject, "--exec", "exec python3 echo.py die"]);
    assert!(text.contains("its last lines") && text.contains("RINGBACK_API_KEY"), "{text}");
    nowhere("the terminal", &text);
}

#[rstest]
#[case::text("text")]
#[case::json("json")]
fn snapshots_and_reports_of_a_hook_hide_its_query(#[case] format: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(echo(400));
    let hook = format!("{}/hook?vendor=minimax&key={IN_A_HOOK}", server.url());
    let arguments =
        ["test", "receiver", &hook, "--vendor", "minimax", "--only", "RX-ACK-*", "--answer", "2s"];
    let text = words(folder.path(), &[&arguments[..], &["--format", format]].concat());
    assert!(text.contains("vendor=minimax&key=<secret>"), "what is no secret stays: {text}");
    nowhere("the report", &text);
}

/// Many a gateway quotes the key it refuses.
#[test]
fn a_refused_key_is_not_quoted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(echo(401));
    let text = words(folder.path(), &["test", "gateway", &server.url()]);
    assert!(
        text.contains("does not accept the key in RINGBACK_API_KEY") && text.contains("<secret>"),
        "{text}"
    );
    nowhere("the terminal", &text);
}

#[test]
fn a_storm_tells_no_secrets() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(echo(200));
    let (hook, effects) = (format!("{}/hook", server.url()), format!("{}/effects/{{id}}", server.url()));
    let storm = ["storm", "receiver", &hook, "--rate", "50", "--for", "1s", "--effects", &effects];
    let text = words(folder.path(), &storm);
    assert!(text.contains("<secret>"), "what the probe answers is quoted: {text}");
    nowhere("the terminal", &text);
}

/// Sends everything back, and what it knows besides.
async fn echo(status: u16) -> Server {
    let held: Vec<&str> = CANARIES.iter().map(|(_, canary)| *canary).collect();
    let known = held.join(" ");
    Server::bind(LOOPBACK, move |request: Request| {
        let body = json!({"you": String::from_utf8_lossy(&request.body), "at": request.target, "i": known});
        async move { Response::json(status, &body) }
    })
    .await
    .expect("it listens")
}

#[rstest]
fn trigger_quotes_a_receiver_without_secrets(#[values("text", "json")] format: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(echo(400));
    let text = words(
        folder.path(),
        &["trigger", "kling", "succeed", "--to", &server.url(), "--speed", "1000000", "--format", format],
    );
    assert!(text.contains("400") && text.contains("<secret>"), "{text}");
    nowhere("the terminal", &text);
}

#[rstest]
fn listen_shows_and_keeps_callbacks_without_secrets(#[values("text", "json")] format: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments = ["listen", "--bind", "127.0.0.1:0", "--count", "1", "--keep", "kept", "--format", format];
    let mut child =
        ringback(folder.path(), &arguments).stdout(Stdio::piped()).spawn().expect("the binary runs");
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut text = String::new();
    output.read_line(&mut text).expect("it says where it listens");
    let root = text.trim().rsplit(' ').next().expect("an address").to_owned();
    let held: Vec<&str> = CANARIES.iter().map(|(_, canary)| *canary).collect();
    let callback =
        Request::post("/hook", &json!({"task_id": held.join(" "), "status": held, "state": held[0]}))
            .header("x-key", held[7]);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime
        .block_on(HttpClient::unpooled().send(&root, &callback, Duration::from_secs(20)))
        .expect("an answer");
    output.read_to_string(&mut text).expect("its output ends with it");
    child.wait().expect("it ends");
    assert!(text.lines().count() > 1, "{text}");
    nowhere("the terminal", &text);
    let kept = files(&folder.path().join("kept"));
    assert_eq!(kept.len(), 1);
    assert!(kept[0].1.contains("<secret>"), "{}", kept[0].1);
    nowhere("the kept callback", &kept[0].1);
}

#[test]
fn the_journal_of_mocks_has_no_secrets() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut child = ringback(folder.path(), &["mock", "vidu", "--port", "0", "--journal", "-"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut next = || lines.next().expect("a line").expect("it is text");
    let root = next().trim().rsplit(' ').next().expect("an address").to_owned();
    let create = Request::post("/ent/v2/text2video", &json!({"model": "viduq1", "prompt": CANARIES[0].1}))
        .header("authorization", format!("Token {}", CANARIES[5].1))
        .header("x-also", CANARIES[6].1);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime
        .block_on(HttpClient::unpooled().send(&root, &create, Duration::from_secs(20)))
        .expect("an answer");
    let line = loop {
        let line = next();
        if line.starts_with('{') {
            break line;
        }
    };
    child.kill().and_then(|()| child.wait()).expect("it ends");
    assert!(line.contains("/ent/v2/text2video") && line.contains("<secret>"), "{line}");
    nowhere("the journal", &line);
}

#[test]
fn nothing_that_holds_secrets_prints_them() {
    let key = Secret::new(CANARIES[0].1);
    let printed = format!(
        "{:?} {:?}",
        Environment::default().secret("RINGBACK_API_KEY", &key),
        Environment::default()
            .address("RINGBACK_GATEWAY_URL", "http://127.0.0.1:1")
            .secret("RINGBACK_OTHER_API_KEY", &key),
    );
    assert!(printed.contains("RINGBACK_OTHER_API_KEY"), "{printed}");
    nowhere("Debug", &printed);
}
