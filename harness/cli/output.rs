//! Where reports go: the flags that say it, the terminal, and files that are written whole or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use crate::catalogue;
use crate::config::OutputSection;
use crate::report::format::{self, FORMATS, Format};
use crate::report::style::{Detail, TerminalStyle};
use crate::report::{Report, annotations, terminal};
use crate::run::suggest::{nearest, with_hint};
use anstream::{AutoStream, ColorChoice};
use clap::builder::{FalseyValueParser, TypedValueParser as _};
use terminal_size::Width;

use super::{Problem, UNDECIDED, print, usage};

/// The flags of every command that ends with a report.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Output {
    /// Write reports: junit=out.xml,json=run.json
    #[arg(long, value_name = "FORMAT=PATH", env = "RINGBACK_REPORT", value_delimiter = ',')]
    report: Vec<String>,
    /// What to print [default: text]
    #[arg(long, value_name = "FORMAT", env = "RINGBACK_FORMAT", value_parser = names())]
    format: Option<String>,
    /// Print a line for each violation
    // Its variable is read apart: to clap, a flag against the other one's variable is a conflict.
    #[arg(short, long, overrides_with = "verbose")]
    quiet: bool,
    /// Print every case, and violations whole
    #[arg(short, long, overrides_with = "quiet")]
    verbose: bool,
    #[arg(skip)]
    filed: Option<Detail>,
    /// When the text is coloured: always, never, or on a terminal that wants it [default: auto]
    #[arg(long, value_name = "WHEN", env = "RINGBACK_COLOR", hide_short_help = true)]
    color: Option<String>,
}

/// Where everything goes, checked before anything is judged.
#[derive(Debug)]
pub(super) struct Destinations {
    printed: &'static Format,
    look: TerminalStyle,
    written: Vec<(&'static Format, Destination)>,
    /// Whether the log that we print to shows annotations.
    annotated: bool,
}

impl Output {
    /// These flags, or those said before the subject was named.
    pub(super) fn or(self, outer: Self) -> Self {
        let said = self.quiet || self.verbose;
        Self {
            report: if self.report.is_empty() { outer.report } else { self.report },
            format: self.format.or(outer.format),
            quiet: if said { self.quiet } else { outer.quiet },
            verbose: if said { self.verbose } else { outer.verbose },
            color: self.color.or(outer.color),
            filed: self.filed.or(outer.filed),
        }
    }

    /// These flags over what the file says.
    pub(super) fn over(self, file: OutputSection) -> Result<Self, Problem> {
        let detail = match (file.quiet, file.verbose) {
            (true, true) => return Err(usage("[output] is quiet or verbose, not both")),
            (true, false) => Some(Detail::Quiet),
            (false, true) => Some(Detail::Verbose),
            (false, false) => None,
        };
        let file = Self { report: file.report, format: file.format, color: file.color, ..Self::default() };
        Ok(Self { filed: detail, ..self.or(file) })
    }

    /// Whether anything but text on the terminal is wanted.
    pub(super) fn is_about_one_subject(&self) -> bool {
        !self.report.is_empty() || self.format.as_ref().is_some_and(|format| format != FORMATS[0].name)
    }

    /// The flag before the variable before the file.
    fn detail(&self) -> Result<Detail, Problem> {
        let variable = |name: &str| {
            let value = std::env::var_os(name)?;
            FalseyValueParser::new().parse_ref(&clap::Command::new("ringback"), None, &value).ok()
        };
        let set = |name: &str| variable(name).unwrap_or_default();
        match (self.quiet, self.verbose) {
            (true, _) => Ok(Detail::Quiet),
            (false, true) => Ok(Detail::Verbose),
            (false, false) => match (set("RINGBACK_QUIET"), set("RINGBACK_VERBOSE")) {
                (true, true) => Err(usage("RINGBACK_QUIET and RINGBACK_VERBOSE are both set; unset one")),
                (true, false) => Ok(Detail::Quiet),
                (false, true) => Ok(Detail::Verbose),
                (false, false) => Ok(self.filed.unwrap_or_default()),
            },
        }
    }

    /// Whether anything but the report at the end may be printed.
    pub(super) fn is_quiet(&self) -> bool {
        self.detail().is_ok_and(|detail| detail == Detail::Quiet)
    }

    /// Finds the formats.
    pub(super) fn destinations(&self) -> Result<Destinations, Problem> {
        let printed = match &self.format {
            None => &FORMATS[0],
            Some(name) => format::named(name)
                .ok_or_else(|| usage(format!("--format takes {}, not `{name}`", format::names())))?,
        };
        outlive_file_limits();
        let mut taken = BTreeSet::new();
        let mut written = Vec::new();
        for report in &self.report {
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
            colour: coloured(self.color.as_deref())?,
            width: width(),
            detail: self.detail()?,
        };
        let on_github = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        Ok(Destinations { printed, look, written, annotated: on_github && printed.name == FORMATS[0].name })
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

fn names() -> clap::builder::PossibleValuesParser {
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
