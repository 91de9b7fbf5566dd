//! Mutants that only a schedule of several troubles finds.

use std::collections::HashSet;

use ringback_mocks::vendor::Phase;

use super::loss::stop_polling;
use super::order::{hide_end, reopen};
use crate::deviation::deviations;
use crate::receiver::Receiver;
use crate::receiver::delivery::Arrival;
use crate::receiver::stages::ReceiverStages;

deviations! {
    Mutant of Receiver;
    DOUBLE_PROGRESS_HIDES_END "double-progress-hides-end" "does not notice the end after the same progress was reported twice" => double_progress_hides_end;
    MANY_PROGRESS_HIDES_END "many-progress-hides-end" "notices nothing after a job's sixth callback" => many_progress_hides_end;
    DUPLICATE_STOPS_POLL "duplicate-stops-poll" "stops polling when the same progress is reported twice" => duplicate_stops_poll;
    FAILURE_REOPENS "failure-reopens" "lets late progress reopen a failed job" => failure_reopens;
}

/// Callbacks of a job after which nothing more is noticed.
const MANY: u32 = 6;

/// The words of progress so far, and whether one came twice.
#[derive(Default)]
struct Words {
    known: HashSet<String>,
    is_repeated: bool,
}

impl Words {
    fn note(&mut self, told: &Arrival) {
        self.is_repeated |= told.event.is_progress() && !self.known.insert(told.event.word.clone());
    }
}

fn double_progress_hides_end(stages: &mut ReceiverStages) {
    hide_end(stages, Words::note, |words, _| words.is_repeated);
}

fn duplicate_stops_poll(stages: &mut ReceiverStages) {
    stop_polling(stages, Words::note, |words| words.is_repeated);
}

fn many_progress_hides_end(stages: &mut ReceiverStages) {
    hide_end(
        stages,
        |callbacks: &mut u32, told| *callbacks += u32::from(told.event.phase.is_some()),
        |callbacks, _| *callbacks > MANY,
    );
}

fn failure_reopens(stages: &mut ReceiverStages) {
    reopen(stages, |end| end.phase != Phase::Succeeded);
}
