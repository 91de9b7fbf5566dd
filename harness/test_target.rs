//! The conformance suite as a cargo test target: one test for each case.
//!
//! A project that has a gateway gets it with one line in its own `tests/conformance.rs`:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     ringback::test_target::main()
//! }
//! ```
//!
//! and `harness = false` for that target in its `Cargo.toml`. Without `RINGBACK_GATEWAY_URL` the
//! embedded reference is judged; with it (and `RINGBACK_API_KEY`) the deployment at that address.
//! Whether a case can be judged is decided when the tests are listed: those that cannot are ignored
//! and say why in their name's place in `ringback test`.

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::runtime::Runtime;

use crate::config::{self, Flags, Secrets};
use crate::expect::{self, CaseExpectation, Expectation, State};
use crate::outcome::Outcome;
use crate::report::{CaseReport, terminal};
use crate::runner;
use crate::session::gateway::{self, GatewayStage};
use crate::session::{Options, Session};
use crate::target::Target;

/// Runs the suite against the subject that the environment names.
pub fn main() -> ExitCode {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let resolved = match variable("RINGBACK_GATEWAY_URL") {
        None => Ok((Target::embedded(None), Options::default())),
        Some(url) => {
            let flags = Flags { url: Some(url), ..Flags::default() };
            config::resolve(flags, Secrets::read(variable)).map_err(|error| error.to_string())
        }
    };
    match resolved.and_then(|(target, options)| run(target, &options)) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::from(2)
        }
    }
}

/// Runs the suite against a target.
///
/// # Errors
/// When there is no verdict to be had, in one sentence.
pub fn run(target: Target, options: &Options) -> Result<ExitCode, String> {
    let arguments = Arguments::from_args();
    let runtime = Arc::new(Runtime::new().map_err(|error| format!("cannot start a runtime: {error}"))?);
    let session = runtime.block_on(gateway::open(target, options)).map_err(|error| error.to_string())?;
    let Session { stage, cases, .. } = session;
    let expectations: Arc<[Expectation]> = options.expectations.clone().into();
    let trials = cases
        .into_iter()
        .map(|case| {
            let (runtime, stage, expectations) =
                (Arc::clone(&runtime), stage.clone(), Arc::clone(&expectations));
            let ignored = case.untestable.is_some();
            Trial::ignorable_test(case.name.clone(), move || {
                let mut report = runtime.block_on(runner::run_case(stage.clone(), case));
                expect::apply(&expectations, std::slice::from_mut(&mut report));
                conclude(&stage, report)
            })
            .with_ignored_flag(ignored)
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Ends the gateway's and the mocks' tasks before the runtime goes.
    drop(stage);
    Ok(conclusion.exit_code())
}

fn conclude(stage: &GatewayStage, case: CaseReport) -> Result<Completion, Failed> {
    match &case.expectation {
        Some(CaseExpectation { state: State::Confirmed, reason, .. }) => {
            return Ok(Completion::ignored_with(format!("fails as expected: {reason}")));
        }
        Some(CaseExpectation { state: State::Refuted, pattern, .. }) => {
            return Err(Failed::from(format!(
                "passed, and was expected to fail; remove the expectation `{pattern}`"
            )));
        }
        Some(CaseExpectation { state: State::Unjudged, .. }) | None => {}
    }
    match case.outcome {
        Outcome::Pass | Outcome::Warn => Ok(Completion::Completed),
        Outcome::NotApplicable | Outcome::NotTestable => {
            Ok(Completion::ignored_with(case.reason.unwrap_or_default()))
        }
        Outcome::Fail | Outcome::Inconclusive | Outcome::Error => {
            Err(Failed::from(terminal::case(&case, &stage.target.describe())))
        }
    }
}

#[expect(clippy::print_stderr, reason = "this is the main function of a test target")]
fn complain(error: &str) {
    eprintln!("ringback: {error}");
}
