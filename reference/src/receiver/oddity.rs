//! What a receiver may do and most do not: the legal oddities of the reference receiver, one switch each.
//!
//! The counterpart of `defect`: a defect must be caught, an oddity must be accepted by every check.
//! How what is said looks different is `dress`; how it is sent, `http::framing`.

use crate::framing::Framing;
use crate::switches::switches;

switches! {
    /// A legal but unusual behaviour of the reference receiver.
    Oddity {
        // acknowledgements
        Ack201 "ack-201" "acknowledges with 201"
        Ack202 "ack-202" "acknowledges with 202"
        Ack204 "ack-204" "acknowledges with 204 and no body"
        AckText "ack-text" "acknowledges in plain text"
        AckLate "ack-late" "takes 300 milliseconds for each acknowledgement"
        ChallengeWithMore "challenge-with-more" "adds fields to the echo of a challenge"
        // refusals
        Forbidden403 "forbidden-403" "answers 403 to a bad signature"
        BadSignature400 "bad-signature-400" "answers 400 to a bad signature"
        Malformed422 "malformed-422" "answers 422 to what it does not understand"
        Method404 "method-404" "answers 404 to a wrong method"
        GetAnswers200 "get-answers-200" "answers a GET of a hook with a greeting"
        DemandsJsonType "demands-json-type" "answers 415 unless the content type is JSON"
        // effects and jobs
        EffectsLate "effects-late" "does the work 300 milliseconds after the acknowledgement"
        UnknownIsZero "unknown-is-zero" "shows a count of 0 for what it does not know"
        StateSynonyms "state-synonyms" "says completed, error and in_progress"
        UpperCaseStates "upper-case-states" "writes states in capitals"
        ExtraFields "extra-fields" "adds fields of its own to what it shows"
        PrettyJson "pretty-json" "indents its JSON and ends it with a line break"
        Job201 "job-201" "answers a started job with 201"
        Job202 "job-202" "answers a started job with 202"
        // trust and polling
        SecretInQuery "secret-in-query" "carries the secret in the query of its callback URLs"
        LongSecret "long-secret" "has secrets of 128 characters in its callback URLs"
        ConfirmsEverything "confirms-everything" "has the gateway confirm signed callbacks too"
        HintOnly "hint-only" "takes a started job's callback only as a hint to ask at once"
        PollsSlowly "polls-slowly" "polls every 700 milliseconds"
        // on the wire
        ConnectionClose "connection-close" "closes the connection after each answer"
        ChunkedBodies "chunked-bodies" "sends bodies in chunks, with extensions and a trailer"
        LoudHeaders "loud-headers" "writes header names in capitals"
        Http10 "http-1.0" "answers in HTTP/1.0"
        EndsByClosing "ends-by-closing" "ends a body by closing the connection, without a length"
        NoReasonPhrase "no-reason-phrase" "leaves the reason phrase out of the status line"
        EarlyHints "early-hints" "sends an interim answer (103) before each answer"
        Trickles "trickles" "sends each answer in small pieces, with pauses"
    }
}

impl Oddity {
    /// The form of its answers, if it is an oddity of the wire.
    pub(super) const fn framing(self) -> Option<Framing> {
        Some(match self {
            Self::ChunkedBodies => Framing::ChunkedBodies,
            Self::LoudHeaders => Framing::LoudHeaders,
            Self::ConnectionClose => Framing::ConnectionClose,
            Self::EndsByClosing => Framing::EndsByClosing,
            Self::Http10 => Framing::Http10,
            Self::NoReasonPhrase => Framing::NoReasonPhrase,
            Self::EarlyHints => Framing::EarlyHints,
            Self::Trickles => Framing::Trickles,
            _ => return None,
        })
    }
}
