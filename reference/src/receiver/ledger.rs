//! What is known of each job, and which report of it does the work: the first that says it has ended.
//!
//! Pure. The key is the job, never job and state or a delivery's id; what has ended stays as it ended.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::callback::Seen;
use super::defect::Defect;
use ringback_mocks::vendor::Phase;

/// Jobs kept; a demonstration receiver forgets everything when it fills up.
const JOBS_KEPT: usize = 100_000;
/// How many last characters of an id its family does not have.
const FAMILY_TAIL: usize = 6;
/// Jobs of a family that the defect with a small memory remembers.
const SMALL_MEMORY: u64 = 100;
/// How long the defect that forgets remembers, in milliseconds.
const MOMENT: i64 = 2_000;
/// How much later than polling a callback must come that a defect works on, in milliseconds.
const AFTER_POLL: i64 = 100;
/// Callbacks of a job after which a defect notices nothing more.
const MANY: u32 = 6;
/// Jobs of a family in a short while that are too many for a defect, and that while in milliseconds.
const BUSY: usize = 24;
const BUSY_WITHIN: i64 = 2_000;

/// Who reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The vendor, by callback.
    Callback,
    /// The gateway, by Get Task Status.
    Poll,
}

/// How a callback came, which only defects look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Manner {
    /// `webhook-id`.
    pub(super) delivery: String,
    /// `x-request-nonce`.
    pub(super) nonce: String,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Whether the work is to be done now.
    pub(super) work: bool,
    /// Whether the same had been reported before.
    pub(super) repeated: bool,
    /// Whether it is progress of a job that has ended.
    pub(super) late: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "all but one are the memory of single defects")]
#[derive(Debug, Default)]
struct Job {
    /// How it ended.
    ended: Option<Phase>,
    ended_by_poll: bool,
    ended_at: i64,
    /// How many jobs of the family had ended then.
    ended_as: u64,
    /// The state believed, as a word and its meaning.
    shown: Option<(String, Phase)>,
    /// How often the work was done.
    count: u32,
    worked_early: bool,
    reopened: bool,
    arrivals: u32,
    progress: u32,
    /// Words of progress so far.
    words: HashSet<String>,
    polled_too: bool,
    last_time: Option<i64>,
    manners: Vec<Manner>,
}

#[derive(Debug, Default)]
struct Family {
    last: String,
    ended: u64,
    recent: Vec<(String, i64)>,
}

/// Every job there is.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    defect: Option<Defect>,
    jobs: HashMap<String, Job>,
    families: HashMap<String, Family>,
    results: HashSet<String>,
    poisoned: HashSet<String>,
}

impl Ledger {
    pub(super) fn new(defect: Option<Defect>) -> Self {
        Self { defect, ..Self::default() }
    }

    const fn is(&self, defect: Defect) -> bool {
        matches!(self.defect, Some(own) if own as usize == defect as usize)
    }

    /// Notes a report of a job and decides whether it does the work. `seen.phase` none: nothing known.
    pub(super) fn take(
        &mut self,
        key: &str,
        seen: &Seen,
        source: Source,
        manner: Manner,
        now: Timestamp,
    ) -> Taken {
        if self.jobs.len() >= JOBS_KEPT {
            self.jobs.clear();
            self.families.clear();
        }
        let defect = self.defect;
        let phase = match seen.phase {
            None if self.is(Defect::UnknownWordDoesWork) => Phase::Succeeded,
            None => return Taken::default(),
            Some(phase)
                if phase.is_terminal()
                    && source == Source::Callback
                    && self.is(Defect::FailureBelievedSuccess) =>
            {
                Phase::Succeeded
            }
            Some(phase) => phase,
        };
        let job = self.jobs.entry(key.to_owned()).or_default();
        if source == Source::Callback {
            job.arrivals += 1;
        }
        if self.poisoned.contains(&seen.id) || job.overlooks(seen, phase, source, defect) {
            return Taken::default();
        }
        if !phase.is_terminal() {
            return job.progressed(seen, phase, defect);
        }
        let family = self.families.entry(family_of(key)).or_default();
        let again = job.ended.is_some();
        let mut work = match job.ended {
            None => !job.worked_early,
            Some(end) => {
                std::mem::take(&mut job.reopened)
                    || job.works_again(end, phase, source, &manner, now, defect)
                    || match defect {
                        Some(Defect::DedupesLastOnly) => family.last != key,
                        Some(Defect::SmallMemory) => family.ended - job.ended_as > SMALL_MEMORY,
                        // Whatever company there was, it is the time alone that this defect forgets by.
                        Some(Defect::DedupesForAMoment) => {
                            !job.ended_by_poll
                                && family.ended == job.ended_as
                                && now.as_millisecond() - job.ended_at > MOMENT
                        }
                        _ => false,
                    }
            }
        };
        key.clone_into(&mut family.last);
        if !again {
            job.ended = Some(phase);
            job.ended_by_poll = source == Source::Poll;
            family.ended += 1;
            job.ended_as = family.ended;
            let misread = defect == Some(Defect::FailureBelievedSuccess);
            let word = if misread { "succeeded" } else { seen.word.as_str() };
            job.shown = Some((word.to_owned(), phase));
            let known_result = seen.result.clone().is_some_and(|result| !self.results.insert(result));
            work &= !(known_result && defect == Some(Defect::DedupesByResult));
        } else if defect == Some(Defect::LaterEndWins) {
            job.shown = Some((seen.word.clone(), phase));
        }
        if !again || work {
            job.ended_at = now.as_millisecond();
        }
        if defect.is_some() {
            job.manners.push(manner);
        }
        Taken { work, repeated: again && job.ended == Some(phase), late: false }
    }

    /// The work for a job is done.
    pub(super) fn worked(&mut self, key: &str) {
        self.jobs.entry(key.to_owned()).or_default().count += 1;
    }

    /// Whether a job has ended.
    pub(super) fn has_ended(&self, key: &str) -> bool {
        self.jobs.get(key).is_some_and(|job| job.ended.is_some())
    }

    /// Whether nothing more can be learnt of a job by asking.
    pub(super) fn is_settled(&self, key: &str) -> bool {
        let Some(job) = self.jobs.get(key) else { return false };
        let stopped = match self.defect {
            Some(Defect::PollStopsAfterProgress) => job.progress > 0,
            Some(Defect::DuplicateStopsPoll) => job.has_repeated(),
            _ => false,
        };
        let ended = match self.defect {
            Some(Defect::PollsForever) => false,
            Some(Defect::PollWorksToo) => job.ended_by_poll || job.polled_too,
            _ => job.ended.is_some(),
        };
        ended || stopped
    }

    /// How often the work for a job was done, and the state believed.
    pub(super) fn effects(&self, key: &str) -> Option<(u32, Option<(&str, Phase)>)> {
        let job = self.jobs.get(key)?;
        Some((job.count, job.shown.as_ref().map(|(word, phase)| (word.as_str(), *phase))))
    }

    /// Whether a family is at a moment so busy that a defect gives up.
    pub(super) fn is_busy(&mut self, id: &str, now: Timestamp) -> bool {
        let now = now.as_millisecond();
        let family = self.families.entry(family_of(id)).or_default();
        family.recent.retain(|(_, at)| now - at < BUSY_WITHIN);
        if !family.recent.iter().any(|(known, _)| known == id) {
            family.recent.push((id.to_owned(), now));
        }
        family.recent.len() > BUSY
    }

    /// Takes whatever comes of a job from now on for a repetition; only a defect does so.
    pub(super) fn poison(&mut self, id: &str) {
        self.poisoned.insert(id.to_owned());
    }

    /// Writes progress over whatever is there; only a defect does so.
    pub(super) fn overwrite(&mut self, key: &str, word: &str, phase: Phase) {
        self.jobs.entry(key.to_owned()).or_default().shown = Some((word.to_owned(), phase));
    }
}

impl Job {
    /// Whether the same progress came twice.
    fn has_repeated(&self) -> bool {
        self.progress as usize > self.words.len()
    }

    /// Whether a report is lost on a defective receiver.
    fn overlooks(&self, seen: &Seen, phase: Phase, source: Source, defect: Option<Defect>) -> bool {
        let ends = phase.is_terminal() && self.ended.is_none() && source == Source::Callback;
        match defect {
            Some(Defect::DedupesById) => ends && self.progress > 0,
            Some(Defect::DoubleProgressHidesEnd) => ends && self.has_repeated(),
            Some(Defect::ManyProgressHidesEnd) => ends && self.arrivals > MANY,
            Some(Defect::EqualTimesDropped) => {
                ends && self.progress > 0 && seen.time.is_some() && seen.time == self.last_time
            }
            Some(Defect::SucceededUnknown) => seen.dialect == "kling-v2" && phase == Phase::Succeeded,
            Some(Defect::FailureIgnored) => phase == Phase::Failed && !seen.dialect.is_empty(),
            Some(Defect::ExpiredIgnored) => seen.dialect == "ark" && phase == Phase::Expired,
            Some(Defect::CancelledIgnored) => seen.dialect == "minimax-v2" && phase == Phase::Cancelled,
            Some(Defect::IgnoresVidu) => seen.dialect == "vidu",
            _ => false,
        }
    }

    fn progressed(&mut self, seen: &Seen, phase: Phase, defect: Option<Defect>) -> Taken {
        self.progress += 1;
        self.words.insert(seen.word.clone());
        self.last_time = seen.time;
        if let Some(end) = self.ended {
            match defect {
                Some(Defect::Regresses) => self.shown = Some((seen.word.clone(), phase)),
                Some(Defect::Reopens) => self.reopened = true,
                Some(Defect::FailureReopens) => self.reopened = end != Phase::Succeeded,
                _ => {}
            }
            return Taken { work: false, repeated: false, late: true };
        }
        if self.shown.as_ref().is_none_or(|(_, known)| known.rank() <= phase.rank()) {
            self.shown = Some((seen.word.clone(), phase));
        }
        let early = match defect {
            Some(Defect::ProgressDoesWork) => phase == Phase::Running,
            Some(Defect::QueuedDoesWork) => phase == Phase::Queued,
            _ => false,
        };
        Taken { work: early && !std::mem::replace(&mut self.worked_early, early), ..Taken::default() }
    }

    /// Whether a defective receiver does the work again for a job that has ended.
    fn works_again(
        &mut self,
        end: Phase,
        phase: Phase,
        source: Source,
        manner: &Manner,
        now: Timestamp,
        defect: Option<Defect>,
    ) -> bool {
        let fresh = |part: fn(&Manner) -> &[u8]| {
            let known = |other: &Manner| part(other) == part(manner);
            !self.ended_by_poll && !part(manner).is_empty() && !self.manners.iter().any(known)
        };
        match (source, defect) {
            (Source::Poll, Some(Defect::PollWorksToo)) => {
                !self.ended_by_poll && !std::mem::replace(&mut self.polled_too, true)
            }
            (Source::Poll, _) => false,
            (_, Some(Defect::NoDedupe)) => !self.ended_by_poll,
            (_, Some(Defect::DedupesByNonce)) => fresh(|manner| manner.nonce.as_bytes()),
            (_, Some(Defect::DedupesByDelivery)) => fresh(|manner| manner.delivery.as_bytes()),
            (_, Some(Defect::DedupesByBody)) => fresh(|manner| &manner.body),
            (_, Some(Defect::FailureNotDeduped)) => end != Phase::Succeeded,
            (_, Some(Defect::EachEndWorks)) => end != phase,
            (_, Some(Defect::CallbackAfterPollWorks)) => {
                self.ended_by_poll
                    && now.as_millisecond() - self.ended_at > AFTER_POLL
                    && !std::mem::replace(&mut self.polled_too, true)
            }
            _ => false,
        }
    }
}

/// An id without its last characters. A job that was started here has no relatives.
fn family_of(id: &str) -> String {
    if id.starts_with("started ") {
        return id.to_owned();
    }
    let length = id.chars().count();
    id.chars().take(length.saturating_sub(FAMILY_TAIL)).collect()
}
