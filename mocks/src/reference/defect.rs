//! The deliberate faults of the reference gateway, one switch each.
//!
//! A defect is named after what it does. Which requirement must catch it is the catalogue's
//! business; this list only says what goes wrong.

macro_rules! defects {
    ($($variant:ident $name:literal $about:literal)*) => {
        /// A deliberate fault of the reference gateway.
        #[expect(clippy::doc_markdown, reason = "the descriptions are also printed on terminals, without backticks")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Defect {
            $(#[doc = $about] $variant,)*
        }

        impl Defect {
            /// Every defect.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What goes wrong, as a clause about the gateway.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }
        }
    };
}

defects! {
    // submit
    RefusesVidu "refuses-vidu" "refuses every Vidu job"
    CreatedTimeMissing "created-time-missing" "leaves created_time out of the submit answer"
    StartsRunning "starts-running" "reports a fresh job as running in the submit answer"
    RepeatsTaskId "repeats-task-id" "derives the task id from the first word of the prompt"
    EchoesCallback "echoes-callback" "adds callback_url to the submit answer when one was given"
    InputOpen "input-open" "accepts any key at the top of input but callback_url itself"
    InputDenylist "input-denylist" "refuses only the keys the documentation happens to name"
    PromptOptional "prompt-optional" "fills in a prompt when there is none"
    BlankPromptAccepted "blank-prompt-accepted" "accepts a prompt of blanks"
    PromptCoerced "prompt-coerced" "turns a prompt of another type into text"
    InputOptional "input-optional" "fills in input when it is missing or no object"
    ModelOptional "model-optional" "falls back to kling-v1 without a model"
    UnknownModelAccepted "unknown-model-accepted" "runs an unknown model as kling-v1"
    TypesUnchecked "types-unchecked" "ignores allow-listed fields of the wrong type"
    SecondsRefused "seconds-refused" "refuses the allow-listed field seconds"
    // errors
    ErrorsAsText "errors-as-text" "answers errors in plain text"
    NativeErrors "native-errors" "answers submit errors in the shape of the software behind it"
    PlacementErrorAsText "placement-error-as-text" "answers a misplaced key in plain text"
    ErrorsIn200 "errors-in-200" "carries errors in HTTP 200"
    ErrorCodeDiffers "error-code-differs" "puts a number of its own into the error's code"
    ErrorTypeOdd "error-type-odd" "names the error type of a bad request differently"
    UnknownTaskIs400 "unknown-task-is-400" "answers 400 for an unknown task"
    UnknownTaskRuns "unknown-task-runs" "reports any task id as running"
    ArrayBodyUnwrapped "array-body-unwrapped" "takes the first element of a body that is a list"
    NonObjectIs500 "non-object-is-500" "answers 500 when the body is JSON but no object"
    MalformedIs500 "malformed-is-500" "answers 500 when the body is no JSON"
    MalformedIsHtml "malformed-is-html" "answers an HTML page when the body is no JSON"
    StackTraceShown "stack-trace-shown" "shows a stack trace when the body is no JSON"
    SourcePathShown "source-path-shown" "names the place in its source when a prompt is blank"
    DeepNestingIs500 "deep-nesting-is-500" "answers 500 when the body is nested deeply"
    ModelTypeIs500 "model-type-is-500" "answers 500 when model is no string"
    NullIs500 "null-is-500" "answers 500 for an explicit null at the top of input"
    PlacementCodeDiffers "placement-code-differs" "puts code 4001 into the answer to a misplaced key"
    VendorRefusalIn200 "vendor-refusal-in-200" "answers HTTP 200 with an error when the vendor refuses"
    // authentication
    AuthOptional "auth-optional" "serves requests without a token"
    AnyToken "any-token" "accepts any token"
    StatusOpen "status-open" "shows a status without a token"
    TasksShared "tasks-shared" "shows one client's task to another"
    FinishedTasksShared "finished-tasks-shared" "shows a finished task to every client"
    EmptyBearerAccepted "empty-bearer-accepted" "takes an empty token for the first client's"
    KeyPrefixAccepted "key-prefix-accepted" "compares only the first 16 characters of a token"
    KeyCaseIgnored "key-case-ignored" "compares tokens without regard to case"
    KeyInQueryAccepted "key-in-query-accepted" "takes a key from the query of the address"
    CreatesBeforeAuth "creates-before-auth" "calls the vendor before it refuses an unknown token"
    AuthErrorIsHtml "auth-error-is-html" "answers an HTML page when the token is missing or unknown"
    CallbackOfEqualPrompt "callback-of-equal-prompt" "reuses the callback_url of an earlier job with the same prompt"
    // placement
    CallbackDropped "callback-dropped" "forwards no callback_url"
    CallbackDroppedForVidu "callback-dropped-for-vidu" "forwards no callback_url to Vidu"
    CallbackFieldRenamed "callback-field-renamed" "forwards the callback URL as notify_url"
    InputCallbackIgnored "input-callback-ignored" "accepts input.callback_url and ignores it"
    InputCallbackForwarded "input-callback-forwarded" "accepts input.callback_url and forwards it"
    PlacementIs422 "placement-is-422" "refuses a misplaced callback_url with 422"
    CreatesBeforePlacement "creates-before-placement" "calls the vendor before it refuses input.callback_url"
    RootCallbackIgnored "root-callback-ignored" "ignores a callback_url beside model"
    RootCallbackForwarded "root-callback-forwarded" "forwards a callback_url beside model"
    FindsNestedCallback "finds-nested-callback" "takes a callback_url from deep inside metadata"
    TwoPlacesAccepted "two-places-accepted" "checks input.callback_url only when metadata has none"
    RootCallbackWins "root-callback-wins" "prefers the callback_url beside model over metadata's"
    WrongTypeIs500 "wrong-type-is-500" "answers 500 when callback_url is no string"
    CallbackCoerced "callback-coerced" "turns a numeric callback_url into a string and forwards it"
    EmptyCallbackForwarded "empty-callback-forwarded" "forwards an empty callback_url"
    InputCaseVariantsAccepted "input-case-variants-accepted" "accepts callbackUrl and the like at the top of input"
    MetadataCaseInsensitive "metadata-case-insensitive" "takes Callback_Url in metadata for callback_url"
    DefaultCallback "default-callback" "sends a callback_url of its own when none was given"
    PlacementUncheckedWithImages "placement-unchecked-with-images" "does not check the placement when images are given"
    CallsBackItself "calls-back-itself" "sends a callback of its own when a job ends"
    CallbackFieldRenamedForDoubao "callback-field-renamed-for-doubao" "forwards the callback URL to Doubao as callbackUrl"
    EmptyInputCallbackAccepted "empty-input-callback-accepted" "accepts an empty callback_url at the top of input"
    PlacementUncheckedForVidu "placement-unchecked-for-vidu" "does not check the placement for Vidu"
    // pass-through
    QuerySorted "query-sorted" "sorts the query of the callback URL"
    EscapesDecoded "escapes-decoded" "decodes percent-escapes in the callback URL"
    EscapesUppercased "escapes-uppercased" "rewrites percent-escapes in upper case"
    PlusBecomesSpace "plus-becomes-space" "rewrites + in the query as %20"
    FragmentDropped "fragment-dropped" "drops the fragment of the callback URL"
    DefaultPortDropped "default-port-dropped" "drops :443 from the callback URL"
    CredentialsDropped "credentials-dropped" "drops user-info from the callback URL"
    HostPunycoded "host-punycoded" "rewrites an international host name in Punycode"
    NonAsciiEscaped "non-ascii-escaped" "percent-escapes non-ASCII characters in the callback URL"
    TruncatedAt255 "truncated-at-255" "cuts the callback URL at 255 characters"
    HtmlEscaped "html-escaped" "replaces & by &amp; in the callback URL"
    UrlNormalised "url-normalised" "lower-cases the host and resolves dot segments"
    TrailingSlashDropped "trailing-slash-dropped" "drops a slash at the end of the callback URL"
    EmptyQueryDropped "empty-query-dropped" "drops a question mark with nothing after it"
    DroppedWithOptions "dropped-with-options" "forwards no callback_url when metadata has other keys"
    DroppedWithImage "dropped-with-image" "forwards no callback_url when an image is given"
    DroppedWithDuration "dropped-with-duration" "forwards no callback_url when a duration is given"
    DroppedForKlingV2 "dropped-for-kling-v2" "forwards no callback_url to the newer API of Kling"
    DroppedForMinimaxV2 "dropped-for-minimax-v2" "forwards no callback_url to the newer API of MiniMax"
    LongCallbackDropped "long-callback-dropped" "forwards no callback_url of more than 1,500 characters"
    TruncatedAt1024 "truncated-at-1024" "cuts the callback URL at 1,024 characters"
    TruncatedAt2000 "truncated-at-2000" "cuts the callback URL at 2,000 characters"
    EscapesEscaped "escapes-escaped" "escapes the % of percent-escapes once more"
    EscapedSpaceBecomesPlus "escaped-space-becomes-plus" "rewrites %20 in the query as +"
    PathLowercased "path-lowercased" "lower-cases the path of the callback URL"
    QueryReencoded "query-reencoded" "decodes the query of the callback URL and encodes it again"
    EmptyValuesDropped "empty-values-dropped" "drops query parameters without a value"
    DuplicatesDropped "duplicates-dropped" "keeps one of several query parameters of the same name"
    SemicolonsCut "semicolons-cut" "cuts path parameters after a semicolon"
    SemicolonsSplit "semicolons-split" "rewrites ; in the query as &"
    SlashesCollapsed "slashes-collapsed" "collapses double slashes in the path"
    FragmentEscaped "fragment-escaped" "escapes the # of a fragment"
    ComposedCharacters "composed-characters" "composes letters and accents (NFC)"
    HostDotDropped "host-dot-dropped" "drops a dot at the end of the host name"
    JsonEscapesKept "json-escapes-kept" "forwards the callback URL as it was escaped in the JSON text"
    AmpersandEscapedTwice "ampersand-escaped-twice" "escapes & for JSON twice"
    CallbackCached "callback-cached" "keeps the callback_url of the first of several similar jobs"
    CallbackRemembered "callback-remembered" "gives a job without callback_url that of the job before"
    CallbackShared "callback-shared" "keeps the callback URL where parallel jobs overwrite it"
    // kinds of callback URLs, and times
    HttpUpgraded "http-upgraded" "rewrites an http:// callback URL as https://"
    PrivateHostIs500 "private-host-is-500" "answers 500 for a callback URL with a private address"
    TruncatedAt2048 "truncated-at-2048" "cuts the callback URL at 2,048 characters"
    RelativeResolved "relative-resolved" "completes a relative callback URL with an address of its own"
    CreatedTimeFixed "created-time-fixed" "shows the documentation's created_time for every job"
    // what reaches the vendor
    CreatesTwice "creates-twice" "creates every job twice"
    PromptTruncated "prompt-truncated" "cuts the prompt at 80 characters"
    ModelReplaced "model-replaced" "asks MiniMax for another model than the client did"
    ClientKeyForwarded "client-key-forwarded" "passes the client's key on to the vendor"
    MetadataModelWins "metadata-model-wins" "lets metadata.model override the model"
    CreatesBeforeChecking "creates-before-checking" "calls the vendor before it refuses an unknown key"
    CookiesForwarded "cookies-forwarded" "passes the client's cookies on to the vendor"
    ClientKeyInQueries "client-key-in-queries" "passes the client's key on when it asks the vendor for a status"
    ImageDropped "image-dropped" "forgets the image"
    DurationDropped "duration-dropped" "forgets the duration"
    SecondsDropped "seconds-dropped" "accepts seconds and forgets them"
    MetadataClosed "metadata-closed" "refuses keys in metadata that it does not know"
    // what reaches the client
    VendorKeyInError "vendor-key-in-error" "quotes the operator's key when the vendor refuses"
    VendorKeyInStatus "vendor-key-in-status" "quotes the operator's key in the reason of a failure"
    VendorAddressInError "vendor-address-in-error" "names the vendor's address when the vendor refuses"
    // concurrency and races
    CallbackSharedAcrossVendors "callback-shared-across-vendors" "mixes up callback URLs of jobs that arrive together for different vendors"
    IdsRace "ids-race" "gives jobs that arrive together the same task id"
    StatusesCross "statuses-cross" "answers status requests that arrive together with one and the same status"
    DuplicatesUnderLoad "duplicates-under-load" "creates a job twice when others arrive with it"
    EarlyEndForgotten "early-end-forgotten" "never notices a job that ended before its submit was answered"
    ImpatientWithVendor "impatient-with-vendor" "gives up on a vendor that takes longer than 0.7 seconds"
    BusyLooksUnknown "busy-looks-unknown" "reports not_started while another request looks at the same job"
    // polling-only models
    PollingRunsAtKling "polling-runs-at-kling" "runs a polling-only model at Kling when a callback_url is given"
    PollingCallsBack "polling-calls-back" "sends a callback of its own for a polling-only model"
    PollingCallbackIs500 "polling-callback-is-500" "answers 500 for a callback_url with a polling-only model"
    // status
    BackAtTheEnd "back-at-the-end" "reports not_started once between running and the end"
    FailedProgressNegative "failed-progress-negative" "reports a failed job with progress -1"
    FailureRetried "failure-retried" "reports a failed job as running when asked again"
    ReasonShownOnce "reason-shown-once" "shows the reason of a failure only the first time"
    FileQueryDropped "file-query-dropped" "drops the query, and with it the signature, of a result's address"
    FileUrlHtmlEscaped "file-url-html-escaped" "replaces & by &amp; in a result's address"
    CreatedTimeOtherZone "created-time-other-zone" "gives created_time in another zone in the status than in the submit answer"
    CallbackJobsNotPolled "callback-jobs-not-polled" "never asks the vendor about jobs with a callback_url"
    FinishedNamesVendorId "finished-names-vendor-id" "puts the vendor's id into the status of a finished job"
    FailedStatusIsError "failed-status-is-error" "answers an error instead of the status of a failed job"
    StatusWithoutEnvelope "status-without-envelope" "answers a status without code and data"
    ForeignStatusWords "foreign-status-words" "says processing instead of running"
    SuccessStaysRunning "success-stays-running" "never notices that a job succeeded"
    FilesMissing "files-missing" "leaves files out of a finished status"
    FailureReportedFinished "failure-reported-finished" "reports a failed job as finished"
    FailureWithoutMessage "failure-without-message" "reports a failed job without a reason"
    ExpiredStaysRunning "expired-stays-running" "does not know the vendor's word expired"
    FinishedTooEarly "finished-too-early" "reports a job as finished while the vendor works on it"
    TerminalFlaps "terminal-flaps" "reports a finished job as running when asked again"
    Regresses "regresses" "falls back to not_started after running"
    ProgressOver100 "progress-over-100" "reports progress in per mille"
    ProgressFraction "progress-fraction" "reports progress as a fraction of 100"
    FileTypeOdd "file-type-odd" "names a file type that is no kind of media"
    ProgressNot100 "progress-not-100" "reports a finished job at 99"
    StatusNamesOtherId "status-names-other-id" "puts the vendor's id into the status"
    RefusalHidden "refusal-hidden" "accepts a job the vendor refused and leaves it not_started"
    BaseRespIgnored "base-resp-ignored" "takes HTTP 200 from MiniMax for success"
    // vendor trouble
    FailedCreateAccepted "failed-create-accepted" "accepts a job whose create met HTTP 5xx"
    LimitedCreateAccepted "limited-create-accepted" "accepts a job whose create met a bare 429, and never tries again"
    LostCreateAccepted "lost-create-accepted" "accepts a job whose create got no answer"
    UnreadableCreateAccepted "unreadable-create-accepted" "takes any HTTP 200 for an accepted create, whatever is in it"
    EmptyBodyCrashes "empty-body-crashes" "crashes when the answer to a create has no body"
    PagePassedOn "page-passed-on" "hands the vendor's error page to the client as it is"
    BodyQuoted "body-quoted" "quotes an unreadable answer of the vendor in the error's message"
    VendorSentenceQuoted "vendor-sentence-quoted" "tells clients what the vendor says about the operator's account"
    AddressNamed "address-named" "names the vendor's address when it cannot be reached"
    OutageBlamedOnClient "outage-blamed-on-client" "answers 400 when the vendor is down"
    VendorUnauthorizedPassedOn "vendor-unauthorized-passed-on" "answers 401 when the vendor refuses the operator's key"
    RepeatsLostCreate "repeats-lost-create" "sends a create again when it got no answer"
    RepeatsFailedCreate "repeats-failed-create" "sends a create again after HTTP 5xx"
    RepeatsUnreadableCreate "repeats-unreadable-create" "sends a create again when the answer could not be read"
    FailedQueryFails "failed-query-fails" "gives a job up when a query meets HTTP 5xx"
    LimitedQueryFails "limited-query-fails" "gives a job up when a query meets 429"
    LostQueryFails "lost-query-fails" "gives a job up when a query gets no answer"
    UnreadableQueryFails "unreadable-query-fails" "gives a job up when the answer to a query cannot be read"
    EmptyQueryFinishes "empty-query-finishes" "takes an empty answer to a query for the end of the job"
    GivesUpAfterBadQuery "gives-up-after-bad-query" "never asks again once a query has failed"
    TroubleIs404 "trouble-is-404" "says that there is no such task while the vendor cannot be asked"
    StatusPagePassedOn "status-page-passed-on" "answers a status with the vendor's error page"
    UnknownWordFinishes "unknown-word-finishes" "takes a state word it does not know for success"
    UnknownWordFails "unknown-word-fails" "takes a state word it does not know for failure"
    UnknownWordCrashes "unknown-word-crashes" "answers 500 to a state word it does not know"
    OddEndsUnexplained "odd-ends-unexplained" "gives no reason when a job has expired or was cancelled"
    VanishedStaysRunning "vanished-stays-running" "reports a job as running for ever that the vendor denies"
    SubmitWaitsForEver "submit-waits-for-ever" "waits without limit for the answer to a create"
    StatusWaitsForEver "status-waits-for-ever" "waits without limit for the answer to a query"
    SubmitsQueue "submits-queue" "keeps submits waiting while another one waits for its vendor"
    StatusesQueue "statuses-queue" "keeps statuses waiting while another one waits for its vendor"
    BusinessErrorFails "business-error-fails" "gives a job up when MiniMax reports an error inside HTTP 200"
    FinishesWithoutFile "finishes-without-file" "reports a job as finished although it could not learn where the result is"
}

impl Defect {
    /// The defect of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|defect| defect.name() == name)
    }
}
