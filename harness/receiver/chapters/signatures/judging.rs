//! How signatures are judged: vectors of a group sent, each bad one beside a good twin.
//!
//! What is sent is the vectors' business, which group decides what is the chapter's table's.

use crate::receiver::context::{Bench, Reply};
use crate::receiver::effects::Class;
use crate::receiver::task::Says;
use crate::receiver::vectors::{Group, Vector, Verdict};
use crate::run::outcome::{Finding, Stop};

/// Notes each vector of a group that is not acknowledged and should be.
pub(super) async fn accepted(bench: &Bench, group: Group) -> Result<(), Stop> {
    for vector in bench.vectors(&[group]) {
        if let Some(reply) = bench.send_good(vector).await? {
            bench.note_unless_acked(&reply, vector.name);
        }
    }
    Ok(())
}

/// Notes each vector of a group that is acknowledged and should not be. Their twins come first: where
/// the right thing is refused, a refusal proves nothing.
pub(super) async fn not_acknowledged(bench: &Bench, group: Group) -> Result<(), Stop> {
    let vectors = bench.vectors(&[group]);
    for (name, reply) in bench.twins(&vectors).await? {
        if !reply.is_ack() {
            return Err(Stop::NotTestable(format!(
                "the right twin of what this case sends is refused, {name}: {}",
                reply.gist()
            )));
        }
    }
    let mut jobs = Vec::new();
    for vector in vectors {
        let job = bench.job_for(vector).await?;
        if let Some(request) = bench.signed(vector, &job)? {
            let reply = bench.post(request).await?;
            bench.note_if_acked(&reply, vector.name);
        }
        jobs.push((vector.name.to_owned(), job));
    }
    bench.let_go(&jobs);
    Ok(())
}

/// Every group of bad vectors, whose effects are judged in one case.
const BAD: &[Group] = &[
    Group::Absent,
    Group::Malformed,
    Group::Version,
    Group::Key,
    Group::Body,
    Group::Headers,
    Group::Stale,
    Group::Foreign,
    Group::Byte,
    Group::Url,
    Group::Text,
];

pub(super) async fn refused_without_effect(bench: &Bench) -> Result<(), Stop> {
    let vectors = bench.vectors(BAD);
    let twins = bench.twins(&vectors).await?;
    let beside_good = |vector: &&Vector| match vector.verdict {
        Verdict::Refused { twin } => twins.get(twin).is_some_and(Reply::is_ack),
        Verdict::Accepted => false,
    };
    let mut jobs = Vec::new();
    for vector in vectors.into_iter().filter(beside_good) {
        let job = bench.job_for(vector).await?;
        if let Some(request) = bench.signed(vector, &job)? {
            // Whatever is answered, or nothing: other requirements judge that.
            let _answer = bench.attempt(request, bench.target.patience.answer).await?;
            jobs.push((vector.name.to_owned(), job));
        }
    }
    if jobs.is_empty() {
        return Err(Stop::NotTestable("the right twins of what this case sends are refused".into()));
    }
    let control = bench.job().await?;
    bench.deliver(&control, Says::SUCCESS).await?;
    bench.note_effects_of(&jobs, &control).await?;
    bench.let_go(&jobs);
    Ok(())
}

pub(super) async fn refused_with_4xx(bench: &Bench) -> Result<(), Stop> {
    let vectors = bench.vectors(&[Group::Byte]);
    for (_, twin) in bench.twins(&vectors).await? {
        if !twin.is_ack() {
            return Err(Stop::NotTestable(format!(
                "the right twin of what this case sends is refused: {}",
                twin.gist()
            )));
        }
    }
    for vector in vectors {
        let job = bench.job_for(vector).await?;
        let Some(request) = bench.signed(vector, &job)? else { continue };
        let reply = bench.post(request).await?;
        if reply.is_ack() {
            let why = format!("{} is acknowledged, so there is no refusal to look at", vector.name);
            return Err(Stop::NotTestable(why));
        }
        if !(400..500).contains(&reply.status) {
            let expected = format!("HTTP 4xx for {}", vector.name);
            bench.note(Finding::new(expected, reply.gist()).seen_in(&reply.exchange));
        }
        bench.let_go(&[(String::new(), job)]);
    }
    Ok(())
}

/// A forgery: right but for the key.
fn forgery(bench: &Bench) -> Result<&'static Vector, Stop> {
    let none = || Stop::Broken("there is no vector of another key".into());
    bench.vectors(&[Group::Key]).into_iter().next().ok_or_else(none)
}

pub(super) async fn forgery_does_not_poison(bench: &Bench) -> Result<(), Stop> {
    let job = bench.job().await?;
    if let Some(request) = bench.signed(forgery(bench)?, &job)? {
        bench.post(request).await?;
    }
    bench.deliver(&job, Says::SUCCESS).await?;
    let after = "a genuine callback that follows a forged one about the same job";
    bench.note_unless_once(&job, Class::Success, after).await
}
