//! How fast is a mock, beside a bare axum program? Run with `cargo context --context mock_speed`.
//!
//! Servers are processes of their own, all on the cores of this machine, driven by one lean load
//! generator; rounds alternate between yardstick and mock, and medians are compared. It asserts
//! nothing about speed, but every callback must come exactly once. `--quick` runs one short round.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

mod load;
mod servers;

use load::{Callbacks, Outcome, Until};
use servers::{KLING, VIDU};

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
    Pace { rounds: 7, warm_up: Duration::from_millis(300), window: Duration::from_millis(1_500) };
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

/// What a row is of: its name, and how the server is started and driven.
struct Contender {
    name: &'static str,
    kind: &'static str,
    argument: &'static str,
    create: &'static load::Create,
    callbacks: Callbacks,
}

const fn row(
    name: &'static str,
    (kind, argument): (&'static str, &'static str),
    create: &'static load::Create,
    callbacks: Callbacks,
) -> Contender {
    Contender { name, kind, argument, create, callbacks }
}

/// Creates, without callbacks: the yardstick's constant answer against validation and a stored task.
const CREATES: &[Contender] = &[
    row("bare axum, constant answer", ("yardstick", "0"), KLING, Callbacks::None),
    row("kling create: key, validation, stored task", ("kling", "stay"), KLING, Callbacks::None),
    row("vidu create: key, validation, stored task", ("vidu", "stay"), VIDU, Callbacks::None),
];

/// Create to callback. A vendor calls back twice for a task (at work, ended), in that order; the
/// yardstick is shown with one callback a create and with two.
const CALLBACKS: &[Contender] = &[
    row("bare axum, 1 constant callback a create", ("yardstick", "1"), KLING, Callbacks::Constant(1)),
    row("bare axum, 2 constant callbacks a create", ("yardstick", "2"), KLING, Callbacks::Constant(2)),
    row("kling, 2 a create, Standard Webhooks", ("kling", "now"), KLING, Callbacks::Told),
    row("vidu, 2 a create, HMAC", ("vidu", "now"), VIDU, Callbacks::Told),
];

/// What one round of a contender gave.
struct Round {
    outcome: Outcome,
    per_second: f64,
    /// Processor time of the server for each of what is counted, in microseconds.
    cost: f64,
}

/// The rounds of every contender, in turns.
fn compete(contenders: &[Contender], pace: &Pace) -> Vec<Vec<Round>> {
    let mut all: Vec<Vec<Round>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..pace.rounds {
        for (contender, rounds) in contenders.iter().zip(&mut all) {
            let sinks = load::Sinks::open();
            let server = Server::start(contender.kind, &[contender.argument, &sinks.addresses()]);
            let until = Until::Time { warm_up: pace.warm_up, window: pace.window };
            let outcome =
                load::run(sinks, server.address, contender.create, IN_FLIGHT, until, contender.callbacks);
            let (counted, whole) = if contender.callbacks == Callbacks::None {
                (outcome.answers, outcome.answers_ever)
            } else {
                (outcome.callbacks, outcome.callbacks_ever)
            };
            let cost = 1e6 * server.processor_seconds() / whole.number();
            rounds.push(Round { outcome, per_second: counted.number() / pace.window.as_secs_f64(), cost });
        }
    }
    all
}

fn creates(pace: &Pace) {
    let all = compete(CREATES, pace);
    say(&format!("\ncreates, {IN_FLIGHT} connections, {}", pace.text()));
    for (contender, rounds) in CREATES.iter().zip(&all) {
        say(&format!("  {:<44}{}", contender.name, rates(rounds, &all[0], "answers")));
    }
}

fn callbacks(pace: &Pace) {
    let all = compete(CALLBACKS, pace);
    say(&format!("\ncreated to callback, {IN_FLIGHT} in flight, {}; none lost, none doubled", pace.text()));
    for (contender, rounds) in CALLBACKS.iter().zip(&all) {
        let mut line = format!("  {:<44}{}", contender.name, rates(rounds, &all[0], "callbacks"));
        if contender.callbacks == Callbacks::Told {
            let percentile = |share| median(rounds.iter().map(|round| round.outcome.milliseconds(share)));
            let (typical, rare) = (percentile(50), percentile(99));
            let _ = write!(line, "  answer to callback: p50 {typical:.2} ms, p99 {rare:.2} ms");
        }
        say(&line);
    }
}

/// Medians; the share of the yardstick is the median of the shares in each round, because rounds
/// that follow each other meet the same machine.
fn rates(rounds: &[Round], yardstick: &[Round], what: &str) -> String {
    let rate = median(rounds.iter().map(|round| round.per_second));
    let share = median(rounds.iter().zip(yardstick).map(|(one, other)| one.per_second / other.per_second));
    let cost = median(rounds.iter().map(|round| round.cost));
    format!("{rate:>8.0} {what}/s {:>4.0} %  server {cost:.1} µs each", 100.0 * share)
}

/// What a mock holds for tasks whose callbacks are still to come.
fn memory() {
    say(&format!("\nmemory of {PENDING} pending deliveries (resident, before and after)"));
    for (name, kind, argument, create) in [
        ("kling, planned for later", "kling", "later", KLING),
        ("vidu, planned for later", "vidu", "later", VIDU),
        ("vidu, waiting to be repeated", "vidu", "repeat", VIDU),
    ] {
        let sinks = load::Sinks::refusing();
        let server = Server::start(kind, &[argument, &sinks.addresses()]);
        let before = server.resident_mb();
        let callbacks = if argument == "repeat" { Callbacks::Refused } else { Callbacks::None };
        let until = Until::Count(PENDING);
        let outcome = load::run(sinks, server.address, create, IN_FLIGHT, until, callbacks);
        let after = server.resident_mb();
        let creates = outcome.answers.number();
        say(&format!("  {name:<44}{before:>6.1} MB, then {after:.1} MB after {creates} creates"));
    }
}

/// From starting the process to its first answer.
fn ready() {
    let times: Vec<f64> = (0..STARTS)
        .map(|_| {
            let began = Instant::now();
            let server = Server::start("kling", &["stay"]);
            load::run(load::Sinks::open(), server.address, KLING, 1, Until::Count(1), Callbacks::None);
            1_000.0 * began.elapsed().as_secs_f64()
        })
        .collect();
    let typical = median(times.iter().copied());
    let worst = times.iter().copied().fold(0.0, f64::max);
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

    /// Processor time used so far, in user mode and in the kernel.
    fn processor_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        // Fields 14 and 15 of the whole line, in hundredths of a second.
        fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
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

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]
fn say(line: &str) {
    println!("{line}");
}
