//! The sources of the crate import each other in one direction: no circle, except between a file and
//! the files below it (`machine.rs` and `machine/faults.rs`).
//!
//! `arrows/graph.rs` reads the sources and knows nothing of this crate; it also reads several crates as
//! one graph, for a test of the layers of a workspace.

mod graph;

use std::path::Path;

use graph::Graph;

#[test]
fn no_circle() {
    let graph = Graph::read(&[("ringback_mocks", Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")))]);
    assert!(graph.len() > 50, "only {} files were found", graph.len());
    let circles = graph.circles();
    assert!(circles.is_empty(), "{}", circles.join("\n\n"));
}

/// A made-up crate, file by file.
fn made_of(files: &[(&str, &str)]) -> Graph {
    Graph::of(files.iter().map(|(path, text)| ("one", (*path).to_owned(), (*text).to_owned())))
}

#[test]
fn a_file_and_those_below_it_may_import_each_other() {
    let graph = made_of(&[
        ("lib.rs", "pub mod a; pub mod b;"),
        ("a.rs", "mod part; use part::Part; pub struct Whole;"),
        ("a/part.rs", "use super::Whole; pub struct Part;"),
    ]);
    assert_eq!(graph.circles(), Vec::<String>::new());
}

#[test]
fn a_circle_is_told_with_its_files() {
    for (way, a, b) in [
        ("in one line", "use crate::b::B;", "use crate::a::A;"),
        (
            "in braces",
            "use crate::{\n    c::C,\n    b::{self, B},\n};",
            "pub(crate) use super::a::A as Other;",
        ),
        ("in a path", "fn f() -> crate::b::B {}", "fn g() { super::a::f() }"),
    ] {
        let graph = made_of(&[("lib.rs", ""), ("a.rs", a), ("b.rs", b), ("c.rs", "")]);
        let circles = graph.circles();
        assert_eq!(circles.len(), 1, "{way}: {circles:?}");
        assert!(circles[0].contains("one/a.rs -> one/b.rs"), "{way}: {circles:?}");
        assert!(circles[0].contains("one/b.rs -> one/a.rs"), "{way}: {circles:?}");
    }
}

#[test]
fn a_circle_through_a_part_counts() {
    let through_child = made_of(&[
        ("lib.rs", ""),
        ("a.rs", "mod part; use part::Part;"),
        ("a/part.rs", "use crate::b::B; use super::A;"),
        ("b.rs", "use crate::a::A;"),
    ]);
    assert_eq!(through_child.circles().len(), 1);
    let through_parent = made_of(&[
        ("lib.rs", ""),
        ("a.rs", "mod part; use part::Part; use crate::b::B;"),
        ("a/part.rs", ""),
        ("b.rs", "use crate::a::A;"),
    ]);
    assert_eq!(through_parent.circles().len(), 1);
}

#[test]
fn words_in_comments_and_texts_are_not_imports() {
    let graph = made_of(&[
        ("lib.rs", ""),
        (
            "a.rs",
            "//! use crate::b::B;\n/* use crate::b::B; */ const T: &str = \"use crate::b::B; \\\" crate::b::C\";",
        ),
        ("b.rs", "use crate::a::A; const R: &str = r#\"use \"crate::a::A;\"#; const C: char = '\"';"),
    ]);
    assert_eq!(graph.circles(), Vec::<String>::new());
}

#[test]
fn crates_have_layers() {
    let files = [
        ("low", "lib.rs".to_owned(), "pub mod ground;".to_owned()),
        ("low", "ground.rs".to_owned(), String::new()),
        ("high", "lib.rs".to_owned(), "use low::ground::Ground;".to_owned()),
    ];
    let graph = Graph::of(files);
    assert_eq!(graph.against(&["low", "high"]), Vec::<String>::new());
    assert_eq!(graph.against(&["high", "low"]), ["high/lib.rs -> low/ground.rs"]);
}
