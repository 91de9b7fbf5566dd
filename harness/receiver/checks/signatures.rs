//! Signatures: whatever a vendor signs rightly is accepted, nothing else is, and what is refused does
//! nothing.
//!
//! Each check is a group of the vectors' tables, where what is sent is written down.

use ringback_reference::receiver::mutants;

use super::{SIGNED, check};
use crate::catalogue::{Requirement, Scope, Source};
use crate::outcome::Level;
use crate::receiver::vectors::Group;
use crate::receiver::{Need, Receiver};

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
    needs: &[Need::Acks],
    jobs: 0,
    generated: false,
    defects: &[],
    check: |bench| Box::pin(accepted(bench, Group::Good)),
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
            mutants::RESERIALISES,
            mutants::NUMERIC_WEBHOOK_ID,
            mutants::TRIMS_BODY,
            mutants::REDIRECTS_QUERIES,
            mutants::ASCII_ONLY,
            mutants::FIRST_FIELD_IS_ID,
            mutants::KLING_V2_UNKNOWN,
        ],
        check: |bench| Box::pin(accepted(bench, Group::Good)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-002",
        slug: "kling-several",
        sentence: "One right signature among several is enough.",
        why: "While a secret is replaced Kling signs with the old and the new one, in one header.",
        remedy: "Split webhook-signature at spaces, skip what does not begin with v1, and accept if any matches.",
        defects: &[mutants::FIRST_SIGNATURE_ONLY, mutants::LAST_SIGNATURE_ONLY, mutants::VERSIONS_REFUSED],
        check: |bench| Box::pin(accepted(bench, Group::Several)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-003",
        slug: "kling-tolerance",
        sentence: "A timestamp up to 5 minutes away is accepted.",
        why: "Clocks differ and networks are slow: a tighter window refuses genuine callbacks.",
        remedy: "Accept timestamps up to 300 seconds from your clock, in both directions.",
        defects: &[mutants::TOLERANCE_TIGHT, mutants::FUTURE_REFUSED],
        check: |bench| Box::pin(accepted(bench, Group::Tolerance)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-004",
        slug: "kling-absent",
        sentence: "A callback without its signature is not acknowledged.",
        why: "Whoever knows the URL could otherwise end any job by leaving a header out.",
        remedy: "Answer 401 unless webhook-id, webhook-timestamp and webhook-signature are all there.",
        defects: &[
            mutants::UNSIGNED_ACCEPTED,
            mutants::MISSING_TIMESTAMP_ACCEPTED,
            mutants::MISSING_ID_ACCEPTED,
        ],
        check: |bench| Box::pin(not_acknowledged(bench, Group::Absent)),
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
            mutants::EMPTY_SIGNATURE_ACCEPTED,
            mutants::PREFIX_COMPARED,
            mutants::CASE_IGNORED,
            mutants::HEX_ACCEPTED,
            mutants::BARE_ACCEPTED,
        ],
        check: |bench| Box::pin(not_acknowledged(bench, Group::Malformed)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-006",
        slug: "kling-version",
        sentence: "A signature of another version is not taken for v1.",
        source: Source::STANDARD_WEBHOOKS,
        why: "Versions mean other algorithms; one that is not looked at can be downgraded.",
        remedy: "Look only at the parts of webhook-signature that begin with exactly v1,.",
        defects: &[mutants::VERSION_IGNORED],
        check: |bench| Box::pin(not_acknowledged(bench, Group::Version)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-007",
        slug: "kling-key",
        sentence: "A signature made with another key is not accepted.",
        why: "A key that others know, or a check that does not compute, lets anybody sign.",
        remedy: "Decode the base64 after whsec_, compute HMAC-SHA256 with it, and refuse to start without a secret.",
        defects: &[mutants::MAC_UNCHECKED, mutants::UNDECODED_KEY_ACCEPTED, mutants::EMPTY_KEY_ACCEPTED],
        check: |bench| Box::pin(not_acknowledged(bench, Group::Key)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-008",
        slug: "kling-body",
        sentence: "A body of other bytes than signed is not accepted.",
        why: "A recorded signature could otherwise vouch for any body, or for one that only reads the same to you.",
        remedy: "Compute the signature over the bytes as they came, before any parser sees them.",
        defects: &[mutants::MAC_UNCHECKED, mutants::RESERIALISED_ACCEPTED],
        check: |bench| Box::pin(not_acknowledged(bench, Group::Body)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-009",
        slug: "kling-headers",
        sentence: "Id and timestamp are covered by the signature.",
        why: "A recorded callback could otherwise be dated anew and played back at any time.",
        remedy: "Sign {webhook-id}.{webhook-timestamp}.{body} with the values of the headers as they came.",
        defects: &[mutants::MAC_UNCHECKED],
        check: |bench| Box::pin(not_acknowledged(bench, Group::Headers)),
        ..COMMON
    },
    Requirement {
        id: "RX-SIG-010",
        slug: "kling-stale",
        sentence: "A timestamp more than 5 minutes away is not accepted.",
        why: "A recorded callback with its right signature can be played back as long as its age is not looked at.",
        remedy: "Read webhook-timestamp as whole seconds and refuse it more than 300 seconds from your clock.",
        defects: &[mutants::STALE_ACCEPTED, mutants::FUTURE_ACCEPTED],
        check: |bench| Box::pin(not_acknowledged(bench, Group::Stale)),
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
            mutants::JWT_ACCEPTED,
            mutants::SCHEMES_MIXED,
            mutants::UNSIGNED_ACCEPTED,
            mutants::BEARER_SECRET_ACCEPTED,
        ],
        check: |bench| Box::pin(not_acknowledged(bench, Group::Foreign)),
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
        defects: &[mutants::BAD_SIGNATURE_IS_500],
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
        needs: &[Need::Acks, Need::Effects],
        defects: &[mutants::FORGERY_POISONS],
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
        needs: &[Need::Acks, Need::Effects],
        defects: &[
            mutants::REJECTS_BUT_WORKS,
            mutants::UNSIGNED_ACCEPTED,
            mutants::MISSING_TIMESTAMP_ACCEPTED,
            mutants::MISSING_ID_ACCEPTED,
            mutants::EMPTY_SIGNATURE_ACCEPTED,
            mutants::PREFIX_COMPARED,
            mutants::CASE_IGNORED,
            mutants::HEX_ACCEPTED,
            mutants::BARE_ACCEPTED,
            mutants::VERSION_IGNORED,
            mutants::MAC_UNCHECKED,
            mutants::UNDECODED_KEY_ACCEPTED,
            mutants::EMPTY_KEY_ACCEPTED,
            mutants::RESERIALISED_ACCEPTED,
            mutants::STALE_ACCEPTED,
            mutants::FUTURE_ACCEPTED,
            mutants::JWT_ACCEPTED,
            mutants::SCHEMES_MIXED,
            mutants::BEARER_SECRET_ACCEPTED,
            mutants::MISSING_ALGORITHM_ACCEPTED,
            mutants::QUERY_UNSIGNED,
            mutants::SORTED_QUERY_ACCEPTED,
            mutants::METHOD_UNSIGNED,
            mutants::PATH_UNSIGNED,
            mutants::DECODED_QUERY_ACCEPTED,
            mutants::NEWLINE_OPTIONAL,
            mutants::ACCESS_KEY_IGNORED,
            mutants::ALGORITHM_IGNORED,
            mutants::LOWER_CASE_NAMES_ACCEPTED,
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
            mutants::QUERY_SORTED,
            mutants::QUERY_DECODED,
            mutants::QUERY_DROPPED,
            mutants::HEADER_ORDER_FIXED,
            mutants::EXTRA_HEADER_REFUSED,
            mutants::NONCE_MUST_BE_UUID,
        ],
        check: |bench| Box::pin(accepted(bench, Group::Good)),
        ..VIDU
    },
    Requirement {
        id: "RX-SIG-016",
        slug: "vidu-absent",
        sentence: "A callback without its signature is not acknowledged.",
        why: "Whoever knows the URL could otherwise end any job by leaving a header out.",
        remedy: "Answer 401 unless Date, the nonce and all four X-HMAC headers are there.",
        defects: &[mutants::UNSIGNED_ACCEPTED, mutants::MISSING_ALGORITHM_ACCEPTED],
        check: |bench| Box::pin(not_acknowledged(bench, Group::Absent)),
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
            mutants::EMPTY_SIGNATURE_ACCEPTED,
            mutants::PREFIX_COMPARED,
            mutants::CASE_IGNORED,
            mutants::HEX_ACCEPTED,
        ],
        check: |bench| Box::pin(not_acknowledged(bench, Group::Malformed)),
        ..VIDU
    },
    Requirement {
        id: "RX-SIG-018",
        slug: "vidu-key",
        sentence: "A signature made with another key is not accepted.",
        why: "A key that others know, or a check that does not compute, lets anybody sign.",
        remedy: "Compute HMAC-SHA256 with the API key that created the task, and refuse to start without one.",
        defects: &[mutants::MAC_UNCHECKED, mutants::EMPTY_KEY_ACCEPTED],
        check: |bench| Box::pin(not_acknowledged(bench, Group::Key)),
        ..VIDU
    },
    Requirement {
        id: "RX-SIG-019",
        slug: "vidu-url",
        sentence: "Method, path and query are covered as they stand.",
        why: "The body is not signed, so the URL is all that binds a signature to what it was made for.",
        remedy: "Put method, path and query of the request itself into the text, neither sorted nor decoded.",
        defects: &[
            mutants::MAC_UNCHECKED,
            mutants::QUERY_UNSIGNED,
            mutants::SORTED_QUERY_ACCEPTED,
            mutants::METHOD_UNSIGNED,
            mutants::PATH_UNSIGNED,
            mutants::DECODED_QUERY_ACCEPTED,
        ],
        check: |bench| Box::pin(not_acknowledged(bench, Group::Url)),
        ..VIDU
    },
    Requirement {
        id: "RX-SIG-020",
        slug: "vidu-string",
        sentence: "Date, listed headers, access key, algorithm and the last newline count.",
        why: "What may vary in the text that is signed, or is chosen by the sender, is not protected.",
        remedy: "Build the text exactly as published, and demand hmac-sha256 and the access key vidu.",
        defects: &[
            mutants::MAC_UNCHECKED,
            mutants::NEWLINE_OPTIONAL,
            mutants::ACCESS_KEY_IGNORED,
            mutants::ALGORITHM_IGNORED,
            mutants::LOWER_CASE_NAMES_ACCEPTED,
        ],
        check: |bench| Box::pin(not_acknowledged(bench, Group::Text)),
        ..VIDU
    },
];
