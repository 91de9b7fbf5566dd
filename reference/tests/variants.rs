//! Is each variant of the reference gateway really different? The same small life of a gateway, told once plainly and once
//! with each variant, must differ; otherwise accepting the variant proves nothing.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use ringback_mocks::http::LOOPBACK;
use ringback_mocks::journal::{Exchange, Leg};
use ringback_mocks::rules::Rule;
use ringback_mocks::vendor::Step;
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::Secret;
use ringback_mocks::world::{Placement, World};
use ringback_reference::deviation::Variant;
use ringback_reference::gateway::{Gateway, GatewaySetup, ReferenceGateway, Upstream, variants};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const KEY: &str = "sk-client";
/// Well above a loopback answer, below what a slow gateway takes.
const SLOW: Duration = Duration::from_millis(150);

/// A gateway, its vendor, and what was seen of both, with everything random made the same.
struct Story {
    world: World,
    gateway: ReferenceGateway,
    vendor: Vendor,
    told: String,
    always_slow: bool,
    pieces: u32,
    asked: u32,
}

impl Story {
    async fn begin(variants: &[Variant<Gateway>]) -> Self {
        let vendor = Vendor::named("kling").expect("it is registered");
        let placement = Placement { vendor, address: LOOPBACK, key: None };
        let world = World::start(&[placement], 7).await.expect("the world starts");
        let root = world.mock(vendor).expect("it is placed").url();
        let upstreams = vec![Upstream { vendor, root, key: Secret::new("vendor-key") }];
        let clients = vec![Secret::new(KEY), Secret::new("sk-other")];
        let setup = GatewaySetup { clients, upstreams, mutants: Vec::new(), variants: variants.to_vec() };
        let gateway = ReferenceGateway::start(setup, LOOPBACK).await.expect("the reference starts");
        Self { world, gateway, vendor, told: String::new(), always_slow: true, pieces: 0, asked: 0 }
    }

    /// Sends one request on a connection of its own and tells the answer as it came.
    async fn ask(&mut self, method: &str, path: &str, key: &str, body: &str) -> Value {
        let address = self.gateway.url().replacen("http://", "", 1);
        let mut stream = TcpStream::connect(&address).await.expect("it listens");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let began = Instant::now();
        stream.write_all(head.as_bytes()).await.expect("it reads");
        let (mut answer, mut pieces) = (Vec::with_capacity(65_536), 0);
        loop {
            match stream.read_buf(&mut answer).await.expect("it answers") {
                0 => break,
                _ => pieces += 1,
            }
        }
        let text = String::from_utf8(answer).expect("text");
        // A busy machine may delay one answer or deliver it in parts, but hardly all of them.
        self.always_slow &= began.elapsed() > SLOW;
        self.pieces += pieces;
        self.asked += 1;
        let whole = text.split_once('{').map_or(Value::Null, |(_, rest)| {
            serde_json::from_str(&format!("{{{rest}")).unwrap_or(Value::Null)
        });
        let told = text.lines().filter(|line| !line.to_ascii_lowercase().starts_with("date:"));
        let told = alike(&told.collect::<Vec<_>>().join("\n"), &whole);
        let _ = writeln!(self.told, "{method}: {told}");
        whole
    }

    /// Tells whether a connection stays after an answer when nobody asked for its end.
    async fn linger(&mut self) {
        let address = self.gateway.url().replacen("http://", "", 1);
        let mut stream = TcpStream::connect(&address).await.expect("it listens");
        let head = format!("GET /none HTTP/1.1\r\nhost: {address}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("it reads");
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        let stays = tokio::time::timeout(Duration::from_millis(400), ended).await.is_err();
        let _ = writeln!(self.told, "connections stay: {stays}");
    }

    async fn submit(&mut self, body: &Value) -> Value {
        self.ask("POST", "/api/generate/submit", KEY, &body.to_string()).await
    }

    async fn status(&mut self, submitted: &Value, key: &str) -> Value {
        let id = submitted["data"]["task_id"].as_str().unwrap_or_default().to_owned();
        self.ask("GET", &format!("/api/generate/status/{id}"), key, "").await
    }

    fn job(&self) -> (String, Value) {
        let token = self.world.journal.token();
        let body = json!({"model": "kling-v1", "input": {"prompt": format!("{token} ein Floß")}});
        (token, body)
    }

    /// Tells what the vendor was asked for a token.
    async fn tell_vendor(&mut self, token: &str) {
        let _ = self
            .world
            .journal
            .wait(token, Duration::from_millis(300), |all| (!all.is_empty()).then_some(()))
            .await;
        for exchange in self.world.journal.of(token) {
            if matches!(exchange.leg, Leg::Upstream(_)) {
                let mut names: Vec<&str> = exchange.request.headers.iter().map(|(name, _)| name).collect();
                names.sort_unstable();
                let body = String::from_utf8_lossy(&exchange.request.body).replace(token, "TOKEN");
                let length = if exchange.request.method == "GET" { "" } else { body.as_str() };
                let _ =
                    writeln!(self.told, "vendor: {} {} {length}", exchange.request.method, names.join(" "));
            }
        }
    }

    fn advance(&self, token: &str, step: Step) {
        let mock = self.world.mock(self.vendor).expect("it is placed");
        for exchange in self.world.journal.of(token) {
            let client = &self.vendor.main_dialect().client;
            let made = exchange.answer.as_ref().ok().and_then(|answer| (client.created)(answer).ok());
            if let (Leg::Upstream(_), Some(task)) = (exchange.leg, made) {
                mock.advance(&task, step);
            }
        }
    }
}

/// The text with ids and times by their form only, and times by their distance from now.
fn alike(text: &str, body: &Value) -> String {
    let mut text = text.to_owned();
    if let Some(id) = body["data"]["task_id"].as_str() {
        let form: String =
            id.chars().map(|one| if one.is_ascii_alphanumeric() { 'x' } else { one }).collect();
        let case = if id.chars().any(|one| one.is_ascii_uppercase()) { "upper" } else { "lower" };
        text = text.replace(id, &format!("{form} {case}"));
    }
    if let Some(time) = body["data"]["created_time"].as_str() {
        let form: String = time.chars().map(|one| if one.is_ascii_digit() { '9' } else { one }).collect();
        let hours = time.parse::<DateTime>().map_or(0, |local| {
            let read = Offset::UTC.to_timestamp(local).expect("it is in range");
            (read.duration_since(Timestamp::now()).as_secs() + 1_800).div_euclid(3_600)
        });
        text = text.replace(time, &format!("{form} {hours}"));
    }
    // The vendor's own ids are long numbers.
    let mut parts: Vec<&str> =
        text.split(|one: char| !one.is_ascii_digit()).filter(|part| part.len() > 15).collect();
    parts.dedup();
    parts.iter().fold(text.clone(), |text, number| text.replace(number, "NUMBER"))
}

/// A life of a gateway in which every variant shows somewhere.
async fn story(variants: &[Variant<Gateway>]) -> String {
    let mut story = Story::begin(variants).await;
    let ending = |name| Step::End(story_ending(name));
    for end in ["succeeded", "moderated"] {
        let (token, body) = story.job();
        let submitted = story.submit(&body).await;
        story.status(&submitted, KEY).await;
        story.tell_vendor(&token).await;
        story.advance(&token, Step::To(ringback_mocks::vendor::Phase::Running));
        story.status(&submitted, KEY).await;
        story.advance(&token, ending(end));
        story.status(&submitted, KEY).await;
        story.status(&submitted, "sk-other").await;
        story.submit(&body).await;
        let creates =
            story.world.journal.of(&token).iter().filter(|one| one.request.method == "POST").count();
        let _ = writeln!(story.told, "{creates} creates");
    }
    let (token, body) = story.job();
    let mock = story.world.mock(story.vendor).expect("it is placed");
    mock.add_rule(Rule { refuse: Some("rate-limit".to_owned()), ..Rule::about(&token) });
    story.submit(&body).await;
    story.tell_vendor(&token).await;
    let callbacks = [
        Value::Null,
        json!(""),
        json!(7),
        json!("/c/x"),
        json!("http://hooks.example.com/c"),
        json!("https://user:word@hooks.example.com/c"),
        json!("https://hooks.example.com/é"),
        json!("https://10.0.0.7/c"),
        json!("https://hooks.example.com./c"),
        json!(format!("https://hooks.example.com/{}", "x".repeat(2_048))),
    ];
    for callback in callbacks {
        let (_, mut body) = story.job();
        body["input"]["metadata"] = json!({"callback_url": callback, "unheard_of": 1});
        story.submit(&body).await;
    }
    let (_, mut body) = story.job();
    body["model"] = json!("sora-2");
    body["input"]["metadata"] = json!({"callback_url": "https://hooks.example.com/c"});
    story.submit(&body).await;
    let (token, mut body) = story.job();
    body["input"]["metadata"] = json!({"unheard_of": 1});
    story.submit(&body).await;
    story.tell_vendor(&token).await;
    story.submit(&json!({"model": "no-such-model", "input": {"prompt": "x"}})).await;
    story.ask("GET", "/api/generate/status/none", "sk-stranger", "").await;
    for number in 0..8 {
        story.ask("GET", &format!("/api/generate/status/none-{number}"), KEY, "").await;
    }
    story.linger().await;
    let asked_of_nothing = |one: &Arc<Exchange>| one.request.path() == "/healthz";
    let probes = story.world.journal.strays().into_iter().filter(asked_of_nothing).count();
    let (slow, pieces) = (story.always_slow, story.pieces * 2 > story.asked * 5);
    let _ = writeln!(story.told, "{probes} probes; slow: {slow}; in pieces: {pieces}");
    story.told
}

fn story_ending(name: &str) -> &'static ringback_mocks::vendor::Ending {
    Vendor::named("kling").and_then(|vendor| vendor.main_dialect().ending(name)).expect("it is in the table")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_story_is_told_the_same_twice() {
    assert_eq!(story(&[]).await, story(&[]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_variant_shows() {
    let plain = Arc::new(story(&[]).await);
    let mut hidden = Vec::new();
    for some in variants::ALL.chunks(8) {
        let told = some.iter().map(|variant| {
            let plain = Arc::clone(&plain);
            tokio::spawn(async move { (variant.name, story(&[*variant]).await == *plain) })
        });
        for one in told.collect::<Vec<_>>() {
            let (name, same) = one.await.expect("the story is told to its end");
            hidden.extend(same.then_some(name));
        }
    }
    assert!(hidden.is_empty(), "these show nothing: {hidden:?}");
}
