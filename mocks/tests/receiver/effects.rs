//! Probes of effects: idempotency, order, schedules.

use std::fmt::Write as _;
use std::time::Duration;

use ringback_mocks::counterpart::Standing;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::answers::{family, reversed};
use super::scene::{Job, Log, MAIN, Message, SIGNED, Scene, progress, succeeded};

const ONCE: (u64, &str) = (1, "success");

/// Sends callbacks of a job one after the other; its work is done once.
async fn once(s: &Scene, log: &mut Log, job: &Job, messages: &[Message]) {
    if !log.is_clean() {
        return;
    }
    for message in messages {
        s.post(message).await;
    }
    log.same(job.dialect, ONCE, s.stays(&job.id, ONCE).await);
}

pub(crate) async fn idem_001(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job(dialect);
        log.same(dialect, 0, s.effects(&job.id).await.0);
        once(s, log, &job, &[job.success()]).await;
    }
}

pub(crate) async fn idem_002(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job(dialect);
        let message = job.success();
        once(s, log, &job, &[message.clone(), message]).await;
    }
}

pub(crate) async fn idem_003(s: &Scene, log: &mut Log) {
    for dialect in SIGNED {
        let job = s.job(dialect);
        let first = job.success();
        let again = Message { nonce: format!("{}1", &first.nonce[1..]), at: 1, ..first.clone() };
        once(s, log, &job, &[first, again]).await;
    }
}

pub(crate) async fn idem_004(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job(dialect);
        let first = job.success();
        let again = Message { delivery: format!("{}7", first.delivery), ..reversed(&job.success()) };
        once(s, log, &job, &[first, again]).await;
    }
}

pub(crate) async fn idem_005(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let jobs = family(s, dialect, 2);
        for at in [0, 1, 0, 1, 0] {
            s.post(&jobs[at].success()).await;
            // Confirmed before the next comes.
            s.settled(&jobs[at].id, ONCE).await;
        }
        for job in &jobs {
            log.same(dialect, ONCE, s.stays(&job.id, ONCE).await);
        }
    }
}

async fn at_once(s: &Scene, log: &mut Log, size: usize) {
    for dialect in MAIN {
        let job = s.job(dialect);
        s.burst(&vec![job.success(); size]).await;
        log.same(dialect, ONCE, s.stays(&job.id, ONCE).await);
    }
}

pub(crate) async fn idem_006(s: &Scene, log: &mut Log) {
    at_once(s, log, 2).await;
}

pub(crate) async fn idem_007(s: &Scene, log: &mut Log) {
    at_once(s, log, 10).await;
}

pub(crate) async fn idem_008(s: &Scene, log: &mut Log) {
    at_once(s, log, 50).await;
}

pub(crate) async fn idem_009(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job(dialect);
        for _ in 0..2 {
            s.burst(&[job.event_at(succeeded(dialect), 0)]).await;
        }
        log.same(dialect, ONCE, s.stays(&job.id, ONCE).await);
    }
}

pub(crate) async fn idem_010(s: &Scene, log: &mut Log) {
    let jobs = MAIN.map(|dialect| s.job(dialect));
    for job in &jobs {
        s.post(&job.success()).await;
    }
    // Longer than the defect of this probe remembers.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    for job in &jobs {
        once(s, log, job, &[job.success()]).await;
    }
}

pub(crate) async fn idem_011(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job(dialect);
        let message = job.success();
        let request = message.request();
        let address = s.receiver.url().replacen("http://", "", 1);
        let mut stream = TcpStream::connect(&address).await.expect("it listens");
        let mut text = format!("POST {} HTTP/1.1\r\nhost: {address}\r\n", request.target);
        for (name, value) in request.headers.iter() {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let _ = write!(text, "content-length: {}\r\n\r\n", request.body.len());
        stream.write_all(&[text.as_bytes(), &request.body].concat()).await.expect("it reads");
        // Long enough to be read, shorter than the work of a receiver that works first.
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(stream);
        tokio::time::sleep(Duration::from_millis(200)).await;
        once(s, log, &job, &[message]).await;
    }
}

pub(crate) async fn idem_012(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let jobs = family(s, dialect, 151);
        s.post(&jobs[0].success()).await;
        s.settled(&jobs[0].id, ONCE).await;
        let others: Vec<Message> = jobs[1..].iter().map(Job::success).collect();
        for some in others.chunks(8) {
            s.burst(some).await;
        }
        s.settled(&jobs[150].id, ONCE).await;
        once(s, log, &jobs[0], &[jobs[0].success()]).await;
    }
}

pub(crate) async fn idem_013(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.failing(dialect);
        for _ in 0..2 {
            s.post(&job.failure()).await;
            s.settled(&job.id, (1, "failure")).await;
        }
        let seen = s.stays(&job.id, (1, "failure")).await;
        log.same(dialect, 1, seen.0);
    }
}

pub(crate) async fn idem_014(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let jobs = [s.job(dialect), s.job(dialect)];
        let first = jobs[0].success();
        for job in &jobs {
            let own = first.text().replacen(&format!(":\"{}\"", jobs[0].id), &format!(":\"{}\"", job.id), 1);
            let delivery = job.success().delivery;
            s.post(&Message { delivery, ..first.bytes(own) }).await;
        }
        for job in &jobs {
            log.same(dialect, ONCE, s.stays(&job.id, ONCE).await);
        }
    }
}

pub(crate) async fn ord_001(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job(dialect);
        once(s, log, &job, &[job.running(), job.success()]).await;
    }
}

pub(crate) async fn ord_002(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job(dialect);
        once(s, log, &job, &[job.success()]).await;
        once(s, log, &job, &[job.running()]).await;
    }
}

pub(crate) async fn ord_003(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job(dialect);
        s.post(&job.success()).await;
        s.settled(&job.id, ONCE).await;
        once(s, log, &job, &[job.running(), job.success()]).await;
    }
}

fn permutations<'w>(words: &[&'w str]) -> Vec<Vec<&'w str>> {
    let [_, ..] = words else { return vec![Vec::new()] };
    (0..words.len())
        .flat_map(|at| {
            let mut rest = words.to_vec();
            let first = rest.remove(at);
            permutations(&rest).into_iter().map(move |more| [vec![first], more].concat())
        })
        .collect()
}

pub(crate) async fn ord_004(s: &Scene, log: &mut Log) {
    for dialect in ["kling-legacy", "ark", "minimax-v2", "vidu"] {
        let words = [progress(dialect), &[succeeded(dialect)]].concat();
        for order in permutations(&words) {
            let job = s.job(dialect);
            let messages: Vec<Message> = order.iter().map(|word| job.event(word)).collect();
            once(s, log, &job, &messages).await;
        }
    }
}

pub(crate) async fn ord_005(s: &Scene, log: &mut Log) {
    for dialect in SIGNED {
        let job = s.job(dialect);
        s.post(&job.success()).await;
        s.settled(&job.id, ONCE).await;
        s.post(&job.failure()).await;
        log.same(dialect, 1, s.stays(&job.id, ONCE).await.0);
    }
}

pub(crate) async fn ord_006(s: &Scene, log: &mut Log) {
    for dialect in SIGNED {
        let job = s.job(dialect);
        s.post(&job.success()).await;
        s.settled(&job.id, ONCE).await;
        s.post(&job.failure()).await;
        log.same(dialect, "success", s.stays(&job.id, ONCE).await.1);
    }
}

pub(crate) async fn ord_007(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        for _ in 0..5 {
            let job = s.job(dialect);
            s.burst(&[job.running(), job.success()]).await;
            log.same(dialect, ONCE, s.stays(&job.id, ONCE).await);
        }
    }
}

pub(crate) async fn ord_008(s: &Scene, log: &mut Log) {
    for dialect in ["kling-legacy", "ark", "minimax-v2"] {
        let job = s.job(dialect);
        let time = if dialect == "kling-legacy" { 1_774_805_076_166_u64 } else { 1_774_805_076 };
        let at =
            |message: Message| message.record(|record| drop(record.insert("updated_at".into(), json!(time))));
        once(s, log, &job, &[at(job.running()), at(job.success())]).await;
    }
}

/// Every sequence of up to `length` deliveries of `words` that contains `needed`.
fn sequences<'w>(words: &[&'w str], length: usize, needed: &str) -> Vec<Vec<&'w str>> {
    let mut all: Vec<Vec<&str>> = vec![Vec::new()];
    let mut last = all.clone();
    for _ in 0..length {
        last = last
            .iter()
            .flat_map(|sequence| words.iter().map(move |word| [sequence.clone(), vec![*word]].concat()))
            .collect();
        all.extend(last.iter().cloned());
    }
    all.retain(|sequence| sequence.contains(&needed));
    all
}

async fn converges(s: &Scene, log: &mut Log, job: &Job, sequence: &[&str], expected: (u64, &'static str)) {
    // One failing schedule is enough.
    if !log.is_clean() {
        return;
    }
    for word in sequence {
        s.post(&job.event(word)).await;
    }
    log.same(&format!("{} {sequence:?}", job.dialect), expected, s.settled(&job.id, expected).await);
}

pub(crate) async fn sch_001(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let words = [progress(dialect), &[succeeded(dialect)]].concat();
        let every = sequences(&words, 4, succeeded(dialect));
        let jobs: Vec<Job> = every.iter().map(|_| s.job(dialect)).collect();
        for (job, sequence) in jobs.iter().zip(&every) {
            converges(s, log, job, sequence, ONCE).await;
        }
        for job in jobs.iter().filter(|_| log.is_clean()).collect::<Vec<_>>() {
            log.same(dialect, ONCE, s.effects(&job.id).await);
        }
    }
}

pub(crate) async fn sch_002(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let running = progress(dialect)[0];
        let sequence = [vec![running; 7], vec![succeeded(dialect), running, succeeded(dialect)]].concat();
        let job = s.job(dialect);
        converges(s, log, &job, &sequence, ONCE).await;
        log.same(dialect, ONCE, s.stays(&job.id, ONCE).await);
    }
}

pub(crate) async fn sch_004(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let words = [progress(dialect), &["failed"]].concat();
        for sequence in sequences(&words, 3, "failed") {
            let job = s.job_at(dialect, Standing::Failed);
            converges(s, log, &job, &sequence, (1, "failure")).await;
        }
        let job = s.failing(dialect);
        for word in ["failed", progress(dialect)[0], "failed"] {
            s.post(&job.event(word)).await;
            s.settled(&job.id, (1, "failure")).await;
        }
        log.same(dialect, (1, "failure"), s.stays(&job.id, (1, "failure")).await);
    }
}
