//! Which names of settings there are, and which were set: variables and keys, never their values.

use ringback_mocks::vendor::Vendor;

use crate::run::suggest;

/// How every variable that is read begins.
const PREFIX: &str = "RINGBACK_";
/// Secrets, which no flag has.
const SECRETS: &[&str] = &["RINGBACK_API_KEY", "RINGBACK_OTHER_API_KEY"];
/// What a vendor's variables end with: what mocks and receivers read, and what commands are given.
const OF_VENDORS: &[&str] = &["KEY", "SECRET", "ACCESS_KEY", "URL"];

/// Variables by what they are to us.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    /// Those that are read.
    pub(super) read: Vec<String>,
    /// Those that are not, each with the one that it may have been meant for. Others may have variables of
    /// their own that begin like ours, so what is near none is nobody's business.
    pub(super) strays: Vec<(String, String)>,
}

/// Sorts names of variables; `flags` are those that flags have.
pub(super) fn variables(set: impl Iterator<Item = String>, flags: &[String]) -> Variables {
    let of_vendors =
        Vendor::all().flat_map(|vendor| OF_VENDORS.iter().map(move |what| vendor.variable(what)));
    let mut known: Vec<String> = flags.to_vec();
    known.extend(SECRETS.iter().map(ToString::to_string));
    known.extend(of_vendors);
    let mut sorted = Variables::default();
    for name in set.filter(|name| name.starts_with(PREFIX)) {
        if known.contains(&name) {
            sorted.read.push(name);
            continue;
        }
        // Without what all have in common, which would make any two alike.
        let rest = known.iter().filter_map(|name| name.strip_prefix(PREFIX));
        if let Some(meant) = suggest::nearest(name.trim_start_matches(PREFIX), rest) {
            sorted.strays.push((name, format!("{PREFIX}{meant}")));
        }
    }
    sorted.read.sort_unstable();
    sorted.strays.sort_unstable();
    sorted
}

/// What a configuration file sets, as `section.key`; nothing for what is no TOML, which is told elsewhere.
pub(super) fn keys(text: &str) -> Vec<String> {
    let table: toml::Table = text.parse().unwrap_or_default();
    table
        .iter()
        .flat_map(|(section, value)| match value {
            toml::Value::Table(keys) => keys.keys().map(|key| format!("{section}.{key}")).collect(),
            _ => vec![section.clone()],
        })
        .collect()
}
