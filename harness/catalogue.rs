//! The requirement catalogue: what is demanded, by whom, and what proves that we would notice.
//!
//! Entries live beside their checks, one file a chapter; this room holds their shape, the registry
//! of chapters and the rules no entry may break. It runs nothing.

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use ringback_reference::deviation::Mutant;
use ringback_reference::gateway::Gateway as Reference;

use crate::bench::{Bench, Workbench};
use crate::checks;
use crate::knob::Knob;
use crate::outcome::{Level, Stop};
use crate::receiver::Receiver;

/// A kind of subject: what its requirements, its checks and their proofs are made of.
pub trait Kind: Copy + Debug + Send + Sync + 'static {
    /// First part of its cases' names.
    const NAME: &'static str;
    /// Its requirements, chapter by chapter.
    const CHAPTERS: &'static [Chapter<Self>];
    /// What its checks are written in.
    type Bench: Workbench;
    /// A precondition of a verdict.
    type Need: Copy + Debug + Send + Sync + 'static;
    /// A deliberate fault of its reference.
    type Defect: Fault;

    /// What is needed, as a noun phrase.
    fn need_word(need: Self::Need) -> &'static str;
}

/// A deliberate fault, as it is listed.
pub trait Fault: Copy + Debug + Send + Sync + 'static {
    /// Stable name.
    fn name(self) -> &'static str;
    /// What is wrong, as a clause about the subject.
    fn about(self) -> &'static str;
}

/// A gateway, between a client and the vendors.
#[derive(Clone, Copy, Debug)]
pub struct Gateway;

impl Kind for Gateway {
    const NAME: &'static str = "gateway";
    const CHAPTERS: &'static [Chapter] = CHAPTERS;
    type Bench = Bench;
    type Need = Need;
    type Defect = Mutant<Reference>;

    fn need_word(need: Need) -> &'static str {
        match need {
            Need::Witness => "our mock in the vendor's place",
            Need::OtherKey => "a second client's key",
            Need::Accepts => "a minimal job that is accepted (GW-SUB-001)",
            Need::Forwards => "a plain callback_url that arrives (GW-CB-001)",
            Need::Receiver => {
                "a callback address that the vendor can reach (--advertise on a deployed gateway)"
            }
            Need::Status => "a status that can be read (GW-ST-001)",
        }
    }
}

impl Fault for Mutant<Reference> {
    fn name(self) -> &'static str {
        self.name
    }

    fn about(self) -> &'static str {
        self.about
    }
}

/// The chapters about gateways, in the order they are reported. Adding one is its file and one line here.
const CHAPTERS: &[Chapter] = &[
    Chapter { name: "submit", requirements: checks::submit::REQUIREMENTS },
    Chapter { name: "errors", requirements: checks::errors::REQUIREMENTS },
    Chapter { name: "mistakes", requirements: checks::mistakes::REQUIREMENTS },
    Chapter { name: "authentication", requirements: checks::authentication::REQUIREMENTS },
    Chapter { name: "races", requirements: checks::races::REQUIREMENTS },
    Chapter { name: "concurrency", requirements: checks::concurrency::REQUIREMENTS },
    Chapter { name: "placement", requirements: checks::placement::REQUIREMENTS },
    Chapter { name: "callback-url", requirements: checks::callback_url::REQUIREMENTS },
    Chapter { name: "callback-url-kinds", requirements: checks::url_kinds::REQUIREMENTS },
    Chapter { name: "pass-through", requirements: checks::pass_through::REQUIREMENTS },
    Chapter { name: "every-job", requirements: checks::every_job::REQUIREMENTS },
    Chapter { name: "polling-only", requirements: checks::polling::REQUIREMENTS },
    Chapter { name: "upstream", requirements: checks::upstream::REQUIREMENTS },
    Chapter { name: "leaks", requirements: checks::leaks::REQUIREMENTS },
    Chapter { name: "status", requirements: checks::status::REQUIREMENTS },
    Chapter { name: "life", requirements: checks::life::REQUIREMENTS },
    Chapter { name: "times", requirements: checks::times::REQUIREMENTS },
    Chapter { name: "live", requirements: checks::live::REQUIREMENTS },
    Chapter { name: "vendor-trouble", requirements: checks::vendor_trouble::REQUIREMENTS },
    Chapter { name: "vendor-queries", requirements: checks::vendor_queries::REQUIREMENTS },
    Chapter { name: "vendor-silence", requirements: checks::vendor_silence::REQUIREMENTS },
];

/// A group of requirements about one subject matter.
#[derive(Debug)]
pub struct Chapter<K: Kind = Gateway> {
    /// Second part of its cases' names.
    pub name: &'static str,
    /// Its requirements.
    pub requirements: &'static [Requirement<K>],
}

/// One normative sentence and everything that belongs to it.
#[derive(Debug)]
pub struct Requirement<K: Kind = Gateway> {
    /// Stable id, never reused.
    pub id: &'static str,
    /// Third part of its cases' names.
    pub slug: &'static str,
    /// How binding it is.
    pub level: Level,
    /// The requirement in one sentence.
    pub sentence: &'static str,
    /// Who says so.
    pub source: Source,
    /// Why anybody should care.
    pub why: &'static str,
    /// What to change when it is violated.
    pub remedy: &'static str,
    /// For which vendors it is a case.
    pub scope: Scope,
    /// The knobs that its check asks; a check that asks another one ends in an error of ours.
    pub knobs: &'static [Knob],
    /// What must hold for a verdict to be possible.
    pub needs: &'static [K::Need],
    /// Jobs a gateway may accept, and somebody may be billed for, while it is checked.
    pub jobs: u32,
    /// Whether inputs are generated: such a check may also notice defects that others answer for.
    pub generated: bool,
    /// The defects of the reference that it must catch.
    pub defects: &'static [K::Defect],
    /// The check.
    pub check: Check<K>,
}

/// The executable side of a requirement.
pub type Check<K = Gateway> = for<'b> fn(&'b <K as Kind>::Bench) -> BoxFuture<'b, Result<(), Stop>>;

/// A requirement in words and names, whatever kind of subject it is about.
#[derive(Clone, Debug)]
pub struct Entry {
    /// First part of its cases' names.
    pub subject: &'static str,
    /// Second part.
    pub chapter: &'static str,
    /// Stable id.
    pub id: &'static str,
    /// Third part of its cases' names.
    pub slug: &'static str,
    /// How binding it is.
    pub level: Level,
    /// The requirement.
    pub sentence: &'static str,
    /// Who says so.
    pub source: Source,
    /// Why anybody should care.
    pub why: &'static str,
    /// What to change when it is violated.
    pub remedy: &'static str,
    /// For which vendors it is a case.
    pub scope: Scope,
    /// The knobs that its check asks.
    pub knobs: &'static [Knob],
    /// What must hold, as noun phrases.
    pub needs: Vec<&'static str>,
    /// Jobs that may be billed while it is checked.
    pub jobs: u32,
    /// Whether its inputs are generated.
    pub generated: bool,
    /// The defects that it must catch: name, and what is wrong.
    pub defects: Vec<(&'static str, &'static str)>,
}

impl Entry {
    /// `<subject>/<chapter>/<slug>`, and the vendor if the case is about one.
    pub fn case_name(&self, vendor: Option<&str>) -> String {
        let base = format!("{}/{}/{}", self.subject, self.chapter, self.slug);
        vendor.map_or(base.clone(), |vendor| format!("{base}[{vendor}]"))
    }
}

impl<K: Kind> Requirement<K> {
    /// What can be said of it without running it.
    pub fn entry(&self, chapter: &'static str) -> Entry {
        Entry {
            subject: K::NAME,
            chapter,
            id: self.id,
            slug: self.slug,
            level: self.level,
            sentence: self.sentence,
            source: self.source,
            why: self.why,
            remedy: self.remedy,
            scope: self.scope,
            knobs: self.knobs,
            needs: self.needs.iter().map(|need| K::need_word(*need)).collect(),
            jobs: self.jobs,
            generated: self.generated,
            defects: self.defects.iter().map(|defect| (defect.name(), defect.about())).collect(),
        }
    }
}

/// Where a requirement comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Title of the page.
    pub page: &'static str,
    /// Its address.
    pub url: &'static str,
    /// When it was read.
    pub read: &'static str,
    /// How it is known.
    pub basis: Basis,
}

/// How a requirement is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The page says it.
    Stated,
    /// The page's examples show it.
    Shown,
    /// It follows from what the page says; nobody wrote the sentence.
    Inferred,
}

impl Basis {
    /// As a participle.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Shown => "shown by example",
            Self::Inferred => "inferred",
        }
    }
}

impl Source {
    /// "Webhook Callbacks", the page this project exists for.
    pub const CALLBACKS: Self = Self {
        page: "Webhook Callbacks",
        url: "https://doc.apimp.ai/en/docs/common-api/task/webhook",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// "Image API": the submit endpoint and its allow-list.
    pub const SUBMIT: Self = Self {
        page: "Image API",
        url: "https://doc.apimp.ai/en/docs/generate/image-api",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// The generated reference of one model, which shows types and error blocks.
    pub const REFERENCE: Self = Self {
        page: "nano-banana-2 reference",
        url: "https://doc.apimp.ai/en/docs/generate/image-api/nano-banana-2",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// "Video API": polling, files.
    pub const VIDEO: Self = Self {
        page: "Video API",
        url: "https://doc.apimp.ai/en/docs/generate/video-api",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// Kling's "Callbacks": states, Standard Webhooks signature.
    pub const KLING: Self = Self {
        page: "Kling callbacks",
        url: "https://kling.ai/document-api/api/get-started/callbacks",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// Ark's video generation reference: callback, its limit and repetition.
    pub const ARK: Self = Self {
        page: "Ark video generation",
        url: "https://www.volcengine.com/docs/82379/1520757",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// MiniMax's video generation reference (v1): the challenge, the callback.
    pub const MINIMAX: Self = Self {
        page: "MiniMax video generation",
        url: "https://platform.minimaxi.com/docs/api-reference/video-generation-t2v",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// MiniMax's video generation reference (v2).
    pub const MINIMAX_V2: Self = Self {
        page: "MiniMax video generation v2",
        url: "https://platform.minimax.io/docs/api-reference/video-generation-v2-create",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// Vidu's reference: callback states and bodies.
    pub const VIDU: Self = Self {
        page: "Vidu image to video",
        url: "https://platform.vidu.com/docs/image-to-video",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// Vidu's "Callback signature".
    pub const VIDU_SIGNATURE: Self = Self {
        page: "Vidu callback signature",
        url: "https://platform.vidu.com/docs/callback-signature",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// The Standard Webhooks specification, which Kling prescribes.
    pub const STANDARD_WEBHOOKS: Self = Self {
        page: "Standard Webhooks",
        url: "https://www.standardwebhooks.com",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// HTTP Semantics.
    pub const HTTP: Self = Self {
        page: "RFC 9110",
        url: "https://www.rfc-editor.org/rfc/rfc9110",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// JSON.
    pub const JSON: Self = Self {
        page: "RFC 8259",
        url: "https://www.rfc-editor.org/rfc/rfc8259",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// "Get Task Status".
    pub const STATUS: Self = Self {
        page: "Get Task Status",
        url: "https://doc.apimp.ai/en/docs/common-api/task/status",
        read: "2026-11-24",
        basis: Basis::Stated,
    };

    /// The same page, where only its examples show the point.
    #[must_use]
    pub const fn shown(self) -> Self {
        Self { basis: Basis::Shown, ..self }
    }

    /// The same page, where the point only follows from it.
    #[must_use]
    pub const fn inferred(self) -> Self {
        Self { basis: Basis::Inferred, ..self }
    }
}

/// For which vendors a requirement is a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One case; any vendor's model will do.
    Once,
    /// One case for each vendor.
    EachVendor,
    /// One case for each of these vendors.
    EachOf(&'static [&'static str]),
    /// One case, for this vendor.
    Only(&'static str),
}

/// A precondition of a verdict, decided before anything runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Our mock stands where the vendor would, so that we see what the gateway sent.
    Witness,
    /// A second client's key that the gateway knows.
    OtherKey,
    /// The gateway accepts a minimal job for the vendor (GW-SUB-001).
    Accepts,
    /// A plain callback URL reaches the vendor (GW-CB-001).
    Forwards,
    /// The status of an accepted job can be read (GW-ST-001).
    Status,
    /// The vendor's callbacks can reach our inbox.
    Receiver,
}

/// Every requirement for a kind of subject, with its chapter.
pub fn all<K: Kind>() -> impl Iterator<Item = (&'static Chapter<K>, &'static Requirement<K>)> {
    K::CHAPTERS.iter().flat_map(|chapter| chapter.requirements.iter().map(move |entry| (chapter, entry)))
}

/// The requirements for a kind of subject, in words.
pub fn entries_of<K: Kind>() -> impl Iterator<Item = Entry> {
    all::<K>().map(|(chapter, requirement)| requirement.entry(chapter.name))
}

/// Every requirement there is, in words.
pub fn entries() -> impl Iterator<Item = Entry> {
    entries_of::<Gateway>().chain(entries_of::<Receiver>())
}

/// A requirement by id.
pub fn by_id(id: &str) -> Option<Entry> {
    entries().find(|entry| entry.id.eq_ignore_ascii_case(id))
}

/// The rules no entry may break. Evaluated by the compiler: a catalogue that breaks one does not build.
pub(crate) const fn assert_complete<K: Kind>(chapters: &[Chapter<K>]) {
    let mut chapter = 0;
    while chapter < chapters.len() {
        let entries = chapters[chapter].requirements;
        let mut at = 0;
        while at < entries.len() {
            assert!(!entries[at].defects.is_empty(), "a requirement names no defect that it catches");
            assert!(!entries[at].remedy.is_empty() && !entries[at].why.is_empty());
            at += 1;
        }
        chapter += 1;
    }
}

const _: () = assert_complete(CHAPTERS);
