//! What can be said about a gateway that is judged, by flag, variable or `[gateway]` of the file, and what it comes to.

use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use ringback_mocks::vendor::Vendor;
use url::Url;

use super::run::{PatienceSettings, RunSettings};
use super::section::section;
use super::setting::{Pair, Setting as _, texts};
use super::{
    ConfigError, DEPLOYED_JOBS, READY_WITHIN, Secrets, Sources, deployed, pairs, time, vendor, vendors,
};
use crate::gateway::knob::{Knob, Knobs};
use crate::gateway::target::{GatewayReach, GatewayTarget, GatewayTimeouts};
use crate::run::session::{DEFAULT_JOBS, RunOptions};
use crate::run::suggest::hint;

section! {
    /// A gateway that is judged: where it is, what it is allowed to cost, and what is right of it.
    #[command(next_help_heading = "Subject")]
    pub struct GatewaySettings("") one of (url, exec) {
        /// Address of the gateway
        ///
        /// Without it and without --exec, the embedded reference gateway is judged. Variable: `RINGBACK_GATEWAY_URL`.
        #[arg(value_name = "URL", help_heading = None)]
        #[variable("RINGBACK_GATEWAY_URL")]
        url: Option<String>,
        /// Start this command as the gateway
        ///
        /// It gets PORT and the addresses of our mock vendors, and is ended after, with everything it started.
        #[arg(long, value_name = "CMD")]
        exec: Option<String>,
        /// Where the gateway at URL finds a vendor
        ///
        /// Our mock of that vendor listens there, on loopback.
        #[serde(deserialize_with = "texts")]
        #[arg(long, value_name = "VENDOR=ADDR", value_delimiter = ',')]
        upstream: Vec<Pair>,
        /// Judge these vendors only
        ///
        /// kling, doubao, minimax or vidu; several with commas.
        #[arg(long = "vendor", value_name = "NAME", value_delimiter = ',')]
        vendors: Vec<String>,
        /// Model that routes to a vendor
        ///
        /// Where it is not the usual one.
        #[serde(deserialize_with = "texts")]
        #[arg(long = "model", value_name = "VENDOR=NAME", value_delimiter = ',', hide_short_help = true)]
        models: Vec<Pair>,
        /// Jobs that may be billed [default: 0]
        ///
        /// Against a deployed gateway every accepted job may cost money, so none is submitted that could be
        /// accepted unless this allows it.
        #[arg(long, value_name = "N")]
        spend: Option<u32>,
        /// Requests a second at most [default: no limit; 5 deployed]
        #[arg(long, value_name = "N", help_heading = "Elsewhere", hide_short_help = true)]
        rate: Option<f64>,
        /// Requests in all at most [default: no limit; 2000 deployed]
        #[arg(long, value_name = "N", help_heading = "Elsewhere", hide_short_help = true)]
        max_requests: Option<u64>,
        /// Public address that leads to our inbox, for callbacks of real vendors
        ///
        /// With --spend. A tunnel or a proxy leads from there to --bind.
        #[arg(long, value_name = "URL", help_heading = "Elsewhere", hide_short_help = true)]
        advertise: Option<String>,
        /// Where the inbox behind --advertise listens [default: 127.0.0.1:8787]
        #[arg(long, value_name = "ADDR", help_heading = "Elsewhere", hide_short_help = true)]
        bind: Option<String>,
        /// What is right where the contract is silent
        ///
        /// `ringback list` shows the knobs.
        #[serde(deserialize_with = "texts")]
        #[arg(long = "knob", value_name = "NAME=VALUE", value_delimiter = ',', help_heading = "What is right, and how soon", hide_short_help = true)]
        knobs: Vec<Pair>,
        /// The knob `root_callback`: reject, ignore or accept [default: reject]
        #[arg(long, value_name = "VALUE", help_heading = "What is right, and how soon", hide_short_help = true)]
        root_callback: Option<String>,
    }
}

/// The flags of a command that is about a gateway.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
pub struct GatewayFlags {
    /// The gateway.
    #[cfg_attr(feature = "cli", command(flatten))]
    pub gateway: GatewaySettings,
    /// How long we wait.
    #[cfg_attr(feature = "cli", command(flatten))]
    pub patience: PatienceSettings,
    /// Compare the payloads with the reviewed ones in DIR
    ///
    /// They are written there when it has none.
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "DIR", help_heading = "Output", hide_short_help = true)
    )]
    pub snapshots: Option<PathBuf>,
    /// Take the payloads of this run for reviewed (with --snapshots)
    #[cfg_attr(feature = "cli", arg(long, help_heading = "Output", hide_short_help = true))]
    pub accept: bool,
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

impl GatewaySettings {
    /// Whether it names a gateway.
    pub(super) const fn names_one(&self) -> bool {
        self.url.is_some() || self.exec.is_some()
    }
}

impl Sources {
    /// The gateway to judge and the options of the run, by these flags over environment over file over defaults.
    ///
    /// # Errors
    /// When what is said is not a run.
    pub fn gateway(
        &self,
        flags: GatewayFlags,
        secrets: Secrets,
    ) -> Result<(GatewayTarget, RunOptions), ConfigError> {
        let knobs = KnobSettings::read(&self.knobs(&flags)?)?;
        let own = self.merged(flags.gateway, &self.file.gateway)?;
        let patience = self.merged(flags.patience, &self.file.patience)?;
        let hidden = secrets.held.clone();
        let upstreams = pairs("--upstream", "VENDOR=ADDR", &own.upstream)?
            .iter()
            .map(|(name, address)| placed(name, address))
            .collect::<Result<Vec<_>, _>>()?;
        let ready_within = time("ready", patience.ready.as_deref())?.unwrap_or(READY_WITHIN);
        let reach = reach(own.url, own.exec, upstreams, ready_within, secrets)?;
        let is_deployed = matches!(&reach, GatewayReach::Url { upstreams, .. } if upstreams.is_empty());
        let live = deployed::live(own.advertise, own.bind, is_deployed)?;
        let timeouts = timeouts(is_deployed, live.is_some(), &patience, &knobs)?;
        let target = GatewayTarget {
            reach,
            vendors: vendors(&own.vendors)?,
            models: models(&own.models)?,
            spend: own.spend.unwrap_or(0),
            rate: deployed::rate(own.rate, is_deployed.then_some(deployed::RATE))?,
            max_requests: deployed::cap(own.max_requests, is_deployed.then_some(deployed::MAX_REQUESTS))?,
            live,
            knobs: knobs.knobs,
            timeouts,
            hidden,
        };
        let jobs = if is_deployed { DEPLOYED_JOBS } else { DEFAULT_JOBS };
        Ok((target, self.options(flags.run, jobs)?))
    }

    /// The knobs, those with settings of their own among them: whichever way one is said, the layer above wins.
    fn knobs(&self, flags: &GatewayFlags) -> Result<Vec<Pair>, ConfigError> {
        let of_environment = said_knobs(
            &self.environment.section::<GatewaySettings>()?,
            &self.environment.section::<PatienceSettings>()?,
        );
        let of_file = said_knobs(&self.file.gateway, &self.file.patience);
        Ok(said_knobs(&flags.gateway, &flags.patience).over(of_environment).over(of_file))
    }

    /// Where reviewed payloads of a gateway are kept.
    ///
    /// # Errors
    /// When payloads would be accepted that nobody keeps.
    pub fn snapshots(&self, flags: &GatewayFlags) -> Result<Option<PathBuf>, ConfigError> {
        let run = RunSettings { snapshots: flags.snapshots.clone(), ..flags.run.clone() };
        let folder = self.merged(run, &self.file.run)?.snapshots;
        if flags.accept && folder.is_none() {
            return Err(ConfigError("--accept belongs to --snapshots DIR".into()));
        }
        Ok(folder)
    }
}

/// What one layer says of knobs; one that is set by its name wins over its own setting.
fn said_knobs(gateway: &GatewaySettings, patience: &PatienceSettings) -> Vec<Pair> {
    let own =
        [("root_callback", &gateway.root_callback), ("settle", &patience.settle), ("hang", &patience.hang)];
    let own = own.into_iter().filter_map(|(name, said)| Some(Pair(format!("{name}={}", said.as_ref()?))));
    own.chain(gateway.knobs.iter().cloned()).collect()
}

fn models(given: &[Pair]) -> Result<BTreeMap<String, String>, ConfigError> {
    let models: BTreeMap<String, String> = pairs("--model", "VENDOR=NAME", given)?.into_iter().collect();
    // Beside the vendors' names: a model whose vendor no mock plays, because it calls nobody back.
    for name in models.keys().filter(|name| *name != "polling") {
        vendor(name)?;
    }
    Ok(models)
}

fn timeouts(
    is_deployed: bool,
    is_live: bool,
    patience: &PatienceSettings,
    knobs: &KnobSettings,
) -> Result<GatewayTimeouts, ConfigError> {
    let mut timeouts = if is_deployed { GatewayTimeouts::REMOTE } else { GatewayTimeouts::LOCAL };
    if let Some(answer) = time("answer", patience.answer.as_deref())? {
        timeouts.answer = answer;
    }
    if let Some(settle) = knobs.settle {
        timeouts.settle = settle;
        // Whoever expects a quick gateway does not want to wait longer for its create call.
        timeouts.create = timeouts.create.min(settle);
    }
    if let Some(finish) = time("finish", patience.finish.as_deref())? {
        timeouts.finish = finish;
    }
    timeouts.hang = knobs.hang.unwrap_or(timeouts.hang);
    timeouts.case = timeouts.case.max(timeouts.settle * 3).max(timeouts.hang * 3);
    if is_live {
        timeouts.case = timeouts.case.max(timeouts.finish + timeouts.settle * 3);
    }
    Ok(timeouts)
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
        (None, None) => Ok(GatewayReach::Embedded { defect: None, oddity: None }),
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
#[derive(Debug, Default)]
struct KnobSettings {
    knobs: Knobs,
    settle: Option<Duration>,
    hang: Option<Duration>,
}

impl KnobSettings {
    fn read(named: &[Pair]) -> Result<Self, ConfigError> {
        let mut all = Self::default();
        for (name, value) in pairs("--knob", "NAME=VALUE", named)? {
            all.add(&name, &value)?;
        }
        Ok(all)
    }

    fn add(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let knob = Knob::named(name).ok_or_else(|| {
            let known: Vec<&str> = Knob::ALL.iter().map(|knob| knob.row().name).collect();
            ConfigError(format!("there is no knob `{name}`; {}", hint(name, known)))
        })?;
        match knob {
            Knob::Settle => self.settle = time(name, Some(value))?,
            Knob::Hang => self.hang = time(name, Some(value))?,
            _ => self.knobs = std::mem::take(&mut self.knobs).set(knob, value).map_err(ConfigError)?,
        }
        Ok(())
    }
}
