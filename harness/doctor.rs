//! What `ringback doctor` concludes: whether machine, configuration and target can be judged at all.
//!
//! Pure: facts in, lines and an exit code out. Looking is `doctor/probe`, wording a fact `doctor/lines`, what a
//! case would lack `doctor/lacks`. Secrets are named here and never held.

pub mod lacks;
mod lines;
mod names;
pub mod probe;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

/// What was seen of this machine and its settings.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The configuration file, if there is one.
    pub file: Option<String>,
    /// What is wrong with it, where that is not told with a subject.
    pub wrong: Option<String>,
    /// What that file sets, names only.
    pub keys: Vec<String>,
    /// Names of the variables that are set and read.
    pub variables: Vec<String>,
    /// Variables that nobody reads, each with the one that it may have been meant for.
    pub strays: Vec<(String, String)>,
    /// What its clock says.
    pub now: Timestamp,
    /// The folder for temporary files, and what came of writing there.
    pub temporary: (String, Result<(), String>),
}

/// What was seen of one subject.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `gateway` or `receiver`.
    pub subject: &'static str,
    /// What its configuration comes to.
    pub configured: Configured,
    /// Commands, and whether each can be found.
    pub commands: Vec<(String, Result<(), String>)>,
    /// Addresses we must listen on.
    pub ports: Vec<Port>,
    /// Servers we must reach, and what came of trying.
    pub knocks: Vec<Knock>,
    /// Secrets: the variable, whether it is set, and what it is for.
    pub secrets: Vec<(String, bool, &'static str)>,
    /// What cannot be judged.
    pub lacks: lacks::Lacks,
}

/// What the configuration of a subject comes to.
#[derive(Clone, Debug)]
pub enum Configured {
    /// A target, in words.
    Target(String),
    /// Nothing: what is wrong with it.
    Wrong(String),
    /// Nothing yet: an address in it was not resolved within this time.
    Slow(Duration),
}

/// An address we must listen on.
#[derive(Clone, Debug)]
pub struct Port {
    /// For what.
    pub purpose: String,
    /// Where.
    pub address: SocketAddr,
    /// The flag that names another place; none for a port that the system chooses.
    pub flag: Option<&'static str>,
    /// Whether it is free.
    pub free: Result<(), String>,
}

/// A server we must reach.
#[derive(Clone, Debug)]
pub struct Knock {
    /// What it is to us.
    pub purpose: &'static str,
    /// Scheme, host and port.
    pub url: String,
    /// What it said.
    pub answer: Result<Answer, Unreached>,
}

/// An answer to a request without a key.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// Its status; none of an answer that is too long to be read.
    pub status: Option<u16>,
    /// How far its `Date` is ahead of our clock.
    pub ahead: Option<SignedDuration>,
}

/// How far we came with a server, and why not further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreached {
    /// Its name leads nowhere.
    Name(String),
    /// No connection.
    Connection(String),
    /// A connection, and no TLS on it.
    Tls(String),
    /// A connection, and no answer on it.
    Answer(String),
}

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// As it should be.
    Ok,
    /// Worth knowing; it is so by choice.
    Note,
    /// Nothing is in the way, but results may surprise.
    Warn,
    /// The configuration is wrong.
    Wrong,
    /// Nothing could be judged like this.
    Blocked,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// How it stands.
    pub mark: Mark,
    /// What was looked at.
    pub what: &'static str,
    /// What was seen.
    pub says: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// Everything that was looked at.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    machine: Vec<Line>,
    subjects: Vec<(Seen, Vec<Line>)>,
}

impl Diagnosis {
    /// What the facts come to.
    pub fn of(machine: &Machine, subjects: Vec<Seen>) -> Self {
        let subjects = subjects.into_iter().map(|seen| {
            let lines = lines::subject(&seen);
            (seen, lines)
        });
        Self { machine: lines::machine(machine), subjects: subjects.collect() }
    }

    /// 0 can be judged, 2 wrong configuration, 3 cannot be judged.
    pub fn exit_code(&self) -> u8 {
        let any = |mark| self.lines().any(|line| line.mark == mark);
        if any(Mark::Wrong) {
            2
        } else if any(Mark::Blocked) {
            3
        } else {
            0
        }
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = "This machine\n".to_owned();
        written(&mut text, &self.machine);
        for (seen, lines) in &self.subjects {
            let _ = writeln!(text, "\nThe {}", seen.subject);
            written(&mut text, lines);
        }
        let _ = writeln!(text, "\n{} (exit code {})", self.conclusion(), self.exit_code());
        text
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let subjects: Vec<Value> = self
            .subjects
            .iter()
            .map(|(seen, lines)| {
                json!({
                    "subject": seen.subject,
                    "cases": seen.lacks.cases,
                    "judgeable": seen.lacks.judgeable(),
                    "missing": seen.lacks.missing,
                    "lines": lines,
                })
            })
            .collect();
        json!({
            "ready": self.exit_code() == 0,
            "exit_code": self.exit_code(),
            "machine": self.machine,
            "subjects": subjects,
        })
    }

    fn lines(&self) -> impl Iterator<Item = &Line> {
        self.machine.iter().chain(self.subjects.iter().flat_map(|(_, lines)| lines))
    }

    fn conclusion(&self) -> &'static str {
        match self.exit_code() {
            0 => "READY: `ringback test` with the same flags can judge this",
            2 => "NOT CONFIGURED: mend what is marked WRONG",
            _ => "CANNOT BE JUDGED: mend what is marked BLOCKED",
        }
    }
}

fn written(text: &mut String, lines: &[Line]) {
    for Line { mark, what, says, remedy } in lines {
        let word = match mark {
            Mark::Ok => "ok",
            Mark::Note => "note",
            Mark::Warn => "WARN",
            Mark::Wrong => "WRONG",
            Mark::Blocked => "BLOCKED",
        };
        let _ = writeln!(text, "  {word:<8} {what:<9} {says}");
        if let Some(remedy) = remedy {
            let _ = writeln!(text, "{:21}{remedy}", "");
        }
    }
}
