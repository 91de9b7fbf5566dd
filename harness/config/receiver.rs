//! What can be said about a receiver that is judged, by flag, variable or `[receiver]` of the file, and what it comes to.
//!
//! Secrets come from the environment only.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use ringback_mocks::signature::{SignatureError, is_webhook_secret};
use ringback_mocks::vendor::{Signing, Vendor};
use ringback_mocks::wire::Secret;
use url::{Host, Url};

use super::run::{PatienceSettings, RunSettings};
use super::section::section;
use super::setting::{Pair, texts};
use super::{ConfigError, DEPLOYED_JOBS, READY_WITHIN, Secrets, Sources, deployed, pairs, time, vendor};
use crate::receiver::effects::Probe;
use crate::receiver::target::{
    HOOKS, ReceiverReach, ReceiverTarget, ReceiverTimeouts, SCHEDULES, SCHEDULES_DEEP, START,
};
use crate::run::guard::{Breaker, Limits};
use crate::run::session::{DEFAULT_JOBS, RunOptions};

/// Requests a second to a receiver elsewhere when nobody says otherwise.
const RATE: f64 = 20.0;
/// Requests in all to a receiver elsewhere when nobody says otherwise.
const MAX_REQUESTS: u64 = 20_000;

section! {
    /// A receiver that is judged: where it is, how to see what it did, and how soon it must have done it.
    #[command(next_help_heading = "Subject")]
    pub struct ReceiverSettings("") one of (url, exec, hooks) one of (effects, effects_command) {
        /// Where the callbacks go
        ///
        /// `{vendor}` stands for the name of the vendor. Without it and without --exec, the embedded reference
        /// receiver is judged. Variable: `RINGBACK_RECEIVER_URL`.
        #[arg(value_name = "URL", help_heading = None)]
        #[variable("RINGBACK_RECEIVER_URL")]
        url: Option<String>,
        /// Start this command as the receiver
        ///
        /// It gets PORT, the secrets and the address of our gateway, and is ended after, with everything it
        /// started.
        #[arg(long, value_name = "CMD")]
        exec: Option<String>,
        /// Judge callbacks of these vendors only
        ///
        /// kling, doubao, minimax or vidu; several with commas.
        #[arg(long = "vendor", value_name = "NAME", value_delimiter = ',')]
        vendors: Vec<String>,
        /// Where one vendor's callbacks go
        ///
        /// For receivers that have a URL for each vendor.
        #[serde(deserialize_with = "texts")]
        #[arg(long = "hook", value_name = "VENDOR=URL", value_delimiter = ',')]
        hooks: Vec<Pair>,
        /// Path of the hooks of --exec [default: /hooks/{vendor}]
        #[arg(long, value_name = "TEMPLATE", hide_short_help = true)]
        path: Option<String>,
        /// Where to see what it did, {id} for the id
        ///
        /// It answers how often the work for an id was done, and the last state. [default with --exec:
        /// /effects/{id}]
        #[arg(long, value_name = "URL")]
        effects: Option<String>,
        /// A command that prints what it did, {id} for the id
        #[arg(long, value_name = "CMD", conflicts_with = "effects", hide_short_help = true)]
        effects_command: Option<String>,
        /// Where the answer says how often the work was done [default: /count]
        #[arg(long, value_name = "POINTER", hide_short_help = true)]
        effects_count: Option<String>,
        /// Where the answer says the last state [default: /state]
        #[arg(long, value_name = "POINTER", hide_short_help = true)]
        effects_state: Option<String>,
        /// What makes it submit a job, by POST [default with --exec: /jobs]
        #[arg(long, value_name = "URL", hide_short_help = true)]
        start: Option<String>,
        /// Where a receiver at URL looks for its gateway; ours listens there
        ///
        /// Variable: `RINGBACK_GATEWAY_BIND`.
        #[arg(long, value_name = "ADDR", hide_short_help = true)]
        #[variable("RINGBACK_GATEWAY_BIND")]
        gateway: Option<String>,
        /// Many more random schedules of trouble
        #[arg(long, num_args = 0, default_missing_value = "true", help_heading = "Cases", hide_short_help = true)]
        deep: Option<bool>,
        /// What the vendor waits for the answer to a callback [default: 5s]
        #[arg(long, value_name = "TIME", help_heading = "What is right, and how soon", hide_short_help = true)]
        ack_limit: Option<String>,
        /// How long the work may take after the answer [default: 5s; 10s elsewhere]
        #[arg(long, value_name = "TIME", help_heading = "What is right, and how soon", hide_short_help = true)]
        settle: Option<String>,
        /// How soon polling must notice an end [default: 10s; 60s elsewhere]
        #[arg(long, value_name = "TIME", help_heading = "What is right, and how soon", hide_short_help = true)]
        poll_within: Option<String>,
        /// How long one answer may take [default: 10s; 15s elsewhere]
        #[arg(long, value_name = "TIME", help_heading = "What is right, and how soon", hide_short_help = true)]
        answer: Option<String>,
        /// How long --exec may take until it listens [default: 30s]
        #[arg(long, value_name = "TIME", help_heading = "What is right, and how soon", hide_short_help = true)]
        ready: Option<String>,
        /// Requests a second [default elsewhere: 20]
        #[arg(long, value_name = "N", help_heading = "Elsewhere", hide_short_help = true)]
        rate: Option<f64>,
        /// Requests in all [default elsewhere: 20000]
        #[arg(long, value_name = "N", help_heading = "Elsewhere", hide_short_help = true)]
        max_requests: Option<u64>,
    }
}

/// The flags of a command that is about a receiver.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
pub struct ReceiverFlags {
    /// The receiver.
    #[cfg_attr(feature = "cli", command(flatten))]
    pub receiver: ReceiverSettings,
    /// Which cases, and how.
    #[cfg_attr(feature = "cli", command(flatten))]
    pub run: RunSettings,
    /// Configuration file [default: ringback.toml, if there is one]
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "PATH", help_heading = "Cases", hide_short_help = true)
    )]
    pub config: Option<PathBuf>,
}

impl ReceiverSettings {
    /// Whether it names a receiver.
    pub(super) fn names_one(&self) -> bool {
        self.url.is_some() || self.exec.is_some() || !self.hooks.is_empty()
    }
}

impl Sources {
    /// The receiver to judge and the options of the run, by these flags over environment over file over defaults.
    ///
    /// # Errors
    /// When what is said is not a run.
    pub fn receiver(
        &self,
        flags: ReceiverFlags,
        secrets: &Secrets,
    ) -> Result<(ReceiverTarget, RunOptions), ConfigError> {
        let variables: ReceiverSettings = self.environment.section()?;
        if variables.effects.is_some() && variables.effects_command.is_some() {
            return Err(ConfigError(
                "RINGBACK_EFFECTS and RINGBACK_EFFECTS_COMMAND are both set; unset one".into(),
            ));
        }
        let own = self.merged(flags.receiver, &self.file.receiver)?;
        let chosen = own.vendors.iter().map(|name| vendor(name)).collect::<Result<Vec<_>, _>>()?;
        let ready = own.ready.as_deref().or(self.file.patience.ready.as_deref());
        let ready_within = time("ready", ready)?.unwrap_or(READY_WITHIN);
        let reach = reach(&own, &chosen, ready_within, secrets)?;
        let vendors = match (&reach, chosen.is_empty()) {
            (ReceiverReach::Url { hooks, .. }, _) => hooks.iter().map(|(vendor, _)| *vendor).collect(),
            (_, true) => Vendor::all().collect(),
            (_, false) => chosen,
        };
        let is_url = matches!(reach, ReceiverReach::Url { .. });
        let elsewhere =
            matches!(&reach, ReceiverReach::Url { hooks, .. } if !hooks.iter().all(|(_, url)| is_near(url)));
        let target = ReceiverTarget {
            reach,
            vendors,
            probe: probe(&own, is_url),
            start: own.start.clone().or_else(|| (!is_url).then(|| START.to_owned())),
            schedules: if own.deep == Some(true) { SCHEDULES_DEEP } else { SCHEDULES },
            timeouts: timeouts(&own, &self.file.patience, elsewhere)?,
            hidden: secrets.held.clone(),
            limits: Limits {
                spend: None,
                rate: deployed::rate(own.rate, elsewhere.then_some(RATE))?,
                max_requests: deployed::cap(own.max_requests, elsewhere.then_some(MAX_REQUESTS))?,
                breaker: if elsewhere { Breaker::Stays } else { Breaker::Never },
            },
        };
        let jobs = if elsewhere { DEPLOYED_JOBS } else { DEFAULT_JOBS };
        Ok((target, self.options(flags.run, jobs)?))
    }
}

fn reach(
    own: &ReceiverSettings,
    chosen: &[Vendor],
    ready_within: Duration,
    secrets: &Secrets,
) -> Result<ReceiverReach, ConfigError> {
    let hooks = pairs("--hook", "VENDOR=URL", &own.hooks)?;
    let gateway = own.gateway.as_deref().map(address).transpose()?;
    let reach = match (&own.url, &own.exec) {
        (Some(_), Some(_)) => {
            return Err(ConfigError("name one subject: a URL or --exec, not both".into()));
        }
        (None, Some(_)) if !hooks.is_empty() => {
            return Err(ConfigError(
                "--hook belongs to a receiver that runs already; --exec takes --path".into(),
            ));
        }
        (None, Some(command)) if command.trim().is_empty() => {
            return Err(ConfigError("--exec is empty".into()));
        }
        (None, Some(command)) => {
            let hooks = own.path.as_deref().unwrap_or(HOOKS);
            if !hooks.starts_with('/') {
                return Err(ConfigError(format!("--path takes a path such as {HOOKS}, not `{hooks}`")));
            }
            ReceiverReach::Exec { command: command.clone(), ready_within, hooks: hooks.to_owned() }
        }
        (None, None) if hooks.is_empty() => ReceiverReach::Embedded { defect: None, oddity: None },
        (url, None) => {
            let hooks = placed(url.as_deref(), hooks, chosen)?;
            let signing = signing(&hooks, secrets)?;
            return Ok(ReceiverReach::Url { hooks, secrets: signing, gateway, key: secrets.key.clone() });
        }
    };
    if gateway.is_some() {
        return Err(ConfigError(
            "--gateway belongs to a receiver at a URL; others are told where it is".into(),
        ));
    }
    Ok(reach)
}

fn probe(own: &ReceiverSettings, is_url: bool) -> Option<Probe> {
    let count = own.effects_count.clone().unwrap_or_else(|| "/count".to_owned());
    let state = own.effects_state.clone().unwrap_or_else(|| "/state".to_owned());
    if let Some(template) = own.effects_command.clone() {
        return Some(Probe::Command { template, count, state });
    }
    let template = own.effects.clone().or_else(|| (!is_url).then(|| "/effects/{id}".to_owned()))?;
    Some(Probe::Http { template, count, state })
}

fn timeouts(
    own: &ReceiverSettings,
    patience: &PatienceSettings,
    elsewhere: bool,
) -> Result<ReceiverTimeouts, ConfigError> {
    let mut timeouts = if elsewhere { ReceiverTimeouts::REMOTE } else { ReceiverTimeouts::LOCAL };
    let set = |what, place: &mut Duration, given: Option<&String>| -> Result<(), ConfigError> {
        if let Some(given) = time(what, given.map(String::as_str))? {
            *place = given;
        }
        Ok(())
    };
    set("ack-limit", &mut timeouts.ack, own.ack_limit.as_ref())?;
    set("settle", &mut timeouts.settle, own.settle.as_ref().or(patience.settle.as_ref()))?;
    set("poll-within", &mut timeouts.poll, own.poll_within.as_ref())?;
    set("answer", &mut timeouts.answer, own.answer.as_ref().or(patience.answer.as_ref()))?;
    timeouts.answer = timeouts.answer.max(timeouts.ack);
    Ok(timeouts)
}

/// The hook of each vendor.
fn placed(
    url: Option<&str>,
    hooks: Vec<(String, String)>,
    chosen: &[Vendor],
) -> Result<Vec<(Vendor, String)>, ConfigError> {
    let mut all = Vec::new();
    for (name, url) in hooks {
        all.push((vendor(&name)?, checked(&url)?));
    }
    if let Some(url) = url {
        let template = url.contains("{vendor}");
        let for_each: Vec<Vendor> = match chosen {
            [] if template => Vendor::all().collect(),
            [_] => chosen.to_vec(),
            some if template => some.to_vec(),
            _ => {
                return Err(ConfigError(format!(
                    "say whose callbacks go to {url} with --vendor NAME, or write {{vendor}} where the name stands"
                )));
            }
        };
        for vendor in for_each {
            all.push((vendor, checked(&url.replace("{vendor}", vendor.name()))?));
        }
    }
    Ok(all)
}

fn checked(url: &str) -> Result<String, ConfigError> {
    let wrong = |why: &str| ConfigError(format!("`{url}` is not a callback address: {why}"));
    let parsed = Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(wrong("it must begin with http:// or https://"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(wrong("it carries a user or a password, and it is printed"));
    }
    if parsed.host_str().is_none() || parsed.fragment().is_some() {
        return Err(wrong("give scheme, host and path, without a fragment"));
    }
    Ok(url.to_owned())
}

/// Secrets of the vendors that sign.
fn signing(hooks: &[(Vendor, String)], given: &Secrets) -> Result<Vec<(Vendor, Secret)>, ConfigError> {
    let mut secrets = Vec::new();
    for (vendor, _) in hooks {
        let scheme = vendor.main_dialect().callbacks.signing;
        if scheme == Signing::Unsigned {
            continue;
        }
        let name = vendor.variable("SECRET");
        let Some((_, secret)) = given.signing.iter().find(|(of, _)| of == vendor) else {
            return Err(ConfigError(format!(
                "set {name} to the secret that the receiver verifies {}'s callbacks with",
                vendor.title()
            )));
        };
        if scheme == Signing::StandardWebhooks && !is_webhook_secret(secret) {
            return Err(ConfigError(format!("{name} cannot sign: {}", SignatureError::Secret)));
        }
        secrets.push((*vendor, secret.clone()));
    }
    Ok(secrets)
}

fn address(text: &str) -> Result<SocketAddr, ConfigError> {
    let bare = text.trim_start_matches("http://").trim_end_matches('/');
    bare.to_socket_addrs()
        .ok()
        .and_then(|mut all| all.next())
        .ok_or_else(|| ConfigError(format!("`{text}` is not an address to listen on; write 127.0.0.1:9100")))
}

/// Whether a URL leads to this machine.
fn is_near(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    })
}
