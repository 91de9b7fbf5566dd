//! Do the checks of receivers prove anything? The reference receiver passes every case, each of its mutants
//! is caught by exactly the requirements that name it, and none of its variants is accused.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use ringback::receiver::Receiver;
use ringback::selftest;
use ringback_reference::deviation::{Mutant, Variant};
use ringback_reference::receiver::{Receiver as Reference, mutants, variants};

mod proof;
use proof::{Breadth, catalogue_trials, nothing_of, runtime};

/// What there is for receivers, rounded down.
const BREADTH: Breadth = Breadth { requirements: 105, musts: 90 };

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each trial runs the whole suite, mostly waiting out quiet windows; more of them at once than
    // there are processors finish sooner.
    arguments.test_threads.get_or_insert(6);
    let mut trials = vec![Trial::test("reference/passes-every-case", reference_passes)];
    let names = mutants::ALL.iter().map(|mutant| mutant.name).collect();
    trials.extend(catalogue_trials::<Receiver>(names, BREADTH));
    trials.extend(
        mutants::ALL
            .iter()
            .map(|mutant| Trial::test(format!("mutant/{}", mutant.name), move || caught_exactly(*mutant))),
    );
    trials.extend(
        variants::ALL
            .iter()
            .map(|variant| Trial::test(format!("variant/{}", variant.name), move || accepted(*variant))),
    );
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn reference_passes() -> Result<(), Failed> {
    nothing_of(&runtime()?.block_on(selftest::unexpected_receiver_outcomes())?)
}

fn caught_exactly(mutant: Mutant<Reference>) -> Result<(), Failed> {
    let kill = runtime()?.block_on(selftest::kill_receiver(mutant))?;
    if kill.is_exact() { Ok(()) } else { Err(Failed::from(selftest::line(&kill))) }
}

fn accepted(variant: Variant<Reference>) -> Result<(), Failed> {
    let acceptance = runtime()?.block_on(selftest::accept_receiver(variant))?;
    if acceptance.is_whole() { Ok(()) } else { Err(Failed::from(selftest::acceptance_line(&acceptance))) }
}
