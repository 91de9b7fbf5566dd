//! The target: which gateway is judged, how it is reached, and how patient we are with it.
//!
//! Plain values, complete and valid once built. Reading flags, environment and files is `config`;
//! starting things is `subject`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use ringback_mocks::vendor::{Dialect, Vendor};
use ringback_mocks::wire::Secret;
use ringback_reference::deviation::{Mutant, Variant};
use ringback_reference::gateway::Gateway;

use crate::gateway::knob::{Knob, Knobs, Values};
use crate::run::excerpt::quoted;
use crate::run::guard::{Breaker, Limits};
use crate::run::mode::Mode;

/// A gateway to judge.
#[derive(Clone, Debug)]
pub struct GatewayTarget {
    /// How it is reached.
    pub reach: GatewayReach,
    /// The vendors whose models are tried.
    pub vendors: Vec<Vendor>,
    /// Model names that differ from the usual ones, by vendor name.
    pub models: BTreeMap<String, String>,
    /// Jobs a deployed gateway may accept.
    pub spend: u32,
    /// Requests a second at most.
    pub rate: Option<f64>,
    /// Requests in all at most.
    pub max_requests: Option<u64>,
    /// Where vendors that we do not play can reach our inbox.
    pub live: Option<Live>,
    /// What is taken for right where the contract is silent.
    pub knobs: Knobs,
    /// How long we wait for what.
    pub timeouts: GatewayTimeouts,
    /// Other secrets that the subject may know and tell, with the variables that hold them.
    pub hidden: Vec<(String, Secret)>,
}

/// How a gateway is reached.
#[derive(Clone, Debug)]
pub enum GatewayReach {
    /// The reference gateway, in this process.
    Embedded {
        /// What it does wrong.
        mutants: Vec<Mutant<Gateway>>,
        /// What it does that is legal and unusual.
        variants: Vec<Variant<Gateway>>,
    },
    /// A command that we start and end.
    Exec {
        /// The command, for a shell.
        command: String,
        /// How long it may take until it listens.
        ready_within: Duration,
    },
    /// An address, with our mocks where the gateway already looks for some vendors.
    Url {
        /// Root of the gateway, no slash at the end.
        root: String,
        /// The client's key.
        key: Secret,
        /// A second client's key.
        other_key: Option<Secret>,
        /// Where our mocks listen, by vendor; none for a deployed gateway.
        upstreams: Vec<(Vendor, SocketAddr)>,
        /// Keys the mocks accept; a vendor without one accepts any.
        vendor_keys: Vec<(Vendor, Secret)>,
    },
}

/// How callbacks of real vendors reach us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// Public root that leads to our inbox, no slash at the end.
    pub advertise: String,
    /// Where the inbox listens.
    pub bind: SocketAddr,
}

/// How long we wait for what. Only failures take this long; what goes right is noticed at once.
#[derive(Clone, Copy, Debug)]
pub struct GatewayTimeouts {
    /// For the answer to one request.
    pub answer: Duration,
    /// For a vendor's create after the submit was answered: a gateway may queue.
    pub create: Duration,
    /// For the status to follow the vendor: gateways learn results by polling.
    pub settle: Duration,
    /// How long a client may be kept waiting because a vendor does not answer.
    pub hang: Duration,
    /// How long something must not happen before we say it did not.
    pub quiet: Duration,
    /// For a whole case.
    pub case: Duration,
    /// Shortest pause between two looks at a status.
    pub poll: Duration,
    /// For a job at a vendor that we do not play, until it ends.
    pub finish: Duration,
}

impl GatewayTimeouts {
    /// For a gateway in this process or on this machine.
    pub const LOCAL: Self = Self {
        answer: Duration::from_secs(10),
        create: Duration::from_secs(10),
        settle: Duration::from_secs(60),
        // Vendors and the proxies before gateways commonly give up after a minute.
        hang: Duration::from_secs(60),
        // A loopback round trip takes well under a millisecond; a gateway that meant to act has
        // had a few hundred of them by then.
        quiet: Duration::from_millis(250),
        case: Duration::from_secs(180),
        poll: Duration::from_millis(2),
        // Videos take minutes; the vendors document no upper bound.
        finish: Duration::from_secs(900),
    };
    /// For a deployed gateway: never asked for a status more than once a second.
    pub const REMOTE: Self = Self {
        answer: Duration::from_secs(30),
        quiet: Duration::from_secs(2),
        case: Duration::from_secs(300),
        poll: Duration::from_secs(1),
        ..Self::LOCAL
    };
    /// For the reference gateway with a mutant on: it acts at once or never.
    pub const REFERENCE: Self = Self {
        create: Duration::from_secs(2),
        settle: Duration::from_secs(2),
        hang: Duration::from_secs(5),
        ..Self::LOCAL
    };
    /// For the reference gateway with a variant on: it may be late, and need not show everything.
    pub const ODD: Self = Self { create: Duration::from_secs(3), ..Self::LOCAL };
}

impl GatewayTarget {
    /// The reference gateway, every vendor, with these mutants on.
    pub fn embedded(mutants: &[Mutant<Gateway>]) -> Self {
        Self {
            reach: GatewayReach::Embedded { mutants: mutants.to_vec(), variants: Vec::new() },
            vendors: Vendor::all().collect(),
            models: BTreeMap::new(),
            spend: 0,
            rate: None,
            max_requests: None,
            live: None,
            knobs: Knobs::default(),
            timeouts: if mutants.is_empty() { GatewayTimeouts::LOCAL } else { GatewayTimeouts::REFERENCE },
            hidden: Vec::new(),
        }
    }

    /// The reference gateway, every vendor, with these variants on.
    pub fn varied(variants: &[Variant<Gateway>]) -> Self {
        Self {
            reach: GatewayReach::Embedded { mutants: Vec::new(), variants: variants.to_vec() },
            timeouts: GatewayTimeouts::ODD,
            ..Self::embedded(&[])
        }
    }

    /// The knobs that are set to something else than their defaults, with their values.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings: Vec<_> = self.knobs.changed().map(|(name, word)| (name, word.to_owned())).collect();
        for (knob, time) in [(Knob::Settle, self.timeouts.settle), (Knob::Hang, self.timeouts.hang)] {
            let (row, written) = (knob.row(), format!("{}s", time.as_secs_f64()));
            if !matches!(row.values, Values::Time(default) if default == written) {
                settings.push((row.name, written));
            }
        }
        settings
    }

    /// How much of it is seen.
    pub const fn mode(&self) -> Mode {
        match &self.reach {
            GatewayReach::Embedded { .. } => Mode::Embedded,
            GatewayReach::Url { upstreams, .. } if upstreams.is_empty() => Mode::Deployed,
            GatewayReach::Exec { .. } | GatewayReach::Url { .. } => Mode::Loopback,
        }
    }

    /// What may be sent to it.
    pub fn limits(&self) -> Limits {
        let deployed = self.mode() == Mode::Deployed;
        Limits {
            spend: deployed.then_some(self.spend),
            rate: self.rate,
            max_requests: self.max_requests,
            breaker: if deployed { Breaker::Stays } else { Breaker::Heals },
        }
    }

    /// The model that routes to a vendor.
    pub fn model(&self, vendor: Vendor) -> &str {
        self.models.get(vendor.name()).map_or(vendor.main_dialect().model, String::as_str)
    }

    /// The dialect that the vendor's model is known to speak; the main one for a model by another name.
    pub fn dialect(&self, vendor: Vendor) -> &'static Dialect {
        let model = self.model(vendor);
        let known = vendor.dialects().iter().find(|dialect| dialect.model == model);
        known.map_or(vendor.main_dialect(), |dialect| dialect)
    }

    /// Arguments of `ringback test gateway` that name this target again.
    pub fn arguments(&self) -> String {
        let mut text = match &self.reach {
            GatewayReach::Embedded { .. } => String::new(),
            GatewayReach::Exec { command, .. } => format!("--exec {} ", quoted(command)),
            GatewayReach::Url { root, upstreams, .. } => {
                upstreams.iter().fold(format!("{root} "), |text, (vendor, address)| {
                    format!("{text}--upstream {vendor}={address} ")
                })
            }
        };
        for (vendor, model) in &self.models {
            let _ = write!(text, "--model {} ", quoted(&format!("{vendor}={model}")));
        }
        if let Some(Live { advertise, bind }) = &self.live {
            let _ = write!(text, "--advertise {} --bind {bind} ", quoted(advertise));
        }
        for (name, value) in self.settings() {
            let _ = write!(text, "--knob {name}={value} ");
        }
        text
    }

    /// The target in words, for the head of a report.
    pub fn describe(&self) -> String {
        match &self.reach {
            GatewayReach::Embedded { mutants, variants } => {
                let mutants = mutants.iter().map(|mutant| format!("the mutant {}", mutant.name));
                let variants = variants.iter().map(|variant| format!("the variant {}", variant.name));
                let all: Vec<String> = mutants.chain(variants).collect();
                match all.as_slice() {
                    [] => "the embedded reference gateway".to_owned(),
                    all => format!("the embedded reference gateway with {}", all.join(" and ")),
                }
            }
            GatewayReach::Exec { command, .. } => format!("the gateway started by `{command}`"),
            GatewayReach::Url { root, .. } => format!("the gateway at {root}"),
        }
    }
}
