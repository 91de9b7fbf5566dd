//! Configuration of `ringback mock`: flags and environment over `[mock]` of `ringback.toml` over
//! defaults, into accounts and addresses. Keys and secrets come from the environment only.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use ringback_mocks::account::{AccountConfig, Limits, VendorOptions};
use ringback_mocks::delivery_faults::DeliveryFaults;
use ringback_mocks::dispatcher::Routes;
use ringback_mocks::rules::{Rule, TaskPlan};
use ringback_mocks::signature::{SignatureError, is_webhook_secret};
use ringback_mocks::vendor::{Dialect, Signing, Vendor};
use ringback_mocks::wire::Secret;
use serde::Deserialize;
use url::Url;

use super::{ConfigError, pairs, read, vendor};
use crate::run::suggest;

/// Port of the control API; the vendors' follow it, in the order of the registry.
const FIRST_PORT: u16 = 9100;
/// How a task goes on when nobody says otherwise.
const COURSE: &str = "succeeded after 1s+4s";

/// What can be said about running mocks, by flag or environment variable.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
pub struct MockFlags {
    /// Only these vendors (kling, doubao, minimax, vidu) [default: all]
    #[cfg_attr(
        feature = "cli",
        arg(value_name = "VENDOR", env = "RINGBACK_MOCK_VENDORS", value_delimiter = ',')
    )]
    pub vendors: Vec<String>,
    /// Where a vendor listens; `--port 0` gives all, and the control API, free ports
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "VENDOR=PORT", env = "RINGBACK_MOCK_PORT", value_delimiter = ',')
    )]
    pub port: Vec<String>,
    /// Port of the control API [default: 9100]
    #[cfg_attr(feature = "cli", arg(long, value_name = "PORT", env = "RINGBACK_MOCK_CONTROL"))]
    pub control: Option<u16>,
    /// Address to listen on [default: 127.0.0.1]
    #[cfg_attr(feature = "cli", arg(long, value_name = "IP", env = "RINGBACK_MOCK_BIND"))]
    pub bind: Option<IpAddr>,
    /// How a task goes on: an ending after queue+work, or `stay` [default: succeeded after 1s+4s]
    #[cfg_attr(feature = "cli", arg(long, value_name = "COURSE", env = "RINGBACK_MOCK_COURSE"))]
    pub course: Option<String>,
    /// A rule, such as 'prompt=storm: refuse moderation' (repeat for more; the first that fits counts)
    #[cfg_attr(feature = "cli", arg(long, value_name = "RULE"))]
    pub on: Vec<String>,
    /// What happens to callbacks on the way, such as 'duplicate=1 delay=3s'
    #[cfg_attr(feature = "cli", arg(long, value_name = "TROUBLE", env = "RINGBACK_MOCK_TROUBLE"))]
    pub trouble: Option<String>,
    /// Sets what a vendor is silent about, such as ark.callback-retries=5s,5s,5s (repeat for more)
    #[cfg_attr(feature = "cli", arg(long, value_name = "DIALECT.KNOB=VALUE"))]
    pub knob: Vec<String>,
    /// How many times faster than documented everything happens [default: 1]
    #[cfg_attr(feature = "cli", arg(long, value_name = "FACTOR", env = "RINGBACK_MOCK_SPEED"))]
    pub speed: Option<f64>,
    /// Tasks that may run at once in an account [default: no limit]
    #[cfg_attr(feature = "cli", arg(long, value_name = "N", env = "RINGBACK_MOCK_CONCURRENT"))]
    pub concurrent: Option<u32>,
    /// Creates a minute in an account [default: no limit]
    #[cfg_attr(feature = "cli", arg(long, value_name = "N", env = "RINGBACK_MOCK_PER_MINUTE"))]
    pub per_minute: Option<u32>,
    /// Write everything received and sent here, a JSON object a line; - for stdout
    #[cfg_attr(feature = "cli", arg(long, value_name = "PATH", env = "RINGBACK_MOCK_JOURNAL"))]
    pub journal: Option<PathBuf>,
    /// Callbacks may go to this host too; without it they go to loopback only (repeat for more)
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "HOST", env = "RINGBACK_MOCK_ALLOW_HOST", value_delimiter = ',')
    )]
    pub allow_host: Vec<String>,
    /// Root of result URLs, one for all vendors, where callers reach a mock by another name: its /results
    /// under that name [default: /results of each mock]
    #[cfg_attr(feature = "cli", arg(long, value_name = "URL", env = "RINGBACK_MOCK_RESULTS"))]
    pub results: Option<String>,
    /// Seed of ids [default: 7]
    #[cfg_attr(feature = "cli", arg(long, value_name = "N", env = "RINGBACK_SEED"))]
    pub seed: Option<u64>,
    /// Configuration file [default: ringback.toml, if there is one]
    #[cfg_attr(feature = "cli", arg(long, value_name = "PATH", env = "RINGBACK_CONFIG"))]
    pub config: Option<PathBuf>,
}

/// The `[mock]` section.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MockSection {
    vendors: Vec<String>,
    ports: BTreeMap<String, u16>,
    control: Option<u16>,
    bind: Option<IpAddr>,
    course: Option<String>,
    rules: Vec<String>,
    trouble: Option<String>,
    knobs: BTreeMap<String, String>,
    speed: Option<f64>,
    concurrent: Option<u32>,
    per_minute: Option<u32>,
    journal: Option<PathBuf>,
    allow_hosts: Vec<String>,
    results: Option<String>,
    seed: Option<u64>,
}

/// What `ringback mock` starts.
#[derive(Debug)]
pub struct MockSetup {
    /// The vendors, where each listens, and their accounts.
    pub vendors: Vec<(Vendor, SocketAddr, AccountConfig)>,
    /// Where the control API listens.
    pub control: SocketAddr,
    /// Where callbacks may go.
    pub routes: Routes,
    /// What becomes of tasks.
    pub rules: Vec<Rule>,
    /// Where the journal is written; `-` is stdout.
    pub journal: Option<PathBuf>,
}

/// Puts flags, file and defaults together. `variable` is [`std::env::var`] outside tests.
pub fn resolve(
    flags: MockFlags,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<MockSetup, ConfigError> {
    let file = read(flags.config.as_deref())?.mock;
    let names = or(flags.vendors, file.vendors);
    let vendors: Vec<Vendor> = if names.is_empty() {
        Vendor::all().collect()
    } else {
        names.iter().map(|name| vendor(name)).collect::<Result<_, _>>()?
    };
    if let Some(twice) = (1..vendors.len()).find(|at| vendors[..*at].contains(&vendors[*at])) {
        return Err(ConfigError(format!("{} is named twice", vendors[twice])));
    }
    let dialects: Vec<&'static Dialect> =
        vendors.iter().flat_map(|vendor| vendor.dialects().iter().copied()).collect();
    let ports = Ports::read(&flags.port, file.ports)?;
    let bind = flags.bind.or(file.bind).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let control = SocketAddr::new(bind, flags.control.or(file.control).unwrap_or_else(|| ports.control()));
    let rules = or(flags.on, file.rules)
        .iter()
        .map(|text| {
            let rule: Rule = text.parse().map_err(wrong)?;
            rule.check(&dialects).map_err(wrong)?;
            Ok(rule)
        })
        .collect::<Result<Vec<Rule>, ConfigError>>()?;
    let speed = flags.speed.or(file.speed).unwrap_or(1.0);
    if !(speed.is_finite() && speed > 0.0) {
        return Err(ConfigError(format!("--speed takes a number above 0, not {speed}")));
    }
    let shared = AccountConfig {
        results: results(flags.results.or(file.results))?,
        seed: flags.seed.or(file.seed).unwrap_or(crate::run::session::DEFAULT_SEED),
        plan: course(flags.course.or(file.course).as_deref().unwrap_or(COURSE), &dialects)?,
        delivery_faults: trouble(flags.trouble.or(file.trouble).as_deref())?,
        speed,
        limits: Limits {
            concurrent: flags.concurrent.or(file.concurrent),
            per_minute: flags.per_minute.or(file.per_minute),
        },
        options: knobs(&flags.knob, file.knobs)?,
        ..AccountConfig::default()
    };
    let placed = vendors.into_iter().map(|vendor| {
        let settings = AccountConfig { ..with_keys(vendor, shared.clone(), &variable)? };
        Ok((vendor, SocketAddr::new(bind, ports.of(vendor)), settings))
    });
    let hosts = or(flags.allow_host, file.allow_hosts);
    Ok(MockSetup {
        vendors: placed.collect::<Result<_, ConfigError>>()?,
        control,
        routes: hosts.iter().fold(Routes::default(), |routes, host| routes.allow(host)),
        rules,
        journal: flags.journal.or(file.journal),
    })
}

/// The keys and secrets of a vendor's account, several with commas between them.
fn with_keys(
    vendor: Vendor,
    settings: AccountConfig,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<AccountConfig, ConfigError> {
    let list = |what: &str| -> Vec<String> {
        let text = variable(&vendor.variable(what)).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let access_keys = list("ACCESS_KEY")
        .into_iter()
        .map(|pair| {
            pair.split_once('|')
                .map(|(access, secret)| (access.to_owned(), Secret::new(secret)))
                .ok_or_else(|| ConfigError(format!("{} takes ACCESS|SECRET", vendor.variable("ACCESS_KEY"))))
        })
        .collect::<Result<_, _>>()?;
    let webhook_secrets: Vec<Secret> = list("SECRET").into_iter().map(Secret::new).collect();
    let signs = vendor.main_dialect().callbacks.signing == Signing::StandardWebhooks;
    if signs && !webhook_secrets.iter().all(is_webhook_secret) {
        return Err(ConfigError(format!("{}: {}", vendor.variable("SECRET"), SignatureError::Secret)));
    }
    Ok(AccountConfig {
        api_keys: list("KEY").into_iter().map(Secret::new).collect(),
        webhook_secrets,
        access_keys,
        ..settings
    })
}

/// Where everybody listens.
struct Ports {
    free: bool,
    given: Vec<(Vendor, u16)>,
}

impl Ports {
    fn read(flags: &[String], file: BTreeMap<String, u16>) -> Result<Self, ConfigError> {
        if flags == ["0"] {
            return Ok(Self { free: true, given: Vec::new() });
        }
        let given = if flags.is_empty() {
            file.into_iter().map(|(name, port)| Ok((vendor(&name)?, port))).collect::<Result<_, _>>()?
        } else {
            pairs("--port", "VENDOR=PORT", flags)?
                .into_iter()
                .map(|(name, port)| {
                    let port = port.parse().map_err(|_| ConfigError(format!("`{port}` is no port")))?;
                    Ok((vendor(&name)?, port))
                })
                .collect::<Result<_, ConfigError>>()?
        };
        Ok(Self { free: false, given })
    }

    const fn control(&self) -> u16 {
        if self.free { 0 } else { FIRST_PORT }
    }

    fn of(&self, vendor: Vendor) -> u16 {
        if self.free {
            return 0;
        }
        let given = self.given.iter().find(|(of, _)| *of == vendor).map(|(_, port)| *port);
        let place = Vendor::all().position(|one| one == vendor).and_then(|at| u16::try_from(at).ok());
        given.unwrap_or(FIRST_PORT + 1 + place.unwrap_or(0))
    }
}

/// A root without a slash at the end; empty for none.
fn results(given: Option<String>) -> Result<String, ConfigError> {
    let root = given.unwrap_or_default();
    let is_url = |text: &str| {
        Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none())
    };
    if !root.is_empty() && !is_url(&root) {
        return Err(ConfigError(format!("--results takes an http:// or https:// URL, not `{root}`")));
    }
    Ok(root.trim_end_matches('/').to_owned())
}

fn course(text: &str, dialects: &[&'static Dialect]) -> Result<TaskPlan, ConfigError> {
    let rule: Rule = format!("any: {text}").parse().map_err(wrong)?;
    rule.check(dialects).map_err(wrong)?;
    if rule.refuse.is_some() || rule.silent || rule.delivery_faults.is_some() {
        return Err(ConfigError(format!(
            "a course is an ending after a time, or `stay`; `{text}` is more, which a rule can say: --on 'any: {text}'"
        )));
    }
    Ok(rule.plan)
}

fn trouble(text: Option<&str>) -> Result<Option<Arc<DeliveryFaults>>, ConfigError> {
    text.map(|text| text.parse().map(Arc::new).map_err(wrong)).transpose()
}

fn knobs(flags: &[String], file: BTreeMap<String, String>) -> Result<VendorOptions, ConfigError> {
    let mut knobs = VendorOptions::default();
    for (name, value) in file.into_iter().chain(pairs("--knob", "DIALECT.KNOB=VALUE", flags)?) {
        set_knob(&mut knobs, &name, &value)?;
    }
    Ok(knobs)
}

/// Sets a vendor's knob; a name that does not exist comes with the one it may have been meant for.
///
/// # Errors
/// When there is no such knob, or it does not take that value.
pub fn set_knob(knobs: &mut VendorOptions, name: &str, value: &str) -> Result<(), ConfigError> {
    knobs.set(name, value).map_err(|error| {
        let dialects = Vendor::all().flat_map(|vendor| vendor.dialects().iter());
        let known: Vec<String> = dialects
            .flat_map(|dialect| {
                dialect.all_options().into_iter().map(move |knob| format!("{}.{}", dialect.name, knob.name))
            })
            .collect();
        let is_known = known.iter().any(|one| one == name);
        let meant = suggest::nearest(name, known.iter().map(String::as_str)).filter(|_| !is_known);
        ConfigError(suggest::with_hint(error, meant))
    })
}

fn or(flags: Vec<String>, file: Vec<String>) -> Vec<String> {
    if flags.is_empty() { file } else { flags }
}

fn wrong(error: impl std::fmt::Display) -> ConfigError {
    ConfigError(error.to_string())
}
