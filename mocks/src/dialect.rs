//! A dialect: one generation of a vendor's API, as tables of rows and what is looked up in them.
//!
//! Only data, each row with how sure it is and who says so; the rows themselves stand in the vendor's
//! own file. How a dialect answers is [`crate::api`], and which vendor speaks it is [`crate::vendor`].

use std::fmt;

use crate::client::Client;
use crate::wire::Request;

mod callbacks;
pub(crate) mod tables;
pub use callbacks::*;
pub use tables::*;

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
    /// How a task can end.
    pub endings: &'static [Ending],
    /// How a call can be refused.
    pub refusals: &'static [Refusal],
    /// How callbacks are signed, timed and repeated.
    pub callbacks: CallbackRules,
    /// How a callback URL is examined inside the create call, if it is.
    pub challenge: Option<ChallengeRule>,
    /// What can be set, besides `callback-timeout` and `callback-retries`, which every dialect has.
    pub options: &'static [VendorOption],
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
        Word::of(self.words, phase)
    }

    /// The phase a query word stands for.
    pub fn phase(&self, word: &str) -> Option<Phase> {
        Word::phase_of(self.words, word)
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

    /// Every option: the two that each dialect has, then its own.
    pub fn all_options(&self) -> Vec<VendorOption> {
        let rules = &self.callbacks;
        let mut options = vec![
            VendorOption::row(
                "callback-timeout",
                "how long an attempt waits for an answer",
                Takes::Time,
                rules.timeout,
                rules.timeout_evidence,
                rules.source,
            ),
            VendorOption::row(
                "callback-retries",
                "pauses before each repetition of an undelivered terminal callback",
                Takes::Times,
                rules.retries,
                rules.retries_evidence,
                rules.source,
            ),
        ];
        options.extend(self.options.iter().map(|option| VendorOption { ..*option }));
        options
    }
}
