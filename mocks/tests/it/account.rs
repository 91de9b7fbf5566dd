//! Does a task become what its account says: results for their time, pauses at its speed, its delivery faults?

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ringback_mocks::account::AccountConfig;
use ringback_mocks::machine::{Machine, Reply, Turn};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::Request;
use rstest::rstest;
use serde_json::json;

const START: Timestamp = Timestamp::constant(1_780_000_000, 0);

fn vidu(settings: AccountConfig) -> Machine {
    let results = "http://127.0.0.1:1/results".to_owned();
    Machine::new(Vendor::named("vidu").expect("known"), AccountConfig { results, ..settings })
}

fn create(machine: &mut Machine) -> (String, Turn) {
    let body = json!({"model": "viduq1", "prompt": "a boat", "callback_url": "http://127.0.0.1:1/"});
    let request = Request::post("/ent/v2/text2video", &body).header("authorization", "Token k");
    let turn = machine.handle(&request, START);
    (turn.task.clone().expect("it is accepted"), turn)
}

fn fetch(machine: &mut Machine, task: &str, now: Timestamp) -> u16 {
    match machine.handle(&Request::get(format!("/results/{task}.mp4")), now).reply {
        Reply::Response(response) => response.status,
        Reply::Ask(_) => panic!("nobody asks about results"),
    }
}

fn step(word: &str) -> ringback_mocks::vendor::Step {
    Vendor::named("vidu").expect("known").main_dialect().step(word).expect(word)
}

#[test]
fn a_result_lasts_from_when_it_was_made() {
    let mut machine = vidu(AccountConfig::default());
    let (task, _) = create(&mut machine);
    let made = START + SignedDuration::from_hours(20);
    machine.advance(&task, step("success"), made).expect("it can succeed");
    assert_eq!(fetch(&mut machine, &task, made + SignedDuration::from_hours(24)), 200);
    assert_eq!(
        fetch(&mut machine, &task, made + SignedDuration::from_hours(24) + SignedDuration::from_secs(1)),
        403
    );
}

#[rstest]
#[case::at_work("processing", 404)]
#[case::failed("moderated", 404)]
#[case::made("success", 200)]
fn only_what_was_made_can_be_fetched(#[case] word: &str, #[case] status: u16) {
    let mut machine = vidu(AccountConfig::default());
    let (task, _) = create(&mut machine);
    machine.advance(&task, step(word), START).expect("it can go there");
    assert_eq!(fetch(&mut machine, &task, START), status);
}

#[test]
fn speed_shortens_the_pauses_between_attempts() {
    let pauses = |speed: f64| {
        let mut machine = vidu(AccountConfig { speed, ..AccountConfig::default() });
        let (task, _) = create(&mut machine);
        let sent = machine.advance(&task, step("success"), START).expect("it can succeed");
        sent[0].retries.clone()
    };
    let (slow, fast) = (pauses(1.0), pauses(10.0));
    assert!(!slow.is_empty());
    assert_eq!(fast, slow.iter().map(|pause| *pause / 10).collect::<Vec<Duration>>());
}

#[rstest]
#[case::says_nothing_of_it("any: stay", Some("forged"))]
#[case::has_its_own("any: stay; trouble corrupt", Some("corrupt"))]
#[case::wants_none("any: stay; trouble none", None)]
fn a_rule_without_trouble_leaves_the_accounts(#[case] rule: &str, #[case] trouble: Option<&str>) {
    let account = Arc::new("forged".parse().expect("trouble"));
    let mut machine = vidu(AccountConfig { delivery_faults: Some(account), ..AccountConfig::default() });
    machine.add_rule(rule.parse().expect(rule));
    let (task, _) = create(&mut machine);
    let sent = machine.advance(&task, step("success"), START).expect("it can succeed");
    let said = sent[0].delivery_faults.as_ref().filter(|trouble| !trouble.is_none()).map(ToString::to_string);
    assert_eq!(said.as_deref(), trouble);
}
