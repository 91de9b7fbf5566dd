//! Case selection: which cases there are, and which can be judged, decided before anything runs.
//!
//! Pure: catalogue, target and discovery in, cases out. A case that cannot be judged is in the plan
//! with its reason; nothing is left out silently.

use ringback_mocks::vendor::Vendor;

use crate::catalogue::{self, Need, Requirement, Scope};
use crate::discovery::Discovery;
use crate::target::{Mode, Target};

/// One requirement for one vendor.
#[derive(Clone, Debug)]
pub struct Case {
    /// `gateway/<chapter>/<slug>[<vendor>]`.
    pub name: String,
    /// The chapter's name.
    pub chapter: &'static str,
    /// What is decided.
    pub requirement: &'static Requirement,
    /// The vendor whose model is used.
    pub vendor: Vendor,
    /// Whether the vendor is part of the case, or only a means.
    pub about_vendor: bool,
    /// Why it cannot be judged, if so.
    pub untestable: Option<String>,
}

/// Which cases the user wants.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Patterns over case names and requirement ids, `*` for any text; empty for all.
    pub only: Vec<String>,
}

impl Selection {
    /// Whether a case is wanted. A name without its vendor means the case of every vendor.
    pub fn wants(&self, case: &Case) -> bool {
        let bare = case.name.split('[').next().unwrap_or(&case.name);
        self.only.is_empty()
            || self.only.iter().any(|pattern| {
                [case.requirement.id, bare, &case.name].iter().any(|text| matches(pattern, text))
            })
    }

    /// The first pattern that no case matches.
    pub fn unmatched<'s>(&'s self, cases: &[Case]) -> Option<&'s str> {
        self.only
            .iter()
            .find(|pattern| {
                let alone = Self { only: vec![(*pattern).clone()] };
                !cases.iter().any(|case| alone.wants(case))
            })
            .map(String::as_str)
    }
}

/// Every case of the catalogue for a target, in the order of the catalogue.
pub fn cases(target: &Target, discovery: &Discovery) -> Vec<Case> {
    let mut budget = target.spend;
    catalogue::all()
        .flat_map(|(chapter, requirement)| {
            vendors(requirement, target, discovery)
                .into_iter()
                .map(move |vendor| (chapter, requirement, vendor))
        })
        .map(|(chapter, requirement, vendor)| {
            let about_vendor = requirement.scope != Scope::Once;
            let base = format!("gateway/{}/{}", chapter.name, requirement.slug);
            let name = if about_vendor { format!("{base}[{vendor}]") } else { base };
            let untestable = missing(requirement, vendor, discovery)
                .or_else(|| overspends(requirement, target, &mut budget));
            Case { name, chapter: chapter.name, requirement, vendor, about_vendor, untestable }
        })
        .collect()
}

fn vendors(requirement: &Requirement, target: &Target, discovery: &Discovery) -> Vec<Vendor> {
    match requirement.scope {
        Scope::EachVendor => target.vendors.clone(),
        Scope::Only(name) => target.vendors.iter().copied().filter(|vendor| vendor.name() == name).collect(),
        // Any vendor will do, so take one where the verdict is possible.
        Scope::Once => {
            let able = |vendor: &&Vendor| missing(requirement, **vendor, discovery).is_none();
            target.vendors.iter().find(able).or(target.vendors.first()).copied().into_iter().collect()
        }
    }
}

fn missing(requirement: &Requirement, vendor: Vendor, discovery: &Discovery) -> Option<String> {
    requirement.needs.iter().find_map(|need: &Need| discovery.holds(*need, vendor).err().map(str::to_owned))
}

/// On a deployed gateway every job that may be accepted comes out of the budget.
fn overspends(requirement: &Requirement, target: &Target, budget: &mut u32) -> Option<String> {
    if target.mode() != Mode::Deployed || requirement.jobs == 0 {
        return None;
    }
    match budget.checked_sub(requirement.jobs) {
        Some(left) => {
            *budget = left;
            None
        }
        None => Some(format!(
            "up to {} jobs could be billed and {} of --spend {} are left",
            requirement.jobs, budget, target.spend
        )),
    }
}

/// Glob matching with `*` only.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            (0..=tail.len()).filter(|at| tail.is_char_boundary(*at)).any(|at| matches(rest, &tail[at..]))
        }),
    }
}
