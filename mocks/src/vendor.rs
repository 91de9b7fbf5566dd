//! What a vendor is: its dialects as tables and one trait, and the registry.
//!
//! What a vendor *says* is its own file under `vendors/`; when things happen is `machine`.

use std::fmt;

use crate::client::Client;
use crate::jobs::Step;
use crate::machine::Api;
use crate::vendors;
use crate::wire::Request;

mod tables;
pub use tables::*;

/// Every vendor the mocks know. Adding one is its file and one line here.
const REGISTRY: &[&Profile] = &[
    &vendors::kling::PROFILE,
    &vendors::doubao::PROFILE,
    &vendors::minimax::PROFILE,
    &vendors::vidu::PROFILE,
];

/// One of the registered vendors.
#[derive(Clone, Copy)]
pub struct Vendor(&'static Profile);

impl Vendor {
    /// All vendors, in the order they are reported.
    pub fn all() -> impl Iterator<Item = Self> {
        REGISTRY.iter().map(|profile| Self(profile))
    }

    /// The vendor of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|vendor| vendor.name() == name)
    }

    /// Lower-case name used in flags, case names and, upper-cased, in environment variables.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// Name as people write it.
    pub const fn title(self) -> &'static str {
        self.0.title
    }

    /// The dialect the vendor's main model speaks.
    pub const fn main_dialect(self) -> &'static Dialect {
        self.0.dialects[0]
    }

    /// Every dialect the mock serves.
    pub const fn dialects(self) -> &'static [&'static Dialect] {
        self.0.dialects
    }

    /// The dialect a request is in, and its route. A path that no dialect knows is the main dialect's
    /// to refuse.
    pub fn routing(self, request: &Request) -> Routing<'_> {
        let path = request.path();
        let mut routing = Routing { dialect: self.main_dialect(), route: None, segment: "" };
        for dialect in self.dialects() {
            for route in dialect.routes {
                let Some(segment) = route.segment(path) else { continue };
                // Right path and wrong method: the dialect is known, the route is not.
                routing.dialect = dialect;
                if route.method == request.method {
                    return Routing { dialect, route: Some(route), segment };
                }
            }
        }
        routing
    }

    /// Name of an environment variable about this vendor, `RINGBACK_KLING_URL` for `URL`.
    pub fn variable(self, what: &str) -> String {
        format!("RINGBACK_{}_{what}", self.name().to_ascii_uppercase())
    }
}

impl PartialEq for Vendor {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Vendor {}

impl fmt::Debug for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A vendor's entry in the registry.
#[derive(Debug)]
pub struct Profile {
    /// See [`Vendor::name`].
    pub name: &'static str,
    /// See [`Vendor::title`].
    pub title: &'static str,
    /// Dialects, the main one first.
    pub dialects: &'static [&'static Dialect],
}

/// Where a request belongs.
#[derive(Clone, Copy, Debug)]
pub struct Routing<'r> {
    /// The dialect that answers.
    pub dialect: &'static Dialect,
    /// The route, if there is one for path and method.
    pub route: Option<&'static Route>,
    /// The segment that the route's braces stand for.
    pub segment: &'r str,
}

/// One generation of a vendor's API, as tables.
pub struct Dialect {
    /// Stable name, also the folder of its schemas and snapshots.
    pub name: &'static str,
    /// Model that a gateway routes to this dialect, unless configured otherwise.
    pub model: &'static str,
    /// How a caller proves who it is.
    pub auth: AuthScheme,
    /// Where the create body holds the callback URL (JSON Pointer).
    pub callback_url: &'static str,
    /// The calls it answers.
    pub routes: &'static [Route],
    /// The state words.
    pub words: &'static [Word],
    /// How a job can end.
    pub endings: &'static [Ending],
    /// How a call can be refused.
    pub refusals: &'static [Refusal],
    /// How callbacks are signed, timed and repeated.
    pub callbacks: CallbackRules,
    /// What can be set, besides `callback-timeout` and `callback-retries`, which every dialect has.
    pub knobs: &'static [Knob],
    /// How long results last.
    pub expiry: Expiry,
    /// Texts of the JSON Schemas of its documents.
    pub schemas: &'static [(Document, &'static str)],
    /// Valid creates, path and JSON body: at least one for each create route, the simplest first.
    pub creates: &'static [(&'static str, &'static str)],
    /// Request values that are valid at this vendor, for driving a gateway.
    pub sample: Sample,
    /// What a request asks to be created, if it is a create of this dialect; reads any create,
    /// whether or not the vendor would accept it.
    pub read_create: fn(&Request) -> Option<CreateSeen>,
    /// How a client speaks the dialect; used by the reference gateway.
    pub client: Client,
    /// What it answers.
    pub api: &'static dyn Api,
}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Dialect {
    /// The words for a phase.
    ///
    /// # Panics
    /// When the table lacks a phase the machine can reach; a test visits every one.
    pub fn word(&self, phase: Phase) -> &'static Word {
        self.words
            .iter()
            .find(|word| word.phase == phase)
            .unwrap_or_else(|| panic!("{} has no word for {phase:?}", self.name))
    }

    /// The phase a query word stands for.
    pub fn phase(&self, word: &str) -> Option<Phase> {
        self.words.iter().find(|row| row.query == word).map(|row| row.phase)
    }

    /// An ending by name.
    pub fn ending(&self, name: &str) -> Option<&'static Ending> {
        self.endings.iter().find(|ending| ending.name == name)
    }

    /// The move that a person means by a word: a state as a callback or a query says it, or the name of
    /// an ending.
    pub fn step(&self, word: &str) -> Option<Step> {
        if let Some(ending) = self.ending(word) {
            return Some(Step::End(ending));
        }
        let row = self.words.iter().find(|row| row.callback == Some(word) || row.query == word)?;
        if !row.phase.is_terminal() {
            return Some(Step::To(row.phase));
        }
        self.endings.iter().find(|ending| ending.phase == row.phase).map(Step::End)
    }

    /// A refusal by name.
    pub fn refusal(&self, name: &str) -> Option<&'static Refusal> {
        self.refusals.iter().find(|refusal| refusal.name == name)
    }

    /// Every knob: the two that each dialect has, then its own.
    pub fn all_knobs(&self) -> Vec<Knob> {
        let rules = &self.callbacks;
        let mut knobs = vec![
            Knob::row(
                "callback-timeout",
                "how long an attempt waits for an answer",
                Takes::Time,
                rules.timeout,
                rules.timeout_evidence,
                rules.source,
            ),
            Knob::row(
                "callback-retries",
                "pauses before each repetition of an undelivered terminal callback",
                Takes::Times,
                rules.retries,
                rules.retries_evidence,
                rules.source,
            ),
        ];
        knobs.extend(self.knobs.iter().map(|knob| Knob { ..*knob }));
        knobs
    }
}
