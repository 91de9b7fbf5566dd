//! How a vendor's account is set up: keys, secrets, limits, options, and the pace of its tasks.
//!
//! Plain values; reading them from flags or files is somebody else's business.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::delivery_faults::DeliveryFaults;
use crate::dialect::{Dialect, Takes};
use crate::duration;
use crate::rules::TaskPlan;
use crate::wire::Secret;

/// A vendor's account.
#[derive(Clone, Debug)]
pub struct AccountConfig {
    /// Keys that authenticate; empty accepts any key of the right form.
    pub api_keys: Vec<Secret>,
    /// Pairs of access key and secret key for callers that sign a token themselves (Kling).
    pub access_keys: Vec<(String, Secret)>,
    /// Webhook secrets that sign, the newest last; empty leaves callbacks unsigned where the
    /// vendor makes signing optional.
    pub webhook_secrets: Vec<Secret>,
    /// Root of result URLs, without a slash at the end; empty for the mock itself where it has a socket.
    pub results: String,
    /// What follows the path of result URLs: a signature, as vendors give them one; empty for none.
    pub results_query: &'static str,
    /// Seed of ids.
    pub seed: u64,
    /// What becomes of tasks that no rule is about.
    pub plan: TaskPlan,
    /// What happens to the callbacks of tasks whose rule says nothing about that.
    pub delivery_faults: Option<Arc<DeliveryFaults>>,
    /// How many times faster than the vendor's documented times everything happens.
    pub speed: f64,
    /// How long a receiver may take to answer a challenge, where that is not the vendor's own time.
    pub challenge_within: Option<Duration>,
    /// What the account may do.
    pub limits: Limits,
    /// Where the vendor is silent.
    pub options: VendorOptions,
}

impl Default for AccountConfig {
    /// An account that accepts any key and whose tasks stay where they are.
    fn default() -> Self {
        Self {
            api_keys: Vec::new(),
            access_keys: Vec::new(),
            webhook_secrets: Vec::new(),
            results: String::new(),
            results_query: "",
            seed: 0,
            plan: TaskPlan::Stay,
            delivery_faults: None,
            speed: 1.0,
            challenge_within: None,
            limits: Limits::default(),
            options: VendorOptions::default(),
        }
    }
}

impl AccountConfig {
    /// Whether `key` authenticates.
    pub fn knows(&self, key: &str) -> bool {
        self.api_keys.is_empty() || self.api_keys.iter().any(|known| known.expose() == key)
    }

    /// The address of a result file.
    pub fn result(&self, file: impl fmt::Display) -> String {
        format!("{}/{file}{}", self.results, self.results_query)
    }

    /// A documented time, at the account's speed.
    pub fn scaled(&self, time: Duration) -> Duration {
        if self.speed > 0.0 {
            Duration::try_from_secs_f64(time.as_secs_f64() / self.speed).unwrap_or(Duration::MAX)
        } else {
            time
        }
    }
}

/// What an account may do; `None` for no limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Tasks that have not ended at one time.
    pub concurrent: Option<u32>,
    /// Creates in a minute.
    pub per_minute: Option<u32>,
}

/// Settings of options, by dialect and name; what is not set has its default.
#[derive(Clone, Debug, Default)]
pub struct VendorOptions(BTreeMap<(&'static str, &'static str), String>);

/// Why a option cannot be set so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct VendorOptionError(String);

impl VendorOptionError {
    pub(crate) const fn new(message: String) -> Self {
        Self(message)
    }
}

impl VendorOptions {
    /// Sets a option of a dialect to a value.
    pub fn set_of(
        &mut self,
        dialect: &'static Dialect,
        option: &str,
        value: &str,
    ) -> Result<(), VendorOptionError> {
        let row = dialect
            .all_options()
            .into_iter()
            .find(|row| row.name == option)
            .ok_or_else(|| VendorOptionError(format!("{} has no knob `{option}`", dialect.name)))?;
        if !fits(row.takes, value) {
            let (dialect, wanted) = (dialect.name, wanted(row.takes));
            return Err(VendorOptionError(format!("{dialect}.{option} takes {wanted}, not `{value}`")));
        }
        self.0.insert((dialect.name, row.name), value.to_owned());
        Ok(())
    }

    /// The value of a option as text.
    pub fn get(&self, dialect: &'static Dialect, name: &'static str) -> &str {
        if let Some(value) = self.0.get(&(dialect.name, name)) {
            return value;
        }
        match name {
            "callback-timeout" => dialect.callbacks.timeout,
            "callback-retries" => dialect.callbacks.retries,
            _ => {
                dialect.options.iter().find(|option| option.name == name).map_or("", |option| option.default)
            }
        }
    }

    /// Whether a switch is on.
    pub fn is_on(&self, dialect: &'static Dialect, name: &'static str) -> bool {
        self.get(dialect, name) == "on"
    }

    /// A whole number.
    pub fn count(&self, dialect: &'static Dialect, name: &'static str) -> u64 {
        self.get(dialect, name).parse().unwrap_or(0)
    }

    /// A time.
    pub fn time(&self, dialect: &'static Dialect, name: &'static str) -> Duration {
        duration::parse(self.get(dialect, name)).unwrap_or(Duration::ZERO)
    }

    /// Several times.
    pub fn times(&self, dialect: &'static Dialect, name: &'static str) -> Vec<Duration> {
        duration::parse_list(self.get(dialect, name)).unwrap_or_default()
    }
}

fn fits(takes: Takes, value: &str) -> bool {
    match takes {
        Takes::Switch => matches!(value, "on" | "off"),
        Takes::OneOf(words) => words.contains(&value),
        Takes::Count => value.parse::<u64>().is_ok(),
        Takes::Time => duration::parse(value).is_some(),
        Takes::Times => duration::parse_list(value).is_some(),
    }
}

fn wanted(takes: Takes) -> String {
    match takes {
        Takes::Switch => "on or off".to_owned(),
        Takes::OneOf(words) => format!("one of {}", words.join(", ")),
        Takes::Count => "a whole number".to_owned(),
        Takes::Time => "a time such as 5s".to_owned(),
        Takes::Times => "times such as 1s,5s,25s".to_owned(),
    }
}
