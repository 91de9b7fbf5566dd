//! How long does judging a subject take, and how much memory? Run with `cargo context`.
//!
//! Each round is a whole process, start to exit, as a user runs it: the embedded references, and the
//! Python examples through `--exec` when there is a python3. Prints minimum, median and maximum of
//! the wall time, and the highest peak of resident memory. It measures; it asserts nothing.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 7;

fn main() {
    report("embedded gateway", &["test", "gateway"]);
    report("embedded receiver", &["test", "receiver"]);
    let python = Command::new("python3").arg("--version").stdout(Stdio::null()).status();
    if python.is_ok_and(|status| status.success()) {
        report("examples/gateway.py", &["test", "gateway", "--exec", "exec python3 examples/gateway.py"]);
        report("examples/receiver.py", &["test", "receiver", "--exec", "exec python3 examples/receiver.py"]);
    }
}

#[expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]
fn report(what: &str, arguments: &[&str]) {
    let mut rounds: Vec<(Duration, u64)> = (0..ROUNDS).map(|_| round(arguments)).collect();
    let peak = rounds.iter().map(|(_, peak)| *peak).max().unwrap_or(0);
    rounds.sort_unstable();
    let wall = |at: usize| rounds[at].0.as_secs_f64();
    println!(
        "{what}: wall {:.2} / {:.2} / {:.2} s (min / median / max of {ROUNDS}), peak memory {:.1} MB",
        wall(0),
        wall(ROUNDS / 2),
        wall(ROUNDS - 1),
        f64::from(u32::try_from(peak).unwrap_or(u32::MAX)) / 1024.0
    );
}

/// One run: wall time, and the peak resident memory in KiB (0 where the system does not tell).
fn round(arguments: &[&str]) -> (Duration, u64) {
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_ringback"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary was built for this benchmark");
    let peak = watch(&mut child);
    let status = child.wait().expect("it was started");
    assert!(status.success(), "the run being measured failed: {status}");
    (began.elapsed(), peak)
}

/// The high-water mark as long as the process is there to be asked; its output ends with it.
fn watch(child: &mut Child) -> u64 {
    let mut stdout = child.stdout.take().expect("it is piped");
    let status = format!("/proc/{}/status", child.id());
    let (ended, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _ = stdout.read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    let mut peak = 0;
    while end
        .recv_timeout(Duration::from_millis(5))
        .is_err_and(|error| error == std::sync::mpsc::RecvTimeoutError::Timeout)
    {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = mark.and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = peak.max(kib.unwrap_or(0));
    }
    peak
}
