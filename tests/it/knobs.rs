//! Does each knob turn something? For every value that is not the default there is a gateway whose
//! verdict changes with it, and nothing about a knob is left out of settings, lists or documents.

use ringback::catalogue;
use ringback::gateway::knob::{Choice, Knob, Knobs, Values};
use ringback::gateway::stage as gateway_stage;
use ringback::gateway::target::{GatewayTarget, GatewayTimeouts};
use ringback::listing;
use ringback::run::outcome::Outcome;
use ringback::run::session::RunOptions;
use ringback_reference::deviation::{Mutant, Variant};
use ringback_reference::gateway::{Gateway, mutants, variants};
use rstest::rstest;

/// The gateway of a row.
#[derive(Clone, Copy, Debug)]
enum Subject {
    Plain,
    Wrong(Mutant<Gateway>),
    Odd(Variant<Gateway>),
}

use Subject::{Odd, Plain, Wrong};

impl Subject {
    fn target(self, knobs: Knobs) -> GatewayTarget {
        let target = match self {
            Plain => GatewayTarget::embedded(&[]),
            Wrong(mutant) => GatewayTarget::embedded(&[mutant]),
            Odd(variant) => GatewayTarget::varied(&[variant]),
        };
        GatewayTarget {
            knobs,
            timeouts: GatewayTimeouts { create: GatewayTimeouts::REFERENCE.create, ..target.timeouts },
            ..target
        }
    }
}

/// Declares the table twice: as rstest cases, for a name per row, and as a constant for completeness.
macro_rules! turns {
    ($($name:ident: $knob:ident = $choice:ident, $subject:expr, $id:literal, $default:ident => $turned:ident;)*) => {
        const TURNS: &[(Knob, Choice)] = &[$((Knob::$knob, Choice::$choice)),*];

        #[rstest]
        $(#[case::$name(Knob::$knob, Choice::$choice, $subject, $id, Outcome::$default, Outcome::$turned)])*
        #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
        async fn a_knob_turns_a_verdict(
            #[case] knob: Knob,
            #[case] choice: Choice,
            #[case] subject: Subject,
            #[case] id: &str,
            #[case] default: Outcome,
            #[case] turned: Outcome,
        ) {
            assert_eq!(judged(subject, Knobs::default(), id).await, default, "by default");
            assert_eq!(judged(subject, Knobs::default().with(knob, choice), id).await, turned, "turned");
        }
    };
}

turns! {
    root_ignore: RootCallback = Ignore, Wrong(mutants::ROOT_CALLBACK_IGNORED), "GW-CB-004", Warn => Pass;
    root_accept: RootCallback = Accept, Wrong(mutants::ROOT_CALLBACK_FORWARDED), "GW-CB-004", Warn => Pass;
    wrong_type: WrongTypeCallback = Reject, Odd(variants::IGNORES_WRONG_TYPE), "GW-CB-008", Pass => Fail;
    null_reject: NullCallback = Reject, Plain, "GW-CB-008", Pass => Fail;
    null_ignore: NullCallback = Ignore, Odd(variants::REFUSES_NULL_CALLBACK), "GW-CB-008", Pass => Fail;
    empty_reject: EmptyCallback = Reject, Plain, "GW-CB-009", Pass => Warn;
    empty_ignore: EmptyCallback = Ignore, Odd(variants::REFUSES_EMPTY_CALLBACK), "GW-CB-009", Pass => Warn;
    empty_forward: EmptyCallback = Forward, Plain, "GW-CB-009", Pass => Warn;
    relative_reject: RelativeCallback = Reject, Plain, "GW-URL-004", Pass => Fail;
    relative_forward: RelativeCallback = Forward, Odd(variants::REFUSES_NON_URLS), "GW-URL-004", Pass => Fail;
    http_reject: HttpCallback = Reject, Plain, "GW-URL-001", Pass => Fail;
    http_forward: HttpCallback = Forward, Odd(variants::REFUSES_PLAIN_HTTP), "GW-URL-001", Pass => Fail;
    private_reject: PrivateCallback = Reject, Plain, "GW-URL-002", Pass => Fail;
    private_forward: PrivateCallback = Forward, Odd(variants::REFUSES_PRIVATE_HOSTS), "GW-URL-002", Pass => Fail;
    long_reject: LongCallback = Reject, Plain, "GW-URL-003", Pass => Fail;
    long_forward: LongCallback = Forward, Odd(variants::REFUSES_LONG_URLS), "GW-URL-003", Pass => Fail;
    user_info_reject: UserInfoCallback = Reject, Plain, "GW-PASS-006", Pass => Fail;
    user_info_forward: UserInfoCallback = Forward, Odd(variants::REFUSES_USER_INFO), "GW-PASS-006", Pass => Fail;
    non_ascii_reject: NonAsciiCallback = Reject, Plain, "GW-PASS-007", Pass => Fail;
    non_ascii_forward: NonAsciiCallback = Forward, Odd(variants::REFUSES_NON_ASCII), "GW-PASS-007", Pass => Fail;
    host_dot_reject: HostDotCallback = Reject, Plain, "GW-PASS-018", Pass => Fail;
    host_dot_forward: HostDotCallback = Forward, Odd(variants::REFUSES_HOST_DOT), "GW-PASS-018", Pass => Fail;
    polling_reject: PollingCallback = Reject, Plain, "GW-POLL-001", Pass => Fail;
    polling_ignore: PollingCallback = Ignore, Odd(variants::REFUSES_POLLING_CALLBACK), "GW-POLL-001", Pass => Fail;
    refusal_4xx: RefusalStatus = Status4xx, Wrong(mutants::PLACEMENT_IS_422), "GW-CB-002", Fail => Pass;
    bad_token_401: BadTokenStatus = Status401, Odd(variants::FORBIDDEN_403), "GW-AUTH-001", Pass => Fail;
    bad_token_403: BadTokenStatus = Status403, Plain, "GW-AUTH-001", Pass => Fail;
    foreign_403: ForeignTaskStatus = Status403, Plain, "GW-AUTH-005", Pass => Fail;
    foreign_404: ForeignTaskStatus = Status404, Odd(variants::FOREIGN_TASK_403), "GW-AUTH-005", Pass => Fail;
    error_type: ErrorType = Any, Wrong(mutants::ERROR_TYPE_ODD), "GW-ERR-004", Warn => Pass;
    error_code: ErrorCode = Any, Wrong(mutants::ERROR_CODE_DIFFERS), "GW-ERR-003", Warn => Pass;
    field_types: FieldTypes = Any, Wrong(mutants::TYPES_UNCHECKED), "GW-SUB-012", Warn => Pass;
    first_status: FirstStatus = Any, Wrong(mutants::STARTS_RUNNING), "GW-SUB-003", Warn => Pass;
    status_words: StatusWords = Synonyms, Wrong(mutants::FOREIGN_STATUS_WORDS), "GW-ST-001", Fail => Pass;
    failure_reason: FailureReason = Optional, Wrong(mutants::FAILURE_WITHOUT_MESSAGE), "GW-ST-004", Warn => Pass;
    progress_type: ProgressType = Number, Wrong(mutants::PROGRESS_FRACTION), "GW-ST-001", Fail => Pass;
    progress_end: ProgressEnd = Any, Wrong(mutants::PROGRESS_NOT_100), "GW-ST-008", Warn => Pass;
    file_type_image: FileType = Image, Odd(variants::VIDEO_FILES), "GW-ST-002", Pass => Fail;
    file_type_any: FileType = Any, Wrong(mutants::FILE_TYPE_ODD), "GW-ST-002", Fail => Pass;
    created_utc: CreatedZone = Utc, Odd(variants::LOCAL_TIMES), "GW-TIME-001", Pass => Warn;
    created_shanghai: CreatedZone = Shanghai, Plain, "GW-TIME-001", Pass => Warn;
}

/// A run of these cases alone.
fn only(pattern: &str) -> RunOptions {
    let mut options = RunOptions::default();
    options.selection.only.push(pattern.to_owned());
    options
}

/// The worst outcome of a requirement's cases.
async fn judged(subject: Subject, knobs: Knobs, id: &str) -> Outcome {
    let options = only(id);
    let report =
        gateway_stage::judge(subject.target(knobs), &options).await.expect("the reference is judged");
    let outcomes: Vec<Outcome> = report.cases.iter().map(|case| case.outcome).collect();
    let worst = [Outcome::Error, Outcome::Inconclusive, Outcome::Fail, Outcome::Warn, Outcome::NotTestable];
    worst
        .into_iter()
        .find(|outcome| outcomes.contains(outcome))
        .unwrap_or_else(|| *outcomes.first().expect("at least one case"))
}

#[test]
fn every_value_but_the_default_turns_something() {
    for knob in Knob::ALL {
        let Values::Words(words) = knob.row().values else { continue };
        for (choice, _) in &words[1..] {
            assert!(TURNS.contains(&(*knob, *choice)), "{} = {}", knob.row().name, choice.word());
        }
    }
}

/// The reference waits a second for a vendor, if its client says that it would not wait longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_hang_window_turns_a_verdict() {
    for (milliseconds, outcome) in [(20_000, Outcome::Pass), (50, Outcome::Warn)] {
        let target = GatewayTarget::embedded(&[]);
        let hang = std::time::Duration::from_millis(milliseconds);
        let target = GatewayTarget { timeouts: GatewayTimeouts { hang, ..target.timeouts }, ..target };
        let report = gateway_stage::judge(target, &only("GW-VT-019")).await.expect("the reference is judged");
        assert_eq!(report.cases[0].outcome, outcome, "{milliseconds} ms: {:?}", report.cases[0].findings);
        assert_eq!(report.target["knobs"]["hang"], if milliseconds == 50 { "0.05s" } else { "20s" });
    }
}

/// The other one that is a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_settle_window_turns_a_verdict() {
    for (milliseconds, outcome) in [(5_000, Outcome::Pass), (50, Outcome::Fail)] {
        let target = GatewayTarget::varied(&[variants::LAGS_BEHIND]);
        let settle = std::time::Duration::from_millis(milliseconds);
        let target = GatewayTarget { timeouts: GatewayTimeouts { settle, ..target.timeouts }, ..target };
        let options = only("gateway/status/failure-fails[vidu]");
        let report = gateway_stage::judge(target, &options).await.expect("the reference is judged");
        assert_eq!(report.cases[0].outcome, outcome, "{milliseconds} ms: {:?}", report.cases[0].findings);
        assert_eq!(report.target["knobs"]["settle"], if milliseconds == 50 { "0.05s" } else { "5s" });
    }
}

#[test]
fn every_knob_is_asked_by_some_requirement() {
    for knob in Knob::ALL {
        let asks = |entry: ringback::run::requirement::Entry| entry.knobs.contains(&knob.row().name);
        assert!(catalogue::entries().any(asks), "nobody asks {}", knob.row().name);
    }
}

#[test]
fn explain_and_lists_speak_of_knobs() {
    let explained = listing::explain("GW-CB-004").expect("it exists");
    assert!(explained.contains("root_callback"), "{explained}");
    assert!(listing::text().contains("root_callback"));
    let listed = listing::json();
    let knobs = listed["knobs"].as_array().expect("a list");
    assert_eq!(knobs.len(), Knob::ALL.len());
    let of = listed["requirements"].as_array().expect("a list").iter().find(|one| one["id"] == "GW-CB-004");
    assert_eq!(of.expect("it exists")["knobs"][0], "root_callback");
}

#[test]
fn the_readme_has_every_knob() {
    let readme = include_str!("../../README.md");
    let table = listing::knobs();
    assert!(readme.contains(&table), "put this table into README.md, section Settings:\n{table}");
}
