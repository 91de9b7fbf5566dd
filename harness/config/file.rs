//! Reading `ringback.toml`. Its sections are where their settings are; what a value means is decided where it is resolved.

use std::path::Path;

use serde::Deserialize;

use super::ConfigError;
use super::gateway::GatewaySettings;
use super::mock::MockSettings;
use super::receiver::ReceiverSettings;
use super::run::{OutputSettings, PatienceSettings, RunSettings};
use crate::run::expectation::Expectation;
use crate::run::suggest::unknown_key;

/// The file read when none is named and it exists.
pub const FILE: &str = "ringback.toml";

/// Everything that the file says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) gateway: GatewaySettings,
    pub(super) receiver: ReceiverSettings,
    pub(super) run: RunSettings,
    pub(super) output: OutputSettings,
    pub(super) patience: PatienceSettings,
    pub(super) mock: MockSettings,
    pub(super) expect: Vec<Expectation>,
}

/// Reads the named file, or the usual one if it is there.
pub(super) fn read(named: Option<&Path>) -> Result<File, ConfigError> {
    let path = named.unwrap_or(Path::new(FILE));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(File::default());
        }
        Err(error) => return Err(ConfigError(format!("cannot read {}: {error}", path.display()))),
    };
    toml::from_str(&text).map_err(|error| {
        // Not the line itself, which may be the secret that has no place there.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        ConfigError(format!("{} is not valid: line {line}: {}", path.display(), unknown_key(error.message())))
    })
}
