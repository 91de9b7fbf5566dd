//! Payloads for review: what a gateway sent and answered in whole lives of jobs, as snapshots.
//!
//! Playing is `life`, putting it in words is `render`, files are `folder`. A snapshot is no verdict: it
//! says that something changed, and a person says whether it may.

mod folder;
mod life;
pub mod normalize;
mod render;

use std::process::ExitCode;

use futures_util::future::join_all;
use ringback_mocks::vendor::{Dialect, Vendor};

pub use folder::{FolderError, Review, Update, review};
pub use render::difference;

use crate::config::gateway::GatewayFlags;
use crate::config::{Environment, Sources};
use crate::gateway::stage::{self, GatewayStage};

/// One text to review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The dialect's name, also the folder.
    pub dialect: &'static str,
    /// The file's name without `.snap`.
    pub name: String,
    /// Whose payloads, which, and the requirements they are about.
    pub description: String,
    /// The payloads.
    pub contents: String,
}

/// What came of playing every dialect.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// The snapshots, in order of the registry.
    pub snapshots: Vec<Snapshot>,
    /// Dialects that gave none, and why.
    pub absent: Vec<(&'static str, String)>,
    /// Dialects that were played or tried.
    pub dialects: Vec<&'static str>,
}

/// Whether a gateway's vendors are ours, so that there is something to see.
///
/// # Errors
/// When they are not, in one sentence.
pub fn possible(target: &crate::gateway::target::GatewayTarget) -> Result<(), String> {
    if target.mode() == crate::run::mode::Mode::Deployed {
        return Err("--snapshots needs our mock vendors behind the gateway; start it with --exec, or name \
                    them with --upstream"
            .into());
    }
    Ok(())
}

/// Plays every dialect of the target's vendors that a mock stands for.
pub async fn take(stage: &GatewayStage) -> Taken {
    let vendors = stage.target.vendors.iter().filter(|vendor| stage.world.mock(**vendor).is_some());
    let dialects: Vec<(Vendor, &'static Dialect)> =
        vendors.flat_map(|vendor| vendor.dialects().iter().map(|dialect| (*vendor, *dialect))).collect();
    let played = join_all(dialects.iter().map(|(vendor, dialect)| dialect_of(stage, *vendor, dialect))).await;
    let mut taken = Taken::default();
    for ((_, dialect), played) in dialects.iter().zip(played) {
        taken.dialects.push(dialect.name);
        match played {
            Ok(snapshots) => taken.snapshots.extend(snapshots),
            Err(why) => taken.absent.push((dialect.name, why)),
        }
    }
    taken
}

/// Each life is played twice: what differs although nothing was changed is not reviewed.
async fn dialect_of(
    stage: &GatewayStage,
    vendor: Vendor,
    dialect: &'static Dialect,
) -> Result<Vec<Snapshot>, String> {
    let mut snapshots = Vec::new();
    for (prefix, ending) in life::endings(dialect) {
        let first = life::play(stage, vendor, dialect, ending).await?;
        let second = life::play(stage, vendor, dialect, ending).await?;
        snapshots.extend(render::VIEWS.iter().map(|view| Snapshot {
            dialect: dialect.name,
            name: format!("{prefix}{}", view.name),
            description: format!("{}, {}, {}: {}", vendor.title(), dialect.name, ending.name, view.about),
            contents: render::merged(&first, &second, view),
        }));
    }
    Ok(snapshots)
}

/// Reviews the payloads of the gateway that environment and `ringback.toml` name, as a test of its own:
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     ringback::snapshots::main("snapshots/my-gateway")
/// }
/// ```
///
/// with `harness = false` for that target. `INSTA_UPDATE`, `INSTA_FORCE_PASS` and `CI` mean what they mean to insta.
#[expect(clippy::print_stderr, reason = "this is the main function of a test target")]
pub fn main(folder: &str) -> ExitCode {
    // Tools that list tests ask every target.
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let variable = |name: &str| std::env::var(name).ok();
    let reviewed = reviewed(std::path::Path::new(folder), Update::named(variable));
    match reviewed {
        Ok(review) => {
            eprint!("{}", review.text());
            let forced = variable("INSTA_FORCE_PASS").is_some_and(|value| value == "1");
            if review.is_accepted() || forced { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("ringback: {error}");
            ExitCode::from(2)
        }
    }
}

fn reviewed(folder: &std::path::Path, update: Update) -> Result<Review, String> {
    let resolved = Sources::read(None, Environment::of_this_process())
        .and_then(|sources| sources.gateway(GatewayFlags::default(), sources.secrets()));
    let (target, options) = resolved.map_err(|error| error.to_string())?;
    possible(&target)?;
    let runtime =
        tokio::runtime::Runtime::new().map_err(|error| format!("cannot start a runtime: {error}"))?;
    let taken = runtime.block_on(async {
        let session = stage::open(target, &options).await.map_err(|error| error.to_string())?;
        let taken = take(&session.stage).await;
        crate::run::runner::Stage::end(session.stage).await;
        Ok::<_, String>(taken)
    })?;
    review(folder, &taken, update).map_err(|error| error.to_string())
}
