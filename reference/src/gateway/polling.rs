//! Models of the reference gateway whose vendor sends no callbacks: they can be polled, and nothing else.
//!
//! No vendor is played for them: the first status finds the job waiting, the next finds it done.

use super::task::{Outcome, Task};

/// The model.
pub(super) const MODEL: &str = "sora-2";

/// What a look at a job of such a model shows.
pub(super) fn seen(task: &Task) -> Outcome {
    if task.polls.asked == 0 {
        return Outcome::Waiting;
    }
    Outcome::Finished(vec!["https://results.example.com/operator/sora.mp4".to_owned()])
}
