//! Do the checks prove anything? The reference passes every case, and each of its defects is caught
//! by exactly the requirements that name it. One test for each defect.

use std::collections::BTreeSet;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use ringback::catalogue::{self, Gateway};
use ringback::{outcome::Level, selftest};
use ringback_reference::deviation::Mutant;
use ringback_reference::gateway::{Gateway as Reference, mutants};
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
        mutants::ALL
            .iter()
            .map(|defect| Trial::test(format!("defect/{}", defect.name), move || caught_exactly(*defect))),
    );
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn runtime() -> Result<Runtime, Failed> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?)
}

fn reference_passes() -> Result<(), Failed> {
    let blemishes = runtime()?.block_on(selftest::blemishes())?;
    if blemishes.is_empty() { Ok(()) } else { Err(Failed::from(blemishes.join("\n"))) }
}

fn caught_exactly(defect: Mutant<Reference>) -> Result<(), Failed> {
    let kill = runtime()?.block_on(selftest::kill(defect))?;
    if kill.is_exact() { Ok(()) } else { Err(Failed::from(selftest::line(&kill))) }
}

fn every_defect_is_named() -> Result<(), Failed> {
    let named: Vec<Mutant<Reference>> =
        catalogue::all::<Gateway>().flat_map(|(_, entry)| entry.defects.iter().copied()).collect();
    match mutants::ALL.iter().find(|defect| !named.contains(defect)) {
        None => Ok(()),
        Some(orphan) => Err(Failed::from(format!("no requirement names the defect {}", orphan.name))),
    }
}

fn unique() -> Result<(), Failed> {
    let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (chapter, entry) in catalogue::all::<Gateway>() {
        if !ids.insert(entry.id) || !names.insert((chapter.name, entry.slug)) {
            return Err(Failed::from(format!("{} ({}/{}) stands twice", entry.id, chapter.name, entry.slug)));
        }
    }
    Ok(())
}

/// The catalogue may grow; a check that silently disappears shows here.
fn breadth() -> Result<(), Failed> {
    let all = catalogue::all::<Gateway>().count();
    let musts = catalogue::all::<Gateway>().filter(|(_, entry)| entry.level == Level::Must).count();
    if all >= 110 && musts >= 95 {
        Ok(())
    } else {
        Err(Failed::from(format!("{all} requirements, {musts} MUST")))
    }
}
