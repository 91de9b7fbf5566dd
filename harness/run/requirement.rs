//! What a requirement is, whatever kind of subject it is about: its shape, the kinds, and the rules no entry may break.
//!
//! Entries live beside their checks, one file a chapter, below the room of their kind. Nothing here runs anything.

use std::fmt::Debug;

use futures_util::future::BoxFuture;

use ringback_reference::deviation::{Mutant, Subject};

use crate::run::case::CaseContext;
use crate::run::outcome::{Level, Stop};
use crate::run::source::Source;

/// A kind of subject: what its requirements, its checks and their proofs are made of.
pub trait Kind: Copy + Debug + Send + Sync + 'static {
    /// First part of its cases' names.
    const NAME: &'static str;
    /// Its requirements, chapter by chapter.
    const CHAPTERS: &'static [Chapter<Self>];
    /// What its checks are written in.
    type Context: CaseContext;
    /// A precondition of a verdict.
    type Precondition: Copy + Debug + Send + Sync + 'static;
    /// Its reference, which has the mutants.
    type Reference: Subject;
    /// What its contract leaves open.
    type Knob: Copy + Debug + Ord + Send + Sync + 'static;

    /// What is needed, as a noun phrase.
    fn precondition_phrase(need: Self::Precondition) -> &'static str;

    /// The stable name of a knob.
    fn knob_name(knob: Self::Knob) -> &'static str;
}

/// A group of requirements about one subject matter.
#[derive(Debug)]
pub struct Chapter<K: Kind> {
    /// Second part of its cases' names.
    pub name: &'static str,
    /// Its requirements: one table, or one for each file that a long chapter has.
    pub tables: &'static [&'static [Requirement<K>]],
}

impl<K: Kind> Chapter<K> {
    /// Its requirements, table after table.
    pub fn requirements(&self) -> impl Iterator<Item = &'static Requirement<K>> + use<K> {
        self.tables.iter().flat_map(|table| table.iter())
    }
}

/// One normative sentence and everything that belongs to it. No part has a default, so none can be forgotten.
#[derive(Debug)]
pub struct Requirement<K: Kind> {
    /// Stable id, never reused.
    pub id: &'static str,
    /// Third part of its cases' names.
    pub slug: &'static str,
    /// The requirement in one sentence.
    pub sentence: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to change when it is violated.
    pub remedy: &'static str,
    /// How binding it is, who says so, and when it can be judged.
    pub terms: Terms<K>,
    /// The mutants of the reference that it must catch.
    pub mutants: &'static [Mutant<K::Reference>],
    /// The check.
    pub check: Check<K>,
}

/// The terms on which a requirement is judged. Many requirements share theirs, so a chapter may keep a constant of them;
/// what makes a requirement itself (id, sentence, check) is not part of it.
#[derive(Debug)]
pub struct Terms<K: Kind> {
    /// How binding it is.
    pub level: Level,
    /// Who says so.
    pub source: Source,
    /// For which vendors it is a case.
    pub scope: Scope,
    /// The knobs that its check asks; a check that asks another one ends in an error of ours.
    pub knobs: &'static [K::Knob],
    /// What must hold for a verdict to be possible.
    pub preconditions: &'static [K::Precondition],
    /// Jobs that a gateway may accept, and bill, while it is checked.
    pub jobs: u32,
    /// Whether inputs are generated: such a check may also notice mutants that others answer for.
    pub generated: bool,
}

/// The executable side of a requirement.
pub type Check<K> = for<'b> fn(&'b <K as Kind>::Context) -> BoxFuture<'b, Result<(), Stop>>;

/// A requirement in words and names, whatever kind of subject it is about.
#[derive(Clone, Debug)]
pub struct Entry {
    /// First part of its cases' names.
    pub subject: &'static str,
    /// Second part.
    pub chapter: &'static str,
    /// Stable id.
    pub id: &'static str,
    /// Third part of its cases' names.
    pub slug: &'static str,
    /// How binding it is.
    pub level: Level,
    /// The requirement.
    pub sentence: &'static str,
    /// Who says so.
    pub source: Source,
    /// Why it matters.
    pub why: &'static str,
    /// What to change when it is violated.
    pub remedy: &'static str,
    /// For which vendors it is a case.
    pub scope: Scope,
    /// The knobs that its check asks, by name.
    pub knobs: Vec<&'static str>,
    /// What must hold, as noun phrases.
    pub preconditions: Vec<&'static str>,
    /// Jobs that may be billed while it is checked.
    pub jobs: u32,
    /// Whether its inputs are generated.
    pub generated: bool,
    /// The mutants that it must catch: name, and what is wrong.
    pub mutants: Vec<(&'static str, &'static str)>,
}

/// Finds a requirement by its id, for those who say more of it than a report holds. A stored report may name some that
/// this build does not know.
pub type Lookup = fn(&str) -> Option<Entry>;

impl Entry {
    /// `<subject>/<chapter>/<slug>`, and the vendor if the case is about one.
    pub fn case_name(&self, vendor: Option<&str>) -> String {
        let base = format!("{}/{}/{}", self.subject, self.chapter, self.slug);
        vendor.map_or(base.clone(), |vendor| format!("{base}[{vendor}]"))
    }
}

impl<K: Kind> Requirement<K> {
    /// What can be said of it without running it.
    pub fn entry(&self, chapter: &'static str) -> Entry {
        Entry {
            subject: K::NAME,
            chapter,
            id: self.id,
            slug: self.slug,
            level: self.terms.level,
            sentence: self.sentence,
            source: self.terms.source,
            why: self.why,
            remedy: self.remedy,
            scope: self.terms.scope,
            knobs: self.terms.knobs.iter().map(|knob| K::knob_name(*knob)).collect(),
            preconditions: self
                .terms
                .preconditions
                .iter()
                .map(|need| K::precondition_phrase(*need))
                .collect(),
            jobs: self.terms.jobs,
            generated: self.terms.generated,
            mutants: self.mutants.iter().map(|mutant| (mutant.name, mutant.about)).collect(),
        }
    }
}

/// For which vendors a requirement is a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One case; any vendor's model will do.
    Once,
    /// One case for each vendor.
    EachVendor,
    /// One case for each of these vendors.
    EachOf(&'static [&'static str]),
    /// One case, for this vendor.
    Only(&'static str),
}

/// Every requirement for a kind of subject, with its chapter.
pub fn all<K: Kind>() -> impl Iterator<Item = (&'static Chapter<K>, &'static Requirement<K>)> {
    K::CHAPTERS.iter().flat_map(|chapter| chapter.requirements().map(move |entry| (chapter, entry)))
}

/// The requirements for a kind of subject, in words.
pub fn entries_of<K: Kind>() -> impl Iterator<Item = Entry> {
    all::<K>().map(|(chapter, requirement)| requirement.entry(chapter.name))
}

/// The rules no entry may break. Evaluated by the compiler: a catalogue that breaks one does not build, and the error
/// holds the id of the entry and the name of the rule.
pub(crate) const fn assert_complete<K: Kind>(chapters: &[Chapter<K>]) {
    let mut chapter = 0;
    while chapter < chapters.len() {
        let tables = chapters[chapter].tables;
        let mut table = 0;
        while table < tables.len() {
            assert_whole(tables[table]);
            table += 1;
        }
        chapter += 1;
    }
}

/// Every entry of a table has an id, words and a mutant.
const fn assert_whole<K: Kind>(table: &[Requirement<K>]) {
    let mut at = 0;
    while at < table.len() {
        let entry = &table[at];
        assert!(!entry.id.is_empty(), "a requirement has no id");
        assert_says_all(entry.id, [entry.slug, entry.sentence, entry.why, entry.remedy]);
        assert_names_a_mutant(entry.id, entry.mutants.len());
        at += 1;
    }
}

/// An entry has a slug, a sentence, a reason and a remedy.
const fn assert_says_all(id: &str, parts: [&str; 4]) {
    let mut at = 0;
    while at < parts.len() {
        assert!(!parts[at].is_empty(), "{}", id);
        at += 1;
    }
}

/// An entry names at least one mutant that its check catches.
const fn assert_names_a_mutant(id: &str, mutants: usize) {
    assert!(mutants > 0, "{}", id);
}
