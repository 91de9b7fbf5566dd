//! The one query of the new generation: tasks by id, and tasks by time, page after page.
//!
//! `/tasks` shows the tasks of both generations (observed) but not those of solutions, which have the
//! same two calls at `/solutions`.

use serde_json::{Map, Value, json};

use super::super::fields::{Field, Kind, TEXT, check, may, must, whole};
use super::super::{Fault, envelope, invalid, records};
use super::{SOLUTIONS, UNKNOWN_FIELDS, V2};
use crate::api::{Call, Routed};
use crate::tasks::Task;

/// Documented for `/solutions`, observed for `/tasks`.
const IDS_AT_ONCE: usize = 20;
/// Both documented, per page.
const TASKS_LIMIT: usize = 100;
const SOLUTIONS_LIMIT: usize = 500;
const MOST: usize = 500;
const THIRTY_DAYS_MS: i64 = 30 * 24 * 3_600_000;

fn belongs(task: &Task, solutions: bool) -> bool {
    task.draft.product.starts_with(SOLUTIONS) == solutions
}

/// `?task_ids=` or `?external_task_ids=`, with commas; unknown ids are simply missing in the answer.
pub(super) fn by_id(call: &mut Call<'_>, solutions: bool) -> Result<Routed, Fault> {
    let ids = |name: &str| call.request.query(name).filter(|ids| !ids.is_empty());
    let (ids, external) = match (ids("task_ids"), ids("external_task_ids")) {
        (Some(ids), None) => (ids, false),
        (None, Some(ids)) => (ids, true),
        (None, None) => return Err(invalid("task_ids and external_task_ids can not both be empty")),
        _ => return Err(invalid("task_ids and external_task_ids can not both be set")),
    };
    let mut asked: Vec<&str> = Vec::new();
    for id in ids.split(',').map(str::trim).filter(|id| !id.is_empty()) {
        if !asked.contains(&id) {
            asked.push(id);
        }
        if asked.len() > IDS_AT_ONCE {
            let name = if external { "external_task_ids" } else { "task_ids" };
            return Err(invalid(format!("{name} cannot exceed 20 in total")));
        }
    }
    let of_its_kind = |id: &&str| {
        let task = if external { call.tasks.by_external_id(id) } else { call.tasks.get(id) };
        task.filter(|task| belongs(task, solutions))
    };
    let tasks: Vec<&Task> = asked.iter().filter_map(of_its_kind).collect();
    let task = match tasks.as_slice() {
        [task] => Some(task.id.clone()),
        _ => None,
    };
    let tasks: Vec<Value> = tasks.iter().map(|task| records::new(task, call.settings)).collect();
    Ok(Routed::Answer { task, response: envelope(&Value::Array(tasks), call.ids) })
}

/// The first page may send times as numbers or, as other pages have it, as text.
const MOMENT: Kind = Kind::Any;
const FILTER: &[Field] =
    &[must("key", Kind::Word(&["status", "product_type"])), must("values", Kind::Many(0, usize::MAX, &TEXT))];
const BODY: &[Field] = &[
    may("start_time", MOMENT),
    may("end_time", MOMENT),
    may("cursor", TEXT),
    may("limit", Kind::Whole(i64::MIN, 500)),
    may("filters", Kind::Many(0, usize::MAX, &Kind::Group(FILTER))),
];

/// Tasks from a time on, the newest first; the cursor is the id of the last one shown.
pub(super) fn by_cursor(call: &mut Call<'_>, solutions: bool) -> Result<Routed, Fault> {
    let body = if call.request.body.is_empty() { Map::new() } else { super::super::object_of(call)? };
    let known_only = call.settings.options.get(&V2, UNKNOWN_FIELDS.name) == "refuse";
    check(&[BODY], &body, "", known_only).map_err(invalid)?;
    let limit = match body.get("limit") {
        Some(Value::Number(limit)) => {
            // Documented: nothing and less count as one.
            usize::try_from(whole(limit).unwrap_or(1)).unwrap_or(1).clamp(1, MOST)
        }
        _ if solutions => SOLUTIONS_LIMIT,
        _ => TASKS_LIMIT,
    };
    let window = window(call, &body)?;
    let filters = body.get("filters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut tasks = call
        .tasks
        .newest()
        .filter(|task| belongs(task, solutions) && window.holds(task))
        .filter(|task| filters.iter().all(|filter| passes(filter, task)));
    let page: Vec<&Task> = tasks.by_ref().take(limit).collect();
    let more = tasks.next().is_some();
    let mut data = json!({
        "result": page.iter().map(|task| records::new(task, call.settings)).collect::<Vec<_>>(),
        "count": page.len(),
        "has_more": more,
    });
    // Observed: without anything more there is no cursor.
    if let Some(last) = page.last().filter(|_| more) {
        data["next_cursor"] = json!(last.id);
    }
    Ok(Routed::answer(envelope(&data, call.ids)))
}

fn passes(filter: &Value, task: &Task) -> bool {
    let said = match filter["key"].as_str() {
        Some("status") => V2.word(task.phase).query,
        _ => records::kind(task),
    };
    filter["values"].as_array().into_iter().flatten().any(|value| value == said)
}

/// Which tasks a page is about.
enum Window {
    /// Made at or after the one time and before the other.
    Between(i64, i64),
    /// Older than this task.
    Before(u128),
}

impl Window {
    fn holds(&self, task: &Task) -> bool {
        match self {
            Self::Between(start, end) => (*start..*end).contains(&task.created.as_millisecond()),
            Self::Before(cursor) => task.id.parse::<u128>().is_ok_and(|id| id < *cursor),
        }
    }
}

fn window(call: &Call<'_>, body: &Map<String, Value>) -> Result<Window, Fault> {
    if let Some(cursor) = super::given(body.get("cursor")) {
        return cursor.parse().map(Window::Before).map_err(|_| invalid("cursor value is invalid"));
    }
    let time = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(value) => value
            .as_i64()
            .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
            .map(Some)
            .ok_or_else(|| invalid(format!("{name} value is invalid"))),
    };
    // The present counts too: a task made this very millisecond is found.
    let end = time("end_time")?.unwrap_or_else(|| call.now.as_millisecond().saturating_add(1));
    let start = time("start_time")?.unwrap_or_else(|| end.saturating_sub(THIRTY_DAYS_MS));
    if start >= end {
        return Err(invalid("start_time must be earlier than end_time"));
    }
    Ok(Window::Between(start, end))
}
