//! The kinds of blocks there may be, and the rules of those that are neither run nor quoted.

use std::fs;
use std::process::Command;

use ringback::config::gateway::GatewayFlags;
use ringback::config::receiver::ReceiverFlags;
use ringback::config::{Environment, Secrets, Sources};

use crate::pages::Page;
use crate::session::steps;

/// What is done with a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// Its commands are run, and what they print is compared.
    Run,
    /// Its command is started, what it prints first is compared, and it runs on to the end of the page.
    RunOn,
    /// Its commands are not run; their flags must exist.
    Flags,
    /// It must be a valid `ringback.toml`.
    Configuration,
    /// It must be valid YAML; what it says is judged where the file is, in `tests/ci`.
    Yaml,
    /// It must be a quotation of a file that is compiled or run.
    Quotation,
    /// A drawing or a piece of data: nothing could be run.
    Drawing,
}

/// What may stand behind a fence, and why it is treated so. Whatever stands nowhere here is a mistake.
pub(crate) const KINDS: &[(&str, Treatment)] = &[
    ("console", Treatment::Run),
    // What stays in the foreground until somebody ends it.
    ("console running", Treatment::RunOn),
    // It reaches beyond this machine: a deployment, a registry, a container engine.
    ("console outside", Treatment::Flags),
    // It takes minutes: the steps of `.ci/run` run it.
    ("console long", Treatment::Flags),
    // It asks a person, or changes the sources.
    ("console by-hand", Treatment::Flags),
    ("toml", Treatment::Configuration),
    ("yaml", Treatment::Yaml),
    ("rust", Treatment::Quotation),
    ("python", Treatment::Quotation),
    ("js", Treatment::Quotation),
    ("json", Treatment::Quotation),
    ("text", Treatment::Drawing),
];

pub(crate) fn treatment(info: &str) -> Option<Treatment> {
    KINDS.iter().find(|(kind, _)| *kind == info).map(|(_, treatment)| *treatment)
}

/// Blocks of a kind that is not in the list, and commands where none are looked for.
pub(crate) fn unknown(page: &Page) -> Vec<String> {
    let mut wrong = Vec::new();
    for block in &page.blocks {
        match treatment(&block.info) {
            None => wrong.push(format!("{}: `{}` is no kind of block", block.place, block.info)),
            Some(Treatment::Drawing) if block.text.lines().any(|line| line.starts_with("$ ")) => {
                wrong.push(format!("{}: a command in a drawing would never be run", block.place));
            }
            Some(Treatment::Yaml) => {
                if let Err(error) = serde_saphyr::from_str::<serde_json::Value>(&block.text) {
                    wrong.push(format!("{}: {error}", block.place));
                }
            }
            Some(Treatment::Run | Treatment::RunOn | Treatment::Flags) if !block.text.starts_with("$ ") => {
                wrong.push(format!("{}: it begins with no command", block.place));
            }
            Some(_) => {}
        }
    }
    wrong
}

/// Configuration that the tool would not take, for either subject.
pub(crate) fn configuration(page: &Page) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut wrong = Vec::new();
    for block in page.blocks.iter().filter(|block| treatment(&block.info) == Some(Treatment::Configuration)) {
        let path = folder.path().join("ringback.toml");
        fs::write(&path, &block.text).expect("it can be written");
        // The keys that a deployment would need.
        let secrets =
            Secrets::read(|_| Some("whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=".to_owned()));
        let judged = Sources::read(Some(&path), Environment::default()).and_then(|sources| {
            sources.gateway(GatewayFlags::default(), secrets.clone())?;
            sources.receiver(ReceiverFlags::default(), &secrets)
        });
        if let Err(error) = judged {
            wrong.push(format!("{}: {error}", block.place));
        }
    }
    wrong
}

/// Commands of ours whose words the tool does not know, among those that are not run.
pub(crate) fn flags(page: &Page) -> Vec<String> {
    let shown = page.blocks.iter().filter(|block| treatment(&block.info) == Some(Treatment::Flags));
    let commands =
        shown.flat_map(|block| steps(&block.text).into_iter().map(move |step| (&block.place, step)));
    commands
        .filter_map(|(place, step)| {
            let words = step.command.strip_prefix("ringback ")?;
            // Help is given once every word before it was understood. A shell takes the words apart, as for a reader.
            let (words, _comment) = words.split_once(" #").unwrap_or((words, ""));
            let script = format!("'{}' {words} --help", env!("CARGO_BIN_EXE_ringback"));
            let output = Command::new("bash").args(["-c", &script]).output().expect("bash is there");
            (!output.status.success())
                .then(|| format!("{place}: {}", String::from_utf8_lossy(&output.stderr).trim()))
        })
        .collect()
}
