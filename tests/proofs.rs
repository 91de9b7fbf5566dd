//! Do the checks prove anything? The reference passes every case, and each of its defects is caught
//! by exactly the requirements that name it. One test for each defect.

use std::collections::BTreeSet;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use ringback::gateway::Gateway;
use ringback::run::outcome::Level;
use ringback::run::requirement::{self};
use ringback::selftest;
use ringback_reference::gateway::defect::Defect;
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each trial runs the whole suite, mostly waiting out quiet windows; more of them at once than
    // there are processors finish sooner.
    arguments.test_threads.get_or_insert(4);
    let mut trials = vec![
        Trial::test("reference/passes-every-case", reference_passes),
        Trial::test("catalogue/every-defect-is-named", every_defect_is_named),
        Trial::test("catalogue/ids-and-names-are-unique", unique),
        Trial::test("catalogue/has-the-breadth-promised", breadth),
    ];
    trials.extend(
        Defect::ALL
            .iter()
            .map(|defect| Trial::test(format!("defect/{}", defect.name()), move || caught_exactly(*defect))),
    );
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn runtime() -> Result<Runtime, Failed> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?)
}

fn reference_passes() -> Result<(), Failed> {
    let unexpected_outcomes = runtime()?.block_on(selftest::unexpected_outcomes())?;
    if unexpected_outcomes.is_empty() { Ok(()) } else { Err(Failed::from(unexpected_outcomes.join("\n"))) }
}

fn caught_exactly(defect: Defect) -> Result<(), Failed> {
    let kill = runtime()?.block_on(selftest::kill(defect))?;
    if kill.is_exact() { Ok(()) } else { Err(Failed::from(selftest::line(&kill))) }
}

fn every_defect_is_named() -> Result<(), Failed> {
    let named: Vec<Defect> =
        requirement::all::<Gateway>().flat_map(|(_, entry)| entry.defects.iter().copied()).collect();
    match Defect::ALL.iter().find(|defect| !named.contains(defect)) {
        None => Ok(()),
        Some(orphan) => Err(Failed::from(format!("no requirement names the defect {}", orphan.name()))),
    }
}

fn unique() -> Result<(), Failed> {
    let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (chapter, entry) in requirement::all::<Gateway>() {
        if !ids.insert(entry.id) || !names.insert((chapter.name, entry.slug)) {
            return Err(Failed::from(format!("{} ({}/{}) stands twice", entry.id, chapter.name, entry.slug)));
        }
    }
    Ok(())
}

/// The catalogue may grow; a check that silently disappears shows here.
fn breadth() -> Result<(), Failed> {
    let all = requirement::all::<Gateway>().count();
    let musts = requirement::all::<Gateway>().filter(|(_, entry)| entry.terms.level == Level::Must).count();
    if all >= 110 && musts >= 95 {
        Ok(())
    } else {
        Err(Failed::from(format!("{all} requirements, {musts} MUST")))
    }
}
