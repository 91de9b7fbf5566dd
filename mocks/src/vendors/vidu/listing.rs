//! `GET /ent/v2/tasks`: filters and paging over the account's tasks.
//!
//! Source: <https://platform.vidu.com/docs/tasks-list>, read 2026-11-24. The page really says
//! `paper.page` and `paper.pagesz` beside `pager.page_token`; a client in the wild sends
//! `pager.pagesz`, so both spellings are read. How a bad value is refused is our choice.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::errors::{Fault, about};
use super::{WORDS, answers};
use crate::api::Call;
use crate::dialect::{Phase, Word};
use crate::tasks::Task;

/// How far back the list goes unless asked.
const WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);
const PAGE_SIZE: usize = 10;
const PAGE_SIZE_MAX: usize = 100;

/// The list a call asks for.
pub(super) fn list(call: &Call<'_>) -> Result<Value, Fault> {
    let query = Query::of(call);
    let filter = Filter::of(&query, call.now)?;
    let size = query.number(&["paper.pagesz", "pager.pagesz"])?.unwrap_or(PAGE_SIZE);
    if !(1..=PAGE_SIZE_MAX).contains(&size) {
        return Err(about("invalid", "paper.pagesz"));
    }
    let page = query.number(&["paper.page", "pager.page"])?.unwrap_or(0);
    let mut tasks = call.tasks.newest().filter(|task| filter.passes(task)).peekable();
    if let Some(token) = query.first("pager.page_token") {
        // The token is the last task of the page before.
        if call.tasks.get(token).is_none() {
            return Err(about("invalid", "pager.page_token"));
        }
        tasks.by_ref().find(|task| task.id == token);
    } else {
        tasks.by_ref().take(page.saturating_mul(size)).for_each(drop);
    }
    let listed: Vec<&Task> = tasks.by_ref().take(size).collect();
    let more = tasks.peek().is_some();
    let next = listed.last().filter(|_| more).map_or("", |task| task.id.as_str());
    let tasks: Vec<Value> = listed.iter().map(|task| answers::listed(task, call.settings)).collect();
    Ok(json!({ "next_page_token": next, "tasks": tasks }))
}

/// The parameters of a query string; empty ones count as absent.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(call: &Call<'_>) -> Self {
        let text = call.request.target.split_once('?').map_or("", |(_, query)| query);
        let pairs = url::form_urlencoded::parse(text.as_bytes()).into_owned();
        Self(pairs.filter(|(_, value)| !value.is_empty()).collect())
    }

    fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The values of a list, whether it is repeated or has commas; `None` when it is not there.
    fn list(&self, name: &str) -> Option<Vec<&str>> {
        let values: Vec<&str> = self
            .0
            .iter()
            .filter(|(known, _)| known == name)
            .flat_map(|(_, value)| value.split(','))
            .collect();
        (!values.is_empty()).then_some(values)
    }

    fn number(&self, spellings: &[&str]) -> Result<Option<usize>, Fault> {
        let Some((name, text)) = spellings.iter().find_map(|name| Some((name, self.first(name)?))) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| about("invalid", name))
    }

    /// A time in RFC 3339 or in Unix seconds; the page says only that it is a string.
    fn time(&self, name: &str) -> Result<Option<Timestamp>, Fault> {
        let Some(text) = self.first(name) else { return Ok(None) };
        let seconds = text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        let time = seconds.or_else(|| text.parse().ok());
        time.map(Some).ok_or_else(|| about("invalid", name))
    }
}

/// Which tasks are asked for.
struct Filter<'q> {
    from: Timestamp,
    to: Timestamp,
    ids: Option<Vec<&'q str>>,
    templates: Option<Vec<&'q str>>,
    versions: Option<Vec<&'q str>>,
    resolutions: Option<Vec<&'q str>>,
    states: Option<Vec<Phase>>,
}

impl<'q> Filter<'q> {
    fn of(query: &'q Query, now: Timestamp) -> Result<Self, Fault> {
        let states = query.list("states").map(|words| {
            let phases = words.iter().map(|word| Word::phase_of(WORDS, word)).collect::<Option<Vec<Phase>>>();
            phases.ok_or_else(|| about("invalid", "states"))
        });
        let start = now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        Ok(Self {
            from: query.time("created_at.from")?.unwrap_or(start),
            to: query.time("created_at.to")?.unwrap_or(now),
            ids: query.list("task_ids"),
            templates: query.list("templates"),
            versions: query.list("model_versions"),
            resolutions: query.list("resolutions"),
            states: states.transpose()?,
        })
    }

    fn passes(&self, task: &Task) -> bool {
        let among = |wanted: &Option<Vec<&str>>, word: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted.contains(&word))
        };
        // The versions leave out the family's name: `q1` for viduq1, `2.0` for vidu2.0.
        let version = task.draft.model.strip_prefix("vidu").unwrap_or_default();
        (self.from..=self.to).contains(&task.created)
            && among(&self.ids, &task.id)
            && among(&self.templates, task.draft.body["template"].as_str().unwrap_or_default())
            && among(&self.versions, version)
            && among(&self.resolutions, answers::resolution(task))
            && self.states.as_ref().is_none_or(|phases| phases.contains(&task.phase))
    }
}
