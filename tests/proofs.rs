//! Do the checks prove anything? The reference passes every case, and each of its mutants is caught
//! by exactly the requirements that name it. One test for each mutant.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use ringback::gateway::Gateway;
use ringback::selftest;
use ringback_reference::deviation::Mutant;
use ringback_reference::gateway::{Gateway as Reference, mutants};

mod proof;
use proof::{Breadth, catalogue_trials, nothing_of, runtime};

/// What there is for gateways, rounded down.
const BREADTH: Breadth = Breadth { requirements: 140, musts: 115 };

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each trial runs the whole suite, mostly waiting out quiet windows; more of them at once than
    // there are processors finish sooner.
    arguments.test_threads.get_or_insert(4);
    let mut trials = vec![Trial::test("reference/passes-every-case", reference_passes)];
    let mutants = mutants::ALL.iter().map(|mutant| mutant.name).collect();
    trials.extend(catalogue_trials::<Gateway>(mutants, BREADTH));
    trials.extend(
        mutants::ALL
            .iter()
            .map(|mutant| Trial::test(format!("mutant/{}", mutant.name), move || caught_exactly(*mutant))),
    );
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn reference_passes() -> Result<(), Failed> {
    nothing_of(&runtime()?.block_on(selftest::unexpected_outcomes())?)
}

fn caught_exactly(mutant: Mutant<Reference>) -> Result<(), Failed> {
    let kill = runtime()?.block_on(selftest::kill(mutant))?;
    if kill.is_exact() { Ok(()) } else { Err(Failed::from(selftest::line(&kill))) }
}
