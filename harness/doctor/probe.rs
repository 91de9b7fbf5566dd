//! The rim of `ringback doctor`: looks at ports, commands, servers and clocks, each within a limit, so that
//! one which hangs costs nothing but its own line.
//!
//! What is sent is one GET without key, body or query: nothing that could start a job or be billed.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use futures_util::future::{join_all, select_ok};
use jiff::{SignedDuration, Timestamp};
use ringback_mocks::http::{HttpClient, LOOPBACK, NoAnswer};
use ringback_mocks::vendor::{Signing, Vendor};
use ringback_mocks::wire::{Request, Response};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use super::{Answer, Configured, Knock, Machine, Port, Seen, Unreached, lacks, names};
use crate::config::Secrets;
use crate::gateway::target::{GatewayReach, GatewayTarget};
use crate::receiver::effects::Probe;
use crate::receiver::target::{ReceiverReach, ReceiverTarget};
use crate::run::mode::Mode;
use crate::run::session::RunOptions;

/// What must be left for a connection and an answer when a name has been resolved.
const KEPT_FOR_ANSWER: Duration = Duration::from_millis(1_500);
/// In the form of a task id, and nobody's.
const STATUS: &str = "/api/generate/status/task_ringback0doctor000000000000";

/// Looks at this machine. `flags` are the variables that flags have.
pub fn machine(file: &Path, flags: &[String]) -> Machine {
    let text = std::fs::read_to_string(file).ok();
    let set = std::env::vars_os().filter(|(_, value)| !value.is_empty());
    let variables = names::variables(set.filter_map(|(name, _)| name.into_string().ok()), flags);
    let folder = std::env::temp_dir();
    let written = tempfile::tempfile_in(&folder).map(drop).map_err(|error| error.kind().to_string());
    Machine {
        file: text.is_some().then(|| file.display().to_string()),
        wrong: None,
        keys: text.as_deref().map(names::keys).unwrap_or_default(),
        variables: variables.read,
        strays: variables.strays,
        now: Timestamp::now(),
        temporary: (folder.display().to_string(), written),
    }
}

/// Looks at everything that a run against this gateway rests on, until the time is up.
pub async fn gateway(target: &GatewayTarget, options: &RunOptions, secrets: &Secrets, ends: Instant) -> Seen {
    let mut seen = Seen::unlooked("gateway");
    match lacks::gateway(target, options) {
        Ok(lacks) => seen.lacks = lacks,
        Err(wrong) => return Seen { configured: Configured::Wrong(wrong.to_string()), ..seen },
    }
    seen.configured = Configured::Target(target.describe());
    if target.mode() != Mode::Deployed {
        seen.ports.push(loopback("the mock vendors and the inbox"));
    }
    let inbox = target.live.iter().map(|live| listen("the inbox behind --advertise", live.bind, "--bind"));
    seen.ports.extend(inbox);
    match &target.reach {
        GatewayReach::Embedded { .. } => {}
        GatewayReach::Exec { command, .. } => {
            seen.commands.push((command.clone(), found(command, ends).await));
        }
        GatewayReach::Url { root, upstreams, .. } => {
            seen.ports.extend(upstreams.iter().map(|(vendor, address)| {
                listen(&format!("the mock of {}", vendor.title()), *address, "--upstream")
            }));
            seen.secrets = client_secrets(secrets);
            seen.knocks = vec![knock("the gateway", root, STATUS, ends).await];
        }
    }
    seen
}

/// Looks at everything that a run against this receiver rests on, until the time is up.
pub async fn receiver(
    target: &ReceiverTarget,
    options: &RunOptions,
    secrets: &Secrets,
    ends: Instant,
) -> Seen {
    let mut seen = Seen::unlooked("receiver");
    match lacks::receiver(target, options) {
        Ok(lacks) => seen.lacks = lacks,
        Err(wrong) => return Seen { configured: Configured::Wrong(wrong.to_string()), ..seen },
    }
    seen.configured = Configured::Target(without_queries(target));
    let mut doors: Vec<(&'static str, String, String)> = Vec::new();
    match &target.reach {
        ReceiverReach::Embedded { .. } => seen.ports.push(loopback("the gateway that we play")),
        ReceiverReach::Exec { command, .. } => {
            seen.ports.push(loopback("the gateway that we play"));
            seen.commands.push((command.clone(), found(command, ends).await));
        }
        ReceiverReach::Url { hooks, gateway, .. } => {
            let place = gateway.iter().map(|at| listen("the gateway that we play", *at, "--gateway"));
            seen.ports.extend(place);
            seen.secrets = signing_secrets(secrets, hooks.iter().map(|(vendor, _)| *vendor));
            doors.extend(hooks.iter().filter_map(|(_, hook)| parted("the receiver", hook)));
        }
    }
    match &target.probe {
        Some(Probe::Command { template, .. }) => {
            seen.commands.push((template.clone(), found(template, ends).await));
        }
        Some(Probe::Http { template, .. }) => doors.extend(parted("the effects probe", template)),
        None => {}
    }
    let mut places: Vec<(&'static str, String, String)> = Vec::new();
    for door in doors {
        if !places.iter().any(|(_, root, _)| *root == door.1) {
            places.push(door);
        }
    }
    seen.knocks = join_all(places.iter().map(|(purpose, root, path)| knock(purpose, root, path, ends))).await;
    seen
}

impl Seen {
    /// Nothing was looked at, because there is no target.
    pub fn without_target(subject: &'static str, configured: Configured, secrets: &Secrets) -> Self {
        let secrets = if subject == "gateway" {
            client_secrets(secrets)
        } else {
            signing_secrets(secrets, Vendor::all())
        };
        Self { configured, secrets, ..Self::unlooked(subject) }
    }

    fn unlooked(subject: &'static str) -> Self {
        Self {
            subject,
            configured: Configured::Wrong(String::new()),
            commands: Vec::new(),
            ports: Vec::new(),
            knocks: Vec::new(),
            secrets: Vec::new(),
            lacks: lacks::Lacks::default(),
        }
    }
}

/// Goes as far as a server lets us: name, connection, TLS, answer.
async fn knock(purpose: &'static str, root: &str, path: &str, ends: Instant) -> Knock {
    let answer = asked(root, path, ends).await;
    let url = Url::parse(root).map_or_else(|_| root.to_owned(), |url| url.origin().ascii_serialization());
    Knock { purpose, url, answer }
}

async fn asked(root: &str, path: &str, ends: Instant) -> Result<Answer, Unreached> {
    let url = Url::parse(root).map_err(|error| Unreached::Name(error.to_string()))?;
    let addresses = resolved(&url, ends).await?;
    let connections = addresses.into_iter().map(|address| Box::pin(TcpStream::connect(address)));
    match timeout_at(ends, select_ok(connections)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return Err(Unreached::Connection(error.to_string())),
        Err(_) => return Err(Unreached::Connection("nothing came back while we waited".to_owned())),
    }
    let left = ends.saturating_duration_since(Instant::now());
    match HttpClient::unpooled().send(root, &Request::get(path), left).await {
        Ok(answer) => Ok(Answer { status: Some(answer.status), ahead: ahead(&answer) }),
        Err(NoAnswer::Connect(why)) if url.scheme() == "https" => Err(Unreached::Tls(why)),
        Err(NoAnswer::Connect(why)) => Err(Unreached::Connection(why)),
        Err(NoAnswer::TimedOut(within)) => {
            Err(Unreached::Answer(format!("nothing complete came within {:.1} s", within.as_secs_f64())))
        }
        // It is there; what so long an answer is worth is for the checks to say.
        Err(NoAnswer::TooLong) => Ok(Answer { status: None, ahead: None }),
        Err(why @ NoAnswer::Broken(_)) => Err(Unreached::Answer(why.to_string())),
    }
}

async fn resolved(url: &Url, ends: Instant) -> Result<Vec<SocketAddr>, Unreached> {
    let port = url.port_or_known_default().unwrap_or(80);
    let name = match url.host() {
        Some(Host::Ipv4(ip)) => return Ok(vec![SocketAddr::new(ip.into(), port)]),
        Some(Host::Ipv6(ip)) => return Ok(vec![SocketAddr::new(ip.into(), port)]),
        Some(Host::Domain(name)) => name,
        None => return Err(Unreached::Name("there is no host in it".to_owned())),
    };
    let until = ends.checked_sub(KEPT_FOR_ANSWER).unwrap_or(ends);
    match timeout_at(until, tokio::net::lookup_host((name, port))).await {
        Ok(Ok(addresses)) => {
            let addresses: Vec<SocketAddr> = addresses.collect();
            if addresses.is_empty() { Err(Unreached::Name("no address".to_owned())) } else { Ok(addresses) }
        }
        Ok(Err(error)) => Err(Unreached::Name(error.to_string())),
        Err(_) => Err(Unreached::Name("no name server answered while we waited".to_owned())),
    }
}

/// How far the server's clock is ahead. A stored answer tells the time it was stored.
fn ahead(answer: &Response) -> Option<SignedDuration> {
    let date = answer.headers.get("date").filter(|_| answer.headers.get("age").is_none())?;
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(date.timestamp().duration_since(Timestamp::now()))
}

/// Whether the program that a line for a shell begins with is there, by the shell that would run it. What
/// only running the line could tell is taken to be right.
async fn found(line: &str, ends: Instant) -> Result<(), String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_assignment = |word: &&&str| word.split_once('=').is_some_and(|(name, _)| is_plain(name));
    let own_path = words.iter().any(|word| word.starts_with("PATH="));
    let mut words = words.iter().skip_while(is_assignment).skip_while(|word| **word == "exec").copied();
    let (program, argument) = (words.next(), words.next());
    let Some(program) = program.filter(|word| is_plain(word) && !own_path) else { return Ok(()) };
    let mut shell = tokio::process::Command::new("/bin/sh");
    shell.args(["-c", "command -v -- \"$1\" >/dev/null 2>&1", "sh", program]).kill_on_drop(true);
    shell.stdin(std::process::Stdio::null());
    match timeout_at(ends, shell.status()).await {
        Ok(Ok(status)) if !status.success() && program.contains('/') => {
            Err(format!("{program} is not there, or may not be run"))
        }
        Ok(Ok(status)) if !status.success() => Err(format!("there is no {program} on the PATH")),
        Ok(Err(error)) => Err(format!("no shell: {error}")),
        Ok(Ok(_)) | Err(_) => match argument.filter(|argument| is_script(program, argument)) {
            Some(script) if !Path::new(script).exists() => Err(format!("there is no file {script}")),
            _ => Ok(()),
        },
    }
}

/// Whether a word means itself to a shell.
fn is_plain(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|letter| letter.is_alphanumeric() || "/._-+".contains(letter))
}

/// Whether an interpreter takes this for the file to run.
fn is_script(program: &str, argument: &str) -> bool {
    const INTERPRETERS: &[&str] = &["python", "node", "ruby", "perl", "php", "bash", "sh"];
    const ENDINGS: &[&str] = &["py", "js", "mjs", "cjs", "rb", "pl", "php", "sh"];
    let name = program.rsplit('/').next().unwrap_or(program);
    let ending = Path::new(argument).extension().and_then(|ending| ending.to_str());
    INTERPRETERS
        .iter()
        .any(|one| name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.') == *one)
        && is_plain(argument)
        && ending.is_some_and(|ending| ENDINGS.contains(&ending))
}

/// A URL as scheme, host and port, and path; none for what is none, as a path of a receiver that we start.
fn parted(purpose: &'static str, url: &str) -> Option<(&'static str, String, String)> {
    let url = Url::parse(&url.replace("{id}", "ringback-doctor")).ok()?;
    Some((purpose, url.origin().ascii_serialization(), url.path().to_owned()))
}

/// The target in words, without what may be a token in the query of its hooks.
fn without_queries(target: &ReceiverTarget) -> String {
    let told = target.describe();
    let ReceiverReach::Url { hooks, .. } = &target.reach else { return told };
    hooks
        .iter()
        .filter_map(|(_, hook)| hook.split_once('?'))
        .fold(told, |told, (_, query)| told.replace(&format!("?{query}"), "?…"))
}

fn loopback(purpose: &str) -> Port {
    let free = TcpListener::bind(LOOPBACK).map(drop).map_err(|error| error.to_string());
    Port { purpose: purpose.to_owned(), address: LOOPBACK, flag: None, free }
}

fn listen(purpose: &str, address: SocketAddr, flag: &'static str) -> Port {
    let free = TcpListener::bind(address).map(drop).map_err(|error| error.to_string());
    Port { purpose: purpose.to_owned(), address, flag: Some(flag), free }
}

fn client_secrets(secrets: &Secrets) -> Vec<(String, bool, &'static str)> {
    vec![
        ("RINGBACK_API_KEY".to_owned(), secrets.key.is_some(), "a client's key, not sent now"),
        ("RINGBACK_OTHER_API_KEY".to_owned(), secrets.other_key.is_some(), "another client's, for isolation"),
    ]
}

fn signing_secrets(
    secrets: &Secrets,
    vendors: impl Iterator<Item = Vendor>,
) -> Vec<(String, bool, &'static str)> {
    let signs = |vendor: &Vendor| vendor.main_dialect().callbacks.signing != Signing::Unsigned;
    vendors
        .filter(signs)
        .map(|vendor| {
            let set = secrets.signing.iter().any(|(of, _)| *of == vendor);
            (vendor.variable("SECRET"), set, "signs its callbacks")
        })
        .collect()
}
