//! One setting, whatever it is about: how a variable says it, and which of two that were said counts.
//!
//! What a value means is decided where it is resolved; here it is kept as it was written.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};

/// Words that turn a switch off; every other word turns it on.
const OFF: [&str; 6] = ["0", "f", "false", "n", "no", "off"];

/// A value that a flag, a variable or the file may say.
pub trait Setting: Default {
    /// Whether anything was said.
    fn is_said(&self) -> bool;

    /// Whether it silences what is said of others below it, where only one of them can be meant.
    fn silences(&self) -> bool {
        self.is_said()
    }

    /// What counts when this was said above that.
    #[must_use]
    fn over(self, below: Self) -> Self {
        if self.is_said() { self } else { below }
    }

    /// Reads what a variable says.
    ///
    /// # Errors
    /// When it is not such a value: why.
    fn read(value: OsString) -> Result<Self, String>;
}

fn text(value: OsString) -> Result<String, String> {
    value.into_string().map_err(|_| "it is not UTF-8".to_owned())
}

/// Settings that are one value, read by their own `FromStr`.
macro_rules! single {
    ($($kind:ty),*) => {$(
        impl Setting for Option<$kind> {
            fn is_said(&self) -> bool {
                self.is_some()
            }

            fn read(value: OsString) -> Result<Self, String> {
                text(value)?.parse().map(Some).map_err(|error: <$kind as std::str::FromStr>::Err| error.to_string())
            }
        }
    )*};
}
single!(String, IpAddr, u16, u32, u64, usize, f64);

impl Setting for Option<PathBuf> {
    fn is_said(&self) -> bool {
        self.is_some()
    }

    fn read(value: OsString) -> Result<Self, String> {
        Ok(Some(value.into()))
    }
}

impl Setting for Option<bool> {
    fn is_said(&self) -> bool {
        self.is_some()
    }

    fn silences(&self) -> bool {
        *self == Some(true)
    }

    fn read(value: OsString) -> Result<Self, String> {
        Ok(Some(!OFF.contains(&text(value)?.to_ascii_lowercase().as_str())))
    }
}

/// One of several that a setting holds.
pub trait Element: From<String> {
    /// Takes apart what a variable says.
    fn split(text: &str) -> Vec<Self> {
        text.split(',').map(|part| part.to_owned().into()).collect()
    }

    /// Whether it no longer counts because this was said above it.
    fn yields_to(&self, _above: &Self) -> bool {
        true
    }
}

impl<E: Element> Setting for Vec<E> {
    fn is_said(&self) -> bool {
        !self.is_empty()
    }

    fn over(mut self, below: Self) -> Self {
        let kept: Self =
            below.into_iter().filter(|one| !self.iter().any(|above| one.yields_to(above))).collect();
        self.extend(kept);
        self
    }

    fn read(value: OsString) -> Result<Self, String> {
        text(value).map(|text| E::split(&text))
    }
}

impl Element for String {}

/// A text that may have commas in it; in a variable each stands on a line of its own.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Line(pub String);

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Element for Line {
    fn split(text: &str) -> Vec<Self> {
        text.lines().filter(|line| !line.trim().is_empty()).map(|line| Self(line.to_owned())).collect()
    }
}

/// `NAME=VALUE`, as it was written; the file has a table of them. Each name counts for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair(pub String);

impl Pair {
    fn name(&self) -> &str {
        self.0.split_once('=').map_or(&*self.0, |(name, _)| name)
    }
}

impl From<String> for Pair {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Element for Pair {
    fn split(text: &str) -> Vec<Self> {
        let mut pairs: Vec<Self> = Vec::new();
        for part in text.split(',') {
            match pairs.last_mut() {
                // A value may have commas in it.
                Some(last) if !part.contains('=') => last.0 = format!("{},{part}", last.0),
                _ => pairs.push(Self(part.to_owned())),
            }
        }
        pairs
    }

    fn yields_to(&self, above: &Self) -> bool {
        self.name() == above.name()
    }
}

/// `VENDOR=PORT`, or 0 for any free ports; the file has a table of them. Those of one place count together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port(pub String);

impl From<String> for Port {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Element for Port {}

/// Reads a table of the file as pairs with texts.
pub(super) fn texts<'de, D: Deserializer<'de>>(file: D) -> Result<Vec<Pair>, D::Error> {
    table::<D, String, Pair>(file)
}

/// Reads a table of the file as pairs with ports.
pub(super) fn ports<'de, D: Deserializer<'de>>(file: D) -> Result<Vec<Port>, D::Error> {
    table::<D, u16, Port>(file)
}

fn table<'de, D: Deserializer<'de>, V: DeserializeOwned + ToString, E: Element>(
    file: D,
) -> Result<Vec<E>, D::Error> {
    let table = std::collections::BTreeMap::<String, V>::deserialize(file)?;
    Ok(table.into_iter().map(|(name, value)| format!("{name}={}", value.to_string()).into()).collect())
}
