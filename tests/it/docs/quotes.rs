//! Quotations: a comment above a block says what it quotes.
//!
//! `<!-- FILE: NAME -->` is the region between `# guide: NAME` and `# end` (`//` in JavaScript and Rust), whole. `<!-- FILE -->`
//! is some lines of the file, one after the other. Indentation that all lines share does not count.

use std::fs;

use super::blocks::{Treatment, treatment};
use super::pages::{Block, Page, repository};

/// Files whose every region is quoted somewhere, because their comments promise it.
const QUOTED_WHOLE: &[&str] = &["examples/receiver.py", "examples/receiver.mjs"];

/// What is wrong with a page's quotations, in words.
pub(crate) fn differences(page: &Page) -> Vec<String> {
    page.blocks.iter().filter_map(|block| difference(block, read)).collect()
}

/// Regions of the examples that no page quotes.
pub(crate) fn unquoted(pages: &[Page]) -> Vec<String> {
    let labels: Vec<&str> =
        pages.iter().flat_map(|page| &page.blocks).filter_map(|block| block.label.as_deref()).collect();
    let regions = QUOTED_WHOLE.iter().flat_map(|file| {
        let source = read(file).unwrap_or_default();
        regions(file, &source).into_iter().map(move |(name, _)| format!("{file}: {name}"))
    });
    regions
        .filter(|label| !labels.contains(&label.as_str()))
        .map(|label| format!("{label} is quoted nowhere"))
        .collect()
}

fn read(file: &str) -> Option<String> {
    fs::read_to_string(repository(file)).ok()
}

/// What is wrong with one block, given how files are read.
pub(crate) fn difference(block: &Block, read: impl Fn(&str) -> Option<String>) -> Option<String> {
    let quotes = treatment(&block.info) == Some(Treatment::Quotation);
    let Some(label) = &block.label else {
        return quotes.then(|| format!("{}: a {} block says not what it quotes", block.place, block.info));
    };
    let (file, name) =
        label.split_once(": ").map_or((label.as_str(), None), |(file, name)| (file, Some(name)));
    let Some(source) = read(file) else {
        return Some(format!("{}: there is no {file} to quote", block.place));
    };
    let quoted = dedented(&block.text.lines().collect::<Vec<_>>());
    let is_right = match name {
        Some(name) => match regions(file, &source).into_iter().find(|(known, _)| known == name) {
            Some((_, region)) => region == quoted,
            None => return Some(format!("{}: {label} does not exist", block.place)),
        },
        None => has_lines(&source, &quoted),
    };
    (!is_right).then(|| format!("{}: {label} is quoted differently", block.place))
}

/// Whether these lines stand in the source one after the other, at whatever indentation.
fn has_lines(source: &str, quoted: &str) -> bool {
    let (source, wanted) = (source.lines().collect::<Vec<_>>(), quoted.lines().count());
    wanted > 0 && source.windows(wanted).any(|lines| dedented(lines) == quoted)
}

/// Regions of a source by name, without the indentation that all their lines share.
pub(crate) fn regions(file: &str, source: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut open: Option<(&str, Vec<&str>)> = None;
    for line in source.lines() {
        let comment = line.trim().trim_start_matches('#').trim_start_matches("//").trim_start();
        let is_comment = comment.len() < line.trim().len();
        if let Some(name) = comment.strip_prefix("guide: ").filter(|_| is_comment) {
            assert!(open.is_none(), "{file}: {name} begins within another region");
            assert!(found.iter().all(|(known, _)| known != name), "{file}: two regions are called {name}");
            open = Some((name, Vec::new()));
        } else if is_comment && comment == "end" && open.is_some() {
            found.extend(open.take().map(|(name, lines)| (name.to_owned(), dedented(&lines))));
        } else if let Some((_, lines)) = &mut open {
            lines.push(line);
        }
    }
    assert!(open.is_none(), "{file}: a region has no end");
    found
}

fn dedented(lines: &[&str]) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let shared = lines.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min();
    let cut: Vec<&str> = lines.iter().map(|line| line.get(shared.unwrap_or(0)..).unwrap_or("")).collect();
    cut.join("\n")
}
