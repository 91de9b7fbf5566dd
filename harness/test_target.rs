//! The conformance suite as a cargo test target: one test for each case.
//!
//! A project that has a gateway or a receiver gets it with one line in its own `tests/conformance.rs`:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     ringback::test_target::main()
//! }
//! ```
//!
//! and `harness = false` for that target in its `Cargo.toml`. `RINGBACK_GATEWAY_URL` (with
//! `RINGBACK_API_KEY`) and `RINGBACK_RECEIVER_URL` (with `RINGBACK_VENDOR` and the vendors' secrets) name the
//! deployments to judge; without either, both embedded references are.
//! Whether a case can be judged is decided when the tests are listed: those that cannot are ignored
//! and say why in their name's place in `ringback test`.

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::runtime::Runtime;

use crate::config::gateway::GatewayFlags;
use crate::config::receiver::ReceiverFlags;
use crate::config::{Environment, Named, Sources};
use crate::gateway::target::GatewayTarget;
use crate::receiver::target::ReceiverTarget;
use crate::report::expectation::{CaseExpectation, State};
use crate::report::{CaseReport, terminal};
use crate::run::expectation::{self, Expectation};
use crate::run::outcome::Outcome;
use crate::run::runner::{self, Stage};
use crate::run::session::{RunOptions, Session};
use crate::{gateway, receiver};

/// Cases at once, if nobody says otherwise.
const THREADS: usize = 24;

/// Runs the suite against the subjects that the environment names; against both references if it names none.
pub fn main() -> ExitCode {
    let suite = Suite::new().and_then(|mut suite| {
        suite.add_named(&Sources::read(None, Environment::of_this_process()).map_err(words)?)?;
        Ok(suite)
    });
    match suite {
        Ok(suite) => suite.run(),
        Err(error) => complain(&error),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function in map_err")]
fn words(error: impl ToString) -> String {
    error.to_string()
}

/// Subjects that are up, and a test for each of their cases.
#[derive(Debug)]
pub struct Suite {
    runtime: Arc<Runtime>,
    trials: Vec<Trial>,
}

impl Suite {
    /// A suite without subjects.
    ///
    /// # Errors
    /// When no runtime can be started.
    pub fn new() -> Result<Self, String> {
        let runtime = Runtime::new().map_err(|error| format!("cannot start a runtime: {error}"))?;
        Ok(Self { runtime: Arc::new(runtime), trials: Vec::new() })
    }

    fn add_named(&mut self, sources: &Sources) -> Result<(), String> {
        let Named { gateway, receiver, selection } = sources.named().map_err(words)?;
        let neither = !gateway && !receiver;
        if gateway || neither {
            let (target, options) =
                sources.gateway(GatewayFlags::default(), sources.secrets()).map_err(words)?;
            self.gateway(target, &options)?;
        }
        if receiver || neither && !selection {
            let (target, options) =
                sources.receiver(ReceiverFlags::default(), &sources.secrets()).map_err(words)?;
            self.receiver(target, &options)?;
        }
        Ok(())
    }

    /// Starts a gateway and adds its cases.
    ///
    /// # Errors
    /// When there is no verdict to be had, in one sentence.
    pub fn gateway(&mut self, target: GatewayTarget, options: &RunOptions) -> Result<(), String> {
        let described: Arc<str> = target.describe().into();
        let session = self.runtime.block_on(gateway::stage::open(target, options)).map_err(words)?;
        self.add(session, options, &described);
        Ok(())
    }

    /// Starts a receiver and adds its cases.
    ///
    /// # Errors
    /// When there is no verdict to be had, in one sentence.
    pub fn receiver(&mut self, target: ReceiverTarget, options: &RunOptions) -> Result<(), String> {
        let described: Arc<str> = target.describe().into();
        let session = self.runtime.block_on(receiver::stage::open(target, options)).map_err(words)?;
        self.add(session, options, &described);
        Ok(())
    }

    /// Runs what the command line chooses.
    pub fn run(self) -> ExitCode {
        let mut arguments = Arguments::from_args();
        // Cases mostly wait; with one for each processor the suite would take a minute instead of seconds.
        arguments.test_threads.get_or_insert(THREADS);
        libtest_mimic::run(&arguments, self.trials).exit_code()
    }

    fn add<S: Stage>(&mut self, session: Session<S>, options: &RunOptions, described: &Arc<str>) {
        let Session { stage, cases, .. } = session;
        let expectations: Arc<[Expectation]> = options.expectations.clone().into();
        self.trials.extend(cases.into_iter().map(|case| {
            let (runtime, stage) = (Arc::clone(&self.runtime), stage.clone());
            let (expectations, described) = (Arc::clone(&expectations), Arc::clone(described));
            let ignored = case.untestable.is_some();
            Trial::ignorable_test(case.name.clone(), move || {
                let mut report = runtime.block_on(runner::run_case(stage, case));
                expectation::apply(&expectations, std::slice::from_mut(&mut report));
                conclude(&described, report)
            })
            .with_ignored_flag(ignored)
        }));
    }
}

fn conclude(described: &str, case: CaseReport) -> Result<Completion, Failed> {
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
            Err(Failed::from(terminal::case(&case, described)))
        }
    }
}

#[expect(clippy::print_stderr, reason = "this is the main function of a test target")]
fn complain(error: &str) -> ExitCode {
    eprintln!("ringback: {error}");
    ExitCode::from(2)
}
