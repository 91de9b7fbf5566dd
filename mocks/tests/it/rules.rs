//! Are rules read as a person means them, printed as they are read, and applied to the right tasks?

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use ringback_mocks::account::{AccountConfig, Limits};
use ringback_mocks::machine::{Machine, Reply};
use ringback_mocks::response_faults::{Page, ResponseFault, ResponseFaultKind, ResponseFaults};
use ringback_mocks::rules::{Rule, TaskPlan, When};
use ringback_mocks::vendor::{Dialect, Phase, Vendor};
use ringback_mocks::wire::{Request, Response};
use rstest::rstest;
use serde_json::json;

fn kling() -> Vendor {
    Vendor::named("kling").expect("the registry has it")
}

fn now() -> Timestamp {
    Timestamp::from_second(1_787_869_631).expect("in range")
}

fn machine(settings: AccountConfig) -> Machine {
    Machine::new(kling(), settings)
}

fn submit(machine: &mut Machine, prompt: &str) -> (Response, Option<String>) {
    let request = Request::post("/v1/videos/text2video", &json!({"prompt": prompt}))
        .header("authorization", "Bearer k");
    let turn = machine.handle(&request, now());
    let Reply::Response(response) = turn.reply else { panic!("no question was expected") };
    (response, turn.task)
}

fn state(machine: &Machine, task: &str) -> Phase {
    machine.tasks().get(task).expect("it is kept").phase
}

#[rstest]
#[case::refuse("prompt=storm: refuse moderation")]
#[case::job("job=3: moderated after 20s")]
#[case::dialect("dialect=kling-legacy prompt=slow: succeeded after 5s+2m; silent")]
#[case::stay("any: stay")]
#[case::at_once("any: succeeded after 0s")]
#[case::page("prompt=fog: stay; create 503=html x2")]
#[case::lost("prompt=fog: succeeded after 1s; create lost cut; query malformed; file slow=2s")]
#[case::words("any: stay; silent; query state=paused x1")]
#[case::rows("any: stay; create quote=unauthorized; query refuse=internal; file gone")]
fn a_rule_is_printed_as_it_is_read(#[case] text: &str) {
    let rule: Rule = text.parse().expect(text);
    assert_eq!(rule.to_string(), text);
}

#[test]
fn a_mishap_may_stand_alone() {
    let rule: Rule = "prompt=fog: create hang".parse().expect("a rule");
    assert_eq!(rule.to_string(), "prompt=fog: stay; create hang");
}

#[rstest]
#[case::no_colon("refuse everything", "a rule is `WHEN: WHAT`")]
#[case::unknown_condition(
    "colour=red: stay",
    "`colour=red` is none of any, prompt=WORD, job=N, dialect=NAME"
)]
#[case::no_condition(" : stay", "a rule says when it applies")]
#[case::job_zero("job=0: stay", "job= takes a number from 1")]
#[case::no_time("any: succeeded after a while", "`a while` is not a duration such as 20s")]
#[case::no_after("any: succeeded soon", "neither `stay`, `refuse NAME` nor `ENDING after TIME`")]
#[case::no_mishap("any: create 700", "`700` is not a response fault; there are 503, 503=html")]
#[case::no_page("any: query 503=pdf", "`503=pdf` is not a response fault")]
#[case::nothing("any: stay; query", "`` is not a response fault")]
#[case::no_task_yet("any: create gone", "`gone` is about a task that exists")]
#[case::no_create("any: query lost 503", "only the answer of a create can be `lost`")]
#[case::unknown_tail("any: stay; loud", "`loud` is none of `silent`, `trouble …`")]
fn a_rule_that_cannot_be_read_says_why(#[case] text: &str, #[case] why: &str) {
    let error = text.parse::<Rule>().expect_err(text).to_string();
    assert!(error.contains(why), "{error}");
}

#[rstest]
#[case::refusal("any: refuse moderaton", Some("no dialect here has the refusal `moderaton`"))]
#[case::ending("any: exploded after 1s", Some("no dialect here has the ending `exploded`"))]
#[case::dialect("dialect=sora: stay", Some("there is no dialect `sora` here"))]
#[case::mishap("any: query refuse=balanse", Some("no dialect here has the refusal `balanse`"))]
#[case::fine("any: refuse moderation", None)]
#[case::fine_mishap("any: create quote=unauthorized", None)]
fn names_in_rules_are_checked(#[case] text: &str, #[case] why: Option<&str>) {
    let dialects: Vec<&'static Dialect> = kling().dialects().to_vec();
    let checked = text.parse::<Rule>().expect(text).check(&dialects);
    match why {
        None => assert_eq!(checked, Ok(())),
        Some(why) => assert!(checked.expect_err(text).to_string().contains(why)),
    }
}

#[test]
fn the_third_job_fails_moderation_after_twenty_seconds_and_no_other() {
    let mut machine = machine(AccountConfig::default());
    machine.add_rule("job=3: moderated after 20s".parse().expect("a rule"));
    let tasks: Vec<String> =
        (0..4).map(|_| submit(&mut machine, "a boat").1.expect("it is accepted")).collect();
    machine.tick(now() + jiff::SignedDuration::from_secs(19));
    assert_eq!(state(&machine, &tasks[2]), Phase::Running);
    machine.tick(now() + jiff::SignedDuration::from_secs(20));
    let ended: Vec<bool> = tasks.iter().map(|task| state(&machine, task) == Phase::Failed).collect();
    assert_eq!(ended, [false, false, true, false]);
}

#[test]
fn the_first_rule_that_fits_counts_and_the_course_of_the_account_is_for_the_rest() {
    let course =
        TaskPlan::Run { ending: "succeeded".to_owned(), queue: Duration::ZERO, work: Duration::from_secs(1) };
    let mut machine = machine(AccountConfig { plan: course, ..AccountConfig::default() });
    machine.add_rule("prompt=storm: refuse balance".parse().expect("a rule"));
    machine.add_rule("prompt=storm: stay".parse().expect("a rule"));
    machine.add_rule("prompt=calm: stay".parse().expect("a rule"));
    assert_eq!(submit(&mut machine, "a storm").1, None);
    let calm = submit(&mut machine, "a calm sea").1.expect("it is accepted");
    let other = submit(&mut machine, "a boat").1.expect("it is accepted");
    machine.tick(now() + jiff::SignedDuration::from_secs(2));
    assert_eq!((state(&machine, &calm), state(&machine, &other)), (Phase::Submitted, Phase::Succeeded));
    machine.forget_rules(|_| true);
    assert!(submit(&mut machine, "a storm").1.is_some());
}

#[test]
fn a_rule_with_another_dialects_name_leaves_the_task_to_the_next() {
    let mut machine = machine(AccountConfig::default());
    machine.add_rule(Rule { refuse: Some("no-such-row".to_owned()), ..Rule::about("boat") });
    machine.add_rule("prompt=boat: refuse moderation".parse().expect("a rule"));
    assert_eq!(submit(&mut machine, "a boat").0.status, 400);
}

#[test]
fn speed_scales_what_is_planned() {
    let course = TaskPlan::Run {
        ending: "succeeded".to_owned(),
        queue: Duration::ZERO,
        work: Duration::from_secs(100),
    };
    let mut machine = machine(AccountConfig { plan: course, speed: 50.0, ..AccountConfig::default() });
    let task = submit(&mut machine, "a boat").1.expect("it is accepted");
    machine.tick(now() + jiff::SignedDuration::from_secs(1));
    assert_eq!(state(&machine, &task), Phase::Running);
    machine.tick(now() + jiff::SignedDuration::from_secs(2));
    assert_eq!(state(&machine, &task), Phase::Succeeded);
}

#[rstest]
#[case::concurrent(Limits { concurrent: Some(2), per_minute: None })]
#[case::rate(Limits { concurrent: None, per_minute: Some(2) })]
fn an_account_has_limits(#[case] limits: Limits) {
    let mut machine = machine(AccountConfig { limits, ..AccountConfig::default() });
    let first = submit(&mut machine, "one").1.expect("it is accepted");
    assert!(submit(&mut machine, "two").1.is_some());
    let (response, task) = submit(&mut machine, "three");
    assert_eq!((response.status, task), (429, None));
    if limits.concurrent.is_some() {
        let end = kling().main_dialect().step("succeeded").expect("a good end");
        machine.advance(&first, end, now()).expect("it moves");
        assert!(submit(&mut machine, "three").1.is_some(), "a slot is free again");
    }
}

#[test]
fn a_reset_forgets_tasks_and_plans() {
    let mut machine = machine(AccountConfig::default());
    machine.add_rule("any: succeeded after 1h".parse().expect("a rule"));
    let task = submit(&mut machine, "a boat").1.expect("it is accepted");
    machine.reset();
    assert!(machine.tasks().get(&task).is_none() && machine.due().is_none());
    assert_eq!(machine.tasks().active(), 0);
    assert_ne!(submit(&mut machine, "a boat").1, Some(task), "ids are not given twice");
}

fn when() -> impl Strategy<Value = When> {
    let word = prop::option::of("[a-z]{1,8}");
    (word, prop::option::of(1_u64..1_000), prop::option::of("[a-z]{1,6}-v[0-9]"))
        .prop_map(|(prompt, job, dialect)| When { prompt, job, dialect })
}

fn course() -> impl Strategy<Value = TaskPlan> {
    let time = || (0_u64..200_000).prop_map(Duration::from_millis);
    prop_oneof![
        Just(TaskPlan::Stay),
        ("[a-z]{3,10}", time(), time()).prop_map(|(ending, queue, work)| TaskPlan::Run {
            ending,
            queue,
            work
        }),
    ]
}

fn mishap() -> impl Strategy<Value = ResponseFault> {
    let page = prop_oneof![Just(Page::Empty), Just(Page::Html), Just(Page::Json), Just(Page::Trace)];
    let kind = prop_oneof![
        (200_u16..600, page).prop_map(|(status, page)| ResponseFaultKind::Page(status, page)),
        "[a-z]{3,10}(-[a-z]{2,5})?".prop_map(ResponseFaultKind::Refuse),
        "[a-z]{3,10}".prop_map(ResponseFaultKind::Quote),
        Just(ResponseFaultKind::Malformed),
        Just(ResponseFaultKind::Truncated),
        Just(ResponseFaultKind::Cut),
        Just(ResponseFaultKind::Hang),
        (0_u64..200_000).prop_map(|time| ResponseFaultKind::Slow(Duration::from_millis(time))),
    ];
    (kind, prop::option::of(0_u32..9)).prop_map(|(kind, times)| ResponseFault { kind, lost: false, times })
}

fn mishaps() -> impl Strategy<Value = ResponseFaults> {
    let place = || prop::option::of(mishap());
    (place(), any::<bool>(), place(), place()).prop_map(|(create, lost, query, file)| {
        let create = create.map(|mishap| ResponseFault { lost, ..mishap });
        ResponseFaults { create, query, file }
    })
}

proptest! {
    /// What is printed is read back as the same rule.
    #[test]
    fn rules_survive_the_round_trip(
        when in when(),
        course in course(),
        refuse in prop::option::of("[a-z]{3,10}(-[a-z]{2,5})?"),
        silent in any::<bool>(),
        mishaps in mishaps(),
    ) {
        let course = if refuse.is_some() { TaskPlan::Stay } else { course };
        let rule = Rule { when, refuse, plan: course, silent, delivery_faults: None, response_faults: mishaps };
        prop_assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule));
    }

    /// No text makes the reader panic.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        let _ = text.parse::<Rule>();
    }
}
