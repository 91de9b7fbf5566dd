//! Does the harness survive hostile receivers? Each gets a clear verdict, the right exit code and bounded
//! time; none of them ever passes a case because nothing happened.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::Value;

use crate::loopback::Nobody;

/// Far above what any of these runs needs, far below "for ever".
const BOUNDED: Duration = Duration::from_secs(90);

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

/// Reads one request; its head and its body.
fn read_request(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let (mut text, mut chunk) = (Vec::new(), [0_u8; 8_192]);
    while let Ok(read) = stream.read(&mut chunk) {
        text.extend_from_slice(&chunk[..read]);
        if let Some(end) = text.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&text[..end]).into_owned();
            let length = head
                .to_ascii_lowercase()
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| rest.split("\r\n").next()?.trim().parse::<usize>().ok())
                .unwrap_or(0);
            if text.len() >= end + 4 + length || read == 0 {
                return (head, text[end + 4..].to_vec());
            }
        } else if read == 0 {
            break;
        }
    }
    (String::new(), text)
}

fn answer(stream: &mut TcpStream, status: &str, body: &[u8]) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

fn always(status: &'static str, body: &'static str) -> SocketAddr {
    server(move |mut stream| {
        read_request(&mut stream);
        answer(&mut stream, status, body.as_bytes());
    })
}

/// Judges a receiver at an address, with every help that a receiver can give: the report, the exit code.
fn judged(address: SocketAddr, more: &[&str]) -> (Value, Option<i32>) {
    let began = Instant::now();
    let (hooks, effects) =
        (format!("http://{address}/hooks/{{vendor}}"), format!("http://{address}/effects/{{id}}"));
    let start = format!("http://{address}/jobs");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringback"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RINGBACK_")) {
        command.env_remove(name);
    }
    let output = command
        .env("RINGBACK_KLING_SECRET", "whsec_aG9zdGlsZSByZWNlaXZlcnM=")
        .env("RINGBACK_VIDU_SECRET", "vda_hostile")
        .env("RINGBACK_API_KEY", "sk-hostile")
        .args([
            "test",
            "receiver",
            &hooks,
            "--effects",
            &effects,
            "--start",
            &start,
            "--gateway",
            "127.0.0.1:0",
        ])
        .args(["--answer", "1s", "--ack-limit", "1s", "--settle", "500ms", "--poll-within", "500ms"])
        .args(["--format", "json"])
        .args(more)
        .output()
        .expect("it runs");
    assert!(began.elapsed() < BOUNDED, "took {:?}", began.elapsed());
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("no report: {}", String::from_utf8_lossy(&output.stderr));
    });
    (report, output.status.code())
}

fn cases<'r>(report: &'r Value, outcome: &str) -> Vec<&'r str> {
    let all = report["cases"].as_array().expect("a list");
    let of = all.iter().filter(|case| case["outcome"] == outcome);
    of.map(|case| case["name"].as_str().expect("a name")).collect()
}

/// Who refuses, hangs up or keeps silent passes nothing at all, and the one failure is the one that says so.
#[rstest]
#[case::refuses("400 Bad Request")]
#[case::fails("500 Internal Server Error")]
#[case::redirects("302 Found")]
fn who_never_acknowledges_passes_nothing(#[case] status: &'static str) {
    let (report, code) = judged(always(status, "{}"), &[]);
    assert_eq!(code, Some(1), "{}", report["counts"]);
    assert!(cases(&report, "pass").is_empty(), "{:?}", cases(&report, "pass"));
    let failed = cases(&report, "fail");
    let known = ["success-acked", "echoed", "job-started"];
    assert!(failed.iter().all(|name| known.iter().any(|slug| name.contains(slug))), "{failed:?}");
    assert_eq!(failed.iter().filter(|name| name.contains("success-acked")).count(), 4);
}

#[test]
fn who_hangs_up_passes_nothing() {
    let (report, code) = judged(
        server(|mut stream| {
            read_request(&mut stream);
        }),
        &[],
    );
    assert_eq!(code, Some(1), "{}", report["counts"]);
    assert!(cases(&report, "pass").is_empty(), "{:?}", cases(&report, "pass"));
}

#[test]
fn who_keeps_silent_passes_nothing() {
    let silent = server(|mut stream| {
        read_request(&mut stream);
        // Held until the other side has had enough.
        let _ = stream.read(&mut [0]);
    });
    let (report, code) = judged(silent, &[]);
    assert_eq!(code, Some(1), "{}", report["counts"]);
    assert!(cases(&report, "pass").is_empty(), "{:?}", cases(&report, "pass"));
}

#[test]
fn who_is_not_there_is_not_judged() {
    let nobody = Nobody::new();
    let (report, code) = judged(nobody.address(), &[]);
    assert_eq!(code, Some(3), "{}", report["counts"]);
    assert!(cases(&report, "pass").is_empty() && cases(&report, "fail").is_empty());
}

/// Who says yes to everything verifies nothing: no requirement with a rejection in it is passed.
#[test]
fn who_says_yes_to_everything_is_found_out() {
    let (report, code) = judged(always("200 OK", "{}"), &[]);
    assert_eq!(code, Some(1), "{}", report["counts"]);
    let rejecting = [
        "kling-absent",
        "kling-malformed",
        "kling-version",
        "kling-key",
        "kling-body",
        "kling-headers",
        "kling-stale",
        "foreign-scheme",
        "vidu-absent",
        "vidu-malformed",
        "vidu-key",
        "vidu-url",
        "vidu-string",
        "malformed-refused",
        "/echoed",
        "refused-without-effect",
        "wrong-secret",
        "unknown-not-trusted",
        "/twice",
        "progress-after-end",
        "up-to-four",
        "never-a-job",
        "job-started",
    ];
    let passed = cases(&report, "pass");
    for slug in rejecting {
        assert!(!passed.iter().any(|name| name.contains(slug)), "{slug} is passed");
    }
    let failed = cases(&report, "fail");
    for slug in ["kling-key", "kling-body", "vidu-key", "vidu-url", "foreign-scheme[kling]", "/echoed"] {
        assert!(failed.iter().any(|name| name.contains(slug)), "{slug} is not found out: {failed:?}");
    }
}

/// A receiver that answers in drops is slow, not wrong.
#[test]
fn who_answers_byte_by_byte_is_not_accused_of_more_than_slowness() {
    let drops = server(|mut stream| {
        let (_, body) = read_request(&mut stream);
        let _ = stream.set_nodelay(true);
        let challenge = String::from_utf8_lossy(&body).contains("challenge");
        let body: &[u8] = if challenge { &body } else { b"{}" };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        for byte in head.as_bytes().iter().chain(body) {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
        }
    });
    let (report, _) = judged(drops, &["--only", "RX-ACK-*"]);
    assert!(cases(&report, "fail").is_empty(), "{:?}", cases(&report, "fail"));
    assert!(cases(&report, "pass").len() > 20, "{}", report["counts"]);
}

/// A probe that moves by itself is no probe: nothing is judged by it, and it says why.
#[test]
fn a_probe_that_counts_looks_is_not_believed() {
    let looks = std::sync::atomic::AtomicU64::new(0);
    let counting = server(move |mut stream| {
        let (head, _) = read_request(&mut stream);
        let body = if head.starts_with("GET /effects/") {
            let looked = looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            format!(r#"{{"count": {looked}, "state": "success"}}"#)
        } else {
            "{}".to_owned()
        };
        answer(&mut stream, "200 OK", body.as_bytes());
    });
    let (report, _) = judged(counting, &["--only", "RX-IDEM-*,RX-ORD-*", "--vendor", "kling"]);
    assert!(cases(&report, "pass").is_empty(), "{:?}", cases(&report, "pass"));
    let reasons: Vec<&str> = report["cases"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|case| case["reason"].as_str())
        .collect();
    assert!(reasons.iter().any(|why| why.contains("effects probe shows work about a job")), "{reasons:?}");
}
