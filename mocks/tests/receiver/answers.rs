//! Probes of answers: acknowledgement, tolerance, MiniMax's challenge, hostility.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use ringback_mocks::counterpart::Standing;
use ringback_mocks::wire::{Headers, Request};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::scene::{ALL, Job, Log, MAIN, Message, QUIET, SIGNED, Scene, UNSIGNED, progress, succeeded};

const OK: bool = true;

fn acked(status: u16) -> bool {
    (200..300).contains(&status)
}

pub(crate) async fn ack_001(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        log.same(dialect, OK, acked(s.post(&s.job(dialect).success()).await));
    }
}

pub(crate) async fn ack_002(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        log.same(dialect, OK, acked(s.post(&s.failing(dialect).failure()).await));
    }
}

pub(crate) async fn ack_003(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job_at(dialect, Standing::Running);
        log.same(dialect, OK, acked(s.post(&job.running()).await));
    }
}

pub(crate) async fn ack_004(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let word = if dialect == "ark" { "expired" } else { "failed" };
        let began = Instant::now();
        s.post(&s.failing(dialect).event(word)).await;
        log.holds(dialect, began.elapsed() < Duration::from_secs(5));
    }
}

pub(crate) async fn ack_005(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let mut message = s.job(dialect).success();
        if dialect == "vidu" {
            message = message.record(|record| drop(record.insert("payload".into(), json!("order-42"))));
        }
        let began = Instant::now();
        s.post(&message).await;
        log.holds(dialect, began.elapsed() < Duration::from_secs(1));
    }
}

pub(crate) async fn ack_006(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let mut message = s.job(dialect).success();
        message.target += "?tenant=42";
        log.same(dialect, OK, acked(s.post(&message).await));
    }
}

pub(crate) async fn ack_007(s: &Scene, log: &mut Log) {
    for dialect in UNSIGNED {
        let job = s.job_at(dialect, Standing::Silent);
        let began = Instant::now();
        let status = s.post(&job.success()).await;
        s.gateway.set(&job.id, Standing::Finished);
        log.holds(dialect, acked(status) && began.elapsed() < Duration::from_secs(5));
    }
}

pub(crate) async fn ack_008(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let message = s.job(dialect).success();
        let both = [s.post(&message).await, s.post(&message).await];
        log.same(dialect, OK, both.into_iter().all(acked));
    }
}

pub(crate) async fn ack_009(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job(dialect);
        let both = [s.post(&job.success()).await, s.post(&job.running()).await];
        log.same(dialect, OK, both.into_iter().all(acked));
    }
}

/// Jobs of one family, of which every second digit of the tail differs.
pub(crate) fn family(s: &Scene, dialect: &'static str, size: usize) -> Vec<Job> {
    let first = s.job(dialect);
    let stem: String = first.id.chars().take(first.id.len() - 6).collect();
    (0..size)
        .map(|at| {
            let tail = if dialect == "ark" { format!("-x{at:03}y") } else { format!("{at:03}123") };
            let mut job = s.job(dialect);
            job.id = format!("{stem}{tail}");
            s.gateway.set(&job.id, Standing::Finished);
            job
        })
        .collect()
}

pub(crate) async fn ack_010(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let messages: Vec<Message> = family(s, dialect, 32).iter().map(Job::success).collect();
        log.same(dialect, OK, s.burst(&messages).await.into_iter().all(acked));
    }
}

pub(crate) async fn tol_001(s: &Scene, log: &mut Log) {
    for dialect in ALL {
        let vendor = super::scene::vendor_of(dialect);
        let words = vendor.dialects().iter().find(|one| one.name == dialect).expect("a dialect").words;
        for word in words.iter().filter_map(|row| row.callback) {
            let job = s.job_at(dialect, Standing::Running);
            log.same(&format!("{dialect} {word}"), OK, acked(s.post(&job.event(word)).await));
        }
    }
}

pub(crate) async fn tol_002(s: &Scene, log: &mut Log) {
    for dialect in ALL {
        let job = s.job(dialect);
        s.post(&job.success()).await;
        log.same(dialect, (1, "success"), s.settled(&job.id, (1, "success")).await);
    }
}

pub(crate) async fn tol_003(s: &Scene, log: &mut Log) {
    for dialect in ALL {
        let words: &[&str] = match dialect {
            "ark" => &["failed", "expired"],
            "minimax-v2" => &["failed", "cancelled"],
            _ => &["failed"],
        };
        for word in words {
            let job = s.failing(dialect);
            s.post(&job.event(word)).await;
            log.same(&format!("{dialect} {word}"), (1, "failure"), s.settled(&job.id, (1, "failure")).await);
        }
    }
}

pub(crate) async fn tol_004(s: &Scene, log: &mut Log) {
    let mut ids = Vec::new();
    for dialect in ALL {
        for word in progress(dialect) {
            let job = s.job_at(dialect, Standing::Running);
            s.post(&job.event(word)).await;
            ids.push(job.id);
        }
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    s.nothing(log, "progress", &ids).await;
}

async fn worked(s: &Scene, log: &mut Log, what: &str, job: &Job, message: &Message) {
    log.same(&format!("{what}: answer"), OK, acked(s.post(message).await));
    log.same(what, (1, "success"), s.settled(&job.id, (1, "success")).await);
}

pub(crate) async fn tol_005(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job(dialect);
        let message = job.success().record(|record| {
            record.insert("x_new".into(), json!(1));
            record.insert("x_object".into(), json!({"status": "failed", "id": "x"}));
            record.insert("x_list".into(), json!([null]));
        });
        worked(s, log, dialect, &job, &message).await;
    }
}

pub(crate) async fn tol_006(s: &Scene, log: &mut Log) {
    let kept =
        ["task_id", "id", "task_status", "status", "state", "task_result", "content", "file_id", "creations"];
    for dialect in MAIN {
        let job = s.job(dialect);
        let bare = job.success().record(|record| record.retain(|name, _| kept.contains(&name.as_str())));
        worked(s, log, dialect, &job, &bare).await;
        let job = s.failing(dialect);
        let bare = job.failure().record(|record| record.retain(|name, _| kept[..5].contains(&name.as_str())));
        log.same(dialect, OK, acked(s.post(&bare).await));
        log.same(dialect, (1, "failure"), s.settled(&job.id, (1, "failure")).await);
    }
}

pub(crate) async fn tol_007(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job(dialect);
        let message = job.success().record(|record| drop(record.insert("error".into(), Value::Null)));
        worked(s, log, dialect, &job, &message).await;
    }
}

pub(crate) async fn tol_008(s: &Scene, log: &mut Log) {
    for dialect in ["kling-legacy", "kling-v2"] {
        let job = s.job(dialect);
        worked(s, log, dialect, &job, &job.success()).await;
    }
}

pub(crate) async fn tol_009(s: &Scene, log: &mut Log) {
    for dialect in ["minimax-v1", "minimax-v2"] {
        let job = s.job(dialect);
        worked(s, log, dialect, &job, &job.success()).await;
    }
}

pub(crate) async fn tol_010(s: &Scene, log: &mut Log) {
    let kinds = [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
    ];
    for dialect in MAIN {
        for kind in kinds {
            let message = Message { kind: kind.to_owned(), ..s.job(dialect).success() };
            log.same(&format!("{dialect} {kind}"), OK, acked(s.post(&message).await));
        }
    }
}

/// Sends a request on a raw connection, its header names as `spelled`; the status.
async fn raw(s: &Scene, message: &Message, spelled: fn(&str) -> String) -> u16 {
    let address = s.receiver.url().replacen("http://", "", 1);
    let mut stream = TcpStream::connect(&address).await.expect("it listens");
    let request = message.request();
    let mut text = format!("{} {} HTTP/1.1\r\nhost: {address}\r\n", request.method, request.target);
    for (name, value) in request.headers.iter() {
        let _ = write!(text, "{}: {value}\r\n", spelled(name));
    }
    let _ = write!(text, "content-length: {}\r\nconnection: close\r\n\r\n", request.body.len());
    stream.write_all(&[text.as_bytes(), &request.body].concat()).await.expect("it reads");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let head = String::from_utf8_lossy(&answer);
    // An interim answer may come first.
    let last = head.lines().rfind(|line| line.starts_with("HTTP/1.")).unwrap_or_default();
    last.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

pub(crate) async fn tol_011(s: &Scene, log: &mut Log) {
    for dialect in SIGNED {
        for write in [str::to_ascii_lowercase as fn(&str) -> String, str::to_ascii_uppercase] {
            log.same(dialect, OK, acked(raw(s, &s.job(dialect).success(), write).await));
        }
    }
}

pub(crate) async fn tol_012(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let (one, mut other) = (s.job(dialect), s.job(dialect));
        other.id.clone_from(&one.id);
        let last = other.id.pop().expect("an id");
        other.id.push(if last == '8' { '7' } else { '8' });
        s.gateway.set(&other.id, Standing::Failed);
        s.post(&one.success()).await;
        s.post(&other.failure()).await;
        log.same(dialect, (1, "success"), s.stays(&one.id, (1, "success")).await);
        log.same(dialect, (1, "failure"), s.stays(&other.id, (1, "failure")).await);
    }
}

async fn with_text(s: &Scene, log: &mut Log, text: &str, escaped: bool) {
    for dialect in MAIN {
        let job = s.job(dialect);
        let name = if dialect == "vidu" { "payload" } else { "note" };
        let mut message = job.success().record(|record| drop(record.insert(name.into(), json!(text))));
        if escaped {
            message = message.bytes(message.text().replace('纸', "\\u7eb8"));
        }
        worked(s, log, dialect, &job, &message).await;
    }
}

pub(crate) async fn tol_013(s: &Scene, log: &mut Log) {
    with_text(s, log, &"x".repeat(200 * 1024), false).await;
}

pub(crate) async fn tol_014(s: &Scene, log: &mut Log) {
    with_text(s, log, "纸船 🚣", false).await;
    with_text(s, log, "纸", true).await;
}

pub(crate) fn reversed(message: &Message) -> Message {
    let body: Value = serde_json::from_slice(&message.body).expect("JSON");
    let fields = body.as_object().expect("a record").clone();
    let turned: serde_json::Map<_, _> = fields.into_iter().rev().collect();
    message.bytes(serde_json::to_vec(&turned).expect("JSON"))
}

pub(crate) async fn tol_015(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job(dialect);
        let pretty: Value = serde_json::from_slice(&job.success().body).expect("JSON");
        worked(s, log, dialect, &job, &job.success().bytes(format!("{pretty:#}"))).await;
        let job = s.job(dialect);
        worked(s, log, dialect, &job, &reversed(&job.success())).await;
        let job = s.job(dialect);
        worked(s, log, dialect, &job, &job.success().bytes(job.success().text().replace('/', "\\/"))).await;
    }
}

pub(crate) async fn tol_016(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job(dialect);
        let word = succeeded(dialect);
        let odd = job.success();
        let odd = odd.bytes(odd.text().replacen(&format!("\":\"{word}\""), "\":\"reviewing\"", 1));
        log.holds(dialect, s.post(&odd).await < 500);
        s.nothing(log, "an unknown word", &[&job.id]).await;
        worked(s, log, dialect, &job, &job.success()).await;
    }
}

pub(crate) async fn tol_017(s: &Scene, log: &mut Log) {
    let job = s.job("minimax-v1");
    let message = job.success();
    let message =
        message.bytes(message.text().replacen("\"status\":\"success\"", "\"status\":\"Success\"", 1));
    worked(s, log, "Success", &job, &message).await;
    let job = s.failing("minimax-v1");
    let message = job.failure();
    let message = message.bytes(message.text().replacen("\"failed\"", "\"Fail\"", 1));
    s.post(&message).await;
    log.same("Fail", (1, "failure"), s.settled(&job.id, (1, "failure")).await);
}

fn challenge(value: &str) -> Request {
    Request::post("/hooks/minimax", &json!({"challenge": value}))
}

/// What comes back for a challenge: the member, or the bare body.
pub(crate) async fn echo(s: &Scene, request: &Request) -> (bool, Value) {
    let Some(answer) = s.send(request).await.filter(ringback_mocks::wire::Response::is_success) else {
        return (false, Value::Null);
    };
    let bare = json!(String::from_utf8_lossy(&answer.body));
    match answer.value().and_then(|body| body.get("challenge").cloned()) {
        Some(value) => (true, value),
        None => (false, bare),
    }
}

const VALUE: &str = "6f1c0a5b6f1c0a5b6f1c0a5b6f1c0a5b";

pub(crate) async fn chal_001(s: &Scene, log: &mut Log) {
    log.same("echo", json!(VALUE), echo(s, &challenge(VALUE)).await.1);
}

pub(crate) async fn chal_002(s: &Scene, log: &mut Log) {
    log.holds("as JSON", echo(s, &challenge(VALUE)).await.0);
}

pub(crate) async fn chal_003(s: &Scene, log: &mut Log) {
    let began = Instant::now();
    echo(s, &challenge(&"6f".repeat(128))).await;
    log.holds("in time", began.elapsed() < Duration::from_secs(3));
}

pub(crate) async fn chal_004(s: &Scene, log: &mut Log) {
    let long = "k".repeat(150);
    let values = [
        "7",
        "00123",
        "123456789012345678901",
        " spaced ",
        "MiXeD-Case_+/=",
        &long,
        "纸船 \"x\" \\ &<>",
        "null",
    ];
    for value in values {
        log.same("echo", json!(value), echo(s, &challenge(value)).await.1);
    }
}

pub(crate) async fn chal_005(s: &Scene, log: &mut Log) {
    let value = format!("c{}", fastrand::u64(..));
    echo(s, &challenge(&value)).await;
    s.nothing(log, "a challenge", &[&value]).await;
    log.same("queries", 0, s.gateway.queries(&value));
}

pub(crate) async fn chal_006(s: &Scene, log: &mut Log) {
    let token = s.journal.token();
    s.gateway.hold(&token);
    let mut job = s.begin("minimax-v1", &token).await;
    let request = Request { target: job.target(), ..challenge(VALUE) };
    let heard = tokio::time::timeout(Duration::from_secs(3), echo(s, &request)).await;
    log.same("echo", Some(json!(VALUE)), heard.ok().map(|(_, value)| value));
    s.gateway.release(&token);
    log.holds("started", job.answered().await.is_some_and(|answer| answer.is_success()));
}

pub(crate) async fn chal_007(s: &Scene, log: &mut Log) {
    let once = format!("again{}", fastrand::u64(..));
    for value in [&once, &once, &format!("{once}x")] {
        log.same("echo", json!(value), echo(s, &challenge(value)).await.1);
    }
}

pub(crate) async fn chal_008(s: &Scene, log: &mut Log) {
    let mut request = challenge(VALUE);
    request.target += "?tok=a";
    request.headers = Headers::from_iter([("content-type", "application/json; charset=utf-8")]);
    request.body = json!({"event": "verify", "challenge": VALUE}).to_string().into();
    log.same("echo", json!(VALUE), echo(s, &request).await.1);
}

/// Every piece is answered with less than 500, and the receiver lives.
async fn survives(s: &Scene, log: &mut Log, pieces: impl Fn(&Message) -> Vec<Vec<u8>>) {
    for dialect in MAIN {
        let message = s.job(dialect).success();
        for piece in pieces(&message) {
            let status = s.post(&message.bytes(piece)).await;
            log.holds(&format!("{dialect}: {status}"), (200..500).contains(&status));
        }
        log.same(dialect, OK, acked(s.post(&s.job(dialect).success()).await));
    }
}

fn malformed(message: &Message) -> Vec<Vec<u8>> {
    let half = message.body[..message.body.len() / 2].to_vec();
    vec![b"{\"id\":".to_vec(), b"nonsense".to_vec(), b"{'a':1}".to_vec(), b"{\"a\":1,}".to_vec(), half]
}

fn not_text(message: &Message) -> Vec<Vec<u8>> {
    [&b"\xff\xfe"[..], b"\xc3\x28"]
        .iter()
        .map(|bytes| {
            let mut body = message.body.clone();
            body.pop();
            [&body, &b",\"note\":\""[..], bytes, b"\"}"].concat()
        })
        .collect()
}

pub(crate) async fn host_001(s: &Scene, log: &mut Log) {
    survives(s, log, malformed).await;
}

pub(crate) async fn host_002(s: &Scene, log: &mut Log) {
    survives(s, log, not_text).await;
}

pub(crate) async fn host_003(s: &Scene, log: &mut Log) {
    let nested = |message: &Message| {
        let inside = format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
        let text = message.text();
        let body = format!("{},\"note\":{inside}}}", &text[..text.len() - 1]);
        vec![b"[".repeat(100_000), body.into_bytes()]
    };
    survives(s, log, nested).await;
}

pub(crate) async fn host_004(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let (one, other) = (s.job(dialect), s.job(dialect));
        let name = if one.success().text().contains("\"task_id\"") { "task_id" } else { "id" };
        let text = one.success().text().replacen('{', &format!("{{\"{name}\":\"{}\",", other.id), 1);
        log.holds(dialect, s.post(&one.success().bytes(text)).await < 500);
        tokio::time::sleep(QUIET * 2).await;
        let works = s.effects(&one.id).await.0 + s.effects(&other.id).await.0;
        log.holds(&format!("{dialect}: {works} works"), works <= 1);
    }
}

pub(crate) async fn host_005(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let message = s.job(dialect).success();
        let big = message.record(|record| drop(record.insert("note".into(), json!("x".repeat(10 << 20)))));
        let status = s.post(&big).await;
        log.holds(&format!("{dialect}: {status}"), status < 500);
        log.same(dialect, OK, acked(s.post(&s.job(dialect).success()).await));
    }
}

pub(crate) async fn host_006(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let target = format!("?turn={}", fastrand::u64(..));
        let (mut slow, mut quick) = (s.job(dialect).success(), s.job(dialect).success());
        slow.target += &target;
        quick.target += &target;
        let address = s.receiver.url().replacen("http://", "", 1);
        let mut stream = TcpStream::connect(&address).await.expect("it listens");
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n{{",
            slow.target,
            slow.body.len()
        );
        stream.write_all(head.as_bytes()).await.expect("it reads");
        tokio::time::sleep(QUIET).await;
        let status = tokio::time::timeout(Duration::from_secs(1), s.burst(&[quick])).await;
        log.same(dialect, Some(true), status.ok().map(|all| all.into_iter().all(acked)));
        drop(stream);
    }
}

pub(crate) async fn host_007(s: &Scene, log: &mut Log) {
    let mut ids = Vec::new();
    for dialect in MAIN {
        for method in ["PUT", "PATCH", "DELETE", "GET"] {
            let job = s.job(dialect);
            let mut message = Message { method, ..job.success() };
            if method == "GET" {
                message.body.clear();
            }
            let status = s.post(&message).await;
            log.holds(&format!("{dialect} {method}: {status}"), (200..500).contains(&status));
            ids.push(job.id);
        }
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    s.nothing(log, "another method", &ids).await;
}

pub(crate) async fn host_008(s: &Scene, log: &mut Log) {
    let mut ids = Vec::new();
    for dialect in MAIN {
        let job = s.job(dialect);
        let id = &job.id;
        let form = format!("id={id}&task_id={id}&status=success&task_status=succeed&state=success");
        let word = succeeded(dialect);
        let form = form.replace("status=success", &format!("status={word}"));
        for (kind, body) in [("application/x-www-form-urlencoded", form.as_str()), ("text/xml", "<xml/>")] {
            let message = Message { kind: kind.to_owned(), ..job.success().bytes(body) };
            let status = s.post(&message).await;
            log.holds(&format!("{dialect} {kind}: {status}"), (200..500).contains(&status));
        }
        ids.push(job.id);
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    s.nothing(log, "another kind", &ids).await;
}

fn without_id(message: &Message) -> Vec<u8> {
    message.record(|record| record.retain(|name, _| !["id", "task_id"].contains(&name.as_str()))).body
}

pub(crate) async fn host_009(s: &Scene, log: &mut Log) {
    let wrong = |message: &Message| {
        let mut all: Vec<Vec<u8>> = ["[]", "\"text\"", "null", "42", "{}"].map(Into::into).to_vec();
        let with = |name: &'static [&str], value: Value| {
            message.record(|record| {
                for name in
                    name.iter().filter(|name| record.contains_key(**name)).copied().collect::<Vec<_>>()
                {
                    record.insert(name.to_owned(), value.clone());
                }
            })
        };
        all.push(format!("[{}]", message.text()).into_bytes());
        all.push(without_id(message));
        all.push(with(&["id", "task_id"], json!("")).body);
        all.push(with(&["id", "task_id"], json!({})).body);
        all.push(with(&["status", "task_status", "state"], json!(7)).body);
        all
    };
    survives(s, log, wrong).await;
}

pub(crate) async fn host_010(s: &Scene, log: &mut Log) {
    survives(s, log, |_| vec![Vec::new()]).await;
}

pub(crate) async fn host_011(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let message = s.job(dialect).success();
        let mut pieces = [malformed(&message), not_text(&message)].concat();
        pieces.extend([b"[]".to_vec(), b"42".to_vec(), without_id(&message)]);
        for piece in pieces {
            log.same(dialect, false, acked(s.post(&message.bytes(piece)).await));
        }
    }
}

pub(crate) async fn host_012(s: &Scene, log: &mut Log) {
    let message = Message { target: "/hooks/nonesuch".to_owned(), ..s.job("ark").success() };
    let status = s.post(&message).await;
    log.holds(&format!("{status}"), (300..500).contains(&status));
}

pub(crate) async fn host_013(s: &Scene, log: &mut Log) {
    for dialect in MAIN {
        let job = s.job(dialect);
        for id in ["../../x", "' OR 1=1", "__proto__", "a\u{0}b", &"9".repeat(10_000), "🚣"] {
            let message = job.success().record(|record| {
                for name in ["id", "task_id"] {
                    if record.contains_key(name) {
                        record.insert(name.to_owned(), json!(id));
                    }
                }
            });
            let status = s.post(&message).await;
            log.holds(&format!("{dialect}: {status}"), (200..500).contains(&status));
        }
    }
}

pub(crate) async fn host_014(s: &Scene, log: &mut Log) {
    let mut ids = Vec::new();
    for dialect in MAIN {
        let job = s.job(dialect);
        let message = job.success();
        let twice = message.bytes([message.body.clone(), message.body.clone()].concat());
        log.same(dialect, false, acked(s.post(&twice).await));
        ids.push(job.id);
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    s.nothing(log, "two documents", &ids).await;
}
