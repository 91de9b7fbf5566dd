//! The rooms of the harness stand on each other in one direction: `run`, `report` and what they read by at the bottom, the two
//! kinds of subject on them, what knows both kinds above, and the command line on top. No file stands in a circle, but with
//! those below it.

#[path = "../../mocks/tests/it/arrows/graph.rs"]
mod graph;

use graph::Graph;

use super::sources;

/// The folder of a crate, and the name it has in paths.
const HARNESS: (&str, &str) = ("harness", "ringback");

/// Which room is on which floor. A room that is not listed knows both kinds of subject.
const FLOORS: &[(&str, &[&str])] = &[
    ("ground", &["run", "report", "schema", "inspection"]),
    ("gateways", &["gateway"]),
    ("receivers", &["receiver"]),
    ("top", &["cli", "main", "lib"]),
];
/// The floor of rooms that are not listed.
const BOTH_KINDS: &str = "both_kinds";

/// What may name what, from the bottom. The kinds of subject are peers: neither may stand on the other.
const ORDERS: &[&[&str]] = &[
    &["ground", "gateways", "receivers", BOTH_KINDS, "top"],
    &["ground", "receivers", "gateways", BOTH_KINDS, "top"],
];

fn floor(room: &str) -> &'static str {
    FLOORS.iter().find(|(_, rooms)| rooms.contains(&room)).map_or(BOTH_KINDS, |(floor, _)| floor)
}

fn room(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap_or(path)
}

/// A graph in which each floor stands for a crate of its own: what was `crate::room` is `floor::room`.
fn floors(files: &[(String, String)], name: &str) -> Graph {
    let mut rooms: Vec<&str> = files.iter().map(|(path, _)| room(path)).collect();
    rooms.dedup();
    // A floor is found in paths if it has a root.
    let roots = ORDERS[0].iter().map(|floor| (*floor, "lib.rs".to_owned(), String::new()));
    Graph::of(roots.chain(files.iter().map(|(path, text)| {
        let mut text = one_by_one(text);
        for room in &rooms {
            for root in ["crate", name] {
                text = text.replace(&format!("{root}::{room}::"), &format!("{}::{room}::", floor(room)));
                text = text.replace(&format!("{root}::{room};"), &format!("{}::{room};", floor(room)));
            }
        }
        (floor(room(path)), path.clone(), text)
    })))
}

/// The text with `use crate::{one, two};` as a line for each, so that `crate::room` is all there is to look for.
fn one_by_one(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        let list = line.trim().strip_prefix("use ").and_then(|path| path.strip_suffix("};"));
        match list.and_then(|path| path.split_once("::{")) {
            Some((root, list)) if !root.contains("::") && !list.contains('{') => {
                let each = list.split(',').map(|item| format!("use {root}::{};\n", item.trim()));
                lines.extend(each);
            }
            _ => {
                lines.push_str(line);
                lines.push('\n');
            }
        }
    }
    lines
}

/// The arrows that run back.
fn back(files: &[(String, String)], name: &str) -> Vec<String> {
    let graph = floors(files, name);
    let mut wrong: Vec<String> = ORDERS.iter().flat_map(|order| graph.against(order)).collect();
    wrong.sort();
    wrong.dedup();
    wrong
}

/// The files of a crate, by their paths below its folder.
fn files(folder: &str) -> Vec<(String, String)> {
    let below = |path: &str| path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/').to_owned();
    sources::of(folder).into_iter().map(|file| (below(&file.path), file.text)).collect()
}

#[test]
fn no_circle() {
    let (folder, name) = HARNESS;
    let graph = Graph::read(&[(name, &sources::repository(folder))]);
    assert!(graph.len() > 100, "only {} files were found", graph.len());
    let circles = graph.circles();
    assert!(circles.is_empty(), "{}", circles.join("\n\n"));
}

#[test]
fn no_arrow_runs_back() {
    let (folder, name) = HARNESS;
    let files = files(folder);
    let wrong = back(&files, name);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_arrow_back_is_found() {
    let made = |path: &str, text: &str| {
        let rooms = ["run.rs", "gateway.rs", "receiver.rs", "listing.rs", "cli.rs"];
        let mut files: Vec<(String, String)> =
            rooms.iter().map(|room| ((*room).to_owned(), String::new())).collect();
        files.push((path.to_owned(), text.to_owned()));
        back(&files, "ringback")
    };
    for (path, text, arrow) in [
        ("run/plan.rs", "use crate::gateway::Gateway;", "ground/run/plan.rs -> gateways/gateway.rs"),
        ("run/plan.rs", "fn f() { crate::listing::text() }", "ground/run/plan.rs -> both_kinds/listing.rs"),
        ("gateway/a.rs", "use crate::receiver::Receiver;", "gateways/gateway/a.rs -> receivers/receiver.rs"),
        ("receiver/a.rs", "use crate::gateway::Gateway;", "receivers/receiver/a.rs -> gateways/gateway.rs"),
        ("listing/a.rs", "use crate::cli;", "both_kinds/listing/a.rs -> top/cli.rs"),
        ("listing/a.rs", "use crate::{run, cli};", "both_kinds/listing/a.rs -> top/cli.rs"),
    ] {
        assert_eq!(made(path, text), [arrow], "{path}: {text}");
    }
    for (path, text) in [
        ("gateway/a.rs", "use crate::run::plan; use super::b::B;"),
        ("listing/a.rs", "use crate::gateway::Gateway; use crate::receiver::Receiver;"),
        ("cli/a.rs", "use ringback::listing; use crate::cli;"),
        ("run/a.rs", "// use crate::gateway::Gateway;\nconst TEXT: &str = \"crate::gateway::Gateway\";"),
    ] {
        assert_eq!(made(path, text), [""; 0], "{path}: {text}");
    }
}
