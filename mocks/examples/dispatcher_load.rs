//! How much the dispatcher carries: memory for pending deliveries, and signed callbacks a second.
//!
//! ```text
//! cargo run --release -p ringback-mocks --example dispatcher_load -- 100000
//! ```
//!
//! The receiver is in the same process and does next to nothing, so both share the cores.

use std::error::Error;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use ringback_mocks::delivery::{Delivery, Signer};
use ringback_mocks::delivery_faults::DeliveryFaults;
use ringback_mocks::dispatcher::{DeliveryScheduler, Dispatcher, Routes};
use ringback_mocks::http::LOOPBACK;
use ringback_mocks::journal::Journal;
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// About as long as Kling's callback of a finished video.
const BODY: usize = 700;
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let many: usize = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let mut out = io::stdout().lock();
    let before = resident();
    let (schedule, took) = pending(many);
    writeln!(
        out,
        "{} pending: {} MiB; taken in, signed once and planned anew in {took:?}",
        schedule.len(),
        (resident() - before) / 1024
    )?;
    drop(schedule);
    let listener = TcpListener::bind(LOOPBACK).await?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(receive(stream));
        }
    });
    let dropped: Arc<DeliveryFaults> = Arc::new("drop".parse()?);
    for (what, trouble) in [("signed, but not sent", Some(dropped)), ("sent", None)] {
        let dispatcher = Dispatcher::new(Routes::default(), Journal::open());
        let began = Instant::now();
        let one =
            |at| Delivery { retries: Vec::new(), delivery_faults: trouble.clone(), ..delivery(at, &url) };
        dispatcher.send((0..many).map(one).collect());
        while dispatcher.pending() > 0 {
            // Nothing announces the end of everything; a benchmark may look now and then.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let took = began.elapsed();
        let rate = u32::try_from(many).map_or(f64::NAN, f64::from) / took.as_secs_f64();
        writeln!(out, "{many} callbacks {what} in {took:?}: {rate:.0} a second")?;
    }
    Ok(())
}

fn pending(many: usize) -> (DeliveryScheduler, Duration) {
    let now = Timestamp::now();
    let mut schedule = DeliveryScheduler::seeded(1);
    let began = Instant::now();
    for at in 0..many {
        schedule.add(delivery(at, "https://hooks.example.com/callbacks/kling/0123456789?token=abc"), now);
    }
    while let Some(attempt) = schedule.take(now) {
        std::hint::black_box(attempt.outgoing());
        schedule.report(attempt.id, None, now);
    }
    (schedule, began.elapsed())
}

fn delivery(at: usize, url: &str) -> Delivery {
    let kling = at.is_multiple_of(2);
    Delivery {
        id: format!("{at:019}"),
        vendor: Vendor::named(if kling { "kling" } else { "vidu" }).expect("the registry has it"),
        task: format!("{at:018}"),
        state: "succeed",
        terminal: true,
        url: url.to_owned(),
        content_type: "application/json",
        body: Bytes::from(vec![b'7'; BODY]),
        signer: if kling {
            Signer::StandardWebhooks(vec![Secret::new("whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=")])
        } else {
            Signer::ViduHmac(Secret::new("vda_0123456789012345678901234567890123456789"))
        },
        timeout: Duration::from_secs(10),
        retries: vec![HOUR; 3],
        delivery_faults: None,
    }
}

/// Acknowledges what ends in a body of the known length.
async fn receive(mut stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut read: Vec<u8> = Vec::with_capacity(8192);
    while stream.read_buf(&mut read).await.is_ok_and(|more| more > 0) {
        let head = read.windows(4).position(|window| window == b"\r\n\r\n");
        if head.is_some_and(|head| read.len() >= head + 4 + BODY) {
            read.clear();
            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.is_err() {
                return;
            }
        }
    }
}

/// Memory of this process in KiB, where the system says.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).unwrap_or_default()
}
