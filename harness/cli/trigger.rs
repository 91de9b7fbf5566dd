//! `ringback trigger`: sends one realistic callback, signed as that vendor signs, and says what the
//! receiver answered.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{self, mock::set_knob};
use crate::run::mask::Mask;
use crate::run::suggest::{nearest, with_hint};
use jiff::Timestamp;
use ringback_mocks::account::AccountConfig;
use ringback_mocks::dispatcher::{Dispatcher, Routes};
use ringback_mocks::journal::{Exchange, Journal, Leg};
use ringback_mocks::sample_callback;
use ringback_mocks::signature::{SignatureError, is_webhook_secret};
use ringback_mocks::vendor::{Signing, Vendor};
use ringback_mocks::wire::{Response, Secret};
use ringback_mocks::{machine, record};
use serde_json::json;
use url::Url;

use super::{Format, Problem, UNDECIDED, block_on, interrupted, print, secrets, usage};

/// How often we look whether the courier has nothing left to do; each answer wakes us as well.
const LOOK: Duration = Duration::from_millis(50);
/// Most callbacks of one call: more is a storm, which is another tool.
const TIMES_MAX: u16 = 1_000;

/// The subcommand.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// kling, doubao, minimax or vidu
    vendor: String,
    /// A state as the callback says it (processing, succeed, failed), an ending (moderated), or `challenge`
    state: String,
    /// The receiver
    #[arg(long, value_name = "URL")]
    to: String,
    /// Which generation of the vendor's API
    #[arg(long)]
    dialect: Option<String>,
    /// Sign with this instead of RINGBACK_<VENDOR>_SECRET: whsec_… for Kling, the API key for Vidu
    #[arg(long, env = "RINGBACK_TRIGGER_SECRET", hide_env_values = true, value_parser = secret)]
    secret: Option<Secret>,
    /// Send it so many times: the same event again, with the same id
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=i64::from(TIMES_MAX)))]
    times: u16,
    /// What happens on the way, such as 'stale=10m' or 'forged'
    #[arg(long, value_name = "TROUBLE")]
    trouble: Option<String>,
    /// Sets what the vendor is silent about (repeat for more)
    #[arg(long, value_name = "DIALECT.KNOB=VALUE")]
    knob: Vec<String>,
    /// How many times faster than documented retries follow [default: 1]
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    speed: f64,
    /// How to print
    #[arg(long, value_enum, default_value = "text", env = "RINGBACK_FORMAT")]
    format: Format,
}

#[expect(clippy::unnecessary_wraps, reason = "what clap takes as a parser")]
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

/// Sends and reports; exit code 0 when everything sent was acknowledged, 1 when not.
pub(super) fn run(arguments: &Arguments) -> Result<u8, Problem> {
    let vendor = config::vendor(&arguments.vendor).map_err(usage)?;
    let url = Url::parse(&arguments.to)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
        .ok_or_else(|| usage(format!("--to takes an http:// or https:// URL, not `{}`", arguments.to)))?;
    let settings = settings(arguments, vendor)?;
    // Naming a receiver is allowing it.
    let routes = Routes::default().allow(url.host_str().unwrap_or_default());
    let journal = Journal::open();
    block_on(async {
        let courier = Dispatcher::new(routes, Arc::clone(&journal));
        if arguments.state == "challenge" {
            return challenge(&courier, &journal, vendor, arguments).await;
        }
        let dialect = arguments.dialect.as_deref();
        let delivery = sample_callback::delivery(
            vendor,
            dialect,
            &arguments.state,
            &arguments.to,
            settings,
            Timestamp::now(),
        )
        .map_err(|error| usage(with_hint(error, meant(vendor, arguments))))?;
        for _ in 0..arguments.times {
            courier.send(vec![delivery.clone()]);
        }
        // Whatever waits for a next event: there is none.
        courier.release();
        let mut told = Told::new(arguments);
        let quiet = async {
            // As they come, because the journal keeps the newest only.
            while courier.pending() > 0 {
                let told = journal.wait_any(LOOK, |all| {
                    told.tell(all).err().map(Err).or_else(|| (courier.pending() == 0).then_some(Ok(())))
                });
                told.await.unwrap_or(Ok(()))?;
            }
            Ok(())
        };
        tokio::select! {
            quiet = quiet => quiet?,
            code = interrupted() => return Err(Problem { code, message: "interrupted".to_owned() }),
        }
        told.tell(&journal.newest())?;
        if told.sent == 0 {
            return Err(Problem {
                code: UNDECIDED,
                message: "nothing was sent: the trouble dropped everything".to_owned(),
            });
        }
        Ok(u8::from(told.acknowledged < u64::from(arguments.times)))
    })?
}

/// The dialect or the state that was meant by one that the vendor does not have.
fn meant(vendor: Vendor, Arguments { dialect, state, .. }: &Arguments) -> Option<&'static str> {
    let dialects = || vendor.dialects().iter();
    if let Some(name) = dialect.as_ref().filter(|name| !dialects().any(|one| one.name == **name)) {
        return nearest(name, dialects().map(|one| one.name));
    }
    let words: Vec<&'static str> = dialects()
        .flat_map(|one| {
            let words = one.words.iter().filter_map(|row| row.callback);
            words.chain(one.endings.iter().map(|row| row.name))
        })
        .collect();
    if words.contains(&state.as_str()) { None } else { nearest(state, words) }
}

fn settings(arguments: &Arguments, vendor: Vendor) -> Result<AccountConfig, Problem> {
    let held = || std::env::var(vendor.variable("SECRET")).ok().map(Secret::new);
    let secret = arguments.secret.clone().or_else(held).filter(|secret| !secret.expose().is_empty());
    let mut settings = AccountConfig { speed: arguments.speed, ..AccountConfig::default() };
    if !(settings.speed.is_finite() && settings.speed > 0.0) {
        return Err(usage("--speed takes a number above 0"));
    }
    let parts = secret
        .iter()
        .flat_map(|secret| secret.expose().split(','))
        .map(str::trim)
        .filter(|part| !part.is_empty());
    for part in parts {
        match vendor.main_dialect().callbacks.signing {
            Signing::StandardWebhooks if !is_webhook_secret(&Secret::new(part)) => {
                return Err(usage(format!("the secret of {vendor} cannot sign: {}", SignatureError::Secret)));
            }
            Signing::StandardWebhooks => settings.webhook_secrets.push(Secret::new(part)),
            Signing::ViduHmac => settings.api_keys.push(Secret::new(part)),
            Signing::Unsigned => return Err(usage(format!("{vendor} does not sign its callbacks"))),
        }
    }
    if let Some(line) = &arguments.trouble {
        settings.delivery_faults = Some(Arc::new(line.parse().map_err(usage)?));
    }
    for pair in &arguments.knob {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| usage(format!("--knob takes DIALECT.KNOB=VALUE, not `{pair}`")))?;
        set_knob(&mut settings.options, name, value).map_err(usage)?;
    }
    Ok(settings)
}

/// The question that MiniMax asks inside a create.
async fn challenge(
    courier: &Arc<Dispatcher>,
    journal: &Journal,
    vendor: Vendor,
    arguments: &Arguments,
) -> Result<u8, Problem> {
    let chosen = arguments.dialect.as_deref();
    let mut dialects = vendor.dialects().iter().filter(|one| chosen.is_none_or(|name| name == one.name));
    let Some(rule) = dialects.find_map(|dialect| dialect.challenge) else {
        return Err(usage(format!("{vendor} asks no challenge")));
    };
    let value = ringback_mocks::ids::Ids::seeded(fastrand::u64(..)).hex(32);
    let body = json!({rule.field: value}).to_string();
    let answer = courier.ask(vendor, &arguments.to, body.into(), rule.within).await;
    Told::new(arguments).tell(&journal.newest())?;
    let passed = machine::echoes(rule, &value, answer.as_ref());
    print(if passed {
        "the challenge is passed\n"
    } else {
        "THE CHALLENGE IS NOT PASSED: the vendor would refuse the job\n"
    })?;
    Ok(u8::from(!passed))
}

/// What was said so far of what was sent.
struct Told {
    format: Format,
    mask: Mask,
    /// Position in the journal of what comes next.
    next: u64,
    sent: u64,
    acknowledged: u64,
}

impl Told {
    fn new(arguments: &Arguments) -> Self {
        let mask = secrets::mask(arguments.secret.as_slice());
        Self { format: arguments.format, mask, next: 0, sent: 0, acknowledged: 0 }
    }

    /// Says what is new of these.
    fn tell(&mut self, all: &[Arc<Exchange>]) -> Result<(), Problem> {
        for exchange in all.iter().filter(|one| matches!(one.leg, Leg::Callback(_))) {
            if exchange.seq < self.next {
                continue;
            }
            self.next = exchange.seq + 1;
            self.sent += 1;
            self.acknowledged += u64::from(exchange.answer.as_ref().is_ok_and(Response::is_success));
            print(&match self.format {
                Format::Json => {
                    let mut line = record::json(exchange);
                    secrets::hide(&mut line, &self.mask);
                    format!("{line}\n")
                }
                // A receiver may send back what it verifies with.
                Format::Text => self.mask.text(&described(exchange)),
            })?;
        }
        Ok(())
    }
}

fn described(exchange: &Exchange) -> String {
    let request = &exchange.request;
    let mut text = format!("{} {}\n", request.method, request.target);
    for (name, value) in request.headers.iter() {
        let _ = writeln!(text, "{name}: {value}");
    }
    let _ = write!(text, "\n{}\n\n", String::from_utf8_lossy(&request.body));
    match &exchange.answer {
        Ok(answer) => {
            let body = String::from_utf8_lossy(&answer.body);
            let shown: String = body.chars().take(500).collect();
            let _ = writeln!(
                text,
                "answered HTTP {} after {} ms {}",
                answer.status,
                exchange.took.as_millis(),
                shown.replace(char::is_control, " ")
            );
        }
        Err(why) => {
            let _ = writeln!(text, "NO ANSWER: {}", why.replace(char::is_control, " "));
        }
    }
    text
}
