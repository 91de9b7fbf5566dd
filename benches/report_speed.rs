//! How long does it take to write a large report in every format, and how large is each? Run with
//! `cargo context --context report_speed`.
//!
//! The report has 1,000 cases with the transcripts of real runs: the reference gateway with a mutant, so that
//! there are findings; the reference receiver; and the gateway again with other inputs, as many cases as are
//! missing. Only the names of the last are changed. It measures; it asserts nothing.

use std::time::{Duration, Instant};

use ringback::gateway::stage as gateway_stage;
use ringback::gateway::target::GatewayTarget;
use ringback::receiver::stage as receiver_stage;
use ringback::receiver::target::ReceiverTarget;
use ringback::report::Report;
use ringback::report::format::{FORMATS, Format};
use ringback::run::session::RunOptions;
use ringback_reference::gateway::mutants;

const CASES: usize = 1_000;
const ROUNDS: usize = 9;

#[tokio::main]
async fn main() {
    let report = report().await;
    let exchanges: usize = report.cases.iter().map(|case| case.transcript.len()).sum();
    say(&format!("{} cases, {exchanges} exchanges, {} failures", report.cases.len(), report.counts.fail));
    let mut sum = Duration::ZERO;
    for format in FORMATS {
        let mut rounds: Vec<(Duration, usize)> = (0..ROUNDS).map(|_| round(format, &report)).collect();
        rounds.sort_unstable();
        let wall = |at: usize| rounds[at].0.as_secs_f64() * 1_000.0;
        say(&format!(
            "{}: {:.1} / {:.1} / {:.1} ms (min / median / max of {ROUNDS}), {} bytes",
            format.name,
            wall(0),
            wall(ROUNDS / 2),
            wall(ROUNDS - 1),
            rounds[0].1
        ));
        sum += rounds[ROUNDS / 2].0;
    }
    say(&format!("all formats: {:.1} ms (sum of the medians)", sum.as_secs_f64() * 1_000.0));
}

#[expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]
fn say(line: &str) {
    println!("{line}");
}

fn round(format: &Format, report: &Report) -> (Duration, usize) {
    let began = Instant::now();
    let text = (format.render)(report, ringback::catalogue::by_id);
    (began.elapsed(), text.len())
}

async fn report() -> Report {
    let options = RunOptions::default();
    let faulty = GatewayTarget::embedded(&[mutants::ESCAPES_DECODED]);
    let mut report = gateway_stage::judge(faulty, &options).await.expect("the reference gateway starts");
    let receiver = receiver_stage::judge(ReceiverTarget::embedded(&[]), &options)
        .await
        .expect("the reference receiver starts");
    report.cases.extend(receiver.cases);
    let others = RunOptions { seed: 8, ..RunOptions::default() };
    let again = gateway_stage::judge(GatewayTarget::embedded(&[]), &others)
        .await
        .expect("the reference gateway starts");
    let missing = CASES.saturating_sub(report.cases.len());
    report.cases.extend(again.cases.into_iter().take(missing).map(|mut case| {
        case.name.push_str(" again");
        case
    }));
    report.concluded()
}
