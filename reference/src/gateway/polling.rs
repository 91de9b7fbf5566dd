//! Models of the reference gateway whose vendor sends no callbacks: they can be polled, and nothing else.
//!
//! No vendor is played for them: the first status finds the job waiting, the next finds it done.

use super::defect::Defect;
use super::service::{Gateway, Outcome, Task};
use super::submission::Submission;
use ringback_mocks::wire::Response;

/// The model.
pub(super) const MODEL: &str = "sora-2";
/// Stands for the vendor that is not played.
const NO_UPSTREAM: usize = usize::MAX;
/// Model that a defect runs instead, because its vendor calls back.
const INSTEAD: &str = "kling-v1";

impl Gateway {
    /// What a defect makes of a job for a polling-only model.
    pub(super) fn detour(&self, submission: &Submission) -> Option<&'static str> {
        let called = submission.callback_url.is_some();
        (self.is(Defect::PollingRunsAtKling) && called && submission.model == MODEL).then_some(INSTEAD)
    }

    /// The answer to a submit for a polling-only model; `None` for any other.
    pub(super) fn polling_only(&self, client: usize, submission: &Submission) -> Option<Response> {
        if submission.model != MODEL || self.detour(submission).is_some() {
            return None;
        }
        if self.is(Defect::PollingCallbackIs500) && submission.callback_url.is_some() {
            return Some(self.error(500, "internal_error", "internal error"));
        }
        let wish = super::service::wish(submission);
        Some(self.accepted(client, NO_UPSTREAM, wish, String::new(), submission))
    }

    /// What a look at a job of a polling-only model shows.
    pub(super) fn polled(&self, task: &Task) -> Option<Outcome> {
        if task.upstream != NO_UPSTREAM {
            return None;
        }
        if task.asked == 0 {
            return Some(Outcome::Waiting);
        }
        if self.is(Defect::PollingCallsBack) && task.asked == 1 {
            self.call_back(task);
        }
        Some(Outcome::Finished(vec!["https://results.example.com/operator/sora.mp4".to_owned()]))
    }
}
