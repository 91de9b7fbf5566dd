//! Keys, limits, the list of tasks and the credits.

use ringback_mocks::vendor::{Phase, Purpose};
use ringback_mocks::wire::Request;
use rstest::rstest;
use serde_json::{Value, json};

use super::{create, dialect, end, enter, get, handled, keys, later, machine, now, post, value};
use ringback_mocks::machine::{Machine, Reply};

#[rstest]
#[case::none(None)]
#[case::empty(Some(""))]
#[case::bare(Some("key"))]
#[case::bearer(Some("Bearer key"))]
#[case::lower_case(Some("token key"))]
#[case::no_key(Some("Token "))]
#[case::wrong(Some("Token nobody"))]
#[case::two_spaces(Some("Token  key"))]
fn only_a_known_key_after_the_word_token_is_let_in(#[case] authorization: Option<&str>) {
    let paths = dialect().routes.iter().map(|route| (route.method, route.path));
    for (method, path) in paths.chain([("GET", "/ent/v2/nothing"), ("DELETE", "/")]) {
        let mut request = Request { method: method.to_owned(), ..Request::post(path, &json!({})) };
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let mut machine = machine(&[]);
        let turn = machine.handle(&request, now());
        let Reply::Response(response) = &turn.reply else { panic!("an answer") };
        let body = value(response);
        assert_eq!((response.status, &body["reason"]), (401, &json!("Unauthorized")), "{method} {path}");
        assert_eq!(turn.refused.map(|row| row.name), Some("unauthorized"));
        assert!(machine.tasks().is_empty());
    }
}

#[rstest]
#[case("POST", "/ent/v2/tasks")]
#[case("GET", "/ent/v2/text2video")]
#[case("DELETE", "/ent/v2/tasks/1/cancel")]
#[case("GET", "/ent/v2/tasks/1")]
#[case("GET", "/ent/v2/tasks/1/2/creations")]
#[case("POST", "/ent/v2/image2dance")]
#[case("POST", "/ent/v1/tasks")]
fn what_is_no_route_is_not_found(#[case] method: &str, #[case] path: &str) {
    let request = Request { method: method.to_owned(), ..Request::post(path, &json!({})) };
    let (status, body, _) = handled(&mut machine(&[]), request, now());
    assert_eq!((status, &body["reason"]), (404, &json!("NotFound")));
}

#[test]
fn too_many_at_once_and_too_many_a_minute_are_different_errors() {
    let mut machine = machine(&[]);
    machine.settings_mut().limits.concurrent = Some(5);
    let body = json!({"model": "viduq1", "prompt": "a boat"});
    for _ in 0..5 {
        assert_eq!(post(&mut machine, "/ent/v2/text2video", &body).0, 200);
    }
    let (status, answer) = post(&mut machine, "/ent/v2/text2video", &body);
    assert_eq!((status, &answer["reason"]), (429, &json!("QuotaExceeded")));
    machine.settings_mut().limits.concurrent = None;
    machine.settings_mut().limits.per_minute = Some(1);
    assert_eq!(post(&mut machine, "/ent/v2/text2video", &body).0, 200);
    let (status, answer) = post(&mut machine, "/ent/v2/text2video", &body);
    assert_eq!((status, &answer["reason"]), (429, &json!("TooManyRequests")));
}

/// Three tasks, an hour between them: one at work, one done by a template, one new and long.
fn three(machine: &mut Machine) -> [String; 3] {
    let (first, _) = create(machine, &json!({}), later(0));
    enter(machine, &first, Phase::Running);
    let template =
        json!({"template": "hugging", "images": ["https://img.example.com/two.png"], "watermark": true});
    let (_, answer, _) = handled(machine, Request::post("/ent/v2/template", &template), later(3_600));
    let second = answer["task_id"].as_str().expect("an id").to_owned();
    end(machine, &second, "succeeded");
    let (third, _) = create(machine, &json!({"model": "viduq2", "duration": 9}), later(7_200));
    [first, second, third]
}

fn listed(machine: &mut Machine, query: &str, at: i64) -> (u16, Value, Vec<String>) {
    let (status, body, _) = handled(machine, Request::get(format!("/ent/v2/tasks?{query}")), later(at));
    let ids = body["tasks"].as_array().into_iter().flatten();
    let ids = ids.filter_map(|task| task["id"].as_str().map(str::to_owned)).collect();
    (status, body, ids)
}

const WEEK: i64 = 7 * 24 * 3_600;

#[rstest]
#[case::all("", 7_200, &[2, 1, 0])]
#[case::a_week_later("", WEEK, &[2, 1, 0])]
#[case::window("", WEEK + 1, &[2, 1])]
#[case::window_gone("", WEEK + 7_201, &[])]
#[case::from("created_at.from=2026-11-24T12:30:00Z", 7_200, &[2, 1])]
#[case::from_beyond_window("created_at.from=2026-11-01T00:00:00Z", WEEK + 9_000, &[2, 1, 0])]
#[case::to("created_at.to=2026-11-24T13:30:00Z", 7_200, &[1, 0])]
#[case::to_in_seconds("created_at.to=1795523400", 7_200, &[0])]
#[case::state("states=processing", 7_200, &[0])]
#[case::states_repeated("states=created&states=success", 7_200, &[2, 1])]
#[case::states_with_commas("states=created,processing", 7_200, &[2, 0])]
#[case::version("model_versions=q2", 7_200, &[2])]
#[case::versions("model_versions=q1,2.0", 7_200, &[0])]
#[case::template("templates=hugging", 7_200, &[1])]
#[case::resolution("resolutions=1080p", 7_200, &[0])]
#[case::nobody("task_ids=1", 7_200, &[])]
#[case::page_of_two("paper.pagesz=2", 7_200, &[2, 1])]
#[case::next_page("paper.page=1&paper.pagesz=2", 7_200, &[0])]
#[case::page_beyond("paper.page=9&paper.pagesz=2", 7_200, &[])]
#[case::other_spelling("pager.page=1&pager.pagesz=1", 7_200, &[1])]
#[case::unknown("mood=glad", 7_200, &[2, 1, 0])]
fn the_list_is_filtered_and_paged(#[case] query: &str, #[case] at: i64, #[case] wanted: &[usize]) {
    let mut machine = machine(&[]);
    let ids = three(&mut machine);
    let (status, body, got) = listed(&mut machine, query, at);
    assert_eq!(status, 200, "{body}");
    assert_eq!(got, wanted.iter().map(|at| ids[*at].clone()).collect::<Vec<_>>());
}

#[test]
fn a_token_leads_through_the_list_even_as_it_grows() {
    let mut machine = machine(&[]);
    let all: Vec<String> = (0..25).map(|at| create(&mut machine, &json!({}), later(at)).0).collect();
    let mut token = String::new();
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let (_, body, ids) = listed(&mut machine, &format!("pager.page_token={token}"), 60);
        pages += 1;
        seen.extend(ids);
        token = body["next_page_token"].as_str().expect("a token").to_owned();
        if token.is_empty() {
            break;
        }
        create(&mut machine, &json!({}), later(30));
    }
    assert_eq!((pages, seen.len()), (3, 25), "ten a page");
    assert!(seen.iter().eq(all.iter().rev()), "the newest first, and none of the later ones");
}

#[rstest]
#[case::large("paper.pagesz=101", "paper.pagesz")]
#[case::none("paper.pagesz=0", "paper.pagesz")]
#[case::word("paper.pagesz=many", "paper.pagesz")]
#[case::negative("paper.page=-1", "paper.page")]
#[case::huge("paper.page=99999999999999999999", "paper.page")]
#[case::token("pager.page_token=nobody", "pager.page_token")]
#[case::state("states=done", "states")]
#[case::time("created_at.from=yesterday", "created_at.from")]
fn bad_parameters_of_the_list_are_named(#[case] query: &str, #[case] field: &str) {
    let (status, body, _) = listed(&mut machine(&[]), query, 0);
    assert_eq!((status, &body["message"]), (400, &json!(format!("invalid field: {field}"))));
}

#[test]
fn an_entry_of_the_list_has_the_tables_fields() {
    let mut machine = machine(&[]);
    let [first, second, _] = three(&mut machine);
    let (_, body, _) = listed(&mut machine, &format!("task_ids={first},{second}"), 7_200);
    let (done, plain) = (&body["tasks"][0], &body["tasks"][1]);
    assert_eq!(keys(&body), ["next_page_token", "tasks"]);
    assert_eq!(done["template"], "hugging");
    assert_eq!(plain.get("template"), None);
    assert_eq!((&plain["model"], &plain["prompt"]), (&json!("viduq1"), &json!("a boat")));
    assert_eq!((&plain["duration"], &plain["resolution"]), (&json!(5), &json!("1080p")));
    assert_eq!(plain["creations"], json!([]));
    assert!(plain["key_id"].as_str().is_some_and(|id| id != "key" && id.parse::<u64>().is_ok()));
    let video = &done["creations"][0]["video"];
    assert!(video["duration"].is_f64() && video["resolution"]["width"].is_u64(), "{done}");
}

#[rstest]
#[case::plain("", 0)]
#[case::without("?show_detail=false", 0)]
#[case::with("?show_detail=true", 1)]
fn credits_say_what_is_left_and_on_demand_from_which_package(#[case] query: &str, #[case] packages: usize) {
    let mut machine = machine(&[]);
    three(&mut machine);
    let (status, body) = get(&mut machine, &format!("/ent/v2/credits{query}"));
    assert_eq!(status, 200);
    assert_eq!(keys(&body), ["remains", "packages"]);
    let left = &body["remains"][0];
    assert_eq!(left["concurrency_limit"], 5);
    assert_eq!((&left["current_concurrency"], &left["queue_count"]), (&json!(1), &json!(1)));
    assert_eq!(body["packages"].as_array().map(Vec::len), Some(packages));
}

#[test]
fn credits_have_the_name_of_the_table_where_the_knob_says_so() {
    let (_, body) =
        get(&mut machine(&["credits-field=remaining_credits"]), "/ent/v2/credits?show_detail=true");
    assert_eq!(keys(&body), ["remaining_credits", "packages"]);
    let (status, body) = get(&mut machine(&[]), "/ent/v2/credits?show_detail=perhaps");
    assert_eq!((status, &body["message"]), (400, &json!("invalid field: show_detail")));
}

#[test]
fn both_template_paths_are_served() {
    let templates = dialect().routes.iter().filter(|route| route.product == "template");
    assert_eq!(templates.filter(|route| route.purpose == Purpose::Create).count(), 2);
}
