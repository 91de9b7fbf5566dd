//! The schemas, clause by clause.
//!
//! Every documented example passes. Every clause has a counter-example: a valid document with one edit that breaks this
//! clause, at this place, and nothing else, so that losing the clause would let the counter-example through. `coverage`
//! walks the schema files and names each clause that no row of the tables has broken, so a new clause needs a new row.

use ringback::schema::{Schema, violations};
use serde_json::Value;

use Edit::{Put, Text, Without};

/// Declares a table twice: as rstest cases, for a name per row, and as a constant that `coverage` can walk.
macro_rules! counter_examples {
    ($table:ident, $test:ident, $schema:expr; $($name:ident: $base:ident, $edit:expr => $pointer:literal, $rule:literal;)*) => {
        pub(crate) const $table: &[CounterExample] = &[
            $(CounterExample { schema: $schema, base: $base, edit: $edit, pointer: $pointer, rule: $rule }),*
        ];

        #[rstest]
        $(#[case::$name(
            CounterExample { schema: $schema, base: $base, edit: $edit, pointer: $pointer, rule: $rule }
        )])*
        fn $test(#[case] row: CounterExample) {
            row.judge();
        }
    };
}

mod coverage;
mod files;
mod gateway;
mod report;
mod wording;

/// The one change that turns a valid document into another one.
#[derive(Debug, Clone, Copy)]
enum Edit {
    /// Sets a place to this JSON text.
    Put(&'static str, &'static str),
    /// Sets a place to this string.
    Text(&'static str, &'static str),
    /// Takes these keys out of an object, one at a time: as many counter-examples as keys.
    Without(&'static str, &'static [&'static str]),
}

impl Edit {
    /// Each result, with the key that is gone where one is.
    fn apply(self, base: &str) -> Vec<(Option<&'static str>, Value)> {
        match self {
            Put(at, json) => vec![(None, replaced(parse(base), at, parse(json)))],
            Text(at, text) => vec![(None, replaced(parse(base), at, Value::from(text)))],
            Without(at, keys) => keys.iter().map(|key| (Some(*key), without(parse(base), at, key))).collect(),
        }
    }
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).expect("the tables hold JSON")
}

fn replaced(mut document: Value, at: &str, new: Value) -> Value {
    let Some((parent, key)) = at.rsplit_once('/') else { return new };
    match document.pointer_mut(parent).expect("the parent is in the base") {
        Value::Array(items) => items[key.parse::<usize>().expect("an index")] = new,
        parent => parent[key] = new,
    }
    document
}

fn without(mut document: Value, at: &str, key: &str) -> Value {
    let object = document.pointer_mut(at).and_then(Value::as_object_mut).expect("an object in the base");
    assert!(object.shift_remove(key).is_some(), "the base has no `{key}` at `{at}`");
    document
}

/// One clause and how to break it.
#[derive(Debug, Clone, Copy)]
struct CounterExample {
    schema: Schema,
    base: &'static str,
    edit: Edit,
    pointer: &'static str,
    /// How the rule ends; the pointer and the single violation leave no doubt about the rest.
    rule: &'static str,
}

impl CounterExample {
    /// Exactly one violation: a second one would keep the counter-example failing after the loss of this clause.
    fn judge(self) {
        assert_eq!(violations(self.schema, &parse(self.base)), [], "the base must be valid");
        for (gone, document) in self.edit.apply(self.base) {
            let found = violations(self.schema, &document);
            let [only] = found.as_slice() else {
                panic!("not exactly one violation (gone: {gone:?}): {found:#?}")
            };
            assert_eq!(only.pointer, self.pointer, "{only}");
            assert!(only.rule.ends_with(self.rule), "{} does not end with {}", only.rule, self.rule);
        }
    }
}

/// Asserts that a valid document stays valid after these edits, each a place and its JSON text.
fn accept(schema: Schema, base: &str, edits: &[(&str, &str)]) {
    let mut document = parse(base);
    for (at, json) in edits {
        document = replaced(document, at, parse(json));
    }
    assert_eq!(violations(schema, &document), []);
}
