//! Do the checks accuse anybody who keeps the contract? The reference gateway behaves in legal but
//! unusual ways, one at a time, and the whole suite accepts each. One test for each variant.

use std::collections::BTreeSet;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use ringback::selftest;
use ringback_reference::deviation::Variant;
use ringback_reference::gateway::{Gateway, variants};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // As in `proofs`: each trial runs the whole suite and mostly waits.
    arguments.test_threads.get_or_insert(4);
    let mut trials = vec![Trial::test("list/has-the-breadth-promised", breadth)];
    trials.extend(
        variants::ALL
            .iter()
            .map(|variant| Trial::test(format!("variant/{}", variant.name), move || accepted(*variant))),
    );
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn runtime() -> Result<Runtime, Failed> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?)
}

fn accepted(variant: Variant<Gateway>) -> Result<(), Failed> {
    let acceptance = runtime()?.block_on(selftest::accept(variant))?;
    if acceptance.is_whole() { Ok(()) } else { Err(Failed::from(selftest::acceptance_line(&acceptance))) }
}

fn breadth() -> Result<(), Failed> {
    let names: BTreeSet<&str> = variants::ALL.iter().map(|variant| variant.name).collect();
    let all = variants::ALL.len();
    if all >= 60 && names.len() == all {
        Ok(())
    } else {
        Err(Failed::from(format!("{all} oddities, {} names", names.len())))
    }
}
