//! The variables that a process was started with, of those that begin as ours do.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::ConfigError;
use super::section::Section;

/// What every variable of ours begins with.
pub(super) const PREFIX: &str = "RINGBACK_";

/// Variables and their values. One that is empty says nothing.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// The variables of this process.
    pub fn of_this_process() -> Self {
        Self::of(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))))
    }

    /// These variables.
    pub fn of<N: Into<String>, V: Into<OsString>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let all = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self(all.filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty()).collect())
    }

    /// What a variable says.
    pub fn value(&self, name: &str) -> Option<OsString> {
        self.0.get(name).cloned()
    }

    /// What a variable says, if it is text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name).and_then(|value| value.into_string().ok())
    }

    /// The configuration file that it names.
    pub fn config(&self) -> Option<PathBuf> {
        self.value("RINGBACK_CONFIG").map(PathBuf::from)
    }

    /// What it says of the settings of a section.
    pub(super) fn section<S: Section>(&self) -> Result<S, ConfigError> {
        S::of_environment(self)
    }
}
