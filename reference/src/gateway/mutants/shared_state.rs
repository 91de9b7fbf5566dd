//! Mutants that need more than one request: what is shared, cached or counted where it should not be.
//!
//! Whatever is shared is kept by the first word of the prompt, so that jobs mix only with jobs that look alike; the rest of
//! the gateway works on undisturbed.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use crate::deviation::deviations;
use crate::gateway::Gateway;
use crate::gateway::forwarding::Order;
use crate::gateway::stages::Stages;
use crate::gateway::task::Outcome;
use crate::memory::Memory;
use ringback_mocks::client::Wish;
use ringback_mocks::vendor::Vendor;

deviations! { Mutant of Gateway;
    CALLBACK_OF_EQUAL_PROMPT "callback-of-equal-prompt" "reuses the callback_url of an earlier job with the same prompt" =>
        |stages| keep_first(stages, |wish| wish.prompt.clone());
    CALLBACK_CACHED "callback-cached" "keeps the callback_url of the first of several similar jobs" =>
        |stages| keep_first(stages, place);
    CALLBACK_REMEMBERED "callback-remembered" "gives a job without callback_url that of the job before" =>
        callback_remembered;
    CALLBACK_SHARED "callback-shared" "keeps the callback URL where parallel jobs overwrite it" => callback_shared;
    CALLBACK_SHARED_ACROSS_VENDORS "callback-shared-across-vendors" "mixes up callback URLs of jobs that arrive together for different vendors" =>
        callback_shared_across_vendors;
    IDS_RACE "ids-race" "gives jobs that arrive together the same task id" => ids_race;
    STATUSES_CROSS "statuses-cross" "answers status requests that arrive together with one and the same status" =>
        statuses_cross;
    DUPLICATES_UNDER_LOAD "duplicates-under-load" "creates a job twice when others arrive with it" =>
        duplicates_under_load;
    BUSY_LOOKS_UNKNOWN "busy-looks-unknown" "reports not_started while another request looks at the same job" =>
        busy_looks_unknown;
    IMPATIENT_WITH_VENDOR "impatient-with-vendor" "gives up on a vendor that takes longer than 0.7 seconds" =>
        impatient_with_vendor;
}

/// Long enough for requests that arrive together to meet.
const MEETING: Duration = Duration::from_millis(20);
/// How long a hasty gateway waits.
const HASTE: Duration = Duration::from_millis(700);

const FIELD: &str = "callback_url";

/// Where a job's share is kept: jobs of one run have the first word of their prompts in common.
fn place(wish: &Wish) -> String {
    wish.prompt.split(' ').next().unwrap_or_default().to_owned()
}

fn callback(order: &Order) -> Option<Value> {
    order.wish.options.get(FIELD).cloned()
}

fn set_callback(order: &mut Order, url: Value) {
    order.wish.options.insert(FIELD.to_owned(), url);
}

/// Gives every job the callback URL of the first in its place.
fn keep_first(stages: &mut Stages, place: fn(&Wish) -> String) {
    let kept = Memory::<HashMap<String, Value>>::default();
    stages.carry_out.before(move |_, mut order| {
        if let Some(own) = callback(&order) {
            let first = kept.open().entry(place(&order.wish)).or_insert(own).clone();
            set_callback(&mut order, first);
        }
        order
    });
}

fn callback_remembered(stages: &mut Stages) {
    let kept = Memory::<HashMap<String, Value>>::default();
    stages.carry_out.before(move |_, mut order| {
        let mut kept = kept.open();
        if let Some(own) = callback(&order) {
            kept.insert(place(&order.wish), own);
        } else if let Some(earlier) = kept.get(&place(&order.wish)) {
            set_callback(&mut order, earlier.clone());
        }
        drop(kept);
        order
    });
}

fn callback_shared(stages: &mut Stages) {
    let kept = Memory::<HashMap<String, Value>>::default();
    stages.carry_out.before_async(move |_, mut order| {
        let kept = kept.clone();
        async move {
            let Some(own) = callback(&order) else { return order };
            let place = place(&order.wish);
            kept.open().insert(place.clone(), own);
            tokio::time::sleep(MEETING).await;
            let last = kept.open().get(&place).cloned();
            set_callback(&mut order, last.unwrap_or(Value::Null));
            order
        }
    });
}

fn callback_shared_across_vendors(stages: &mut Stages) {
    let kept = Memory::<HashMap<String, (Vendor, Value)>>::default();
    stages.carry_out.before_async(move |_, mut order| {
        let kept = kept.clone();
        async move {
            let Some(own) = callback(&order) else { return order };
            let place = place(&order.wish);
            kept.open().insert(place.clone(), (order.route.vendor, own));
            tokio::time::sleep(MEETING).await;
            let last = kept.open().get(&place).cloned();
            if let Some((_, url)) = last.filter(|(vendor, _)| *vendor != order.route.vendor) {
                set_callback(&mut order, url);
            }
            order
        }
    });
}

fn ids_race(stages: &mut Stages) {
    let submits = Memory::<HashMap<String, u32>>::default();
    let counted = submits.clone();
    stages.carry_out.before_async(move |_, order| {
        *submits.open().entry(place(&order.wish)).or_default() += 1;
        async move {
            tokio::time::sleep(MEETING).await;
            order
        }
    });
    stages.task_id.around(move |next, service, wish| {
        let place = place(&wish);
        let number = counted.open().get(&place).copied();
        // A job that was not sent to a vendor was not counted.
        number.map_or_else(|| next.run(service, wish), |number| format!("task_{place}{number}"))
    });
}

fn statuses_cross(stages: &mut Stages) {
    let kept = Memory::<HashMap<String, Outcome>>::default();
    stages.follow.around_async(move |next, service, look| {
        let kept = kept.clone();
        async move {
            let mut task = next.run(&service, look).await?;
            let place = place(&task.wish);
            kept.open().insert(place.clone(), task.last.clone());
            tokio::time::sleep(MEETING).await;
            task.last = kept.open().get(&place).cloned().unwrap_or(task.last);
            Ok(task)
        }
    });
}

fn duplicates_under_load(stages: &mut Stages) {
    let under_way = Memory::<HashMap<String, u32>>::default();
    let counted = under_way.clone();
    stages.carry_out.around_async(move |next, service, order| {
        let under_way = under_way.clone();
        async move {
            let place = place(&order.wish);
            *under_way.open().entry(place.clone()).or_default() += 1;
            tokio::time::sleep(MEETING).await;
            let reply = next.run(&service, order).await;
            under_way.open().entry(place).and_modify(|count| *count = count.saturating_sub(1));
            reply
        }
    });
    stages.send_create.around_async(move |next, service, sending| {
        let crowd = counted.open().get(&place(&sending.order.wish)).copied();
        async move {
            if crowd.is_some_and(|count| count > 1) {
                next.run(&service, sending.clone()).await;
            }
            next.run(&service, sending).await
        }
    });
}

fn busy_looks_unknown(stages: &mut Stages) {
    let looks = Memory::<HashMap<String, u32>>::default();
    stages.follow.around_async(move |next, service, look| {
        let looks = looks.clone();
        async move {
            let id = look.task.id.clone();
            let others = {
                let mut looks = looks.open();
                let count = looks.entry(id.clone()).or_default();
                *count += 1;
                *count - 1
            };
            tokio::time::sleep(MEETING).await;
            let followed = next.run(&service, look).await;
            looks.open().entry(id).and_modify(|count| *count = count.saturating_sub(1));
            let mut task = followed?;
            if others > 0 {
                task.last = Outcome::Waiting;
            }
            Ok(task)
        }
    });
}

/// It waits for jobs that arrive together: under load its haste would be everybody's trouble.
fn impatient_with_vendor(stages: &mut Stages) {
    let submits = Memory::<HashMap<String, u32>>::default();
    stages.send_create.around_async(move |next, service, sending| {
        let submits = submits.clone();
        async move {
            let place = place(&sending.order.wish);
            *submits.open().entry(place.clone()).or_default() += 1;
            let mut answer = next.run(&service, sending);
            if let Ok(answer) = tokio::time::timeout(HASTE, &mut answer).await {
                return answer;
            }
            let alone = submits.open().get(&place).is_none_or(|count| *count < 2);
            if alone { None } else { answer.await }
        }
    });
}
