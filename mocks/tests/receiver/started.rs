//! Probes of jobs that the receiver has started: their callbacks, and polling when those are lost.

use std::time::Duration;

use ringback_mocks::counterpart::Standing;
use ringback_mocks::wire::Response;
use serde_json::json;

use super::scene::{Log, MAIN, QUIET, Scene, Started, progress, succeeded};

const ONCE: (u64, &str) = (1, "success");

/// The work of a started job is done once, and nothing is done for the vendor's id.
async fn once(s: &Scene, log: &mut Log, started: &Started<'_>) {
    let dialect = started.job.dialect;
    log.same(dialect, ONCE, s.stays(&started.gateway_id, ONCE).await);
    log.same(&format!("{dialect}: the vendor's id"), 0, s.effects(&started.job.id).await.0);
}

pub(crate) async fn loss_001(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let mut started = s.start(dialect).await;
        let answer = started.answered().await;
        log.holds("2xx", answer.as_ref().is_some_and(Response::is_success));
        let id = answer.and_then(|answer| answer.value()).map(|body| body["task_id"].clone());
        log.same("task_id", Some(json!(started.gateway_id)), id);
        log.holds("authorized", started.submitted.authorized);
        log.holds("callback_url", started.submitted.callback_url.is_some());
    }
}

pub(crate) async fn loss_002(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let mut started = s.start(dialect).await;
        started.answered().await;
        s.gateway.set(&started.gateway_id, Standing::Finished);
        let status = s.post(&started.success()).await;
        log.holds(&format!("{status}"), (200..300).contains(&status));
        once(s, log, &started).await;
    }
}

pub(crate) async fn loss_003(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let mut started = s.start(dialect).await;
        started.answered().await;
        // Not at the first query.
        s.gateway.asked(&started.gateway_id, 1, Duration::from_millis(300)).await;
        s.gateway.set(&started.gateway_id, Standing::Finished);
        once(s, log, &started).await;
    }
}

pub(crate) async fn loss_004(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let mut started = s.start(dialect).await;
        started.answered().await;
        s.gateway.asked(&started.gateway_id, 1, Duration::from_millis(300)).await;
        s.gateway.set(&started.gateway_id, Standing::Failed);
        let id = &started.gateway_id;
        log.same(dialect, (1, "failure"), s.settled(id, (1, "failure")).await);
    }
}

pub(crate) async fn loss_005(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let mut started = s.start(dialect).await;
        started.answered().await;
        s.gateway.set(&started.gateway_id, Standing::Finished);
        s.settled(&started.gateway_id, ONCE).await;
        // A callback on the heels of the poll is another story than one that comes later.
        tokio::time::sleep(Duration::from_millis(250)).await;
        s.post(&started.success()).await;
        once(s, log, &started).await;
        let mut started = s.start(dialect).await;
        started.answered().await;
        s.post(&started.success()).await;
        s.gateway.set(&started.gateway_id, Standing::Finished);
        s.settled(&started.gateway_id, ONCE).await;
        let asked = s.gateway.queries(&started.gateway_id);
        s.gateway.asked(&started.gateway_id, asked + 2, Duration::from_millis(300)).await;
        once(s, log, &started).await;
    }
}

pub(crate) async fn loss_006(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let token = s.journal.token();
        s.gateway.hold(&token);
        let mut started = s.begin(dialect, &token).await;
        s.gateway.set(&started.gateway_id, Standing::Finished);
        let message = started.success();
        let status = tokio::time::timeout(Duration::from_secs(3), s.post(&message)).await;
        log.holds(&format!("{status:?}"), status.is_ok_and(|status| (200..300).contains(&status)));
        s.gateway.release(&token);
        started.answered().await;
        once(s, log, &started).await;
    }
}

pub(crate) async fn loss_007(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let token = s.journal.token();
        s.gateway.hold(&token);
        let mut started = s.begin(dialect, &token).await;
        s.gateway.script(
            &started.gateway_id,
            [Standing::Running, Standing::Error(500), Standing::Error(429), Standing::Garbage],
        );
        s.gateway.set(&started.gateway_id, Standing::Finished);
        s.gateway.release(&token);
        started.answered().await;
        // However slowly it polls.
        s.gateway.asked(&started.gateway_id, 5, Duration::from_secs(6)).await;
        once(s, log, &started).await;
    }
}

pub(crate) async fn loss_008(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let mut started = s.start(dialect).await;
        started.answered().await;
        s.gateway.set(&started.gateway_id, Standing::Finished);
        s.settled(&started.gateway_id, ONCE).await;
        let asked = s.gateway.queries(&started.gateway_id);
        log.holds(dialect, !s.gateway.asked(&started.gateway_id, asked + 2, QUIET * 4).await);
    }
}

pub(crate) async fn loss_009(s: &Scene, log: &mut Log) {
    let mut started = s.start("ark").await;
    started.answered().await;
    s.gateway.asked(&started.gateway_id, 31, Duration::from_secs(1)).await;
    let asked = s.gateway.asked_at(&started.gateway_id);
    log.holds("hot", asked.len() < 31 || asked[30] - asked[0] > Duration::from_secs(1));
}

pub(crate) async fn loss_010(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let words = [progress(dialect), &[succeeded(dialect)]].concat();
        for kept in 0..1_u32 << words.len() {
            if !log.is_clean() {
                return;
            }
            let mut started = s.start(dialect).await;
            started.answered().await;
            for (at, word) in words.iter().enumerate() {
                if kept & (1 << at) != 0 {
                    s.post(&started.event(word)).await;
                }
            }
            s.gateway.asked(&started.gateway_id, 1, Duration::from_millis(300)).await;
            s.gateway.set(&started.gateway_id, Standing::Finished);
            log.same(dialect, ONCE, s.settled(&started.gateway_id, ONCE).await);
            log.same("the vendor's id", 0, s.effects(&started.job.id).await.0);
        }
    }
}

pub(crate) async fn sch_003(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let running = progress(dialect)[0];
        for sequence in
            [vec![], vec![running], vec![running, running], vec![running, running, succeeded(dialect)]]
        {
            if !log.is_clean() {
                return;
            }
            let mut started = s.start(dialect).await;
            started.answered().await;
            for word in &sequence {
                s.post(&started.event(word)).await;
            }
            s.gateway.asked(&started.gateway_id, 1, Duration::from_millis(300)).await;
            s.gateway.set(&started.gateway_id, Standing::Finished);
            log.same(&format!("{dialect} {sequence:?}"), ONCE, s.settled(&started.gateway_id, ONCE).await);
        }
    }
}
