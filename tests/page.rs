//! Is the page one file that loads nothing, can nothing a subject says become part of it, and does it say
//! what matters without its script? What it does in a browser is `tests/page/browser.mjs`.

use std::collections::BTreeMap;
use std::io::Read as _;

use data_encoding::BASE64;
use flate2::read::DeflateDecoder;
use proptest::{prop_assert_eq, proptest};
use ringback::gateway::stage as gateway_stage;
use ringback::gateway::target::GatewayTarget;
use ringback::report::format::named;
use ringback::report::{Report, stored};
use ringback::run::outcome::Outcome;
use ringback::run::session::RunOptions;
use ringback_reference::gateway::defect::Defect;
use rstest::rstest;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const EVERYTHING: &str = include_str!("formats/everything.json");

fn everything() -> Report {
    stored::read("everything.json", EVERYTHING).expect("the fixture keeps the schema").concluded()
}

fn page(report: &Report) -> String {
    (named("html").expect("it is registered").render)(report, ringback::catalogue::by_id)
}

/// What stands between an opening tag, given with its attributes, and its end.
fn between<'page>(page: &'page str, opening: &str, closing: &str) -> &'page str {
    let (_, rest) = page.split_once(opening).unwrap_or_else(|| panic!("there is no {opening}"));
    rest.split_once(closing).unwrap_or_else(|| panic!("{opening} has no end")).0
}

fn style(page: &str) -> &str {
    between(page, "<style>", "</style>")
}

fn script(page: &str) -> &str {
    between(page, "<script>", "</script>")
}

/// The page without what is inside its style and scripts: what a parser looks for tags in.
fn markup(page: &str) -> String {
    let data = between(page, "<script type=\"application/octet-stream\" id=\"data\">", "</script>");
    page.replacen(style(page), "", 1).replacen(script(page), "", 1).replacen(data, "", 1)
}

/// Every tag, as it is written.
fn tags(page: &str) -> Vec<String> {
    let markup = markup(page);
    let tags = markup.split('<').skip(1).map(|rest| rest.split_once('>').expect("every tag is closed").0);
    tags.map(str::to_owned).collect()
}

/// Names and values of a tag's attributes; all are quoted.
fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut rest = tag.split_once(' ').map_or("", |(_, rest)| rest).trim_end_matches('/');
    let mut found = Vec::new();
    while let Some((name, after)) = rest.split_once("=\"") {
        let (value, next) = after.split_once('"').expect("a quoted value ends");
        found.push((name.trim().to_owned(), value.to_owned()));
        rest = next;
    }
    assert_eq!(rest.trim(), "", "an attribute of <{tag}> has no quoted value");
    found
}

/// The report that the script would inflate.
fn data(page: &str) -> Value {
    let data = between(page, "<script type=\"application/octet-stream\" id=\"data\">", "</script>");
    let mut json = Vec::new();
    let bytes = BASE64.decode(data.as_bytes()).expect("it is base64");
    DeflateDecoder::new(bytes.as_slice()).read_to_end(&mut json).expect("it inflates");
    serde_json::from_slice(&json).expect("it is JSON")
}

/// Elements the page is made of; none of them loads anything.
const ELEMENTS: &[&str] = &[
    "!DOCTYPE", "html", "head", "meta", "title", "style", "body", "a", "div", "header", "main", "section",
    "article", "footer", "p", "h1", "h2", "h3", "span", "strong", "em", "ul", "li", "dl", "dt", "dd", "code",
    "svg", "rect", "script",
];
/// Attributes it uses; none of them names something to load, or is script or style.
const ATTRIBUTES: &[&str] = &[
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "class",
    "id",
    "tabindex",
    "href",
    "rel",
    "type",
    "aria-labelledby",
    "aria-hidden",
    "viewBox",
    "preserveAspectRatio",
    "x",
    "width",
    "height",
];

#[test]
fn no_element_or_attribute_loads_anything() {
    let page = page(&everything());
    for tag in tags(&page).iter().filter(|tag| *tag != "!DOCTYPE html") {
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).expect("a tag has a name");
        assert!(ELEMENTS.contains(&name), "<{tag}> is not expected");
        if tag.starts_with('/') {
            continue;
        }
        for (attribute, value) in attributes(tag) {
            assert!(ATTRIBUTES.contains(&attribute.as_str()), "{attribute} in <{tag}> is not expected");
            let leads_out = attribute == "href" && name == "a" && value.starts_with("https://");
            assert!(attribute != "href" || value.starts_with('#') || leads_out, "<{tag}> leads to {value}");
        }
    }
}

#[rstest]
#[case::addresses("url(")]
#[case::imports("@import")]
#[case::fonts("@font-face")]
fn the_style_loads_nothing(#[case] word: &str) {
    assert!(!style(&page(&everything())).contains(word), "the style has {word}");
}

/// Words by which a script loads, sends, or makes markup or code of text.
#[rstest]
#[case("fetch(")]
#[case("XMLHttpRequest")]
#[case("WebSocket")]
#[case("EventSource")]
#[case("sendBeacon")]
#[case("import(")]
#[case("Worker(")]
#[case("innerHTML")]
#[case("outerHTML")]
#[case("insertAdjacentHTML")]
#[case("document.write")]
#[case("createContextualFragment")]
#[case("DOMParser")]
#[case("srcdoc")]
#[case("eval(")]
#[case("Function(")]
#[case("localStorage")]
fn the_script_neither_loads_nor_makes_markup_of_text(#[case] word: &str) {
    assert!(!script(&page(&everything())).contains(word), "the script has {word}");
}

/// Every inline script and style is named by its hash, and nothing else is allowed.
#[test]
fn the_policy_allows_exactly_what_is_there() {
    let page = page(&everything());
    let policy = between(&page, "<meta http-equiv=\"Content-Security-Policy\" content=\"", "\">");
    let directives: BTreeMap<&str, &str> =
        policy.split("; ").filter_map(|directive| directive.split_once(' ')).collect();
    let hash = |text: &str| format!("'sha256-{}'", BASE64.encode(&Sha256::digest(text.as_bytes())));
    let expected = BTreeMap::from([
        ("default-src", "'none'".to_owned()),
        ("style-src", hash(style(&page))),
        ("script-src", hash(script(&page))),
        ("base-uri", "'none'".to_owned()),
        ("form-action", "'none'".to_owned()),
    ]);
    assert_eq!(directives, expected.iter().map(|(name, value)| (*name, value.as_str())).collect());
    assert_eq!(page.matches("<style").count(), 1);
    assert_eq!(page.matches("<script").count(), 2, "the data and the script");
    let before = page.split_once(policy).expect("the policy is there").0;
    assert!(
        !before.contains("<style") && !before.contains("<script"),
        "the policy comes before what it rules"
    );
}

/// Nothing is added, nothing lost, so what was masked is what travels.
#[test]
fn the_data_is_the_report() {
    let report = everything();
    assert_eq!(data(&page(&report)), serde_json::to_value(&report).expect("a report is JSON"));
}

/// A report whose every free text is what a subject chose.
fn saying(said: &str) -> Report {
    let mut report = everything();
    report.target["description"] = said.into();
    report.target["knobs"] = serde_json::json!({ said: said });
    for case in &mut report.cases {
        case.name.push_str(said);
        said.clone_into(&mut case.sentence);
        said.clone_into(&mut case.source.page);
        said.clone_into(&mut case.replay);
        case.reason = Some(said.to_owned());
        if let Some(expectation) = &mut case.expectation {
            said.clone_into(&mut expectation.reason);
        }
        for finding in &mut case.findings {
            finding.expected = vec![said.to_owned(), said.to_owned()];
            said.clone_into(&mut finding.actual);
            finding.pointer = Some(format!("/{said}"));
            finding.curl = Some(said.to_owned());
        }
    }
    for expectation in &mut report.expectations {
        said.clone_into(&mut expectation.pattern);
        said.clone_into(&mut expectation.reason);
    }
    report
}

#[rstest]
#[case::end_of_script("</script><script>alert(1)</script>")]
#[case::comment("<!--<script>")]
#[case::attribute("\" onmouseover=\"alert(1)\" x=\"")]
#[case::template("{{ script }} {{ data }} {% raw %} {% endfor %} {# x #}")]
#[case::other_way_round("\u{202e}gpj.exe\u{2066}")]
fn hostile_text_stays_text(#[case] said: &str) {
    let (plain, hostile) = (page(&saying("x")), page(&saying(said)));
    assert_eq!(tags(&hostile), tags(&plain));
    assert_eq!(script(&hostile), script(&plain));
    assert_eq!(style(&hostile), style(&plain));
    assert!(!hostile.contains(['\u{202e}', '\u{2066}']));
}

#[test]
fn entities_are_shown_as_written() {
    let page = page(&saying("&lt;b&gt;"));
    assert!(page.contains("<dd>&amp;lt;b&amp;gt;</dd>"));
    assert!(!markup(&page).contains("&lt;b&gt;"));
}

#[test]
fn an_address_stays_in_its_attribute() {
    let mut report = everything();
    for case in &mut report.cases {
        "https://example.com/\" onmouseover=\"alert(1)".clone_into(&mut case.source.url);
    }
    let page = page(&report);
    let links: Vec<String> = tags(&page).into_iter().filter(|tag| tag.starts_with("a href")).collect();
    assert!(!links.is_empty());
    for link in links {
        let names: Vec<String> = attributes(&link).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["href", "rel"], "<{link}>");
    }
}

proptest! {
    /// Whatever a subject says, the page has the same elements with the same attributes.
    #[test]
    fn no_text_changes_the_page(text in ".{0,40}", nasty in "[\\x00-\\x20`<>&\"'/={}!\\-a-z]{0,40}") {
        let said = format!("x{text}{nasty}");
        let page = page(&saying(&said));
        prop_assert_eq!(tags(&page), tags(&self::page(&saying("x"))));
        prop_assert_eq!(&data(&page)["cases"][1]["findings"][0]["actual"], &Value::from(said));
    }
}

#[rstest]
#[case::script("javascript:alert(1)")]
#[case::data("data:text/html,<script>alert(1)</script>")]
#[case::file("file:///etc/passwd")]
fn only_web_addresses_become_links(#[case] address: &str) {
    let mut report = everything();
    for case in &mut report.cases {
        address.clone_into(&mut case.source.url);
    }
    let page = page(&report);
    let links: Vec<String> = tags(&page).into_iter().filter(|tag| tag.starts_with("a ")).collect();
    assert_eq!(links, ["a class=\"skip\" href=\"#cases\""]);
}

fn with(change: fn(&mut Report)) -> Report {
    let mut report = everything();
    report.cases.truncate(1);
    report.expectations.clear();
    report.complete = true;
    change(&mut report);
    report.concluded()
}

/// The verdict is never more favourable than it is, and has a sign and a word besides its colour.
#[rstest]
#[case::conforms(|_: &mut Report| {}, "conforms", "✓", "Conforms", 0)]
#[case::violated(|report: &mut Report| report.cases[0].outcome = Outcome::Fail, "violations", "✕", "Violations", 1)]
#[case::cut_short(|report: &mut Report| report.complete = false, "undecided", "?", "Undecided", 3)]
#[case::undecided(|report: &mut Report| report.cases[0].outcome = Outcome::Inconclusive, "undecided", "?", "Undecided", 3)]
#[case::empty(|report: &mut Report| report.cases.clear(), "nothing", "∅", "Nothing ran", 4)]
#[case::not_all_testable(|report: &mut Report| {
    let mut other = report.cases[0].clone();
    other.outcome = Outcome::NotTestable;
    report.cases.push(other);
}, "partly", "◐", "Conforms, as far as it could be judged", 0)]
#[case::excused(|report: &mut Report| report.cases.push(everything().cases.swap_remove(7)), "partly", "◐", "Conforms, expected failures aside", 0)]
fn the_verdict_stands_without_script(
    #[case] change: fn(&mut Report),
    #[case] class: &str,
    #[case] sign: &str,
    #[case] words: &str,
    #[case] code: u8,
) {
    let report = with(change);
    let page = page(&report);
    assert!(
        page.contains(&format!("<header class=\"top {class}\">")),
        "{}",
        between(&page, "<header", "</header>")
    );
    let expected = format!(
        "<span class=\"sign\" aria-hidden=\"true\">{sign}</span> {words} <span class=\"code\">exit code {code}</span>"
    );
    assert_eq!(between(&page, "<h1>", "</h1>"), expected);
    assert!(between(&page, "<title>", "</title>").starts_with(words));
    assert_eq!(page.contains("<p class=\"loud\"><strong>incomplete: "), !report.complete);
}

#[test]
fn denominators_and_cases_stand_without_script() {
    let report = everything();
    let page = page(&report);
    let counts = between(&page, "<ul class=\"counts\">", "</ul>");
    for outcome in Outcome::ALL {
        let item = between(counts, &format!("<li class=\"{}\">", outcome.word()), "</li>");
        let count = format!("<strong>{}</strong>", report.counts.get(outcome));
        assert!(item.contains(&count), "{}: {item}", outcome.word());
    }
    let levels = between(&page, "<ul class=\"levels\">", "</ul>");
    assert!(levels.contains("<strong>5</strong> of 9 MUST cases judged, <em>4 not judged</em>"), "{levels}");
    assert!(levels.contains("<strong>1</strong> of 1 SHOULD cases judged"), "{levels}");
    let plain = between(&page, "<section id=\"plain\">", "</section>");
    let told: Vec<bool> =
        report.cases.iter().map(|case| plain.contains(&format!(": {}</h3>", case.name))).collect();
    // The first simply passed; the ninth passed against its expectation.
    assert_eq!(told, [false, true, true, true, true, true, true, true, true, true]);
}

#[test]
fn what_stands_without_script_is_as_reviewed() {
    let page = page(&everything());
    let body = between(&page, "<div class=\"page\">", "<footer>");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/reports"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("html", body));
}

/// Real transcripts, as many cases as a large run has; the benchmark measures more of them.
#[tokio::test]
async fn a_thousand_cases_stay_below_3_mb() {
    let target = GatewayTarget::embedded(Some(Defect::EscapesDecoded));
    let mut report =
        gateway_stage::judge(target, &RunOptions::default()).await.expect("the reference starts");
    assert!(report.counts.fail > 0, "a defect gives findings");
    // What is repeated lies far further back than deflate looks.
    let judged = report.cases.clone();
    report.cases = judged.iter().cycle().take(1_000).cloned().collect();
    let page = page(&report.concluded());
    assert!(page.len() <= 3_000_000, "{} bytes", page.len());
}
