//! What can be said about a run by flag or environment variable, as it is written; nothing is looked at here.
//!
//! The flags of a receiver are beside their own section of the file, those of the mocks beside theirs.

use std::path::PathBuf;

#[cfg(feature = "cli")]
use clap::builder::FalseyValueParser;

use super::ConfigError;
use super::file::read;

/// What can be said about a run, by flag or environment variable.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
pub struct GatewayFlags {
    /// Address of the gateway
    ///
    /// Without it and without --exec, the embedded reference gateway is judged. Variable: `RINGBACK_GATEWAY_URL`.
    #[cfg_attr(feature = "cli", arg(value_name = "URL", env = "RINGBACK_GATEWAY_URL"))]
    pub url: Option<String>,
    /// Start this command as the gateway
    ///
    /// It gets PORT and the addresses of our mock vendors, and is ended after, with everything it started.
    #[cfg_attr(feature = "cli", arg(long, value_name = "CMD", env = "RINGBACK_EXEC"))]
    pub exec: Option<String>,
    /// Where the gateway at URL finds a vendor
    ///
    /// Our mock of that vendor listens there, on loopback.
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "VENDOR=ADDR", env = "RINGBACK_UPSTREAM", value_delimiter = ',')
    )]
    pub upstream: Vec<String>,
    /// Judge these vendors only
    ///
    /// kling, doubao, minimax or vidu; several with commas.
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "NAME", env = "RINGBACK_VENDOR", value_delimiter = ',')
    )]
    pub vendor: Vec<String>,
    /// Model that routes to a vendor
    ///
    /// Where it is not the usual one.
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "VENDOR=NAME", env = "RINGBACK_MODEL", value_delimiter = ',')
    )]
    pub model: Vec<String>,
    /// Jobs that may be billed [default: 0]
    ///
    /// Against a deployed gateway every accepted job may cost money, so none is submitted that could be
    /// accepted unless this allows it.
    #[cfg_attr(feature = "cli", arg(long, value_name = "N", env = "RINGBACK_SPEND"))]
    pub spend: Option<u32>,
    /// Requests a second at most [default: no limit; 5 deployed]
    #[cfg_attr(feature = "cli", arg(long, value_name = "N", env = "RINGBACK_RATE"))]
    pub rate: Option<f64>,
    /// Requests in all at most [default: no limit; 2000 deployed]
    #[cfg_attr(feature = "cli", arg(long, value_name = "N", env = "RINGBACK_MAX_REQUESTS"))]
    pub max_requests: Option<u64>,
    /// Public address that leads to our inbox, for callbacks of real vendors
    ///
    /// With --spend. A tunnel or a proxy leads from there to --bind.
    #[cfg_attr(feature = "cli", arg(long, value_name = "URL", env = "RINGBACK_ADVERTISE"))]
    pub advertise: Option<String>,
    /// Where the inbox behind --advertise listens [default: 127.0.0.1:8787]
    #[cfg_attr(feature = "cli", arg(long, value_name = "ADDR", env = "RINGBACK_BIND"))]
    pub bind: Option<String>,
    /// What is right where the contract is silent
    ///
    /// `ringback list` shows the knobs.
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "NAME=VALUE", env = "RINGBACK_KNOB", value_delimiter = ',')
    )]
    pub knob: Vec<String>,
    /// The knob `root_callback`: reject, ignore or accept [default: reject]
    #[cfg_attr(feature = "cli", arg(long, value_name = "VALUE", env = "RINGBACK_ROOT_CALLBACK"))]
    pub root_callback: Option<String>,
    /// The knob settle: how long the status may lag behind the vendor [default: 60s]
    #[cfg_attr(feature = "cli", arg(long, value_name = "TIME", env = "RINGBACK_SETTLE"))]
    pub settle: Option<String>,
    /// How long a live job may take until it ends [default: 15m]
    #[cfg_attr(feature = "cli", arg(long, value_name = "TIME", env = "RINGBACK_FINISH"))]
    pub finish: Option<String>,
    /// The knob hang: how long a client may wait for a silent vendor [default: 60s]
    #[cfg_attr(feature = "cli", arg(long, value_name = "TIME", env = "RINGBACK_HANG"))]
    pub hang: Option<String>,
    /// How long one answer may take [default: 10s; 30s deployed]
    #[cfg_attr(feature = "cli", arg(long, value_name = "TIME", env = "RINGBACK_ANSWER"))]
    pub answer: Option<String>,
    /// How long --exec may take until it listens [default: 30s]
    #[cfg_attr(feature = "cli", arg(long, value_name = "TIME", env = "RINGBACK_READY"))]
    pub ready: Option<String>,
    /// Compare the payloads with the reviewed ones in DIR
    ///
    /// They are written there when it has none.
    #[cfg_attr(feature = "cli", arg(long, value_name = "DIR", env = "RINGBACK_SNAPSHOTS"))]
    pub snapshots: Option<PathBuf>,
    /// Take the payloads of this run for reviewed (with --snapshots)
    #[cfg_attr(feature = "cli", arg(long))]
    pub accept: bool,
    /// Which cases, and how.
    #[cfg_attr(feature = "cli", command(flatten))]
    pub run: RunFlags,
}

/// What can be said about any run, whatever is judged.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
pub struct RunFlags {
    /// Run these cases only
    ///
    /// Names or requirement ids, * for any text; several with commas.
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "PATTERN", env = "RINGBACK_ONLY", value_delimiter = ',')
    )]
    pub only: Vec<String>,
    /// Leave these cases out
    ///
    /// Names or requirement ids, * for any text; several with commas.
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "PATTERN", env = "RINGBACK_SKIP", value_delimiter = ',')
    )]
    pub skip: Vec<String>,
    /// Judge requirements of this level only: must or should
    #[cfg_attr(feature = "cli", arg(long, value_name = "LEVEL", env = "RINGBACK_LEVEL"))]
    pub level: Option<String>,
    /// Run part I of N of the selected cases
    ///
    /// `ringback report --from` puts the reports together.
    #[cfg_attr(feature = "cli", arg(long, value_name = "I/N", env = "RINGBACK_SHARD"))]
    pub shard: Option<String>,
    /// Run one case again with the same inputs
    ///
    /// The id is printed with each failure.
    #[cfg_attr(feature = "cli", arg(long, value_name = "ID", env = "RINGBACK_REPLAY", conflicts_with_all = ["only", "skip", "level", "shard", "seed"]))]
    pub replay: Option<String>,
    /// Seed of generated inputs [default: 7]
    #[cfg_attr(feature = "cli", arg(long, value_name = "N", env = "RINGBACK_SEED"))]
    pub seed: Option<u64>,
    /// A violated SHOULD fails the run
    #[cfg_attr(feature = "cli", arg(long, env = "RINGBACK_STRICT", value_parser = FalseyValueParser::new()))]
    pub strict: bool,
    /// Cases at once [default: 48; 4 elsewhere]
    #[cfg_attr(feature = "cli", arg(long, value_name = "N", env = "RINGBACK_JOBS"))]
    pub jobs: Option<usize>,
    /// Configuration file [default: ringback.toml, if there is one]
    #[cfg_attr(feature = "cli", arg(long, value_name = "PATH", env = "RINGBACK_CONFIG"))]
    pub config: Option<PathBuf>,
}

/// What the environment says. A value that is none must not be passed over: what is judged would be another
/// run than the one that was asked for.
///
/// # Errors
/// When a variable has a value that its flag does not take.
#[cfg(feature = "cli")]
pub fn from_environment<F: clap::Args>() -> Result<F, ConfigError> {
    #[derive(clap::Parser)]
    struct Alone<F: clap::Args> {
        #[cfg_attr(feature = "cli", command(flatten))]
        flags: F,
    }
    <Alone<F> as clap::Parser>::try_parse_from(["ringback"]).map(|alone| alone.flags).map_err(|error| {
        let told = error.to_string();
        let sentence = told.lines().next().unwrap_or_default().trim_start_matches("error: ");
        ConfigError(format!("in the environment: {sentence}"))
    })
}

impl GatewayFlags {
    /// Where reviewed payloads are kept.
    ///
    /// # Errors
    /// When the file cannot be read, or payloads would be accepted that nobody keeps.
    pub fn snapshots(&self) -> Result<Option<PathBuf>, ConfigError> {
        let folder = match &self.snapshots {
            Some(folder) => Some(folder.clone()),
            None => read(self.run.config.as_deref())?.run.snapshots,
        };
        if self.accept && folder.is_none() {
            return Err(ConfigError("--accept belongs to --snapshots DIR".into()));
        }
        Ok(folder)
    }
}
