//! What doctor sees of a server: silence, TLS or none, answers, clocks; and what it sends.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

use super::{KEY, doctor};

/// What is promised, and what a busy machine may add to it.
const PROMISED: Duration = Duration::from_secs(5);
const BUSY: Duration = Duration::from_secs(3);

/// What a client that wants TLS begins with (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// A server that answers everything with one head, and what it was sent. Connections on which nothing is sent
/// are not counted.
pub(crate) fn server(head: String) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (sender, sent) = mpsc::channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut request, mut piece) = (Vec::new(), [0; 1024]);
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read(&mut piece) {
                    Ok(read) if read > 0 => request.extend_from_slice(&piece[..read]),
                    _ => break,
                }
                if request[0] == TLS_HANDSHAKE {
                    break;
                }
            }
            if request.is_empty() {
                continue;
            }
            let _ = write!(stream, "{head}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = sender.send(String::from_utf8_lossy(&request).into_owned());
        }
    });
    (address, sent)
}

/// It connects and never answers; what else there is to say must not be lost over it.
#[rstest]
#[case::plain("http")]
#[case::tls("https")]
fn whatever_does_not_answer_costs_five_seconds_and_its_own_line(#[case] scheme: &str) {
    // The system accepts for it; nobody reads.
    let hole = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("{scheme}://{}", hole.local_addr().expect("it is bound"));
    let since = Instant::now();
    let (code, text) = doctor(&["gateway", &url], &[KEY]);
    let took = since.elapsed();
    assert!(took < PROMISED + BUSY, "{took:?}");
    assert_eq!(code, 3, "{text}");
    assert!(
        text.contains("a connection, and no HTTP answer on it: nothing complete came within 4."),
        "{text}"
    );
    assert!(text.contains("cases can be judged") && text.contains("BLOCKED"), "{text}");
}

#[test]
fn a_server_without_tls_is_told_apart_from_one_that_is_not_there() {
    let (address, _) = server("HTTP/1.1 200 OK".to_owned());
    let (code, text) = doctor(&["gateway", &format!("https://localhost:{}", address.port())], &[KEY]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("a connection, and no TLS on it"), "{text}");
    assert!(text.contains("or write http://"), "{text}");
}

#[test]
fn what_is_sent_is_one_request_without_a_key() {
    let (address, sent) = server("HTTP/1.1 401 Unauthorized".to_owned());
    let variables = [KEY, ("RINGBACK_OTHER_API_KEY", "sk-nor-this")];
    let (code, text) = doctor(&["gateway", &format!("http://{address}/api-root")], &variables);
    assert_eq!(code, 0, "{text}");
    let request = sent.recv_timeout(BUSY).expect("it asked");
    assert!(request.starts_with("GET /api-root/api/generate/status/task_"), "{request}");
    assert!(!request.to_lowercase().contains("authorization"), "{request}");
    assert!(sent.try_recv().is_err(), "it asked once");
    for (name, secret) in variables {
        assert!(!text.contains(secret) && !request.contains(secret), "{text}{request}");
        assert!(text.contains(name), "{text}");
    }
}

#[rstest]
#[case::as_usual("404 Not Found", 0, "ok       reach", "answers (HTTP 404 without a key)")]
#[case::moved(
    "301 Moved Permanently\r\nlocation: https://elsewhere.example.com/",
    3,
    "BLOCKED  reach",
    "has moved for good (HTTP 301)"
)]
#[case::to_a_login("302 Found\r\nlocation: /login", 0, "ok       reach", "answers (HTTP 302 without a key)")]
#[case::down_behind(
    "502 Bad Gateway",
    0,
    "WARN     reach",
    "something before it does, and says that it is down"
)]
fn what_an_answer_means(#[case] head: &str, #[case] code: i32, #[case] mark: &str, #[case] says: &str) {
    let (address, _) = server(format!("HTTP/1.1 {head}"));
    let (exit, text) = doctor(&["gateway", &format!("http://{address}")], &[KEY]);
    assert_eq!(exit, code, "{text}");
    assert!(text.lines().any(|line| line.contains(mark) && line.contains(says)), "{text}");
}

#[rstest]
#[case::same(0, "", Some("ok       clock"), "tells our time, within 5 s")]
#[case::behind(-3_600, "", Some("WARN     clock"), "s behind this machine: signatures may be taken for old")]
#[case::ahead(90, "", Some("WARN     clock"), "s ahead of this machine")]
#[case::stored(-3_600, "\r\nage: 3600", None, "this machine:")]
fn clocks_are_compared(#[case] by: i64, #[case] more: &str, #[case] mark: Option<&str>, #[case] says: &str) {
    let date = jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&(Timestamp::now() + SignedDuration::from_secs(by)))
        .expect("it has a date");
    let (address, _) = server(format!("HTTP/1.1 401 Unauthorized\r\ndate: {date}{more}"));
    let (code, text) = doctor(&["gateway", &format!("http://{address}")], &[KEY]);
    assert_eq!(code, 0, "a clock keeps nobody from judging: {text}");
    let found = text.lines().find(|line| line.contains(says));
    match mark {
        Some(mark) => assert!(found.is_some_and(|line| line.contains(mark)), "{text}"),
        None => assert_eq!(found, None, "{text}"),
    }
}
