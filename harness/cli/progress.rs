//! Shows how far a run is: a line on stderr that is redrawn where somebody watches, a line now and then where a log is kept.

use std::convert::Infallible;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::run::progress::{Progress, Tally};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a watched line is drawn again.
const REDRAWN: Duration = Duration::from_millis(100);
/// How often a log is told; a server that hears nothing for minutes ends the job.
const LOGGED: Duration = Duration::from_secs(30);

/// Shows the progress for as long as it is polled; it never ends by itself.
pub(super) async fn show(progress: &Progress) -> Infallible {
    let tallies = progress.subscribe();
    let began = Instant::now();
    if io::stderr().is_terminal() {
        // Cleared when dropped, however the run ends, so that the report begins on an empty line.
        let bar = Cleared(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.0.set_style(style);
        }
        let mut tick = tokio::time::interval(REDRAWN);
        loop {
            tick.tick().await;
            bar.0.set_message(line(&tallies.borrow(), began.elapsed()));
            bar.0.tick();
        }
    }
    let mut tick = tokio::time::interval(LOGGED);
    tick.tick().await;
    loop {
        tick.tick().await;
        // Nowhere is left to complain to when this fails.
        let _ = writeln!(io::stderr(), "ringback: {}", line(&tallies.borrow(), began.elapsed()));
    }
}

struct Cleared(ProgressBar);

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// What a run has come to, in a line.
fn line(tally: &Tally, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    if tally.of == 0 {
        return format!("the subject starts, {seconds} s");
    }
    let found = match tally.found {
        0 => String::new(),
        found => format!(", {found} with findings"),
    };
    let waiting = match tally.running.first() {
        Some(name) if tally.done + tally.running.len() >= tally.of || seconds >= 5 => {
            format!("; longest under way: {name}")
        }
        _ => String::new(),
    };
    format!("{} of {} cases ended{found}, {seconds} s{waiting}", tally.done, tally.of)
}

#[cfg(test)]
mod tests {
    //! What the line says, from the first moment to the last case.

    use std::time::Duration;

    use crate::run::progress::Tally;
    use rstest::rstest;

    use super::line;

    fn tally(of: usize, done: usize, found: usize, running: &[&str]) -> Tally {
        Tally { of, done, found, running: running.iter().map(|name| (*name).to_owned()).collect() }
    }

    #[rstest]
    #[case::starts(tally(0, 0, 0, &[]), 2, "the subject starts, 2 s")]
    #[case::runs(tally(420, 137, 0, &["a", "b"]), 1, "137 of 420 cases ended, 1 s")]
    #[case::finds(tally(420, 137, 3, &["a", "b"]), 1, "137 of 420 cases ended, 3 with findings, 1 s")]
    #[case::takes_long(tally(420, 137, 0, &["a", "b"]), 5, "137 of 420 cases ended, 5 s; longest under way: a")]
    #[case::waits_for_the_last(tally(420, 419, 0, &["b"]), 1, "419 of 420 cases ended, 1 s; longest under way: b")]
    fn a_run_in_a_line(#[case] tally: Tally, #[case] seconds: u64, #[case] says: &str) {
        assert_eq!(line(&tally, Duration::from_secs(seconds)), says);
    }
}
