//! Names and comments: a type's name means one thing in its crate, and a doc comment says enough where it stands alone, as in
//! a search result.

use std::collections::BTreeMap;

use super::sources::{self, CRATES, Source};

/// The names of public types that a crate has twice, with the places.
fn twice(files: &[Source]) -> Vec<(&str, String)> {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in files {
        for (line, name) in file.public_types() {
            places.entry(name).or_default().push(format!("{}:{line}", file.path));
        }
    }
    let twice = places.into_iter().filter(|(_, places)| places.len() > 1);
    twice.map(|(name, places)| (name, places.join(", "))).collect()
}

#[test]
fn a_type_name_means_one_thing_in_its_crate() {
    for folder in CRATES {
        let files = sources::of(folder);
        let wrong = twice(&files);
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

#[test]
fn a_doc_comment_does_not_lean_on_the_one_before() {
    for folder in CRATES {
        for file in sources::of(folder) {
            let leaning =
                file.comments().find(|one| one.is_doc && one.begins && one.text.starts_with("The same"));
            if let Some(comment) = leaning {
                panic!("{}:{}: {:?}: the same as what?", file.path, comment.line, comment.text);
            }
        }
    }
}

#[test]
fn comments_name_only_documents_that_are_here() {
    for file in CRATES.iter().flat_map(|folder| sources::of(folder)) {
        let elsewhere = |word: &str| word.starts_with("DESIGN") || word.starts_with("CARD");
        if let Some(comment) = file.comments().find(|one| one.text.split_whitespace().any(elsewhere)) {
            panic!("{}:{}: {:?}", file.path, comment.line, comment.text);
        }
    }
}

#[test]
fn public_types_are_found_and_others_are_not() {
    let text = "pub struct One;\n    pub enum Two {}\npub(crate) struct Three;\nstruct Four;\npub type Five<T> = T;\n\
                pub unsafe trait Six {}\n// pub struct Seven;\npub fn struct_like() {}\npub struct One(u8);\n";
    let file = Source { path: "a.rs".to_owned(), text: text.to_owned() };
    let names: Vec<&str> = file.public_types().map(|(_, name)| name).collect();
    assert_eq!(names, ["One", "Two", "Five", "Six", "One"]);
    assert_eq!(twice(&[file]), [("One", "a.rs:1, a.rs:9".to_owned())]);
}

#[test]
fn comments_are_read_line_by_line() {
    let text = "//! The room.\n//! More.\n\n/// The same.\nfn a() {}\n// Why.\n";
    let file = Source { path: "a.rs".to_owned(), text: text.to_owned() };
    let read: Vec<_> = file.comments().map(|one| (one.line, one.text, one.begins, one.is_doc)).collect();
    assert_eq!(
        read,
        [
            (1, "The room.", true, true),
            (2, "More.", false, true),
            (4, "The same.", true, true),
            (6, "Why.", true, false),
        ]
    );
}
