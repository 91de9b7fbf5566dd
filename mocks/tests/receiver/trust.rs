//! Probes of trust: both signature schemes, right and wrong, and the vendors that do not sign.

use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use ringback_mocks::counterpart::Standing;
use ringback_mocks::signature::{http_date, standard_webhooks, vidu, vidu_signing_string};
use ringback_mocks::wire::{Headers, Request, Secret};
use serde_json::Value;

use super::answers::reversed;
use super::scene::{Job, KLING_SECRET, Log, Message, SIGNED, Scene, UNSIGNED, UUID, VIDU_KEY, vidu_headers};

/// A change of a body.
type Edit = fn(&str) -> String;
/// A request that is wrong in one thing, and its job.
type Bad = (&'static str, Request, Job);

const OTHER_SECRET: &str = "whsec_b3RoZXJzZWNyZXRvdGhlcnNlY3JldG90aGVyMTI=";

async fn accepted(s: &Scene, log: &mut Log, what: &str, request: &Request) {
    let status = s.send(request).await.map_or(0, |answer| answer.status);
    log.holds(&format!("{what}: {status}"), (200..300).contains(&status));
}

/// Answers only: none of these is acknowledged, and an answer it is.
async fn refused(s: &Scene, log: &mut Log, bad: Vec<Bad>) {
    for (what, request, _) in bad {
        let status = s.send(&request).await.map_or(0, |answer| answer.status);
        log.holds(&format!("{what}: {status}"), status >= 300);
    }
    for dialect in SIGNED {
        accepted(s, log, "the twin", &s.job(dialect).success().request()).await;
    }
}

/// A request whose header fields are replaced.
fn fields(message: &Message, changed: &[(&str, Option<&str>)]) -> Request {
    let mut request = message.request();
    let mut headers: Headers =
        request.headers.iter().filter(|(name, _)| !changed.iter().any(|(other, _)| other == name)).collect();
    for (name, value) in changed {
        if let Some(value) = value {
            headers.push(name, value);
        }
    }
    request.headers = headers;
    request
}

fn signature_of(message: &Message) -> String {
    let headers = message.signature();
    headers.get("webhook-signature").or_else(|| headers.get("x-hmac-signature")).expect("signed").to_owned()
}

/// The right signature of a Kling callback with another secret, id, time or body.
fn kling(message: &Message, secret: &str, at: i64, body: &[u8]) -> String {
    let seconds = Timestamp::now().as_second() + at;
    standard_webhooks(&Secret::new(secret), &message.delivery, seconds, body).expect("a secret")
}

pub(crate) async fn sig_001(s: &Scene, log: &mut Log) {
    let job = || s.job("kling-legacy").success();
    let spaced: Value = serde_json::from_slice(&job().body).expect("JSON");
    let messages = [
        job(),
        Message { delivery: "msg_2bCdEf".to_owned(), ..job() },
        Message { delivery: UUID.to_owned(), ..job() },
        job().bytes(format!("{spaced:#}")),
        job().bytes(format!("{}\n", job().text())),
        reversed(&job()),
        job().bytes(job().text().replace('/', "\\/")),
        job().record(|record| drop(record.insert("note".into(), "纸船 🚣".into()))),
        job().record(|record| drop(record.insert("note".into(), "x".repeat(20_000).into()))),
        s.job("kling-v2").success(),
        job().bytes(job().text().replacen('{', "{\"scale\":1e1,", 1)),
        Message { target: "/hooks/kling?a=1".to_owned(), ..job() },
    ];
    for message in &messages {
        accepted(s, log, "good", &message.request()).await;
    }
}

pub(crate) async fn sig_002(s: &Scene, log: &mut Log) {
    let bad = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for list in ["{g} {b}", "{b} {g}", "{b} {g} {b}", "v2,x {g}", "v1a,x {g}", "{g} v9,x"] {
        let message = s.job("kling-legacy").success();
        let list = list.replace("{g}", &signature_of(&message)).replace("{b}", bad);
        accepted(s, log, &list, &fields(&message, &[("webhook-signature", Some(&list))])).await;
    }
}

pub(crate) async fn sig_003(s: &Scene, log: &mut Log) {
    for at in [-290, -120, 120, 290] {
        let message = Message { at, ..s.job("kling-legacy").success() };
        accepted(s, log, &at.to_string(), &message.request()).await;
    }
}

fn sig_004_bad(s: &Scene) -> Vec<Bad> {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let mut bad = Vec::new();
    for name in names {
        let job = s.job("kling-legacy");
        bad.push((name, fields(&job.success(), &[(name, None)]), job));
    }
    let job = s.job("kling-legacy");
    bad.push(("none", fields(&job.success(), &names.map(|name| (name, None))), job));
    bad
}

pub(crate) async fn sig_004(s: &Scene, log: &mut Log) {
    refused(s, log, sig_004_bad(s)).await;
}

fn forms(made: &str) -> Vec<(&'static str, String)> {
    let mac = BASE64.decode(made.as_bytes()).expect("base64");
    vec![
        ("8 characters", made[..8].to_owned()),
        ("43 characters", made[..43].to_owned()),
        ("lower case", made.to_ascii_lowercase()),
        ("hex", HEXLOWER.encode(&mac)),
        ("one more", format!("{made}A")),
    ]
}

fn sig_005_bad(s: &Scene) -> Vec<Bad> {
    let mut bad = Vec::new();
    let mut add = |what, write: &dyn Fn(&str) -> String| {
        let job = s.job("kling-legacy");
        let message = job.success();
        let value = write(signature_of(&message).trim_start_matches("v1,"));
        bad.push((what, fields(&message, &[("webhook-signature", Some(&value))]), job));
    };
    add("empty", &|_| String::new());
    add("v1,", &|_| "v1,".to_owned());
    add("v1", &|_| "v1".to_owned());
    add("bare", &str::to_owned);
    add("comma", &|made| format!("v1,{made},v1,{made}"));
    for at in 0..5 {
        add("form", &|made| format!("v1,{}", forms(made)[at].1));
    }
    bad
}

pub(crate) async fn sig_005(s: &Scene, log: &mut Log) {
    refused(s, log, sig_005_bad(s)).await;
}

fn sig_006_bad(s: &Scene) -> Vec<Bad> {
    ["v2,", "v1a,", "V1,", "v0,"]
        .into_iter()
        .map(|version| {
            let job = s.job("kling-legacy");
            let message = job.success();
            let value = signature_of(&message).replacen("v1,", version, 1);
            (version, fields(&message, &[("webhook-signature", Some(&value))]), job)
        })
        .collect()
}

pub(crate) async fn sig_006(s: &Scene, log: &mut Log) {
    refused(s, log, sig_006_bad(s)).await;
}

fn sig_007_bad(s: &Scene) -> Vec<Bad> {
    let text = format!("whsec_{}", BASE64.encode(KLING_SECRET.trim_start_matches("whsec_").as_bytes()));
    [("another", OTHER_SECRET), ("undecoded", text.as_str()), ("empty", "whsec_"), ("zero", "")]
        .into_iter()
        .map(|(what, secret)| {
            let job = s.job("kling-legacy");
            let message = job.success();
            let made = match secret {
                "" => "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned(),
                _ => kling(&message, secret, 0, &message.body),
            };
            (what, fields(&message, &[("webhook-signature", Some(&made))]), job)
        })
        .collect()
}

pub(crate) async fn sig_007(s: &Scene, log: &mut Log) {
    refused(s, log, sig_007_bad(s)).await;
}

fn sig_008_bad(s: &Scene) -> Vec<Bad> {
    let edits: [(&'static str, Edit); 4] = [
        ("a byte", |text| text.replacen("\"task_status_msg\":\"\"", "\"task_status_msg\":\" \"", 1)),
        ("pretty", |text| format!("{:#}", serde_json::from_str::<Value>(text).expect("JSON"))),
        ("a space", |text| format!("{text} ")),
        ("another", |text| text.replacen("https://", "http://", 1)),
    ];
    edits
        .into_iter()
        .map(|(what, edit)| {
            let job = s.job("kling-legacy");
            let message = job.success();
            let mut request = message.request();
            request.body = edit(&message.text()).into();
            (what, request, job)
        })
        .collect()
}

pub(crate) async fn sig_008(s: &Scene, log: &mut Log) {
    refused(s, log, sig_008_bad(s)).await;
}

fn sig_009_bad(s: &Scene) -> Vec<Bad> {
    let seconds = (Timestamp::now().as_second() + 7).to_string();
    ["webhook-id", "webhook-timestamp"]
        .into_iter()
        .map(|name| {
            let job = s.job("kling-legacy");
            (name, fields(&job.success(), &[(name, Some(&seconds))]), job)
        })
        .collect()
}

pub(crate) async fn sig_009(s: &Scene, log: &mut Log) {
    refused(s, log, sig_009_bad(s)).await;
}

fn sig_010_bad(s: &Scene) -> Vec<Bad> {
    [-310, -86_400, 900, 86_400]
        .into_iter()
        .map(|at| {
            let job = s.job("kling-legacy");
            ("a time", Message { at, ..job.success() }.request(), job)
        })
        .collect()
}

pub(crate) async fn sig_010(s: &Scene, log: &mut Log) {
    refused(s, log, sig_010_bad(s)).await;
}

fn sig_011_bad(s: &Scene) -> Vec<Bad> {
    let mut bad = Vec::new();
    for dialect in SIGNED {
        let own = s.job(dialect).success();
        let names: Vec<String> = own.signature().iter().map(|(name, _)| name.to_owned()).collect();
        let none: Vec<(&str, Option<&str>)> = names.iter().map(|name| (name.as_str(), None)).collect();
        let secret = if dialect == "vidu" { VIDU_KEY } else { KLING_SECRET };
        for token in ["eyJhbGciOiJub25lIn0.eyJpc3MiOiJrIn0.", secret] {
            let job = s.job(dialect);
            let request = fields(&job.success(), &none);
            bad.push(("a token", request.header("authorization", format!("Bearer {token}")), job));
        }
        let job = s.job(dialect);
        let message = job.success();
        let mut request = fields(&message, &none);
        let now = Timestamp::now();
        let foreign = if dialect == "vidu" {
            let key = format!("whsec_{}", BASE64.encode(VIDU_KEY.as_bytes()));
            let made = standard_webhooks(&Secret::new(key), "1", now.as_second(), &message.body);
            Headers::from_iter([
                ("webhook-id", "1".to_owned()),
                ("webhook-timestamp", now.as_second().to_string()),
                ("webhook-signature", made.expect("a secret")),
            ])
        } else {
            let date = http_date(now);
            let listed = [("Date", date.as_str()), ("x-request-nonce", UUID)];
            let text = vidu_signing_string("POST", &message.target, "", &date, &listed);
            vidu_headers(&date, UUID, "Date;x-request-nonce", &vidu(&Secret::new(KLING_SECRET), &text))
        };
        for (name, value) in foreign.iter() {
            request.headers.push(name, value);
        }
        bad.push(("the other scheme", request, job));
    }
    bad
}

pub(crate) async fn sig_011(s: &Scene, log: &mut Log) {
    refused(s, log, sig_011_bad(s)).await;
}

/// A callback with one character of its signature changed.
fn forged(message: &Message) -> Request {
    let made = signature_of(message);
    let at = made.len() - 10;
    let other = if made.as_bytes()[at] == b'A' { "B" } else { "A" };
    let value = format!("{}{other}{}", &made[..at], &made[at + 1..]);
    let name = if message.vendor.name() == "vidu" { "x-hmac-signature" } else { "webhook-signature" };
    fields(message, &[(name, Some(&value))])
}

pub(crate) async fn sig_012(s: &Scene, log: &mut Log) {
    for dialect in SIGNED {
        let status = s.send(&forged(&s.job(dialect).success())).await.map_or(0, |answer| answer.status);
        log.holds(&format!("{dialect}: {status}"), (200..500).contains(&status));
    }
}

pub(crate) async fn sig_013(s: &Scene, log: &mut Log) {
    for dialect in SIGNED {
        let job = s.job(dialect);
        let message = job.success();
        s.send(&forged(&message)).await;
        s.post(&message).await;
        log.same(dialect, (1, "success"), s.settled(&job.id, (1, "success")).await);
    }
}

pub(crate) async fn sig_014(s: &Scene, log: &mut Log) {
    let mut bad = sig_004_bad(s);
    let more: [fn(&Scene) -> Vec<Bad>; 12] = [
        sig_005_bad,
        sig_006_bad,
        sig_007_bad,
        sig_008_bad,
        sig_009_bad,
        sig_010_bad,
        sig_011_bad,
        sig_016_bad,
        sig_017_bad,
        sig_018_bad,
        sig_019_bad,
        sig_020_bad,
    ];
    for make in more {
        bad.extend(make(s));
    }
    for (_, request, _) in &bad {
        s.send(request).await;
    }
    let ids: Vec<&str> = bad.iter().map(|(_, _, job)| job.id.as_str()).collect();
    s.nothing(log, "a refused callback", &ids).await;
}

/// How a Vidu callback was signed, piece by piece.
struct Made<'m> {
    key: &'m str,
    method: &'m str,
    path: &'m str,
    query: &'m str,
    listed: &'m [&'m str],
    nonce: &'m str,
    access: &'m str,
    newline: bool,
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self {
            key: VIDU_KEY,
            method: "POST",
            path: "/hooks/vidu",
            query: "",
            listed: &["Date", "x-request-nonce"],
            nonce: UUID,
            access: "vidu",
            newline: true,
        }
    }
}

/// A Vidu callback sent to `target` and signed as `made` says.
fn vidu_signed(message: &Message, target: &str, made: &Made<'_>) -> Request {
    let date = http_date(Timestamp::now());
    let kind = message.kind.clone();
    let value = |name: &str| match name.to_ascii_lowercase().as_str() {
        "date" => date.clone(),
        "content-type" => kind.clone(),
        _ => made.nonce.to_owned(),
    };
    let values: Vec<String> = made.listed.iter().map(|name| value(name)).collect();
    let listed: Vec<(&str, &str)> =
        made.listed.iter().copied().zip(values.iter().map(String::as_str)).collect();
    let text = vidu_signing_string(made.method, made.path, made.query, &date, &listed);
    let text = text.replacen("\nvidu\n", &format!("\n{}\n", made.access), 1);
    let text = if made.newline { text.as_str() } else { text.trim_end_matches('\n') };
    let signature = vidu(&Secret::new(made.key), text);
    // What is sent names the headers as published.
    let names = made.listed.join(";").replace("date", "Date");
    let headers = vidu_headers(&date, made.nonce, &names, &signature);
    let mut request = message.request();
    target.clone_into(&mut request.target);
    request.headers = Headers::from_iter([("content-type", kind.as_str())]);
    for (name, value) in headers.iter() {
        request.headers.push(name, value);
    }
    request
}

const HOOK: &str = "/hooks/vidu";

pub(crate) async fn sig_015(s: &Scene, log: &mut Log) {
    for query in ["", "name=james&age=36", "cb=a%2Fb%20c", "b=2&a=1&b=1", "x=", "q=a+b"] {
        let target = if query.is_empty() { HOOK.to_owned() } else { format!("{HOOK}?{query}") };
        let made = Made { query, ..Made::default() };
        accepted(s, log, query, &vidu_signed(&s.job("vidu").success(), &target, &made)).await;
    }
    for listed in [&["x-request-nonce", "Date"][..], &["Date", "x-request-nonce", "content-type"]] {
        let made = Made { listed, ..Made::default() };
        accepted(s, log, &listed.join(";"), &vidu_signed(&s.job("vidu").success(), HOOK, &made)).await;
    }
    let made = Made { nonce: "n-1", ..Made::default() };
    accepted(s, log, "a nonce", &vidu_signed(&s.job("vidu").success(), HOOK, &made)).await;
}

fn sig_016_bad(s: &Scene) -> Vec<Bad> {
    let names = [
        "date",
        "x-request-nonce",
        "x-hmac-signed-headers",
        "x-hmac-algorithm",
        "x-hmac-access-key",
        "x-hmac-signature",
    ];
    let mut bad = Vec::new();
    for name in names {
        let job = s.job("vidu");
        bad.push((name, fields(&job.success(), &[(name, None)]), job));
    }
    let job = s.job("vidu");
    bad.push(("none", fields(&job.success(), &names.map(|name| (name, None))), job));
    bad
}

pub(crate) async fn sig_016(s: &Scene, log: &mut Log) {
    refused(s, log, sig_016_bad(s)).await;
}

fn sig_017_bad(s: &Scene) -> Vec<Bad> {
    let job = || s.job("vidu");
    let mut bad = Vec::new();
    for at in 0..7 {
        let job = job();
        let message = job.success();
        let made = signature_of(&message);
        let (what, value) = match at {
            5 => ("empty", String::new()),
            6 => ("v1,", format!("v1,{made}")),
            _ => forms(&made)[at].clone(),
        };
        bad.push((what, fields(&message, &[("x-hmac-signature", Some(&value))]), job));
    }
    bad
}

pub(crate) async fn sig_017(s: &Scene, log: &mut Log) {
    refused(s, log, sig_017_bad(s)).await;
}

fn vidu_bad(s: &Scene, all: &[(&'static str, &str, Made<'_>)]) -> Vec<Bad> {
    let bad = |(what, query, made): &(&'static str, &str, Made<'_>)| {
        let job = s.job("vidu");
        let request = vidu_signed(&job.success(), &format!("{HOOK}{query}"), made);
        (*what, request, job)
    };
    all.iter().map(bad).collect()
}

fn sig_018_bad(s: &Scene) -> Vec<Bad> {
    let keys = ["vda_other", "", "vidu"];
    let all = keys.map(|key| ("a key", "", Made { key, ..Made::default() }));
    let mut bad = vidu_bad(s, &all);
    let job = s.job("vidu");
    let zero = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    bad.push(("zero", fields(&job.success(), &[("x-hmac-signature", Some(zero))]), job));
    bad
}

pub(crate) async fn sig_018(s: &Scene, log: &mut Log) {
    refused(s, log, sig_018_bad(s)).await;
}

fn sig_019_bad(s: &Scene) -> Vec<Bad> {
    let sound = Made::default;
    vidu_bad(
        s,
        &[
            ("GET", "", Made { method: "GET", ..sound() }),
            ("PUT", "", Made { method: "PUT", ..sound() }),
            ("/", "", Made { path: "/", ..sound() }),
            ("/vidu/callback", "", Made { path: "/vidu/callback", ..sound() }),
            ("no query", "?name=james&age=36", sound()),
            ("sorted", "?name=james&age=36", Made { query: "age=36&name=james", ..sound() }),
            ("decoded", "?cb=a%2Fb%20c", Made { query: "cb=a/b c", ..sound() }),
            ("mark", "?name=james", Made { query: "?name=james", ..sound() }),
        ],
    )
}

pub(crate) async fn sig_019(s: &Scene, log: &mut Log) {
    refused(s, log, sig_019_bad(s)).await;
}

fn sig_020_bad(s: &Scene) -> Vec<Bad> {
    let sound = Made::default;
    let mut bad = vidu_bad(
        s,
        &[
            ("no newline", "", Made { newline: false, ..sound() }),
            ("date:", "", Made { listed: &["date", "x-request-nonce"], ..sound() }),
            ("access in string", "", Made { access: "other", ..sound() }),
        ],
    );
    let changes = [
        ("date", "Tue, 06 May 2025 12:09:42 GMT"),
        ("x-request-nonce", "123e4567-e89b-12d3-a456-426614174001"),
        ("x-hmac-access-key", "other"),
        ("x-hmac-algorithm", "none"),
        ("x-hmac-algorithm", "hmac-sha1"),
        ("x-hmac-signed-headers", "Date;x-absent"),
    ];
    for (name, value) in changes {
        let job = s.job("vidu");
        bad.push((value, fields(&job.success(), &[(name, Some(value))]), job));
    }
    bad
}

pub(crate) async fn sig_020(s: &Scene, log: &mut Log) {
    refused(s, log, sig_020_bad(s)).await;
}

pub(crate) async fn uns_001(s: &Scene, log: &mut Log) {
    let jobs = UNSIGNED.map(|dialect| s.unbacked(dialect));
    for job in &jobs {
        s.post(&job.success()).await;
    }
    s.nothing(log, "an unknown job", &jobs.each_ref().map(|job| job.id.as_str())).await;
}

pub(crate) async fn uns_002(s: &Scene, log: &mut Log) {
    let running = UNSIGNED.map(|dialect| s.job_at(dialect, Standing::Running));
    let failed = UNSIGNED.map(|dialect| s.job_at(dialect, Standing::Failed));
    for job in running.iter().chain(&failed) {
        s.post(&job.success()).await;
    }
    s.nothing(log, "a contradicted callback", &running.each_ref().map(|job| job.id.as_str())).await;
    for job in &failed {
        log.holds(job.dialect, s.effects(&job.id).await.1 != "success");
    }
}

pub(crate) async fn uns_003(s: &Scene, log: &mut Log) {
    for dialect in UNSIGNED {
        let started = s.start(dialect).await;
        let target = started.target();
        let cut = &target[..target.len() - 1];
        let other = format!("{cut}{}", if target.ends_with('0') { '1' } else { '0' });
        for target in [other, cut[..cut.len() - 3].to_owned()] {
            s.post(&Message { target, ..started.job.success() }).await;
        }
        s.nothing(log, "another secret", &[&started.gateway_id, &started.job.id]).await;
    }
}

pub(crate) async fn uns_004(s: &Scene, log: &mut Log) {
    for dialect in UNSIGNED {
        let targets = [s.start(dialect).await.target(), s.start(dialect).await.target()];
        let same = targets[0].bytes().zip(targets[1].bytes()).take_while(|(one, other)| one == other).count();
        log.holds(&format!("{targets:?}"), targets[0].len() - same >= 16);
    }
}

pub(crate) async fn uns_005(s: &Scene, log: &mut Log) {
    for dialect in UNSIGNED {
        let started = s.start(dialect).await;
        s.gateway.set(&started.gateway_id, Standing::Finished);
        s.post(&started.success()).await;
        s.settled(&started.gateway_id, (1, "success")).await;
        let other = s.unbacked(dialect);
        s.post(&Message { target: started.target(), ..other.success() }).await;
        s.nothing(log, "another id", &[&other.id]).await;
        log.same(dialect, 1, s.effects(&started.gateway_id).await.0);
    }
}

pub(crate) async fn uns_006(s: &Scene, log: &mut Log) {
    for dialect in UNSIGNED {
        let job = s.job(dialect);
        s.gateway.script(&job.id, [Standing::Error(500), Standing::Running]);
        s.post(&job.success()).await;
        log.same(dialect, (1, "success"), s.settled(&job.id, (1, "success")).await);
    }
}
