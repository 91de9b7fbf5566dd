//! The configuration of a receiver under test: flags and environment over `[receiver]` of `ringback.toml`.
//!
//! Secrets come from the environment only.

use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs as _};

#[cfg(feature = "cli")]
use clap::builder::FalseyValueParser;
use ringback_mocks::signature::{SignatureError, is_webhook_secret};
use ringback_mocks::vendor::{Signing, Vendor};
use ringback_mocks::wire::Secret;
use serde::Deserialize;
use url::{Host, Url};

use super::{
    ConfigError, DEPLOYED_JOBS, READY_WITHIN, RunFlags, Secrets, deployed, options, pairs, read, time, vendor,
};
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

/// What can be said about a run that judges a receiver.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
pub struct ReceiverFlags {
    /// Where the callbacks go
    ///
    /// `{vendor}` stands for the name of the vendor. Without it and without --exec, the embedded reference
    /// receiver is judged. Variable: `RINGBACK_RECEIVER_URL`.
    #[cfg_attr(feature = "cli", arg(value_name = "URL", env = "RINGBACK_RECEIVER_URL"))]
    pub url: Option<String>,
    /// Start this command as the receiver
    ///
    /// It gets PORT, the secrets and the address of our gateway, and is ended after, with everything it
    /// started.
    #[cfg_attr(feature = "cli", arg(long, value_name = "CMD", env = "RINGBACK_EXEC"))]
    pub exec: Option<String>,
    /// Judge callbacks of these vendors only
    ///
    /// kling, doubao, minimax or vidu; several with commas.
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "NAME", env = "RINGBACK_VENDOR", value_delimiter = ',')
    )]
    pub vendor: Vec<String>,
    /// Where one vendor's callbacks go
    ///
    /// For receivers that have a URL for each vendor.
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "VENDOR=URL", env = "RINGBACK_HOOK", value_delimiter = ',')
    )]
    pub hook: Vec<String>,
    /// Path of the hooks of --exec [default: /hooks/{vendor}]
    #[cfg_attr(feature = "cli", arg(long, value_name = "TEMPLATE", env = "RINGBACK_PATH"))]
    pub path: Option<String>,
    /// Where to see what it did, {id} for the id
    ///
    /// It answers how often the work for an id was done, and the last state. [default with --exec:
    /// /effects/{id}]
    #[cfg_attr(feature = "cli", arg(long, value_name = "URL", env = "RINGBACK_EFFECTS"))]
    pub effects: Option<String>,
    /// A command that prints what it did, {id} for the id
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "CMD", env = "RINGBACK_EFFECTS_COMMAND", conflicts_with = "effects")
    )]
    pub effects_command: Option<String>,
    /// Where the answer says how often the work was done [default: /count]
    #[cfg_attr(feature = "cli", arg(long, value_name = "POINTER", env = "RINGBACK_EFFECTS_COUNT"))]
    pub effects_count: Option<String>,
    /// Where the answer says the last state [default: /state]
    #[cfg_attr(feature = "cli", arg(long, value_name = "POINTER", env = "RINGBACK_EFFECTS_STATE"))]
    pub effects_state: Option<String>,
    /// What makes it submit a job, by POST [default with --exec: /jobs]
    #[cfg_attr(feature = "cli", arg(long, value_name = "URL", env = "RINGBACK_START"))]
    pub start: Option<String>,
    /// Where a receiver at URL looks for its gateway; ours listens there
    ///
    /// Variable: `RINGBACK_GATEWAY_BIND`.
    #[cfg_attr(feature = "cli", arg(long, value_name = "ADDR", env = "RINGBACK_GATEWAY_BIND"))]
    pub gateway: Option<String>,
    /// Many more random schedules of trouble
    #[cfg_attr(feature = "cli", arg(long, env = "RINGBACK_DEEP", value_parser = FalseyValueParser::new()))]
    pub deep: bool,
    /// What the vendor waits for the answer to a callback [default: 5s]
    #[cfg_attr(feature = "cli", arg(long, value_name = "TIME", env = "RINGBACK_ACK_LIMIT"))]
    pub ack_limit: Option<String>,
    /// How long the work may take after the answer [default: 5s; 10s elsewhere]
    #[cfg_attr(feature = "cli", arg(long, value_name = "TIME", env = "RINGBACK_SETTLE"))]
    pub settle: Option<String>,
    /// How soon polling must notice an end [default: 10s; 60s elsewhere]
    #[cfg_attr(feature = "cli", arg(long, value_name = "TIME", env = "RINGBACK_POLL_WITHIN"))]
    pub poll_within: Option<String>,
    /// How long one answer may take [default: 10s; 15s elsewhere]
    #[cfg_attr(feature = "cli", arg(long, value_name = "TIME", env = "RINGBACK_ANSWER"))]
    pub answer: Option<String>,
    /// How long --exec may take until it listens [default: 30s]
    #[cfg_attr(feature = "cli", arg(long, value_name = "TIME", env = "RINGBACK_READY"))]
    pub ready: Option<String>,
    /// Requests a second [default elsewhere: 20]
    #[cfg_attr(feature = "cli", arg(long, value_name = "N", env = "RINGBACK_RATE"))]
    pub rate: Option<f64>,
    /// Requests in all [default elsewhere: 20000]
    #[cfg_attr(feature = "cli", arg(long, value_name = "N", env = "RINGBACK_MAX_REQUESTS"))]
    pub max_requests: Option<u64>,
    /// Which cases, and how.
    #[cfg_attr(feature = "cli", command(flatten))]
    pub run: RunFlags,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReceiverSection {
    url: Option<String>,
    exec: Option<String>,
    vendors: Vec<String>,
    hooks: BTreeMap<String, String>,
    path: Option<String>,
    effects: Option<String>,
    effects_command: Option<String>,
    effects_count: Option<String>,
    effects_state: Option<String>,
    start: Option<String>,
    gateway: Option<String>,
    deep: bool,
    ack_limit: Option<String>,
    settle: Option<String>,
    poll_within: Option<String>,
    rate: Option<f64>,
    max_requests: Option<u64>,
}

impl ReceiverSection {
    /// Whether it names a receiver.
    pub(super) fn names_one(&self) -> bool {
        self.url.is_some() || self.exec.is_some() || !self.hooks.is_empty()
    }
}

/// Makes the target and the options of a run that judges a receiver.
pub fn resolve(flags: ReceiverFlags, secrets: &Secrets) -> Result<(ReceiverTarget, RunOptions), ConfigError> {
    let file = read(flags.run.config.as_deref())?;
    let own = file.receiver;
    let named = flags.url.is_some() || flags.exec.is_some() || !flags.hook.is_empty();
    let hooks = pairs("--hook", "VENDOR=URL", &flags.hook)?;
    let (url, exec, hooks) = if named {
        (flags.url, flags.exec, hooks)
    } else {
        (own.url, own.exec, own.hooks.into_iter().collect())
    };
    let names = if flags.vendor.is_empty() { own.vendors } else { flags.vendor };
    let chosen = names.iter().map(|name| vendor(name)).collect::<Result<Vec<_>, _>>()?;
    let ready_within = time("ready", flags.ready.or(file.patience.ready))?.unwrap_or(READY_WITHIN);
    let path = flags.path.or(own.path);
    let gateway = flags.gateway.or(own.gateway).map(|text| address(&text)).transpose()?;
    let reach = match (url, exec) {
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
            let hooks = path.unwrap_or_else(|| HOOKS.to_owned());
            if !hooks.starts_with('/') {
                return Err(ConfigError(format!("--path takes a path such as {HOOKS}, not `{hooks}`")));
            }
            ReceiverReach::Exec { command, ready_within, hooks }
        }
        (None, None) if hooks.is_empty() => {
            ReceiverReach::Embedded { mutants: Vec::new(), variants: Vec::new() }
        }
        (url, None) => {
            let hooks = placed(url, hooks, &chosen)?;
            let signing = signing(&hooks, secrets)?;
            ReceiverReach::Url { hooks, secrets: signing, gateway, key: secrets.key.clone() }
        }
    };
    let vendors = match (&reach, chosen.is_empty()) {
        (ReceiverReach::Url { hooks, .. }, _) => hooks.iter().map(|(vendor, _)| *vendor).collect(),
        (_, true) => Vendor::all().collect(),
        (_, false) => chosen,
    };
    let is_url = matches!(reach, ReceiverReach::Url { .. });
    if gateway.is_some() && !is_url {
        return Err(ConfigError(
            "--gateway belongs to a receiver at a URL; others are told where it is".into(),
        ));
    }
    let count = flags.effects_count.or(own.effects_count).unwrap_or_else(|| "/count".to_owned());
    let state = flags.effects_state.or(own.effects_state).unwrap_or_else(|| "/state".to_owned());
    let effects = flags.effects.or(own.effects).or_else(|| (!is_url).then(|| "/effects/{id}".to_owned()));
    let probe = match (effects, flags.effects_command.or(own.effects_command)) {
        (_, Some(template)) => Some(Probe::Command { template, count, state }),
        (Some(template), None) => Some(Probe::Http { template, count, state }),
        (None, None) => None,
    };
    let elsewhere =
        matches!(&reach, ReceiverReach::Url { hooks, .. } if !hooks.iter().all(|(_, url)| is_near(url)));
    let mut timeouts = if elsewhere { ReceiverTimeouts::REMOTE } else { ReceiverTimeouts::LOCAL };
    let set = |what, place: &mut std::time::Duration, given| -> Result<(), ConfigError> {
        if let Some(given) = time(what, given)? {
            *place = given;
        }
        Ok(())
    };
    set("ack-limit", &mut timeouts.ack, flags.ack_limit.or(own.ack_limit))?;
    set("settle", &mut timeouts.settle, flags.settle.or(own.settle).or(file.patience.settle))?;
    set("poll-within", &mut timeouts.poll, flags.poll_within.or(own.poll_within))?;
    set("answer", &mut timeouts.answer, flags.answer.or(file.patience.answer))?;
    timeouts.answer = timeouts.answer.max(timeouts.ack);
    let deep = flags.deep || own.deep;
    let target = ReceiverTarget {
        reach,
        vendors,
        probe,
        start: flags.start.or(own.start).or_else(|| (!is_url).then(|| START.to_owned())),
        schedules: if deep { SCHEDULES_DEEP } else { SCHEDULES },
        timeouts,
        hidden: secrets.held.clone(),
        limits: Limits {
            spend: None,
            rate: deployed::rate(flags.rate.or(own.rate), elsewhere.then_some(RATE))?,
            max_requests: deployed::cap(
                flags.max_requests.or(own.max_requests),
                elsewhere.then_some(MAX_REQUESTS),
            )?,
            breaker: if elsewhere { Breaker::Stays } else { Breaker::Never },
        },
    };
    let jobs = if elsewhere { DEPLOYED_JOBS } else { DEFAULT_JOBS };
    Ok((target, options(flags.run, file.run, file.expect, jobs)?))
}

/// The hook of each vendor.
fn placed(
    url: Option<String>,
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
