//! Defects of the reference gateway that need more than a condition at the place of the fault.

use std::sync::PoisonError;
use std::time::Duration;

use serde_json::{Value, json};

use super::defect::Defect;
use super::service::{Gateway, Outcome, Task, VENDOR_ANSWERS_WITHIN};
use ringback_mocks::client::{Declined, Wish};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::Request;

/// Characters of a callback URL that a defect finds too many.
const LONG: usize = 1_500;

impl Gateway {
    pub(super) fn acts_before_refusing(&self, body: &[u8]) -> bool {
        let misplaced = serde_json::from_slice::<Value>(body)
            .is_ok_and(|body| body["input"].get("callback_url").is_some());
        if misplaced {
            self.is(Defect::CreatesBeforePlacement)
        } else {
            self.is(Defect::CreatesBeforeChecking)
        }
    }

    pub(super) async fn spoil(&self, mut wish: Wish, vendor: Vendor) -> Wish {
        if self.is(Defect::CallbackDroppedForVidu) && vendor.name() == "vidu"
            || self.is(Defect::DroppedWithImage) && !wish.images.is_empty()
        {
            wish.options.remove("callback_url");
        }
        self.lose(&mut wish, vendor);
        self.mix_callbacks(&mut wish, vendor).await;
        self.meet(&wish).await;
        if self.is(Defect::PromptTruncated) {
            wish.prompt = wish.prompt.chars().take(80).collect();
        }
        if self.is(Defect::ModelReplaced) && vendor.name() == "minimax" {
            wish.options.insert("model".to_owned(), json!("MiniMax-Hailuo-2.3"));
        }
        if self.is(Defect::CallbackShared)
            && let Some(url) = wish.options.get("callback_url").cloned()
        {
            let slot = wish.prompt.split(' ').next().unwrap_or_default().to_owned();
            self.shared_callbacks.lock().unwrap_or_else(PoisonError::into_inner).insert(slot.clone(), url);
            // Long enough for jobs that arrive together to overwrite each other.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let shared =
                self.shared_callbacks.lock().unwrap_or_else(PoisonError::into_inner).get(&slot).cloned();
            wish.options.insert("callback_url".to_owned(), shared.unwrap_or(Value::Null));
        }
        wish
    }

    /// What gets lost on the way to the vendor.
    fn lose(&self, wish: &mut Wish, vendor: Vendor) {
        let newer = |of: &str| {
            vendor.name() == of && vendor.dialects().get(1).is_some_and(|dialect| dialect.model == wish.model)
        };
        let long =
            || wish.options.get("callback_url").and_then(Value::as_str).is_some_and(|url| url.len() > LONG);
        if self.is(Defect::DroppedWithDuration) && wish.duration.is_some()
            || self.is(Defect::DroppedForKlingV2) && newer("kling")
            || self.is(Defect::DroppedForMinimaxV2) && newer("minimax")
            || self.is(Defect::LongCallbackDropped) && long()
        {
            wish.options.remove("callback_url");
        }
        if self.is(Defect::CallbackFieldRenamedForDoubao)
            && vendor.name() == "doubao"
            && let Some(url) = wish.options.remove("callback_url")
        {
            wish.options.insert("callbackUrl".to_owned(), url);
        }
        if self.is(Defect::ImageDropped) {
            wish.images.clear();
        }
        if self.is(Defect::DurationDropped) {
            wish.duration = None;
        }
    }

    /// Whether the vendor is never asked about a task.
    pub(super) fn leaves_alone(&self, task: &Task) -> bool {
        self.is(Defect::CallbackJobsNotPolled) && task.callback_url.is_some()
    }

    pub(super) fn hides(&self, vendor: Vendor, declined: &Declined) -> bool {
        let by_minimax = vendor.name() == "minimax" && declined.message != "no answer";
        self.is(Defect::RefusalHidden) || (self.is(Defect::BaseRespIgnored) && by_minimax)
    }

    pub(super) fn shown_id(&self, id: &str, task: &Task) -> String {
        if self.is(Defect::StatusNamesOtherId) { task.vendor_id.clone() } else { id.to_owned() }
    }

    pub(super) fn distort(&self, outcome: Outcome, asked: u32) -> Outcome {
        match outcome {
            Outcome::Finished(_) if self.is(Defect::TerminalFlaps) && asked.is_multiple_of(2) => {
                Outcome::Running
            }
            Outcome::Failed(_) if self.is(Defect::FailureRetried) && asked.is_multiple_of(2) => {
                Outcome::Running
            }
            Outcome::Running if self.is(Defect::Regresses) && asked.is_multiple_of(2) => Outcome::Waiting,
            outcome => outcome,
        }
    }

    pub(super) fn call_back(&self, task: &Task) {
        let Some(url) = task.callback_url.clone() else { return };
        let http = self.http.clone();
        tokio::spawn(async move {
            let Ok(url) = url::Url::parse(&url) else { return };
            let root = url[..url::Position::BeforePath].to_owned();
            let target = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
            let body = json!({"status": "finished"});
            let _ = http.send(&root, &Request::post(target, &body), VENDOR_ANSWERS_WITHIN).await;
        });
    }
}
