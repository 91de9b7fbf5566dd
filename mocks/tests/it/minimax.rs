//! Is MiniMax as documented, in both dialects? Tables over creates, states, refusals and knobs, driven
//! through the machine as a caller would; the receiver answers its challenge unless a test says not.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ringback_mocks::account::AccountConfig;
use ringback_mocks::delivery::Delivery;
use ringback_mocks::machine::{Machine, Reply, Turn};
use ringback_mocks::vendor::Step;
use ringback_mocks::vendor::{Dialect, Phase, Vendor};
use ringback_mocks::wire::{Request, Response, Secret};
use serde_json::{Value, json};

mod v1;
mod v1_creates;
mod v2;
mod v2_creates;

const HOOK: &str = "https://hooks.example.com/c/boat?tok=abc";

fn vendor() -> Vendor {
    Vendor::named("minimax").expect("the registry has it")
}

fn dialect(name: &str) -> &'static Dialect {
    vendor().dialects().iter().find(|dialect| dialect.name == name).expect("a dialect of MiniMax")
}

/// A mock with some knobs set.
struct Mock {
    machine: Machine,
    now: Timestamp,
    /// Challenges put to the receiver.
    asked: usize,
    /// Callbacks so far.
    sent: Vec<Delivery>,
}

impl Mock {
    fn new(knobs: &[(&str, &str)]) -> Self {
        let mut settings = AccountConfig {
            api_keys: vec![Secret::new("key")],
            results: "https://results.example.com".to_owned(),
            seed: 1,
            ..AccountConfig::default()
        };
        for (name, value) in knobs {
            settings.options.set(name, value).expect("a knob and its value");
        }
        let now = Timestamp::from_second(1_787_869_631).expect("in range");
        Self { machine: Machine::new(vendor(), settings), now, asked: 0, sent: Vec::new() }
    }

    /// Sends a request as it is.
    fn raw(&mut self, request: &Request) -> (Response, Option<String>) {
        let turn = self.machine.handle(request, self.now);
        self.finish(turn, true)
    }

    fn finish(&mut self, turn: Turn, echoes: bool) -> (Response, Option<String>) {
        self.sent.extend(turn.deliveries);
        match turn.reply {
            Reply::Response(response) => (response, turn.task),
            Reply::Ask(question) => {
                self.asked += 1;
                let echo = Response { body: question.body.clone(), ..Response::json(200, &json!({})) };
                let turn = self.machine.challenged(*question, echoes.then_some(&echo), self.now);
                self.finish(turn, echoes)
            }
        }
    }

    fn authorized(&mut self, request: Request) -> (Response, Option<String>) {
        self.raw(&request.header("authorization", "Bearer key"))
    }

    fn get(&mut self, target: &str) -> (u16, Value) {
        read(&self.authorized(Request::get(target)).0)
    }

    fn post(&mut self, path: &str, body: &Value) -> (u16, Value) {
        read(&self.authorized(Request::post(path, body)).0)
    }

    fn delete(&mut self, target: &str) -> (u16, Value) {
        read(&self.authorized(Request { method: "DELETE".to_owned(), ..Request::get(target) }).0)
    }

    /// Makes a task and gives its id.
    fn made(&mut self, path: &str, body: &Value) -> String {
        let (response, task) = self.authorized(Request::post(path, body));
        task.unwrap_or_else(|| panic!("{body} was refused: {:?}", response.value()))
    }

    fn go(&mut self, task: &str, step: Step) {
        let sent = self.machine.advance(task, step, self.now).expect("it moves");
        self.sent.extend(sent);
    }

    fn end(&mut self, task: &str, ending: &str) {
        let dialect = self.machine.tasks().get(task).expect("it is kept").draft.dialect;
        self.go(task, Step::End(dialect.ending(ending).expect("in the table")));
    }

    fn later(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    /// Bodies of the callbacks so far.
    fn bodies(&self) -> Vec<Value> {
        self.sent
            .iter()
            .map(|delivery| serde_json::from_slice(&delivery.body).expect("a callback is JSON"))
            .collect()
    }
}

fn read(response: &Response) -> (u16, Value) {
    let text = || json!(String::from_utf8_lossy(&response.body));
    (response.status, response.value().unwrap_or_else(text))
}

/// `body` with the fields of `change` put in; `null` stays a value of its own.
fn with(body: &Value, change: &Value) -> Value {
    let mut body = body.clone();
    for (field, value) in change.as_object().into_iter().flatten() {
        body[field] = value.clone();
    }
    body
}

/// `body` without a field.
fn without(body: &Value, field: &str) -> Value {
    let mut body = body.clone();
    body.as_object_mut().expect("an object").remove(field);
    body
}

#[test]
fn a_path_is_answered_by_its_own_dialect() {
    let of = |method: &str, path: &str| {
        let request = Request { method: method.to_owned(), ..Request::get(path) };
        let routing = vendor().routing(&request);
        (routing.dialect.name, routing.route.is_some(), routing.segment.to_owned())
    };
    assert_eq!(of("POST", "/v1/video_generation"), ("minimax-v1", true, String::new()));
    assert_eq!(of("POST", "/v2/video_generation"), ("minimax-v2", true, String::new()));
    assert_eq!(of("GET", "/v2/query/video_generation"), ("minimax-v2", true, String::new()));
    assert_eq!(of("GET", "/v2/query/video_generation/42"), ("minimax-v2", true, "42".to_owned()));
    assert_eq!(of("PATCH", "/v2/video_generation"), ("minimax-v2", false, String::new()));
    assert_eq!(of("GET", "/v3/video_generation"), ("minimax-v1", false, String::new()));
    for (method, path) in [("GET", "/v1/video_generation"), ("PATCH", "/v2/video_generation"), ("GET", "/")] {
        let request = Request { method: method.to_owned(), ..Request::get(path) };
        assert_eq!(read(&Mock::new(&[]).authorized(request).0), (404, json!("404 page not found")));
    }
}

#[test]
fn the_dialects_do_not_see_each_others_tasks() {
    let mut mock = Mock::new(&[]);
    let old = mock.made(v1::CREATE, &v1::boat());
    let new = mock.made(v2::CREATE, &v2::boat());
    mock.end(&new, "succeeded");
    assert_eq!(mock.get(&format!("{}?task_id={new}", v1::QUERY)).1["base_resp"]["status_code"], 2013);
    assert_eq!(mock.get(&format!("/v1/files/retrieve?file_id=2{new}")).1["base_resp"]["status_code"], 2013);
    assert_eq!(mock.get(&format!("{}/{old}", v2::QUERY)).0, 400);
    assert_eq!(mock.delete(&format!("{}/{old}", v2::CREATE)).0, 400);
    assert_eq!(mock.get(v2::QUERY).1["total"], 1);
    assert!(mock.machine.tasks().get(&old).is_some());
}

/// Path and body of the simplest create of a dialect.
fn simplest(name: &str) -> (&'static str, Value) {
    let (path, body) = dialect(name).creates[0];
    (path, serde_json::from_str(body).expect("a sample is JSON"))
}

#[test]
fn the_receiver_is_asked_inside_the_submit_and_its_failure_refuses_it() {
    for name in ["minimax-v1", "minimax-v2"] {
        let (path, body) = simplest(name);
        let create = Request::post(path, &with(&body, &json!({"callback_url": HOOK})))
            .header("authorization", "Bearer key");
        let mut mock = Mock::new(&[]);
        let turn = mock.machine.handle(&create, mock.now);
        let Reply::Ask(question) = &turn.reply else { panic!("a question was expected") };
        assert_eq!(question.url, HOOK, "the query goes along");
        assert_eq!(question.within.as_secs(), 3);
        let asked: Value = serde_json::from_slice(&question.body).expect("JSON");
        assert_eq!(asked.as_object().map(serde_json::Map::len), Some(1));
        assert!(asked["challenge"].as_str().is_some_and(|value| !value.is_empty()));
        assert!(mock.machine.tasks().is_empty());
        let (response, task) = mock.finish(turn, false);
        assert_eq!((task, mock.machine.tasks().is_empty()), (None, true));
        assert!(mock.sent.is_empty());
        let (status, answer) = read(&response);
        if name == "minimax-v1" {
            let base =
                json!({"status_code": 2013, "status_msg": "invalid params, fail to check callback url"});
            assert_eq!((status, answer), (200, json!({"task_id": "", "base_resp": base})));
        } else {
            assert_eq!(status, 400);
            assert_eq!(answer["error"]["type"], "bad_request_error");
            assert_eq!(answer["error"]["message"], "invalid params, fail to check callback url (2013)");
        }
    }
}

#[test]
fn no_url_no_question() {
    for name in ["minimax-v1", "minimax-v2"] {
        let (path, body) = simplest(name);
        for none in [json!({}), json!({"callback_url": null}), json!({"callback_url": ""})] {
            let mut mock = Mock::new(&[]);
            let task = mock.made(path, &with(&body, &none));
            mock.end(&task, "succeeded");
            assert_eq!((mock.asked, mock.sent.len()), (0, 0));
        }
    }
}

#[test]
fn a_url_that_passed_is_remembered_only_if_the_knob_says_so() {
    for (name, knob) in [("minimax-v1", "minimax-v1.challenge"), ("minimax-v2", "minimax-v2.challenge")] {
        let (path, body) = simplest(name);
        let questions = |mode: &str, urls: &[&str], echoes: bool| {
            let mut mock = Mock::new(&[(knob, mode)]);
            for url in urls {
                let create = Request::post(path, &with(&body, &json!({"callback_url": url})))
                    .header("authorization", "Bearer key");
                let turn = mock.machine.handle(&create, mock.now);
                mock.finish(turn, echoes);
            }
            mock.asked
        };
        let other = "https://hooks.example.com/other";
        assert_eq!(questions("per-submit", &[HOOK, HOOK, other], true), 3);
        assert_eq!(questions("once-per-url", &[HOOK, HOOK, other], true), 2);
        assert_eq!(questions("once-per-url", &[HOOK, HOOK], false), 2, "one that failed is asked again");
    }
}

#[test]
fn limits_refuse_in_the_dialects_own_way() {
    for (name, status, needle) in [("minimax-v1", 200, "1002"), ("minimax-v2", 429, "(1002)")] {
        let (path, body) = simplest(name);
        for in_flight in [true, false] {
            let mut mock = Mock::new(&[]);
            let limits = &mut mock.machine.settings_mut().limits;
            if in_flight {
                limits.concurrent = Some(2);
            } else {
                limits.per_minute = Some(2);
            }
            let tasks: Vec<String> = (0..2).map(|_| mock.made(path, &body)).collect();
            let (answered, answer) = mock.post(path, &body);
            assert_eq!(answered, status, "{answer}");
            assert!(answer.to_string().contains(needle), "{answer}");
            mock.end(&tasks[0], "succeeded");
            mock.later(if in_flight { 0 } else { 60 });
            mock.made(path, &body);
        }
    }
}

#[test]
fn the_client_reads_what_the_mock_says() {
    use ringback_mocks::client::{Blame, Sighting, Wish};
    for dialect in vendor().dialects() {
        let wish = Wish {
            model: dialect.model.to_owned(),
            prompt: "A paper boat".to_owned(),
            images: vec!["https://images.example.com/boat.jpeg".to_owned()],
            duration: Some(dialect.sample.duration),
            options: [(dialect.sample.option.0.to_owned(), dialect.sample.option.1.value())]
                .into_iter()
                .collect(),
        };
        for wish in [Wish { images: Vec::new(), duration: None, ..wish.clone() }, wish] {
            let mut mock = Mock::new(&[]);
            let create = (dialect.client.create)(&wish);
            let seen = (dialect.read_create)(&create).expect("its own create");
            assert_eq!(seen.prompt.as_deref(), Some("A paper boat"));
            let (response, _) = mock.authorized(create);
            let id = (dialect.client.created)(&response).expect("accepted");
            let look = |mock: &mut Mock| {
                let body = mock.authorized((dialect.client.query)(&wish, &id)).0.value().expect("JSON");
                (dialect.client.queried)(&body)
            };
            assert_eq!(look(&mut mock), Sighting::At(dialect.words[0].phase));
            mock.go(&id, Step::To(Phase::Running));
            assert_eq!(look(&mut mock), Sighting::At(Phase::Running));
            mock.end(&id, "succeeded");
            let mut last = look(&mut mock);
            if let Sighting::DoneAt(next) = last {
                let body = mock.authorized(next).0.value().expect("JSON");
                last = (dialect.client.queried)(&body);
            }
            let url = format!("https://results.example.com/{id}.mp4");
            assert_eq!(last, Sighting::Done(vec![url]));
        }
        let blame = |refusal: &str| {
            let mut mock = Mock::new(&[]);
            mock.machine.add_rule(format!("any: refuse {refusal}").parse().expect("a rule"));
            let (path, body) = simplest(dialect.name);
            let (response, _) = mock.authorized(Request::post(path, &body));
            (dialect.client.created)(&response).expect_err("refused").blame
        };
        assert_eq!(blame("moderation"), Blame::Request);
        assert_eq!(blame("rate-limit"), Blame::Load);
        assert_eq!(blame("balance"), Blame::Operator);
    }
}

#[test]
fn bodies_of_any_size_and_kind_are_refused_in_form() {
    let deep = "[".repeat(100_000);
    let long = format!(r#"{{"prompt":"{}"}}"#, "x".repeat(20_000_000));
    let many = format!(r#"{{"content":[{}{{}}]}}"#, r#"{"type":"image_url"},"#.repeat(500_000));
    let bodies: [&[u8]; 8] =
        [b"", b"{", b"null", b"[]", b"\xff\xfe{}", deep.as_bytes(), long.as_bytes(), many.as_bytes()];
    for name in ["minimax-v1", "minimax-v2"] {
        for body in bodies {
            let mut mock = Mock::new(&[]);
            let request =
                Request { body: body.to_vec().into(), ..Request::post(simplest(name).0, &json!({})) };
            let (status, answer) = read(&mock.authorized(request).0);
            assert_eq!(status, if name == "minimax-v1" { 200 } else { 400 });
            assert!(answer.to_string().contains("2013"), "{answer}");
        }
    }
}

proptest! {
    /// Whatever is asked, in whatever state, nothing of ours fails; and what has ended stays so.
    #[test]
    fn nothing_breaks_it_and_ends_are_final(
        name in prop::sample::select(vec!["minimax-v1", "minimax-v2"]),
        ending in any::<prop::sample::Index>(),
        method in prop::sample::select(vec!["GET", "POST", "DELETE", "PUT"]),
        tail in "(/[!-~]{0,12}|\\?(task_id|file_id|page_num|page_size|filter\\.status|filter\\.task_ids)=[!-~]{0,24})?",
        route in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let dialect = dialect(name);
        let mut mock = Mock::new(&[]);
        let (path, body) = simplest(name);
        let task = mock.made(path, &body);
        let ending = ending.get(dialect.endings);
        mock.go(&task, Step::End(ending));
        let target = format!("{}{tail}", route.get(dialect.routes).path.replace("{task_id}", &task));
        let request = Request { method: method.to_owned(), body: bytes.into(), ..Request::get(target) };
        let (response, _) = mock.authorized(request);
        prop_assert!(response.status < 500, "{}", response.status);
        for other in dialect.endings {
            prop_assert!(mock.machine.advance(&task, Step::End(other), mock.now).is_none());
        }
        if let Some(job) = mock.machine.tasks().get(&task) {
            prop_assert_eq!(job.phase, ending.phase);
        }
    }
}
