//! Defects of the reference gateway that need more than one request: what is shared, cached or counted
//! where it should not be.
//!
//! Whatever is shared is kept by the first word of the prompt, so that jobs mix only with jobs that look
//! alike; the rest of the gateway works on undisturbed.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::defect::Defect;
use super::service::{Gateway, Outcome, Task, VENDOR_ANSWERS_WITHIN};
use ringback_mocks::client::{Sighting, Wish};
use ringback_mocks::vendor::{Dialect, Vendor};

/// Long enough for requests that arrive together to meet.
const MEETING: Duration = Duration::from_millis(20);

/// How long a hasty gateway waits.
const HASTE: Duration = Duration::from_millis(700);

/// What the defects of this room remember.
#[derive(Default)]
pub(super) struct Crossing(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    callbacks: HashMap<String, (Vendor, Value)>,
    submits: HashMap<String, u32>,
    under_way: HashMap<String, u32>,
    statuses: HashMap<String, Outcome>,
}

impl Crossing {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// What becomes of a job's callback URL where it is kept in common.
    pub(super) async fn mix_callbacks(&self, wish: &mut Wish, vendor: Vendor) {
        const FIELD: &str = "callback_url";
        let by_prompt = self.is(Defect::CallbackOfEqualPrompt);
        let place = if by_prompt { wish.prompt.clone() } else { slot(wish) };
        let own = wish.options.get(FIELD).cloned();
        if by_prompt || self.is(Defect::CallbackCached) {
            let Some(own) = own else { return };
            let first = self.crossing.memory().callbacks.entry(place).or_insert((vendor, own)).1.clone();
            wish.options.insert(FIELD.to_owned(), first);
        } else if self.is(Defect::CallbackRemembered) {
            match own {
                Some(own) => drop(self.crossing.memory().callbacks.insert(place, (vendor, own))),
                None => {
                    let kept = self.crossing.memory().callbacks.get(&place).cloned();
                    wish.options.extend(kept.map(|(_, url)| (FIELD.to_owned(), url)));
                }
            }
        } else if self.is(Defect::CallbackSharedAcrossVendors)
            && let Some(own) = own
        {
            self.crossing.memory().callbacks.insert(place.clone(), (vendor, own));
            tokio::time::sleep(MEETING).await;
            let last = self.crossing.memory().callbacks.get(&place).cloned();
            if let Some((_, url)) = last.filter(|(of, _)| *of != vendor) {
                wish.options.insert(FIELD.to_owned(), url);
            }
        }
    }

    /// What a vendor answers, for a gateway that does not wait long. It waits for jobs that arrive
    /// together: under load its haste would be everybody's trouble.
    pub(super) async fn in_haste<T>(
        &self,
        wish: &Wish,
        answer: impl Future<Output = Option<T>>,
    ) -> Option<T> {
        if !self.is(Defect::ImpatientWithVendor) {
            return answer.await;
        }
        *self.crossing.memory().submits.entry(slot(wish)).or_default() += 1;
        let mut answer = std::pin::pin!(answer);
        if let Ok(answer) = tokio::time::timeout(HASTE, answer.as_mut()).await {
            return answer;
        }
        let alone = self.crossing.memory().submits.get(&slot(wish)).is_none_or(|count| *count < 2);
        if alone { None } else { answer.await }
    }

    /// Counts a submit that begins.
    pub(super) async fn meet(&self, wish: &Wish) {
        if self.is(Defect::IdsRace) || self.is(Defect::DuplicatesUnderLoad) {
            *self.crossing.memory().submits.entry(slot(wish)).or_default() += 1;
            *self.crossing.memory().under_way.entry(slot(wish)).or_default() += 1;
            tokio::time::sleep(MEETING).await;
        }
    }

    /// Whether other jobs that look alike are being submitted.
    pub(super) fn is_crowded(&self, wish: &Wish) -> bool {
        self.is(Defect::DuplicatesUnderLoad)
            && self.crossing.memory().under_way.get(&slot(wish)).is_some_and(|count| *count > 1)
    }

    /// Counts a submit that is over.
    pub(super) fn part(&self, wish: &Wish) {
        if let Some(count) = self.crossing.memory().under_way.get_mut(&slot(wish)) {
            *count = count.saturating_sub(1);
        }
    }

    /// An id from a number that parallel submits share.
    pub(super) fn racing_id(&self, wish: &Wish) -> Option<String> {
        let place = slot(wish);
        let number = *self.crossing.memory().submits.get(&place)?;
        self.is(Defect::IdsRace).then(|| format!("task_{place}{number}"))
    }

    /// The vendor's id, or nothing if the job had ended before its submit was answered.
    pub(super) async fn early_end(
        &self,
        upstream: usize,
        dialect: &Dialect,
        wish: &Wish,
        vendor_id: String,
    ) -> String {
        if !self.is(Defect::EarlyEndForgotten) {
            return vendor_id;
        }
        let query = (dialect.client.query)(wish, &vendor_id);
        let answer = self
            .call(upstream, dialect, query, VENDOR_ANSWERS_WITHIN)
            .await
            .and_then(|answer| answer.value());
        match answer.as_ref().map(dialect.client.queried) {
            Some(Sighting::Done(_) | Sighting::DoneAt(_) | Sighting::Failed(_)) => String::new(),
            _ => vendor_id,
        }
    }

    /// The status shown where parallel requests share one.
    pub(super) async fn mix_statuses(&self, task: &Task, outcome: Outcome) -> Outcome {
        if !self.is(Defect::StatusesCross) {
            return outcome;
        }
        let place = slot(&task.wish);
        self.crossing.memory().statuses.insert(place.clone(), outcome.clone());
        tokio::time::sleep(MEETING).await;
        self.crossing.memory().statuses.get(&place).cloned().unwrap_or(outcome)
    }

    /// Whether somebody else is just looking at this task; to be followed by [`Gateway::look_away`].
    pub(super) async fn is_looked_at(&self, id: &str) -> bool {
        if !self.is(Defect::BusyLooksUnknown) {
            return false;
        }
        let others = {
            let mut memory = self.crossing.memory();
            let count = memory.under_way.entry(id.to_owned()).or_default();
            *count += 1;
            *count - 1
        };
        tokio::time::sleep(MEETING).await;
        others > 0
    }

    pub(super) fn look_away(&self, id: &str) {
        if let Some(count) = self.crossing.memory().under_way.get_mut(id) {
            *count = count.saturating_sub(1);
        }
    }
}

fn slot(wish: &Wish) -> String {
    wish.prompt.split(' ').next().unwrap_or_default().to_owned()
}
