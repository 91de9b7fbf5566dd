//! Where reports go: the flags that say it, the terminal, and files that are written whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use ringback::report::format::{self, FORMATS, Format};
use ringback::report::{Report, annotations};

use super::{Problem, USAGE, print, usage};

/// The flags of every command that ends with a report.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Output {
    /// Write reports, several with commas: json=run.json,text=run.txt
    #[arg(long, value_name = "FORMAT=PATH", env = "RINGBACK_REPORT", value_delimiter = ',')]
    report: Vec<String>,
    /// What to print
    #[arg(long, value_name = "FORMAT", env = "RINGBACK_FORMAT", value_parser = names())]
    format: Option<String>,
}

/// Where everything goes, checked before anything is judged.
#[derive(Debug)]
pub(super) struct Destinations {
    printed: &'static Format,
    written: Vec<(&'static Format, PathBuf)>,
    /// Whether the log that we print to shows annotations.
    annotated: bool,
}

impl Output {
    /// These flags, or those said before the subject was named.
    pub(super) fn or(self, outer: Self) -> Self {
        Self {
            report: if self.report.is_empty() { outer.report } else { self.report },
            format: self.format.or(outer.format),
        }
    }

    /// Whether anything but text on the terminal is wanted.
    pub(super) fn is_about_one_subject(&self) -> bool {
        !self.report.is_empty() || self.format.as_ref().is_some_and(|format| format != FORMATS[0].name)
    }

    /// Finds the formats.
    pub(super) fn destinations(&self) -> Result<Destinations, Problem> {
        let printed = match &self.format {
            None => &FORMATS[0],
            Some(name) => format::named(name)
                .ok_or_else(|| usage(format!("--format takes {}, not `{name}`", format::names())))?,
        };
        let written = self.report.iter().map(|report| destination(report)).collect::<Result<_, _>>()?;
        let on_github = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        Ok(Destinations { printed, written, annotated: on_github && printed.name == FORMATS[0].name })
    }
}

impl Destinations {
    /// Prints the report and writes its files.
    pub(super) fn deliver(&self, report: &Report) -> Result<(), Problem> {
        print(&(self.printed.render)(report))?;
        if self.annotated {
            print(&annotations::render(report))?;
        }
        for (format, path) in &self.written {
            write_whole(path, &(format.render)(report))?;
        }
        Ok(())
    }
}

fn names() -> clap::builder::PossibleValuesParser {
    FORMATS
        .iter()
        .map(|format| clap::builder::PossibleValue::new(format.name).help(format.summary))
        .collect::<Vec<_>>()
        .into()
}

fn destination(report: &str) -> Result<(&'static Format, PathBuf), Problem> {
    let wrong =
        || usage(format!("--report takes FORMAT=PATH, with a format of {}; not `{report}`", format::names()));
    let (name, path) = report.split_once('=').filter(|(_, path)| !path.is_empty()).ok_or_else(wrong)?;
    Ok((format::named(name).ok_or_else(wrong)?, PathBuf::from(path)))
}

/// Writes beside the destination first, so that no half a report is ever found there.
fn write_whole(path: &Path, text: &str) -> Result<(), Problem> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    fs::write(&part, text).and_then(|()| fs::rename(&part, path)).map_err(|error| {
        let _ = fs::remove_file(&part);
        Problem { code: USAGE, message: format!("cannot write {}: {error}", path.display()) }
    })
}
