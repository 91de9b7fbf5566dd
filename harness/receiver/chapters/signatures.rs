//! Signatures: whatever a vendor signs rightly is accepted, nothing else is, and what is refused does
//! nothing.
//!
//! Each check is a group of the vectors' tables, where what is sent is written down.

use ringback_reference::receiver::defect::Defect;

use super::{SIGNED, check};
use crate::receiver::vectors::Group;
use crate::receiver::{Receiver, ReceiverPrecondition};
use crate::run::outcome::Level;
use crate::run::requirement::{Requirement, Scope};
use crate::run::source::Source;

mod judging;
use judging::{
    accepted, forgery_does_not_poison, not_acknowledged, refused_with_4xx, refused_without_effect,
};

/// What every entry of this chapter has in common.
const COMMON: Requirement<Receiver> = Requirement {
    id: "",
    slug: "",
    level: Level::Must,
    sentence: "",
    source: Source::KLING,
    why: "",
    remedy: "",
    scope: Scope::Only("kling"),
    knobs: &[],
    preconditions: &[ReceiverPrecondition::Acks],
    jobs: 0,
    generated: false,
    defects: &[],
    check: |context| Box::pin(accepted(context, Group::Good)),
};

/// What every entry about Vidu's scheme has in common.
const VIDU: Requirement<Receiver> =
    Requirement { source: Source::VIDU_SIGNATURE, scope: Scope::Only("vidu"), ..COMMON };

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Receiver>] = &[
    Requirement {
        id: "RX-SIG-001",
        slug: "kling-good",
        sentence: "Whatever Kling signs rightly is accepted.",
        why: "A verifier that is right for one shape of body or id refuses the next one, and its jobs never end.",
        remedy: "Verify over the raw bytes of the body before parsing; take webhook-id as opaque text.",
        defects: &[
            Defect::Reserialises,
            Defect::NumericWebhookId,
            Defect::TrimsBody,
            Defect::RedirectsQueries,
            Defect::AsciiOnly,
            Defect::FirstFieldIsId,
            Defect::KlingV2Unknown,
        ],
        check: |context| Box::pin(accepted(context, Group::Good)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-002",
        slug: "kling-several",
        sentence: "One right signature among several is enough.",
        why: "While a secret is replaced Kling signs with the old and the new one, in one header.",
        remedy: "Split webhook-signature at spaces, skip what does not begin with v1, and accept if any matches.",
        defects: &[Defect::FirstSignatureOnly, Defect::LastSignatureOnly, Defect::VersionsRefused],
        check: |context| Box::pin(accepted(context, Group::Several)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-003",
        slug: "kling-tolerance",
        sentence: "A timestamp up to 5 minutes away is accepted.",
        why: "Clocks differ and networks are slow: a tighter window refuses genuine callbacks.",
        remedy: "Accept timestamps up to 300 seconds from your clock, in both directions.",
        defects: &[Defect::ToleranceTight, Defect::FutureRefused],
        check: |context| Box::pin(accepted(context, Group::Tolerance)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-004",
        slug: "kling-absent",
        sentence: "A callback without its signature is not acknowledged.",
        why: "Whoever knows the URL could otherwise end any job by leaving a header out.",
        remedy: "Answer 401 unless webhook-id, webhook-timestamp and webhook-signature are all there.",
        defects: &[Defect::UnsignedAccepted, Defect::MissingTimestampAccepted, Defect::MissingIdAccepted],
        check: |context| Box::pin(not_acknowledged(context, Group::Absent)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-005",
        slug: "kling-malformed",
        sentence: "A signature that is no whole signature is not accepted.",
        source: Source::STANDARD_WEBHOOKS.inferred(),
        why: "A comparison of a prefix, or of other letters than base64's own, makes guessing a signature cheap.",
        remedy: "Compare the whole base64 text after v1, in constant time, and nothing else.",
        defects: &[
            Defect::EmptySignatureAccepted,
            Defect::PrefixCompared,
            Defect::CaseIgnored,
            Defect::HexAccepted,
            Defect::BareAccepted,
        ],
        check: |context| Box::pin(not_acknowledged(context, Group::Malformed)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-006",
        slug: "kling-version",
        sentence: "A signature of another version is not taken for v1.",
        source: Source::STANDARD_WEBHOOKS,
        why: "Versions mean other algorithms; one that is not looked at can be downgraded.",
        remedy: "Look only at the parts of webhook-signature that begin with exactly v1,.",
        defects: &[Defect::VersionIgnored],
        check: |context| Box::pin(not_acknowledged(context, Group::Version)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-007",
        slug: "kling-key",
        sentence: "A signature made with another key is not accepted.",
        why: "A key that others know, or a check that does not compute, lets anybody sign.",
        remedy: "Decode the base64 after whsec_, compute HMAC-SHA256 with it, and refuse to start without a secret.",
        defects: &[Defect::MacUnchecked, Defect::UndecodedKeyAccepted, Defect::EmptyKeyAccepted],
        check: |context| Box::pin(not_acknowledged(context, Group::Key)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-008",
        slug: "kling-body",
        sentence: "A body of other bytes than signed is not accepted.",
        why: "A recorded signature could otherwise vouch for any body, or for one that only reads the same to you.",
        remedy: "Compute the signature over the bytes as they came, before any parser sees them.",
        defects: &[Defect::MacUnchecked, Defect::ReserialisedAccepted],
        check: |context| Box::pin(not_acknowledged(context, Group::Body)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-009",
        slug: "kling-headers",
        sentence: "Id and timestamp are covered by the signature.",
        why: "A recorded callback could otherwise be dated anew and played back at any time.",
        remedy: "Sign {webhook-id}.{webhook-timestamp}.{body} with the values of the headers as they came.",
        defects: &[Defect::MacUnchecked],
        check: |context| Box::pin(not_acknowledged(context, Group::Headers)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-010",
        slug: "kling-stale",
        sentence: "A timestamp more than 5 minutes away is not accepted.",
        why: "A recorded callback with its right signature can be played back as long as its age is not looked at.",
        remedy: "Read webhook-timestamp as whole seconds and refuse it more than 300 seconds from your clock.",
        defects: &[Defect::StaleAccepted, Defect::FutureAccepted],
        check: |context| Box::pin(not_acknowledged(context, Group::Stale)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-011",
        slug: "foreign-scheme",
        sentence: "Another scheme's credentials are no signature.",
        source: Source::CALLBACKS.inferred(),
        why: "A second way in that nobody uses is one that only an attacker tries.",
        remedy: "Decide by the vendor of the hook which scheme is checked, and check no other.",
        scope: Scope::EachOf(SIGNED),
        defects: &[
            Defect::JwtAccepted,
            Defect::SchemesMixed,
            Defect::UnsignedAccepted,
            Defect::BearerSecretAccepted,
        ],
        check: |context| Box::pin(not_acknowledged(context, Group::Foreign)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-012",
        slug: "refused-with-4xx",
        level: Level::Should,
        sentence: "A bad signature is refused with 4xx.",
        source: Source::KLING.shown(),
        why: "5xx says that you are broken: forgeries raise alarms, and senders try again.",
        remedy: "Answer 401 when a signature does not hold, without an exception on the way.",
        scope: Scope::EachOf(SIGNED),
        defects: &[Defect::BadSignatureIs500],
        check: check!(refused_with_4xx),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-013",
        slug: "forgery-does-not-poison",
        sentence: "A refused callback does not spoil the genuine one for the same job.",
        source: Source::CALLBACKS.inferred(),
        why: "Whoever guesses an id could otherwise keep you from ever hearing how the job ended.",
        remedy: "Remember ids of jobs and deliveries only when the signature has been verified.",
        scope: Scope::EachOf(SIGNED),
        preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::Effects],
        defects: &[Defect::ForgeryPoisons],
        check: check!(forgery_does_not_poison),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-014",
        slug: "refused-without-effect",
        sentence: "A refused callback has no effect.",
        source: Source::CALLBACKS,
        why: "An answer of 401 is worth nothing when the job is marked as done all the same.",
        remedy: "Verify before anything else, and return at once when the signature does not hold.",
        scope: Scope::EachOf(SIGNED),
        preconditions: &[ReceiverPrecondition::Acks, ReceiverPrecondition::Effects],
        defects: &[
            Defect::RejectsButWorks,
            Defect::UnsignedAccepted,
            Defect::MissingTimestampAccepted,
            Defect::MissingIdAccepted,
            Defect::EmptySignatureAccepted,
            Defect::PrefixCompared,
            Defect::CaseIgnored,
            Defect::HexAccepted,
            Defect::BareAccepted,
            Defect::VersionIgnored,
            Defect::MacUnchecked,
            Defect::UndecodedKeyAccepted,
            Defect::EmptyKeyAccepted,
            Defect::ReserialisedAccepted,
            Defect::StaleAccepted,
            Defect::FutureAccepted,
            Defect::JwtAccepted,
            Defect::SchemesMixed,
            Defect::BearerSecretAccepted,
            Defect::MissingAlgorithmAccepted,
            Defect::QueryUnsigned,
            Defect::SortedQueryAccepted,
            Defect::MethodUnsigned,
            Defect::PathUnsigned,
            Defect::DecodedQueryAccepted,
            Defect::NewlineOptional,
            Defect::AccessKeyIgnored,
            Defect::AlgorithmIgnored,
            Defect::LowerCaseNamesAccepted,
        ],
        check: check!(refused_without_effect),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-015",
        slug: "vidu-good",
        sentence: "Whatever Vidu signs rightly is accepted.",
        why: "A verifier that tidies up the query or fixes the list of headers refuses genuine callbacks.",
        remedy: "Sign method, path and query as they came, and the headers as X-HMAC-SIGNED-HEADERS lists them.",
        defects: &[
            Defect::QuerySorted,
            Defect::QueryDecoded,
            Defect::QueryDropped,
            Defect::HeaderOrderFixed,
            Defect::ExtraHeaderRefused,
            Defect::NonceMustBeUuid,
        ],
        check: |context| Box::pin(accepted(context, Group::Good)),
        ..VIDU
    },
    Requirement {
        id: "RX-SIG-016",
        slug: "vidu-absent",
        sentence: "A callback without its signature is not acknowledged.",
        why: "Whoever knows the URL could otherwise end any job by leaving a header out.",
        remedy: "Answer 401 unless Date, the nonce and all four X-HMAC headers are there.",
        defects: &[Defect::UnsignedAccepted, Defect::MissingAlgorithmAccepted],
        check: |context| Box::pin(not_acknowledged(context, Group::Absent)),
        ..VIDU
    },
    Requirement {
        id: "RX-SIG-017",
        slug: "vidu-malformed",
        sentence: "A signature that is no whole signature is not accepted.",
        source: Source::VIDU_SIGNATURE.inferred(),
        why: "A comparison of a prefix, or of other letters than base64's own, makes guessing a signature cheap.",
        remedy: "Compare the whole base64 text in constant time, and nothing else.",
        defects: &[
            Defect::EmptySignatureAccepted,
            Defect::PrefixCompared,
            Defect::CaseIgnored,
            Defect::HexAccepted,
        ],
        check: |context| Box::pin(not_acknowledged(context, Group::Malformed)),
        ..VIDU
    },
    Requirement {
        id: "RX-SIG-018",
        slug: "vidu-key",
        sentence: "A signature made with another key is not accepted.",
        why: "A key that others know, or a check that does not compute, lets anybody sign.",
        remedy: "Compute HMAC-SHA256 with the API key that created the task, and refuse to start without one.",
        defects: &[Defect::MacUnchecked, Defect::EmptyKeyAccepted],
        check: |context| Box::pin(not_acknowledged(context, Group::Key)),
        ..VIDU
    },
    Requirement {
        id: "RX-SIG-019",
        slug: "vidu-url",
        sentence: "Method, path and query are covered as they stand.",
        why: "The body is not signed, so the URL is all that binds a signature to what it was made for.",
        remedy: "Put method, path and query of the request itself into the text, neither sorted nor decoded.",
        defects: &[
            Defect::MacUnchecked,
            Defect::QueryUnsigned,
            Defect::SortedQueryAccepted,
            Defect::MethodUnsigned,
            Defect::PathUnsigned,
            Defect::DecodedQueryAccepted,
        ],
        check: |context| Box::pin(not_acknowledged(context, Group::Url)),
        ..VIDU
    },
    Requirement {
        id: "RX-SIG-020",
        slug: "vidu-string",
        sentence: "Date, listed headers, access key, algorithm and the last newline count.",
        why: "What may vary in the text that is signed, or is chosen by the sender, is not protected.",
        remedy: "Build the text exactly as published, and demand hmac-sha256 and the access key vidu.",
        defects: &[
            Defect::MacUnchecked,
            Defect::NewlineOptional,
            Defect::AccessKeyIgnored,
            Defect::AlgorithmIgnored,
            Defect::LowerCaseNamesAccepted,
        ],
        check: |context| Box::pin(not_acknowledged(context, Group::Text)),
        ..VIDU
    },
];
