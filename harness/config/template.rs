//! The `ringback.toml` that `ringback init` writes: every setting, commented out, with what it is for.
//!
//! A table and its writer. `tests/init.rs` compares its keys with those that the configuration takes, and its
//! defaults with what happens without them, so that neither can be stale. Secrets have no place in it.

use std::fmt::Write as _;

use crate::gateway::knob::{Knob, Values};

/// Whose settings are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// `ringback test gateway`.
    Gateway,
    /// `ringback test receiver`.
    Receiver,
}

/// A setting: its key, its value, what it is for.
struct Setting {
    key: &'static str,
    value: Value,
    meaning: &'static str,
}

/// A value as TOML.
enum Value {
    /// What is so without it.
    Default(&'static str),
    /// One that it could have; nothing is so without it, or what is depends on the target.
    Example(&'static str),
}

/// A section, who reads it, and what it is about.
struct Section {
    name: &'static str,
    readers: &'static [Reader],
    about: &'static str,
    settings: &'static [Setting],
}

const ALL_VENDORS: &str = r#"["kling", "doubao", "minimax", "vidu"]"#;

const SECTIONS: &[Section] = &[
    Section {
        name: "gateway",
        readers: &[Reader::Gateway],
        about: "The gateway that is judged: at a url, or started by exec; without both, the embedded reference.",
        settings: &[
            example(
                "url",
                r#""http://127.0.0.1:8080""#,
                "one that runs; put a key that it accepts into RINGBACK_API_KEY",
            ),
            example(
                "exec",
                r#""python3 gateway.py""#,
                "a command that we start; it gets PORT and the mocks' addresses",
            ),
            default("vendors", ALL_VENDORS, "the vendors that it is judged with"),
            example(
                "models",
                r#"{ kling = "kling-v1" }"#,
                "model names that route to a vendor, where yours differ",
            ),
            example(
                "upstream",
                r#"{ kling = "127.0.0.1:9101" }"#,
                "where the gateway at url looks for a vendor; our mock listens there",
            ),
            default("root_callback", r#""reject""#, "the knob of that name, in a shorter way"),
            default("spend", "0", "jobs that a deployed gateway may accept, and bill, in a run"),
            example("rate", "5.0", "requests a second at most; 5 to a deployed gateway, else no limit"),
            example(
                "max_requests",
                "2000",
                "requests in all at most; 2000 to a deployed gateway, else no limit",
            ),
            example(
                "advertise",
                r#""https://my-tunnel.example.net""#,
                "public address that leads to our inbox, for live jobs",
            ),
            example(
                "bind",
                r#""127.0.0.1:8787""#,
                "where the inbox behind advertise listens; it is there without this",
            ),
        ],
    },
    Section {
        name: "receiver",
        readers: &[Reader::Receiver],
        about: "The receiver that is judged: at a url, at hooks, or started by exec; without all, the embedded reference.",
        settings: &[
            example("url", r#""http://127.0.0.1:8000/hooks/{vendor}""#, "where the vendors' callbacks go"),
            example(
                "exec",
                r#""python3 receiver.py""#,
                "a command that we start; it gets PORT, secrets and our gateway's address",
            ),
            default("vendors", ALL_VENDORS, "the vendors whose callbacks are sent"),
            example(
                "hooks",
                r#"{ kling = "http://127.0.0.1:8000/kling" }"#,
                "instead of url: an address for each vendor",
            ),
            default("path", r#""/hooks/{vendor}""#, "path of the hooks of exec"),
            default(
                "effects",
                r#""/effects/{id}""#,
                "where to see what the receiver did; with url there is no default",
            ),
            example("effects_command", r#""./effects {id}""#, "instead of effects: a command that prints it"),
            default("effects_count", r#""/count""#, "where the answer says how often the work was done"),
            default("effects_state", r#""/state""#, "where the answer says the last state"),
            default(
                "start",
                r#""/jobs""#,
                "what makes the receiver submit a job, by POST; with url there is no default",
            ),
            example(
                "gateway",
                r#""127.0.0.1:9100""#,
                "where the receiver at url looks for its gateway; ours listens there",
            ),
            default("deep", "false", "many more random schedules of trouble"),
            default("ack_limit", r#""5s""#, "how long the vendor waits for the answer to a callback"),
            default("settle", r#""5s""#, "how long the work may take after the answer; 10s elsewhere"),
            default(
                "answer",
                r#""10s""#,
                "how long one answer may take; 15s elsewhere, or as [patience] says",
            ),
            default("ready", r#""30s""#, "until exec listens, or as [patience] says"),
            default("poll_within", r#""10s""#, "how soon polling must notice an end; 60s elsewhere"),
            example("rate", "20.0", "requests a second at most; 20 to a receiver elsewhere, else no limit"),
            example(
                "max_requests",
                "20000",
                "requests in all at most; 20000 to a receiver elsewhere, else no limit",
            ),
        ],
    },
    Section {
        name: "run",
        readers: &[Reader::Gateway, Reader::Receiver],
        about: "Which cases, and how.",
        settings: &[
            example(
                "only",
                r#"["GW-CB-*"]"#,
                "judge these only: case names or requirement ids, * for any text",
            ),
            example("skip", r#"["gateway/live/*"]"#, "leave these out"),
            example("level", r#""must""#, "judge this level only: must or should"),
            example("shard", r#""1/4""#, "one of four parts of what the rest selects"),
            default("seed", "7", "of generated inputs"),
            default("strict", "false", "a violated SHOULD fails the run"),
            default("jobs", "48", "cases at once; 4 to a subject elsewhere"),
            example("snapshots", r#""snapshots/my-gateway""#, "where reviewed payloads of a gateway are"),
        ],
    },
    Section {
        name: "output",
        readers: &[Reader::Gateway, Reader::Receiver],
        about: "Where the reports of `ringback test` go, and how the one on the terminal looks.",
        settings: &[
            example("report", r#"["json=run.json", "junit=run.xml"]"#, "reports to write, each FORMAT=PATH"),
            default("format", r#""text""#, "what is printed"),
            default("color", r#""auto""#, "when the text is coloured: auto, always or never"),
            default("quiet", "false", "violations and the verdict only"),
            default("verbose", "false", "every case, and all that was exchanged in a violated one"),
        ],
    },
    Section {
        name: "patience",
        readers: &[Reader::Gateway, Reader::Receiver],
        about: "How long we wait. Only failures take this long.",
        settings: &[
            default(
                "answer",
                r#""10s""#,
                "for one answer; 30s of a deployed gateway, 15s of a receiver elsewhere",
            ),
            default("ready", r#""30s""#, "until exec listens"),
            example(
                "settle",
                r#""60s""#,
                "the knob settle of a gateway; of a receiver, if it sets no settle itself",
            ),
            default("finish", r#""15m""#, "until a live job ends"),
            default("hang", r#""60s""#, "the knob hang, in a shorter way"),
        ],
    },
    Section {
        name: "mock",
        readers: &[],
        about: "The mock vendors of `ringback mock`.",
        settings: &[
            default("vendors", ALL_VENDORS, "the vendors that are played"),
            example("ports", "{ kling = 9101 }", "where a vendor listens"),
            default("control", "9100", "port of the control API"),
            default("bind", r#""127.0.0.1""#, "address to listen on"),
            default(
                "course",
                r#""succeeded after 1s+4s""#,
                "how a task goes on: an ending after queue+work, or stay",
            ),
            example(
                "rules",
                r#"["prompt=storm: refuse moderation"]"#,
                "what becomes of some tasks; the first that fits counts",
            ),
            example("trouble", r#""duplicate=1 delay=3s""#, "what happens to callbacks on the way"),
            example(
                "knobs",
                r#"{ "ark.callback-retries" = "5s,5s,5s" }"#,
                "what a vendor is silent about; docs/vendors.md lists them",
            ),
            default("speed", "1.0", "how many times faster than documented everything happens"),
            example("concurrent", "10", "tasks that may run at once in an account; else no limit"),
            example("per_minute", "60", "creates a minute in an account; else no limit"),
            example(
                "journal",
                r#""journal.ndjson""#,
                "where everything received and sent is written, a JSON object a line",
            ),
            example(
                "allow_hosts",
                r#"["me.example.net"]"#,
                "hosts that callbacks may go to, too; else to loopback only",
            ),
            example(
                "results",
                r#""http://127.0.0.1:9101/results""#,
                "root of result URLs, one for all vendors",
            ),
            default("seed", "7", "of ids"),
        ],
    },
];

/// The file with every setting, or with those that one kind of subject is judged by.
pub fn text(reader: Option<Reader>) -> String {
    let mut text = String::from(
        "# Settings of Ringback. All are commented out: remove the # before one to set it. A value is what is so\n\
         # without it, unless it is called an example. Flags and RINGBACK_ variables win over this file, and secrets\n\
         # come from variables only. `ringback doctor` looks whether what is set can be judged.\n",
    );
    for Section { name, readers, about, settings } in SECTIONS {
        if reader.is_some_and(|reader| !readers.contains(&reader)) {
            continue;
        }
        let _ = write!(text, "\n# {about}\n[{name}]\n");
        for Setting { key, value, meaning } in *settings {
            let (value, kind) = match value {
                Value::Default(value) => (value, ""),
                Value::Example(value) => (value, " (an example)"),
            };
            let _ = writeln!(text, "# {meaning}{kind}\n#{key} = {value}");
        }
        if *name == "gateway" {
            knobs(&mut text);
        }
    }
    text.push_str(
        "\n# Known failures, a block for each with its reason. They still run, are listed apart, and do not fail the\n\
         # run (an example).\n\
         #[[expect]]\n\
         #pattern = \"gateway/callback-url/forwarded[vidu]\"\n\
         #reason = \"issue 12: our Vidu channel has no callback_url yet\"\n",
    );
    text
}

fn knobs(text: &mut String) {
    text.push_str("\n# What is taken for right where the contract is silent.\n[gateway.knobs]\n");
    for knob in Knob::ALL {
        let row = knob.row();
        let (default, all) = match row.values {
            Values::Words(words) => {
                let all: Vec<&str> = words.iter().map(|(choice, _)| choice.word()).collect();
                (all.first().copied().unwrap_or_default(), all.join(", "))
            }
            Values::Time(default) => (default, "a time".to_owned()),
        };
        let _ = writeln!(text, "# {}: {all}\n#{} = \"{default}\"", row.decides, row.name);
    }
}

const fn default(key: &'static str, value: &'static str, meaning: &'static str) -> Setting {
    Setting { key, value: Value::Default(value), meaning }
}

const fn example(key: &'static str, value: &'static str, meaning: &'static str) -> Setting {
    Setting { key, value: Value::Example(value), meaning }
}
