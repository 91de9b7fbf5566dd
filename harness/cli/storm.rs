//! `ringback storm`: many callbacks at a steady rate, and what became of them.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use crate::config::receiver::{ReceiverFlags, ReceiverSettings};
use crate::config::{Environment, Sources};
use crate::load::drive::{self, Aim};
use crate::load::{Share, Storm};
use crate::receiver::context::ReceiverContext;
use crate::receiver::discovery::JobOrigin;
use crate::receiver::subject::ReceiverSubject;
use crate::receiver::target::{ReceiverReach, ReceiverTarget};
use crate::run::mask::Mask;
use crate::run::outcome::Stop;
use jiff::SignedDuration;
use ringback_mocks::vendor::Vendor;
use url::{Host, Url};

use super::{Format, Problem, UNDECIDED, block_on, interrupted, print, usage};

/// The subcommand.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    subject: Subject,
}

#[derive(Debug, clap::Subcommand)]
enum Subject {
    /// Send a storm to a receiver
    Receiver(Box<GatewayFlags>),
}

#[derive(Debug, clap::Args)]
struct GatewayFlags {
    /// Where the callbacks go; without it and without --exec, the embedded reference receiver
    url: Option<String>,
    /// Start this command as the receiver
    #[arg(long, value_name = "CMD")]
    exec: Option<String>,
    /// Whose callbacks: kling, doubao, minimax or vidu
    #[arg(long, value_name = "NAME", default_value = "kling")]
    vendor: String,
    /// Callbacks a second
    #[arg(long, value_name = "N", default_value_t = 100.0)]
    rate: f64,
    /// For how long
    #[arg(long = "for", value_name = "TIME", default_value = "10s")]
    lasts: String,
    /// Share of the callbacks that is sent twice
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    duplicates: Share,
    /// Share of the jobs whose end comes before their progress
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    disorder: Share,
    /// Where to see what the receiver did, {id} for the id [default with --exec: /effects/{id}]
    #[arg(long, value_name = "URL")]
    effects: Option<String>,
    /// A host that is not this machine may be stormed if it is named here
    #[arg(long, value_name = "HOST")]
    allow: Vec<String>,
    /// What the vendor waits for an answer [default: 5s]
    #[arg(long, value_name = "TIME")]
    ack_limit: Option<String>,
    /// Decides which callbacks are doubled or out of order
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
    /// How to print
    #[arg(long, value_enum, default_value = "text", env = "RINGBACK_FORMAT")]
    format: Format,
}

/// Most callbacks a second and in all: beyond that the sender is what is measured.
const RATE_MAX: f64 = 100_000.0;
const TOTAL_MAX: usize = 10_000_000;
/// Jobs whose effects are looked at after a storm.
const LOOKED_AT: usize = 2_000;
/// How long the work may take after the last answer.
const SETTLES_WITHIN: Duration = Duration::from_secs(5);

/// Sends, counts and prints; exit code 0 when everything was acknowledged in time and worked on once.
pub(super) fn run(arguments: Arguments) -> Result<u8, Problem> {
    let Subject::Receiver(flags) = arguments.subject;
    let storm = storm(&flags)?;
    let vendor = crate::config::vendor(&flags.vendor).map_err(usage)?;
    let target = target(&flags)?;
    if let ReceiverReach::Url { hooks, .. } = &target.reach {
        for (_, url) in hooks {
            permitted(url, &flags.allow)?;
        }
    }
    block_on(async {
        tokio::select! {
            sent = stormed(target, vendor, &storm, flags.format) => sent,
            code = interrupted() => Err(Problem { code, message: "interrupted".to_owned() }),
        }
    })?
}

fn storm(flags: &GatewayFlags) -> Result<Storm, Problem> {
    let time = flags.lasts.parse::<SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    let lasts = time
        .filter(|time| !time.is_zero() && *time <= Duration::from_secs(24 * 3_600))
        .ok_or_else(|| usage(format!("`{}` is no time for --for; write 10s or 2m", flags.lasts)))?;
    if !(flags.rate.is_finite() && flags.rate > 0.0 && flags.rate <= RATE_MAX) {
        return Err(usage(format!("--rate takes callbacks a second, above 0 and at most {RATE_MAX}")));
    }
    let GatewayFlags { rate, duplicates, disorder, seed, .. } = *flags;
    let storm = Storm { rate, lasts, duplicates, disorder, seed };
    match storm.total() {
        0 => Err(usage("that rate sends nothing in that time")),
        total if total > TOTAL_MAX => {
            Err(usage(format!("that makes {total} callbacks, and at most {TOTAL_MAX} are sent in one storm")))
        }
        _ => Ok(storm),
    }
}

fn target(flags: &GatewayFlags) -> Result<ReceiverTarget, Problem> {
    let asked = ReceiverSettings {
        url: flags.url.clone(),
        exec: flags.exec.clone(),
        vendors: vec![flags.vendor.clone()],
        effects: flags.effects.clone(),
        ack_limit: flags.ack_limit.clone(),
        ..ReceiverSettings::default()
    };
    let sources = Sources::read(None, Environment::of_this_process()).map_err(usage)?;
    let flags = ReceiverFlags { receiver: asked, ..ReceiverFlags::default() };
    Ok(sources.receiver(flags, &sources.secrets()).map_err(usage)?.0)
}

/// Nobody is stormed by accident: another machine has to be named.
fn permitted(url: &str, allowed: &[String]) -> Result<(), Problem> {
    let parsed = Url::parse(url).map_err(usage)?;
    let (near, name) = match parsed.host() {
        Some(Host::Ipv4(ip)) => (ip.is_loopback(), ip.to_string()),
        Some(Host::Ipv6(ip)) => (ip.is_loopback(), ip.to_string()),
        Some(Host::Domain(name)) => (name == "localhost", name.to_owned()),
        None => (false, String::new()),
    };
    if near || allowed.iter().any(|host| host.eq_ignore_ascii_case(&name)) {
        return Ok(());
    }
    Err(usage(format!("{name} is not this machine; if you may storm it, say so with --allow {name}")))
}

async fn stormed(
    target: ReceiverTarget,
    vendor: Vendor,
    storm: &Storm,
    format: Format,
) -> Result<u8, Problem> {
    let unjudged = |message: String| Problem { code: UNDECIDED, message };
    let target = Arc::new(target);
    let subject =
        Arc::new(ReceiverSubject::start(&target).await.map_err(|error| unjudged(error.to_string()))?);
    let (root, hook) = subject.hook(vendor).ok_or_else(|| usage(format!("no hook is named for {vendor}")))?;
    let aim = Aim {
        vendor,
        root: root.to_owned(),
        hook: hook.to_owned(),
        secrets: subject.secrets_of(vendor),
        answer: target.timeouts.answer,
        limit: target.timeouts.ack,
    };
    let total = storm.total();
    let told = |sent: u64| {
        if io::stderr().is_terminal() {
            let _ = write!(io::stderr(), "\r{sent} of {total} callbacks sent ");
        }
    };
    let gateway = (!matches!(target.reach, ReceiverReach::Url { .. })).then_some(&subject.gateway);
    let mask = Mask::new(subject.masked());
    let stopped = |stop: Stop| unjudged(mask.text(&format!("{stop:?}")));
    let (mut outcome, ids) = drive::send(&aim, storm, gateway, told).await.map_err(stopped)?;
    if io::stderr().is_terminal() {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    if target.probe.is_some() {
        let context = ReceiverContext::new(
            Arc::clone(&target),
            Arc::clone(&subject),
            vendor,
            JobOrigin::Unsolicited,
            0,
            None,
        );
        outcome.effects =
            Some(drive::effects(looked(&context, &ids).await.map_err(|why| unjudged(mask.text(&why)))?));
    }
    match format {
        Format::Text => print(&outcome.text())?,
        Format::Json => print(&format!("{:#}\n", outcome.json()))?,
    }
    let clean = outcome.is_clean();
    drop(outcome);
    if let Ok(subject) = Arc::try_unwrap(subject) {
        subject.end().await;
    }
    Ok(u8::from(!clean))
}

/// How often the work was done for some of these jobs, once it had time.
async fn looked(context: &ReceiverContext, ids: &[String]) -> Result<Vec<u64>, String> {
    let step = ids.len().div_ceil(LOOKED_AT).max(1);
    let deadline = tokio::time::Instant::now() + SETTLES_WITHIN;
    let mut counts = Vec::new();
    for id in ids.iter().step_by(step) {
        loop {
            let (effect, _) = context.effect_of(id).await.map_err(|stop| match stop {
                Stop::NotTestable(why) | Stop::Inconclusive(why) | Stop::HarnessError(why) => why,
                other => format!("{other:?}"),
            })?;
            if effect.count > 0 || tokio::time::Instant::now() >= deadline {
                counts.push(effect.count);
                break;
            }
            // Nothing tells us when a foreign process has done its work, so we look again.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(counts)
}
