//! What becomes of tasks: rules a person can write on one line, and the plan of a task.
//!
//! ```text
//! prompt=storm: refuse moderation
//! job=3: moderated after 20s
//! dialect=kling-v2 prompt=slow: succeeded after 5s+2m; silent
//! any: stay
//! any: succeeded after 2s; trouble duplicate=2 delay=3s
//! prompt=fog: create 503 x2
//! prompt=haze: succeeded after 2s; query malformed
//! ```
//!
//! Before the colon, what a create must be like: `prompt=` a word it contains, `job=` its number
//! among the vendor's valid creates, `dialect=` its dialect, or `any`. After it, what happens:
//! `refuse` and a name from the vendor's error table, an ending from its table `after` the time at
//! work (with `+`, the time in the queue before that), or `stay`. Behind that, what is disturbed:
//! callbacks by `delivery_faults`, answers by `create`, `query` and `file` with a fault; these may also stand
//! alone. Parsing and printing only; applying rules is `tasks`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::delivery_faults::DeliveryFaults;
use crate::dialect::Dialect;
use crate::duration;
use crate::response_faults::ResponseFaults;

/// What becomes of the creates it is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// Which creates.
    pub when: When,
    /// Refuse the create, by the name of a row in the dialect's error table.
    pub refuse: Option<String>,
    /// What happens to an accepted task.
    pub plan: TaskPlan,
    /// Whether its changes are not called back.
    pub silent: bool,
    /// What happens to its callbacks on the way.
    pub delivery_faults: Option<Arc<DeliveryFaults>>,
    /// What goes wrong with the answers of calls about it.
    pub response_faults: ResponseFaults,
}

impl Rule {
    /// A rule about creates whose prompt contains `text`; the task stays where it is.
    pub fn about(text: impl Into<String>) -> Self {
        Self { when: When { prompt: Some(text.into()), ..When::default() }, ..Self::default() }
    }

    /// The row of an error table that it names, if it names one.
    pub(crate) fn refusal(&self) -> Option<&String> {
        self.refuse.as_ref().or_else(|| self.response_faults.refusal())
    }
}

/// Which creates a rule is about: all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// The prompt contains this.
    pub prompt: Option<String>,
    /// Its number among the vendor's valid creates, from 1.
    pub job: Option<u64>,
    /// The name of its dialect.
    pub dialect: Option<String>,
}

impl When {
    pub(crate) fn holds(&self, prompt: &str, job: u64, dialect: &Dialect) -> bool {
        self.prompt.as_ref().is_none_or(|text| prompt.contains(text.as_str()))
            && self.job.is_none_or(|wanted| wanted == job)
            && self.dialect.as_ref().is_none_or(|name| name == dialect.name)
    }
}

/// How a task goes on by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TaskPlan {
    /// Not at all: somebody moves it.
    #[default]
    Stay,
    /// To an end.
    Run {
        /// The ending's name; one the dialect does not have counts as `succeeded`.
        ending: String,
        /// Time before work begins.
        queue: Duration,
        /// Time at work.
        work: Duration,
    },
}

/// Why a rule cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RuleError(String);

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (when, then) = text.split_once(": ").ok_or_else(|| {
            RuleError(format!(
                "a rule is `WHEN: WHAT`, such as `prompt=storm: refuse moderation`, not `{text}`"
            ))
        })?;
        let mut rule = Self { when: when.parse()?, ..Self::default() };
        let mut parts = then.split(';').map(str::trim);
        let first = parts.next().unwrap_or_default();
        if !rule.disturb(first)? {
            rule.act(first)?;
        }
        for part in parts {
            if rule.disturb(part)? {
                continue;
            }
            match part.split_once(' ') {
                None if part == "silent" => rule.silent = true,
                Some(("trouble", schedule)) => {
                    let delivery_faults = schedule.parse().map_err(|error| RuleError(format!("{error}")))?;
                    rule.delivery_faults = Some(Arc::new(delivery_faults));
                }
                _ => {
                    return Err(RuleError(format!(
                        "`{part}` is none of `silent`, `trouble …`, `create …`, `query …`, `file …`"
                    )));
                }
            }
        }
        Ok(rule)
    }
}

impl Rule {
    /// Whether some dialect of these has every name the rule uses.
    pub fn check(&self, dialects: &[&'static Dialect]) -> Result<(), RuleError> {
        let mut about = dialects
            .iter()
            .filter(|dialect| self.when.dialect.as_ref().is_none_or(|name| name == dialect.name));
        if let Some(name) = &self.when.dialect
            && about.clone().next().is_none()
        {
            let known: Vec<&str> = dialects.iter().map(|dialect| dialect.name).collect();
            return Err(RuleError(format!(
                "there is no dialect `{name}` here; there are {}",
                known.join(", ")
            )));
        }
        let (what, name, known): (_, _, fn(&Dialect, &str) -> bool) = match (self.refusal(), &self.plan) {
            (Some(name), _) => ("refusal", name, |dialect, name| dialect.refusal(name).is_some()),
            (None, TaskPlan::Run { ending, .. }) => {
                ("ending", ending, |dialect, name| dialect.ending(name).is_some())
            }
            (None, TaskPlan::Stay) => return Ok(()),
        };
        if about.any(|dialect| known(dialect, name)) {
            return Ok(());
        }
        let mut names: Vec<&str> = dialects
            .iter()
            .flat_map(|dialect| match what {
                "refusal" => dialect.refusals.iter().map(|row| row.name).collect::<Vec<_>>(),
                _ => dialect.endings.iter().map(|row| row.name).collect(),
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        Err(RuleError(format!("no dialect here has the {what} `{name}`; there are {}", names.join(", "))))
    }

    fn disturb(&mut self, text: &str) -> Result<bool, RuleError> {
        self.response_faults.read(text).map_err(|error| RuleError(error.to_string()))
    }

    fn act(&mut self, text: &str) -> Result<(), RuleError> {
        match text.split_once(' ') {
            None if text == "stay" => self.plan = TaskPlan::Stay,
            Some(("refuse", name)) => self.refuse = Some(name.trim().to_owned()),
            Some((ending, rest)) => {
                let times = rest.trim().strip_prefix("after ").ok_or_else(|| {
                    RuleError(format!("`{text}` is neither `stay`, `refuse NAME` nor `ENDING after TIME`"))
                })?;
                let (queue, work) = times.split_once('+').unwrap_or(("0s", times));
                let read = |text: &str| {
                    duration::parse(text)
                        .ok_or_else(|| RuleError(format!("`{text}` is not a duration such as 20s")))
                };
                self.plan =
                    TaskPlan::Run { ending: ending.to_owned(), queue: read(queue)?, work: read(work)? };
            }
            None => {
                self.plan =
                    TaskPlan::Run { ending: text.to_owned(), queue: Duration::ZERO, work: Duration::ZERO }
            }
        }
        Ok(())
    }
}

impl FromStr for When {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let mut when = Self::default();
        if text.trim() == "any" {
            return Ok(when);
        }
        for part in text.split_whitespace() {
            match part.split_once('=') {
                Some(("prompt", word)) if !word.is_empty() => when.prompt = Some(word.to_owned()),
                Some(("dialect", name)) => when.dialect = Some(name.to_owned()),
                Some(("job", number)) => {
                    let number = number.parse().ok().filter(|number| *number > 0);
                    when.job =
                        Some(number.ok_or_else(|| RuleError("job= takes a number from 1".to_owned()))?);
                }
                _ => {
                    return Err(RuleError(format!(
                        "`{part}` is none of any, prompt=WORD, job=N, dialect=NAME"
                    )));
                }
            }
        }
        if when == Self::default() {
            return Err(RuleError(
                "a rule says when it applies: any, prompt=WORD, job=N, dialect=NAME".to_owned(),
            ));
        }
        Ok(when)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.when)?;
        match (&self.refuse, &self.plan) {
            (Some(name), _) => write!(f, "refuse {name}")?,
            (None, TaskPlan::Stay) => f.write_str("stay")?,
            (None, TaskPlan::Run { ending, queue, work }) => {
                write!(f, "{ending} after ")?;
                if !queue.is_zero() {
                    write!(f, "{}+", duration::spaced(*queue))?;
                }
                f.write_str(&duration::spaced(*work))?;
            }
        }
        if self.silent {
            f.write_str("; silent")?;
        }
        if let Some(delivery_faults) = &self.delivery_faults {
            write!(f, "; trouble {delivery_faults}")?;
        }
        write!(f, "{}", self.response_faults)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = [
            self.dialect.as_ref().map(|name| format!("dialect={name}")),
            self.prompt.as_ref().map(|word| format!("prompt={word}")),
            self.job.map(|number| format!("job={number}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() { f.write_str("any") } else { f.write_str(&parts.join(" ")) }
    }
}
