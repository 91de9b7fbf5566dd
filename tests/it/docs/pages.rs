//! The pages and what is on them: blocks, links, headings. Nothing about whether they are right.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A page of Markdown.
#[derive(Debug)]
pub(crate) struct Page {
    /// From the root of the repository.
    pub(crate) path: String,
    pub(crate) blocks: Vec<Block>,
    /// Destinations, as written.
    pub(crate) links: Vec<String>,
    /// What `#…` may lead to.
    pub(crate) anchors: BTreeSet<String>,
}

/// A block of code.
#[derive(Debug)]
pub(crate) struct Block {
    /// Page and line, for messages.
    pub(crate) place: String,
    /// What stands behind the fence.
    pub(crate) info: String,
    pub(crate) text: String,
    /// The comment right above it: what it quotes.
    pub(crate) label: Option<String>,
}

/// A file of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Every page that people read: in the root and in `docs/`.
pub(crate) fn all() -> Vec<Page> {
    let mut paths = Vec::new();
    for folder in ["", "docs/"] {
        for entry in fs::read_dir(repository(folder)).expect("the folder is there") {
            let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            if Path::new(&name).extension().is_some_and(|end| end == "md") {
                paths.push(format!("{folder}{name}"));
            }
        }
    }
    paths.sort();
    assert!(paths.len() > 10, "{paths:?}");
    paths.iter().map(|path| page(path)).collect()
}

pub(crate) fn page(path: &str) -> Page {
    let text = fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    Page::read(path, &text)
}

impl Page {
    pub(crate) fn read(path: &str, text: &str) -> Self {
        let mut page =
            Self { path: path.to_owned(), blocks: Vec::new(), links: Vec::new(), anchors: BTreeSet::new() };
        let mut heading: Option<String> = None;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => page.blocks.push(block(path, text, &kind, &range)),
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => page.add_anchor(&heading.take().unwrap_or_default()),
                Event::Text(words) | Event::Code(words) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&words);
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// Whether it has a link to that file of the repository.
    pub(crate) fn links_to(&self, file: &str) -> bool {
        self.links.iter().any(|link| self.resolve(link) == Some(repository(file)))
    }

    /// The file that a link leads to, if it leads to one; normal form without touching the disk.
    pub(crate) fn resolve(&self, link: &str) -> Option<PathBuf> {
        let path = link.split('#').next().unwrap_or_default();
        if link.contains("://") || link.starts_with("mailto:") {
            return None;
        }
        if path.is_empty() {
            return Some(repository(&self.path));
        }
        let mut resolved = repository(&self.path);
        resolved.pop();
        for part in Path::new(path).components() {
            match part {
                std::path::Component::ParentDir => {
                    resolved.pop();
                }
                part => resolved.push(part),
            }
        }
        Some(resolved)
    }

    /// As GitHub and GitLab make them: small letters, no marks, hyphens for blanks, numbers for repetitions.
    fn add_anchor(&mut self, heading: &str) {
        let kept = heading.to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let slug: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let repeated = |number: usize| if number == 0 { slug.clone() } else { format!("{slug}-{number}") };
        let free = (0..=self.anchors.len()).map(repeated).find(|anchor| !self.anchors.contains(anchor));
        self.anchors.extend(free);
    }
}

fn block(path: &str, text: &str, kind: &CodeBlockKind<'_>, range: &Range<usize>) -> Block {
    let before = &text[..range.start];
    let fenced = &text[range.clone()];
    let line = before.matches('\n').count() + 1;
    let info = match kind {
        CodeBlockKind::Fenced(info) => info.to_string(),
        CodeBlockKind::Indented => "indented".to_owned(),
    };
    let label = before
        .trim_end()
        .lines()
        .last()
        .and_then(|line| line.trim().strip_prefix("<!-- ")?.strip_suffix(" -->"));
    // Not what the parser gives piece by piece: the lines as they stand, without the two fences.
    let lines: Vec<&str> = fenced.lines().collect();
    let inside = if lines.len() > 2 { lines[1..lines.len() - 1].join("\n") } else { String::new() };
    Block { place: format!("{path}:{line}"), info, text: inside, label: label.map(str::to_owned) }
}
