//! How text for people is laid out: colour, width and how much is told. What is told belongs to the formats.
//!
//! Pure: whether there is a terminal, and how wide it is, is found out by the command line.

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSplitter, WrapAlgorithm};

use super::wording::visible;

/// Where a labelled value stands.
const VALUE: usize = 16;
/// Lines shorter than this are not worth wrapping for.
const NARROWEST: usize = 40;
/// Longer lines are hard to read, however wide the terminal is.
const WIDEST: usize = 120;

/// How a report for people looks; by default as in a file: without colour, each fact on a line of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TerminalStyle {
    /// Whether words are coloured.
    pub colour: bool,
    /// Columns that prose is wrapped at; commands and payloads never are, so that they can be copied.
    pub width: Option<usize>,
    /// How much is told.
    pub detail: Detail,
}

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// A line for each violation, and the end.
    Quiet,
    /// Violations with their evidence, and what was not judged.
    #[default]
    Usual,
    /// Every case, and all that passed between the parties of a violated one.
    Verbose,
}

/// What a word is, and so its colour: never the only sign of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Good,
    Bad,
    Doubtful,
    Label,
    Strong,
}

impl Role {
    const fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default().bold(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Doubtful => AnsiColor::Yellow.on_default().bold(),
            Self::Label => Style::new().dimmed(),
            Self::Strong => Style::new().bold(),
        }
    }
}

/// A text under way.
#[derive(Debug)]
pub(super) struct Printer {
    style: TerminalStyle,
    text: String,
}

impl Printer {
    pub(super) const fn new(style: TerminalStyle) -> Self {
        Self { style, text: String::new() }
    }

    pub(super) const fn detail(&self) -> Detail {
        self.style.detail
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// A word in its colour.
    pub(super) fn paint(&self, role: Role, word: &str) -> String {
        if self.style.colour {
            let style = role.style();
            format!("{style}{word}{style:#}")
        } else {
            word.to_owned()
        }
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A line without a label, visible already, wrapped below its own beginning.
    pub(super) fn line(&mut self, indent: usize, line: &str) {
        // At the beginning of a line, GitHub's log takes these for a command.
        if let Some(rest) = line.trim_start().strip_prefix("::") {
            return self.line(indent, &format!("\\u{{3a}}:{rest}"));
        }
        let margin = " ".repeat(indent);
        let hanging = " ".repeat(indent + if indent == 0 { 2 } else { 0 });
        self.wrapped(&margin, &hanging, line);
    }

    /// A value beside its label; whatever the subject wrote is made visible.
    pub(super) fn value(&mut self, label: &str, value: &str) {
        let begin = self.labelled("      ", label);
        self.wrapped(&begin, &" ".repeat(VALUE), &visible(value));
    }

    /// The first of values that belong together, marked.
    pub(super) fn marked(&mut self, label: &str, value: &str) {
        let begin = self.labelled("    · ", label);
        self.wrapped(&begin, &" ".repeat(VALUE), &visible(value));
    }

    /// A value that is copied or compared, and so stays on one line.
    pub(super) fn exact(&mut self, label: &str, value: &str) {
        let begin = self.labelled("      ", label);
        self.text.push_str(&begin);
        self.text.push_str(&visible(value));
        self.text.push('\n');
    }

    fn labelled(&self, margin: &str, label: &str) -> String {
        format!("{margin}{} ", self.paint(Role::Label, &format!("{label:<9}")))
    }

    fn wrapped(&mut self, begin: &str, hanging: &str, line: &str) {
        match self.style.width {
            None => {
                self.text.push_str(begin);
                self.text.push_str(line);
                self.text.push('\n');
            }
            Some(width) => {
                let options = Options::new(width.clamp(NARROWEST, WIDEST))
                    .initial_indent(begin)
                    .subsequent_indent(hanging)
                    .wrap_algorithm(WrapAlgorithm::FirstFit)
                    // A name or an address that is split cannot be searched for.
                    .word_splitter(WordSplitter::NoHyphenation)
                    .break_words(false);
                for part in textwrap::wrap(line, options) {
                    self.text.push_str(&part);
                    self.text.push('\n');
                }
            }
        }
    }
}
