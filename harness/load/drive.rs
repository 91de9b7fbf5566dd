//! Carrying out a storm: paced by the clock, bounded in what is under way, and a look at the effects after.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ringback_mocks::http::HttpClient;
use ringback_mocks::stub_gateway::{StubGateway, StubStatus};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::Secret;
use tokio::sync::Semaphore;

use super::{Effects, LoadOutcome, Shot, Storm};
use crate::receiver::task::{Callback, CallbackState, VendorTask};
use crate::run::outcome::Stop;

/// Requests under way at most: a receiver that stalls is not buried.
const UNDER_WAY: usize = 512;

/// Where a storm goes.
#[derive(Clone, Debug)]
pub struct Aim {
    /// The vendor whose callbacks are sent.
    pub vendor: Vendor,
    /// Root of the receiver.
    pub root: String,
    /// Path and query of its hook.
    pub hook: String,
    /// Secrets that sign.
    pub secrets: Vec<Secret>,
    /// How long an answer may take before it is given up.
    pub answer: Duration,
    /// What the vendor waits.
    pub limit: Duration,
}

/// The jobs of a storm: ids that differ by their last digits, and the callbacks made from two models.
#[derive(Debug)]
struct Models {
    progress: Callback,
    end: Callback,
    stem: String,
}

impl Models {
    fn of(aim: &Aim) -> Result<Self, Stop> {
        let dialect = aim.vendor.main_dialect();
        let job = VendorTask::fresh(dialect, aim.vendor, aim.hook.clone(), &aim.secrets, Timestamp::now());
        let stem = job.id[..job.id.len() - DIGITS].to_owned();
        Ok(Self {
            progress: job.callback(CallbackState::RUNNING)?,
            end: job.callback(CallbackState::SUCCESS)?,
            stem,
        })
    }

    fn id(&self, job: usize) -> String {
        format!("{}{job:0width$}", self.stem, width = DIGITS)
    }

    fn callback(&self, shot: Shot) -> Callback {
        let model = if shot.end { &self.end } else { &self.progress };
        model.about(&self.id(shot.job), &format!("{}{}", shot.job, u8::from(shot.end)))
    }
}

/// Digits of an id that number the jobs.
const DIGITS: usize = 8;

/// Sends a storm and counts what comes back; what was ended, by id. Where the receiver asks a gateway of ours,
/// it is told that every job has finished. `told` is called now and then with what was sent so far.
///
/// # Errors
/// When no callback of the vendor can be made.
pub async fn send(
    aim: &Aim,
    storm: &Storm,
    gateway: Option<&StubGateway>,
    told: impl Fn(u64),
) -> Result<(LoadOutcome, Vec<String>), Stop> {
    let models = Models::of(aim)?;
    let outcome = Arc::new(Mutex::new(LoadOutcome::new(aim.limit)));
    let ended = Arc::new(Mutex::new(BTreeSet::new()));
    let (http, room) = (HttpClient::new(), Arc::new(Semaphore::new(UNDER_WAY)));
    let root: Arc<str> = aim.root.as_str().into();
    let began = Instant::now();
    for (number, shot) in storm.plan().enumerate() {
        let due = began + shot.due;
        // The clock of the runtime counts milliseconds; sleeping for less would only bunch the shots.
        if due.saturating_duration_since(Instant::now()) > Duration::from_millis(1) {
            tokio::time::sleep_until(due.into()).await;
        }
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { break };
        let callback = models.callback(shot);
        if let Some(gateway) = gateway {
            // A receiver may ask before it believes.
            gateway.set(&callback.id, StubStatus::Finished);
        }
        let request = callback.request(Timestamp::now());
        let (http, root, within) = (http.clone(), Arc::clone(&root), aim.answer);
        let (outcome, ended) = (Arc::clone(&outcome), Arc::clone(&ended));
        tokio::spawn(async move {
            let status = http.send(&root, &request, within).await.ok().map(|answer| answer.status);
            let took = due.elapsed();
            outcome.lock().unwrap_or_else(PoisonError::into_inner).count(shot, status, took);
            if shot.end && status.is_some_and(|status| (200..300).contains(&status)) {
                ended.lock().unwrap_or_else(PoisonError::into_inner).insert(shot.job);
            }
            drop(permit);
        });
        if number % 1_024 == 0 {
            told(u64::try_from(number).unwrap_or(u64::MAX));
        }
    }
    // Every permit back means every answer counted.
    let _ = room.acquire_many(u32::try_from(UNDER_WAY).unwrap_or(u32::MAX)).await;
    let mut all = outcome.lock().unwrap_or_else(PoisonError::into_inner).clone();
    all.took = began.elapsed();
    let jobs = ended.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((all, jobs.iter().map(|job| models.id(*job)).collect()))
}

/// Counts what was done about jobs, each by how often.
pub fn effects(counts: impl IntoIterator<Item = u64>) -> Effects {
    counts.into_iter().fold(Effects::default(), |mut effects, count| {
        effects.looked += 1;
        *match count {
            0 => &mut effects.lost,
            1 => &mut effects.once,
            _ => &mut effects.doubled,
        } += 1;
        effects
    })
}
