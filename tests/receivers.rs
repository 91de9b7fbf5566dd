//! Do the checks of receivers prove anything? The reference receiver passes every case, each of its defects
//! is caught by exactly the requirements that name it, and none of its oddities is accused.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use ringback::catalogue;
use ringback::receiver::Receiver;
use ringback::selftest;
use ringback_reference::deviation::{Mutant, Variant};
use ringback_reference::receiver::{Receiver as Reference, mutants, variants};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each trial runs the whole suite, mostly waiting out quiet windows; more of them at once than
    // there are processors finish sooner.
    arguments.test_threads.get_or_insert(6);
    let mut trials = vec![
        Trial::test("reference/passes-every-case", reference_passes),
        Trial::test("catalogue/every-defect-is-named", every_defect_is_named),
    ];
    trials.extend(
        mutants::ALL
            .iter()
            .map(|defect| Trial::test(format!("defect/{}", defect.name), move || caught_exactly(*defect))),
    );
    trials.extend(
        variants::ALL
            .iter()
            .map(|oddity| Trial::test(format!("oddity/{}", oddity.name), move || accepted(*oddity))),
    );
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn runtime() -> Result<Runtime, Failed> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?)
}

fn reference_passes() -> Result<(), Failed> {
    let blemishes = runtime()?.block_on(selftest::receiver_blemishes())?;
    if blemishes.is_empty() { Ok(()) } else { Err(Failed::from(blemishes.join("\n"))) }
}

fn caught_exactly(defect: Mutant<Reference>) -> Result<(), Failed> {
    let kill = runtime()?.block_on(selftest::kill_receiver(defect))?;
    if kill.is_exact() { Ok(()) } else { Err(Failed::from(selftest::line(&kill))) }
}

fn accepted(oddity: Variant<Reference>) -> Result<(), Failed> {
    let acceptance = runtime()?.block_on(selftest::accept_receiver(oddity))?;
    if acceptance.is_whole() { Ok(()) } else { Err(Failed::from(selftest::acceptance_line(&acceptance))) }
}

fn every_defect_is_named() -> Result<(), Failed> {
    let named: Vec<&str> = catalogue::entries_of::<Receiver>()
        .flat_map(|entry| entry.defects.into_iter().map(|(name, _)| name).collect::<Vec<_>>())
        .collect();
    let orphans: Vec<&str> =
        mutants::ALL.iter().map(|defect| defect.name).filter(|name| !named.contains(name)).collect();
    if orphans.is_empty() {
        Ok(())
    } else {
        Err(Failed::from(format!("no requirement names the defects {}", orphans.join(", "))))
    }
}
