//! Does the harness survive its subjects? Each hostile gateway gets one clear sentence, the right
//! exit code, and bounded time; none of them ever passes a case because nothing happened.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rstest::rstest;

use crate::loopback::Nobody;

/// Far above what any of these runs needs, far below "for ever".
const BOUNDED: Duration = Duration::from_secs(60);

/// A server that treats every connection as `behave` says, on a thread of its own.
fn server(behave: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let behave = Arc::new(behave);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let behave = Arc::clone(&behave);
            thread::spawn(move || behave(stream));
        }
    });
    address
}

/// Reads one request, as far as it matters here.
fn read_request(stream: &mut TcpStream) {
    let mut text = Vec::new();
    let mut chunk = [0_u8; 4096];
    while let Ok(read) = stream.read(&mut chunk) {
        text.extend_from_slice(&chunk[..read]);
        let head = text.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(head) = head else {
            if read == 0 {
                return;
            }
            continue;
        };
        let length = String::from_utf8_lossy(&text[..head])
            .to_ascii_lowercase()
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.split("\r\n").next()?.parse::<usize>().ok())
            .unwrap_or(0);
        if text.len() >= head + 4 + length || read == 0 {
            return;
        }
    }
}

/// Answers every request alike.
fn always(status: &'static str, kind: &'static str, body: &'static str) -> SocketAddr {
    server(move |mut stream| {
        read_request(&mut stream);
        let length = body.len();
        let _ = write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nlocation: /elsewhere\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
    })
}

fn judge(arguments: &[&str]) -> (Output, Duration) {
    let began = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_ringback"))
        .args(["test", "gateway", "--answer", "1s", "--settle", "1s"])
        .args(arguments)
        .current_dir(std::env::temp_dir())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("RINGBACK_API_KEY", "sk-key")
        .output()
        .expect("the binary runs");
    (output, began.elapsed())
}

/// Judges an address with free loopback ports for the mocks.
fn judge_url(address: SocketAddr) -> (Output, Duration) {
    let url = format!("http://{address}");
    let upstreams =
        ["kling", "doubao", "minimax", "vidu"].map(|vendor| format!("--upstream={vendor}=127.0.0.1:0"));
    let mut arguments = vec![url.as_str()];
    arguments.extend(upstreams.iter().map(String::as_str));
    judge(&arguments)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn hangs(mut stream: TcpStream) {
    read_request(&mut stream);
    // Until the peer gives up.
    let _ = stream.read(&mut [0]);
}

fn endless(mut stream: TcpStream) {
    read_request(&mut stream);
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n");
    let blanks = vec![b' '; 65_536];
    while stream.write_all(&blanks).is_ok() {}
}

fn trickles(mut stream: TcpStream) {
    read_request(&mut stream);
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n{");
    let _ = stream.read(&mut [0]);
}

fn breaks_off(mut stream: TcpStream) {
    read_request(&mut stream);
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"code\":");
}

fn closes(mut stream: TcpStream) {
    read_request(&mut stream);
}

fn babbles(mut stream: TcpStream) {
    read_request(&mut stream);
    let _ = stream.write_all(b"220 mail.example.com ESMTP\r\n");
}

#[rstest]
#[case::hangs(hangs, "no complete answer within 1s")]
#[case::endless(endless, "longer than 256 KiB")]
#[case::trickles(trickles, "no complete answer within 1s")]
#[case::breaks_off(breaks_off, "the connection broke")]
#[case::closes(closes, "the connection broke")]
#[case::speaks_another_protocol(babbles, "the connection broke")]
fn a_gateway_without_answers_cannot_be_judged(#[case] behave: fn(TcpStream), #[case] says: &str) {
    let (output, took) = judge_url(server(behave));
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains(says), "{}", said(&output));
    assert_eq!(said(&output).lines().count(), 1, "one sentence: {}", said(&output));
    assert!(took < BOUNDED);
}

#[test]
fn nobody_there_cannot_be_judged() {
    let nobody = Nobody::new();
    let (output, _) = judge_url(nobody.address());
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("cannot be reached"), "{}", said(&output));
}

#[test]
fn a_redirect_is_not_followed() {
    let (output, _) = judge_url(always("307 Temporary Redirect", "text/plain", ""));
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("redirect"), "{}", said(&output));
}

const REFUSAL: &str = r#"{"code":400,"error":{"message":"no","type":"invalid_request_error"}}"#;
const WELCOME: &str = r#"{"code":200,"data":{"task_id":"task_always","status":"not_started","created_time":"2026-06-14T10:30:00"}}"#;

/// Answers that are no answers: right words under the wrong status, wrong types, half bodies, other formats.
const GARBAGE: &[(&str, &str, &[u8])] = &[
    ("200 OK", "application/json", br#"{"code":"200","data":[1,2,{"task_id":7}]}"#),
    ("200 OK", "application/json", br#"{"code":200,"data":{"task_id":{},"status":"not_started"}}"#),
    ("500 Internal Server Error", "application/json", WELCOME.as_bytes()),
    ("200 OK", "application/json", br#"{"code":200,"data":null,"error":{"message":7}}"#),
    ("299 Whatever", "text/html", b"<h1>\xff\xfe</h1>"),
    ("200 OK", "application/json", b"{\"code\":200,\"data\":{\"task_id\":\"a"),
    ("418 I'm a teapot", "application/json", br#"[[[[{"error":{}}]]]]"#),
    ("200 OK", "application/json", b"1e999"),
    ("599 Odd", "image/png", b"\x89PNG\r\n\x1a\n\0\0"),
    (
        "200 OK",
        "application/json",
        br#"{"code":200,"data":{"task_id":["../../etc"],"status":7,"progress":-1}}"#,
    ),
    ("206 Partial Content", "application/json", br#""{\\"code\\":200}""#),
];

/// Another answer of the table to each request.
fn garbage() -> SocketAddr {
    let next = AtomicUsize::new(0);
    server(move |mut stream| {
        read_request(&mut stream);
        let (status, kind, body) = GARBAGE[next.fetch_add(1, Ordering::Relaxed) % GARBAGE.len()];
        let length = body.len();
        let _ = write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        let _ = stream.write_all(body);
    })
}

/// A gateway that always says the same keeps some sentences by accident; it must never pass a case
/// that tells right from wrong.
#[rstest]
#[case::html("200 OK", "text/html", "<h1>It works!</h1>", &[])]
#[case::empty("204 No Content", "text/plain", "", &[])]
#[case::server_error("500 Internal Server Error", "application/json", REFUSAL, &["GW-ERR-001", "GW-ERR-002", "GW-ERR-004"])]
#[case::always_refuses("400 Bad Request", "application/json", REFUSAL, &["GW-ERR-001", "GW-ERR-002", "GW-ERR-003", "GW-ERR-004"])]
#[case::always_accepts("200 OK", "application/json", WELCOME, &["GW-SUB-001", "GW-SUB-002", "GW-SUB-003", "GW-SUB-005", "GW-SUB-013"])]
fn a_monotonous_gateway_passes_nothing_that_tells_right_from_wrong(
    #[case] status: &'static str,
    #[case] kind: &'static str,
    #[case] body: &'static str,
    #[case] may_pass: &[&str],
) {
    passes_only(always(status, kind, body), may_pass);
}

#[test]
fn a_gateway_that_answers_garbage_passes_nothing() {
    passes_only(garbage(), &[]);
}

/// Judges a gateway that violates the contract and may pass nothing but these by accident.
fn passes_only(address: SocketAddr, may_pass: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.json");
    let url = format!("http://{address}");
    let upstreams =
        ["kling", "doubao", "minimax", "vidu"].map(|vendor| format!("--upstream={vendor}=127.0.0.1:0"));
    let report = format!("--report=json={}", path.display());
    let mut arguments = vec![url.as_str(), &report];
    arguments.extend(upstreams.iter().map(String::as_str));
    let (output, took) = judge(&arguments);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(took < BOUNDED);
    let text = std::fs::read_to_string(&path).expect("the report is there");
    let report: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let passed: Vec<&str> = report["cases"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|case| case["outcome"] == "pass")
        .filter(|case| !may_pass.iter().any(|id| case["requirement"] == *id))
        .filter_map(|case| case["name"].as_str())
        .collect();
    assert!(passed.is_empty(), "passed: {passed:#?}");
}

#[test]
fn a_gateway_that_vanishes_is_undecided_where_it_was_not_seen() {
    let served = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    // Answers while the harness looks around, then is gone.
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            read_request(&mut stream);
            let length = WELCOME.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{WELCOME}"
            );
            if served.fetch_add(1, Ordering::Relaxed) == 14 {
                return;
            }
        }
    });
    let (output, took) = judge_url(address);
    assert!(matches!(output.status.code(), Some(1 | 3)), "{}", said(&output));
    assert!(said(&output).contains("UNDECIDED"), "{}", said(&output));
    assert!(took < BOUNDED);
}

#[cfg(unix)]
#[rstest]
#[case::dies("echo no database >&2; exit 7", "ended (exit status: 7)", "no database")]
#[case::never_listens("sleep 300", "did not listen on PORT=", "within 1s")]
#[case::is_no_command("no-such-command-anywhere", "ended (exit status: 127)", "not found")]
fn a_command_that_is_no_gateway_cannot_be_judged(
    #[case] command: &str,
    #[case] says: &str,
    #[case] and: &str,
) {
    let (output, took) = judge(&["--exec", command, "--ready", "1s"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains(says) && said(&output).contains(and), "{}", said(&output));
    assert!(took < BOUNDED);
}

#[cfg(unix)]
#[test]
fn no_process_is_left_behind() {
    // A child that ignores the polite signal, and a grandchild in the background.
    let mark = format!("{}.25", 86_000 + std::process::id() % 1_000);
    let command = format!("trap '' TERM; sleep {mark} & sleep {mark}");
    let (output, _) = judge(&["--exec", &command, "--ready", "300ms"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let listed = Command::new("ps").args(["-eo", "args"]).output().expect("ps runs");
    let left = String::from_utf8_lossy(&listed.stdout);
    assert!(!left.lines().any(|line| line.contains(&mark) && !line.contains("ps -eo")), "{left}");
}
