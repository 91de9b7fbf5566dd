//! `ringback selftest`: the kill matrices of gateways and receivers, and their accepted oddities.

use crate::run::session::RunError;
use crate::run::suggest::{nearest, with_hint};
use crate::selftest::{self, Acceptance, Kill};
use ringback_reference::gateway as reference;
use ringback_reference::receiver;

use super::{Problem, UNDECIDED, block_on, print, usage};

/// The subcommand.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// gateway or receiver; both if none is named
    #[arg(value_enum)]
    subject: Option<Subject>,
    /// Only these defects
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    defect: Vec<String>,
    /// Only these oddities
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    oddity: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Subject {
    Gateway,
    Receiver,
}

/// Proves; exit code 0 when the references pass, every defect is caught exactly as named and no oddity is
/// accused.
pub(super) fn run(arguments: &Arguments) -> Result<u8, Problem> {
    let Arguments { subject, defect, oddity } = arguments;
    let wanted = Wanted { defects: defect, oddities: oddity };
    wanted.all_known(*subject)?;
    let mut wrong = 0;
    if *subject != Some(Subject::Receiver) {
        wrong += prove(
            &wanted,
            "gateway",
            block_on(selftest::unexpected_outcomes())?,
            reference::mutants::ALL.iter().map(|one| (one.name, *one)),
            |defect| block_on(selftest::kill(defect)),
            reference::variants::ALL.iter().map(|one| (one.name, *one)),
            |oddity| block_on(selftest::accept(oddity)),
        )?;
    }
    if *subject != Some(Subject::Gateway) {
        wrong += prove(
            &wanted,
            "receiver",
            block_on(selftest::unexpected_receiver_outcomes())?,
            receiver::mutants::ALL.iter().map(|one| (one.name, *one)),
            |defect| block_on(selftest::kill_receiver(defect)),
            receiver::variants::ALL.iter().map(|one| (one.name, *one)),
            |oddity| block_on(selftest::accept_receiver(oddity)),
        )?;
    }
    Ok(u8::from(wrong > 0))
}

/// What was asked for by name; everything, if nothing was.
struct Wanted<'a> {
    defects: &'a [String],
    oddities: &'a [String],
}

impl Wanted<'_> {
    fn everything(&self) -> bool {
        self.defects.is_empty() && self.oddities.is_empty()
    }

    fn all_known(&self, subject: Option<Subject>) -> Result<(), Problem> {
        let (gateway, receiver) = (subject != Some(Subject::Receiver), subject != Some(Subject::Gateway));
        let defects = names(gateway, reference::mutants::ALL.iter().map(|one| one.name))
            .chain(names(receiver, receiver::mutants::ALL.iter().map(|one| one.name)));
        let oddities = names(gateway, reference::variants::ALL.iter().map(|one| one.name))
            .chain(names(receiver, receiver::variants::ALL.iter().map(|one| one.name)));
        known("defect", self.defects, &defects.collect::<Vec<_>>())?;
        known("oddity", self.oddities, &oddities.collect::<Vec<_>>())
    }
}

fn names(wanted: bool, all: impl Iterator<Item = &'static str>) -> impl Iterator<Item = &'static str> {
    all.filter(move |_| wanted)
}

/// Whether everything that was asked for exists.
fn known(what: &str, asked: &[String], all: &[&'static str]) -> Result<(), Problem> {
    match asked.iter().find(|name| !all.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let meant = nearest(name, all.iter().copied());
            Err(usage(with_hint(format!("there is no {what} `{name}`"), meant)))
        }
    }
}

type Judged<T> = Result<Result<T, RunError>, Problem>;

/// Proves one kind of subject; how much was wrong.
fn prove<D, O>(
    wanted: &Wanted<'_>,
    subject: &str,
    unexpected_outcomes: Result<Vec<String>, RunError>,
    defects: impl Iterator<Item = (&'static str, D)>,
    kill: impl Fn(D) -> Judged<Kill>,
    oddities: impl Iterator<Item = (&'static str, O)>,
    accept: impl Fn(O) -> Judged<Acceptance>,
) -> Result<usize, Problem> {
    let could_not = |error: RunError| Problem { code: UNDECIDED, message: error.to_string() };
    let mut wrong = 0;
    for blemish in unexpected_outcomes.map_err(could_not)? {
        wrong += 1;
        print(&format!("WRONG   the reference {subject}: {blemish}\n"))?;
    }
    let (mut killed, mut uncaught) = (0, 0);
    for (name, defect) in defects {
        if wanted.everything() || wanted.defects.iter().any(|one| one == name) {
            let kill = kill(defect)?.map_err(could_not)?;
            killed += 1;
            uncaught += usize::from(!kill.is_exact());
            print(&format!("{}\n", selftest::line(&kill)))?;
        }
    }
    let (mut judged, mut accused) = (0, 0);
    for (name, oddity) in oddities {
        if wanted.everything() || wanted.oddities.iter().any(|one| one == name) {
            let acceptance = accept(oddity)?.map_err(could_not)?;
            judged += 1;
            accused += usize::from(!acceptance.is_whole());
            print(&format!("{}\n", selftest::acceptance_line(&acceptance)))?;
        }
    }
    print(&format!("{subject}: {killed} defects, {uncaught} not caught exactly as named\n"))?;
    print(&format!("{subject}: {judged} oddities, {accused} not accepted\n"))?;
    Ok(wrong + uncaught + accused)
}
