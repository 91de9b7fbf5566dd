//! Does the reference receiver do what a receiver should, is each of its defects one that can be seen,
//! and does none of its oddities harm? Probes are small checks, named after what they will become.

#[path = "receiver/answers.rs"]
mod answers;
#[path = "receiver/effects.rs"]
mod effects;
#[path = "receiver/scene.rs"]
mod scene;
#[path = "receiver/started.rs"]
mod started;
#[path = "receiver/trust.rs"]
mod trust;

use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use futures_util::stream::{StreamExt as _, iter};
use ringback_mocks::receiver::defect::Defect;
use ringback_mocks::receiver::oddity::Oddity;
use scene::{Log, Scene};

struct Probe {
    name: &'static str,
    run: for<'s> fn(&'s Scene) -> BoxFuture<'s, Vec<String>>,
    /// The defects it must notice.
    defects: &'static [Defect],
}

macro_rules! probes {
    ($($room:ident::$name:ident [$($defect:ident)*])*) => {
        &[$(Probe {
            name: stringify!($name),
            run: |scene| Box::pin(async move {
                let mut log = Log::default();
                $room::$name(scene, &mut log).await;
                log.0
            }),
            defects: &[$(Defect::$defect),*],
        }),*]
    };
}

#[rustfmt::skip]
const PROBES: &[Probe] = probes! {
    answers::ack_001 [RefusesVidu]
    answers::ack_002 [FailureIs500]
    answers::ack_003 [ProgressIs400]
    answers::ack_004 [ExpiredAckedLate]
    answers::ack_005 [WorksBeforeAck]
    answers::ack_006 [RedirectsQueries QueryDropped]
    answers::ack_007 [ConfirmsBeforeAck]
    answers::ack_008 [DuplicateIs409]
    answers::ack_009 [LateIs409 ProgressIs400]
    answers::ack_010 [BusyIs503]
    answers::tol_001 [ExpiredIs400 FailureIs500 ProgressIs400 KlingV2Unknown MinimaxWrapperUnknown]
    answers::tol_002 [SucceededUnknown KlingV2Unknown MinimaxWrapperUnknown]
    answers::tol_003 [FailureIgnored ExpiredIgnored CancelledIgnored FailureBelievedSuccess KlingV2Unknown MinimaxWrapperUnknown ExpiredIs400]
    answers::tol_004 [ProgressDoesWork QueuedDoesWork]
    answers::tol_005 [UnknownFieldsRefused]
    answers::tol_006 [TimesRequired PayloadRequired ErrorRequired FailureIs500 FailureIgnored FailureBelievedSuccess]
    answers::tol_007 [NullsAre500]
    answers::tol_008 [KlingV2Unknown SucceededUnknown]
    answers::tol_009 [MinimaxWrapperUnknown]
    answers::tol_010 [ContentTypeLiteral]
    answers::tol_011 [HeaderCaseCounts]
    answers::tol_012 [IdsAsFloats FailureIgnored FailureBelievedSuccess]
    answers::tol_013 [SmallBodyLimit]
    answers::tol_014 [AsciiOnly Reserialises]
    answers::tol_015 [FirstFieldIsId Reserialises]
    answers::tol_016 [UnknownWordIs500 UnknownWordDoesWork]
    answers::tol_017 [CapitalsUnknown FailureIgnored FailureBelievedSuccess]
    answers::chal_001 [ChallengeUnknown]
    answers::chal_002 [ChallengeAsText]
    answers::chal_003 [ChallengeSlow]
    answers::chal_004 [ChallengeTrimmed ChallengeAsNumber ChallengeLowercased ChallengeCut ChallengeHtmlEscaped]
    answers::chal_005 [ChallengeStored]
    answers::chal_006 [SingleThreaded ChallengeNeedsTask]
    answers::chal_007 [ChallengeDeduplicated]
    answers::chal_008 [ChallengeStrict]
    trust::sig_001 [Reserialises NumericWebhookId TrimsBody RedirectsQueries]
    trust::sig_002 [FirstSignatureOnly LastSignatureOnly VersionsRefused]
    trust::sig_003 [ToleranceTight FutureRefused]
    trust::sig_004 [UnsignedAccepted MissingTimestampAccepted MissingIdAccepted]
    trust::sig_005 [EmptySignatureAccepted PrefixCompared CaseIgnored HexAccepted BareAccepted]
    trust::sig_006 [VersionIgnored]
    trust::sig_007 [MacUnchecked UndecodedKeyAccepted EmptyKeyAccepted]
    trust::sig_008 [MacUnchecked ReserialisedAccepted]
    trust::sig_009 [MacUnchecked]
    trust::sig_010 [StaleAccepted FutureAccepted]
    trust::sig_011 [JwtAccepted SchemesMixed UnsignedAccepted BearerSecretAccepted]
    trust::sig_012 [BadSignatureIs500]
    trust::sig_013 [ForgeryPoisons]
    trust::sig_014 [RejectsButWorks UnsignedAccepted MissingTimestampAccepted MissingIdAccepted EmptySignatureAccepted PrefixCompared CaseIgnored HexAccepted BareAccepted VersionIgnored MacUnchecked UndecodedKeyAccepted EmptyKeyAccepted ReserialisedAccepted StaleAccepted FutureAccepted JwtAccepted SchemesMixed BearerSecretAccepted MissingAlgorithmAccepted QueryUnsigned SortedQueryAccepted MethodUnsigned PathUnsigned DecodedQueryAccepted NewlineOptional AccessKeyIgnored AlgorithmIgnored LowerCaseNamesAccepted]
    trust::sig_015 [QuerySorted QueryDecoded QueryDropped HeaderOrderFixed ExtraHeaderRefused NonceMustBeUuid]
    trust::sig_016 [UnsignedAccepted MissingAlgorithmAccepted]
    trust::sig_017 [EmptySignatureAccepted PrefixCompared CaseIgnored HexAccepted]
    trust::sig_018 [MacUnchecked EmptyKeyAccepted]
    trust::sig_019 [MacUnchecked QueryUnsigned SortedQueryAccepted MethodUnsigned PathUnsigned DecodedQueryAccepted]
    trust::sig_020 [MacUnchecked NewlineOptional AccessKeyIgnored AlgorithmIgnored LowerCaseNamesAccepted]
    trust::uns_001 [TrustsUnsigned UnknownIsConfirmed]
    trust::uns_002 [TrustsUnsigned AsksButIgnores]
    trust::uns_003 [SecretUnchecked]
    trust::uns_004 [SecretCountsUp]
    trust::uns_005 [WorksPerVendorId]
    trust::uns_006 [ConfirmsOnce]
    effects::idem_001 [IgnoresVidu]
    effects::idem_002 [NoDedupe]
    effects::idem_003 [NoDedupe DedupesByNonce]
    effects::idem_004 [NoDedupe DedupesByBody DedupesByDelivery]
    effects::idem_005 [NoDedupe DedupesLastOnly]
    effects::idem_006 [NoDedupe CheckThenAct]
    effects::idem_007 [NoDedupe CheckThenAct]
    effects::idem_008 [NoDedupe CheckThenAct]
    effects::idem_009 [NoDedupe]
    effects::idem_010 [NoDedupe DedupesForAMoment]
    effects::idem_011 [NoDedupe WorkDiesWithConnection]
    effects::idem_012 [NoDedupe SmallMemory]
    effects::idem_013 [NoDedupe FailureNotDeduped FailureIgnored]
    effects::idem_014 [DedupesByResult]
    effects::ord_001 [DedupesById]
    effects::ord_002 [Regresses]
    effects::ord_003 [Reopens NoDedupe]
    effects::ord_004 [DedupesById Regresses]
    effects::ord_005 [EachEndWorks]
    effects::ord_006 [LaterEndWins]
    effects::ord_007 [LostUpdate]
    effects::ord_008 [EqualTimesDropped MinimaxWrapperUnknown]
    started::loss_001 [CallbackMisplaced OwnTaskId]
    started::loss_002 [CallbackUnlinked]
    started::loss_003 [NeverPolls PollsOnce]
    started::loss_004 [NeverPolls PollsOnce PollKnowsNoFailure FailureBelievedSuccess]
    started::loss_005 [PollWorksToo CallbackAfterPollWorks CallbackUnlinked]
    started::loss_006 [SingleThreaded EarlyCallbackRefused CallbackUnlinked]
    started::loss_007 [PollStopsAtError NeverPolls PollsOnce]
    started::loss_008 [PollsForever]
    started::loss_009 [PollsHot]
    started::loss_010 [NeverPolls PollsOnce PollStopsAfterProgress CallbackUnlinked]
    answers::host_001 [MalformedIs500]
    answers::host_002 [Utf8Is500]
    answers::host_003 [NestingIs500]
    answers::host_004 [DuplicateKeysWorkTwice]
    answers::host_005 [HugeIs500]
    answers::host_006 [SlowBodyBlocks RedirectsQueries QueryDropped]
    answers::host_007 [PutWorks GetIs500]
    answers::host_008 [FormAccepted XmlIs500]
    answers::host_009 [ArrayIs500 MissingIdIs500 StateNumberIs500]
    answers::host_010 [EmptyIs500]
    answers::host_011 [MalformedAcked MissingIdAcked]
    answers::host_012 [UnknownHookAcked]
    answers::host_013 [OddIdIs500]
    answers::host_014 [TrailingDataAccepted]
    effects::sch_001 [DoubleProgressHidesEnd NoDedupe DedupesById Regresses Reopens]
    effects::sch_002 [ManyProgressHidesEnd NoDedupe DedupesById Regresses Reopens]
    started::sch_003 [DuplicateStopsPoll NeverPolls PollsOnce PollStopsAfterProgress]
    effects::sch_004 [FailureReopens FailureIgnored FailureBelievedSuccess FailureNotDeduped NoDedupe DedupesById Regresses Reopens]
};

/// Defects that spoil the ground that others stand on: more notice them than name them.
const CRUDE: &[Defect] = &[
    Defect::RefusesVidu,
    Defect::IgnoresVidu,
    Defect::ChallengeUnknown,
    Defect::CallbackMisplaced,
    Defect::OwnTaskId,
];
/// Probes that every odd receiver gets each time; all of them take minutes.
const SHORT: &[&str] = &[
    "ack_001", "ack_002", "ack_003", "ack_008", "tol_002", "tol_003", "tol_004", "tol_010", "chal_001",
    "chal_004", "chal_006", "sig_001", "sig_005", "sig_013", "sig_015", "uns_001", "uns_003", "uns_004",
    "idem_002", "idem_011", "ord_002", "loss_001", "loss_002", "loss_003", "loss_006", "host_001",
    "host_007",
];
/// Probes at one receiver at the same time: some measure time, and debug builds are slow.
const PROBES_AT_ONCE: usize = 16;
/// Receivers judged at the same time.
const SIDE_BY_SIDE: usize = 8;

/// What the probes that `wanted` picks complain about, side by side at one receiver.
async fn complaints(
    defect: Option<Defect>,
    oddity: Option<Oddity>,
    wanted: impl Fn(&Probe) -> bool,
) -> Vec<(&'static str, Vec<String>)> {
    let scene = Scene::open(defect, oddity).await;
    let scene = &scene;
    let running = PROBES
        .iter()
        .filter(|probe| wanted(probe))
        .map(|probe| async move { (probe.name, (probe.run)(scene).await) });
    let all: Vec<_> = iter(running).buffer_unordered(PROBES_AT_ONCE).collect().await;
    all.into_iter().filter(|(_, said)| !said.is_empty()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_has_no_fault() {
    assert_eq!(complaints(None, None, |_| true).await, [], "complaints about the reference");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_defect_is_noticed_by_each_probe_that_names_it() {
    let judged = iter(Defect::ALL).map(|defect| async move {
        let named: BTreeSet<_> =
            PROBES.iter().filter(|probe| probe.defects.contains(defect)).map(|probe| probe.name).collect();
        let seen = complaints(Some(*defect), None, |probe| named.contains(probe.name)).await;
        let seen: BTreeSet<_> = seen.into_iter().map(|(name, _)| name).collect();
        let missed: Vec<_> = named.difference(&seen).copied().collect();
        (!missed.is_empty() || named.is_empty()).then(|| format!("{}: {missed:?}", defect.name()))
    });
    let wrong: Vec<_> = judged.buffer_unordered(SIDE_BY_SIDE).filter_map(|one| async { one }).collect().await;
    assert_eq!(wrong, Vec::<String>::new(), "defects that were not noticed, or that nothing names");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: every probe at every defective receiver"]
async fn no_defect_is_noticed_by_a_probe_that_does_not_name_it() {
    let judged =
        iter(Defect::ALL).filter(|defect| async { !CRUDE.contains(defect) }).map(|defect| async move {
            let disturbed: Vec<_> =
                complaints(Some(*defect), None, |probe| !probe.defects.contains(defect)).await;
            (!disturbed.is_empty()).then(|| format!("{}: {disturbed:?}", defect.name()))
        });
    let wrong: Vec<_> = judged.buffer_unordered(SIDE_BY_SIDE).filter_map(|one| async { one }).collect().await;
    assert_eq!(wrong, Vec::<String>::new());
}

async fn accused(wanted: impl Fn(&Probe) -> bool + Copy) -> Vec<String> {
    let judged = iter(Oddity::ALL).map(|oddity| async move {
        let accused = complaints(None, Some(*oddity), wanted).await;
        (!accused.is_empty()).then(|| format!("{}: {accused:?}", oddity.name()))
    });
    judged.buffer_unordered(SIDE_BY_SIDE).filter_map(|one| async { one }).collect().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_oddity_harms() {
    assert_eq!(accused(|probe| SHORT.contains(&probe.name)).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: every probe at every odd receiver"]
async fn no_oddity_harms_in_the_long_run() {
    assert_eq!(accused(|_| true).await, Vec::<String>::new());
}
