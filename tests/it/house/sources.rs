//! The sources of the workspace as texts. What is asked of them is asked elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

/// The crates of the workspace, by the folder of their sources.
pub(crate) const CRATES: &[&str] = &["schemas", "mocks/src", "reference/src", "harness"];

/// One source file.
pub(crate) struct Source {
    /// Its path below the repository.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A path below the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Every source file below a folder, in the order of their paths.
pub(crate) fn of(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(folder, &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!found.is_empty(), "there is no source below {folder}");
    found
}

fn collect(folder: &str, found: &mut Vec<Source>) {
    let entries = fs::read_dir(repository(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    for entry in entries {
        let entry = entry.expect("a folder can be listed");
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&path, found);
        } else if entry.path().extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(entry.path()).unwrap_or_else(|error| panic!("{path}: {error}"));
            found.push(Source { path, text });
        }
    }
}

impl Source {
    /// The names of the types that it makes public to other crates, with their lines. `pub(crate)` is not public.
    pub(crate) fn public_types(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().filter_map(|(number, line)| {
            let item = line.trim_start().strip_prefix("pub ")?;
            let item = item.strip_prefix("unsafe ").unwrap_or(item);
            let (keyword, rest) = item.split_once(' ')?;
            let name = rest.split(|one: char| !one.is_alphanumeric() && one != '_').next()?;
            let is_type = ["struct", "enum", "trait", "type", "union"].contains(&keyword);
            // In a macro a name may be an argument.
            (is_type && !name.is_empty()).then_some((number, name))
        })
    }

    /// The comments that stand on lines of their own, without their slashes, and whether one begins there.
    pub(crate) fn comments(&self) -> impl Iterator<Item = Comment<'_>> {
        let mut within = false;
        self.lines().filter_map(move |(number, line)| {
            let line = line.trim_start();
            let comment = line.strip_prefix("//");
            let begins = comment.is_some() && !within;
            within = comment.is_some();
            let comment = comment?;
            let text = comment.trim_start_matches(['/', '!']).trim();
            Some(Comment { line: number, text, begins, is_doc: comment.starts_with(['/', '!']) })
        })
    }

    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, line))
    }
}

/// A line of a comment.
pub(crate) struct Comment<'s> {
    pub(crate) line: usize,
    pub(crate) text: &'s str,
    /// Whether it is the first line.
    pub(crate) begins: bool,
    pub(crate) is_doc: bool,
}
