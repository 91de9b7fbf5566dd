//! Do delivery faults reach the wire, and the record what came of them? The receivers are bare sockets.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ringback_mocks::delivery::{Delivery, Signer};
use ringback_mocks::dispatcher::{Dispatcher, Routes};
use ringback_mocks::http::LOOPBACK;
use ringback_mocks::journal::{Exchange, Journal};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::Secret;
use rstest::rstest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const SOON: Duration = Duration::from_secs(20);
const BODY: &str = r#"{"id":"812841849562607616","state":"success"}"#;
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// What one connection brought: a head, a body, and whether the body was as long as announced.
#[derive(Debug)]
struct Arrived {
    head: String,
    body: String,
    complete: bool,
}

/// A receiver that takes one request from each connection, answers it with the next of `answers`, or
/// the last again, and tells what arrived. With `early` it answers before it reads a body.
async fn receiver(answers: &'static [&'static str], early: bool) -> (String, mpsc::Receiver<Arrived>) {
    let listener = TcpListener::bind(LOOPBACK).await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (tell, arrivals) = mpsc::channel(100);
    tokio::spawn(async move {
        for at in 0.. {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let answer = answers[at.min(answers.len() - 1)];
            let mut read = Vec::new();
            let whole = loop {
                let more = stream.read_buf(&mut read).await.unwrap_or(0);
                let text = String::from_utf8_lossy(&read).into_owned();
                let parts =
                    text.split_once("\r\n\r\n").map(|(head, body)| (head.to_owned(), body.to_owned()));
                let complete = parts.as_ref().is_some_and(|(head, body)| {
                    head.to_ascii_lowercase().contains(&format!("content-length: {}", body.len()))
                });
                if complete || more == 0 || early && parts.is_some() {
                    let (head, body) = parts.unwrap_or_default();
                    break Arrived { head, body, complete };
                }
            };
            if whole.complete || early {
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
            if tell.send(whole).await.is_err() {
                return;
            }
        }
    });
    (url, arrivals)
}

/// Sends one event with some trouble and two repetitions, and waits for what the record says of
/// `count` attempts.
async fn sent(url: &str, trouble: &str, count: usize) -> Vec<Arc<Exchange>> {
    let journal = Journal::open();
    let token = journal.token();
    let dispatcher = Dispatcher::new(Routes::default(), Arc::clone(&journal));
    dispatcher.send(vec![Delivery {
        id: "8674665223082153551".to_owned(),
        vendor: Vendor::named("kling").expect("the registry has it"),
        task: "task-1".to_owned(),
        state: "succeed",
        terminal: true,
        url: format!("{url}/{token}?a=1"),
        content_type: "application/json",
        body: Bytes::from_static(BODY.as_bytes()),
        signer: Signer::StandardWebhooks(vec![Secret::new("whsec_c2VjcmV0")]),
        timeout: Duration::from_secs(5),
        retries: vec![Duration::from_millis(10); 2],
        delivery_faults: Some(Arc::new(trouble.parse().expect("trouble"))),
    }]);
    let made = |all: &[Arc<Exchange>]| (all.len() >= count).then(|| all.to_vec());
    let all = journal.wait(&token, SOON, made).await.expect("the attempts are made");
    assert_eq!(all.len(), count);
    all
}

fn said(exchange: &Exchange) -> String {
    match &exchange.answer {
        Ok(answer) => format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body)),
        Err(why) => why.clone(),
    }
}

#[rstest]
#[case::in_the_middle("cut#1", 22)]
#[case::at_once("cut=0#1", 0)]
#[case::somewhere("cut=7#1", 7)]
#[case::never_the_whole("cut=1000#1", 44)]
#[case::slowly("cut=7#1 slow=1000", 7)]
#[tokio::test]
async fn a_cut_body_is_announced_whole_and_repeated(#[case] trouble: &str, #[case] after: usize) {
    let (url, mut arrivals) = receiver(&[OK], false).await;
    let all = sent(&url, trouble, 2).await;
    assert_eq!(said(&all[0]), format!("cut after {after} of 45 bytes of the body, as its trouble says"));
    assert_eq!(said(&all[1]), "200 ok");
    let cut = arrivals.recv().await.expect("the first attempt");
    assert!(!cut.complete && cut.head.contains("content-length: 45"), "{cut:?}");
    assert_eq!(cut.body, BODY[..after]);
    let whole = arrivals.recv().await.expect("the second attempt");
    assert!(whole.complete && whole.body == BODY, "{whole:?}");
}

#[tokio::test]
async fn a_slow_body_takes_its_time_and_is_answered() {
    let (url, mut arrivals) = receiver(&[OK], false).await;
    let all = sent(&url, "slow=100", 1).await;
    assert_eq!(said(&all[0]), "200 ok");
    // 45 bytes in pieces of five, the first of them at once.
    assert!(all[0].took >= Duration::from_millis(390), "{:?}", all[0].took);
    let whole = arrivals.recv().await.expect("it arrives");
    assert!(whole.complete && whole.body == BODY, "{whole:?}");
    assert!(whole.head.starts_with("POST /rb") && whole.head.contains("?a=1 HTTP/1.1\r\n"), "{}", whole.head);
    assert!(whole.head.contains("webhook-signature: v1,"), "{}", whole.head);
}

#[tokio::test]
async fn who_answers_before_the_slow_body_is_through_is_heard() {
    let (url, _arrivals) = receiver(&["HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"], true).await;
    let all = sent(&url, "slow=1", 1).await;
    assert_eq!(said(&all[0]), "202 ");
    assert!(all[0].took < SOON);
}

#[rstest]
#[case::counted("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "200 ok")]
#[case::chunked(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n",
    "200 ok"
)]
#[case::until_the_end("HTTP/1.0 200 OK\r\n\r\nok", "200 ok")]
#[case::without_a_body("HTTP/1.1 204 No Content\r\n\r\n", "204 ")]
#[case::after_an_interim(
    "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    "200 "
)]
#[tokio::test]
async fn every_form_of_answer_is_read(#[case] answer: &'static str, #[case] expected: &str) {
    let answers: &'static [&'static str] = Box::leak(Box::new([answer]));
    let (url, _arrivals) = receiver(answers, false).await;
    assert_eq!(said(&sent(&url, "slow=100000", 1).await[0]), expected);
}

#[tokio::test]
async fn interim_answers_without_end_break_nothing() {
    let flood: &'static str = Box::leak("HTTP/1.1 100 C\r\n\r\n".repeat(16_000).into_boxed_str());
    let answers: &'static [&'static str] = Box::leak(Box::new([flood, OK]));
    let (url, _arrivals) = receiver(answers, false).await;
    let all = sent(&url, "slow=100000", 2).await;
    assert!(said(&all[0]).contains("it was closed"), "{}", said(&all[0]));
    assert_eq!(said(&all[1]), "200 ok");
}

#[rstest]
#[case::not_http("SSH-2.0-x\r\n\r\n", "it is not HTTP")]
#[case::too_short("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok", "it was closed")]
#[case::nothing("", "it was closed")]
#[case::a_bad_chunk("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "not in chunks")]
#[case::a_huge_chunk(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    "not in chunks"
)]
#[tokio::test]
async fn no_answer_breaks_the_reading(#[case] answer: &'static str, #[case] expected: &str) {
    let answers: &'static [&'static str] = Box::leak(Box::new([answer, OK]));
    let (url, _arrivals) = receiver(answers, false).await;
    let all = sent(&url, "slow=100000", 2).await;
    assert!(said(&all[0]).contains(expected), "{}", said(&all[0]));
    assert_eq!(said(&all[1]), "200 ok");
}

#[tokio::test]
async fn what_is_dropped_never_arrives_and_is_repeated() {
    let (url, mut arrivals) = receiver(&[OK], false).await;
    let all = sent(&url, "drop#1", 1).await;
    assert_eq!(said(&all[0]), "200 ok", "the record is of what crossed a wire");
    arrivals.recv().await.expect("the repetition arrives");
    assert!(arrivals.try_recv().is_err(), "and nothing else");
}

#[tokio::test]
async fn a_lost_acknowledgement_brings_the_same_event_again() {
    let (url, mut arrivals) = receiver(&[OK], false).await;
    let all = sent(&url, "ack-lost", 2).await;
    assert_eq!((said(&all[0]), said(&all[1])), ("200 ok".to_owned(), "200 ok".to_owned()));
    for _ in 0..2 {
        let one = arrivals.recv().await.expect("it arrives");
        assert!(one.head.contains("webhook-id: 8674665223082153551") && one.body == BODY, "{one:?}");
    }
}
