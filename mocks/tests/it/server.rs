//! What does a peer get that sends too much, too slowly, or finds a fault? Raw sockets, because no
//! well-behaved client would do any of it.

use std::sync::Arc;
use std::time::Duration;

use ringback_mocks::account::AccountConfig;
use ringback_mocks::dispatcher::{Dispatcher, Routes};
use ringback_mocks::http::{Bounds, HttpClient, LOOPBACK, Server};
use ringback_mocks::journal::{Entry, Journal, Leg};
use ringback_mocks::mock::MockVendor;
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Headers, Request, Response};
use rstest::rstest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const SOON: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(100);
const MEGABYTE: usize = 1024 * 1024;

/// Says how long the body was; panics when asked to.
async fn counting(bounds: Bounds) -> Server {
    let listener = TcpListener::bind(LOOPBACK).await.expect("a free port");
    let answer = |request: Request| async move {
        assert_ne!(request.path(), "/panic", "a fault of the handler");
        let headers = Headers::from_iter([("x-length", request.body.len().to_string())]);
        Response { status: 200, headers, body: request.target.into() }
    };
    Server::start_within(bounds, listener, answer).expect("a listening server")
}

async fn connected(server: &Server) -> TcpStream {
    TcpStream::connect(server.address()).await.expect("the server listens")
}

/// Reads until the server has closed, or until `end` came.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    let reading = async {
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(count) => read.extend_from_slice(&buffer[..count]),
            }
            if !end.is_empty() && String::from_utf8_lossy(&read).ends_with(end) {
                return;
            }
        }
    };
    tokio::time::timeout(SOON, reading).await.expect("an answer, or the end of the connection");
    String::from_utf8_lossy(&read).into_owned()
}

#[rstest]
#[case::announced(false)]
#[case::chunked(true)]
#[tokio::test]
async fn a_body_is_read_up_to_the_bound_and_answered_with_413_beyond(#[case] chunked: bool) {
    let server = counting(Bounds { body: 2 * MEGABYTE, ..Bounds::RECEIVER }).await;
    for (length, status) in [(0, "200"), (70_000, "200"), (2 * MEGABYTE, "200"), (2 * MEGABYTE + 1, "413")] {
        let mut stream = connected(&server).await;
        let body = vec![b'x'; length];
        if chunked {
            let head =
                "POST /c HTTP/1.1\r\nhost: h\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).await.expect("it reads");
            for piece in body.chunks(50_000) {
                stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await.expect("it reads");
                stream.write_all(piece).await.expect("it reads");
                stream.write_all(b"\r\n").await.expect("it reads");
            }
            stream.write_all(b"0\r\n\r\n").await.expect("it reads");
        } else {
            let head = format!(
                "POST /c HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.expect("it reads");
            stream.write_all(&body).await.expect("it reads");
        }
        let answer = read_until(&mut stream, "").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{length}: {answer}");
        assert_eq!(answer.contains(&format!("x-length: {length}\r\n")), status == "200", "{answer}");
    }
}

#[tokio::test]
async fn long_bodies_take_turns_and_all_are_answered() {
    let bounds = Bounds { body: MEGABYTE, bodies: MEGABYTE, ..Bounds::RECEIVER };
    let server = counting(bounds).await;
    let request = Request { body: vec![b'x'; MEGABYTE].into(), ..Request::post("/c", &serde_json::json!(1)) };
    let url = server.url();
    let client = HttpClient::new();
    let calls = (0..8).map(|_| client.send(&url, &request, SOON));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.expect("an answer").headers.get("x-length"), Some("1048576"));
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_refused_before_it_sends() {
    let server = counting(Bounds::RECEIVER).await;
    let mut stream = connected(&server).await;
    let head = "POST /c HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 99999999\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("it reads");
    let answer = read_until(&mut stream, "too long").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[rstest]
#[case::silent("")]
#[case::half_a_head("POST /c HTTP/1.1\r\nhost: h\r\n")]
#[case::half_a_body("POST /c HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\n12345")]
#[tokio::test]
async fn a_peer_that_stalls_loses_its_connection(#[case] sent: &str) {
    let server = counting(Bounds { head_within: BRIEF, body_within: BRIEF, ..Bounds::RECEIVER }).await;
    let mut stream = connected(&server).await;
    stream.write_all(sent.as_bytes()).await.expect("it reads");
    assert_eq!(read_until(&mut stream, "").await, "");
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_for_one_to_end() {
    let server = counting(Bounds { connections: 2, ..Bounds::RECEIVER }).await;
    let request = b"GET /turn HTTP/1.1\r\nhost: h\r\n\r\n";
    let mut open = [connected(&server).await, connected(&server).await];
    for stream in &mut open {
        stream.write_all(request).await.expect("it reads");
        assert!(read_until(stream, "/turn").await.contains(" 200 "));
    }
    let mut third = connected(&server).await;
    third.write_all(request).await.expect("the queue takes it");
    drop(open);
    assert!(read_until(&mut third, "/turn").await.contains(" 200 "));
}

#[tokio::test]
async fn a_panic_in_the_handler_is_one_500_and_nothing_else() {
    let server = counting(Bounds::RECEIVER).await;
    let mut stream = connected(&server).await;
    stream.write_all(b"GET /panic HTTP/1.1\r\nhost: h\r\n\r\n").await.expect("it reads");
    assert!(read_until(&mut stream, "its own").await.starts_with("HTTP/1.1 500 "));
    stream.write_all(b"GET /after HTTP/1.1\r\nhost: h\r\n\r\n").await.expect("the connection is still open");
    assert!(read_until(&mut stream, "/after").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn head_has_no_body_and_a_foreign_protocol_is_refused() {
    let server = counting(Bounds::RECEIVER).await;
    let mut stream = connected(&server).await;
    stream.write_all(b"HEAD /h HTTP/1.1\r\nhost: h\r\n\r\n").await.expect("it reads");
    let answer = read_until(&mut stream, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("content-length: 2\r\n"), "{answer}");
    let mut stream = connected(&server).await;
    stream.write_all(b"\x16\x03\x01\x02\x00 not HTTP\r\n\r\n").await.expect("it reads");
    assert!(read_until(&mut stream, "").await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test]
async fn a_dropped_server_closes_its_connections() {
    let server = counting(Bounds::RECEIVER).await;
    let mut stream = connected(&server).await;
    stream.write_all(b"GET /one HTTP/1.1\r\nhost: h\r\n\r\n").await.expect("it reads");
    read_until(&mut stream, "/one").await;
    drop(server);
    assert_eq!(read_until(&mut stream, "").await, "");
}

#[rstest]
#[case(20)]
#[case(64)]
#[case(65)]
#[tokio::test]
async fn every_vendor_answers_a_huge_create(#[case] megabytes: usize) {
    for vendor in Vendor::all() {
        let journal = Journal::open();
        let dispatcher = Dispatcher::new(Routes::default(), Arc::clone(&journal));
        let mock =
            MockVendor::start(vendor, AccountConfig::default(), LOOPBACK, Arc::clone(&journal), dispatcher)
                .await
                .expect("a free port");
        let dialect = vendor.main_dialect();
        let (path, _) = dialect.creates[0];
        let mut request = Request::post(path, &serde_json::json!({}))
            .header("authorization", format!("{} any-key", dialect.auth.word()));
        request.body = vec![b'x'; megabytes * MEGABYTE].into();
        let answer = HttpClient::new().send(&mock.url(), &request, SOON).await.expect("an answer");
        // MiniMax refuses in a 200.
        assert!(answer.status < 500, "{vendor} {}", answer.status);
        mock.with_machine(|machine| assert!(machine.tasks().is_empty(), "{vendor}"));
        assert_eq!(answer.status == 413, megabytes == 65, "{vendor} {}", answer.status);
        let kept: usize = journal.strays().iter().map(|exchange| exchange.request.body.len()).sum();
        assert!(kept <= MEGABYTE, "{kept}");
    }
}

#[test]
fn strays_are_bounded_in_number_and_in_bytes() {
    let journal = Journal::open();
    let record = |length: usize| {
        let mut request = Request::get("/stray");
        request.body = vec![b'x'; length].into();
        let began = std::time::Instant::now();
        journal.record(Entry { leg: Leg::Client, began, request, answer: Err("none".into()), task: None });
    };
    (0..1_000).for_each(|_| record(10));
    assert_eq!(journal.strays().len(), 256);
    (0..100).for_each(|_| record(3 * MEGABYTE));
    let strays = journal.strays();
    assert_eq!(strays.iter().map(|one| one.request.body.len()).sum::<usize>(), 32 * MEGABYTE);
    assert_eq!(strays.last().map(|one| one.seq), Some(1_099));
}

#[test]
fn tokens_are_found_wherever_they_stand_and_only_whole() {
    let journal = Journal::open();
    let token = journal.token();
    let (prefix, tail) = token.split_at(token.len() - 12);
    for text in
        [token.clone(), format!("{prefix}-{token}"), format!("{prefix}{token}x"), format!("é{token}é")]
    {
        let found = journal.token_in(text.as_bytes()).expect("it is in there");
        assert!(text.contains(found) && found.len() == token.len(), "{text}: {found}");
    }
    for text in
        [prefix.to_owned(), format!("{prefix}{}", &tail[1..]), format!("{prefix}-{tail}"), tail.to_owned()]
    {
        assert_eq!(journal.token_in(text.as_bytes()), None, "{text}");
    }
}
