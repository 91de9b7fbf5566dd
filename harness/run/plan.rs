//! Case selection: which cases there are, and which can be judged, decided before anything runs.
//!
//! Pure: catalogue, target and discovery in, cases out. A case that cannot be judged is in the plan
//! with its reason; nothing is left out silently.

use std::fmt;
use std::str::FromStr;

use ringback_mocks::vendor::Vendor;
use wildmatch::WildMatchPattern;

use crate::catalogue;
use crate::run::outcome::Level;
use crate::run::replay::Input;
use crate::run::requirement::{self, Chapter, Kind, Requirement, Scope};
use crate::run::suggest;

/// One requirement for one vendor.
#[derive(Clone, Debug)]
pub struct Case<K: Kind> {
    /// `<subject>/<chapter>/<slug>[<vendor>]`.
    pub name: String,
    /// The chapter's name.
    pub chapter: &'static str,
    /// What is decided.
    pub requirement: &'static Requirement<K>,
    /// The vendor whose model is used.
    pub vendor: Vendor,
    /// Whether the vendor is part of the case, or only a means.
    pub about_vendor: bool,
    /// Why it cannot be judged, if so.
    pub untestable: Option<String>,
    /// The generated input to judge first, if the case is replayed.
    pub input: Option<Input>,
}

/// Which cases the user wants.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Patterns over case names and requirement ids, `*` for any text; empty for all.
    pub only: Vec<String>,
    /// Patterns of cases to leave out, however they were chosen.
    pub skip: Vec<String>,
    /// Only requirements of this level.
    pub level: Option<Level>,
    /// Only this part of what the rest selects.
    pub shard: Option<Shard>,
}

/// One part of a selection that is split over several runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub index: usize,
    /// Of how many.
    pub of: usize,
}

impl FromStr for Shard {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (index, of) = text.split_once('/').ok_or(())?;
        let shard = Self { index: index.parse().map_err(|_| ())?, of: of.parse().map_err(|_| ())? };
        if (1..=shard.of).contains(&shard.index) { Ok(shard) } else { Err(()) }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl Shard {
    /// Whether the case at `position` of a selection, from 0, belongs to this part. The parts are dealt
    /// like cards, so that a slow chapter is spread over all of them.
    pub const fn holds(self, position: usize) -> bool {
        position % self.of == self.index - 1
    }
}

/// Why a selection makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A pattern matches no case.
    #[error("{}", suggest::with_hint(format_args!("no case matches `{pattern}`"), suggestion.as_deref()))]
    Unmatched {
        /// The pattern.
        pattern: String,
        /// The nearest name.
        suggestion: Option<String>,
    },
    /// Each filter matches something, and all of them together nothing.
    #[error("{filters} together leave no case; drop one of them")]
    NothingLeft {
        /// The filters as flags.
        filters: String,
    },
    /// There are more parts than cases, so that some run would judge nothing.
    #[error("--shard {shard} splits {cases} cases; use at most {cases} shards")]
    TooManyShards {
        /// The part asked for.
        shard: Shard,
        /// Cases selected.
        cases: usize,
    },
}

impl Selection {
    /// The wanted cases, in order, and how many there are in all shards.
    pub fn choose<K: Kind>(&self, mut cases: Vec<Case<K>>) -> Result<(Vec<Case<K>>, usize), SelectionError> {
        if let Some(pattern) = self.unmatched(&cases) {
            let (pattern, suggestion) = (pattern.to_owned(), nearest(pattern, &cases));
            return Err(SelectionError::Unmatched { pattern, suggestion });
        }
        cases.retain(|case| self.wants(case));
        let selected = cases.len();
        if selected == 0 {
            return Err(SelectionError::NothingLeft { filters: self.filters() });
        }
        if let Some(shard) = self.shard {
            if shard.of > selected {
                return Err(SelectionError::TooManyShards { shard, cases: selected });
            }
            let mut position = 0;
            cases.retain(|_| {
                position += 1;
                shard.holds(position - 1)
            });
        }
        Ok((cases, selected))
    }

    /// Whether a case is wanted, shards aside.
    pub fn wants<K: Kind>(&self, case: &Case<K>) -> bool {
        let listed = |patterns: &[String]| {
            patterns.iter().any(|pattern| names(pattern, case.requirement.id, &case.name))
        };
        (self.only.is_empty() || listed(&self.only))
            && !listed(&self.skip)
            && self.level.is_none_or(|level| level == case.requirement.level)
    }

    /// The first pattern that no case matches.
    fn unmatched<'s, K: Kind>(&'s self, cases: &[Case<K>]) -> Option<&'s str> {
        self.only
            .iter()
            .chain(&self.skip)
            .find(|pattern| !cases.iter().any(|case| names(pattern, case.requirement.id, &case.name)))
            .map(String::as_str)
    }

    fn filters(&self) -> String {
        let patterns =
            |flag, list: &[String]| (!list.is_empty()).then(|| format!("{flag} {}", list.join(",")));
        let level = self.level.map(|level| format!("--level {}", level.word().to_ascii_lowercase()));
        let all = [patterns("--only", &self.only), patterns("--skip", &self.skip), level];
        all.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// A pattern in which only `*` is special: a case's name has brackets, and a library's mark for one character would
/// give `?` a meaning. No name and no argument has a NUL.
type Glob = WildMatchPattern<'*', '\0'>;

/// Whether a pattern names a case: by its requirement's id, its name, or its name without the vendor,
/// which means the case of every vendor.
pub fn names(pattern: &str, id: &str, name: &str) -> bool {
    let bare = name.split('[').next().unwrap_or(name);
    let glob = Glob::new(pattern);
    [id, bare, name].iter().any(|text| glob.matches(text))
}

/// Id and name of every case there can be, whatever the target.
pub fn every_name() -> impl Iterator<Item = (&'static str, String)> {
    catalogue::entries().flat_map(|entry| {
        let vendors: Vec<Option<&str>> = match entry.scope {
            Scope::Once => vec![None],
            Scope::EachVendor => Vendor::all().map(|vendor| Some(vendor.name())).collect(),
            Scope::EachOf(names) => names.iter().copied().map(Some).collect(),
            Scope::Only(vendor) => vec![Some(vendor)],
        };
        let names = vendors.into_iter().map(|vendor| (entry.id, entry.case_name(vendor)));
        names.collect::<Vec<_>>()
    })
}

/// Every case of a kind's catalogue for some vendors, in the order of the catalogue. `holds` says whether a
/// precondition holds for a vendor, and if not, why.
pub fn cases<K: Kind>(
    vendors: &[Vendor],
    holds: impl Fn(K::Precondition, Vendor) -> Result<(), String>,
) -> Vec<Case<K>> {
    requirement::all::<K>()
        .flat_map(|(chapter, requirement)| {
            chosen(requirement, vendors, &holds).into_iter().map(move |vendor| (chapter, requirement, vendor))
        })
        .map(|(chapter, requirement, vendor)| case(chapter, requirement, vendor, &holds))
        .collect()
}

fn case<K: Kind>(
    chapter: &'static Chapter<K>,
    requirement: &'static Requirement<K>,
    vendor: Vendor,
    holds: &impl Fn(K::Precondition, Vendor) -> Result<(), String>,
) -> Case<K> {
    let about_vendor = requirement.scope != Scope::Once;
    let name = requirement.entry(chapter.name).case_name(about_vendor.then_some(vendor.name()));
    let untestable = missing(requirement, vendor, holds);
    Case { name, chapter: chapter.name, requirement, vendor, about_vendor, untestable, input: None }
}

/// Where every job that may be accepted comes out of a budget: it goes to the chosen cases in their order.
pub fn afford<K: Kind>(cases: &mut [Case<K>], spend: u32) {
    let mut budget = spend;
    for case in cases.iter_mut().filter(|case| case.untestable.is_none()) {
        let jobs = case.requirement.jobs;
        match budget.checked_sub(jobs) {
            Some(left) => budget = left,
            None => {
                case.untestable = Some(format!(
                    "up to {jobs} jobs could be billed and {budget} of --spend {spend} are left"
                ));
            }
        }
    }
}

fn chosen<K: Kind>(
    requirement: &Requirement<K>,
    vendors: &[Vendor],
    holds: &impl Fn(K::Precondition, Vendor) -> Result<(), String>,
) -> Vec<Vendor> {
    match requirement.scope {
        Scope::EachVendor => vendors.to_vec(),
        Scope::EachOf(names) => {
            vendors.iter().copied().filter(|vendor| names.contains(&vendor.name())).collect()
        }
        Scope::Only(name) => vendors.iter().copied().filter(|vendor| vendor.name() == name).collect(),
        // Any vendor will do, so take one where the verdict is possible.
        Scope::Once => {
            let able = |vendor: &&Vendor| missing(requirement, **vendor, holds).is_none();
            vendors.iter().find(able).or(vendors.first()).copied().into_iter().collect()
        }
    }
}

fn missing<K: Kind>(
    requirement: &Requirement<K>,
    vendor: Vendor,
    holds: &impl Fn(K::Precondition, Vendor) -> Result<(), String>,
) -> Option<String> {
    requirement.preconditions.iter().find_map(|need| holds(*need, vendor).err())
}

/// The name, id or, for a pattern with `*`, the whole chapter that a pattern may have been meant for.
fn nearest<K: Kind>(pattern: &str, cases: &[Case<K>]) -> Option<String> {
    let mut known: Vec<String> = Vec::new();
    for case in cases {
        let (id, bare) = (case.requirement.id, case.name.split('[').next().unwrap_or(&case.name));
        if !pattern.contains('*') {
            known.extend([bare.to_owned(), id.to_owned(), case.name.clone()]);
            continue;
        }
        known.extend(bare.rsplit_once('/').map(|(chapter, _)| format!("{chapter}/*")));
        known.extend(id.rsplit_once('-').map(|(chapter, _)| format!("{chapter}-*")));
    }
    suggest::nearest(pattern, known.iter().map(String::as_str)).map(str::to_owned)
}
