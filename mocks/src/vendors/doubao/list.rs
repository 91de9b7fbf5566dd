//! The list of tasks: paging and filters of `GET …/tasks`.

use serde_json::{Value, json};

use super::content::short;
use super::record::{is_kept, record};
use super::refusals::Fault;
use crate::api::Call;
use crate::tasks::Task;

/// Largest page number and page size.
const MOST: usize = 500;
/// Page size without a wish; not documented.
const USUAL_SIZE: usize = 10;
/// States and tiers that can be asked for. The page forgets `expired` among the former.
const STATES: &[&str] = &["queued", "running", "cancelled", "succeeded", "failed", "expired"];
const TIERS: &[&str] = &["default", "flex"];

/// The page that was asked for, the newest task first.
pub(super) fn list(call: &Call<'_>) -> Result<Value, Fault> {
    let query = call.request.target.split_once('?').map_or("", |(_, query)| query);
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let all = |name: &str| -> Vec<&str> {
        pairs
            .iter()
            .filter(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
            .collect()
    };
    let one = |name: &str| all(name).first().copied();
    let number = number(one("page_num"), "page_num", 1)?;
    let size = self::number(one("page_size"), "page_size", USUAL_SIZE)?;
    let state = word(one("filter.status"), "filter.status", STATES)?;
    let tier = word(one("filter.service_tier"), "filter.service_tier", TIERS)?;
    // Documented: without this filter, the default tier only.
    let usual_tier =
        Some("default").filter(|_| call.settings.options.get(call.dialect, "list-tier") == "default");
    let tier = tier.or(usual_tier);
    let (ids, model) = (all("filter.task_ids"), one("filter.model"));
    let fits = |task: &&Task| {
        is_kept(task, call.settings, call.now)
            && state.is_none_or(|state| call.dialect.word(task.phase).query == state)
            && tier.is_none_or(|tier| task.draft.body["service_tier"] == tier)
            && (ids.is_empty() || ids.contains(&task.id.as_str()))
            // What the create called the model: an endpoint's id, not what the record says.
            && model.is_none_or(|model| task.draft.model == model)
    };
    let chosen: Vec<&Task> = call.tasks.newest().filter(fits).collect();
    let items: Vec<Value> = chosen
        .iter()
        .skip((number - 1).saturating_mul(size))
        .take(size)
        .map(|task| record(task, call.settings))
        .collect();
    Ok(json!({"total": chosen.len(), "items": items}))
}

fn number(text: Option<&str>, name: &str, usual: usize) -> Result<usize, Fault> {
    let Some(text) = text else { return Ok(usual) };
    match text.parse::<usize>() {
        Ok(number) if (1..=MOST).contains(&number) => Ok(number),
        _ => Err(Fault::invalid(
            name,
            &format!("expected an integer between 1 and {MOST}, but got `{}` instead", short(text)),
        )),
    }
}

fn word<'t>(text: Option<&'t str>, name: &str, words: &[&str]) -> Result<Option<&'t str>, Fault> {
    match text {
        Some(text) if !words.contains(&text) => {
            Err(Fault::invalid(name, &format!("invalid value: `{}`", short(text))))
        }
        _ => Ok(text),
    }
}
