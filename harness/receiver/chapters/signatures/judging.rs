//! How signatures are judged: vectors of a group sent, each bad one beside a good control.
//!
//! What is sent is the vectors' business, which group decides what is the chapter's table's.

use crate::receiver::context::{ReceiverContext, ReceiverReply};
use crate::receiver::effects::Class;
use crate::receiver::task::CallbackState;
use crate::receiver::vectors::{Group, Vector, VectorVerdict};
use crate::run::outcome::{Finding, Stop};

/// Notes each vector of a group that is not acknowledged and should be.
pub(super) async fn accepted(context: &ReceiverContext, group: Group) -> Result<(), Stop> {
    for vector in context.vectors(&[group]) {
        if let Some(reply) = context.send_good(vector).await? {
            context.note_unless_acked(&reply, vector.name);
        }
    }
    Ok(())
}

/// Notes each vector of a group that is acknowledged and should not be. Their controls come first: where
/// the right thing is refused, a refusal proves nothing.
pub(super) async fn not_acknowledged(context: &ReceiverContext, group: Group) -> Result<(), Stop> {
    let vectors = context.vectors(&[group]);
    for (name, reply) in context.controls(&vectors).await? {
        if !reply.is_ack() {
            return Err(Stop::NotTestable(format!(
                "the control of this case is refused, {name}: {}",
                reply.summary()
            )));
        }
    }
    let mut jobs = Vec::new();
    for vector in vectors {
        let job = context.job_for(vector).await?;
        if let Some(request) = context.signed(vector, &job)? {
            let reply = context.post(request).await?;
            context.note_if_acked(&reply, vector.name);
        }
        jobs.push((vector.name.to_owned(), job));
    }
    context.let_go(&jobs);
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

pub(super) async fn refused_without_effect(context: &ReceiverContext) -> Result<(), Stop> {
    let vectors = context.vectors(BAD);
    let controls = context.controls(&vectors).await?;
    let beside_good = |vector: &&Vector| match vector.verdict {
        VectorVerdict::Refused { control } => controls.get(control).is_some_and(ReceiverReply::is_ack),
        VectorVerdict::Accepted => false,
    };
    let mut jobs = Vec::new();
    for vector in vectors.into_iter().filter(beside_good) {
        let job = context.job_for(vector).await?;
        if let Some(request) = context.signed(vector, &job)? {
            // Whatever is answered, or nothing: other requirements judge that.
            let _answer = context.attempt(request, context.target.timeouts.answer).await?;
            jobs.push((vector.name.to_owned(), job));
        }
    }
    if jobs.is_empty() {
        return Err(Stop::NotTestable("the controls of this case are refused".into()));
    }
    let control = context.job().await?;
    context.deliver(&control, CallbackState::SUCCESS).await?;
    context.note_effects_of(&jobs, &control).await?;
    context.let_go(&jobs);
    Ok(())
}

pub(super) async fn refused_with_4xx(context: &ReceiverContext) -> Result<(), Stop> {
    let vectors = context.vectors(&[Group::Byte]);
    for (_, control) in context.controls(&vectors).await? {
        if !control.is_ack() {
            return Err(Stop::NotTestable(format!(
                "the control of this case is refused: {}",
                control.summary()
            )));
        }
    }
    for vector in vectors {
        let job = context.job_for(vector).await?;
        let Some(request) = context.signed(vector, &job)? else { continue };
        let reply = context.post(request).await?;
        if reply.is_ack() {
            let why = format!("{} is acknowledged, so there is no refusal to look at", vector.name);
            return Err(Stop::NotTestable(why));
        }
        if !(400..500).contains(&reply.status) {
            let expected = format!("HTTP 4xx for {}", vector.name);
            context.note(Finding::new(expected, reply.summary()).seen_in(&reply.exchange));
        }
        context.let_go(&[(String::new(), job)]);
    }
    Ok(())
}

/// A forgery: right but for the key.
fn forgery(context: &ReceiverContext) -> Result<&'static Vector, Stop> {
    let none = || Stop::HarnessError("there is no vector of another key".into());
    context.vectors(&[Group::Key]).into_iter().next().ok_or_else(none)
}

pub(super) async fn forgery_does_not_poison(context: &ReceiverContext) -> Result<(), Stop> {
    let job = context.job().await?;
    if let Some(request) = context.signed(forgery(context)?, &job)? {
        context.post(request).await?;
    }
    context.deliver(&job, CallbackState::SUCCESS).await?;
    let after = "a genuine callback that follows a forged one about the same job";
    context.note_unless_once(&job, Class::Success, after).await
}
