//! The control API of running mocks: what a person or a test asks them from outside.
//!
//! | call | does |
//! |---|---|
//! | `GET /healthz` | 200 as soon as every vendor listens |
//! | `GET /vendors` | names, addresses, dialects, tasks kept |
//! | `GET /tasks[?vendor=NAME]` | the newest 100 tasks of each vendor |
//! | `POST /tasks/{id}/advance` `{"to": "WORD"}` | moves a task: a state word or the name of an ending |
//! | `GET /rules`, `POST /rules`, `DELETE /rules` | rules, one a line as [`crate::rules`] reads them |
//! | `POST /options` `{"DIALECT.KNOB": "VALUE"}` | sets options from now on |
//! | `POST /reset` | forgets tasks, plans, callbacks on their way and the journal, and goes back to the rules and options of the start |
//! | `GET /journal[?after=SEQ]` | what was received and sent, a JSON object a line |
//!
//! Web pages are turned away: any page that a person on this machine looks at could otherwise send
//! these calls. Requests in, responses out; the sockets are `standalone`'s.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::account::VendorOptions;
use crate::dialect::Dialect;
use crate::dispatcher::Dispatcher;
use crate::journal::Journal;
use crate::machine::Machine;
use crate::mock::MockVendor;
use crate::record;
use crate::rules::Rule;
use crate::wire::{Headers, Request, Response};

/// Tasks listed of a vendor at most.
const TASKS_LISTED: usize = 100;
/// Last labels of names that nobody can register, so that no page can be served under them.
const UNOWNED: &[&str] = &["localhost", "test", "internal", "local"];

/// What the control API speaks for.
#[derive(Debug)]
pub struct ControlApi<'d> {
    /// The vendors.
    pub mocks: &'d [MockVendor],
    /// The record of all of them.
    pub journal: &'d Journal,
    /// Who sends their callbacks.
    pub dispatcher: &'d Dispatcher,
    /// The rules that a reset goes back to.
    pub rules: &'d [Rule],
    /// The options that a reset goes back to, in the order of the vendors.
    pub options: &'d [VendorOptions],
    /// Whether it listens on loopback, where only this machine's names for itself lead.
    pub is_local: bool,
}

impl ControlApi<'_> {
    /// Answers a request.
    pub fn answer(&self, request: &Request) -> Response {
        let path = request.path();
        if path != "/healthz" && self.is_from_a_page(request) {
            return refused(403, "web pages may not ask this; ask as a program, at an address or localhost");
        }
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

    /// Whether a web page may have sent this. What changes something comes from a page if it says from
    /// where; and a page whose own name was pointed at loopback says that name as the host.
    fn is_from_a_page(&self, request: &Request) -> bool {
        let header = |name| request.headers.get(name);
        let reads = matches!(request.method.as_str(), "GET" | "HEAD");
        let says_so =
            header("origin").is_some() || header("sec-fetch-site").is_some_and(|site| site != "none");
        !reads && says_so || self.is_local && header("host").is_some_and(may_be_a_page)
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
                let tasks = mock.with_machine(|machine| machine.tasks().len());
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
                let newest = machine.tasks().newest().take(TASKS_LISTED);
                newest
                    .map(|task| {
                        json!({
                            "vendor": name,
                            "id": task.id,
                            "dialect": task.draft.dialect.name,
                            "state": task.draft.dialect.word(task.phase).query,
                            "model": task.draft.model,
                            "prompt": task.draft.prompt,
                            "callback_url": task.draft.callback_url,
                            "created": task.created.to_string(),
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
            let dialect = mock.with_machine(|machine| machine.tasks().get(id).map(|task| task.draft.dialect));
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
                for rule in machine.tasks().rules() {
                    let _ = writeln!(all, "{} {rule}", mock.vendor());
                }
            });
        }
        all
    }

    /// One rule a line; a vendor's name in front keeps it to that vendor, and without one it is for those
    /// that have the names it uses. All or none are taken.
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
            for mock in about.into_iter().filter(|mock| rule.check(mock.vendor().dialects()).is_ok()) {
                mock.add_rule(rule.clone());
            }
        }
        Response::json(200, &json!({"added": added}))
    }

    /// All or none are set.
    fn set_knobs(&self, request: &Request) -> Response {
        let Some(Value::Object(options)) = request.json() else {
            return refused(400, "knobs are an object such as {\"ark.error-null\": \"on\"}");
        };
        let mut trial = VendorOptions::default();
        for (name, value) in &options {
            let Some(value) = value.as_str() else { return refused(400, "the value of a knob is a string") };
            if let Err(error) = trial.set(name, value) {
                return refused(400, &error.to_string());
            }
        }
        self.each(|machine| {
            for (name, value) in &options {
                // Tried above.
                let _ = machine.settings_mut().options.set(name, value.as_str().unwrap_or_default());
            }
        });
        Response::json(200, &json!({"set": options.len()}))
    }

    fn reset(&self) -> Response {
        for (mock, options) in self.mocks.iter().zip(self.options) {
            let rules = self.rules.iter().filter(|rule| rule.check(mock.vendor().dialects()).is_ok());
            mock.with_machine(|machine| {
                machine.forget_rules(|_| true);
                machine.reset();
                machine.settings_mut().options = options.clone();
                rules.for_each(|rule| machine.add_rule(rule.clone()));
            });
        }
        self.dispatcher.forget();
        self.journal.clear();
        Response::json(200, &json!({}))
    }
}

/// Whether a host may be the name of somebody's page: a name with dots that somebody can own.
fn may_be_a_page(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
    });
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let is_address = name.starts_with('[') || name.parse::<std::net::IpAddr>().is_ok();
    !is_address && name.rsplit_once('.').is_some_and(|(_, last)| !UNOWNED.contains(&last))
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
