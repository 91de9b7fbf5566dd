//! Does each rule about the docs find what breaks it? Pages that are wrong in one way each.

use rstest::rstest;

use super::blocks;
use super::links;
use super::pages::{Block, Page};
use super::quotes;
use super::session::{Session, Step, differs, play, renumbered, steps};

fn found(text: &str) -> Vec<String> {
    let page = Page::read("docs/new.md", text);
    [blocks::unknown(&page), blocks::configuration(&page), blocks::flags(&page), links::broken(&page)]
        .concat()
}

#[rstest]
#[case::kind("```bash\nls\n```\n", "docs/new.md:1: `bash` is no kind of block")]
#[case::no_kind("words\n\n```\nls\n```\n", "docs/new.md:3: `` is no kind of block")]
#[case::reason("```console sometimes\n$ ls\n```\n", "docs/new.md:1: `console sometimes` is no kind of block")]
#[case::indented("words\n\n    ls\n", "docs/new.md:3: `indented` is no kind of block")]
#[case::hidden("```text\n$ ls\n```\n", "docs/new.md:1: a command in a drawing would never be run")]
#[case::no_command("```console\nls\n```\n", "docs/new.md:1: it begins with no command")]
#[case::yaml("```yaml\na: [\n```\n", "docs/new.md:1: ")]
#[case::key("```toml\n[gateway]\nurll = \"x\"\n```\n", "unknown field `urll`")]
#[case::value("```toml\n[gateway]\nvendors = [\"klong\"]\n```\n", "there is no vendor `klong`")]
#[case::knob("```toml\n[gateway.knobs]\nroot = \"x\"\n```\n", "there is no knob `root`")]
#[case::receiver("```toml\n[receiver]\nvendors = [\"klong\"]\n```\n", "there is no vendor `klong`")]
#[case::flag("```console outside\n$ ringback test gateway --exek x\n```\n", "unexpected argument '--exek'")]
#[case::second_line(
    "```console outside\n$ ringback test gateway \\\n    --exek x\n```\n",
    "unexpected argument '--exek'"
)]
#[case::verb("```console long\n$ ringback tset\n```\n", "unrecognized subcommand 'tset'")]
#[case::file("[there](absent.md)\n", "docs/new.md: absent.md leads nowhere")]
#[case::folder("[there](../../outside)\n", "docs/new.md: ../../outside leads nowhere")]
#[case::heading("# Here\n\n[there](#their)\n", "docs/new.md: #their names no heading")]
#[case::other_heading(
    "[there](../CONTRIBUTING.md#wards)\n",
    "docs/new.md: ../CONTRIBUTING.md#wards names no heading"
)]
fn what_breaks_a_rule_is_found(#[case] text: &str, #[case] says: &str) {
    let found = found(text);
    assert!(found.iter().any(|wrong| wrong.contains(says)), "{found:?}");
}

#[test]
fn what_keeps_the_rules_is_not() {
    let text = "# What, here?\n\n```text\na → b\n```\n```console outside\n$ ringback test gateway --only 'GW-*' # all\n```\n\
                ```toml\n[run]\nseed = 7\n```\n[a](#what-here) [b](../README.md) [c](../CONTRIBUTING.md#words) \
                [d](https://example.com)\n";
    assert_eq!(found(text), Vec::<String>::new());
}

#[rstest]
#[case::right("python", Some("f.py: one"), "if a:\n    b()", None)]
#[case::lines("python", Some("f.py"), "b()\nc()", None)]
#[case::changed("python", Some("f.py: one"), "if a:\n    c()", Some("f.py: one is quoted differently"))]
#[case::cut("python", Some("f.py: one"), "if a:", Some("f.py: one is quoted differently"))]
#[case::no_such_lines("python", Some("f.py"), "c()\nb()", Some("f.py is quoted differently"))]
#[case::nothing("python", Some("f.py"), "", Some("f.py is quoted differently"))]
#[case::no_region("python", Some("f.py: two"), "x", Some("f.py: two does not exist"))]
#[case::no_file("python", Some("g.py"), "x", Some("there is no g.py to quote"))]
#[case::unsaid("rust", None, "x()", Some("a rust block says not what it quotes"))]
#[case::drawing("text", None, "x()", None)]
fn a_quotation_is_compared(
    #[case] info: &str,
    #[case] label: Option<&str>,
    #[case] text: &str,
    #[case] says: Option<&str>,
) {
    let source = "x\n# guide: one\n    if a:\n        b()\n# end\n  b()\n  c()\n";
    let block = Block {
        place: "here".to_owned(),
        info: info.to_owned(),
        text: text.to_owned(),
        label: label.map(str::to_owned),
    };
    let found = quotes::difference(&block, |file| (file == "f.py").then(|| source.to_owned()));
    assert_eq!(found, says.map(|says| format!("here: {says}")));
}

#[test]
fn a_region_that_nobody_quotes_is_found() {
    let page = Page::read("docs/new.md", "words\n");
    let found = quotes::unquoted(&[page]);
    assert!(found.contains(&"examples/receiver.py: settle is quoted nowhere".to_owned()), "{found:?}");
}

#[rstest]
#[case::same("a\nb\n", "a\nb\n", 0, true)]
#[case::differs("a\nb\n", "a\nc\n", 0, false)]
#[case::more("a\n", "a\nb\n", 0, false)]
#[case::some_lines("a\n...\nd\n", "a\nb\nc\nd\n", 0, true)]
#[case::some_lines_wrong_end("a\n…\nd\n", "a\nb\nc\n", 0, false)]
#[case::some_text("a … c\n", "a b c\n", 0, true)]
#[case::times("took 1.36 s\n", "took 17.2 s\n", 0, true)]
#[case::not_times("took 1 of 2\n", "took 2 of 2\n", 0, false)]
#[case::silent_success("", "whatever\n", 0, true)]
#[case::silent_failure("", "whatever\n", 1, false)]
#[case::hidden_failure("a\n", "a\n", 1, false)]
#[case::shown_failure("Verdict: VIOLATIONS (exit code 1)\n", "Verdict: VIOLATIONS (exit code 1)\n", 1, true)]
#[case::other_failure("Verdict: VIOLATIONS (exit code 1)\n", "Verdict: VIOLATIONS (exit code 1)\n", 3, false)]
fn what_is_printed_is_compared(
    #[case] shown: &str,
    #[case] printed: &str,
    #[case] code: i32,
    #[case] same: bool,
) {
    let difference = differs(shown, printed, Some(code));
    assert_eq!(difference.is_none(), same, "{difference:?}");
}

#[rstest]
#[case::output("```console\n$ echo a\nb\n```\n", 1)]
#[case::failure("```console\n$ false\n```\n", 1)]
#[case::state("```console\n$ export A=1\n$ cd examples\n$ echo $A; ls gateway.py\n1\ngateway.py\n```\n", 0)]
#[case::first_only("```console\n$ false\n$ false\n```\n", 1)]
#[case::runs_on("```console running\n$ echo up; sleep 100\nup\n```\n", 0)]
#[case::ends("```console running\n$ echo up\nnever\n```\n", 1)]
#[case::not_run("```console outside\n$ false\n```\n", 0)]
fn a_page_is_played(#[case] text: &str, #[case] wrong: usize) {
    let found = play(&Page::read("docs/new.md", text));
    assert_eq!(found.len(), wrong, "{found:?}");
}

/// When it ends is waited for, so that this does not depend on who is faster.
#[test]
fn what_ends_later_is_told() {
    let step = |command: &str, shown: &str| Step { command: command.to_owned(), shown: shown.to_owned() };
    let mut session = Session::new();
    session.start(&step("mkfifo held; echo up; cat held", "up\n")).expect("it waits to be told");
    assert_eq!(session.ended(), Vec::<String>::new());
    session.run(&step("echo >held", "")).expect("it is told");
    session.running[0].1.wait().expect("it ends");
    assert_eq!(session.ended().len(), 1);
}

#[test]
fn commands_go_on_after_a_backslash() {
    let found = steps("$ a \\\n  b\nshown\n$ c\n");
    let said: Vec<(&str, &str)> =
        found.iter().map(|step| (step.command.as_str(), step.shown.as_str())).collect();
    assert_eq!(said, [("a \\\n  b", "shown\n"), ("c", "")]);
}

#[test]
fn only_whole_ports_are_renumbered() {
    assert_eq!(
        renumbered("127.0.0.1:9100/x 91000 19100 PORT=9100", 9100, 5),
        "127.0.0.1:5/x 91000 19100 PORT=5"
    );
}
