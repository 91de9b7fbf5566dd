//! Plays a page: its commands, in order, in one folder with the examples in it, as somebody would who reads from top to bottom.
//!
//! What a command prints is compared with what the page shows below it: a line of `...` or `…` stands for any lines, `…` within
//! a line for any text, and times are not compared. A command below which nothing is shown only has to succeed; one that fails has to
//! show its exit code. Well-known ports are taken for free ones, so that nobody has to wait for anybody.
//!
//! It is kept beside `trycmd`, which has no shell (pipes, `>`, `export` and `$(…)` are on these pages), skips a command that it does
//! not know, keeps no variables from one command to the next, and starts nothing that runs on.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::blocks::{Treatment, treatment};
use super::pages::{Page, repository};

/// Ports that pages name.
const PORTS: [u16; 7] = [8080, 9000, 9100, 9101, 9102, 9103, 9104];
/// How long one command may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(150);

/// Whether anything of a page is run.
pub(crate) fn is_played(page: &Page) -> bool {
    page.blocks.iter().any(|block| matches!(treatment(&block.info), Some(Treatment::Run | Treatment::RunOn)))
}

/// Runs what a page says; what differs, in words.
pub(crate) fn play(page: &Page) -> Vec<String> {
    let mut session = Session::new();
    let mut wrong = Vec::new();
    for block in &page.blocks {
        let runs_on = match treatment(&block.info) {
            Some(Treatment::Run) => false,
            Some(Treatment::RunOn) => true,
            _ => continue,
        };
        for step in steps(&block.text) {
            let seen = if runs_on { session.start(&step) } else { session.run(&step) };
            if let Err(difference) = seen {
                wrong.push(format!("{}: {}\n{difference}", block.place, step.command));
                // What follows may rest on it.
                return wrong;
            }
        }
    }
    wrong.extend(
        session.ended().into_iter().map(|command| format!("{}: it does not run on: {command}", page.path)),
    );
    wrong
}

/// A command and what is shown below it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) shown: String,
}

/// Takes a block apart. A command that ends in a backslash goes on in the next line.
pub(crate) fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in text.lines() {
        let last = steps.last_mut();
        match (line.strip_prefix("$ "), last) {
            (Some(command), _) => steps.push(Step { command: command.to_owned(), shown: String::new() }),
            (None, Some(step)) if step.shown.is_empty() && step.command.ends_with('\\') => {
                step.command.push('\n');
                step.command.push_str(line);
            }
            (None, Some(step)) => {
                step.shown.push_str(line);
                step.shown.push('\n');
            }
            (None, None) => {}
        }
    }
    steps
}

/// What is wrong with what was printed.
pub(crate) fn differs(shown: &str, printed: &str, code: Option<i32>) -> Option<String> {
    let said = shown.contains(&format!("(exit code {})", code.unwrap_or(-1)));
    if code != Some(0) && !said {
        return Some(format!("it ended with {code:?}, which the page does not say; it printed:\n{printed}"));
    }
    if shown.trim().is_empty() {
        return None;
    }
    let tidy = |text: &str| format!("{}\n", text.trim_end());
    let expected = snapbox::Data::text(pattern(&tidy(shown)));
    let assert = snapbox::Assert::new()
        .action(snapbox::assert::Action::Verify)
        .palette(snapbox::report::Palette::plain());
    assert
        .try_eq(None, snapbox::IntoData::into_data(tidy(printed)), expected)
        .err()
        .map(|error| error.to_string())
}

/// What a page shows, in snapbox's signs.
fn pattern(shown: &str) -> String {
    let lines = shown.lines().map(|line| match line.trim() {
        "…" | "..." => "...".to_owned(),
        _ => untimed(&line.replace('…', "[..]")),
    });
    lines.map(|line| line + "\n").collect()
}

/// `1.36 s` is another time tomorrow.
fn untimed(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    for at in 1..words.len() {
        if words[at].trim_end_matches([';', ',']) == "s" && words[at - 1].parse::<f64>().is_ok() {
            words[at - 1] = "[..]";
        }
    }
    words.join(" ")
}

pub(crate) struct Session {
    folder: TempDir,
    /// Out of the reader's sight: the tool on the path, what one command leaves for the next.
    service: TempDir,
    /// A port as shown, and as it is.
    ports: Vec<(u16, u16)>,
    /// Commands that stay.
    pub(crate) running: Vec<(String, Child)>,
}

impl Session {
    pub(crate) fn new() -> Self {
        let folder = || tempfile::tempdir().expect("a temporary folder");
        let (folder, service) = (folder(), folder());
        symlink(env!("CARGO_BIN_EXE_ringback"), service.path().join("ringback")).expect("a link");
        symlink(repository("examples"), folder.path().join("examples")).expect("a link");
        // All of them are held until the last is known, so that no two are equal.
        let held: Vec<TcpListener> =
            PORTS.iter().map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
        let free = held.iter().map(|listener| listener.local_addr().expect("it has an address").port());
        let ports = PORTS.into_iter().zip(free).collect();
        Self { folder, service, ports, running: Vec::new() }
    }

    pub(crate) fn run(&mut self, step: &Step) -> Result<(), String> {
        let printed = self.service.path().join("printed");
        let mut child = self.spawn(&step.command, &printed);
        let id = child.id();
        let (sender, ended) = mpsc::channel();
        // Fails when nobody waits any more.
        thread::spawn(move || sender.send(child.wait()));
        let Ok(status) = ended.recv_timeout(PATIENCE) else {
            kill(id);
            return Err(format!("it did not end; it printed:\n{}", self.shown(&printed)));
        };
        let status = status.expect("it can be asked");
        differs(&step.shown, &self.shown(&printed), status.code()).map_or(Ok(()), Err)
    }

    /// Starts what stays: until it has printed what is shown, or listens where it was told to.
    pub(crate) fn start(&mut self, step: &Step) -> Result<(), String> {
        let printed = self.service.path().join(format!("printed-{}", self.running.len()));
        let mut child = self.spawn(&step.command, &printed);
        let port =
            step.command.split_once("PORT=").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
        let port = self.ports.iter().find(|(shown, _)| Some(*shown) == port).map(|(_, real)| *real);
        assert!(!step.shown.is_empty() || port.is_some(), "{}: nothing tells when it is ready", step.command);
        let begun = Instant::now();
        let outcome = loop {
            let ready = if step.shown.is_empty() {
                port.is_some_and(|port| TcpStream::connect(("127.0.0.1", port)).is_ok())
            } else {
                differs(&step.shown, &self.shown(&printed), Some(0)).is_none()
            };
            let ended = child.try_wait().expect("it can be asked");
            if ready && ended.is_none() {
                break Ok(());
            }
            if ended.is_some() || begun.elapsed() > Duration::from_secs(30) {
                let text = self.shown(&printed);
                let difference = differs(&step.shown, &text, Some(0)).unwrap_or_default();
                break Err(format!("it does not run on ({ended:?})\n{difference}"));
            }
            look_again();
        };
        self.running.push((step.command.clone(), child));
        outcome
    }

    /// What should have stayed and has not.
    pub(crate) fn ended(&mut self) -> Vec<String> {
        let ended = self.running.iter_mut().filter_map(|(command, child)| {
            child.try_wait().expect("it can be asked").map(|status| format!("{command} ({status})"))
        });
        ended.collect()
    }

    fn spawn(&self, command: &str, printed: &Path) -> Child {
        let state = self.service.path().join("state");
        let command = self
            .ports
            .iter()
            .fold(command.to_owned(), |text, (shown, real)| renumbered(&text, *shown, *real));
        // What cargo would build is built already.
        let command =
            command.replace("cargo run --release -- ", "ringback ").replace("cargo run -- ", "ringback ");
        // `set -a`: a variable of one command is there for the next, as in one terminal.
        let (state, defaults) = (state.display(), self.defaults(&command));
        let script = format!(
            "[ ! -f '{state}' ] || . '{state}'\n{defaults}\nset -a\n{command}\ncode=$?\n\
             {{ export -p; printf 'cd %q\\n' \"$PWD\"; }} >'{state}'\nexit $code"
        );
        let file = fs::File::create(printed).expect("it can be written");
        let path = std::env::var("PATH").unwrap_or_default();
        Command::new("bash")
            .args(["-c", &script])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", format!("{}:{path}", self.service.path().display()))
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("one file for both"))
            .stderr(file)
            .process_group(0)
            .spawn()
            .expect("bash is there")
    }

    /// Puts free ports in the place of the tool's defaults; a command that says which it wants gets those.
    fn defaults(&self, command: &str) -> String {
        let real =
            |shown| self.ports.iter().find(|(port, _)| *port == shown).map_or(shown, |(_, real)| *real);
        if command.contains("--port") {
            return "unset RINGBACK_MOCK_PORT RINGBACK_MOCK_CONTROL".to_owned();
        }
        let vendors = ["kling", "doubao", "minimax", "vidu"].into_iter().zip(9101..);
        let vendors: Vec<String> = vendors.map(|(vendor, port)| format!("{vendor}={}", real(port))).collect();
        format!(
            "export RINGBACK_MOCK_PORT={} RINGBACK_MOCK_CONTROL={} RINGBACK_LISTEN_BIND=127.0.0.1:{}",
            vendors.join(","),
            real(9100),
            real(9000)
        )
    }

    /// What was printed so far, with the ports that the page names.
    fn shown(&self, printed: &Path) -> String {
        let text = String::from_utf8_lossy(&fs::read(printed).unwrap_or_default()).into_owned();
        self.ports.iter().fold(text, |text, (shown, real)| renumbered(&text, *real, *shown))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.running.iter_mut().for_each(|(_, child)| end(child));
    }
}

/// Ends a command and all that it started.
fn end(child: &mut Child) {
    kill(child.id());
    let _ = child.wait();
}

fn kill(id: u32) {
    if let Ok(id) = i32::try_from(id).map(Pid::from_raw)
        && let Some(group) = id
    {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Nothing announces that a foreign process listens or has printed; this is the pause before looking again.
fn look_again() {
    thread::sleep(Duration::from_millis(20));
}

/// A port where it stands by itself, not inside a longer number or word.
pub(crate) fn renumbered(text: &str, from: u16, to: u16) -> String {
    let (from, to) = (from.to_string(), to.to_string());
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(&from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        let joined = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        result.push_str(before);
        let part = joined(before.chars().last().or(result.chars().last())) || joined(after.chars().next());
        result.push_str(if part { &from } else { &to });
        rest = after;
    }
    result + rest
}
