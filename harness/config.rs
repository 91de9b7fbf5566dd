//! Configuration: flags and environment over `ringback.toml` over defaults, into a valid target.
//!
//! Every configuration error is found here, before anything starts. Secrets come from the
//! environment only; the file has no place for them.

mod deployed;
mod file;
mod flags;
pub mod mock;
pub mod receiver;
pub mod template;

use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::Secret;
use url::Url;

use crate::catalogue;
use crate::gateway::knob::{Knob, Knobs};
use crate::gateway::target::{GatewayReach, GatewayTarget, GatewayTimeouts};
use crate::run::expectation::Expectation;
use crate::run::outcome::Level;
use crate::run::plan::{Selection, Shard};
use crate::run::progress::Progress;
use crate::run::session::{DEFAULT_JOBS, DEFAULT_SEED, RunOptions};
use crate::run::suggest::hint;

pub use file::{FILE, OutputSection};
use file::{RunSection, read};
#[cfg(feature = "cli")]
pub use flags::from_environment;
pub use flags::{GatewayFlags, RunFlags};

/// How long a command may take until it listens.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Cases at once against a deployed gateway: polite rather than fast.
const DEPLOYED_JOBS: usize = 4;

/// The secrets of a run, from the environment.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// The client's key.
    pub key: Option<Secret>,
    /// The second client's key.
    pub other_key: Option<Secret>,
    /// Keys the mocks accept.
    pub vendor_keys: Vec<(Vendor, Secret)>,
    /// Secrets that sign callbacks.
    pub signing: Vec<(Vendor, Secret)>,
    /// Every secret among our variables, used in this run or not: a command that we start inherits them all.
    pub held: Vec<(String, Secret)>,
}

impl Secrets {
    /// Reads them through `variable`, which is [`std::env::var`] outside tests.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let secret = |name: &str| variable(name).filter(|value| !value.is_empty()).map(Secret::new);
        Self {
            key: secret("RINGBACK_API_KEY"),
            other_key: secret("RINGBACK_OTHER_API_KEY"),
            vendor_keys: Vendor::all()
                .filter_map(|vendor| Some((vendor, secret(&vendor.variable("KEY"))?)))
                .collect(),
            signing: Vendor::all()
                .filter_map(|vendor| Some((vendor, secret(&vendor.variable("SECRET"))?)))
                .collect(),
            held: held(&variable),
        }
    }
}

/// Every secret there is, with its variable. Some hold several, with commas or a bar between them.
pub fn held(variable: impl Fn(&str) -> Option<String>) -> Vec<(String, Secret)> {
    let of_vendors =
        Vendor::all().flat_map(|vendor| ["KEY", "SECRET", "ACCESS_KEY"].map(|what| vendor.variable(what)));
    let ours = ["RINGBACK_API_KEY", "RINGBACK_OTHER_API_KEY", "RINGBACK_TRIGGER_SECRET"].map(str::to_owned);
    let values = of_vendors.chain(ours).filter_map(|name| variable(&name).map(|value| (name, value)));
    values
        .flat_map(|(name, value)| {
            let parts = value.split([',', '|']).map(str::trim).filter(|part| !part.is_empty());
            parts.map(|part| (name.clone(), Secret::new(part))).collect::<Vec<_>>()
        })
        .collect()
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// What environment and file name, when no subject is named on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// A gateway.
    pub gateway: bool,
    /// A receiver.
    pub receiver: bool,
    /// Cases of whichever.
    pub selection: bool,
}

/// The configuration file that the environment names.
pub fn named_file() -> Option<PathBuf> {
    std::env::var_os("RINGBACK_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Looks what environment and file name.
///
/// # Errors
/// When the file cannot be read.
pub fn named() -> Result<Named, ConfigError> {
    let set = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let any = |names: &[&str]| names.iter().any(|name| set(name));
    let file = read(named_file().as_deref())?;
    Ok(Named {
        gateway: any(&["RINGBACK_GATEWAY_URL"]) || file.gateway.url.is_some() || file.gateway.exec.is_some(),
        receiver: any(&["RINGBACK_RECEIVER_URL", "RINGBACK_HOOK"]) || file.receiver.names_one(),
        selection: any(&[
            "RINGBACK_ONLY",
            "RINGBACK_SKIP",
            "RINGBACK_SHARD",
            "RINGBACK_REPLAY",
            "RINGBACK_LEVEL",
        ]) || set("RINGBACK_EXEC")
            || !file.run.only.is_empty()
            || !file.run.skip.is_empty()
            || file.run.level.is_some()
            || file.run.shard.is_some(),
    })
}

/// What the file says about reports and the terminal.
///
/// # Errors
/// When the file cannot be read.
pub fn output(named: Option<&Path>) -> Result<OutputSection, ConfigError> {
    read(named).map(|file| file.output)
}

/// Makes the target and the options of a run.
pub fn resolve(flags: GatewayFlags, secrets: Secrets) -> Result<(GatewayTarget, RunOptions), ConfigError> {
    let file = read(flags.run.config.as_deref())?;
    let hidden = secrets.held.clone();
    let upstream =
        pairs("--upstream", "VENDOR=ADDR", &flags.upstream)?.into_iter().chain(file.gateway.upstream);
    let upstreams = upstream.map(|(name, address)| placed(&name, &address)).collect::<Result<Vec<_>, _>>()?;
    // A subject named on the command line replaces the file's, whichever way each is reached.
    let named = flags.url.is_some() || flags.exec.is_some();
    let (url, exec) = if named { (flags.url, flags.exec) } else { (file.gateway.url, file.gateway.exec) };
    let ready_within = time("ready", flags.ready.or(file.patience.ready))?.unwrap_or(READY_WITHIN);
    let reach = reach(url, exec, upstreams, ready_within, secrets)?;
    let models: BTreeMap<String, String> =
        file.gateway.models.into_iter().chain(pairs("--model", "VENDOR=NAME", &flags.model)?).collect();
    // Beside the vendors' names: a model whose vendor no mock plays, because it calls nobody back.
    for name in models.keys().filter(|name| *name != "polling") {
        vendor(name)?;
    }
    let names = if flags.vendor.is_empty() { file.gateway.vendors } else { flags.vendor };
    let vendors = match names.as_slice() {
        [] => Vendor::all().collect(),
        names => names.iter().map(|name| vendor(name)).collect::<Result<_, _>>()?,
    };
    let is_deployed = matches!(&reach, GatewayReach::Url { upstreams, .. } if upstreams.is_empty());
    let mut timeouts = if is_deployed { GatewayTimeouts::REMOTE } else { GatewayTimeouts::LOCAL };
    if let Some(answer) = time("answer", flags.answer.or(file.patience.answer))? {
        timeouts.answer = answer;
    }
    let mut settings = Settings::default();
    settings.add("root_callback", file.gateway.root_callback)?;
    settings.add("settle", file.patience.settle)?;
    settings.add("hang", file.patience.hang)?;
    for (name, value) in file.gateway.knobs {
        settings.add(&name, Some(value))?;
    }
    settings.add("root_callback", flags.root_callback)?;
    settings.add("settle", flags.settle)?;
    settings.add("hang", flags.hang)?;
    for (name, value) in pairs("--knob", "NAME=VALUE", &flags.knob)? {
        settings.add(&name, Some(value))?;
    }
    if let Some(settle) = settings.settle {
        timeouts.settle = settle;
        // Whoever expects a quick gateway does not want to wait longer for its create call.
        timeouts.create = timeouts.create.min(settle);
    }
    if let Some(finish) = time("finish", flags.finish.or(file.patience.finish))? {
        timeouts.finish = finish;
    }
    timeouts.hang = settings.hang.unwrap_or(timeouts.hang);
    timeouts.case = timeouts.case.max(timeouts.settle * 3).max(timeouts.hang * 3);
    let live = deployed::live(
        flags.advertise.or(file.gateway.advertise),
        flags.bind.or(file.gateway.bind),
        is_deployed,
    )?;
    if live.is_some() {
        timeouts.case = timeouts.case.max(timeouts.finish + timeouts.settle * 3);
    }
    let target = GatewayTarget {
        reach,
        vendors,
        models,
        spend: flags.spend.or(file.gateway.spend).unwrap_or(0),
        rate: deployed::rate(flags.rate.or(file.gateway.rate), is_deployed.then_some(deployed::RATE))?,
        max_requests: deployed::cap(
            flags.max_requests.or(file.gateway.max_requests),
            is_deployed.then_some(deployed::MAX_REQUESTS),
        )?,
        live,
        knobs: settings.knobs,
        timeouts,
        hidden,
    };
    let jobs = if is_deployed { DEPLOYED_JOBS } else { DEFAULT_JOBS };
    let options = options(flags.run, file.run, file.expect, jobs)?;
    Ok((target, options))
}

/// The options of a run, with so many cases at once if nobody says otherwise.
fn options(
    flags: RunFlags,
    file: RunSection,
    expect: Vec<Expectation>,
    jobs: usize,
) -> Result<RunOptions, ConfigError> {
    Ok(RunOptions {
        selection: Selection {
            only: if flags.only.is_empty() { file.only } else { flags.only },
            skip: if flags.skip.is_empty() { file.skip } else { flags.skip },
            level: flags.level.or(file.level).map(|text| level(&text)).transpose()?,
            shard: flags.shard.or(file.shard).map(|text| shard(&text)).transpose()?,
        },
        seed: flags.seed.or(file.seed).unwrap_or(DEFAULT_SEED),
        strict: flags.strict || file.strict,
        jobs: flags.jobs.or(file.jobs).unwrap_or(jobs),
        expectations: catalogue::expectations(expectations(expect)?),
        replay: flags
            .replay
            .map(|id| catalogue::replay(&id).map_err(|error| ConfigError(error.to_string())))
            .transpose()?,
        progress: Progress::default(),
    })
}

fn reach(
    url: Option<String>,
    exec: Option<String>,
    upstreams: Vec<(Vendor, SocketAddr)>,
    ready_within: Duration,
    secrets: Secrets,
) -> Result<GatewayReach, ConfigError> {
    match (url, exec) {
        (Some(_), Some(_)) => Err(ConfigError("name one subject: a URL or --exec, not both".into())),
        (None, _) if !upstreams.is_empty() => Err(ConfigError(
            "--upstream belongs to a gateway URL: with --exec the mocks choose their own addresses".into(),
        )),
        (None, Some(command)) if command.trim().is_empty() => Err(ConfigError("--exec is empty".into())),
        (None, Some(command)) => Ok(GatewayReach::Exec { command, ready_within }),
        (None, None) => Ok(GatewayReach::Embedded { mutants: Vec::new(), variants: Vec::new() }),
        (Some(url), None) => {
            let root = root(&url)?;
            let Some(key) = secrets.key else {
                return Err(ConfigError("set RINGBACK_API_KEY to a key that the gateway accepts".into()));
            };
            let Secrets { other_key, vendor_keys, .. } = secrets;
            Ok(GatewayReach::Url { root, key, other_key, upstreams, vendor_keys })
        }
    }
}

fn root(url: &str) -> Result<String, ConfigError> {
    let wrong = |why: &str| ConfigError(format!("`{url}` is not a gateway address: {why}"));
    let parsed = Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(wrong("it must begin with http:// or https://"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(ConfigError(
            "a gateway address carries no user or password: it is printed; set RINGBACK_API_KEY".into(),
        ));
    }
    if parsed.host_str().is_none() || parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(wrong("give scheme, host, and a path if the API is below one; no query"));
    }
    Ok(parsed.as_str().trim_end_matches('/').to_owned())
}

/// A vendor by name.
pub fn vendor(name: &str) -> Result<Vendor, ConfigError> {
    Vendor::named(name).ok_or_else(|| {
        let known: Vec<&str> = Vendor::all().map(Vendor::name).collect();
        ConfigError(format!("there is no vendor `{name}`; {}", hint(name, known)))
    })
}

fn level(text: &str) -> Result<Level, ConfigError> {
    [Level::Must, Level::Should]
        .into_iter()
        .find(|level| level.word().eq_ignore_ascii_case(text))
        .ok_or_else(|| ConfigError(format!("there is no level `{text}`; {}", hint(text, ["must", "should"]))))
}

fn shard(text: &str) -> Result<Shard, ConfigError> {
    text.parse().map_err(|()| {
        ConfigError(format!("`{text}` is no shard; write 2/4 for the second of four, counted from 1"))
    })
}

/// An expectation without a reason would be a skip with a better name.
fn expectations(given: Vec<Expectation>) -> Result<Vec<Expectation>, ConfigError> {
    match given.iter().find(|one| one.pattern.trim().is_empty() || one.reason.trim().is_empty()) {
        Some(one) => Err(ConfigError(format!(
            "an [[expect]] needs a pattern and a reason, and one has `{}` and `{}`",
            one.pattern, one.reason
        ))),
        None => Ok(given),
    }
}

fn placed(name: &str, address: &str) -> Result<(Vendor, SocketAddr), ConfigError> {
    let bare = address.trim_start_matches("http://").trim_end_matches('/');
    let address = bare.to_socket_addrs().ok().and_then(|mut all| all.next()).ok_or_else(|| {
        ConfigError(format!("`{address}` is not an address to listen on; write 127.0.0.1:9101"))
    })?;
    if !address.ip().is_loopback() {
        return Err(ConfigError(format!("mocks listen on loopback only, and {} is not", address.ip())));
    }
    Ok((vendor(name)?, address))
}

/// The knobs as they are set, the last word winning.
#[derive(Default)]
struct Settings {
    knobs: Knobs,
    settle: Option<Duration>,
    hang: Option<Duration>,
}

impl Settings {
    fn add(&mut self, name: &str, value: Option<String>) -> Result<(), ConfigError> {
        let Some(value) = value else { return Ok(()) };
        let knob = Knob::named(name).ok_or_else(|| {
            let known: Vec<&str> = Knob::ALL.iter().map(|knob| knob.row().name).collect();
            ConfigError(format!("there is no knob `{name}`; {}", hint(name, known)))
        })?;
        match knob {
            Knob::Settle => self.settle = time(name, Some(value))?,
            Knob::Hang => self.hang = time(name, Some(value))?,
            _ => self.knobs = std::mem::take(&mut self.knobs).set(knob, &value).map_err(ConfigError)?,
        }
        Ok(())
    }
}

fn pairs(flag: &str, form: &str, given: &[String]) -> Result<Vec<(String, String)>, ConfigError> {
    given
        .iter()
        .map(|pair| {
            pair.split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .ok_or_else(|| ConfigError(format!("{flag} takes {form}, not `{pair}`")))
        })
        .collect()
}

fn time(what: &str, given: Option<String>) -> Result<Option<Duration>, ConfigError> {
    given
        .map(|text| {
            text.parse::<SignedDuration>()
                .ok()
                .and_then(|time| Duration::try_from(time).ok())
                .filter(|time| !time.is_zero() && *time <= Duration::from_secs(3_600))
                .ok_or_else(|| {
                    ConfigError(format!("`{text}` is no time for {what}; write 500ms, 10s or 2m, at most 1h"))
                })
        })
        .transpose()
}
