//! Times: that they say when something happened, in whatever zone.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use ringback_reference::gateway::mutants;
use serde_json::Value;

use super::check;
use crate::gateway::context::GatewayContext;
use crate::gateway::knob::{Choice, Knob};
use crate::gateway::{Gateway, GatewayPrecondition};
use crate::run::outcome::{Finding, Level, Stop};
use crate::run::requirement::{Requirement, Scope, Terms};
use crate::run::source::Source;

/// The chapter.
pub const REQUIREMENTS: &[Requirement<Gateway>] = &[Requirement {
    id: "GW-TIME-001",
    slug: "created-now",
    sentence: "The created_time of a fresh job is the time of the submit.",
    why: "Clients order jobs by it and give up on old ones; a copied example makes every job months old.",
    remedy: "Take the time when the job is accepted, and write it with an offset if you can.",
    terms: Terms {
        level: Level::Should,
        source: Source::CALLBACKS.inferred(),
        scope: Scope::Once,
        knobs: &[Knob::CreatedZone],
        preconditions: &[GatewayPrecondition::Accepts],
        jobs: 1,
        generated: false,
    },
    mutants: &[mutants::CREATED_TIME_FIXED],
    check: check!(created_now),
}];

/// How far two clocks may differ. Machines that keep time at all agree to a second; five minutes is
/// what protocols that check clocks (Kerberos, signed webhooks) customarily allow.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// The zones in use, and the step between them.
const WEST: SignedDuration = SignedDuration::from_hours(-12);
const EAST: SignedDuration = SignedDuration::from_hours(14);
const STEP: SignedDuration = SignedDuration::from_mins(15);

async fn created_now(context: &GatewayContext) -> Result<(), Stop> {
    let job = context.accept(&context.job()).await?;
    let now = GatewayContext::now();
    let shown = job.reply.body.as_ref().map_or(&Value::Null, |body| &body["data"]["created_time"]);
    let zone = context.knob(Knob::CreatedZone);
    let Some(ahead) = shown.as_str().and_then(|text| ahead(text, now)) else {
        return Err(Stop::NotTestable(format!("created_time cannot be read, see GW-SUB-002: {shown}")));
    };
    let right = match (ahead, zone) {
        (Ahead::Surely(by), _) | (Ahead::InSomeZone(by), Choice::Utc) => is_near(by),
        (Ahead::InSomeZone(by), Choice::Shanghai) => is_near(by - SignedDuration::from_hours(8)),
        (Ahead::InSomeZone(by), _) => is_in_use(by),
    };
    if !right {
        let zone = match zone {
            Choice::Utc => ", in UTC",
            Choice::Shanghai => ", in UTC+8",
            _ => ", in some zone",
        };
        context.note(
            Finding::new(format!("created_time about {now:.0}{zone}"), format!("created_time {shown}"))
                .at("/data/created_time")
                .seen_in(&job.reply.exchange),
        );
    }
    Ok(())
}

/// How far a time is ahead of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ahead {
    /// It names its offset.
    Surely(SignedDuration),
    /// It does not; read as UTC.
    InSomeZone(SignedDuration),
}

fn ahead(text: &str, now: Timestamp) -> Option<Ahead> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(Ahead::Surely(time.duration_since(now)));
    }
    let time = Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()?;
    Some(Ahead::InSomeZone(time.duration_since(now)))
}

fn is_near(by: SignedDuration) -> bool {
    by.abs() <= SKEW
}

/// Whether a local time is now in one of the zones in use.
fn is_in_use(by: SignedDuration) -> bool {
    let past = SignedDuration::from_secs(by.as_secs().rem_euclid(STEP.as_secs()));
    (WEST - SKEW..=EAST + SKEW).contains(&by) && (past <= SKEW || STEP - past <= SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Option<Ahead> {
        ahead(text, "2026-06-14T10:30:00Z".parse().expect("a time"))
    }

    #[test]
    fn times_with_and_without_offset_are_told_apart() {
        assert_eq!(judged("2026-06-14T18:30:00+08:00"), Some(Ahead::Surely(SignedDuration::ZERO)));
        assert_eq!(judged("2026-06-14T10:30:00.123456Z").map(|_| ()), Some(()));
        assert_eq!(judged("2026-06-14T18:30:00"), Some(Ahead::InSomeZone(SignedDuration::from_hours(8))));
        assert_eq!(judged("yesterday"), None);
    }

    #[test]
    fn local_times_are_near_a_zone_in_use() {
        let minutes = SignedDuration::from_mins;
        for by in [0, 4, -4, 8 * 60, 5 * 60 + 45, -12 * 60, 14 * 60 + 5, 7 * 60 + 55] {
            assert!(is_in_use(minutes(by)), "{by}");
        }
        for by in [7, -8, 8 * 60 + 7, -12 * 60 - 15, 15 * 60, 60 * 24 * 30] {
            assert!(!is_in_use(minutes(by)), "{by}");
        }
    }
}
