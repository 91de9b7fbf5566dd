//! Do the checks of receivers prove anything? The reference receiver passes every case, each of its defects
//! is caught by exactly the requirements that name it, and none of its oddities is accused.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use ringback::receiver::Receiver;
use ringback::selftest;
use ringback_reference::receiver::defect::Defect;
use ringback_reference::receiver::oddity::Oddity;

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
    let defects = Defect::ALL.iter().map(|defect| defect.name()).collect();
    trials.extend(catalogue_trials::<Receiver>(defects, BREADTH));
    trials.extend(
        Defect::ALL
            .iter()
            .map(|defect| Trial::test(format!("defect/{}", defect.name()), move || caught_exactly(*defect))),
    );
    trials.extend(
        Oddity::ALL
            .iter()
            .map(|oddity| Trial::test(format!("oddity/{}", oddity.name()), move || accepted(*oddity))),
    );
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn reference_passes() -> Result<(), Failed> {
    nothing_of(&runtime()?.block_on(selftest::unexpected_receiver_outcomes())?)
}

fn caught_exactly(defect: Defect) -> Result<(), Failed> {
    let kill = runtime()?.block_on(selftest::kill_receiver(defect))?;
    if kill.is_exact() { Ok(()) } else { Err(Failed::from(selftest::line(&kill))) }
}

fn accepted(oddity: Oddity) -> Result<(), Failed> {
    let acceptance = runtime()?.block_on(selftest::accept_receiver(oddity))?;
    if acceptance.is_whole() { Ok(()) } else { Err(Failed::from(selftest::acceptance_line(&acceptance))) }
}
