//! The control API of running mocks: what a person or a test asks them from outside.
//!
//! | call | does |
//! |---|---|
//! | `GET /healthz` | 200 as soon as every vendor listens |
//! | `GET /vendors` | names, addresses, dialects, tasks kept |
//! | `GET /tasks[?vendor=NAME]` | the newest 100 tasks |
//! | `POST /tasks/{id}/advance` `{"to": "WORD"}` | moves a task: a state word or the name of an ending |
//! | `GET /rules`, `POST /rules`, `DELETE /rules` | rules, one a line as [`crate::script`] reads them |
//! | `POST /knobs` `{"DIALECT.KNOB": "VALUE"}` | sets knobs from now on |
//! | `POST /reset` | forgets tasks, plans and the journal, and goes back to the rules of the start |
//! | `GET /journal[?after=SEQ]` | what was received and sent, a JSON object a line |
//!
//! Requests in, responses out; the sockets are `standalone`'s.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::journal::Journal;
use crate::machine::Machine;
use crate::mock::MockVendor;
use crate::record;
use crate::script::Rule;
use crate::vendor::Dialect;
use crate::wire::{Headers, Request, Response};

/// Tasks listed at most.
const TASKS_LISTED: usize = 100;

/// What the control API speaks for.
#[derive(Debug)]
pub struct Desk<'d> {
    /// The vendors.
    pub mocks: &'d [MockVendor],
    /// The record of all of them.
    pub journal: &'d Journal,
    /// The rules that a reset goes back to.
    pub rules: &'d [Rule],
}

impl Desk<'_> {
    /// Answers a request.
    pub fn answer(&self, request: &Request) -> Response {
        let path = request.path();
        match (request.method.as_str(), path) {
            ("GET" | "HEAD", "/healthz") => Response::json(200, &json!({"status": "ok"})),
            ("GET", "/vendors") => Response::json(200, &self.vendors()),
            ("GET", "/tasks") => Response::json(200, &self.tasks(request.query("vendor").as_deref())),
            ("GET", "/rules") => text(&self.written_rules()),
            ("POST", "/rules") => self.add_rules(&request.body),
            ("DELETE", "/rules") => {
                self.each(|machine| machine.forget_rules(|_| true));
                Response::json(200, &json!({}))
            }
            ("POST", "/knobs") => self.set_knobs(request),
            ("POST", "/reset") => self.reset(),
            ("GET", "/journal") => {
                let after = request.query("after").and_then(|seq| seq.parse().ok());
                text(&lines(self.journal, after))
            }
            ("POST", path) => match path
                .strip_prefix("/tasks/")
                .and_then(|rest| rest.strip_suffix("/advance"))
            {
                Some(id) => self.advance(id, request),
                None => refused(404, "no such call; see GET /vendors, /tasks, /rules, /journal, /healthz"),
            },
            _ => refused(404, "no such call; see GET /vendors, /tasks, /rules, /journal, /healthz"),
        }
    }

    fn each(&self, mut change: impl FnMut(&mut Machine)) {
        for mock in self.mocks {
            mock.with_machine(&mut change);
        }
    }

    fn vendors(&self) -> Value {
        let all: Vec<Value> = self
            .mocks
            .iter()
            .map(|mock| {
                let names: Vec<&str> = mock.vendor().dialects().iter().map(|dialect| dialect.name).collect();
                let tasks = mock.with_machine(|machine| machine.jobs().len());
                json!({"name": mock.vendor().name(), "url": mock.url(), "dialects": names, "tasks": tasks})
            })
            .collect();
        json!(all)
    }

    fn tasks(&self, vendor: Option<&str>) -> Value {
        let chosen = self.mocks.iter().filter(|mock| vendor.is_none_or(|name| mock.vendor().name() == name));
        let all = chosen.flat_map(|mock| {
            let name = mock.vendor().name();
            mock.with_machine(|machine| {
                let newest = machine.jobs().newest().take(TASKS_LISTED);
                newest
                    .map(|job| {
                        json!({
                            "vendor": name,
                            "id": job.id,
                            "dialect": job.draft.dialect.name,
                            "state": job.draft.dialect.word(job.phase).query,
                            "model": job.draft.model,
                            "prompt": job.draft.prompt,
                            "callback_url": job.draft.callback_url,
                            "created": job.created.to_string(),
                        })
                    })
                    .collect::<Vec<_>>()
            })
        });
        json!(all.collect::<Vec<Value>>())
    }

    fn advance(&self, id: &str, request: &Request) -> Response {
        let body = request.json().unwrap_or(Value::Null);
        let Some(word) = body["to"].as_str() else {
            return refused(400, "say where to: {\"to\": \"succeeded\"}");
        };
        for mock in self.mocks {
            let dialect = mock.with_machine(|machine| machine.jobs().get(id).map(|job| job.draft.dialect));
            let Some(dialect) = dialect else { continue };
            let Some(step) = dialect.step(word) else {
                return refused(
                    400,
                    &format!("{} has no state or ending `{word}`; {}", dialect.name, words(dialect)),
                );
            };
            return if mock.advance(id, step) {
                Response::json(200, &json!({"id": id, "to": word}))
            } else {
                refused(409, "the task has ended, or would have to go back")
            };
        }
        refused(404, &format!("no vendor here has a task {id}"))
    }

    fn written_rules(&self) -> String {
        let mut all = String::new();
        for mock in self.mocks {
            mock.with_machine(|machine| {
                for rule in machine.jobs().rules() {
                    let _ = writeln!(all, "{} {rule}", mock.vendor());
                }
            });
        }
        all
    }

    /// One rule a line; a vendor's name in front keeps it to that vendor. All or none are taken.
    fn add_rules(&self, body: &[u8]) -> Response {
        let text = String::from_utf8_lossy(body);
        let mut rules = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (mock, line) = self
                .mocks
                .iter()
                .find_map(|mock| Some((mock, line.strip_prefix(mock.vendor().name())?.strip_prefix(' ')?)))
                .map_or((None, line), |(mock, line)| (Some(mock), line));
            let about: Vec<&MockVendor> = self
                .mocks
                .iter()
                .filter(|one| mock.is_none_or(|mock| mock.vendor() == one.vendor()))
                .collect();
            let dialects: Vec<&'static Dialect> =
                about.iter().flat_map(|mock| mock.vendor().dialects().iter().copied()).collect();
            match line.parse::<Rule>().and_then(|rule| rule.check(&dialects).map(|()| rule)) {
                Ok(rule) => rules.push((about, rule)),
                Err(error) => return refused(400, &error.to_string()),
            }
        }
        let added = rules.len();
        for (about, rule) in rules {
            for mock in about {
                mock.rule(rule.clone());
            }
        }
        Response::json(200, &json!({"added": added}))
    }

    fn set_knobs(&self, request: &Request) -> Response {
        let Some(Value::Object(knobs)) = request.json() else {
            return refused(400, "knobs are an object such as {\"ark.error-null\": \"on\"}");
        };
        for (name, value) in &knobs {
            let Some(value) = value.as_str() else { return refused(400, "the value of a knob is a string") };
            let mut wrong = None;
            self.each(|machine| wrong = machine.settings_mut().knobs.set(name, value).err());
            if let Some(error) = wrong {
                return refused(400, &error.to_string());
            }
        }
        Response::json(200, &json!({"set": knobs.len()}))
    }

    fn reset(&self) -> Response {
        self.each(|machine| {
            machine.forget_rules(|_| true);
            machine.reset();
            for rule in self.rules {
                machine.rule(rule.clone());
            }
        });
        self.journal.clear();
        Response::json(200, &json!({}))
    }
}

/// The newest exchanges as JSON lines.
fn lines(journal: &Journal, after: Option<u64>) -> String {
    let mut all = String::new();
    for exchange in journal.newest().iter().filter(|exchange| after.is_none_or(|seq| exchange.seq > seq)) {
        let _ = writeln!(all, "{}", record::json(exchange));
    }
    all
}

fn words(dialect: &Dialect) -> String {
    let states = dialect.words.iter().map(|row| row.query);
    let endings = dialect.endings.iter().map(|row| row.name);
    let mut all: Vec<&str> = states.chain(endings).collect();
    all.dedup();
    format!("there are {}", all.join(", "))
}

fn text(body: &str) -> Response {
    let headers = Headers::from_iter([("content-type", "text/plain; charset=utf-8")]);
    Response { status: 200, headers, body: bytes::Bytes::from(body.to_owned()) }
}

fn refused(status: u16, why: &str) -> Response {
    Response::json(status, &json!({"error": why}))
}
