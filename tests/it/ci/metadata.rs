//! Does `action.yml` say what the script does: every input documented, handed on and read, every output set, and nothing
//! of an input inside a script? And do the workflows here and in the docs use inputs that there are?

use std::collections::BTreeSet;

use serde_json::Value;

use super::workspace::{read, yaml};

fn keys(of: &Value) -> BTreeSet<String> {
    of.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

#[test]
fn every_input_is_documented_handed_on_and_read() {
    let action = yaml("action.yml");
    assert_eq!(action["runs"]["using"], "composite");
    let steps = action["runs"]["steps"].as_array().expect("steps");
    let [step] = steps.as_slice() else { panic!("one step does it all") };
    let script = read("ci/action.sh");
    let page = read("docs/ci.md");
    for (name, input) in action["inputs"].as_object().expect("inputs") {
        assert!(input["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} says nothing");
        let required = input["required"] == true;
        assert!(required != input["default"].is_string(), "{name} is required, or has a default in words");
        let variable = format!("INPUT_{}", name.to_uppercase());
        assert_eq!(step["env"][&variable], format!("${{{{ inputs.{name} }}}}"), "{name} is not handed on");
        assert!(script.contains(&format!("${{{variable}")), "{name} is not read");
        assert!(page.contains(&format!("| `{name}` |")), "docs/ci.md has no row for {name}");
    }
    assert_eq!(keys(&step["env"]).len(), keys(&action["inputs"]).len(), "a variable that is no input");
}

#[test]
fn every_output_is_set() {
    let action = yaml("action.yml");
    let script = read("ci/action.sh");
    let page = read("docs/ci.md");
    for (name, output) in action["outputs"].as_object().expect("outputs") {
        assert!(output["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} says nothing");
        assert_eq!(output["value"], format!("${{{{ steps.judge.outputs.{name} }}}}"));
        assert!(script.contains(&format!("\"{name}=$")), "{name} is not set");
        assert!(page.contains(&format!("| `{name}` |")), "docs/ci.md has no row for {name}");
    }
}

/// An expression inside a script is pasted before the shell reads it: whoever chooses its value writes the script.
#[test]
fn no_script_holds_an_expression() {
    let mut scripts = 0;
    for file in ["action.yml", ".github/workflows/ci.yml"] {
        each_script(&yaml(file), &mut |script| {
            assert!(!script.contains("${{"), "{file}: {script}");
            scripts += 1;
        });
    }
    assert!(scripts >= 3, "{scripts} scripts were seen");
}

fn each_script(tree: &Value, seen: &mut impl FnMut(&str)) {
    match tree {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(script) if key == "run" => seen(script),
                    _ => each_script(value, seen),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_script(item, seen)),
        _ => {}
    }
}

/// Steps that use the action, here and in the docs, name inputs that it has, and those that it must have.
#[test]
fn whoever_uses_it_names_inputs_that_there_are() {
    let action = yaml("action.yml");
    let known = keys(&action["inputs"]);
    let documented = read("docs/ci.md");
    let blocks = documented.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut trees: Vec<Value> =
        blocks.map(|block| serde_saphyr::from_str(block).expect("it is YAML")).collect();
    trees.push(yaml(".github/workflows/ci.yml"));
    let mut uses = 0;
    for tree in &trees {
        each_use(tree, &mut |with| {
            uses += 1;
            let named = keys(with);
            assert!(named.is_subset(&known), "{named:?}");
            assert!(named.contains("subject"), "{named:?}");
            assert!(named.contains("exec") != named.contains("url"), "{named:?}");
        });
    }
    assert!(uses >= 2, "{uses} uses were seen");
}

fn each_use(tree: &Value, seen: &mut impl FnMut(&Value)) {
    let is_ours = |name: &str| name == "./" || name.contains("/ringback@");
    match tree {
        Value::Object(members) if members.get("uses").and_then(Value::as_str).is_some_and(is_ours) => {
            seen(&members["with"]);
        }
        Value::Object(members) => members.values().for_each(|value| each_use(value, seen)),
        Value::Array(items) => items.iter().for_each(|item| each_use(item, seen)),
        _ => {}
    }
}
