//! The glossary of CONTRIBUTING.md is complete: it has every word that names a public type of the harness, and every word that
//! the command line asks its users to know.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::sources;

/// Words that mean here what they mean everywhere: in English, in Rust, in HTTP.
#[rustfmt::skip]
const EVERYDAY: &[&str] = &[
    // Shapes that programs have.
    "beginning", "detail", "difference", "end", "environment", "error", "flag", "format", "group", "line", "lookup",
    "machine", "name", "option", "pattern", "port", "process", "progress", "random", "reader", "review", "row", "section",
    "setup", "shape", "style", "tally", "timeout", "tool", "update", "value",
    // HTTP, JSON and time.
    "address", "answer", "host", "key", "path", "pointer", "reply", "request", "schema", "state", "status", "time", "url",
    "when",
    // Abbreviations of the command line.
    "addr", "cmd", "dir", "id", "ip",
    // What a user may do, and how.
    "accept", "advertise", "allow", "bind", "color", "command", "completion", "concurrent", "config", "count", "deep",
    "describe", "exec", "explain", "factor", "finish", "for", "force", "from", "help", "init", "keep", "list", "listen",
    "man", "max", "minute", "model", "on", "only", "per", "poll", "print", "quiet", "rate", "ready", "result", "root",
    "shell", "skip", "speed", "start", "strict", "template", "test", "to", "verbose", "version", "within",
];

/// Types that are called after what was seen and not after what they are. To be emptied.
const NOT_YET: &[&str] =
    &["Configured", "Knock", "Lacks", "Missing", "Named", "NotSent", "Seen", "Taken", "Unreached"];

/// A word without its plural.
fn singular(word: &str) -> String {
    let word = word.to_ascii_lowercase();
    match word.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None if word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") => word,
        None => word.strip_suffix('s').unwrap_or(&word).to_owned(),
    }
}

/// The words that the glossary explains: the first cells of its table, several in one divided by commas.
fn glossary() -> BTreeSet<String> {
    let text = fs::read_to_string(sources::repository("CONTRIBUTING.md")).expect("a glossary");
    let table = text
        .lines()
        .skip_while(|line| *line != "## Words")
        .skip(1)
        .take_while(|line| !line.starts_with("## "));
    let cells = table.filter(|line| line.starts_with('|')).skip(2).filter_map(|line| line.split('|').nth(1));
    cells.flat_map(|cell| cell.split(',')).map(|word| singular(word.trim())).collect()
}

fn is_known(glossary: &BTreeSet<String>, word: &str) -> bool {
    let word = singular(word);
    glossary.contains(&word) || EVERYDAY.contains(&word.as_str())
}

/// `GatewayTarget` as `gateway target`.
fn phrase(name: &str) -> String {
    let mut phrase = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !phrase.is_empty() {
            phrase.push(' ');
        }
        phrase.extend(letter.to_lowercase());
    }
    phrase
}

/// The help of a command, and that of those below it.
fn helps(path: &[&str], found: &mut Vec<(String, String)>) {
    let output = Command::new(env!("CARGO_BIN_EXE_ringback"))
        .args(path)
        .arg("--help")
        .env_clear()
        .output()
        .expect("the command can be started");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let listed = text.lines().skip_while(|line| !line.starts_with("Usage:")).skip(1);
    let listed = listed.take_while(|line| !line.starts_with("Options:") && !line.starts_with("Examples:"));
    let below: Vec<String> = listed
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect();
    for name in below {
        helps(&[path, &[name.as_str()]].concat(), found);
    }
    found.push((path.join(" "), text));
}

/// The words that a help asks one to know: verbs, flags, and the names of their values.
fn words_of(command: &str, help: &str) -> BTreeSet<String> {
    let mut words: BTreeSet<String> = command.split_whitespace().map(str::to_owned).collect();
    let names = |text: &str| -> Vec<String> {
        text.split(|one: char| !one.is_ascii_alphabetic())
            .filter(|word| word.len() > 1)
            .map(str::to_owned)
            .collect()
    };
    for line in help.lines().map(str::trim_start).filter(|line| line.starts_with('-')) {
        // A dash and a space begin one of the values that a flag may have.
        if line.starts_with("- ") {
            continue;
        }
        let declared = line.split("  ").next().unwrap_or(line);
        words.extend(names(declared));
    }
    words
}

#[test]
fn the_glossary_has_every_word_that_names_a_type() {
    let glossary = glossary();
    assert!(glossary.len() > 40, "{glossary:?}");
    let mut missing = Vec::new();
    for file in sources::of("harness") {
        for (line, name) in file.public_types() {
            let phrase = phrase(name);
            let head = phrase.rsplit(' ').next().unwrap_or(&phrase);
            if !NOT_YET.contains(&name) && !glossary.contains(&phrase) && !is_known(&glossary, head) {
                missing.push(format!("{head} ({name} in {}:{line})", file.path));
            }
        }
    }
    assert!(missing.is_empty(), "not in CONTRIBUTING.md:\n{}", missing.join("\n"));
}

#[test]
fn the_glossary_has_every_word_of_the_command_line() {
    let glossary = glossary();
    let mut all = Vec::new();
    helps(&[], &mut all);
    assert!(all.len() > 10, "{} commands", all.len());
    let mut missing = BTreeSet::new();
    for (command, help) in &all {
        let words = words_of(command, help);
        missing.extend(
            words
                .iter()
                .filter(|word| !is_known(&glossary, word))
                .map(|word| format!("{word} (ringback {command})")),
        );
    }
    assert!(
        missing.is_empty(),
        "not in CONTRIBUTING.md:\n{}",
        missing.into_iter().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn everyday_words_are_not_in_the_glossary_too() {
    let glossary = glossary();
    let both: Vec<_> = EVERYDAY.iter().filter(|word| glossary.contains(**word)).collect();
    assert!(both.is_empty(), "{both:?}");
}

#[test]
fn words_are_taken_apart() {
    assert_eq!(phrase("GatewayTarget"), "gateway target");
    assert_eq!(
        ["knobs", "policies", "class", "status", "basis"].map(singular),
        ["knob", "policy", "class", "status", "basis"]
    );
    let words = words_of(
        "test gateway",
        "      --per-minute <VENDOR=TIME>  at most --this\n  -h, --help\n  text --no",
    );
    assert_eq!(
        words.into_iter().collect::<Vec<_>>(),
        ["TIME", "VENDOR", "gateway", "help", "minute", "per", "test"]
    );
}
