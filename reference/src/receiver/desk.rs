//! The reference receiver as a pure machine: a request and the time in; an answer, and what is to be
//! done after it, out. No sockets, no clock, no waiting.
//!
//! The order is the lesson: a challenge before everything, the signature over the raw bytes, then
//! the record, then the acknowledgement, then the work, once for each job.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::callback::{self, Seen, Unread};
use super::defect::Defect;
use super::dress;
use super::ledger::{Ledger, Manner, Source, Taken};
use super::oddity::Oddity;
use super::started::Jobs;
use super::trust::{self, Secrets};
use ringback_mocks::vendor::{Phase, Vendor};
use ringback_mocks::wire::{Request, Response, Secret, unescaped};

/// What a request leads to.
#[derive(Debug)]
pub(super) struct Turn {
    /// The answer.
    pub(super) reply: Reply,
    /// How long the answer waits.
    pub(super) pause: Duration,
    /// What is done when it has been given.
    pub(super) acts: Vec<Act>,
}

/// The answer to a request, or what must happen before there is one.
#[derive(Debug)]
pub(super) enum Reply {
    /// Given now.
    Now(Response),
    /// Given by [`Desk::submitted`] when the gateway has answered this request.
    Submit { ticket: usize, request: Request },
    /// Given when the gateway was asked about a callback; only a defect waits for that.
    Confirm(Box<Report>, Response),
    /// Nothing is answered before a job is submitted; only a defect waits for that.
    WhenSubmitted,
    /// Given after a moment and what is done then; only defects do anything before they answer.
    Moment(Box<Moment>, Response),
}

/// Something to do after an answer.
#[derive(Debug)]
pub(super) enum Act {
    /// The work for a job, after a pause.
    Work { key: String, pause: Duration },
    /// Ask the gateway whether a callback is true.
    Confirm(Box<Report>),
    /// Ask for the status of a started job until it has ended.
    Poll { ticket: usize },
    /// Ask for it once, now.
    Ask { ticket: usize },
}

/// A callback on its way into the ledger.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// The job.
    pub(super) key: String,
    /// What it says.
    pub(super) seen: Seen,
    /// How it came.
    pub(super) manner: Manner,
}

/// What a defective receiver does a moment after it has looked.
#[derive(Debug)]
pub(super) struct Moment {
    pub(super) report: Report,
    /// How long that moment is.
    pub(super) pause: Duration,
    /// Whether it is lost when the sender hangs up.
    pub(super) fragile: bool,
}

/// How long the answers of defects and oddities wait.
const BEYOND_ARK: Duration = Duration::from_millis(5_400);
const BEYOND_MINIMAX: Duration = Duration::from_millis(3_300);
const LONG_WORK: Duration = Duration::from_millis(1_300);
const LATE: Duration = Duration::from_millis(300);
/// The moments between looking and doing.
const CHECKED: Duration = Duration::from_millis(100);
const READ: Duration = Duration::from_millis(100);
const SEEN: Duration = Duration::from_millis(150);
/// A challenge longer than this is slow at the defect that is slow.
const LONG_CHALLENGE: usize = 200;
/// Challenges remembered by the defect that remembers them.
const CHALLENGES_KEPT: usize = 10_000;

/// The receiver between two requests.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) secrets: Secrets,
    pub(super) defect: Option<Defect>,
    pub(super) oddity: Option<Oddity>,
    pub(super) ledger: Ledger,
    pub(super) jobs: Jobs,
    marked: HashSet<String>,
    challenges: HashSet<String>,
}

impl Desk {
    /// A receiver that knows nothing yet. `root` is its own address, `key` its key at the gateway.
    pub(super) fn new(
        secrets: Secrets,
        root: String,
        key: Secret,
        defect: Option<Defect>,
        oddity: Option<Oddity>,
    ) -> Self {
        Self {
            secrets,
            defect,
            oddity,
            ledger: Ledger::new(defect),
            jobs: Jobs::new(root, key, defect, oddity),
            marked: HashSet::new(),
            challenges: HashSet::new(),
        }
    }

    pub(super) fn is(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    fn odd(&self, oddity: Oddity) -> bool {
        self.oddity == Some(oddity)
    }

    /// Answers one request.
    pub(super) fn handle(&mut self, request: &Request, now: Timestamp) -> Turn {
        let path = request.path().to_owned();
        let mut turn = if let Some(id) = path.strip_prefix("/effects/") {
            answered(self.effects(request, id))
        } else if path == "/jobs" {
            self.start(request)
        } else if let Some(rest) = path.strip_prefix("/hooks/") {
            self.hook(rest, request, now)
        } else {
            answered(Response::text(404, "no such route"))
        };
        if let Reply::Now(response) | Reply::Confirm(_, response) | Reply::Moment(_, response) =
            &mut turn.reply
        {
            dress::response(response, self.oddity);
        }
        turn
    }

    fn effects(&self, request: &Request, id: &str) -> Response {
        if request.method != "GET" {
            return Response::text(405, "only GET");
        }
        let mut id = unescaped(id);
        if self.ledger.effects(&id).is_none() {
            id = callback::known_as(&id, self.defect);
        }
        let key = self.jobs.key_of(&id).unwrap_or(id);
        match self.ledger.effects(&key) {
            Some((count, shown)) => {
                let state = shown.map(|(word, phase)| dress::state(word, phase, self.oddity));
                Response::json(200, &json!({"count": count, "state": state}))
            }
            None if self.odd(Oddity::UnknownIsZero) => {
                Response::json(200, &json!({"count": 0, "state": Value::Null}))
            }
            None => Response::json(404, &json!({"error": "nothing is known of this job"})),
        }
    }

    fn start(&mut self, request: &Request) -> Turn {
        if request.method != "POST" {
            return answered(Response::text(405, "only POST"));
        }
        match self.jobs.begin(request) {
            Some((ticket, request)) => {
                Turn { reply: Reply::Submit { ticket, request }, pause: Duration::ZERO, acts: Vec::new() }
            }
            None => answered(Response::json(400, &json!({"error": "vendor, model and prompt are needed"}))),
        }
    }

    fn hook(&mut self, rest: &str, request: &Request, now: Timestamp) -> Turn {
        let (name, secret) = rest.split_once('/').map_or((rest, None), |(name, secret)| (name, Some(secret)));
        let secret = secret.map(str::to_owned).or_else(|| request.query("secret"));
        let Some(vendor) = Vendor::named(name) else {
            let status = if self.is(Defect::UnknownHookAcked) { 200 } else { 404 };
            return answered(Response::text(status, "no such hook"));
        };
        if let Some(response) = self.at_the_door(vendor, request) {
            return answered(response);
        }
        let ticket = secret.as_ref().and_then(|secret| self.jobs.with_secret(vendor, secret));
        let pending = ticket.is_some_and(|ticket| !self.jobs.is_submitted(ticket));
        if pending && self.is(Defect::SingleThreaded) {
            return Turn { reply: Reply::WhenSubmitted, pause: Duration::ZERO, acts: Vec::new() };
        }
        if vendor.name() == "minimax"
            && let Some((value, fields)) = callback::challenge(request)
        {
            return self.challenged(&value, fields, pending);
        }
        let trusted = trust::holds(vendor, &self.secrets, request, now, self.defect);
        if !trusted {
            return self.refuse(vendor, request, now);
        }
        if secret.is_some() && ticket.is_none() && !self.is(Defect::SecretUnchecked)
            || pending && self.is(Defect::EarlyCallbackRefused)
        {
            return answered(Response::text(404, "no such hook"));
        }
        let seen = match callback::read(vendor, request, self.defect) {
            Ok(seen) => seen,
            Err(Unread::Acknowledged) => return answered(self.acknowledged()),
            Err(Unread::Refused(status)) => return answered(self.refusal(status)),
        };
        if self.is(Defect::BusyIs503) && seen.iter().any(|seen| self.ledger.is_busy(&seen.id, now)) {
            return answered(Response::text(503, "too busy"));
        }
        let manner = self.manner(request);
        let mut turn = answered(self.acknowledged());
        let known = trust::signs(vendor) || secret.is_some();
        for seen in seen {
            let ticket = ticket.filter(|_| !self.is(Defect::CallbackUnlinked));
            let other = ticket.is_some_and(|ticket| self.jobs.is_other(ticket, &seen.id));
            let ticket = ticket.filter(|_| !(other && self.is(Defect::WorksPerVendorId)));
            let key = ticket.map_or_else(|| seen.id.clone(), Jobs::key);
            let known =
                known && (ticket.is_some() || !self.is(Defect::CallbackUnlinked) || trust::signs(vendor));
            let report = Report { key, seen, manner: manner.clone() };
            self.report(report, known, ticket, now, &mut turn);
        }
        turn
    }

    /// Answers that need no look into the body.
    fn at_the_door(&self, vendor: Vendor, request: &Request) -> Option<Response> {
        let kind = request.headers.get("content-type").unwrap_or_default();
        match request.method.as_str() {
            "POST" => {}
            "PUT" if self.is(Defect::PutWorks) => {}
            "GET" if self.is(Defect::GetIs500) => return Some(Response::text(500, "out of order")),
            "GET" if self.odd(Oddity::GetAnswers200) => return Some(Response::text(200, "a webhook")),
            _ if self.odd(Oddity::Method404) => return Some(Response::text(404, "no such route")),
            _ => {
                let mut response = Response::text(405, "only POST");
                response.headers.push("allow", "POST");
                return Some(response);
            }
        }
        if self.is(Defect::HugeIs500) && request.body.len() > callback::BODY_MAX {
            return Some(Response::text(500, "out of memory"));
        }
        if self.is(Defect::RefusesVidu) && vendor.name() == "vidu" {
            return Some(Response::text(404, "no such hook"));
        }
        if self.is(Defect::RedirectsQueries) && vendor.name() == "kling" && request.target.contains('?') {
            let mut response = Response::text(308, "over there");
            response.headers.push("location", request.path());
            return Some(response);
        }
        let literal = ["application/json", "application/json; charset=utf-8"].contains(&kind);
        let json = kind.to_ascii_lowercase().starts_with("application/json");
        if self.is(Defect::ContentTypeLiteral) && !literal || self.odd(Oddity::DemandsJsonType) && !json {
            return Some(Response::text(415, "only JSON"));
        }
        None
    }

    /// The answer to MiniMax's challenge: its value, whoever asks. Nothing is stored.
    fn challenged(&mut self, value: &Value, fields: usize, pending: bool) -> Turn {
        let text = value.as_str().unwrap_or_default();
        let refused = match self.defect {
            Some(Defect::ChallengeUnknown) => true,
            Some(Defect::ChallengeNeedsTask) => pending,
            Some(Defect::ChallengeStrict) => fields > 1,
            _ => false,
        };
        if refused {
            return answered(Response::text(400, "this callback names no task"));
        }
        let mut turn = answered(Response::json(200, &dress::echo(value, self.defect, self.oddity)));
        match self.defect {
            Some(Defect::ChallengeAsText) => {
                turn = answered(Response { body: text.to_owned().into(), ..Response::text(200, "") });
            }
            Some(Defect::ChallengeDeduplicated) => {
                if self.challenges.len() >= CHALLENGES_KEPT {
                    self.challenges.clear();
                }
                if !self.challenges.insert(text.to_owned()) {
                    turn = answered(self.acknowledged());
                }
            }
            Some(Defect::ChallengeSlow) if text.len() > LONG_CHALLENGE => turn.pause = BEYOND_MINIMAX,
            Some(Defect::ChallengeStored) => {
                turn.acts.push(Act::Work { key: text.to_owned(), pause: Duration::ZERO });
            }
            _ => {}
        }
        turn
    }

    /// The answer to a signature that does not hold. Nothing happens.
    fn refuse(&mut self, vendor: Vendor, request: &Request, now: Timestamp) -> Turn {
        let status = match (self.defect, self.oddity) {
            (Some(Defect::BadSignatureIs500), _) => 500,
            (_, Some(Oddity::Forbidden403)) => 403,
            (_, Some(Oddity::BadSignature400)) => 400,
            _ => 401,
        };
        let mut turn = answered(Response::json(status, &json!({"error": "the signature does not hold"})));
        if matches!(self.defect, Some(Defect::ForgeryPoisons | Defect::RejectsButWorks)) {
            for seen in callback::read(vendor, request, None).unwrap_or_default() {
                if self.is(Defect::ForgeryPoisons) {
                    self.ledger.poison(&seen.id);
                    continue;
                }
                let taken = self.ledger.take(&seen.id, &seen, Source::Callback, Manner::default(), now);
                if taken.work {
                    turn.acts.push(self.work(seen.id));
                }
            }
        }
        turn
    }

    /// Takes a callback that may be believed, or has it confirmed first.
    fn report(
        &mut self,
        report: Report,
        known: bool,
        ticket: Option<usize>,
        now: Timestamp,
        turn: &mut Turn,
    ) {
        let terminal = report.seen.phase.is_some_and(Phase::is_terminal);
        let ended = self.ledger.has_ended(&report.key);
        if let Some(ticket) = ticket.filter(|_| self.odd(Oddity::HintOnly)) {
            turn.acts.push(Act::Ask { ticket });
            return;
        }
        turn.pause = self.lateness(&report.seen);
        let believed = known && !(self.odd(Oddity::ConfirmsEverything) && ticket.is_none());
        if terminal && !ended && !believed && !self.is(Defect::TrustsUnsigned) {
            let answer = self.answer(&report.seen, Taken::default());
            if self.is(Defect::ConfirmsBeforeAck) {
                turn.reply = Reply::Confirm(Box::new(report), answer);
            } else {
                turn.reply = Reply::Now(answer);
                turn.acts.push(Act::Confirm(Box::new(report)));
            }
            return;
        }
        // Only where nobody asks the gateway: what it says within the moment would be another story.
        let moment = match self.defect {
            Some(Defect::CheckThenAct) if terminal && !ended && ticket.is_none() => Some((CHECKED, false)),
            Some(Defect::LostUpdate)
                if report.seen.phase.is_some() && !terminal && !ended && believed && ticket.is_none() =>
            {
                Some((READ, false))
            }
            Some(Defect::WorkDiesWithConnection) if terminal && !ended && ticket.is_none() => {
                if !self.marked.insert(report.key.clone()) {
                    return;
                }
                Some((SEEN, true))
            }
            _ => None,
        };
        if let Some((pause, fragile)) = moment {
            turn.reply = Reply::Moment(Box::new(Moment { report, pause, fragile }), self.acknowledged());
            return;
        }
        let first_end = terminal && !ended;
        if self.is(Defect::WorksBeforeAck) && first_end && report.seen.carries {
            turn.pause = LONG_WORK;
        }
        let taken = self.ledger.take(&report.key, &report.seen, Source::Callback, report.manner, now);
        turn.reply = Reply::Now(self.answer(&report.seen, taken));
        if taken.work {
            turn.acts.push(self.work(report.key));
        }
    }

    /// How long the answer to a callback waits, whoever is believed.
    fn lateness(&self, seen: &Seen) -> Duration {
        match self.defect {
            Some(Defect::ExpiredAckedLate) if seen.phase == Some(Phase::Expired) => BEYOND_ARK,
            _ if self.odd(Oddity::AckLate) => LATE,
            _ => Duration::ZERO,
        }
    }

    /// Does what a defective receiver does a moment later.
    pub(super) fn after(&mut self, report: Report, now: Timestamp) -> Vec<Act> {
        let Report { key, seen, manner } = report;
        if let Some(phase) = seen.phase.filter(|phase| !phase.is_terminal()) {
            self.ledger.take(&key, &seen, Source::Callback, manner, now);
            self.ledger.overwrite(&key, &seen.word, phase);
            return Vec::new();
        }
        self.ledger.take(&key, &seen, Source::Callback, manner, now);
        vec![self.work(key)]
    }

    /// Takes a callback that the gateway has confirmed, or a status.
    pub(super) fn take(&mut self, report: Report, source: Source, now: Timestamp) -> Vec<Act> {
        let taken = self.ledger.take(&report.key, &report.seen, source, report.manner, now);
        if taken.work { vec![self.work(report.key)] } else { Vec::new() }
    }

    fn work(&self, key: String) -> Act {
        let pause = if self.odd(Oddity::EffectsLate) { LATE } else { Duration::ZERO };
        Act::Work { key, pause }
    }

    /// The answer to a callback that was understood.
    fn answer(&self, seen: &Seen, taken: Taken) -> Response {
        let progress = seen.phase.is_some_and(|phase| !phase.is_terminal());
        match self.defect {
            Some(Defect::FailureIs500) if seen.phase == Some(Phase::Failed) => {
                Response::text(500, "out of order")
            }
            Some(Defect::ProgressIs400) if progress => Response::text(400, "nothing has ended"),
            Some(Defect::DuplicateIs409) if taken.repeated => Response::text(409, "seen before"),
            Some(Defect::LateIs409) if taken.late => Response::text(409, "too late"),
            _ => self.acknowledged(),
        }
    }

    fn acknowledged(&self) -> Response {
        dress::acknowledgement(self.oddity)
    }

    fn refusal(&self, status: u16) -> Response {
        let status = if status == 400 && self.odd(Oddity::Malformed422) { 422 } else { status };
        Response::json(status, &json!({"error": "this is no callback"}))
    }

    /// How a request came, as far as any defect looks at that.
    fn manner(&self, request: &Request) -> Manner {
        if self.defect.is_none() {
            return Manner::default();
        }
        let field = |name| request.headers.get(name).unwrap_or_default().to_owned();
        Manner { delivery: field("webhook-id"), nonce: field("x-request-nonce"), body: request.body.to_vec() }
    }
}

/// A turn that only answers.
fn answered(response: Response) -> Turn {
    Turn { reply: Reply::Now(response), pause: Duration::ZERO, acts: Vec::new() }
}
