//! Vendors for Rust tests: started in one line, told what to do, and waited for with deadlines.
//!
//! ```
//! use ringback_mocks::Kling;
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let kling = Kling::start().await;
//! kling.on("prompt=storm: refuse moderation");
//!
//! // Your code, pointed at `kling.url()`, would make this call.
//! let create = json!({"model_name": "kling-v1", "prompt": "A paper boat"});
//! # use ringback_mocks::{http::HttpClient, wire::Request};
//! # let request = Request::post("/v1/videos/text2video", &create).header("authorization", "Bearer any");
//! # HttpClient::new().send(kling.url(), &request, std::time::Duration::from_secs(5)).await.unwrap();
//!
//! let task = kling.created().await;
//! assert_eq!(task.prompt, "A paper boat");
//! kling.advance(&task.id, "succeed");
//! assert_eq!(kling.state(&task.id).as_deref(), Some("succeed"));
//! kling.assert_creates(1);
//! # }
//! ```
//!
//! The methods panic with one sentence where a test should fail: a wrong rule, a task that never
//! came. Several vendors at once, or a control API, are [`crate::standalone`].

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::account::AccountConfig;
use crate::dispatcher::Routes;
use crate::http;
use crate::journal::{Exchange, Journal, Leg};
use crate::mock::MockVendor;
use crate::rules::Rule;
use crate::standalone::{Setup, Standalone};
use crate::vendor::Vendor;

/// How long [`Started::created`] and [`Started::called_back`] wait.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A started vendor; it stops when dropped.
#[derive(Debug)]
pub struct Started {
    running: Standalone,
    url: String,
    /// How many tasks [`Started::created`] has handed out.
    seen: AtomicUsize,
}

/// A task that a caller created.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatedTask {
    /// The vendor's id.
    pub id: String,
    /// Name of the dialect it came in.
    pub dialect: &'static str,
    /// The model asked for.
    pub model: String,
    /// The prompt.
    pub prompt: String,
    /// Where to call back.
    pub callback_url: Option<String>,
    /// The request body.
    pub body: Value,
}

impl Started {
    /// Starts a vendor on a free loopback port. Tasks stay where they are until a rule or
    /// [`Started::advance`] moves them; any key of the right form is accepted.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn vendor(vendor: Vendor, settings: AccountConfig) -> Self {
        let setup = Setup {
            vendors: vec![(vendor, http::LOOPBACK, settings)],
            control: None,
            routes: Routes::default(),
            rules: Vec::new(),
            journal: Journal::open(),
        };
        let running = Standalone::start(setup).await.unwrap_or_else(|error| panic!("{error}"));
        let url = running.mocks()[0].url();
        Self { running, url, seen: AtomicUsize::new(0) }
    }

    /// `http://` and the address, no path: what to give your code as the vendor's root.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Adds a rule, as [`crate::rules`] writes them.
    ///
    /// # Panics
    /// When the rule cannot be read or names what the vendor does not have.
    pub fn on(&self, rule: &str) {
        let rule: Rule = rule.parse().unwrap_or_else(|error| panic!("{error}"));
        rule.check(self.mock().vendor().dialects()).unwrap_or_else(|error| panic!("{error}"));
        self.mock().add_rule(rule);
    }

    /// Sets a option, `set("ark.error-null", "on")`.
    ///
    /// # Panics
    /// When there is no such option or it does not take the value.
    pub fn set(&self, option: &str, value: &str) {
        let set = self.mock().with_machine(|machine| machine.settings_mut().options.set(option, value));
        set.unwrap_or_else(|error| panic!("{error}"));
    }

    /// The next task that a caller created, waiting for it if need be: the first call gives the first
    /// task, the second the second.
    ///
    /// # Panics
    /// When none was created within [`PATIENCE`].
    pub async fn created(&self) -> CreatedTask {
        let at = self.seen.fetch_add(1, Ordering::Relaxed);
        let task = self.running.journal().wait_any(PATIENCE, |_| self.tasks().into_iter().nth(at)).await;
        task.unwrap_or_else(|| panic!("no task number {} was created within {PATIENCE:?}", at + 1))
    }

    /// Every task there is, in the order of creation.
    pub fn tasks(&self) -> Vec<CreatedTask> {
        self.mock().with_machine(|machine| {
            let mut all: Vec<CreatedTask> = machine
                .tasks()
                .newest()
                .map(|job| CreatedTask {
                    id: job.id.clone(),
                    dialect: job.draft.dialect.name,
                    model: job.draft.model.clone(),
                    prompt: job.draft.prompt.clone(),
                    callback_url: job.draft.callback_url.clone(),
                    body: job.draft.body.value(),
                })
                .collect();
            all.reverse();
            all
        })
    }

    /// Moves a task: to a state word, or to the end of that name.
    ///
    /// # Panics
    /// When there is no such task or word, or the task cannot move so.
    pub fn advance(&self, task: &str, word: &str) {
        let dialect =
            self.mock().with_machine(|machine| machine.tasks().get(task).map(|job| job.draft.dialect));
        let dialect = dialect.unwrap_or_else(|| panic!("there is no task {task}"));
        let step =
            dialect.step(word).unwrap_or_else(|| panic!("{} has no state or ending `{word}`", dialect.name));
        assert!(self.mock().advance(task, step), "task {task} cannot go to `{word}`");
    }

    /// What a query says of a task's state, if there is such a task.
    pub fn state(&self, task: &str) -> Option<String> {
        self.mock().with_machine(|machine| {
            machine.tasks().get(task).map(|job| job.draft.dialect.word(job.phase).query.to_owned())
        })
    }

    /// Waits until a callback about a task was answered, whatever the answer; the body posted.
    ///
    /// # Panics
    /// When none with that state word was sent within [`PATIENCE`].
    pub async fn called_back(&self, task: &str, word: &str) -> Value {
        let about = |exchange: &Exchange| {
            let body = exchange.request.json().filter(|_| matches!(exchange.leg, Leg::Callback(_)))?;
            let text = body.to_string();
            (text.contains(&format!("\"{task}\"")) && text.contains(&format!("\"{word}\""))).then_some(body)
        };
        let sent =
            self.running.journal().wait_any(PATIENCE, |all| all.iter().find_map(|one| about(one))).await;
        sent.unwrap_or_else(|| panic!("no callback `{word}` about task {task} was sent within {PATIENCE:?}"))
    }

    /// Fails unless exactly so many tasks were created.
    ///
    /// # Panics
    /// When the number is another.
    pub fn assert_creates(&self, count: usize) {
        let tasks = self.tasks();
        assert_eq!(tasks.len(), count, "{} tasks were created: {tasks:?}", tasks.len());
    }

    /// The mock itself, for what these methods do not offer.
    pub fn mock(&self) -> &MockVendor {
        &self.running.mocks()[0]
    }
}

macro_rules! started {
    ($($name:ident $vendor:literal $title:literal)*) => {$(
        #[doc = concat!("A mock ", $title, " for tests; see [`Started`] for what it can be asked.")]
        #[derive(Debug)]
        pub struct $name(Started);

        impl $name {
            /// Starts it on a free loopback port.
            ///
            /// # Panics
            /// When no port can be had.
            pub async fn start() -> Self {
                Self::with(AccountConfig::default()).await
            }

            /// Starts it with an account of your own: keys, webhook secrets, limits, options. Result URLs
            /// point at the mock unless `results` says otherwise.
            ///
            /// # Panics
            /// When no port can be had.
            pub async fn with(settings: AccountConfig) -> Self {
                let vendor = Vendor::named($vendor).expect("the registry has it");
                Self(Started::vendor(vendor, settings).await)
            }
        }

        impl Deref for $name {
            type Target = Started;

            fn deref(&self) -> &Started {
                &self.0
            }
        }
    )*};
}

started! {
    Kling "kling" "Kling"
    Doubao "doubao" "ByteDance Doubao (Ark)"
    MiniMax "minimax" "MiniMax Hailuo"
    Vidu "vidu" "Vidu"
}
