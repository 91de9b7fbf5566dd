//! Where does the dispatcher go, and how much does it hold, if the author of a callback URL means harm?

use std::sync::Arc;
use std::time::Duration;

use ringback_mocks::delivery::{Delivery, Signer};
use ringback_mocks::dispatcher::{Dispatcher, Routes, WAITING};
use ringback_mocks::journal::Journal;
use ringback_mocks::vendor::Vendor;
use rstest::rstest;

const SOON: Duration = Duration::from_secs(20);

fn delivery(task: String, url: &str, trouble: &str) -> Delivery {
    Delivery {
        id: "1".to_owned(),
        vendor: Vendor::named("vidu").expect("known"),
        task,
        state: "processing",
        terminal: false,
        url: url.to_owned(),
        content_type: "application/json",
        body: "{}".into(),
        signer: Signer::Unsigned,
        timeout: Duration::from_secs(2),
        retries: Vec::new(),
        delivery_faults: Some(Arc::new(trouble.parse().expect("trouble"))),
    }
}

/// What the record says of one delivery to `url`.
async fn said(url: &str) -> String {
    let journal = Journal::open();
    let dispatcher = Dispatcher::new(Routes::default(), Arc::clone(&journal));
    dispatcher.send(vec![delivery("1".to_owned(), url, "none")]);
    let one = journal.wait_any(SOON, |all| all.first().cloned()).await.expect("it is recorded");
    one.answer.clone().expect_err("nobody answers")
}

#[rstest]
#[case::below_localhost("http://localhost.evil.com/")]
#[case::below_an_address("http://127.0.0.1.evil.com/")]
#[case::as_user_info("http://127.0.0.1@evil.com/")]
#[case::as_user_info_and_password("http://127.0.0.1:80@evil.com/")]
#[case::mapped("http://[::ffff:10.0.0.1]/")]
#[case::mapped_loopback("http://[::ffff:127.0.0.1]/")]
#[case::decimal("http://167772161/")]
#[case::hexadecimal("http://0x0a000001/")]
#[case::octal("http://012.0.0.1/")]
#[case::any("http://0.0.0.0/")]
#[case::any_of_six("http://[::]/")]
#[case::metadata("http://169.254.169.254/latest/meta-data")]
#[case::a_name_that_may_be_mapped("http://a.localhost/")]
#[case::with_a_dot("http://localhost./")]
#[case::encrypted("https://127.0.0.1/")]
#[case::a_file("file:///etc/passwd")]
#[tokio::test]
async fn elsewhere_is_not_called(#[case] url: &str) {
    let why = said(url).await;
    assert!(why.contains("are not allowed here"), "{why}");
}

#[rstest]
#[case::decimal("http://2130706433:1/")]
#[case::hexadecimal("http://0x7f000001:1/")]
#[case::short("http://127.1:1/")]
#[case::of_a_friend("http://evil.com@127.0.0.1:1/")]
#[case::six("http://[::1]:1/")]
#[tokio::test]
async fn loopback_is_called_however_it_is_written(#[case] url: &str) {
    let why = said(url).await;
    assert!(why.contains("could not connect"), "{why}");
}

#[tokio::test]
async fn what_waits_is_bounded_and_what_is_not_sent_is_recorded() {
    let journal = Journal::open();
    let dispatcher = Dispatcher::new(Routes::default(), Arc::clone(&journal));
    // Each is a thousand that wait for an end that never comes.
    let held = |task: usize| delivery(task.to_string(), "http://127.0.0.1:1/", "burst duplicate=999");
    dispatcher.send((0..WAITING / 1000).map(held).collect());
    assert_eq!(dispatcher.pending(), WAITING);
    dispatcher.send(vec![held(WAITING)]);
    assert_eq!(dispatcher.pending(), WAITING);
    let one = journal.wait_any(SOON, |all| all.first().cloned()).await.expect("it is recorded");
    assert!(one.answer.as_ref().is_err_and(|why| why.contains("not sent")), "{:?}", one.answer);
    dispatcher.forget();
    assert_eq!(dispatcher.pending(), 0);
}
