//! Is what the docs show true? Every fenced block is run, parsed or a quotation, or says in its first line why it is none
//! of these; every link leads somewhere; every page is in the index.
#![cfg(unix)]

use std::collections::BTreeSet;

use rstest::rstest;

mod blocks;
mod in_rust;
mod links;
mod pages;
mod quotes;
mod rules;
mod session;

use pages::{Page, all, page};

#[test]
fn every_block_is_of_a_known_kind() {
    assert_eq!(each(blocks::unknown), Vec::<String>::new());
}

#[test]
fn every_configuration_is_one() {
    assert_eq!(each(blocks::configuration), Vec::<String>::new());
}

#[test]
fn every_flag_of_a_command_that_is_not_run_exists() {
    assert_eq!(each(blocks::flags), Vec::<String>::new());
}

#[test]
fn every_quotation_is_what_the_file_says() {
    let mut wrong = each(quotes::differences);
    wrong.extend(quotes::unquoted(&all()));
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_link_leads_somewhere() {
    assert_eq!(each(links::broken), Vec::<String>::new());
}

/// Whoever starts at the README finds every page, in two steps.
#[test]
fn every_page_is_in_the_index() {
    assert!(page("README.md").links_to("docs/README.md"), "the README does not link the index");
    let index = page("docs/README.md");
    let missing: Vec<String> = all()
        .iter()
        .filter(|page| {
            page.path.starts_with("docs/") && page.path != index.path && !index.links_to(&page.path)
        })
        .map(|page| page.path.clone())
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

/// One case for each page, so that they are played side by side.
#[rstest]
#[case::readme("README.md")]
#[case::contributing("CONTRIBUTING.md")]
#[case::ci("docs/ci.md")]
#[case::gateway("docs/judge-a-gateway.md")]
#[case::receiver("docs/judge-a-receiver.md")]
#[case::mocks("docs/mocks.md")]
#[case::reports("docs/reports.md")]
#[case::snapshots("docs/snapshots.md")]
#[case::guide("docs/write-a-receiver.md")]
#[case::check("docs/add-a-check.md")]
#[case::vendor("docs/add-a-vendor.md")]
fn what_a_page_shows_is_what_one_sees(#[case] path: &str) {
    let wrong = session::play(&page(path));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_with_a_session_is_played() {
    let played: BTreeSet<&str> = include_str!("docs.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("#[case::")?.split('"').nth(1))
        .collect();
    let forgotten: Vec<String> = all()
        .into_iter()
        .filter(|page| session::is_played(page) && !played.contains(page.path.as_str()))
        .map(|page| page.path)
        .collect();
    assert_eq!(forgotten, Vec::<String>::new());
}

fn each(rule: impl Fn(&Page) -> Vec<String>) -> Vec<String> {
    all().iter().flat_map(rule).collect()
}
