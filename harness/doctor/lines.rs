//! Each fact as a line: how it stands, what was seen, what to do about it. Pure.

use jiff::{SignedDuration, Timestamp};

use super::{Configured, Knock, Line, Machine, Mark, Port, Seen, Unreached};

/// Beyond this a `Date` that has whole seconds and a way behind it is no rounding any more.
const SKEW_MAX: SignedDuration = SignedDuration::from_secs(5);
/// No clock that is right says an earlier time: this was written later.
const WRITTEN: Timestamp = Timestamp::constant(1_764_000_000, 0);
/// Ids that are shown of requirements that cannot be judged; the JSON has all.
const SHOWN_IDS: usize = 3;

/// Of this machine.
pub(super) fn machine(machine: &Machine) -> Vec<Line> {
    let mut lines = vec![line(Mark::Ok, "settings", settings(machine))];
    lines.extend(machine.wrong.iter().map(|why| {
        remedied(
            Mark::Wrong,
            "settings",
            why.clone(),
            "`ringback init --print` shows what there is".to_owned(),
        )
    }));
    lines.extend(machine.strays.iter().map(|(name, meant)| {
        let says = format!("{name} is set, and nothing reads it");
        remedied(Mark::Warn, "settings", says, format!("did you mean {meant}?"))
    }));
    let now = machine.now.strftime("%Y-%m-%d %H:%M:%S UTC");
    lines.push(if machine.now < WRITTEN {
        let says = format!("this machine says that it is {now}, which is long ago");
        let remedy = "set its clock: signatures and certificates are judged by it".to_owned();
        remedied(Mark::Warn, "clock", says, remedy)
    } else {
        line(Mark::Ok, "clock", now.to_string())
    });
    let (folder, written) = &machine.temporary;
    lines.push(match written {
        Ok(()) => line(Mark::Ok, "temporary", format!("{folder} can be written to")),
        Err(why) => {
            let says = format!("{folder} cannot be written to: {why}");
            remedied(
                Mark::Warn,
                "temporary",
                says,
                "name another with TMPDIR: subjects often need one".to_owned(),
            )
        }
    });
    lines
}

/// Of one subject.
pub(super) fn subject(seen: &Seen) -> Vec<Line> {
    let mut lines = vec![configured(seen)];
    lines.extend(seen.commands.iter().map(command));
    lines.extend(seen.ports.iter().map(port));
    lines.extend(seen.knocks.iter().map(knock));
    lines.extend(secrets(seen));
    lines.extend(seen.knocks.iter().filter_map(clock));
    lines.extend(lacking(seen));
    lines
}

fn line(mark: Mark, what: &'static str, says: String) -> Line {
    Line { mark, what, says, remedy: None }
}

fn remedied(mark: Mark, what: &'static str, says: String, remedy: String) -> Line {
    Line { mark, what, says, remedy: Some(remedy) }
}

fn settings(machine: &Machine) -> String {
    let file = match (&machine.file, machine.keys.as_slice()) {
        (None, _) => "no ringback.toml".to_owned(),
        (Some(file), []) => format!("{file}, which sets nothing"),
        (Some(file), keys) => format!("{file} ({})", keys.join(", ")),
    };
    let variables = match machine.variables.as_slice() {
        [] => "no RINGBACK_ variable".to_owned(),
        some => some.join(", "),
    };
    format!("flags, then {variables}, then {file}")
}

fn configured(seen: &Seen) -> Line {
    match &seen.configured {
        Configured::Target(target) => line(Mark::Ok, "target", target.clone()),
        Configured::Wrong(why) => {
            let remedy = format!(
                "see `ringback test {} --help`, or `ringback init --print` for the file",
                seen.subject
            );
            remedied(Mark::Wrong, "target", why.clone(), remedy)
        }
        Configured::Slow(within) => remedied(
            Mark::Blocked,
            "target",
            format!(
                "a name in the configuration was not resolved within {within:?}; the rest was not looked at"
            ),
            "write an address instead of the name, or look at this machine's name servers".to_owned(),
        ),
    }
}

fn command((command, found): &(String, Result<(), String>)) -> Line {
    match found {
        Ok(()) => line(Mark::Ok, "command", format!("`{command}`: its program is there; it was not started")),
        Err(why) => remedied(
            Mark::Blocked,
            "command",
            format!("`{command}` cannot start: {why}"),
            "install it, or write where it is, as seen from this folder".to_owned(),
        ),
    }
}

fn port(port: &Port) -> Line {
    let Port { purpose, address, flag, free } = port;
    match (free, flag) {
        (Ok(()), Some(_)) => line(Mark::Ok, "port", format!("{address} is free, for {purpose}")),
        (Ok(()), None) => line(Mark::Ok, "port", format!("{} gives free ports, for {purpose}", address.ip())),
        (Err(why), Some(flag)) => remedied(
            Mark::Blocked,
            "port",
            format!("{address} cannot be listened on, for {purpose}: {why}"),
            format!("end what listens there, or name another place with {flag}"),
        ),
        (Err(why), None) => remedied(
            Mark::Blocked,
            "port",
            format!("{} gives no port, for {purpose}: {why}", address.ip()),
            "look at the limits of this machine or container".to_owned(),
        ),
    }
}

fn knock(knock: &Knock) -> Line {
    let Knock { purpose, url, answer } = knock;
    let unreached = |says: String, remedy: &str| remedied(Mark::Blocked, "reach", says, remedy.to_owned());
    match answer {
        Err(Unreached::Name(why)) => unreached(
            format!("{purpose} at {url}: its name does not resolve: {why}"),
            "look at the spelling of the host, and at this machine's name servers",
        ),
        Err(Unreached::Connection(why)) => unreached(
            format!("{purpose} at {url}: no connection: {why}"),
            "start it, or look at host, port and firewall",
        ),
        Err(Unreached::Tls(why)) => unreached(
            format!("{purpose} at {url}: a connection, and no TLS on it: {why}"),
            "look at its certificate, or write http:// if it has none",
        ),
        Err(Unreached::Answer(why)) => unreached(
            format!("{purpose} at {url}: a connection, and no HTTP answer on it: {why}"),
            "look whether it hangs, and whether it is the right port",
        ),
        Ok(answer) => match answer.status {
            None => {
                line(Mark::Ok, "reach", format!("{purpose} at {url} answers, at more length than is read"))
            }
            Some(status @ (301 | 308)) => unreached(
                format!(
                    "{purpose} at {url} has moved for good (HTTP {status}), and redirects are not followed"
                ),
                "give its new address",
            ),
            Some(status @ 502..=504) => remedied(
                Mark::Warn,
                "reach",
                format!(
                    "{purpose} at {url} answers HTTP {status}: something before it does, and says that it is down"
                ),
                "start what is behind it".to_owned(),
            ),
            Some(status) => {
                line(Mark::Ok, "reach", format!("{purpose} at {url} answers (HTTP {status} without a key)"))
            }
        },
    }
}

fn secrets(seen: &Seen) -> Option<Line> {
    if seen.secrets.is_empty() {
        return None;
    }
    let told = seen.secrets.iter().map(|(name, set, purpose)| {
        format!("{name} ({purpose}) is {}", if *set { "set" } else { "not set" })
    });
    let mark = if seen.secrets.iter().all(|(_, set, _)| *set) { Mark::Ok } else { Mark::Note };
    Some(line(mark, "secrets", told.collect::<Vec<_>>().join("; ")))
}

fn clock(knock: &Knock) -> Option<Line> {
    let ahead = knock.answer.as_ref().ok()?.ahead?;
    let far = ahead.abs().as_secs();
    let url = &knock.url;
    if ahead.abs() <= SKEW_MAX {
        return Some(line(
            Mark::Ok,
            "clock",
            format!("{url} tells our time, within {} s", SKEW_MAX.as_secs()),
        ));
    }
    let side = if ahead.is_negative() { "behind" } else { "ahead of" };
    Some(remedied(
        Mark::Warn,
        "clock",
        format!("{url} is {far} s {side} this machine: signatures may be taken for old or from the future"),
        "set the clock that is wrong".to_owned(),
    ))
}

fn lacking(seen: &Seen) -> Vec<Line> {
    let lacks = &seen.lacks;
    if lacks.cases == 0 {
        return Vec::new();
    }
    let says = format!(
        "{} of {} cases can be judged, of {} of {} requirements, as far as is known without trying",
        lacks.judgeable(),
        lacks.cases,
        lacks.judgeable_requirements,
        lacks.requirements,
    );
    let head = if lacks.judgeable() == 0 {
        let remedy = "see below what would make some judgeable".to_owned();
        remedied(Mark::Blocked, "cases", says, remedy)
    } else {
        line(Mark::Ok, "cases", says)
    };
    let mut lines = vec![head];
    if lacks.nothing_submitted {
        let says = "of these, those that submit something which must be refused cannot, either:";
        let remedy = "nothing is submitted with --spend 0; --spend 1 lets them, and a refusal costs nothing";
        lines.push(remedied(Mark::Note, "cases", says.to_owned(), remedy.to_owned()));
    }
    lines.extend(lacks.missing.iter().map(|one| {
        let shown = one.requirements.iter().take(SHOWN_IDS).copied().collect::<Vec<_>>().join(", ");
        let more = one.requirements.len().saturating_sub(SHOWN_IDS);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        remedied(Mark::Note, "cases", format!("{} cannot, of {shown}{more}:", one.cases), one.why.clone())
    }));
    lines
}
