//! Jobs that the receiver starts itself: it submits at the gateway that we play, and names the URL for its
//! callbacks.

use std::sync::Arc;

use ringback_mocks::journal::{Exchange, Leg};
use ringback_mocks::stub_gateway::{StubStatus, Submitted};
use ringback_mocks::vendor::Dialect;
use ringback_mocks::wire::Request;
use serde_json::json;
use tokio::task::JoinHandle;

use super::ReceiverContext;
use crate::receiver::subject::divided;
use crate::receiver::task::VendorTask;
use crate::run::outcome::{Finding, Stop};

/// A job that the receiver started.
#[derive(Clone, Debug)]
pub struct Started {
    /// The job: `key` is the gateway's id, `hook` the URL the receiver named.
    pub job: VendorTask,
    /// The submit as the gateway saw it.
    pub submit: Submitted,
    /// The token in its prompt.
    pub token: String,
    /// The receiver's answer to the request to start.
    pub reply: super::ReceiverReply,
}

/// A job whose submit is held at the gateway, so that the receiver still waits for its id.
#[derive(Debug)]
pub struct Held {
    /// The job, as the gateway will know it.
    pub job: VendorTask,
    /// The submit as the gateway saw it.
    pub submit: Submitted,
    token: String,
    asking: JoinHandle<Result<super::ReceiverReply, Stop>>,
}

impl ReceiverContext {
    /// Makes the receiver start a job of a dialect, which the gateway lets run.
    pub async fn start_in(&self, dialect: &'static Dialect) -> Result<Started, Stop> {
        let token = self.start_token();
        let reply = self.ask_to_start(dialect, &token).await?;
        if !reply.is_ack() {
            let refused = self.gateway().submits(&token).into_iter().find(|submit| submit.id.is_empty());
            let finding = match refused {
                Some(submit) => Finding::new(
                    "a submit that the gateway accepts: its key, model, input.prompt, and callback_url under \
                     input.metadata",
                    format!("the gateway refused {}, and the receiver said {}", submit.body, reply.summary()),
                ),
                None => Finding::new("HTTP 2xx for the start of a job", reply.summary()),
            };
            return Err(finding.seen_in(&reply.exchange).into());
        }
        let submit = self.submit_of(&token).await?;
        let job = self.started_job(dialect, &submit)?;
        Ok(Started { job, submit, token, reply })
    }

    /// Makes the receiver start a job of the main dialect.
    pub async fn start(&self) -> Result<Started, Stop> {
        self.start_in(self.main()).await
    }

    /// Makes the receiver start a job and holds the gateway's answer to the submit back.
    pub async fn hold(&self, dialect: &'static Dialect) -> Result<Held, Stop> {
        let token = self.start_token();
        let (root, request) = self.starting(dialect, &token)?;
        self.gateway().hold(&token);
        let (subject, within, asked) =
            (Arc::clone(&self.subject), self.target.timeouts.answer, token.clone());
        let asking = tokio::spawn(async move {
            let leave = subject.leave(false).await?;
            let (exchange, _) = subject.send(Leg::Client, &asked, &root, request, within, leave).await;
            answered(&exchange)
        });
        let submit = match self.submit_of(&token).await {
            Ok(submit) => submit,
            Err(stop) => {
                self.gateway().release(&token);
                return Err(stop);
            }
        };
        let job = self.started_job(dialect, &submit)?;
        Ok(Held { job, submit, token, asking })
    }

    /// Lets the gateway answer a submit that was held; what the receiver then answers to the request to start.
    pub async fn release(&self, held: Held) -> Result<super::ReceiverReply, Stop> {
        self.gateway().release(&held.token);
        held.asking.await.map_err(|error| Stop::HarnessError(error.to_string()))?
    }

    fn start_token(&self) -> String {
        let token = self.subject().journal.token();
        self.notes().tokens.insert(token.clone());
        token
    }

    /// The question to start a job: where it goes, and the request.
    fn starting(&self, dialect: &Dialect, token: &str) -> Result<(String, Request), Stop> {
        let Some(start) = &self.target.start else {
            return Err(Stop::NotTestable(
                "nothing is known that makes the receiver submit a job; add --start URL".into(),
            ));
        };
        let (own, _) = self.place()?;
        let (root, path) = if start.starts_with('/') {
            (own.to_owned(), start.clone())
        } else {
            divided(start).unwrap_or_default()
        };
        let body = json!({
            "vendor": self.vendor.name(),
            "model": dialect.model,
            "prompt": format!("{token} A paper boat on a pond"),
        });
        Ok((root, Request::post(path, &body)))
    }

    async fn ask_to_start(&self, dialect: &Dialect, token: &str) -> Result<super::ReceiverReply, Stop> {
        let (root, request) = self.starting(dialect, token)?;
        let within = self.target.timeouts.answer;
        let leave = self.leave().await?;
        let (exchange, _) = self.subject().send(Leg::Client, token, &root, request, within, leave).await;
        self.notes().answered |= exchange.answer.is_ok();
        answered(&exchange)
    }

    async fn submit_of(&self, token: &str) -> Result<Submitted, Stop> {
        let within = self.target.timeouts.answer;
        let submit = self.gateway().submit(token, within).await;
        submit.ok_or_else(|| {
            Finding::new(
                "a submit at the gateway, with the prompt that was given",
                format!("none within {within:?}"),
            )
            .into()
        })
    }

    fn started_job(&self, dialect: &'static Dialect, submit: &Submitted) -> Result<VendorTask, Stop> {
        let nowhere = || {
            Stop::from(Finding::new(
                "a callback_url under input.metadata of the submit",
                format!("the submit {}", submit.body),
            ))
        };
        let url = submit.callback_url.as_deref().ok_or_else(nowhere)?;
        // Whatever host it names, callbacks go to the receiver that is judged and nowhere else.
        let (_, hook) = divided(url).ok_or_else(nowhere)?;
        let job = VendorTask::fresh(dialect, self.vendor, hook, &self.secrets(), Self::now())
            .started_as(&submit.id);
        self.set_gateway_status(&job, StubStatus::Running);
        Ok(job)
    }
}

fn answered(exchange: &Arc<Exchange>) -> Result<super::ReceiverReply, Stop> {
    match &exchange.answer {
        Ok(response) => Ok(super::ReceiverReply::of(Arc::clone(exchange), response)),
        Err(why) => {
            Err(Finding::new("an answer to the start of a job", why.clone()).seen_in(exchange).into())
        }
    }
}
