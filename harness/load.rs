//! A storm: many genuine callbacks at a steady rate, some twice, some out of order, and what became of them.
//!
//! The plan is pure: rate, duration and shares give shots with their times. Answers are timed from the
//! moment a shot was due, so that a receiver that stalls cannot hide it by holding the next shots back.
//! Sockets and clocks are `storm/drive`; whether a receiver is right is judged by `test receiver`.

pub mod drive;

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Storm {
    /// Callbacks a second, duplicates included.
    pub rate: f64,
    /// For how long.
    pub lasts: Duration,
    /// Share of the callbacks that are sent a second time.
    pub duplicates: Share,
    /// Share of the jobs whose end comes before their progress.
    pub disorder: Share,
    /// Decides which.
    pub seed: u64,
}

/// A share of something, from 0 to 1; written as `10%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share(f64);

impl Share {
    /// As a number from 0 to 1.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no share; write 10%");
        let percent: f64 = text.strip_suffix('%').ok_or_else(wrong)?.trim().parse().map_err(|_| wrong())?;
        if (0.0..=100.0).contains(&percent) { Ok(Self(percent / 100.0)) } else { Err(wrong()) }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0 * 100.0)
    }
}

/// One callback to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shot {
    /// When it is due, since the storm began.
    pub due: Duration,
    /// Which job it is about, from 0.
    pub job: usize,
    /// Whether it reports the end; progress otherwise.
    pub end: bool,
    /// Whether the same was sent before.
    pub again: bool,
}

/// The shots of a storm, in the order they are due. Each job is two shots, its progress and its end, and
/// some of either are sent twice.
#[derive(Clone, Debug)]
pub struct Plan {
    storm: Storm,
    total: usize,
    sent: usize,
    job: usize,
    waiting: std::collections::VecDeque<(usize, bool, bool)>,
    rng: fastrand::Rng,
}

impl Storm {
    /// How many callbacks that makes.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "both factors are bounded by the configuration"
    )]
    pub fn total(&self) -> usize {
        (self.rate * self.lasts.as_secs_f64()).round() as usize
    }

    /// The shots, one after the other.
    pub fn plan(&self) -> Plan {
        Plan {
            storm: *self,
            total: self.total(),
            sent: 0,
            job: 0,
            waiting: std::collections::VecDeque::new(),
            rng: fastrand::Rng::with_seed(self.seed),
        }
    }
}

impl Iterator for Plan {
    type Item = Shot;

    fn next(&mut self) -> Option<Shot> {
        if self.sent == self.total {
            return None;
        }
        if self.waiting.is_empty() {
            let job = self.job;
            self.job += 1;
            let early = self.rng.f64() < self.storm.disorder.get();
            for end in if early { [true, false] } else { [false, true] } {
                self.waiting.push_back((job, end, false));
                if self.rng.f64() < self.storm.duplicates.get() {
                    self.waiting.push_back((job, end, true));
                }
            }
        }
        let (job, end, again) = self.waiting.pop_front()?;
        #[expect(clippy::cast_precision_loss, reason = "a storm has far fewer shots than 2^52")]
        let due = Duration::from_secs_f64(self.sent as f64 / self.storm.rate);
        self.sent += 1;
        Some(Shot { due, job, end, again })
    }
}

/// What became of a storm.
#[derive(Clone, Debug)]
pub struct LoadOutcome {
    /// Callbacks sent.
    pub sent: u64,
    /// Of those, the ones that were duplicates.
    pub duplicates: u64,
    /// Answered with 2xx.
    pub acked: u64,
    /// Answered otherwise.
    pub refused: u64,
    /// Not answered, or not within the time for an answer.
    pub unanswered: u64,
    /// Answered with 2xx, and later than the vendor waits.
    pub late: u64,
    /// From when a shot was due to its answer, microseconds.
    pub latency: Histogram<u64>,
    /// From the first shot to the last answer.
    pub took: Duration,
    /// Jobs whose end was sent and acknowledged, by what the effects probe shows of them.
    pub effects: Option<Effects>,
    /// What the vendor waits for an answer.
    pub limit: Duration,
}

/// What an effects probe shows after a storm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Jobs looked at.
    pub looked: u64,
    /// Work done once.
    pub once: u64,
    /// Work not done.
    pub lost: u64,
    /// Work done more than once.
    pub doubled: u64,
}

/// Longest latency that is told apart, in microseconds.
const LONGEST: u64 = 120_000_000;

impl LoadOutcome {
    /// Nothing yet.
    ///
    /// # Panics
    /// Never: the bounds of the histogram are constants that it accepts.
    pub fn new(limit: Duration) -> Self {
        Self {
            sent: 0,
            duplicates: 0,
            acked: 0,
            refused: 0,
            unanswered: 0,
            late: 0,
            latency: Histogram::new_with_bounds(1, LONGEST, 3).expect("constant bounds"),
            took: Duration::ZERO,
            effects: None,
            limit,
        }
    }

    /// Counts one answer, or its absence, and how long after it was due it came.
    pub fn count(&mut self, shot: Shot, status: Option<u16>, took: Duration) {
        self.sent += 1;
        self.duplicates += u64::from(shot.again);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).clamp(1, LONGEST);
        match status {
            Some(200..300) => {
                self.acked += 1;
                self.late += u64::from(took > self.limit);
                self.latency.saturating_record(micros);
            }
            Some(_) => {
                self.refused += 1;
                self.latency.saturating_record(micros);
            }
            None => self.unanswered += 1,
        }
    }

    /// Whether everything was acknowledged in time and, as far as that was seen, worked on once.
    pub const fn is_clean(&self) -> bool {
        let effects = match self.effects {
            Some(Effects { lost, doubled, .. }) => lost == 0 && doubled == 0,
            None => true,
        };
        self.refused == 0 && self.unanswered == 0 && self.late == 0 && effects
    }

    /// For people.
    pub fn text(&self) -> String {
        let seconds = self.took.as_secs_f64().max(f64::MIN_POSITIVE);
        #[expect(clippy::cast_precision_loss, reason = "shown with no digits after the point")]
        let rate = self.sent as f64 / seconds;
        let mut text = format!(
            "sent       {} callbacks in {seconds:.2} s, {rate:.0} a second; {} of them duplicates\n",
            self.sent, self.duplicates
        );
        let _ = writeln!(
            text,
            "answered   {} acknowledged, {} refused, {} without an answer, {} later than the {} s that the vendor waits",
            self.acked,
            self.refused,
            self.unanswered,
            self.late,
            self.limit.as_secs_f64()
        );
        let at = |percent: f64| milliseconds(self.latency.value_at_quantile(percent / 100.0));
        let _ = writeln!(
            text,
            "latency    p50 {}, p90 {}, p99 {}, p99.9 {}, longest {} (from when each was due)",
            at(50.0),
            at(90.0),
            at(99.0),
            at(99.9),
            milliseconds(self.latency.max())
        );
        let _ = match self.effects {
            Some(Effects { looked, once, lost, doubled }) => writeln!(
                text,
                "work       of {looked} jobs looked at: {once} done once, {lost} lost, {doubled} done more than once"
            ),
            None => writeln!(text, "work       not seen: no effects probe is named (--effects)"),
        };
        text
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let at = |percent: f64| self.latency.value_at_quantile(percent / 100.0);
        json!({
            "sent": self.sent,
            "duplicates": self.duplicates,
            "acknowledged": self.acked,
            "refused": self.refused,
            "unanswered": self.unanswered,
            "late": self.late,
            "limit_ms": u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX),
            "took_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            "latency_us": {
                "p50": at(50.0), "p90": at(90.0), "p99": at(99.0), "p99_9": at(99.9), "max": self.latency.max(),
            },
            "effects": self.effects.map(|Effects { looked, once, lost, doubled }| {
                json!({"looked": looked, "once": once, "lost": lost, "doubled": doubled})
            }),
        })
    }
}

fn milliseconds(micros: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with two digits after the point")]
    let value = micros as f64 / 1_000.0;
    format!("{value:.2} ms")
}
