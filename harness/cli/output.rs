//! Where reports go: the terminal, and files that are written whole or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use crate::catalogue;
use crate::config::run::OutputSettings;
use crate::report::format::{self, FORMATS, Format};
use crate::report::style::{Detail, TerminalStyle};
use crate::report::{Report, annotations, terminal};
use crate::run::suggest::{nearest, with_hint};
use anstream::{AutoStream, ColorChoice};
use terminal_size::Width;

use super::{Problem, UNDECIDED, print, usage};

/// Where everything goes, checked before anything is judged.
#[derive(Debug)]
pub(super) struct Destinations {
    printed: &'static Format,
    look: TerminalStyle,
    written: Vec<(&'static Format, Destination)>,
    /// Whether the log that we print to shows annotations.
    annotated: bool,
}

/// Whether anything but text on the terminal is wanted.
pub(super) fn is_about_one_subject(output: &OutputSettings) -> bool {
    !output.report.is_empty() || output.format.as_ref().is_some_and(|format| format != FORMATS[0].name)
}

/// How much is told; one of two contrary wishes has won before.
const fn detail(output: &OutputSettings) -> Detail {
    match output {
        OutputSettings { quiet: Some(true), .. } => Detail::Quiet,
        OutputSettings { verbose: Some(true), .. } => Detail::Verbose,
        _ => Detail::Usual,
    }
}

/// Whether to colour what goes to stdout.
fn coloured(when: Option<&str>) -> Result<bool, Problem> {
    match when {
        Some("always") => Ok(true),
        Some("never") => Ok(false),
        // Also asks NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM.
        None | Some("auto") => Ok(AutoStream::choice(&io::stdout()) != ColorChoice::Never),
        Some(other) => Err(usage(format!("--color takes auto, always or never, not `{other}`"))),
    }
}

/// Columns of the terminal that we print to.
fn width() -> Option<usize> {
    let stdout = io::stdout();
    let (Width(columns), _) = stdout.is_terminal().then(|| terminal_size::terminal_size_of(stdout))??;
    Some(columns.into())
}

impl Destinations {
    /// Finds the formats, and looks whether every place can be written to.
    pub(super) fn open(output: &OutputSettings) -> Result<Self, Problem> {
        let printed = match &output.format {
            None => &FORMATS[0],
            Some(name) => format::named(name)
                .ok_or_else(|| usage(format!("--format takes {}, not `{name}`", format::names())))?,
        };
        outlive_file_limits();
        let mut taken = BTreeSet::new();
        let mut written = Vec::new();
        for report in &output.report {
            let (format, named) = named_path(report)?;
            let destination = Destination::open(&named)
                .map_err(|error| usage(format!("cannot write {}: {error}", named.display())))?;
            // Two reports may well go to one terminal, but never to one file.
            if destination.is_file && !taken.insert(destination.path.clone()) {
                return Err(usage(format!("--report names {} twice", named.display())));
            }
            written.push((format, destination));
        }
        let look = TerminalStyle {
            colour: coloured(output.color.as_deref())?,
            width: width(),
            detail: detail(output),
        };
        let on_github = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        Ok(Self { printed, look, written, annotated: on_github && printed.name == FORMATS[0].name })
    }

    /// Whether anything but the report at the end may be printed.
    pub(super) const fn is_quiet(&self) -> bool {
        matches!(self.look.detail, Detail::Quiet)
    }

    /// Prints the report and writes its files; the exit code. One that cannot be written keeps none of the
    /// others back, and hides no violation.
    pub(super) fn deliver(&self, report: &Report) -> Result<u8, Problem> {
        let mut failures = Vec::new();
        // Only the first format, the one for people, has a look.
        let mut printed = print(&if self.printed.name == FORMATS[0].name {
            terminal::draw(report, &self.look)
        } else {
            (self.printed.render)(report, catalogue::by_id)
        });
        if self.annotated {
            printed = printed.and_then(|()| print(&annotations::render(report)));
        }
        failures.extend(printed.err().map(|problem| problem.message));
        for (format, destination) in &self.written {
            if let Err(error) = destination.write(&(format.render)(report, catalogue::by_id)) {
                failures.push(format!("cannot write {}: {error}", destination.named.display()));
            }
        }
        let code = report.verdict.exit_code();
        if failures.is_empty() {
            return Ok(code);
        }
        Err(Problem { code: if code == 0 { UNDECIDED } else { code }, message: failures.join("; ") })
    }
}

/// A place for a report, found to be usable before anything is judged.
#[derive(Debug)]
struct Destination {
    /// As it was named.
    named: PathBuf,
    /// Where that leads.
    path: PathBuf,
    /// Whether it is, or becomes, a file; a pipe or a device is written to as it is.
    is_file: bool,
}

impl Destination {
    fn open(named: &Path) -> io::Result<Self> {
        let path = leads_to(named)?;
        let is_file = match fs::metadata(&path) {
            Ok(found) if found.is_dir() => {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
            }
            Ok(found) => found.is_file(),
            Err(_) => true,
        };
        if is_file {
            part(&path)?;
        }
        Ok(Self { named: named.to_owned(), path, is_file })
    }

    fn write(&self, text: &str) -> io::Result<()> {
        if !self.is_file {
            return fs::OpenOptions::new().write(true).open(&self.path)?.write_all(text.as_bytes());
        }
        // Whole or not at all: what is under way has another name, and is gone if it fails.
        let mut part = part(&self.path)?;
        part.as_file_mut().write_all(text.as_bytes())?;
        part.persist(&self.path).map(|_| ()).map_err(|failed| failed.error)
    }
}

/// Where a path leads: through links, and to the same place however it is written.
fn leads_to(named: &Path) -> io::Result<PathBuf> {
    if let Ok(path) = fs::canonicalize(named) {
        return Ok(path);
    }
    let folder = named.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = named.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let there = fs::canonicalize(folder).map_err(|_| {
        io::Error::new(io::ErrorKind::NotFound, format!("there is no folder {}", folder.display()))
    })?;
    Ok(there.join(name))
}

/// A file of its own beside the destination, with the permissions of any new file.
fn part(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ringback-").suffix(".part");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // The error of the library names its own file, which nobody has asked for.
    builder.tempfile_in(path.parent().unwrap_or(Path::new("/"))).map_err(|error| error.kind().into())
}

/// A file that grows beyond the limit of the shell (`ulimit -f`) ends a process by its signal, unless the signal
/// is heard: then it is an error of writing, as a full disk is.
#[cfg(unix)]
fn outlive_file_limits() {
    use tokio::signal::unix::{SignalKind, signal};
    let heard = tokio::runtime::Builder::new_current_thread().enable_io().build().and_then(|runtime| {
        let _context = runtime.enter();
        signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))
    });
    // Without it, the limit is what it always was.
    drop(heard);
}

#[cfg(not(unix))]
fn outlive_file_limits() {}

/// The formats, for the parser of the command line.
pub(crate) fn names() -> clap::builder::PossibleValuesParser {
    FORMATS
        .iter()
        .map(|format| clap::builder::PossibleValue::new(format.name).help(format.summary))
        .collect::<Vec<_>>()
        .into()
}

fn named_path(report: &str) -> Result<(&'static Format, PathBuf), Problem> {
    let name = report.split_once('=').map_or(report, |(name, _)| name);
    let wrong = || {
        let meant = nearest(name, FORMATS.iter().map(|format| format.name));
        let sentence =
            format!("--report takes FORMAT=PATH, with a format of {}; not `{report}`", format::names());
        usage(with_hint(sentence, meant))
    };
    let (name, path) = report.split_once('=').filter(|(_, path)| !path.is_empty()).ok_or_else(wrong)?;
    Ok((format::named(name).ok_or_else(wrong)?, PathBuf::from(path)))
}
