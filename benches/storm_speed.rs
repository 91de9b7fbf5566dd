//! How many signed callbacks a second can a storm send? Run with `cargo context --context storm_speed`.
//!
//! The receiver is a bare axum server in a process of its own that answers every request with an empty 200.
//! Each round asks for more than can be sent and reports what was. It measures; it asserts nothing.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ringback::load::drive::{self, Aim};
use ringback::load::{LoadOutcome, Share, Storm};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::Secret;

const ROUNDS: usize = 5;
const LASTS: Duration = Duration::from_secs(3);
/// More a second than can be sent, and few enough to time each.
const FLAT_OUT: f64 = 60_000.0;
const CALM: f64 = 5_000.0;

fn main() {
    if std::env::args().any(|argument| argument == "serve") {
        return serve();
    }
    for (vendor, secret) in [
        ("kling", Some("whsec_cmluZ2JhY2stYmVuY2htYXJrLXNlY3JldA==")),
        ("vidu", Some("vda_bench")),
        ("doubao", None),
    ] {
        measure(vendor, secret);
    }
}

#[expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]
fn measure(vendor: &str, secret: Option<&str>) {
    let mut rates: Vec<f64> = (0..ROUNDS).map(|_| rate(&round(vendor, secret, FLAT_OUT))).collect();
    rates.sort_by(f64::total_cmp);
    let calm = round(vendor, secret, CALM);
    let at = |quantile| calm.latency.value_at_quantile(quantile);
    println!(
        "{vendor}: {:.0} / {:.0} / {:.0} callbacks a second (min / median / max of {ROUNDS}); at {CALM:.0} a second p50 {} us, p99 {} us, {} unanswered",
        rates[0],
        rates[ROUNDS / 2],
        rates[ROUNDS - 1],
        at(0.5),
        at(0.99),
        calm.unanswered,
    );
}

#[expect(clippy::cast_precision_loss, reason = "printed without digits after the point")]
fn rate(outcome: &LoadOutcome) -> f64 {
    outcome.acked as f64 / outcome.took.as_secs_f64()
}

fn round(vendor: &str, secret: Option<&str>, rate: f64) -> LoadOutcome {
    let (child, root) = server();
    let share: Share = "10%".parse().expect("a share");
    let storm = Storm { rate, lasts: LASTS, duplicates: share, disorder: share, seed: 7 };
    let aim = Aim {
        vendor: Vendor::named(vendor).expect("a vendor"),
        root,
        hook: "/hooks".to_owned(),
        secrets: secret.map(Secret::new).into_iter().collect(),
        answer: Duration::from_secs(10),
        limit: Duration::from_secs(5),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let sent = runtime.block_on(drive::send(&aim, &storm, None, |_| {}));
    drop(child);
    sent.expect("callbacks can be made").0
}

struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn server() -> (Ends, String) {
    let program = std::env::current_exe().expect("it has a path");
    let mut child =
        Command::new(program).arg("serve").stdout(Stdio::piped()).spawn().expect("it starts itself");
    let stdout = child.stdout.take().expect("it is piped");
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
    (Ends(child), line.trim().to_owned())
}

#[expect(clippy::print_stdout, reason = "how the parent learns the address")]
fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("http://{}", listener.local_addr().expect("it is bound"));
        let app = axum::Router::new().route("/hooks", axum::routing::post(|| async {}));
        axum::serve(listener, app).await.expect("it serves until it is ended");
    });
}
