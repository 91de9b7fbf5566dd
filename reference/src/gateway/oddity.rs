//! What a gateway may do and most do not: the legal oddities of the reference gateway, one switch each.
//!
//! The counterpart of `defect`: a defect must be caught, an oddity must be accepted by every check.
//! This list only says what is unusual; how it is done is `dress`, `habits` and, on the wire,
//! `http::framing`.

use crate::framing::Framing;

use crate::switches::switches;

switches! {
    /// A legal but unusual behaviour of the reference gateway.
    Oddity {
        // on the wire
        ChunkedBodies "chunked-bodies" "sends bodies in chunks, with extensions and a trailer"
        LoudHeaders "loud-headers" "writes header names in capitals"
        ConnectionClose "connection-close" "closes the connection after each answer"
        EndsByClosing "ends-by-closing" "ends a body by closing the connection, without a length"
        Http10 "http-1.0" "answers in HTTP/1.0"
        NoReasonPhrase "no-reason-phrase" "leaves the reason phrase out of the status line"
        EarlyHints "early-hints" "sends an interim answer (103) before each answer"
        Trickles "trickles" "sends each answer in small pieces, with pauses"
        SlowAnswers "slow-answers" "takes a fifth of a second for each answer"
        // the JSON
        CharsetNamed "charset-named" "names the charset in the content type"
        PlainContentType "plain-content-type" "calls its JSON text/plain"
        ManyHeaders "many-headers" "adds cookies, cache, rate-limit and tracing headers, Retry-After on errors"
        ExtraFields "extra-fields" "adds fields of its own to every object"
        OtherKeyOrder "other-key-order" "writes keys in the reverse order"
        PrettyPrinted "pretty-printed" "indents its JSON and ends it with a line break"
        EscapedJson "escaped-json" "escapes slashes and everything that is not ASCII in its JSON"
        UniformEnvelope "uniform-envelope" "has data, error and message in every body, null where they do not apply"
        // submit
        Created201 "created-201" "answers an accepted submit with HTTP 201 and code 200"
        Accepted202 "accepted-202" "answers an accepted submit with HTTP 202 and code 200"
        NullErrorOnSubmit "null-error-on-submit" "has error_message null in the submit answer"
        UlidIds "ulid-ids" "gives ids of 26 characters that sort by time"
        BareIds "bare-ids" "gives ids of 32 hexadecimal digits without a prefix"
        UuidIds "uuid-ids" "gives UUIDs"
        PunctuatedIds "punctuated-ids" "gives ids with dots, colons and a tilde"
        LongIds "long-ids" "gives ids of 200 characters"
        QueuesCreates "queues-creates" "answers a submit before it calls the vendor"
        RetriesWhenLimited "retries-when-limited" "asks again when the vendor limits the rate"
        LimitsTheRate "limits-the-rate" "answers 429 to some requests that come for the first time"
        Deduplicates "deduplicates" "answers the same request twice with the same task"
        DropsUnknownOptions "drops-unknown-options" "passes on only those metadata keys that the vendor documents"
        EscapesUpstream "escapes-upstream" "escapes slashes and everything that is not ASCII in what it sends to the vendor"
        TagsUpstream "tags-upstream" "adds tracing headers to its calls to the vendor"
        ProbesUpstream "probes-upstream" "looks whether the vendor is there before each create"
        // times
        OffsetTimes "offset-times" "gives times with the offset +08:00"
        ZuluTimes "zulu-times" "gives times with a Z"
        FractionalTimes "fractional-times" "gives times with microseconds"
        LocalTimes "local-times" "gives the time of Shanghai without saying so"
        // status
        NoErrorMessage "no-error-message" "has error_message only in failed statuses"
        NoProgress "no-progress" "shows no progress"
        NullProgress "null-progress" "shows progress null until a job has ended"
        FloatProgress "float-progress" "writes progress as 42.0"
        CoarseProgress "coarse-progress" "knows no progress but 10, 30 and 100"
        ProgressStops "progress-stops" "leaves the progress of a failed job where it was"
        EmptyFiles "empty-files" "shows an empty list of files until a job has finished"
        NullFiles "null-files" "shows files null until a job has finished"
        VideoFiles "video-files" "says file_type video"
        DetailedFiles "detailed-files" "adds size, format and expiry to each file"
        CoverFiles "cover-files" "lists a cover image after each result"
        LagsBehind "lags-behind" "looks at the vendor every half second only, and later than it is asked"
        SkipsRunning "skips-running" "says not_started until a job has ended"
        RunsAtOnce "runs-at-once" "says running as soon as it is asked"
        // refusals
        Forbidden403 "forbidden-403" "answers 403 to a missing or unknown key"
        ForeignTask403 "foreign-task-403" "answers 403 for another client's task"
        UnknownModel404 "unknown-model-404" "answers 404 for a model that does not exist"
        DetailedErrors "detailed-errors" "adds param, code and request_id to every error"
        LongMessages "long-messages" "writes messages of 4,000 characters"
        ForeignMessages "foreign-messages" "writes messages in Chinese, with emoji and line breaks"
        // callback URLs that the contract leaves to the gateway
        RefusesNullCallback "refuses-null-callback" "refuses callback_url null"
        IgnoresWrongType "ignores-wrong-type" "treats a callback_url that is no string as absent"
        RefusesEmptyCallback "refuses-empty-callback" "refuses an empty callback_url"
        RefusesPlainHttp "refuses-plain-http" "refuses an http:// callback_url"
        RefusesUserInfo "refuses-user-info" "refuses a callback_url with user-info"
        RefusesNonAscii "refuses-non-ascii" "refuses a callback_url with characters beyond ASCII"
        RefusesPrivateHosts "refuses-private-hosts" "refuses a callback_url with a private address"
        RefusesLongUrls "refuses-long-urls" "refuses a callback_url of more than 2,048 characters"
        RefusesHostDot "refuses-host-dot" "refuses a callback_url whose host ends with a dot"
        RefusesPollingCallback "refuses-polling-callback" "refuses a callback_url with a polling-only model"
        RefusesNonUrls "refuses-non-urls" "refuses a callback_url that is no absolute URL"
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
