//! Snapshots as files in insta's format, compared and written: the rim of this room. Written by hand, because insta
//! cannot compare outside a test; a test lets insta read what is written here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Snapshot, Taken, difference};
use crate::report::wording::visible;

/// What may be written. The words are insta's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Nothing.
    No,
    /// What is new or changed, beside what was reviewed, as `.snap.new`; all of it where nothing is
    /// reviewed yet, as reviewed.
    Auto,
    /// What is new or changed, as `.snap.new`.
    New,
    /// What there is now is what was reviewed.
    Always,
}

impl Update {
    /// What the environment asks for, read as insta reads it.
    pub fn named(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_ci = variable("CI").is_some_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
        match variable("INSTA_UPDATE").as_deref() {
            Some("always" | "force") => Self::Always,
            Some("new") => Self::New,
            Some("no") => Self::No,
            _ if is_ci => Self::No,
            _ => Self::Auto,
        }
    }
}

/// Why the folder is of no use.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {path}: {cause}")]
pub struct FolderError {
    doing: &'static str,
    path: PathBuf,
    cause: io::Error,
}

/// What came of a comparison.
#[derive(Debug)]
pub struct Review {
    folder: PathBuf,
    update: Update,
    first: bool,
    same: usize,
    changes: Vec<Change>,
    absent: Vec<(&'static str, String)>,
}

#[derive(Debug)]
struct Change {
    file: String,
    what: What,
}

#[derive(Debug)]
enum What {
    New,
    Changed(String),
    Gone,
}

/// Compares with the folder and writes what may be written.
///
/// # Errors
/// When a file cannot be read or written.
pub fn review(folder: &Path, taken: &Taken, update: Update) -> Result<Review, FolderError> {
    let stored = stored(folder, &taken.dialects)?;
    let first = stored.is_empty();
    let update = if first && update == Update::Auto { Update::Always } else { update };
    let (changes, same) = compare(&stored, taken);
    for change in &changes {
        let snapshot = taken.snapshots.iter().find(|one| file(one) == change.file);
        put(folder, &change.file, snapshot, update)?;
    }
    let absent = taken.absent.clone();
    Ok(Review { folder: folder.to_owned(), update, first, same, changes, absent })
}

fn file(snapshot: &Snapshot) -> String {
    format!("{}/{}.snap", snapshot.dialect, snapshot.name)
}

fn compare(stored: &BTreeMap<String, String>, taken: &Taken) -> (Vec<Change>, usize) {
    let mut changes = Vec::new();
    for snapshot in &taken.snapshots {
        let file = file(snapshot);
        let what = match stored.get(&file) {
            Some(text) if contents(text) == snapshot.contents.trim_end() => continue,
            Some(text) => What::Changed(difference(contents(text), &snapshot.contents)),
            None => What::New,
        };
        changes.push(Change { file, what });
    }
    let same = taken.snapshots.len() - changes.len();
    let known: Vec<String> = taken.snapshots.iter().map(file).collect();
    let gone = stored.keys().filter(|file| !known.contains(file));
    changes.extend(gone.map(|file| Change { file: file.clone(), what: What::Gone }));
    (changes, same)
}

/// A file without insta's header.
fn contents(text: &str) -> &str {
    let body =
        text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map_or(text, |(_, body)| body);
    body.trim_end()
}

fn written(snapshot: &Snapshot) -> String {
    // A JSON string is a YAML string.
    let description = serde_json::Value::from(snapshot.description.as_str());
    format!("---\nsource: ringback\ndescription: {description}\n---\n{}\n", snapshot.contents)
}

fn stored(folder: &Path, dialects: &[&str]) -> Result<BTreeMap<String, String>, FolderError> {
    let mut stored = BTreeMap::new();
    for dialect in dialects {
        let path = folder.join(dialect);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(cause) => return Err(FolderError { doing: "read", path, cause }),
        };
        for entry in entries {
            let path =
                entry.map_err(|cause| FolderError { doing: "read", path: path.clone(), cause })?.path();
            if path.extension().is_none_or(|extension| extension != "snap") {
                continue;
            }
            let text = fs::read_to_string(&path).map_err(|cause| FolderError {
                doing: "read",
                path: path.clone(),
                cause,
            })?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            stored.insert(format!("{dialect}/{name}"), text.replace("\r\n", "\n"));
        }
    }
    Ok(stored)
}

fn put(folder: &Path, file: &str, snapshot: Option<&Snapshot>, update: Update) -> Result<(), FolderError> {
    let path = folder.join(file);
    let beside = path.with_extension("snap.new");
    let done = match (update, snapshot) {
        (Update::No, _) | (Update::Auto | Update::New, None) => return Ok(()),
        (Update::Always, None) => fs::remove_file(&path),
        (Update::Always, Some(snapshot)) => {
            // What waited for review has been reviewed now.
            let _ = fs::remove_file(&beside);
            whole(&path, &written(snapshot))
        }
        (Update::Auto | Update::New, Some(snapshot)) => whole(&beside, &written(snapshot)),
    };
    done.map_err(|cause| FolderError { doing: "write", path, cause })
}

/// Never half a file: what is read later is taken for reviewed.
fn whole(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let part = path.with_extension("part");
    fs::write(&part, text).and_then(|()| fs::rename(&part, path)).inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}

impl Review {
    /// Whether everything is as reviewed, or has been accepted just now. Nothing at all is neither.
    pub fn is_accepted(&self) -> bool {
        let all = self.changes.is_empty() || self.update == Update::Always;
        all && self.same + self.changes.len() > 0
    }

    /// The files that are not as reviewed.
    pub fn changed(&self) -> impl Iterator<Item = &str> {
        self.changes.iter().map(|change| change.file.as_str())
    }

    /// The comparison in words.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let folder = self.folder.display();
        if self.is_accepted() {
            let done = match (self.changes.len(), self.first) {
                (0, _) => format!("{} as reviewed", self.same),
                (written, true) => {
                    format!("{written} written for the first time; read them, then commit them")
                }
                (changed, false) => format!("{changed} accepted, {} as reviewed", self.same),
            };
            let _ = writeln!(text, "Snapshots in {folder}: {done}");
        } else if self.changes.is_empty() {
            let _ = writeln!(text, "Snapshots in {folder}: there is nothing to review");
        } else {
            for Change { file, what } in &self.changes {
                let _ = match what {
                    What::New => writeln!(text, "NEW     {folder}/{file}"),
                    What::Gone => {
                        writeln!(text, "GONE    {folder}/{file}: there is no such payload any more")
                    }
                    What::Changed(difference) => {
                        let lines: String = difference.lines().map(|line| visible(line) + "\n").collect();
                        writeln!(text, "CHANGED {folder}/{file}\n{lines}")
                    }
                };
            }
            let _ = writeln!(
                text,
                "Snapshots in {folder}: {} not as reviewed, {} as reviewed",
                self.changes.len(),
                self.same
            );
            let _ = writeln!(
                text,
                "To accept them: cargo insta review, ringback test with --accept, or INSTA_UPDATE=always"
            );
        }
        for (dialect, why) in &self.absent {
            let _ = writeln!(text, "No snapshots of {dialect}: {}", visible(why));
        }
        text
    }
}
