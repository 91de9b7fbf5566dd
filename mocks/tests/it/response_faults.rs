//! Do answers go wrong as their rules say: on the wire, for the right call, as often as they should?

use std::time::Duration;

use ringback_mocks::account::AccountConfig;
use ringback_mocks::http::{HttpClient, NoAnswer};
use ringback_mocks::response_faults::{PAGE_MARK, TRACE_MARK};
use ringback_mocks::started::Started;
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Request, Response, Secret};
use ringback_mocks::world::World;
use rstest::rstest;
use serde_json::json;

const SOON: Duration = Duration::from_secs(5);
const NEVER: Duration = Duration::from_millis(150);

async fn vendor(name: &str) -> Started {
    Started::vendor(Vendor::named(name).expect("the registry has it"), AccountConfig::default()).await
}

fn text2video(prompt: &str) -> Request {
    Request::post("/v1/videos/text2video", &json!({"prompt": prompt}))
        .header("authorization", "Bearer sk-canary")
}

fn query(task: &str) -> Request {
    Request::get(format!("/v1/videos/text2video/{task}")).header("authorization", "Bearer sk-canary")
}

async fn ask(vendor: &Started, request: &Request) -> Result<Response, NoAnswer> {
    HttpClient::unpooled().send(vendor.url(), request, SOON).await
}

fn text(response: &Response) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}

#[rstest]
#[case::bare("503", 503, "")]
#[case::html("500=html", 500, PAGE_MARK)]
#[case::json("502=json", 502, PAGE_MARK)]
#[case::trace("500=trace", 500, TRACE_MARK)]
#[case::trace_has_the_key("500=trace", 500, "authorization: Bearer sk-canary")]
#[case::empty_success("200", 200, "")]
#[case::row("refuse=balance", 429, "1102")]
#[case::quoting("quote=unauthorized", 401, "the key sk-canary is not")]
#[tokio::test]
async fn a_create_meets_a_page_and_makes_no_task(
    #[case] mishap: &str,
    #[case] status: u16,
    #[case] says: &str,
) {
    let kling = vendor("kling").await;
    kling.on(&format!("prompt=fog: create {mishap}"));
    let response = ask(&kling, &text2video("fog")).await.expect("it answers");
    assert_eq!(response.status, status);
    assert!(
        text(&response).contains(says) && text(&response).is_empty() == says.is_empty(),
        "{}",
        text(&response)
    );
    assert!(kling.tasks().is_empty());
    assert!(ask(&kling, &text2video("sun")).await.expect("it answers").is_success(), "others are spared");
}

#[rstest]
#[case::cut("lost cut")]
#[case::page("lost 500")]
#[case::truncated("truncated")]
#[case::malformed("malformed")]
#[tokio::test]
async fn an_answer_may_be_lost_after_the_task_was_made(#[case] mishap: &str) {
    let kling = vendor("kling").await;
    kling.on(&format!("prompt=fog: create {mishap} x1"));
    let answer = ask(&kling, &text2video("fog")).await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.value().is_none()));
    assert_eq!(kling.tasks().len(), 1);
    assert!(ask(&kling, &text2video("fog")).await.expect("the second is answered").is_success());
    assert_eq!(kling.tasks().len(), 2);
}

#[tokio::test]
async fn queries_meet_theirs_as_often_as_it_says() {
    let kling = vendor("kling").await;
    kling.on("prompt=fog: stay; query 503 x2");
    assert!(ask(&kling, &text2video("fog")).await.expect("creates are spared").is_success());
    let task = kling.created().await.id;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(ask(&kling, &query(&task)).await.expect("it answers").status);
    }
    assert_eq!(seen, [503, 503, 200]);
}

#[rstest]
#[case::state("state=paused", 200, "\"task_status\":\"paused\"")]
#[case::gone("gone", 400, "Task not found")]
#[case::late("slow=20ms", 200, "submitted")]
#[tokio::test]
async fn a_query_is_told_something_else(#[case] mishap: &str, #[case] status: u16, #[case] says: &str) {
    let kling = vendor("kling").await;
    kling.on(&format!("any: stay; query {mishap}"));
    ask(&kling, &text2video("fog")).await.expect("it answers");
    let task = kling.created().await.id;
    let response = ask(&kling, &query(&task)).await.expect("it answers");
    assert_eq!(response.status, status, "{}", text(&response));
    assert!(text(&response).contains(says), "{}", text(&response));
}

#[tokio::test]
async fn what_is_cut_breaks() {
    let kling = vendor("kling").await;
    kling.on("prompt=fog: create cut");
    assert!(matches!(ask(&kling, &text2video("fog")).await, Err(NoAnswer::Broken(_))));
}

#[tokio::test]
async fn what_hangs_lasts_until_it_is_let_go() {
    let world = World::start(&World::everywhere(|_| Secret::new("k")), 0).await.expect("ports");
    let kling = world.mock(Vendor::named("kling").expect("the registry has it")).expect("it was placed");
    kling.add_rule("prompt=night: create hang".parse().expect("a rule"));
    let request = Request::post("/v1/videos/text2video", &json!({"prompt": "night"}));
    let request = request.header("authorization", "Bearer k");
    let hung = HttpClient::unpooled().send(&kling.url(), &request, NEVER).await;
    assert_eq!(hung, Err(NoAnswer::TimedOut(NEVER)));
    let root = kling.url();
    let waiting = tokio::spawn(async move { HttpClient::unpooled().send(&root, &request, SOON).await });
    world.journal.wait_any(SOON, |all| (all.len() == 2).then_some(())).await.expect("it arrived");
    kling.forget_rules(|_| true);
    assert!(matches!(waiting.await.expect("no panic"), Err(NoAnswer::Broken(_))));
}

fn hailuo() -> Request {
    let body = json!({"model": "MiniMax-Hailuo-02", "prompt": "fog"});
    Request::post("/v1/video_generation", &body).header("authorization", "Bearer k")
}

#[tokio::test]
async fn a_refused_query_has_the_form_of_a_query() {
    let minimax = vendor("minimax").await;
    minimax.on("any: stay; query refuse=rate-limit");
    ask(&minimax, &hailuo()).await.expect("it answers");
    let task = minimax.created().await.id;
    let get = Request::get(format!("/v1/query/video_generation?task_id={task}"));
    let answer = ask(&minimax, &get.header("authorization", "Bearer k")).await.expect("it answers");
    let refusal = json!({"status_code": 1002, "status_msg": "rate limit"});
    let form = json!({"task_id": "", "status": "", "base_resp": refusal});
    assert_eq!((answer.status, answer.value()), (200, Some(form)));
}

#[tokio::test]
async fn the_second_call_for_a_result_has_its_own() {
    let minimax = vendor("minimax").await;
    minimax.on("any: succeeded after 0s; file 500");
    ask(&minimax, &hailuo()).await.expect("it answers");
    let task = minimax.created().await.id;
    let get = |target: String| Request::get(target).header("authorization", "Bearer k");
    let answer = loop {
        let answer = ask(&minimax, &get(format!("/v1/query/video_generation?task_id={task}"))).await;
        let answer = answer.expect("it answers").value().expect("JSON");
        if answer["status"] == "Success" {
            break answer;
        }
    };
    let file = answer["file_id"].as_str().expect("an id");
    let answer = ask(&minimax, &get(format!("/v1/files/retrieve?file_id={file}"))).await.expect("it answers");
    assert_eq!(answer.status, 500);
}
