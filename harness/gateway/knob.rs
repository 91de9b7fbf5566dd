//! The knobs: what the contract leaves open, each as a row with its values, and a run's settings.
//!
//! Where the documentation is silent or only shows an example, a check must not have an opinion of
//! its own; it asks here. Pure data and its reading; what a value leads to stands in the check.

use std::collections::BTreeMap;

use crate::run::source::Source;

macro_rules! words {
    ($($variant:ident $word:literal)*) => {
        /// A value of a knob. Knobs share words where they mean the same.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Choice {
            $(#[doc = concat!("`", $word, "`")] $variant,)*
        }

        impl Choice {
            /// The word, as it is written in settings.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

words! {
    Either "either"
    Any "any"
    Reject "reject"
    Ignore "ignore"
    Accept "accept"
    Forward "forward"
    Status400 "400"
    Status401 "401"
    Status403 "403"
    Status404 "404"
    Status4xx "4xx"
    Documented "documented"
    Synonyms "synonyms"
    Mirrors "mirrors"
    NotStarted "not_started"
    Required "required"
    Optional "optional"
    Integral "integral"
    Number "number"
    Complete "100"
    Media "media"
    Image "image"
    Utc "utc"
    Shanghai "utc+8"
}

macro_rules! knobs {
    ($($variant:ident { name: $name:literal, decides: $decides:literal, open: $open:literal, source: $source:expr, values: $values:expr $(,)? })*) => {
        /// What the contract leaves open, one at a time.
        #[expect(clippy::doc_markdown, reason = "the descriptions are also printed on terminals, without backticks")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Knob {
            $(#[doc = $decides] $variant,)*
        }

        impl Knob {
            /// Every knob, in the order they are listed.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Everything that is said about it.
            pub const fn row(self) -> &'static KnobRow {
                match self {
                    $(Self::$variant => {
                        const ROW: KnobRow = KnobRow { name: $name, decides: $decides, open: $open, source: $source, values: $values };
                        &ROW
                    })*
                }
            }
        }
    };
}

/// What is said about a knob.
#[derive(Debug)]
pub struct KnobRow {
    /// Stable name, in flags, files and reports.
    pub name: &'static str,
    /// What it decides, as a noun phrase.
    pub decides: &'static str,
    /// Why it is open, in our words.
    pub open: &'static str,
    /// The nearest page, and how much it says.
    pub source: Source,
    /// What it can be set to.
    pub values: Values,
}

/// What a knob can be set to.
#[derive(Debug)]
pub enum Values {
    /// One of these words, the default first, each with what a check then takes for right.
    Words(&'static [(Choice, &'static str)]),
    /// A time, with this default.
    Time(&'static str),
}

/// The values of a knob for one kind of callback URL.
const KIND: Values = Values::Words(&[
    (Choice::Either, "forwarded as it is, or refused with 4xx"),
    (Choice::Reject, "refused"),
    (Choice::Forward, "forwarded as it is"),
]);

knobs! {
    RootCallback {
        name: "root_callback",
        decides: "what a callback_url beside model leads to",
        open: "The page forbids it at the top of input only; a sibling gateway with the same paths wants it exactly there, so clients that move over send it, and wait forever if it is ignored.",
        source: Source::CALLBACKS.inferred(),
        values: Values::Words(&[
            (Choice::Reject, "the submit is refused"),
            (Choice::Ignore, "the job runs without a callback"),
            (Choice::Accept, "it is forwarded as if it stood in metadata"),
        ]),
    }
    WrongTypeCallback {
        name: "wrong_type_callback",
        decides: "what a callback_url that is a number, a list, an object or a boolean leads to",
        open: "The page shows a string and says nothing of other types; one known gateway core answers 500, which no value allows.",
        source: Source::CALLBACKS.inferred(),
        values: Values::Words(&[
            (Choice::Either, "refused with 4xx, ignored, or passed on as it is"),
            (Choice::Reject, "refused"),
        ]),
    }
    NullCallback {
        name: "null_callback",
        decides: "what a callback_url of null leads to",
        open: "Nothing is said of null; real clients send it for a field they leave unset.",
        source: Source::CALLBACKS.inferred(),
        values: Values::Words(&[
            (Choice::Either, "refused with 4xx, or a job without a callback"),
            (Choice::Reject, "refused"),
            (Choice::Ignore, "a job without a callback"),
        ]),
    }
    EmptyCallback {
        name: "empty_callback",
        decides: "what an empty callback_url leads to",
        open: "Nothing is said of the empty string; forwarded as it is, it is a URL that vendors refuse or never call.",
        source: Source::CALLBACKS.inferred(),
        values: Values::Words(&[
            (Choice::Either, "refused with 4xx, or a job without a callback"),
            (Choice::Reject, "refused"),
            (Choice::Ignore, "a job without a callback"),
            (Choice::Forward, "forwarded as it is"),
        ]),
    }
    RelativeCallback {
        name: "relative_callback",
        decides: "what a callback_url without scheme and host leads to",
        open: "The page asks users for a publicly reachable HTTPS URL and promises to forward the value as it is; whether the gateway examines it is not said.",
        source: Source::CALLBACKS.inferred(),
        values: KIND,
    }
    HttpCallback {
        name: "http_callback",
        decides: "what an http:// callback_url leads to",
        open: "The page says that most upstreams reject plain HTTP, not that the gateway does.",
        source: Source::CALLBACKS.inferred(),
        values: KIND,
    }
    PrivateCallback {
        name: "private_callback",
        decides: "what a callback_url with a private address leads to",
        open: "The page asks for a publicly reachable URL; sibling gateways refuse private addresses, others forward whatever they get.",
        source: Source::CALLBACKS.inferred(),
        values: KIND,
    }
    LongCallback {
        name: "long_callback",
        decides: "what a callback_url of more than 2,048 characters leads to",
        open: "No length is documented; a sibling gateway draws the line at 2,048 characters.",
        source: Source::CALLBACKS.inferred(),
        values: KIND,
    }
    UserInfoCallback {
        name: "user_info_callback",
        decides: "what a callback_url with user-info leads to",
        open: "Nothing is said of user:password@; such URLs are valid, and often refused.",
        source: Source::CALLBACKS.inferred(),
        values: KIND,
    }
    NonAsciiCallback {
        name: "non_ascii_callback",
        decides: "what a callback_url with characters beyond ASCII leads to",
        open: "Nothing is said of them; strictly they are not URIs, and most software takes them.",
        source: Source::CALLBACKS.inferred(),
        values: KIND,
    }
    HostDotCallback {
        name: "host_dot_callback",
        decides: "what a callback_url whose host ends with a dot leads to",
        open: "Nothing is said of absolute host names; they are valid, rare, and refused or rewritten by some software.",
        source: Source::CALLBACKS.inferred(),
        values: KIND,
    }
    PollingCallback {
        name: "polling_callback",
        decides: "what a callback_url with a polling-only model leads to",
        open: "The page says which vendors send callbacks, not what becomes of the URL with any other.",
        source: Source::CALLBACKS.inferred(),
        values: Values::Words(&[
            (Choice::Either, "refused with 4xx, or a job without a callback"),
            (Choice::Reject, "refused"),
            (Choice::Ignore, "a job without a callback"),
        ]),
    }
    RefusalStatus {
        name: "refusal_status",
        decides: "the HTTP status of a refused submit",
        open: "The pages say 400; many frameworks answer 422 to what they validate, which is a deviation unless it is allowed here.",
        source: Source::SUBMIT,
        values: Values::Words(&[
            (Choice::Status400, "400"),
            (Choice::Status4xx, "any 4xx but 401, 403, 404 and 429, which blame something else"),
        ]),
    }
    BadTokenStatus {
        name: "bad_token_status",
        decides: "the HTTP status for a missing or unknown key",
        open: "The pages name the bearer token and not what happens without a good one.",
        source: Source::SUBMIT.inferred(),
        values: Values::Words(&[
            (Choice::Either, "401 or 403"),
            (Choice::Status401, "401"),
            (Choice::Status403, "403"),
        ]),
    }
    ForeignTaskStatus {
        name: "foreign_task_status",
        decides: "the HTTP status for another client's task",
        open: "Not documented here; a sibling documents 403, a known gateway core finds nothing.",
        source: Source::STATUS.inferred(),
        values: Values::Words(&[
            (Choice::Either, "403 or 404"),
            (Choice::Status403, "403"),
            (Choice::Status404, "404"),
        ]),
    }
    ErrorType {
        name: "error_type",
        decides: "the type of a bad request's error",
        open: "One example shows invalid_request_error; no list of types is published.",
        source: Source::REFERENCE.shown(),
        values: Values::Words(&[
            (Choice::Documented, "invalid_request_error"),
            (Choice::Any, "any word"),
        ]),
    }
    ErrorCode {
        name: "error_code",
        decides: "the code of an error",
        open: "Both examples repeat the HTTP status; no sentence says that it always does.",
        source: Source::REFERENCE.shown(),
        values: Values::Words(&[
            (Choice::Mirrors, "the HTTP status"),
            (Choice::Any, "any number but 0 and 200"),
        ]),
    }
    FieldTypes {
        name: "field_types",
        decides: "what an allow-listed field of the wrong type leads to",
        open: "Types are documented, what happens to another type is not; some gateways convert.",
        source: Source::SUBMIT.inferred(),
        values: Values::Words(&[
            (Choice::Reject, "the submit is refused"),
            (Choice::Any, "anything but a 5xx"),
        ]),
    }
    FirstStatus {
        name: "first_status",
        decides: "the status in the answer to a submit",
        open: "Every example shows not_started; no sentence promises it.",
        source: Source::CALLBACKS.shown(),
        values: Values::Words(&[
            (Choice::NotStarted, "not_started"),
            (Choice::Any, "any documented word"),
        ]),
    }
    StatusWords {
        name: "status_words",
        decides: "the words of a status",
        open: "not_started, running and finished are shown, failed is implied; even a sibling's own client maps synonyms.",
        source: Source::STATUS.shown(),
        values: Values::Words(&[
            (Choice::Documented, "not_started, running, finished, failed"),
            (Choice::Synonyms, "also pending, queued, submitted; processing, in_progress; success, succeeded, completed; failure, error"),
        ]),
    }
    FailureReason {
        name: "failure_reason",
        decides: "the error_message of a failed status",
        open: "The field is shown as null and nowhere explained; that it says why a job failed is its name's promise.",
        source: Source::STATUS.inferred(),
        values: Values::Words(&[
            (Choice::Required, "a text that is not empty"),
            (Choice::Optional, "anything"),
        ]),
    }
    ProgressType {
        name: "progress_type",
        decides: "the form of progress",
        open: "One example shows the integer 42; 42.0 is the same number in JSON, fractions have been seen nowhere.",
        source: Source::STATUS.shown(),
        values: Values::Words(&[
            (Choice::Integral, "a whole number from 0 to 100, 42.0 included"),
            (Choice::Number, "any number from 0 to 100"),
        ]),
    }
    ProgressEnd {
        name: "progress_end",
        decides: "the progress of a finished job, if it has one",
        open: "No page says what progress ends at.",
        source: Source::STATUS.inferred(),
        values: Values::Words(&[
            (Choice::Complete, "100"),
            (Choice::Any, "anything that progress may be"),
        ]),
    }
    FileType {
        name: "file_type",
        decides: "the file_type of a result",
        open: "The page says that it is always image, for videos too, which reads like a mistake that may be corrected; a sibling was seen with other words.",
        source: Source::VIDEO,
        values: Values::Words(&[
            (Choice::Media, "image, video or audio"),
            (Choice::Image, "image"),
            (Choice::Any, "any word"),
        ]),
    }
    CreatedZone {
        name: "created_zone",
        decides: "the zone of a created_time that names none",
        open: "Every example lacks an offset and no page names the zone.",
        source: Source::CALLBACKS.shown(),
        values: Values::Words(&[
            (Choice::Any, "any zone that is in use"),
            (Choice::Utc, "UTC"),
            (Choice::Shanghai, "UTC+8, the operator's"),
        ]),
    }
    Settle {
        name: "settle",
        decides: "how long the status may lag behind the vendor",
        open: "Nothing is promised; gateways of this family learn results by a poll of their own, some only now and then.",
        source: Source::STATUS.inferred(),
        values: Values::Time("60s"),
    }
    Hang {
        name: "hang",
        decides: "how long a client may wait because a vendor does not answer",
        open: "Nothing is promised; vendors and the proxies before gateways commonly give up after a minute.",
        source: Source::STATUS.inferred(),
        values: Values::Time("60s"),
    }
}

impl Knob {
    /// The knob of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|knob| knob.row().name == name)
    }

    /// What it is without a setting; `None` for a knob that is a time.
    pub const fn default(self) -> Option<Choice> {
        match self.row().values {
            Values::Words(words) => Some(words[0].0),
            Values::Time(_) => None,
        }
    }
}

/// The settings of a run: whatever differs from the defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knobs(BTreeMap<Knob, Choice>);

impl Knobs {
    /// What a knob is set to. A time has its place elsewhere and is never asked for here.
    pub fn get(&self, knob: Knob) -> Choice {
        self.0.get(&knob).copied().or(knob.default()).unwrap_or(Choice::Any)
    }

    /// These settings with one more.
    #[must_use]
    pub fn with(mut self, knob: Knob, choice: Choice) -> Self {
        if knob.default() == Some(choice) {
            self.0.remove(&knob);
        } else {
            self.0.insert(knob, choice);
        }
        self
    }

    /// These settings with one more, in a user's words.
    ///
    /// # Errors
    /// When the knob does not have that value, with those it has.
    pub fn set(self, knob: Knob, word: &str) -> Result<Self, String> {
        let row = knob.row();
        let Values::Words(words) = row.values else {
            return Err(format!("the knob {} is a time", row.name));
        };
        match words.iter().find(|(choice, _)| choice.word() == word) {
            Some((choice, _)) => Ok(self.with(knob, *choice)),
            None => {
                let known: Vec<&str> = words.iter().map(|(choice, _)| choice.word()).collect();
                Err(format!("the knob {} is {}, not `{word}`", row.name, known.join(" or ")))
            }
        }
    }

    /// What differs from the defaults.
    pub fn changed(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().map(|(knob, choice)| (knob.row().name, choice.word()))
    }
}
