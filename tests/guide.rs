//! Is `docs/write-a-receiver.md` still a quotation of the two example receivers?
//!
//! A region of a file stands between `# guide: NAME` and `# end` (`//` in JavaScript). A comment `<!-- FILE: NAME -->` in
//! the guide says which region the code block below it quotes. Nothing about what the receivers do: that is judged
//! by running them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const GUIDE: &str = "docs/write-a-receiver.md";
const EXAMPLES: &[&str] = &["examples/receiver.py", "examples/receiver.mjs"];

/// Regions by file and name, without the indentation that all their lines share.
type Regions = BTreeMap<(String, String), String>;

#[test]
fn every_block_is_its_region() {
    let regions = EXAMPLES.iter().flat_map(|file| regions(file, &read(file))).collect();
    assert_eq!(differences(&read(GUIDE), &regions), Vec::<String>::new());
}

#[test]
fn a_difference_is_found() {
    let source = "# guide: one\n    if a:\n        b()\n# end\n# guide: two\nc()\n# end\n";
    let regions: Regions = regions("f.py", source).into_iter().collect();
    let one = "<!-- f.py: one -->\n```python\nif a:\n    b()\n```\n";
    let two = "<!-- f.py: two -->\n```python\nc()\n```\n";
    let found = |guide: &str| differences(guide, &regions);
    assert_eq!(found(&format!("{one}words\n{two}")), Vec::<String>::new());
    assert_eq!(found(&format!("{one}{}", two.replace("c()", "d()"))), ["f.py: two is quoted differently"]);
    assert_eq!(found(one), ["f.py: two is quoted nowhere"]);
    assert_eq!(found(&format!("{one}{two}<!-- f.py: three -->\n```\n```\n")), ["f.py: three does not exist"]);
    assert_eq!(found(&format!("{one}{two}<!-- f.py: two -->\nwords\n")), ["f.py: two has no code block"]);
    assert_eq!(found(&format!("{one}{two}```js\nx\n```\n")), ["a js block says not what it quotes"]);
    assert_eq!(found(&format!("{one}{two}```console\n$ x\n```\n")), Vec::<String>::new());
}

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn regions(file: &str, source: &str) -> Vec<((String, String), String)> {
    let mut found: Vec<((String, String), String)> = Vec::new();
    let mut open: Option<(&str, Vec<&str>)> = None;
    for line in source.lines() {
        let comment = line.trim().trim_start_matches('#').trim_start_matches("//").trim_start();
        let is_comment = comment.len() < line.trim().len();
        if let Some(name) = comment.strip_prefix("guide: ").filter(|_| is_comment) {
            assert!(open.is_none(), "{file}: {name} begins within another region");
            assert!(
                found.iter().all(|((_, known), _)| known != name),
                "{file}: two regions are called {name}"
            );
            open = Some((name, Vec::new()));
        } else if is_comment && comment == "end" {
            let (name, lines) = open.take().unwrap_or_else(|| panic!("{file}: an end without a beginning"));
            found.push(((file.to_owned(), name.to_owned()), dedented(&lines)));
        } else if let Some((_, lines)) = &mut open {
            lines.push(line);
        }
    }
    assert!(open.is_none(), "{file}: a region has no end");
    found
}

fn dedented(lines: &[&str]) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let shared = lines.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min();
    let cut: Vec<&str> = lines.iter().map(|line| line.get(shared.unwrap_or(0)..).unwrap_or("")).collect();
    cut.join("\n")
}

/// What is wrong with the guide, in words; nothing when every block equals its region and every region is quoted.
fn differences(guide: &str, regions: &Regions) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut quoted = Vec::new();
    let mut said: Option<(String, String)> = None;
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            match said.take() {
                Some(key) => {
                    match regions.get(&key) {
                        None => wrong.push(format!("{}: {} does not exist", key.0, key.1)),
                        Some(region) if *region != block.join("\n") => {
                            wrong.push(format!("{}: {} is quoted differently", key.0, key.1));
                        }
                        Some(_) => {}
                    }
                    quoted.push(key);
                }
                None if matches!(language, "python" | "js") => {
                    wrong.push(format!("a {language} block says not what it quotes"));
                }
                None => {}
            }
        } else {
            if let Some(key) = said.take() {
                wrong.push(format!("{}: {} has no code block", key.0, key.1));
            }
            said = line
                .strip_prefix("<!-- ")
                .and_then(|rest| rest.strip_suffix(" -->"))
                .and_then(|label| label.split_once(": "))
                .map(|(file, name)| (file.to_owned(), name.to_owned()));
        }
    }
    let unquoted = regions.keys().filter(|key| !quoted.contains(key));
    wrong.extend(unquoted.map(|(file, name)| format!("{file}: {name} is quoted nowhere")));
    wrong
}
