//! The proof of the checks: the reference passes, each mutant is caught by exactly the requirements
//! that name it, and no variant is accused by any.

use std::collections::BTreeSet;

use ringback_reference::deviation::{Mutant, Variant};
use ringback_reference::gateway::Gateway as ReferenceGateway;
use ringback_reference::receiver::Receiver as ReferenceReceiver;

use crate::gateway::target::GatewayTarget;
use crate::gateway::{self, Gateway};
use crate::receiver::target::ReceiverTarget;
use crate::receiver::{self, Receiver};
use crate::report::{CaseReport, Report};
use crate::run::outcome::Outcome;
use crate::run::requirement::{self, Kind};
use crate::run::session::{RunError, RunOptions};

/// What a run against one mutant showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kill {
    /// The mutant's name.
    pub mutant: &'static str,
    /// Requirements that name it and did not fail.
    pub missed: BTreeSet<&'static str>,
    /// Requirements that failed and do not name it, generated ones aside.
    pub disturbed: BTreeSet<String>,
    /// Requirements that failed.
    pub caught: BTreeSet<String>,
    /// Cases that ended inconclusive or in an error of ours.
    pub undecided: Vec<String>,
}

impl Kill {
    /// Whether the mutant was caught by exactly those that name it.
    pub fn is_exact(&self) -> bool {
        self.missed.is_empty()
            && self.disturbed.is_empty()
            && self.undecided.is_empty()
            && !self.caught.is_empty()
    }
}

/// Judges the reference gateway with one mutant.
pub async fn kill(mutant: Mutant<ReferenceGateway>) -> Result<Kill, RunError> {
    let report = gateway::stage::judge(GatewayTarget::embedded(&[mutant]), &RunOptions::default()).await?;
    Ok(examined::<Gateway>(mutant.name, &report))
}

/// What a run against a reference with a mutant shows.
pub fn examined<K: Kind>(mutant: &'static str, report: &Report) -> Kill {
    let named: BTreeSet<&'static str> = requirement::entries_of::<K>()
        .filter(|entry| entry.mutants.iter().any(|(name, _)| *name == mutant))
        .map(|entry| entry.id)
        .collect();
    let generated: BTreeSet<&str> =
        requirement::entries_of::<K>().filter(|entry| entry.generated).map(|entry| entry.id).collect();
    let caught = ids(report, &[Outcome::Fail, Outcome::Warn]);
    Kill {
        mutant,
        missed: named.iter().copied().filter(|id| !caught.contains(*id)).collect(),
        disturbed: caught
            .iter()
            .filter(|id| !named.contains(id.as_str()) && !generated.contains(id.as_str()))
            .cloned()
            .collect(),
        caught,
        undecided: report
            .cases
            .iter()
            .filter(|case| matches!(case.outcome, Outcome::Inconclusive | Outcome::Error))
            // Generated inputs may meet a mutant that is not theirs, and once only, if it is one of time.
            .filter(|case| {
                let id = case.requirement.as_str();
                case.outcome == Outcome::Error || named.contains(id) || !generated.contains(id)
            })
            .map(|case| format!("{}: {}", case.name, case.reason.as_deref().unwrap_or("")))
            .collect(),
    }
}

/// What a run against one variant showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The variant's name.
    pub variant: &'static str,
    /// Cases that accuse it, or could not decide about it, with what they say.
    pub accused: Vec<String>,
    /// Cases that pass.
    pub passed: usize,
    /// Cases that do not apply or cannot be tested on such a gateway, with the reason.
    pub unjudged: Vec<String>,
}

impl Acceptance {
    /// Whether the variant is accepted, and by nearly every case: one that silences the suite would
    /// prove nothing.
    pub fn is_whole(&self) -> bool {
        self.accused.is_empty() && self.unjudged.len() * 10 <= self.passed
    }
}

/// Judges the reference gateway with one variant.
pub async fn accept(variant: Variant<ReferenceGateway>) -> Result<Acceptance, RunError> {
    let report = gateway::stage::judge(GatewayTarget::varied(&[variant]), &RunOptions::default()).await?;
    Ok(accepted(variant.name, &report))
}

/// What a run against a reference with a variant shows.
pub fn accepted(variant: &'static str, report: &Report) -> Acceptance {
    let mut acceptance = Acceptance { variant, accused: Vec::new(), passed: 0, unjudged: Vec::new() };
    for case in &report.cases {
        match case.outcome {
            Outcome::Pass => acceptance.passed += 1,
            Outcome::NotApplicable | Outcome::NotTestable => acceptance.unjudged.push(told(case)),
            _ => acceptance.accused.push(told(case)),
        }
    }
    acceptance
}

/// A line for one variant.
pub fn acceptance_line(acceptance: &Acceptance) -> String {
    let Acceptance { variant, accused, passed, unjudged } = acceptance;
    let name = *variant;
    match (accused.as_slice(), unjudged.len()) {
        ([], _) if !acceptance.is_whole() => {
            format!("WRONG    {name:<24} silences the suite: {}", unjudged.join(" | "))
        }
        ([], 0) => format!("accepted {name:<24} {passed} cases pass"),
        ([], left) => format!("accepted {name:<24} {passed} cases pass, {left} do not apply"),
        _ => format!("ACCUSED  {name:<24} by {}", accused.join(" | ")),
    }
}

/// A case that did not pass, in a line.
fn told(case: &CaseReport) -> String {
    let actual = case.findings.first().map_or("", |finding| finding.actual.as_str());
    format!("{} {}: {}{actual}", case.name, case.outcome.word(), case.reason.as_deref().unwrap_or(""))
}

/// Judges the reference receiver with one mutant.
pub async fn kill_receiver(mutant: Mutant<ReferenceReceiver>) -> Result<Kill, RunError> {
    let target = ReceiverTarget::embedded(&[mutant]);
    let report = receiver::stage::judge(target, &RunOptions::default()).await?;
    Ok(examined::<Receiver>(mutant.name, &report))
}

/// Judges the reference receiver with one variant.
pub async fn accept_receiver(variant: Variant<ReferenceReceiver>) -> Result<Acceptance, RunError> {
    let report = receiver::stage::judge(ReceiverTarget::varied(&[variant]), &RunOptions::default()).await?;
    Ok(accepted(variant.name, &report))
}

/// What is wrong with the reference receiver itself: every case that did not pass.
pub async fn unexpected_receiver_outcomes() -> Result<Vec<String>, RunError> {
    let report = receiver::stage::judge(ReceiverTarget::embedded(&[]), &RunOptions::default()).await?;
    Ok(unpassed(&report))
}

/// What is wrong with the reference itself: every case that did not pass. The reference has
/// everything and everything can be judged, so nothing but `pass` is right.
pub async fn unexpected_outcomes() -> Result<Vec<String>, RunError> {
    let report = gateway::stage::judge(GatewayTarget::embedded(&[]), &RunOptions::default()).await?;
    Ok(unpassed(&report))
}

/// Every case that did not pass, in a line each.
pub fn unpassed(report: &Report) -> Vec<String> {
    report.cases.iter().filter(|case| case.outcome != Outcome::Pass).map(told).collect()
}

/// A line for one mutant of the kill matrix.
pub fn line(kill: &Kill) -> String {
    let list = |ids: &mut dyn Iterator<Item = &str>| ids.collect::<Vec<_>>().join(" ");
    let caught = list(&mut kill.caught.iter().map(String::as_str));
    if kill.is_exact() {
        return format!("caught  {:<32} {caught}", kill.mutant);
    }
    format!(
        "WRONG   {:<32} caught: {caught}; missed: {}; disturbed: {}; undecided: {}",
        kill.mutant,
        list(&mut kill.missed.iter().copied()),
        list(&mut kill.disturbed.iter().map(String::as_str)),
        kill.undecided.join(" | ")
    )
}

fn ids(report: &Report, outcomes: &[Outcome]) -> BTreeSet<String> {
    report
        .cases
        .iter()
        .filter(|case| outcomes.contains(&case.outcome))
        .map(|case| case.requirement.clone())
        .collect()
}
