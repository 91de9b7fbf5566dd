//! What cannot be judged with a target, by reason: the plan that `ringback test` would make, without
//! looking at the subject. Pure.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde::Serialize;

use crate::gateway::Gateway;
use crate::gateway::target::GatewayTarget;
use crate::receiver::Receiver;
use crate::receiver::target::ReceiverTarget;
use crate::run::mode::Mode;
use crate::run::plan::{self, Case};
use crate::run::requirement::Kind;
use crate::run::session::{self, RunError, RunOptions};

/// The chosen cases, and those of them that lack something.
#[derive(Clone, Debug, Default)]
pub struct Lacks {
    /// Chosen cases.
    pub cases: usize,
    /// Their requirements.
    pub requirements: usize,
    /// Requirements of which at least one case can be judged.
    pub judgeable_requirements: usize,
    /// Whether nothing at all may be submitted, which keeps some of the others from being judged: a submit that
    /// must be refused could be accepted. Which ones it is, only a run can tell.
    pub nothing_submitted: bool,
    /// What is missing, the most first.
    pub missing: Vec<Missing>,
}

impl Lacks {
    /// Cases that lack nothing.
    pub fn judgeable(&self) -> usize {
        self.cases - self.missing.iter().map(|one| one.cases).sum::<usize>()
    }
}

/// Cases that lack the same.
#[derive(Clone, Debug, Serialize)]
pub struct Missing {
    /// What, and what would change that.
    pub why: String,
    /// How many.
    pub cases: usize,
    /// Their requirements, in the order of the catalogue.
    pub requirements: Vec<&'static str>,
}

/// Of a run that judges a gateway.
///
/// # Errors
/// When its filters leave no case, or it replays one of something else.
pub fn gateway(target: &GatewayTarget, options: &RunOptions) -> Result<Lacks, RunError> {
    let (_, vendors) = session::inputs::<Gateway>(options, &target.vendors)?;
    let cases = plan::cases::<Gateway>(&vendors, |need, vendor| {
        crate::gateway::preconditions::check(target, need, vendor)
    });
    let mut cases = chosen(cases, options)?;
    let able: Vec<bool> = cases.iter().map(|case| case.untestable.is_none()).collect();
    let jobs: u32 =
        cases.iter().zip(&able).filter(|(_, able)| **able).map(|(case, _)| case.requirement.terms.jobs).sum();
    if target.mode() == Mode::Deployed {
        plan::afford(&mut cases, target.spend);
    }
    for (case, able) in cases.iter_mut().zip(able) {
        if able && case.untestable.is_some() {
            // One reason for all of them, whatever is left when each is reached.
            case.untestable = Some(format!(
                "jobs could be billed, and --spend allows {}; --spend {jobs} is enough for all",
                target.spend
            ));
        }
    }
    let nothing_submitted = target.mode() == Mode::Deployed && target.spend == 0;
    Ok(Lacks { nothing_submitted, ..grouped(&cases) })
}

/// Of a run that judges a receiver.
///
/// # Errors
/// When its filters leave no case, or it replays one of something else.
pub fn receiver(target: &ReceiverTarget, options: &RunOptions) -> Result<Lacks, RunError> {
    let (_, vendors) = session::inputs::<Receiver>(options, &target.vendors)?;
    let cases = plan::cases::<Receiver>(&vendors, |need, vendor| {
        crate::receiver::preconditions::check(target, need, vendor)
    });
    Ok(grouped(&chosen(cases, options)?))
}

fn chosen<K: Kind>(mut cases: Vec<Case<K>>, options: &RunOptions) -> Result<Vec<Case<K>>, RunError> {
    match &options.replay {
        Some(replay) => {
            cases.retain(|case| case.requirement.id == replay.requirement.id);
            Ok(cases)
        }
        None => Ok(options.selection.choose(cases)?.0),
    }
}

fn grouped<K: Kind>(cases: &[Case<K>]) -> Lacks {
    let mut missing: Vec<Missing> = Vec::new();
    for case in cases {
        let Some(why) = &case.untestable else { continue };
        let id = case.requirement.id;
        match missing.iter_mut().find(|one| one.why == *why) {
            Some(one) => {
                one.cases += 1;
                if !one.requirements.contains(&id) {
                    one.requirements.push(id);
                }
            }
            None => missing.push(Missing { why: why.clone(), cases: 1, requirements: vec![id] }),
        }
    }
    missing.sort_by_key(|one| Reverse(one.cases));
    let ids = |able: bool| -> usize {
        let of = cases.iter().filter(|case| !able || case.untestable.is_none());
        of.map(|case| case.requirement.id).collect::<BTreeSet<_>>().len()
    };
    Lacks {
        cases: cases.len(),
        requirements: ids(false),
        judgeable_requirements: ids(true),
        nothing_submitted: false,
        missing,
    }
}
