//! Which source file imports which, read from the text: `use` declarations and paths that begin with
//! `crate`, `super`, `self` or the name of a crate that was read.
//!
//! No macro is expanded and no name resolved: a path leads to the file of its longest part that is a
//! module, so a re-export counts as an arrow to the file that re-exports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module: the name of its crate, then the segments of its path.
type Module = Vec<String>;

/// The files of some crates and the arrows between them.
pub(crate) struct Graph {
    files: BTreeMap<Module, String>,
    arrows: BTreeMap<Module, BTreeSet<Module>>,
}

impl Graph {
    /// Reads crates, each by its name in paths and the folder of its `lib.rs`.
    pub(crate) fn read(crates: &[(&'static str, &Path)]) -> Self {
        let mut files = Vec::new();
        for (name, root) in crates {
            collect(root, root, &mut |path, text| files.push((*name, path, text)));
        }
        Self::of(files)
    }

    /// The graph of files that are given as crate, path below its folder, and text.
    pub(crate) fn of(sources: impl IntoIterator<Item = (&'static str, String, String)>) -> Self {
        let sources: Vec<(Module, String, String)> = sources
            .into_iter()
            .map(|(name, path, text)| (module_of(name, &path), format!("{name}/{path}"), code_of(&text)))
            .collect();
        let files: BTreeMap<Module, String> =
            sources.iter().map(|(module, path, _)| (module.clone(), path.clone())).collect();
        let mut arrows = BTreeMap::new();
        for (module, _, code) in &sources {
            let targets: BTreeSet<Module> = paths_in(code)
                .iter()
                .filter_map(|path| target(module, path, &files))
                .filter(|target| target != module)
                .collect();
            arrows.insert(module.clone(), targets);
        }
        Self { files, arrows }
    }

    /// How many files there are.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Every circle, as the arrows between its files; arrows between a file and those below it close none.
    pub(crate) fn circles(&self) -> Vec<String> {
        // Once without the arrows down and once without those up: either alone may hide the other half.
        let down = |from: &Module, to: &Module| to.starts_with(from);
        let up = |from: &Module, to: &Module| from.starts_with(to);
        let mut circles = self.knots(down);
        circles.extend(self.knots(up));
        circles.sort();
        circles.dedup();
        circles
    }

    /// The arrows that lead from a crate to one that does not stand before it in `order`.
    pub(crate) fn against(&self, order: &[&str]) -> Vec<String> {
        let rank = |module: &Module| order.iter().position(|name| *name == module[0]);
        let mut wrong = Vec::new();
        for (from, targets) in &self.arrows {
            for to in targets.iter().filter(|to| rank(to) > rank(from)) {
                wrong.push(format!("{} -> {}", self.files[from], self.files[to]));
            }
        }
        wrong
    }

    fn knots(&self, left_out: impl Fn(&Module, &Module) -> bool) -> Vec<String> {
        let reach: BTreeMap<&Module, BTreeSet<&Module>> =
            self.files.keys().map(|file| (file, self.reached_from(file, &left_out))).collect();
        let mut told = BTreeSet::new();
        let mut knots = Vec::new();
        for file in self.files.keys().filter(|file| reach[file].contains(*file)) {
            let knot: BTreeSet<&Module> =
                reach[file].iter().copied().filter(|other| reach[other].contains(file)).collect();
            if told.insert(knot.clone()) {
                knots.push(self.told(&knot, &left_out));
            }
        }
        knots
    }

    fn reached_from(
        &self,
        start: &Module,
        left_out: &impl Fn(&Module, &Module) -> bool,
    ) -> BTreeSet<&Module> {
        let mut reached = BTreeSet::new();
        let mut open = vec![start];
        while let Some(from) = open.pop() {
            for to in self.arrows[from].iter().filter(|to| !left_out(from, to)) {
                if reached.insert(to) {
                    open.push(to);
                }
            }
        }
        reached
    }

    fn told(&self, knot: &BTreeSet<&Module>, left_out: &impl Fn(&Module, &Module) -> bool) -> String {
        let mut lines = vec![format!("{} files in a circle:", knot.len())];
        for from in knot {
            for to in self.arrows[*from].iter().filter(|to| knot.contains(to) && !left_out(from, to)) {
                lines.push(format!("  {} -> {}", self.files[*from], self.files[to]));
            }
        }
        lines.join("\n")
    }
}

fn collect(root: &Path, folder: &Path, found: &mut impl FnMut(String, String)) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let below = path.strip_prefix(root).expect("it is below the root");
            found(below.to_string_lossy().replace('\\', "/"), text);
        }
    }
}

/// `a/b.rs` and `a/b/mod.rs` are the module `a::b`; `lib.rs` is the crate itself.
fn module_of(name: &str, path: &str) -> Module {
    let mut module = vec![name.to_owned()];
    module.extend(path.trim_end_matches(".rs").split('/').map(str::to_owned));
    if module.len() == 2 && module[1] == "lib" || module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

/// The text without comments and without what stands in quotes.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = comment(rest).or_else(|| quoted(rest)).unwrap_or(0);
        if skipped > 0 {
            code.push(' ');
            rest = &rest[skipped..];
        } else {
            // A word is taken whole, so that an `r` at its end begins no raw text.
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let taken = word.max(next.len_utf8());
            code.push_str(&rest[..taken]);
            rest = &rest[taken..];
        }
    }
    code
}

fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.starts_with("/*").then(|| text.find("*/").map_or(text.len(), |end| end + 2))
}

/// Length of the text or character literal that begins here, if one does.
fn quoted(text: &str) -> Option<usize> {
    let plain = text.strip_prefix('b').unwrap_or(text);
    let prefix = text.len() - plain.len();
    if let Some(raw) = plain.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let body = raw[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let begun = text.len() - body.len();
        return Some(body.find(&end).map_or(text.len(), |at| begun + at + end.len()));
    }
    if let Some(body) = plain.strip_prefix('"') {
        let mut escaped = false;
        let end = body.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        return Some(end.map_or(text.len(), |at| prefix + at + 2));
    }
    let mut after = plain.strip_prefix('\'')?.char_indices();
    let (_, first) = after.next()?;
    if first == '\\' {
        let body = &plain[3..];
        return body.find('\'').map(|at| prefix + 3 + at + 1);
    }
    // A lifetime has no quote behind its first letter.
    let (at, second) = after.next()?;
    (second == '\'').then_some(prefix + 1 + at + 1)
}

/// Every path the code names, each as its segments; those of `use` declarations are taken apart.
fn paths_in(code: &str) -> Vec<Vec<String>> {
    let tokens = tokens(code);
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at] == "use" {
            at = tree(&tokens, at + 1, &[], &mut paths);
        } else if is_name(&tokens[at]) && tokens.get(at + 1).is_some_and(|next| next == "::") {
            let mut path = vec![tokens[at].clone()];
            while tokens.get(at + 1).is_some_and(|next| next == "::")
                && tokens.get(at + 2).is_some_and(|name| is_name(name))
            {
                path.push(tokens[at + 2].clone());
                at += 2;
            }
            paths.push(path);
            at += 1;
        } else {
            at += 1;
        }
    }
    paths
}

/// Reads a use tree that begins at a token; where it ends.
fn tree(tokens: &[String], mut at: usize, prefix: &[String], paths: &mut Vec<Vec<String>>) -> usize {
    let mut path = prefix.to_vec();
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "::" | "*" => {}
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at = tree(tokens, at, &path, paths);
                    if tokens.get(at).is_some_and(|token| token == ",") {
                        at += 1;
                    }
                }
                return at + 1;
            }
            "as" => at += 1,
            name if is_name(name) => path.push(name.to_owned()),
            _ => break,
        }
        at += 1;
    }
    paths.push(path);
    at
}

/// Names, `::`, and single characters for the rest.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let length = if word > 0 {
            word
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The file that a path leads to, if it is one of ours.
fn target(from: &Module, path: &[String], files: &BTreeMap<Module, String>) -> Option<Module> {
    let (first, rest) = path.split_first()?;
    let mut full = match first.as_str() {
        "crate" => vec![from[0].clone()],
        "self" => from.clone(),
        "super" => from[..from.len() - 1].to_vec(),
        name => {
            let mut child = from.clone();
            child.push(name.to_owned());
            let other = vec![name.to_owned()];
            if files.contains_key(&child) {
                child
            } else if files.contains_key(&other) {
                other
            } else {
                return None;
            }
        }
    };
    for segment in rest {
        if segment == "super" {
            full.pop();
        } else if segment != "self" {
            full.push(segment.clone());
        }
    }
    while !full.is_empty() && !files.contains_key(&full) {
        full.pop();
    }
    (!full.is_empty()).then_some(full)
}
