//! `ringback.toml`: its sections, and reading it. What a value means is decided where it is resolved.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ConfigError, mock, receiver};
use crate::run::expectation::Expectation;
use crate::run::suggest::unknown_key;

/// The file read when none is named and it exists.
pub const FILE: &str = "ringback.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) gateway: GatewaySection,
    pub(super) receiver: receiver::ReceiverSection,
    pub(super) run: RunSection,
    pub(super) output: OutputSection,
    pub(super) patience: PatienceSection,
    pub(super) mock: mock::MockSection,
    pub(super) expect: Vec<Expectation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct GatewaySection {
    pub(super) url: Option<String>,
    pub(super) exec: Option<String>,
    pub(super) vendors: Vec<String>,
    pub(super) models: BTreeMap<String, String>,
    pub(super) upstream: BTreeMap<String, String>,
    pub(super) root_callback: Option<String>,
    pub(super) knobs: BTreeMap<String, String>,
    pub(super) spend: Option<u32>,
    pub(super) rate: Option<f64>,
    pub(super) max_requests: Option<u64>,
    pub(super) advertise: Option<String>,
    pub(super) bind: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RunSection {
    pub(super) only: Vec<String>,
    pub(super) skip: Vec<String>,
    pub(super) level: Option<String>,
    pub(super) shard: Option<String>,
    pub(super) seed: Option<u64>,
    pub(super) strict: bool,
    pub(super) jobs: Option<usize>,
    pub(super) snapshots: Option<PathBuf>,
}

/// `[output]`: where the reports of `ringback test` go, and how the one on the terminal looks. Whether it says
/// something possible is decided where the flags of the same names are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputSection {
    /// Reports to write, each `FORMAT=PATH`.
    pub report: Vec<String>,
    /// What to print.
    pub format: Option<String>,
    /// When to colour: auto, always or never.
    pub color: Option<String>,
    /// Violations and the verdict only.
    pub quiet: bool,
    /// Every case.
    pub verbose: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PatienceSection {
    pub(super) answer: Option<String>,
    pub(super) settle: Option<String>,
    pub(super) finish: Option<String>,
    pub(super) hang: Option<String>,
    pub(super) ready: Option<String>,
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
