//! The JSON Schemas of this project, embedded, and the one function that judges a value by them.
//!
//! What lives here: the schema texts, the registry they resolve in, the compiled validators and the wording of violations.
//! This is the only file that knows the `jsonschema` crate, whose interface changes often; nothing of it shows in a public
//! signature. What may not live here: what a violation *means*. Levels, outcomes, findings and the choice of the schema for
//! an answer belong to the checks.
//!
//! Nothing is ever fetched: a `$ref` resolves inside the embedded files or the validators do not build.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::LazyLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Registry, ValidationError, Validator};
use ringback_mocks::vendor::{Dialect, Document, Vendor};
use serde::Serialize;
use serde_json::Value;

/// Every file below `schemas/` but the vendors', by its path there, with its text. A vendor's stand in the table of its
/// dialect.
pub const FILES: &[(&str, &str)] = &[
    ("gateway/defs.schema.json", ringback_schemas::file("gateway/defs.schema.json")),
    ("gateway/error-response.schema.json", Schema::ErrorResponse.text()),
    ("gateway/openapi.json", ringback_schemas::file("gateway/openapi.json")),
    ("gateway/status-response.schema.json", Schema::StatusResponse.text()),
    ("gateway/submit-request.schema.json", Schema::SubmitRequest.text()),
    ("gateway/submit-response.schema.json", Schema::SubmitResponse.text()),
    ("report.schema.json", Schema::Report.text()),
];

/// A document that can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Schema {
    /// What a client sends to `POST /api/generate/submit`.
    SubmitRequest,
    /// What a gateway answers to an accepted submit.
    SubmitResponse,
    /// What a gateway answers to `GET /api/generate/status/{task_id}`.
    StatusResponse,
    /// What a gateway answers when it refuses either call.
    ErrorResponse,
    /// What `--report json=PATH` writes.
    Report,
}

impl Schema {
    /// All of them, in the order of declaration.
    pub const ALL: [Self; 5] =
        [Self::SubmitRequest, Self::SubmitResponse, Self::StatusResponse, Self::ErrorResponse, Self::Report];

    /// Path of the file below `schemas/`.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::SubmitRequest => "gateway/submit-request.schema.json",
            Self::SubmitResponse => "gateway/submit-response.schema.json",
            Self::StatusResponse => "gateway/status-response.schema.json",
            Self::ErrorResponse => "gateway/error-response.schema.json",
            Self::Report => "report.schema.json",
        }
    }

    /// Text of the file, byte for byte.
    pub const fn text(self) -> &'static str {
        ringback_schemas::file(self.file_name())
    }
}

/// One clause of a schema that a value does not satisfy.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Violation {
    /// JSON pointer to the offending place in the value; empty for the whole value.
    ///
    /// For something missing or superfluous it is the object that should or should not have it.
    pub pointer: String,
    /// JSON pointer to the clause, starting at the root of the schema asked for and going through each `$ref` on the way
    /// (`keywordLocation` in the standard's own output format).
    pub rule: String,
    /// What is wrong, in words. Bounded: long values are shortened.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "(root)" } else { &self.pointer };
        write!(f, "{place}: {}", self.message)
    }
}

/// Judges `value`. Empty means valid.
pub fn violations(schema: Schema, value: &Value) -> Vec<Violation> {
    VALIDATORS[schema as usize].iter_errors(value).map(|error| violation(&error)).collect()
}

/// Judges `value` as a document of a vendor's dialect. Empty means valid; `None` means that the dialect has no such
/// document.
pub fn document_violations(dialect: &Dialect, document: Document, value: &Value) -> Option<Vec<Violation>> {
    let validator = DOCUMENTS.get(&(dialect.name, document))?;
    Some(validator.iter_errors(value).map(|error| violation(&error)).collect())
}

/// Every field name that the schema of a document knows, at any depth; `None` where there is no such document.
pub fn document_fields(dialect: &Dialect, document: Document) -> Option<BTreeSet<String>> {
    fn gather(schema: &Value, found: &mut BTreeSet<String>) {
        match schema {
            Value::Object(object) => object.iter().for_each(|(key, value)| {
                if let (true, Some(fields)) = (key == "properties", value.as_object()) {
                    found.extend(fields.keys().cloned());
                }
                gather(value, found);
            }),
            Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
            _ => {}
        }
    }
    let (_, text) = dialect.schemas.iter().find(|(one, _)| *one == document)?;
    let mut found = BTreeSet::new();
    gather(&serde_json::from_str(text).ok()?, &mut found);
    Some(found)
}

/// Path below `schemas/` of a document's schema.
pub fn document_file(dialect: &Dialect, document: Document) -> String {
    format!("vendors/{}/{}.schema.json", dialect.name, document.stem())
}

/// Root of the names under which the files find each other. No scheme that anything could fetch.
const BASE: &str = "ringback:///schemas/";

/// Longest quotation of a value in a message, in bytes.
const LONGEST_VALUE: usize = 200;

/// Longest message, in bytes: two quotations and the words around them.
const LONGEST_MESSAGE: usize = 600;

/// Indexed by `Schema as usize`, which is why `ALL` keeps the order of declaration.
static VALIDATORS: LazyLock<[Validator; Schema::ALL.len()]> = LazyLock::new(|| {
    let registry = registry(FILES).expect("the embedded files are JSON and their references stay among them");
    Schema::ALL.map(|schema| {
        let document = serde_json::from_str(schema.text()).expect("the registry has read this text already");
        compile(&document, schema.file_name(), &registry)
            .expect("the embedded schemas are valid draft 2020-12")
    })
});

static DOCUMENTS: LazyLock<HashMap<(&'static str, Document), Validator>> = LazyLock::new(|| {
    // No file of a vendor refers to another.
    let registry = registry(&[]).expect("an empty registry");
    let dialects = Vendor::all().flat_map(|vendor| vendor.dialects().iter());
    let documents = dialects
        .flat_map(|dialect| dialect.schemas.iter().map(move |(document, text)| (*dialect, *document, *text)));
    documents
        .map(|(dialect, document, text)| {
            let file = document_file(dialect, document);
            let schema = serde_json::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
            let validator = compile(&schema, &file, &registry).unwrap_or_else(|error| panic!("{error}"));
            ((dialect.name, document), validator)
        })
        .collect()
});

fn violation(error: &ValidationError<'_>) -> Violation {
    Violation {
        pointer: error.instance_path().as_str().to_owned(),
        rule: error.evaluation_path().as_str().to_owned(),
        message: shorten(&wording(error), LONGEST_MESSAGE),
    }
}

fn registry(files: &[(&str, &str)]) -> Result<Registry<'static>, String> {
    let mut builder = Registry::new();
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".schema.json")) {
        let document: Value = serde_json::from_str(text).map_err(|error| format!("{name}: {error}"))?;
        builder =
            builder.add(format!("{BASE}{name}"), document).map_err(|error| format!("{name}: {error}"))?;
    }
    builder.prepare().map_err(|error| error.to_string())
}

/// A mistyped `format` would silently check nothing, so an unknown one is an error.
fn compile(document: &Value, name: &str, registry: &Registry<'_>) -> Result<Validator, String> {
    jsonschema::options()
        .offline()
        .with_registry(registry)
        .with_base_uri(format!("{BASE}{name}"))
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .build(document)
        .map_err(|error| format!("{name}: {error}"))
}

/// Our own words where the crate's would hide the value, the choices or the intent.
fn wording(error: &ValidationError<'_>) -> String {
    let value = shorten(&error.instance().to_string(), LONGEST_VALUE);
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("{} does not belong here", quoted(unexpected))
        }
        ValidationErrorKind::Constant { expected_value } => {
            format!("{value} where only {expected_value} is allowed")
        }
        ValidationErrorKind::Enum { options } => format!("{value} is none of {}", choices(options)),
        ValidationErrorKind::FalseSchema => format!("{value} is not allowed here"),
        ValidationErrorKind::Not { schema } => format!("{value} is {}", forbidden(schema)),
        ValidationErrorKind::Required { property } => format!("{property} is missing"),
        _ => error.masked_with(value).to_string(),
    }
}

fn quoted(names: &[String]) -> String {
    let names: Vec<_> =
        names.iter().map(|name| shorten(&Value::from(name.as_str()).to_string(), LONGEST_VALUE)).collect();
    names.join(", ")
}

fn choices(options: &Value) -> String {
    let options: Vec<_> = options.as_array().into_iter().flatten().map(Value::to_string).collect();
    options.join(", ")
}

/// A `not` in our schemas describes what it forbids, because its clauses alone read like what it wants.
fn forbidden(schema: &Value) -> String {
    match schema.get("description").and_then(Value::as_str) {
        Some(description) => description.to_owned(),
        None => format!("what {schema} describes and must not be"),
    }
}

/// Cuts at a character boundary and says so.
fn shorten(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let cut = (0..=limit).rev().find(|&index| text.is_char_boundary(index)).unwrap_or_default();
    format!("{}… ({} bytes)", &text[..cut], text.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{FILES, Schema, compile, registry, shorten};

    #[test]
    fn the_order_of_all_is_the_order_of_declaration() {
        for (index, schema) in Schema::ALL.into_iter().enumerate() {
            assert_eq!(schema as usize, index, "{schema:?}");
        }
    }

    #[test]
    fn nothing_is_fetched() {
        let files = registry(FILES).expect("embedded files");
        for address in
            ["https://json.schemastore.org/package.json", "file:///etc/hostname", "absent.schema.json"]
        {
            let refusal =
                compile(&json!({"$ref": address}), "gateway/probe.schema.json", &files).expect_err(address);
            assert!(refusal.contains("probe"), "{refusal}");
        }
    }

    #[test]
    fn a_file_that_points_outside_does_not_build() {
        let refusal = registry(&[("probe.schema.json", r#"{"$ref": "https://example.com/other.json"}"#)]);
        assert!(refusal.is_err());
    }

    #[test]
    fn a_mistyped_format_does_not_build() {
        let files = registry(FILES).expect("embedded files");
        let refusal = compile(&json!({"format": "date-tiem"}), "probe.schema.json", &files);
        assert!(refusal.is_err_and(|why| why.contains("date-tiem")));
    }

    #[test]
    fn shortening_respects_characters() {
        assert_eq!(shorten("äöü", 6), "äöü");
        assert_eq!(shorten("äöü", 3), "ä… (6 bytes)");
    }
}
