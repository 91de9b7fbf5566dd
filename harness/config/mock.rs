//! What can be said about mocks that run, by flag, variable or `[mock]` of the file, and what it comes to: accounts and
//! addresses. Keys and secrets come from the environment only.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use ringback_mocks::account::{Knobs, Limits, Settings};
use ringback_mocks::courier::Routes;
use ringback_mocks::script::{Course, Rule};
use ringback_mocks::signature::{SignatureError, is_webhook_secret};
use ringback_mocks::trouble::Trouble;
use ringback_mocks::vendor::{Dialect, Signing, Vendor};
use ringback_mocks::wire::Secret;
use url::Url;

use super::section::section;
use super::setting::{Line, Pair, Port, ports, texts};
use super::{ConfigError, Environment, Sources, pairs, split, vendor, vendors};
use crate::run::suggest;

/// Port of the control API; the vendors' follow it, in the order of the registry.
const FIRST_PORT: u16 = 9100;
/// How a task goes on when nobody says otherwise.
const COURSE: &str = "succeeded after 1s+4s";

section! {
    /// The mocks that run: which, where, and what becomes of tasks.
    pub struct MockSettings("MOCK_") {
        /// Only these vendors (kling, doubao, minimax, vidu) [default: all]
        #[arg(value_name = "VENDOR", value_delimiter = ',')]
        vendors: Vec<String>,
        /// Where a vendor listens; `--port 0` gives all, and the control API, free ports
        #[serde(deserialize_with = "ports")]
        #[arg(long = "port", value_name = "VENDOR=PORT", value_delimiter = ',')]
        ports: Vec<Port>,
        /// Port of the control API [default: 9100]
        #[arg(long, value_name = "PORT")]
        control: Option<u16>,
        /// Address to listen on [default: 127.0.0.1]
        #[arg(long, value_name = "IP")]
        bind: Option<IpAddr>,
        /// How a task goes on: an ending after queue+work, or `stay` [default: succeeded after 1s+4s]
        #[arg(long, value_name = "COURSE")]
        course: Option<String>,
        /// A rule, such as 'prompt=storm: refuse moderation' (repeat for more; the first that fits counts)
        #[arg(long = "on", value_name = "RULE")]
        rules: Vec<Line>,
        /// What happens to callbacks on the way, such as 'duplicate=1 delay=3s'
        #[arg(long, value_name = "TROUBLE")]
        trouble: Option<String>,
        /// Sets what a vendor is silent about, such as ark.callback-retries=5s,5s,5s (repeat for more)
        #[serde(deserialize_with = "texts")]
        #[arg(long = "knob", value_name = "DIALECT.KNOB=VALUE")]
        knobs: Vec<Pair>,
        /// How many times faster than documented everything happens [default: 1]
        #[arg(long, value_name = "FACTOR")]
        speed: Option<f64>,
        /// Tasks that may run at once in an account [default: no limit]
        #[arg(long, value_name = "N")]
        concurrent: Option<u32>,
        /// Creates a minute in an account [default: no limit]
        #[arg(long, value_name = "N")]
        per_minute: Option<u32>,
        /// Write everything received and sent here, a JSON object a line; - for stdout
        #[arg(long, value_name = "PATH")]
        journal: Option<PathBuf>,
        /// Callbacks may go to this host too; without it they go to loopback only (repeat for more)
        #[arg(long = "allow-host", value_name = "HOST", value_delimiter = ',')]
        allow_hosts: Vec<String>,
        /// Root of result URLs, one for all vendors, where callers reach a mock by another name: its /results
        /// under that name [default: /results of each mock]
        #[arg(long, value_name = "URL")]
        results: Option<String>,
        /// Seed of ids [default: 7]
        #[arg(long, value_name = "N")]
        #[variable("RINGBACK_SEED")]
        seed: Option<u64>,
    }
}

/// The flags of a command that runs mocks.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
pub struct MockFlags {
    /// The mocks.
    #[cfg_attr(feature = "cli", command(flatten))]
    pub mock: MockSettings,
    /// Configuration file [default: ringback.toml, if there is one]
    #[cfg_attr(feature = "cli", arg(long, value_name = "PATH"))]
    pub config: Option<PathBuf>,
}

/// What `ringback mock` starts.
#[derive(Debug)]
pub struct MockSetup {
    /// The vendors, where each listens, and their accounts.
    pub vendors: Vec<(Vendor, SocketAddr, Settings)>,
    /// Where the control API listens.
    pub control: SocketAddr,
    /// Where callbacks may go.
    pub routes: Routes,
    /// What becomes of tasks.
    pub rules: Vec<Rule>,
    /// Where the journal is written; `-` is stdout.
    pub journal: Option<PathBuf>,
}

impl Sources {
    /// The mocks to run, by these settings over environment over file over defaults.
    ///
    /// # Errors
    /// When what is said cannot be played.
    pub fn mocks(&self, flags: MockSettings) -> Result<MockSetup, ConfigError> {
        let own = self.merged(flags, &self.file.mock)?;
        let vendors = vendors(&own.vendors)?;
        if let Some(twice) = (1..vendors.len()).find(|at| vendors[..*at].contains(&vendors[*at])) {
            return Err(ConfigError(format!("{} is named twice", vendors[twice])));
        }
        let dialects: Vec<&'static Dialect> =
            vendors.iter().flat_map(|vendor| vendor.dialects().iter().copied()).collect();
        let ports = Ports::read(&own.ports)?;
        let bind = own.bind.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let control = SocketAddr::new(bind, own.control.unwrap_or_else(|| ports.control()));
        let rules = own.rules.iter().map(|text| rule(&text.0, &dialects)).collect::<Result<_, _>>()?;
        let shared = shared(&own, &dialects)?;
        let placed = vendors.into_iter().map(|vendor| {
            let settings = with_keys(vendor, shared.clone(), &self.environment)?;
            Ok((vendor, SocketAddr::new(bind, ports.of(vendor)), settings))
        });
        Ok(MockSetup {
            vendors: placed.collect::<Result<_, ConfigError>>()?,
            control,
            routes: own.allow_hosts.iter().fold(Routes::default(), |routes, host| routes.allow(host)),
            rules,
            journal: own.journal,
        })
    }
}

fn rule(text: &str, dialects: &[&'static Dialect]) -> Result<Rule, ConfigError> {
    let rule: Rule = text.parse().map_err(wrong)?;
    rule.check(dialects).map_err(wrong)?;
    Ok(rule)
}

/// What all accounts have in common.
fn shared(own: &MockSettings, dialects: &[&'static Dialect]) -> Result<Settings, ConfigError> {
    let speed = own.speed.unwrap_or(1.0);
    if !(speed.is_finite() && speed > 0.0) {
        return Err(ConfigError(format!("--speed takes a number above 0, not {speed}")));
    }
    Ok(Settings {
        results: results(own.results.as_deref().unwrap_or_default())?,
        seed: own.seed.unwrap_or(crate::run::session::DEFAULT_SEED),
        course: course(own.course.as_deref().unwrap_or(COURSE), dialects)?,
        trouble: trouble(own.trouble.as_deref())?,
        speed,
        limits: Limits { concurrent: own.concurrent, per_minute: own.per_minute },
        knobs: knobs(&own.knobs)?,
        ..Settings::default()
    })
}

/// The keys and secrets of a vendor's account, several with commas between them.
fn with_keys(vendor: Vendor, settings: Settings, environment: &Environment) -> Result<Settings, ConfigError> {
    let list = |what: &str| -> Vec<String> {
        let text = environment.text(&vendor.variable(what)).unwrap_or_default();
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
    Ok(Settings {
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
    fn read(said: &[Port]) -> Result<Self, ConfigError> {
        if let [Port(only)] = said
            && only == "0"
        {
            return Ok(Self { free: true, given: Vec::new() });
        }
        let said: Vec<&str> = said.iter().map(|Port(text)| text.as_str()).collect();
        let given = split("--port", "VENDOR=PORT", said)?
            .into_iter()
            .map(|(name, port)| {
                let port = port.parse().map_err(|_| ConfigError(format!("`{port}` is no port")))?;
                Ok((vendor(&name)?, port))
            })
            .collect::<Result<_, ConfigError>>()?;
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
fn results(root: &str) -> Result<String, ConfigError> {
    let is_url = |text: &str| {
        Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none())
    };
    if !root.is_empty() && !is_url(root) {
        return Err(ConfigError(format!("--results takes an http:// or https:// URL, not `{root}`")));
    }
    Ok(root.trim_end_matches('/').to_owned())
}

fn course(text: &str, dialects: &[&'static Dialect]) -> Result<Course, ConfigError> {
    let rule = rule(&format!("any: {text}"), dialects)?;
    if rule.refuse.is_some() || rule.silent || rule.trouble.is_some() {
        return Err(ConfigError(format!(
            "a course is an ending after a time, or `stay`; `{text}` is more, which a rule can say: --on 'any: {text}'"
        )));
    }
    Ok(rule.course)
}

fn trouble(text: Option<&str>) -> Result<Option<Arc<Trouble>>, ConfigError> {
    text.map(|text| text.parse().map(Arc::new).map_err(wrong)).transpose()
}

fn knobs(said: &[Pair]) -> Result<Knobs, ConfigError> {
    let mut knobs = Knobs::default();
    for (name, value) in pairs("--knob", "DIALECT.KNOB=VALUE", said)? {
        set_knob(&mut knobs, &name, &value)?;
    }
    Ok(knobs)
}

/// Sets a vendor's knob; a name that does not exist comes with the one it may have been meant for.
///
/// # Errors
/// When there is no such knob, or it does not take that value.
pub fn set_knob(knobs: &mut Knobs, name: &str, value: &str) -> Result<(), ConfigError> {
    knobs.set(name, value).map_err(|error| {
        let dialects = Vendor::all().flat_map(|vendor| vendor.dialects().iter());
        let known: Vec<String> = dialects
            .flat_map(|dialect| {
                dialect.all_knobs().into_iter().map(move |knob| format!("{}.{}", dialect.name, knob.name))
            })
            .collect();
        let is_known = known.iter().any(|one| one == name);
        let meant = suggest::nearest(name, known.iter().map(String::as_str)).filter(|_| !is_known);
        ConfigError(suggest::with_hint(error, meant))
    })
}

fn wrong(error: impl std::fmt::Display) -> ConfigError {
    ConfigError(error.to_string())
}
