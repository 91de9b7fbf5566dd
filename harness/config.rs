//! Configuration: flags and environment over `ringback.toml` over defaults, into a valid target.
//!
//! Every configuration error is found here, before anything starts. Secrets come from the
//! environment only; the file has no place for them.

mod deployed;
mod environment;
mod file;
pub mod gateway;
pub mod mock;
pub mod receiver;
pub mod run;
pub mod section;
pub mod setting;
pub mod template;
#[cfg(all(test, feature = "cli"))]
mod tests;

use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::Secret;

use crate::run::suggest::hint;

pub use environment::Environment;
pub use file::FILE;
use file::File;
use gateway::GatewaySettings;
use mock::MockSettings;
use receiver::ReceiverSettings;
use run::{OutputSettings, PatienceSettings, RunSettings};
use section::{Field, Section};
use setting::Pair;

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
    /// Those of an environment.
    pub fn of(environment: &Environment) -> Self {
        Self::read(|name| environment.text(name))
    }

    /// Reads them through `variable`.
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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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

/// What is below the flags of a run: the environment, and the file, which is read once.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    environment: Environment,
    file: File,
}

impl Sources {
    /// This environment, and the named file: by a flag, by the environment, or the usual one if it is there.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(config: Option<&Path>, environment: Environment) -> Result<Self, ConfigError> {
        let named = environment.config();
        let file = file::read(config.or(named.as_deref()))?;
        Ok(Self { environment, file })
    }

    /// This environment, for a command that reads no file.
    pub fn without_file(environment: Environment) -> Self {
        Self { environment, file: File::default() }
    }

    /// The secrets of the environment.
    pub fn secrets(&self) -> Secrets {
        Secrets::of(&self.environment)
    }

    /// What is named here as to be judged.
    ///
    /// # Errors
    /// When a variable has a value that its flag does not take.
    pub fn named(&self) -> Result<Named, ConfigError> {
        let gateway: GatewaySettings = self.environment.section()?;
        let receiver: ReceiverSettings = self.environment.section()?;
        let run: RunSettings = self.environment.section()?;
        Ok(Named {
            gateway: gateway.url.is_some() || self.file.gateway.names_one(),
            receiver: receiver.url.is_some() || !receiver.hooks.is_empty() || self.file.receiver.names_one(),
            // A command alone does not say what it is; most are gateways.
            selection: gateway.exec.is_some()
                || run.replay.is_some()
                || run.selects()
                || self.file.run.selects(),
        })
    }

    /// The settings of a section: flags over environment over file.
    fn merged<S: Section + Clone>(&self, flags: S, file: &S) -> Result<S, ConfigError> {
        Ok(flags.over(self.environment.section()?).over(file.clone()))
    }
}

/// Every setting there is, with the section of the file that it is in.
pub fn fields() -> impl Iterator<Item = (&'static str, &'static Field)> {
    let sections = [
        ("gateway", GatewaySettings::FIELDS),
        ("receiver", ReceiverSettings::FIELDS),
        ("run", RunSettings::FIELDS),
        ("patience", PatienceSettings::FIELDS),
        ("output", OutputSettings::FIELDS),
        ("mock", MockSettings::FIELDS),
    ];
    sections.into_iter().flat_map(|(section, fields)| fields.iter().map(move |field| (section, field)))
}

/// The variables that settings have, and the one that names the file.
pub fn variables() -> Vec<String> {
    let mut all: Vec<String> = fields().map(|(_, field)| field.variable()).collect();
    all.push("RINGBACK_CONFIG".to_owned());
    all.sort_unstable();
    all.dedup();
    all
}

/// A vendor by name.
pub fn vendor(name: &str) -> Result<Vendor, ConfigError> {
    Vendor::named(name).ok_or_else(|| {
        let known: Vec<&str> = Vendor::all().map(Vendor::name).collect();
        ConfigError(format!("there is no vendor `{name}`; {}", hint(name, known)))
    })
}

/// The vendors of these names; without any, all.
fn vendors(names: &[String]) -> Result<Vec<Vendor>, ConfigError> {
    match names {
        [] => Ok(Vendor::all().collect()),
        names => names.iter().map(|name| vendor(name)).collect(),
    }
}

fn pairs(flag: &str, form: &str, given: &[Pair]) -> Result<Vec<(String, String)>, ConfigError> {
    split(flag, form, given.iter().map(|Pair(text)| text.as_str()))
}

fn split<'t>(
    flag: &str,
    form: &str,
    given: impl IntoIterator<Item = &'t str>,
) -> Result<Vec<(String, String)>, ConfigError> {
    given
        .into_iter()
        .map(|pair| {
            pair.split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .ok_or_else(|| ConfigError(format!("{flag} takes {form}, not `{pair}`")))
        })
        .collect()
}

fn time(what: &str, given: Option<&str>) -> Result<Option<Duration>, ConfigError> {
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
