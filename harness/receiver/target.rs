//! Which receiver is judged, how it is reached, how its work is seen, and how patient we are with it.
//!
//! Plain values, complete and valid once built. Reading flags, environment and files is `config`;
//! starting things is `receiver/subject`.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::Secret;
use ringback_reference::deviation::{Mutant, Variant};
use ringback_reference::receiver::Receiver;

use super::effects::Probe;
use crate::run::guard::Limits;

use crate::run::excerpt::quoted;
use crate::run::mode::Mode;

/// A receiver to judge.
#[derive(Clone, Debug)]
pub struct ReceiverTarget {
    /// How it is reached.
    pub reach: ReceiverReach,
    /// The vendors whose callbacks are sent.
    pub vendors: Vec<Vendor>,
    /// How what it did is seen; `None` leaves those requirements untestable.
    pub probe: Option<Probe>,
    /// Path, or whole URL, that makes it submit a job (POST).
    pub start: Option<String>,
    /// Random schedules of trouble a case tries.
    pub schedules: usize,
    /// How long we wait for what.
    pub timeouts: ReceiverTimeouts,
    /// What may be sent to it.
    pub limits: Limits,
    /// Other secrets that the subject may know and tell, with the variables that hold them.
    pub hidden: Vec<(String, Secret)>,
}

/// How a receiver is reached.
#[derive(Clone, Debug)]
pub enum ReceiverReach {
    /// The reference receiver, in this process.
    Embedded {
        /// What it does wrong.
        mutants: Vec<Mutant<Receiver>>,
        /// What it does that is legal and unusual.
        variants: Vec<Variant<Receiver>>,
    },
    /// A command that we start and end.
    Exec {
        /// The command, for a shell.
        command: String,
        /// How long it may take until it listens.
        ready_within: Duration,
        /// Path of the hooks; `{vendor}` stands for the vendor.
        hooks: String,
    },
    /// Addresses of hooks that are there already.
    Url {
        /// Where each vendor's callbacks go, whole URLs.
        hooks: Vec<(Vendor, String)>,
        /// Secrets that the receiver verifies with.
        secrets: Vec<(Vendor, Secret)>,
        /// Where our gateway listens, if the receiver asks it.
        gateway: Option<SocketAddr>,
        /// The key it uses there.
        key: Option<Secret>,
    },
}

/// Path of the hooks of receivers that we start.
pub const HOOKS: &str = "/hooks/{vendor}";
/// Path that makes receivers that we start submit a job.
pub const START: &str = "/jobs";
/// Random schedules a case tries, and with `--deep`.
pub const SCHEDULES: usize = 24;
/// See [`SCHEDULES`].
pub const SCHEDULES_DEEP: usize = 1_000;

/// How long we wait for what.
#[derive(Clone, Copy, Debug)]
pub struct ReceiverTimeouts {
    /// For the answer to one request.
    pub answer: Duration,
    /// What a vendor waits for the answer to a callback.
    pub ack: Duration,
    /// For the work to be done after a callback was answered.
    pub settle: Duration,
    /// For polling to notice an end.
    pub poll: Duration,
    /// How long something must not happen before we say it did not.
    pub quiet: Duration,
    /// For a whole case.
    pub case: Duration,
    /// Pause between two looks at the effects probe.
    pub look: Duration,
}

impl ReceiverTimeouts {
    /// For a receiver in this process or on this machine.
    pub const LOCAL: Self = Self {
        answer: Duration::from_secs(10),
        // Ark documents five seconds; the others document no limit, and nobody is known to wait less.
        ack: Duration::from_secs(5),
        settle: Duration::from_secs(5),
        poll: Duration::from_secs(10),
        quiet: Duration::from_millis(150),
        // A receiver that takes a third of a second for each answer is slow and right.
        case: Duration::from_secs(300),
        look: Duration::from_millis(4),
    };
    /// For the reference receiver with a mutant on: it acts at once or never.
    pub const REFERENCE: Self =
        Self { settle: Duration::from_secs(2), poll: Duration::from_millis(1_500), ..Self::LOCAL };
    /// For a receiver elsewhere.
    pub const REMOTE: Self = Self {
        answer: Duration::from_secs(15),
        settle: Duration::from_secs(10),
        poll: Duration::from_secs(60),
        quiet: Duration::from_secs(1),
        case: Duration::from_secs(900),
        look: Duration::from_millis(250),
        ..Self::LOCAL
    };
}

impl ReceiverTarget {
    /// The reference receiver, every vendor, with these mutants on.
    pub fn embedded(mutants: &[Mutant<Receiver>]) -> Self {
        Self {
            reach: ReceiverReach::Embedded { mutants: mutants.to_vec(), variants: Vec::new() },
            vendors: Vendor::all().collect(),
            probe: Some(Probe::usual()),
            start: Some(START.to_owned()),
            schedules: SCHEDULES,
            timeouts: if mutants.is_empty() { ReceiverTimeouts::LOCAL } else { ReceiverTimeouts::REFERENCE },
            limits: Limits::default(),
            hidden: Vec::new(),
        }
    }

    /// The reference receiver, every vendor, with these variants on.
    pub fn varied(variants: &[Variant<Receiver>]) -> Self {
        let reach = ReceiverReach::Embedded { mutants: Vec::new(), variants: variants.to_vec() };
        Self { reach, ..Self::embedded(&[]) }
    }

    /// How much is seen of it. A receiver at a URL is seen from outside unless it asks our gateway.
    pub const fn mode(&self) -> Mode {
        match &self.reach {
            ReceiverReach::Embedded { .. } => Mode::Embedded,
            ReceiverReach::Url { gateway: None, .. } => Mode::Deployed,
            ReceiverReach::Exec { .. } | ReceiverReach::Url { .. } => Mode::Loopback,
        }
    }

    /// Arguments of `ringback test receiver` that name this target again.
    pub fn arguments(&self) -> String {
        let mut text = String::new();
        match &self.reach {
            ReceiverReach::Embedded { .. } => return text,
            ReceiverReach::Exec { command, hooks, .. } => {
                let _ = write!(text, "--exec {} ", quoted(command));
                if hooks != HOOKS {
                    let _ = write!(text, "--path {} ", quoted(hooks));
                }
            }
            ReceiverReach::Url { hooks, gateway, .. } => {
                match hooks.as_slice() {
                    [(vendor, url)] => {
                        let _ = write!(text, "{} --vendor {vendor} ", quoted(url));
                    }
                    several => {
                        for (vendor, url) in several {
                            let _ = write!(text, "--hook {} ", quoted(&format!("{vendor}={url}")));
                        }
                    }
                }
                if let Some(gateway) = gateway {
                    let _ = write!(text, "--gateway {gateway} ");
                }
            }
        }
        let is_exec = matches!(self.reach, ReceiverReach::Exec { .. });
        match &self.probe {
            Some(probe) if is_exec && *probe == Probe::usual() => {}
            Some(Probe::Http { template, .. }) => {
                let _ = write!(text, "--effects {} ", quoted(template));
            }
            Some(Probe::Command { template, .. }) => {
                let _ = write!(text, "--effects-command {} ", quoted(template));
            }
            None => {}
        }
        if let Some(start) = self.start.as_ref().filter(|start| !(is_exec && *start == START)) {
            let _ = write!(text, "--start {} ", quoted(start));
        }
        if self.schedules != SCHEDULES {
            text.push_str("--deep ");
        }
        text
    }

    /// The target in words, for the head of a report.
    pub fn describe(&self) -> String {
        match &self.reach {
            ReceiverReach::Embedded { mutants, variants } => {
                let mutants = mutants.iter().map(|mutant| format!("the mutant {}", mutant.name));
                let variants = variants.iter().map(|variant| format!("the variant {}", variant.name));
                let all: Vec<String> = mutants.chain(variants).collect();
                match all.as_slice() {
                    [] => "the embedded reference receiver".to_owned(),
                    all => format!("the embedded reference receiver with {}", all.join(" and ")),
                }
            }
            ReceiverReach::Exec { command, .. } => format!("the receiver started by `{command}`"),
            ReceiverReach::Url { hooks, .. } => {
                let all: Vec<&str> = hooks.iter().map(|(_, url)| url.as_str()).collect();
                format!("the receiver at {}", all.join(", "))
            }
        }
    }
}
