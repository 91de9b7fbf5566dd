//! How fast is a mock, beside a bare axum program? Run with `cargo bench --bench mock_speed`.
//!
//! Servers are processes of their own, all on the cores of this machine, driven by one lean load
//! generator; rounds alternate between yardstick and mock, and medians are compared. It asserts
//! nothing about speed, but every callback must come exactly once. `--quick` runs one short round.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

mod load;
mod servers;

use load::{Answers, Callbacks, Outcome, Until};

/// Requests in flight in every row.
const IN_FLIGHT: usize = 64;
/// Tasks whose memory is measured.
const PENDING: usize = 100_000;
const STARTS: usize = 11;

struct Pace {
    rounds: usize,
    warm_up: Duration,
    window: Duration,
}

const FULL: Pace =
    Pace { rounds: 5, warm_up: Duration::from_millis(500), window: Duration::from_millis(2_500) };
const QUICK: Pace =
    Pace { rounds: 1, warm_up: Duration::from_millis(100), window: Duration::from_millis(400) };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "serve") {
        servers::serve(&arguments[at + 1..]);
        return;
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let pace = if quick { &QUICK } else { &FULL };
    let only: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| only.is_empty() || only.contains(&name);
    if wanted("creates") {
        creates(pace);
    }
    if wanted("callbacks") {
        callbacks(pace);
    }
    if wanted("memory") {
        memory();
    }
    if wanted("ready") {
        ready();
    }
}

/// Creates, without callbacks: the yardstick's constant answer against validation and a stored task.
fn creates(pace: &Pace) {
    let contenders = [
        ("bare axum, constant answer", "yardstick", vec!["0"], servers::KLING),
        ("kling create: key, validation, stored task", "kling", vec!["stay"], servers::KLING),
        ("vidu create: key, validation, stored task", "vidu", vec!["stay"], servers::VIDU),
    ];
    let mut rates = vec![Vec::new(); contenders.len()];
    for _ in 0..pace.rounds {
        for ((_, kind, arguments, create), rates) in contenders.iter().zip(&mut rates) {
            let server = Server::start(kind, arguments);
            let until = Until::Time { warm_up: pace.warm_up, window: pace.window };
            let outcome = load::run(server.address, create, IN_FLIGHT, until, Callbacks::None);
            rates.push(outcome.answers.per_second(pace.window));
        }
    }
    say("");
    say(&format!("creates, {IN_FLIGHT} connections, {}", pace.text()));
    let yardstick = median(&mut rates[0]);
    for ((name, ..), rates) in contenders.iter().zip(&mut rates) {
        let rate = median(rates);
        say(&format!("  {name:<46} {rate:>9.0} answers/s {:>5.0} %", 100.0 * rate / yardstick));
    }
}

/// Create to callback. A vendor calls back twice for a task (at work, ended), in that order; the
/// yardstick is shown with one callback a create and with two.
fn callbacks(pace: &Pace) {
    let contenders = [
        ("bare axum, 1 constant callback a create", "yardstick", "1", servers::KLING, Callbacks::Constant(1)),
        (
            "bare axum, 2 constant callbacks a create",
            "yardstick",
            "2",
            servers::KLING,
            Callbacks::Constant(2),
        ),
        ("kling, 2 a create, Standard Webhooks", "kling", "now", servers::KLING, Callbacks::Told),
        ("vidu, 2 a create, HMAC", "vidu", "now", servers::VIDU, Callbacks::Told),
    ];
    let mut outcomes: Vec<Vec<Outcome>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..pace.rounds {
        for ((_, kind, argument, create, expected), outcomes) in contenders.iter().zip(&mut outcomes) {
            let sinks = load::Sinks::open();
            let addresses = sinks.addresses();
            let server = Server::start(kind, &[argument, &addresses]);
            let until = Until::Time { warm_up: pace.warm_up, window: pace.window };
            outcomes.push(load::run_with(sinks, server.address, create, IN_FLIGHT, until, *expected));
        }
    }
    say("");
    say(&format!("created to callback, {IN_FLIGHT} in flight, {}; none lost, none doubled", pace.text()));
    let rate = |outcomes: &[Outcome]| {
        median(&mut outcomes.iter().map(|one| one.callbacks.per_second(pace.window)).collect::<Vec<_>>())
    };
    let yardstick = rate(&outcomes[0]);
    for ((name, ..), outcomes) in contenders.iter().zip(&outcomes) {
        let percentile = |share: usize| {
            median(&mut outcomes.iter().map(|one| one.milliseconds(share)).collect::<Vec<_>>())
        };
        let rate = rate(outcomes);
        say(&format!(
            "  {name:<46} {rate:>9.0} callbacks/s {:>5.0} %   after the answer: p50 {:.2} ms, p99 {:.2} ms",
            100.0 * rate / yardstick,
            percentile(50),
            percentile(99),
        ));
    }
}

/// What a mock holds for tasks whose callbacks are still to come.
fn memory() {
    say("");
    say(&format!("memory of {PENDING} pending deliveries (resident, before and after)"));
    for (name, kind, argument, create) in [
        ("kling, planned for later", "kling", "later", servers::KLING),
        ("vidu, planned for later", "vidu", "later", servers::VIDU),
        ("vidu, waiting to be repeated", "vidu", "repeat", servers::VIDU),
    ] {
        let sinks = load::Sinks::refusing();
        let server = Server::start(kind, &[argument, &sinks.addresses()]);
        let before = server.resident_mb();
        let callbacks = if argument == "repeat" { Callbacks::Refused } else { Callbacks::None };
        let until = Until::Count(PENDING);
        let outcome = load::run_with(sinks, server.address, create, IN_FLIGHT, until, callbacks);
        let after = server.resident_mb();
        let Answers(answers) = outcome.answers;
        say(&format!("  {name:<46} {before:>6.1} MB → {after:.1} MB after {answers} creates"));
    }
}

/// From starting the process to its first answer.
fn ready() {
    let mut times: Vec<f64> = (0..STARTS)
        .map(|_| {
            let began = Instant::now();
            let server = Server::start("kling", &["stay"]);
            load::run(server.address, servers::KLING, 1, Until::Count(1), Callbacks::None);
            1_000.0 * began.elapsed().as_secs_f64()
        })
        .collect();
    let typical = median(&mut times);
    let worst = times.last().copied().unwrap_or_default();
    say("");
    say(&format!(
        "ready: {typical:.1} ms from process start to first answer (median of {STARTS}, worst {worst:.1} ms)"
    ));
}

/// A server process; it ends when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(kind: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
            .args(["serve", kind])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started again");
        let stdout = child.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        let address = line.trim().parse().expect("it says an address");
        Self { child, address }
    }

    fn resident_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let kib = line.split_whitespace().next().and_then(|number| number.parse::<f64>().ok());
        kib.unwrap_or_default() / 1_024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is measured no more; how it ends does not matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Pace {
    fn text(&self) -> String {
        format!("median of {} rounds of {:.1} s", self.rounds, self.window.as_secs_f64())
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]
fn say(line: &str) {
    println!("{line}");
}
