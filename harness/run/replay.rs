//! Replay ids: one case, with the very inputs that were judged, in one word.
//!
//! `GW-PASS-010-kling-s7-i3-pae-v5d0c` is requirement, vendor, seed, and for generated inputs the number
//! of the input and the way it was made smaller; last, a fingerprint of the requirement, because
//! another catalogue would judge something else under the same words. Letters, digits and `-` only, so
//! that it survives shells, chats and a double click. Reading and writing; nothing runs here.

use std::fmt;
use std::fmt::Write as _;

use data_encoding::BASE32_NOPAD;
use ringback_mocks::vendor::Vendor;

use crate::run::case::Input;
use crate::run::requirement::{Entry, Scope};

/// Highest number of an input that a replay id may name.
pub const INPUTS_MAX: usize = 99_999;
/// Counted up whenever a strategy of generated inputs changes: an old replay id would then mean another input.
pub const GENERATION: u32 = 1;

/// A case and its inputs.
#[derive(Clone, Debug)]
pub struct Replay {
    /// What is judged.
    pub requirement: Entry,
    /// The vendor whose model is used.
    pub vendor: Vendor,
    /// Seed of generated inputs.
    pub seed: u64,
    /// The generated input, if one was found wrong.
    pub input: Option<Input>,
}

/// Why an id cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// It has another form.
    #[error("`{0}` is not a replay id; one looks like GW-PASS-010-kling-s7-i3-pae-v5d0c")]
    Malformed(String),
    /// No such requirement.
    #[error(
        "the replay id `{id}` is about {requirement}, which is not in this catalogue; `ringback list` shows all"
    )]
    UnknownCase {
        /// The id.
        id: String,
        /// The requirement it names.
        requirement: String,
    },
    /// The requirement is not a case for that vendor, or there is no such vendor.
    #[error("the replay id `{id}` is about `{vendor}`, for which {requirement} is not a case")]
    UnknownVendor {
        /// The id.
        id: String,
        /// The vendor it names.
        vendor: String,
        /// The requirement.
        requirement: &'static str,
    },
    /// The requirement or the tool has changed since.
    #[error(
        "the replay id `{id}` was made by another version of the catalogue (v{theirs}, here v{ours}); run --only {requirement} instead"
    )]
    OtherCatalogue {
        /// The id.
        id: String,
        /// Fingerprint in the id.
        theirs: String,
        /// Fingerprint here.
        ours: String,
        /// The requirement.
        requirement: &'static str,
    },
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-s{}", self.requirement.id, self.vendor, self.seed)?;
        if let Some(input) = &self.input {
            write!(f, "-i{}", input.at)?;
            if !input.path.is_empty() {
                write!(f, "-p{}", packed(&input.path))?;
            }
        }
        write!(f, "-v{}", fingerprint(&self.requirement))
    }
}

impl Replay {
    /// Reads an id; `find` knows the requirements by id.
    ///
    /// # Errors
    /// When it has another form, or names what is not in the catalogue.
    pub fn read(id: &str, find: impl Fn(&str) -> Option<Entry>) -> Result<Self, ReplayError> {
        let malformed = || ReplayError::Malformed(id.to_owned());
        let parts: Vec<&str> = id.trim().split('-').collect();
        let [family, chapter, number, vendor, seed, middle @ .., version] = parts.as_slice() else {
            return Err(malformed());
        };
        let seed = seed.strip_prefix('s').and_then(|seed| seed.parse().ok()).ok_or_else(malformed)?;
        let input = match middle {
            [] => None,
            [at, rest @ ..] => {
                let at = at.strip_prefix('i').and_then(|at| at.parse().ok()).ok_or_else(malformed)?;
                let path = match rest {
                    [] => Vec::new(),
                    [path] => path.strip_prefix('p').and_then(unpacked).ok_or_else(malformed)?,
                    _ => return Err(malformed()),
                };
                if !(1..=INPUTS_MAX).contains(&at) {
                    return Err(malformed());
                }
                Some(Input { at, path })
            }
        };
        let theirs = version.strip_prefix('v').filter(|theirs| theirs.len() == 4).ok_or_else(malformed)?;
        let named = format!("{family}-{chapter}-{number}");
        let requirement =
            find(&named).ok_or_else(|| ReplayError::UnknownCase { id: id.to_owned(), requirement: named })?;
        let vendor = Vendor::named(vendor)
            .filter(|vendor| match requirement.scope {
                Scope::Only(name) => name == vendor.name(),
                Scope::EachOf(names) => names.contains(&vendor.name()),
                Scope::Once | Scope::EachVendor => true,
            })
            .ok_or_else(|| ReplayError::UnknownVendor {
                id: id.to_owned(),
                vendor: (*vendor).to_owned(),
                requirement: requirement.id,
            })?;
        let ours = fingerprint(&requirement);
        if theirs != ours {
            return Err(ReplayError::OtherCatalogue {
                id: id.to_owned(),
                theirs: theirs.to_owned(),
                ours,
                requirement: requirement.id,
            });
        }
        Ok(Self { requirement, vendor, seed, input })
    }
}

/// Four hexadecimal digits over what decides about a case's inputs: the tool's version, how inputs
/// are generated, and the requirement's words.
fn fingerprint(requirement: &Entry) -> String {
    let generation = GENERATION.to_string();
    let parts =
        [env!("CARGO_PKG_VERSION"), &generation, requirement.id, requirement.slug, requirement.sentence];
    // FNV-1a, folded; it guards against confusion, not against forgery.
    let mut hash = 0x811c_9dc5_u32;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    format!("{:04x}", (hash >> 16) ^ (hash & 0xffff))
}

/// A length and the bits, as letters and digits.
fn packed(path: &[bool]) -> String {
    let mut bytes = vec![u8::try_from(path.len()).unwrap_or(u8::MAX)];
    for eight in path.chunks(8) {
        bytes.push(eight.iter().enumerate().fold(0, |byte, (at, bit)| byte | u8::from(*bit) << at));
    }
    let mut text = String::new();
    let _ = write!(text, "{}", BASE32_NOPAD.encode(&bytes).to_ascii_lowercase());
    text
}

fn unpacked(text: &str) -> Option<Vec<bool>> {
    let bytes = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()?;
    let (length, bits) = bytes.split_first()?;
    let length = usize::from(*length);
    let path: Vec<bool> =
        bits.iter().flat_map(|byte| (0..8).map(move |at| byte >> at & 1 == 1)).take(length).collect();
    (path.len() == length && length.div_ceil(8) == bits.len() && path.last() == Some(&true)).then_some(path)
}
