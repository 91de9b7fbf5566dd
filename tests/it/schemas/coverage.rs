//! Every clause of every schema file has been broken by some row of the tables.

use std::collections::BTreeSet;

use ringback::schema::{FILES, violations};
use rstest::rstest;
use serde_json::Value;

use super::{CounterExample, gateway, parse, report};

#[rstest]
fn every_clause_has_a_counter_example() {
    let mut clauses = BTreeSet::new();
    for (file, text) in FILES.iter().filter(|(file, _)| file.ends_with(".schema.json")) {
        collect(&Place::root(file), &parse(text), &mut clauses);
    }
    let tables = [
        gateway::SUBMIT_REQUEST,
        gateway::SUBMIT_RESPONSE,
        gateway::STATUS_RESPONSE,
        gateway::ERROR_RESPONSE,
        report::REPORTS,
        report::EXCHANGES,
    ];
    let broken: BTreeSet<_> = tables.into_iter().flatten().flat_map(broken_by).collect();
    let unbroken: Vec<_> = clauses.difference(&broken).collect();
    assert!(unbroken.is_empty(), "no counter-example breaks {unbroken:#?}");
    assert!(broken.is_subset(&clauses), "the walk has overlooked {:#?}", broken.difference(&clauses));
}

/// A place in a schema file.
#[derive(Debug, Clone)]
struct Place {
    file: String,
    pointer: String,
}

impl Place {
    fn root(file: &str) -> Self {
        Self { file: file.to_owned(), pointer: String::new() }
    }

    fn child(&self, key: &str) -> Self {
        Self { file: self.file.clone(), pointer: format!("{}/{key}", self.pointer) }
    }

    fn value(&self) -> Value {
        let (_, text) = FILES.iter().find(|(file, _)| *file == self.file).expect("an embedded file");
        parse(text).pointer(&self.pointer).expect("a place in the file").clone()
    }

    /// Where the `$ref` at this place leads.
    fn target(&self) -> Self {
        let value = self.value();
        let reference = value.as_str().expect("a `$ref` is a string");
        let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let folder = self.file.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let file = if file.is_empty() { self.file.clone() } else { format!("{folder}{file}") };
        Self { file, pointer: pointer.to_owned() }
    }

    fn name(&self) -> String {
        format!("{}#{}", self.file, self.pointer)
    }
}

/// Adds the clauses of a schema, a `required` once per key.
///
/// What is inside `if` and `not` is no clause of its own: the branch or the `not` is what a value breaks.
fn collect(place: &Place, schema: &Value, clauses: &mut BTreeSet<String>) {
    let Some(schema) = schema.as_object() else {
        assert_eq!(*schema, Value::Bool(false), "{}", place.name());
        clauses.insert(place.name());
        return;
    };
    for (key, value) in schema {
        let here = place.child(key);
        match key.as_str() {
            "$schema" | "title" | "description" | "if" => {}
            "additionalProperties" if *value == Value::Bool(true) => {}
            "properties" | "$defs" => {
                for (name, part) in value.as_object().expect("named schemas") {
                    collect(&here.child(name), part, clauses);
                }
            }
            "allOf" => {
                for (index, part) in value.as_array().expect("a list of schemas").iter().enumerate() {
                    collect(&here.child(&index.to_string()), part, clauses);
                }
            }
            "items" | "then" | "else" => collect(&here, value, clauses),
            "required" => {
                let keys = value.as_array().expect("a list of keys");
                clauses.extend(keys.iter().map(|key| here.child(key.as_str().expect("a key")).name()));
            }
            "type"
            | "enum"
            | "const"
            | "not"
            | "pattern"
            | "format"
            | "minLength"
            | "minimum"
            | "maximum"
            | "minItems"
            | "maxItems"
            | "uniqueItems"
            | "additionalProperties"
            | "$ref" => {
                clauses.insert(here.name());
            }
            unknown => panic!("the walk does not know `{unknown}` at {}: teach it", place.name()),
        }
    }
}

/// The clause that a row breaks and each `$ref` on the way to it.
fn broken_by(row: &CounterExample) -> Vec<String> {
    let mut clauses = Vec::new();
    for (gone, document) in row.edit.apply(row.base) {
        for violation in violations(row.schema, &document) {
            let mut place = Place::root(row.schema.file_name());
            for key in violation.rule.split('/').skip(1) {
                place = place.child(key);
                if key == "$ref" {
                    clauses.push(place.name());
                    place = place.target();
                }
            }
            place = gone.map_or(place.clone(), |key| place.child(key));
            clauses.push(place.name());
        }
    }
    clauses
}
