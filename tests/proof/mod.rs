//! What is proved of a catalogue whatever kind of subject it is about: that ids and names stand once, that entries are
//! whole, that no mutant is an orphan, and that the catalogue has the breadth promised.
//!
//! What a reference must do under each requirement is a trial of its kind, in `proofs` and `receivers`.

use std::collections::BTreeSet;

use libtest_mimic::{Failed, Trial};
use ringback::catalogue;
use ringback::run::outcome::Level;
use ringback::run::requirement::{self, Kind};
use tokio::runtime::Runtime;

/// The least a catalogue may hold. It may grow; a check that silently disappears shows here.
#[derive(Clone, Copy)]
pub(crate) struct Breadth {
    pub(crate) requirements: usize,
    pub(crate) musts: usize,
}

/// The trials of the catalogue of one kind.
pub(crate) fn catalogue_trials<K: Kind>(mutants: Vec<&'static str>, least: Breadth) -> Vec<Trial> {
    vec![
        Trial::test("catalogue/every-defect-is-named", move || every_mutant_is_named::<K>(&mutants)),
        Trial::test("catalogue/ids-and-names-are-unique", unique),
        Trial::test("catalogue/chapters-stand-once", chapters_stand_once::<K>),
        Trial::test("catalogue/entries-are-whole", entries_are_whole::<K>),
        Trial::test("catalogue/has-the-breadth-promised", move || breadth::<K>(least)),
    ]
}

/// What a trial runs a whole suite on.
pub(crate) fn runtime() -> Result<Runtime, Failed> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?)
}

/// The trial's result: what was found, one thing a line.
pub(crate) fn nothing_of(found: &[String]) -> Result<(), Failed> {
    if found.is_empty() { Ok(()) } else { Err(Failed::from(found.join("\n"))) }
}

fn every_mutant_is_named<K: Kind>(mutants: &[&str]) -> Result<(), Failed> {
    let named: BTreeSet<&str> =
        requirement::entries_of::<K>().flat_map(|entry| entry.mutants).map(|(name, _)| name).collect();
    let orphans = mutants.iter().filter(|name| !named.contains(*name));
    nothing_of(&orphans.map(|name| format!("no requirement names the defect {name}")).collect::<Vec<_>>())
}

/// Over every kind of subject: a replay id names a requirement and nothing else.
fn unique() -> Result<(), Failed> {
    let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
    let twice = catalogue::entries()
        .filter(|entry| !ids.insert(entry.id) | !names.insert(entry.case_name(None)))
        .map(|entry| format!("{} ({}) stands twice", entry.id, entry.case_name(None)));
    nothing_of(&twice.collect::<Vec<_>>())
}

fn chapters_stand_once<K: Kind>() -> Result<(), Failed> {
    let mut names = BTreeSet::new();
    let wrong = K::CHAPTERS.iter().filter_map(|chapter| {
        if !names.insert(chapter.name) {
            return Some(format!("{} stands twice", chapter.name));
        }
        (chapter.requirements().next().is_none()).then(|| format!("{} is empty", chapter.name))
    });
    nothing_of(&wrong.collect::<Vec<_>>())
}

/// What the compiler does not look at: an id says its kind, words are sentences, and a mutant is named once.
fn entries_are_whole<K: Kind>() -> Result<(), Failed> {
    let mut wrong = Vec::new();
    let families: BTreeSet<&str> =
        requirement::entries_of::<K>().map(|entry| entry.id.split_once('-').unwrap_or_default().0).collect();
    if families.len() != 1 {
        wrong.push(format!("ids of one kind begin alike, these with {families:?}"));
    }
    for entry in requirement::entries_of::<K>() {
        let parts = [("sentence", entry.sentence), ("why", entry.why), ("remedy", entry.remedy)];
        wrong.extend(
            parts
                .iter()
                .filter(|(_, text)| !text.ends_with(['.', ')']) || text.contains("  ") || text.len() < 20)
                .map(|(part, text)| format!("{}: {part} is not a sentence: {text:?}", entry.id)),
        );
        if !entry.slug.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-') {
            wrong.push(format!("{}: {:?} is not a slug", entry.id, entry.slug));
        }
        let mutants: BTreeSet<_> = entry.mutants.iter().map(|(name, _)| name).collect();
        if mutants.is_empty() || mutants.len() != entry.mutants.len() {
            wrong.push(format!("{} names no defect, or one twice", entry.id));
        }
    }
    nothing_of(&wrong)
}

fn breadth<K: Kind>(least: Breadth) -> Result<(), Failed> {
    let all = requirement::entries_of::<K>().count();
    let musts = requirement::entries_of::<K>().filter(|entry| entry.level == Level::Must).count();
    if all >= least.requirements && musts >= least.musts {
        Ok(())
    } else {
        Err(Failed::from(format!("{all} requirements, {musts} MUST")))
    }
}
