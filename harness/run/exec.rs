//! A subject that is a command of the user's: started in a process group of its own, watched until
//! it listens, and ended with everything it started.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ringback_mocks::wire::Secret;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::run::mask::Mask;

/// Lines of output kept to explain a death.
const LINES_KEPT: usize = 6;
/// Longest line kept; a program may print anything.
const LINE_MAX: u64 = 1_000;
/// How often an unopened port is tried. Nothing tells us when a foreign process listens.
const KNOCK_EVERY: Duration = Duration::from_millis(10);
/// Ports for commands: Linux hands out ports from 32768 on by itself, other systems from 49152.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
const PORTS_TRIED: usize = 32;
/// How long a polite end may take before the group is killed.
const ENDS_WITHIN: Duration = Duration::from_secs(2);

/// Variables for the command.
#[derive(Debug, Default)]
pub struct Environment {
    addresses: Vec<(String, String)>,
    secrets: Vec<(String, Secret)>,
}

impl Environment {
    /// One more variable that everybody may see.
    #[must_use]
    pub fn address(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.addresses.push((name.into(), value.into()));
        self
    }

    /// One more variable that is hidden in what the command prints.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>, secret: &Secret) -> Self {
        self.secrets.push((name.into(), secret.clone()));
        self
    }
}

/// Why a command did not become a subject.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The shell could not be started.
    #[error("cannot start `{command}`: {cause}")]
    Spawn {
        /// The command.
        command: String,
        /// Why not.
        cause: std::io::Error,
    },
    /// It ended before it listened.
    #[error("`{command}` ended ({status}) before it listened on PORT={port}{said}")]
    Died {
        /// The command.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The port it was given.
        port: u16,
        /// Its last lines.
        said: String,
    },
    /// It never listened.
    #[error("`{command}` did not listen on PORT={port} within {within:?}{said}")]
    Deaf {
        /// The command.
        command: String,
        /// The port it was given.
        port: u16,
        /// How long we waited.
        within: Duration,
        /// Its last lines.
        said: String,
    },
}

/// A running command; it and its group are killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Mutex<Child>,
    group: Option<u32>,
    port: u16,
    said: Said,
    /// Hides what the command was given in what it says.
    mask: Mask,
}

impl Process {
    /// Starts `command` and waits until its port accepts connections. What is `hidden` it may know besides.
    pub async fn start(
        command: &str,
        environment: Environment,
        hidden: &[(String, Secret)],
        within: Duration,
    ) -> Result<Self, StartError> {
        let spawn = |cause| StartError::Spawn { command: command.to_owned(), cause };
        let port = free_port().map_err(spawn)?;
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", command])
            .envs(environment.addresses)
            .envs(environment.secrets.iter().map(|(name, secret)| (name, secret.expose())))
            .env("PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        shell.process_group(0);
        let mut child = shell.spawn().map_err(spawn)?;
        let said = Said::default();
        said.listen(child.stdout.take());
        said.listen(child.stderr.take());
        let group = child.id();
        let mask = Mask::new(&[&environment.secrets, hidden].concat());
        let process = Self { child: Mutex::new(child), group, port, said, mask };
        process.wait_until_it_listens(command, within).await?;
        Ok(process)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How it ended and its last lines, if it has ended.
    pub fn exit_summary(&self) -> Option<String> {
        let status = self.status()?;
        Some(format!("{status}{}", self.tail()))
    }

    /// Asks the group to end, then makes it.
    pub async fn end(self) {
        self.signal(false);
        let deadline = Instant::now() + ENDS_WITHIN;
        while self.status().is_none() && Instant::now() < deadline {
            tokio::time::sleep(KNOCK_EVERY).await;
        }
        // Dropping kills what is left of the group.
    }

    async fn wait_until_it_listens(&self, command: &str, within: Duration) -> Result<(), StartError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let deadline = Instant::now() + within;
        loop {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.status() {
                // Its last lines may still be in the pipe.
                tokio::time::sleep(KNOCK_EVERY).await;
                let said = self.tail();
                return Err(StartError::Died { command: command.to_owned(), status, port: self.port, said });
            }
            if Instant::now() >= deadline {
                let said = self.tail();
                return Err(StartError::Deaf { command: command.to_owned(), port: self.port, within, said });
            }
            tokio::time::sleep(KNOCK_EVERY).await;
        }
    }

    fn tail(&self) -> String {
        self.mask.text(&self.said.tail())
    }

    fn status(&self) -> Option<ExitStatus> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait().ok().flatten()
    }

    #[cfg(unix)]
    fn signal(&self, kill: bool) {
        let signal = if kill { rustix::process::Signal::KILL } else { rustix::process::Signal::TERM };
        let group =
            self.group.and_then(|group| i32::try_from(group).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            // Fails when the whole group is gone already, which is what we want.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }

    #[cfg(not(unix))]
    fn signal(&self, _kill: bool) {
        let _ = self.child.lock().unwrap_or_else(PoisonError::into_inner).start_kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(true);
    }
}

/// The last lines of a command's output.
#[derive(Clone, Debug, Default)]
struct Said(Arc<Mutex<VecDeque<String>>>);

impl Said {
    fn listen(&self, pipe: Option<impl AsyncRead + Unpin + Send + 'static>) {
        let Some(pipe) = pipe else { return };
        let said = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(pipe);
            loop {
                let mut line = Vec::new();
                match (&mut lines).take(LINE_MAX).read_until(b'\n', &mut line).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => said.keep(printable(&line)),
                }
            }
        });
    }

    fn keep(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn tail(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            return "; it printed nothing".to_owned();
        }
        lines.iter().fold("; its last lines:".to_owned(), |text, line| format!("{text}\n    {line}"))
    }
}

/// A line that cannot steer our terminal.
fn printable(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end().replace(char::is_control, " ")
}

/// A port below those that the system hands out by itself, so that nobody else is given it before the command listens.
fn free_port() -> std::io::Result<u16> {
    let tried = std::iter::repeat_with(|| fastrand::u16(PORTS)).take(PORTS_TRIED);
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    match tried.map(free).find_map(Result::ok) {
        Some(listener) => Ok(listener.local_addr()?.port()),
        None => Ok(free(0)?.local_addr()?.port()),
    }
}
