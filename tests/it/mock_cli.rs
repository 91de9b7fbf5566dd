//! `ringback mock`, `trigger` and `listen` as a user runs them: processes, ports, exit codes, words.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use ringback_mocks::http::HttpClient;
use ringback_mocks::wire::{Request, Response};
use rstest::rstest;
use serde_json::{Value, json};

use crate::command::command;
use crate::loopback::Nobody;

const KLING_SECRET: &str = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=";

fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(folder, arguments, variables).output().expect("the binary runs")
}

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A process that says on its first line where it is; killed when dropped.
struct Running {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    first: String,
}

impl Running {
    fn start(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child =
            command(folder, arguments, variables).stdout(Stdio::piped()).spawn().expect("the binary runs");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut first = String::new();
        output.read_line(&mut first).expect("it says something");
        Self { child, output, first }
    }

    fn ready(&self) -> Value {
        serde_json::from_str(&self.first).expect("the ready line is JSON")
    }

    /// The address in a line that ends with one.
    fn url(&self) -> &str {
        self.first.trim().rsplit(' ').next().expect("an address")
    }

    /// Waits until it ends by itself, and what it said.
    fn end(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).expect("its output ends with it");
        (self.child.wait().expect("it was started"), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(root: &str, request: &Request) -> Response {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(HttpClient::unpooled().send(root, request, Duration::from_secs(20))).expect("an answer")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[cfg(unix)]
#[test]
fn mocks_say_when_they_are_ready_and_end_when_told() {
    let folder = folder();
    let rule = "--on=prompt=storm: refuse moderation";
    let arguments = ["mock", "kling", "vidu", "--port", "0", "--format", "json", rule];
    let mut mocks = Running::start(folder.path(), &arguments, &[("RINGBACK_KLING_KEY", "key-1,key-2")]);
    let ready = mocks.ready();
    let (kling, control) =
        (ready["vendors"]["kling"].as_str().expect("a URL"), ready["control"].as_str().expect("a URL"));
    assert!(ready["vendors"].get("doubao").is_none());
    assert_eq!(ask(control, &Request::get("/healthz")).status, 200);
    let create = |prompt: &str, key: &str| {
        Request::post("/v1/videos/text2video", &json!({"prompt": prompt}))
            .header("authorization", format!("Bearer {key}"))
    };
    assert_eq!(ask(kling, &create("a boat", "key-2")).status, 200);
    assert_eq!(ask(kling, &create("a boat", "key-3")).status, 401);
    assert_eq!(ask(kling, &create("a storm", "key-1")).status, 400);
    let terminated = Command::new("kill").arg(mocks.child.id().to_string()).status().expect("kill runs");
    assert!(terminated.success());
    let status = mocks.child.wait().expect("it was started");
    assert_eq!(status.code(), Some(0), "being stopped is how mocks end");
}

#[test]
fn the_journal_is_written_line_by_line_without_keys() {
    let folder = folder();
    let arguments = ["mock", "vidu", "--port", "0", "--format", "json", "--journal", "run.jsonl"];
    let mocks = Running::start(folder.path(), &arguments, &[("RINGBACK_VIDU_KEY", "vda_canary")]);
    let vidu = mocks.ready()["vendors"]["vidu"].as_str().expect("a URL").to_owned();
    let body = json!({"model": "viduq1", "prompt": "a boat"});
    for key in ["vda_canary", "another_canary"] {
        let create =
            Request::post("/ent/v2/text2video", &body).header("authorization", format!("Token {key}"));
        ask(&vidu, &create);
    }
    let path = folder.path().join("run.jsonl");
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    let text = loop {
        let text = std::fs::read_to_string(&path).expect("it was made");
        if text.lines().count() >= 2 || std::time::Instant::now() > deadline {
            break text;
        }
        std::thread::yield_now();
    };
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0]["request"]["target"], "/ent/v2/text2video");
    assert_eq!((&lines[0]["answer"]["status"], &lines[1]["answer"]["status"]), (&json!(200), &json!(401)));
    assert!(!text.contains("canary"), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_journal_that_cannot_be_written_ends_the_mocks_with_a_sentence() {
    let folder = folder();
    let output = run(folder.path(), &["mock", "--port", "0", "--journal", "no/such/folder.jsonl"], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(words(&output).contains("cannot write the journal"), "{}", words(&output));
    let arguments = ["mock", "vidu", "--port", "0", "--format", "json", "--journal", "/dev/full"];
    let mut mocks = Running::start(folder.path(), &arguments, &[]);
    let vidu = mocks.ready()["vendors"]["vidu"].as_str().expect("a URL").to_owned();
    ask(&vidu, &Request::get("/ent/v2/credits"));
    assert_eq!(mocks.child.wait().expect("it was started").code(), Some(3));
}

#[test]
fn the_file_sets_up_mocks_and_flags_win() {
    let folder = folder();
    let file = "[mock]\nvendors = [\"doubao\"]\nports = { doubao = 0 }\ncontrol = 0\ncourse = \"succeeded after 0s\"\n\
                rules = [\"prompt=flood: refuse quota\"]\nknobs = { \"ark.callback-timeout\" = \"2s\" }\n";
    std::fs::write(folder.path().join("ringback.toml"), file).expect("it can be written");
    let mocks = Running::start(folder.path(), &["mock", "--format", "json", "--on", "any: stay"], &[]);
    let ready = mocks.ready();
    let ark = ready["vendors"]["doubao"].as_str().expect("a URL");
    let body =
        json!({"model": "doubao-seedance-1-0-pro-250528", "content": [{"type": "text", "text": "a flood"}]});
    let tasks = "/api/v3/contents/generations/tasks";
    let answer = ask(ark, &Request::post(tasks, &body).header("authorization", "Bearer k"));
    assert_eq!(answer.status, 200, "the flag's rules stand for the file's");
    let id = answer.value().expect("JSON")["id"].as_str().expect("an id").to_owned();
    let query = Request::get(format!("{tasks}/{id}")).header("authorization", "Bearer k");
    assert_eq!(ask(ark, &query).value().expect("JSON")["status"], "queued");
}

#[rstest]
#[case::vendor(&["mock", "klong"], "there is no vendor `klong`")]
#[case::rule(&["mock", "--on", "any: refuse everything"], "no dialect here has the refusal `everything`")]
#[case::rule_form(&["mock", "--on", "refuse everything"], "a rule is `WHEN: WHAT`")]
#[case::course(&["mock", "--course", "exploded after 1s"], "no dialect here has the ending `exploded`")]
#[case::course_and_more(&["mock", "--course", "succeeded after 1s; silent"], "--on 'any: succeeded after 1s; silent'")]
#[case::course_that_refuses(&["mock", "--course", "refuse moderation"], "--on 'any: refuse moderation'")]
#[case::twice(&["mock", "kling", "vidu", "kling"], "kling is named twice")]
#[case::results(&["mock", "--results", "mocks.test"], "--results takes an http:// or https:// URL")]
#[case::knob_form(&["mock", "--knob", "loud"], "--knob takes DIALECT.KNOB=VALUE")]
#[case::port_form(&["mock", "--port", "9300"], "--port takes VENDOR=PORT")]
#[case::no_secret(&["trigger", "kling", "succeed", "--to", "http://127.0.0.1:1/", "--secret", "CANARY"], "whsec_ followed by base64")]
#[case::knob(&["mock", "--knob", "ark.colour=red"], "ark has no knob `colour`")]
#[case::knob_value(&["mock", "--knob", "ark.callback-timeout=soon"], "takes a time such as 5s")]
#[case::speed(&["mock", "--speed", "0"], "--speed takes a number above 0")]
#[case::port(&["mock", "--port", "kling=http"], "`http` is no port")]
#[case::trouble(&["mock", "--trouble", "earthquake"], "earthquake")]
#[case::no_url(&["trigger", "kling", "succeed", "--to", "localhost"], "--to takes an http:// or https:// URL")]
#[case::no_state(&["trigger", "vidu", "exploded", "--to", "http://127.0.0.1:1/"], "vidu has no state `exploded`")]
#[case::never_sent(&["trigger", "minimax", "Preparing", "--to", "http://127.0.0.1:1/"], "sends no callback for `Preparing`")]
#[case::no_challenge(&["trigger", "kling", "challenge", "--to", "http://127.0.0.1:1/"], "kling asks no challenge")]
#[case::unsigned(&["trigger", "doubao", "running", "--to", "http://127.0.0.1:1/", "--secret", "x"], "doubao does not sign")]
fn what_cannot_be_meant_is_one_sentence_and_exit_code_2(#[case] arguments: &[&str], #[case] why: &str) {
    let output = run(folder().path(), arguments, &[]);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(words(&output).contains(why), "{}", words(&output));
    assert!(!words(&output).contains("CANARY"), "{}", words(&output));
}

#[rstest]
#[case::no_prefix("CANARY")]
#[case::not_base64("whsec_CANARY!")]
#[case::empty("whsec_")]
#[case::the_second_of_two("whsec_c2VjcmV0,CANARY")]
fn a_secret_that_cannot_sign_is_no_secret(#[case] secret: &str) {
    let output = run(folder().path(), &["mock", "--port", "0"], &[("RINGBACK_KLING_SECRET", secret)]);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(words(&output).contains("RINGBACK_KLING_SECRET"), "{}", words(&output));
    assert!(!words(&output).contains("CANARY"), "{}", words(&output));
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let folder = folder();
    let file = "[mock]\nspeed = 2.0\nkling_secret = \"CANARY\"\n";
    std::fs::write(folder.path().join("ringback.toml"), file).expect("it can be written");
    let output = run(folder.path(), &["mock", "--port", "0"], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(words(&output).contains("line 3: unknown field `kling_secret`"), "{}", words(&output));
    assert!(!words(&output).contains("CANARY"), "{}", words(&output));
}

#[rstest]
#[case::all(&[200, 200, 200], 0)]
#[case::all_but_the_first(&[500, 200, 200], 1)]
#[case::all_but_the_last(&[200, 200, 500], 1)]
fn each_of_several_is_acknowledged_or_it_is_not_a_success(#[case] answers: &[u16], #[case] code: i32) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let to = format!("http://{}/", listener.local_addr().expect("an address"));
    let answers = answers.to_vec();
    std::thread::spawn(move || {
        for status in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let mut read = vec![0_u8; 65_536];
            let _ = std::io::Read::read(&mut stream, &mut read);
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
        }
    });
    let retries = "--knob=kling-legacy.callback-retries=";
    let output =
        run(folder().path(), &["trigger", "kling", "succeed", "--to", &to, "--times", "3", retries], &[]);
    assert_eq!(output.status.code(), Some(code), "{}", words(&output));
}

#[test]
fn everything_sent_is_said_however_much_it_is() {
    let folder = folder();
    let listener = Running::start(folder.path(), &["listen", "--bind", "127.0.0.1:0"], &[]);
    let arguments =
        ["trigger", "doubao", "running", "--to", listener.url(), "--times", "600", "--format", "json"];
    let output = run(folder.path(), &arguments, &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 600);
}

#[test]
fn what_arrives_cannot_steer_the_terminal() {
    let folder = folder();
    let listener = Running::start(folder.path(), &["listen", "--bind", "127.0.0.1:0", "--count", "1"], &[]);
    let body = json!({"task_id": "\u{1b}]0;owned\u{7}\r\n", "task_status": "\u{9b}2J"});
    ask(listener.url(), &Request::post("/hooks/kling", &body));
    let (_, said) = listener.end();
    assert!(said.contains("owned"), "{said:?}");
    assert!(!said.contains(|letter: char| letter.is_control() && letter != '\n'), "{said:?}");
}

#[test]
fn what_an_earlier_run_kept_stays() {
    let folder = folder();
    for word in ["first", "second"] {
        let arguments = ["listen", "--bind", "127.0.0.1:0", "--count", "1", "--keep", "kept"];
        let listener = Running::start(folder.path(), &arguments, &[]);
        ask(listener.url(), &Request::post("/hook", &json!({"word": word})));
        listener.end();
    }
    let kept = |name: &str| std::fs::read_to_string(folder.path().join("kept").join(name)).expect(name);
    assert!(kept("0001-unknown-none.json").contains("first"));
    assert!(kept("0002-unknown-none.json").contains("second"));
}

#[test]
fn nobody_there_is_no_acknowledgement() {
    let nobody = Nobody::new();
    let to = format!("http://{}/hook", nobody.address());
    let output = run(folder().path(), &["trigger", "kling", "processing", "--to", &to], &[]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).contains("NO ANSWER: could not connect"), "{}", words(&output));
}

#[rstest]
#[case::kling("kling", "succeed", &[], "kling-legacy succeed", "signature holds", 0)]
#[case::rotation("kling", "succeed", &["--secret", "whsec_bmV3,whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="], "kling-legacy succeed", "signature holds", 0)]
#[case::other_secret("kling", "succeed", &["--secret", "whsec_b3RoZXI="], "kling-legacy succeed", "SIGNATURE DOES NOT HOLD", 1)]
#[case::unsigned("kling", "succeed", &["--trouble", "unsigned"], "kling-legacy succeed", "SIGNATURE DOES NOT HOLD: a signature header is missing", 1)]
#[case::unsigned_vidu("vidu", "success", &["--trouble", "unsigned"], "vidu success", "SIGNATURE DOES NOT HOLD", 1)]
#[case::vidu("vidu", "success", &[], "vidu success", "signature holds", 0)]
#[case::ark("doubao", "running", &[], "ark running", "unsigned, as this vendor sends it", 0)]
#[case::minimax("minimax", "failed", &[], "minimax-v1 failed", "unsigned, as this vendor sends it", 0)]
#[case::challenge("minimax", "challenge", &[], "minimax challenge", "echoed", 0)]
fn what_is_triggered_is_recognised(
    #[case] vendor: &str,
    #[case] state: &str,
    #[case] more: &[&str],
    #[case] what: &str,
    #[case] signature: &str,
    #[case] code: i32,
) {
    let folder = folder();
    let secrets = [("RINGBACK_KLING_SECRET", KLING_SECRET), ("RINGBACK_VIDU_SECRET", "vda_key")];
    let arguments = ["listen", "--bind", "127.0.0.1:0", "--count", "1", "--keep", "kept"];
    let listener = Running::start(folder.path(), &arguments, &secrets);
    let to = format!("{}/hooks/mine?customer=42", listener.url());
    let mut arguments = vec!["trigger", vendor, state, "--to", &to];
    arguments.extend(more);
    let output = run(folder.path(), &arguments, &secrets);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let (status, said) = listener.end();
    assert_eq!(status.code(), Some(code), "{said}");
    assert!(said.contains(what) && said.contains(signature), "{said}");
    assert!(!words(&output).contains("vda_key") && !said.contains("vda_key"));
    let kept: Vec<_> = std::fs::read_dir(folder.path().join("kept")).expect("it was made").collect();
    assert_eq!(kept.len(), 1);
}

#[test]
fn a_body_that_no_vendor_sends_is_bad() {
    let folder = folder();
    let listener = Running::start(folder.path(), &["listen", "--bind", "127.0.0.1:0", "--count", "2"], &[]);
    let root = listener.url().to_owned();
    ask(&root, &Request::post("/hooks/vidu", &json!({"id": "1", "state": "done"})));
    ask(&root, &Request::post("/hooks", &json!({"hello": "world"})));
    let (status, said) = listener.end();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("BODY NOT AS DOCUMENTED"), "{said}");
    assert!(said.contains("no vendor's callback"), "{said}");
}

#[test]
fn the_page_about_the_vendors_is_fresh() {
    let output = run(folder().path(), &["mock", "--describe", "md"], &[]);
    let page = include_str!("../../docs/vendors.md");
    assert!(
        String::from_utf8_lossy(&output.stdout) == page,
        "docs/vendors.md is stale: ringback mock --describe md > docs/vendors.md"
    );
}
