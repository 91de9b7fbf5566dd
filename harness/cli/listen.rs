//! `ringback listen`: receives callbacks, says what each is, and keeps them as fixtures.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::inspection::{self, CallbackInspection};
use crate::run::mask::Mask;
use jiff::Timestamp;
use ringback_mocks::http::Server;
use ringback_mocks::record;
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Request, Response, Secret};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Problem, UNDECIDED, block_on, interrupted, print, secrets};

/// Callbacks that wait to be written; a flood beyond that waits for its answer.
const WAITING_MAX: usize = 1_024;

/// The subcommand.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000", env = "RINGBACK_LISTEN_BIND")]
    bind: SocketAddr,
    /// Keep every callback in this folder, a file each
    #[arg(long, value_name = "DIR", env = "RINGBACK_LISTEN_KEEP")]
    keep: Option<PathBuf>,
    /// End after so many; exit code 1 if one of them was bad
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Answer with this status
    #[arg(long, value_name = "STATUS", default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..=599))]
    answer: u16,
    /// How to print
    #[arg(long, value_enum, default_value = "text", env = "RINGBACK_FORMAT")]
    format: super::Format,
}

/// Receives until it has enough or somebody stops it.
pub(super) fn run(arguments: &Arguments) -> Result<u8, Problem> {
    let could_not = |what: String| Problem { code: UNDECIDED, message: what };
    if let Some(folder) = &arguments.keep {
        std::fs::create_dir_all(folder)
            .map_err(|error| could_not(format!("cannot make {}: {error}", folder.display())))?;
    }
    block_on(async {
        let (sender, mut arrivals) = mpsc::channel::<(Request, CallbackInspection)>(WAITING_MAX);
        let status = arguments.answer;
        let secrets = Arc::new(held());
        let mask = secrets::mask(&[]);
        let server = Server::bind(arguments.bind, move |request| {
            let (sender, secrets) = (sender.clone(), Arc::clone(&secrets));
            async move {
                let of = |vendor: Vendor| {
                    secrets.iter().filter(|(of, _)| *of == vendor).map(|(_, secret)| secret.clone()).collect()
                };
                let receipt = inspection::examine(&request, of, Timestamp::now());
                let response = answer(status, &receipt);
                // Fails only when we are about to end.
                let _ = sender.send((request, receipt)).await;
                response
            }
        })
        .await
        .map_err(|error| could_not(format!("cannot listen on {}: {error}", arguments.bind)))?;
        print(&format!("listening on {}\n", server.url()))?;
        let mut seen = 0;
        let mut bad = false;
        loop {
            tokio::select! {
                Some((request, receipt)) = arrivals.recv() => {
                    seen += 1;
                    bad |= receipt.is_bad();
                    print(&described(&request, &receipt, arguments.format, &mask))?;
                    if let Some(folder) = &arguments.keep {
                        keep(folder, seen, &request, &receipt, &mask).map_err(could_not)?;
                    }
                    if arguments.count.is_some_and(|most| seen >= most) {
                        return Ok(u8::from(bad));
                    }
                }
                _ = interrupted() => return Ok(u8::from(bad)),
            }
        }
    })?
}

/// Kling's and Vidu's secrets, several with commas between them.
fn held() -> Vec<(Vendor, Secret)> {
    Vendor::all()
        .flat_map(|vendor| {
            let text = std::env::var(vendor.variable("SECRET")).unwrap_or_default();
            let parts: Vec<String> =
                text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect();
            parts.into_iter().map(move |part| (vendor, Secret::new(part)))
        })
        .collect()
}

fn answer(status: u16, receipt: &CallbackInspection) -> Response {
    match &receipt.challenge {
        Some(value) => Response::json(status, &json!({"challenge": value})),
        None => Response::json(status, &json!({"received": true})),
    }
}

fn described(request: &Request, receipt: &CallbackInspection, format: super::Format, mask: &Mask) -> String {
    let dialect = receipt.dialect.map(|dialect| dialect.name);
    let violations: Vec<String> = receipt.violations.iter().map(ToString::to_string).collect();
    if format == super::Format::Json {
        let mut line = json!({
            "dialect": dialect,
            "task": receipt.task,
            "state": receipt.state,
            "challenge": receipt.challenge.is_some(),
            "signature": receipt.signature.words(),
            "violations": violations,
            "request": record::request(request),
        });
        secrets::hide(&mut line, mask);
        return format!("{line}\n");
    }
    let what = match (dialect, &receipt.challenge) {
        (_, Some(_)) => "minimax challenge, echoed".to_owned(),
        (Some(name), None) => format!(
            "{name} {} {}; {}; {}",
            receipt.state.as_deref().unwrap_or("?"),
            receipt.task.as_deref().unwrap_or("?"),
            receipt.signature.words(),
            if violations.is_empty() { "body as documented" } else { "BODY NOT AS DOCUMENTED" },
        ),
        (None, None) => "no vendor's callback".to_owned(),
    };
    let mut text = printable(&format!("{} {} {what}", request.method, request.target));
    text.push('\n');
    for violation in violations {
        let _ = writeln!(text, "    {}", printable(&violation));
    }
    mask.text(&text)
}

/// One line that cannot steer a terminal.
fn printable(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn keep(
    folder: &Path,
    number: u64,
    request: &Request,
    receipt: &CallbackInspection,
    mask: &Mask,
) -> Result<(), String> {
    let dialect = receipt.dialect.map_or("unknown", |dialect| dialect.name);
    let word = |text: &str| text.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    let state = match &receipt.challenge {
        Some(_) => "challenge".to_owned(),
        None => word(receipt.state.as_deref().unwrap_or("none")),
    };
    let mut fixture = record::request(request);
    fixture["body"] = request.json().unwrap_or_else(|| Value::from(String::from_utf8_lossy(&request.body)));
    secrets::hide(&mut fixture, mask);
    let text = format!("{fixture:#}\n");
    // What an earlier run kept stays: the next free number is taken.
    for number in number.. {
        let path = folder.join(format!("{number:04}-{dialect}-{state}.json"));
        let made = std::fs::File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map_err(|error| format!("cannot write {}: {error}", path.display())),
        }
    }
    Ok(())
}
