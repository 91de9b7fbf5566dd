//! What the reference gateway says of a job: asked of the vendor, kept when it has ended, told in the words
//! of the contract.

use std::time::Duration;

use serde_json::{Value, json};

use super::defect::Defect;
use super::oddity::Oddity;
use super::service::{Gateway, Outcome, Task};
use ringback_mocks::client::Sighting;
use ringback_mocks::vendor::Phase;
use ringback_mocks::wire::{Request, Response};

impl Gateway {
    pub(super) async fn status(&self, client: usize, id: &str, request: &Request) -> Response {
        let found = self.tasks().get(id).cloned();
        let shared = |task: &Task| {
            self.is(Defect::TasksShared)
                || self.is(Defect::FinishedTasksShared) && matches!(task.last, Outcome::Finished(_))
        };
        let Some(mut task) = found.filter(|task| task.owner == client || shared(task)) else {
            if self.is(Defect::UnknownTaskRuns) {
                return self.report(id, "2026-06-14T10:30:00", &Outcome::Running, 42);
            }
            if self.setup.oddity == Some(Oddity::ForeignTask403) && self.tasks().contains_key(id) {
                return self.error(403, "permission_denied", "this task is another client's");
            }
            let status = if self.is(Defect::UnknownTaskIs400) { 400 } else { 404 };
            return self.error(status, "not_found", "task not found");
        };
        let busy = self.is_looked_at(id).await;
        let mut ends_now = false;
        if let Some(seen) = self.polled(&task) {
            task.last = seen;
        } else if self.asks_vendor(id, &task) {
            let turn = self.take_turn(&task.wish, Defect::StatusesQueue).await;
            let seen = self.look(&mut task, self.query_within(request)).await;
            drop(turn);
            let seen = match seen {
                Ok(seen) => seen,
                Err(betrayal) => return betrayal,
            };
            if seen.rank() >= task.last.rank() {
                task.last = seen;
            }
            ends_now = task.last.is_terminal() && task.asked > 0;
            if self.is(Defect::CallsBackItself) && task.last.is_terminal() {
                self.call_back(&task);
            }
        }
        task.asked += 1;
        // Another look may have come back first and seen more.
        if let Some(kept) = self.tasks().get(id).filter(|kept| kept.last.rank() > task.last.rank()) {
            task.last = kept.last.clone();
        }
        let (last, asked) = (task.last.clone(), task.asked);
        let (shown_id, created) = (self.shown_id(id, &task), task.created.clone());
        // Meanwhile somebody else may have learnt more, or the vendor's id.
        if let Some(kept) = self.tasks().get_mut(id) {
            kept.asked = task.asked;
            kept.doubt = task.doubt;
            if task.last.rank() >= kept.last.rank() {
                kept.last = task.last.clone();
            }
        }
        self.look_away(id);
        let shown = self.mix_statuses(&task, self.distort(last, asked)).await;
        let back = busy || ends_now && self.is(Defect::BackAtTheEnd);
        let shown = if back { Outcome::Waiting } else { shown };
        let progress = match &shown {
            Outcome::Waiting => 0,
            Outcome::Running if self.is(Defect::ProgressOver100) => 420,
            Outcome::Running => 42,
            Outcome::Finished(_) if self.is(Defect::ProgressNot100) => 99,
            Outcome::Finished(_) | Outcome::Failed(_) => 100,
        };
        let told = self.report(&shown_id, &created, &shown, progress);
        self.mistell_status(told, &task, &shown, asked)
    }

    /// Whether the vendor is asked about a task before its status is told.
    fn asks_vendor(&self, id: &str, task: &Task) -> bool {
        !task.last.is_terminal()
            && !task.vendor_id.is_empty()
            && self.looks_now(id)
            && !self.leaves_alone(task)
            && !task.doubt.given_up
    }

    /// What the vendor says of a task.
    async fn look(&self, task: &mut Task, within: Duration) -> Result<Outcome, Response> {
        let vendor = self.setup.upstreams[task.upstream].vendor;
        let Some((_, dialect)) = self.route(&task.wish.model) else { return Ok(task.last.clone()) };
        let mut query = (dialect.client.query)(&task.wish, &task.vendor_id);
        if self.is(Defect::ClientKeyInQueries) {
            query = query.header("x-forwarded-authorization", self.setup.clients[task.owner].expose());
        }
        // Two hops at most: the answer, and where it points to for the file.
        for hop in 0..2 {
            let answer = self.call(task.upstream, dialect, query, within).await;
            if let Some(unheard) = self.unheard(task, answer.as_ref(), hop > 0) {
                return unheard;
            }
            let Some(answer) = answer.and_then(|answer| answer.value()) else { return Ok(task.last.clone()) };
            let sighting = (dialect.client.queried)(&answer);
            query = match sighting {
                Sighting::DoneAt(next) => next,
                Sighting::At(Phase::Running) if self.is(Defect::FinishedTooEarly) => {
                    return Ok(Outcome::Finished(vec![format!("https://results.example.com/{vendor}.mp4")]));
                }
                Sighting::At(Phase::Running) => return Ok(Outcome::Running),
                Sighting::At(_) => return Ok(Outcome::Waiting),
                Sighting::Done(_) if self.is(Defect::SuccessStaysRunning) => return Ok(Outcome::Running),
                Sighting::Done(files) => return Ok(Outcome::Finished(files)),
                Sighting::Failed(message)
                    if self.is(Defect::ExpiredStaysRunning) && message.ends_with("expired") =>
                {
                    return Ok(Outcome::Running);
                }
                Sighting::Failed(_) if self.is(Defect::FailureReportedFinished) => {
                    return Ok(Outcome::Finished(vec![format!("https://results.example.com/{vendor}.mp4")]));
                }
                Sighting::Failed(message) => return Ok(Outcome::Failed(self.reason(message))),
                // A word we do not know says nothing new.
                Sighting::Unknown(word) => return self.unknown_word(task, &word),
            };
        }
        Ok(task.last.clone())
    }

    fn report(&self, id: &str, created: &str, outcome: &Outcome, progress: u32) -> Response {
        let status = match outcome {
            Outcome::Waiting => "not_started",
            Outcome::Running if self.is(Defect::ForeignStatusWords) => "processing",
            Outcome::Running => "running",
            Outcome::Finished(_) => "finished",
            Outcome::Failed(_) => "failed",
        };
        let mut data = json!({
            "task_id": id,
            "status": status,
            "progress": progress,
            "created_time": created,
            "error_message": Value::Null,
        });
        if self.is(Defect::ProgressFraction) {
            data["progress"] = json!(f64::from(progress) / 100.0);
        }
        match outcome {
            Outcome::Finished(files) if !self.is(Defect::FilesMissing) => {
                // The documentation hard-codes the type, for videos too.
                let kind = if self.is(Defect::FileTypeOdd) { "video_shot_1" } else { "image" };
                let files: Vec<Value> =
                    files.iter().map(|url| json!({"file_url": url, "file_type": kind})).collect();
                data["files"] = json!(files);
            }
            Outcome::Failed(message) if !self.is(Defect::FailureWithoutMessage) => {
                data["error_message"] = json!(message);
            }
            _ => {}
        }
        if self.is(Defect::StatusWithoutEnvelope) {
            return Response::json(200, &data);
        }
        Response::json(200, &json!({"code": 200, "data": data}))
    }
}
