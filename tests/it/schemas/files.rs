//! The files as files: all embedded, all described, every reference inside, every example in `openapi.json` valid.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ringback::schema::{FILES, Schema, document_file, violations};
use ringback_mocks::vendor::Vendor;
use rstest::rstest;
use serde_json::Value;

use super::parse;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")
}

/// All files below a folder, as paths from `schemas/` with `/`.
fn walk(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let path = path.strip_prefix(root()).expect("below the root").to_owned();
            let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
            found.insert(parts.join("/"));
        }
    }
}

/// Every `$ref` in a document.
fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(object) => {
            let own = object.get("$ref").and_then(Value::as_str);
            own.into_iter().chain(object.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[rstest]
fn every_file_is_embedded_as_it_is() {
    let mut on_disk = BTreeSet::new();
    walk(&root(), &mut on_disk);
    let embedded: BTreeSet<_> = ringback_schemas::FILES.iter().map(|(file, _)| (*file).to_owned()).collect();
    for dialect in Vendor::all().flat_map(|vendor| vendor.dialects().iter()) {
        for (document, text) in dialect.schemas {
            let file = document_file(dialect, *document);
            assert_eq!(ringback_schemas::file(&file), *text, "{file}");
        }
    }
    assert_eq!(on_disk, embedded);
    for (file, text) in ringback_schemas::FILES {
        assert_eq!(fs::read_to_string(root().join(file)).expect(file), *text, "{file}");
    }
}

#[rstest]
fn every_schema_is_one_of_the_files() {
    for schema in Schema::ALL {
        assert!(FILES.contains(&(schema.file_name(), schema.text())), "{schema:?}");
    }
}

/// Plain file-based tools resolve a reference against the file's own place, so that is how it is done here.
#[rstest]
fn every_reference_leads_to_a_place_in_a_file() {
    let mut seen = 0;
    for (file, text) in FILES {
        let document = parse(text);
        for reference in references(&document) {
            seen += 1;
            assert!(!reference.contains("://"), "{file} refers to the network: {reference}");
            let (path, pointer) = reference.split_once('#').unwrap_or((reference, ""));
            let folder = root().join(file).parent().expect("a folder").to_owned();
            let target = match path {
                "" => document.clone(),
                path => parse(&fs::read_to_string(folder.join(path)).expect(reference)),
            };
            assert!(target.pointer(pointer).is_some(), "{file} refers to nothing: {reference}");
        }
    }
    assert!(seen > 20, "the search for references finds next to none");
}

#[rstest]
fn every_schema_says_what_it_is() {
    for (file, text) in FILES.iter().filter(|(file, _)| file.ends_with(".schema.json")) {
        let document = parse(text);
        assert_eq!(document["$schema"], "https://json-schema.org/draft/2020-12/schema", "{file}");
        assert!(document.get("$id").is_none(), "{file}: an `$id` would move its relative references");
        assert!(document["title"].as_str().is_some_and(|title| !title.is_empty()), "{file}");
        let description = document["description"].as_str().unwrap_or_default();
        assert!(
            description.contains("Source") && description.contains("read 2026-11-24"),
            "{file}: {description}"
        );
        describe(file, "", &document);
    }
}

/// Panics at the first part without a description. `false` cannot have one.
fn describe(file: &str, pointer: &str, schema: &Value) {
    let Some(object) = schema.as_object() else { return };
    let description = object.get("description").and_then(Value::as_str).unwrap_or_default();
    assert!(!description.is_empty(), "{file}#{pointer} has no description");
    for (key, value) in object {
        let pointer = format!("{pointer}/{key}");
        match key.as_str() {
            "properties" | "$defs" => {
                let parts = value.as_object().expect("named schemas");
                parts.iter().for_each(|(name, part)| describe(file, &format!("{pointer}/{name}"), part));
            }
            "allOf" => {
                let parts = value.as_array().expect("a list of schemas").iter().enumerate();
                parts.for_each(|(index, part)| describe(file, &format!("{pointer}/{index}"), part));
            }
            "items" | "if" | "then" | "else" | "not" => describe(file, &pointer, value),
            _ => {}
        }
    }
}

/// Every `content` entry of `openapi.json`: its place, its schema and its examples.
fn contents<'a>(place: &str, value: &'a Value, found: &mut Vec<(String, &'a str, Vec<&'a Value>)>) {
    let Some(object) = value.as_object() else { return };
    for (key, part) in object {
        let place = format!("{place}/{key}");
        if key == "application/json" {
            let schema = part["schema"]["$ref"].as_str().expect("schemas are referred to, never copied");
            let examples = part.get("examples").and_then(Value::as_object).into_iter().flatten();
            found.push((place, schema, examples.map(|(_, example)| &example["value"]).collect()));
        } else {
            contents(&place, part, found);
        }
    }
}

#[rstest]
fn the_openapi_document_uses_the_schemas_and_its_examples_satisfy_them() {
    let (_, text) = FILES.iter().find(|(file, _)| *file == "gateway/openapi.json").expect("embedded");
    let document = parse(text);
    let mut found = Vec::new();
    contents("", &document["paths"], &mut found);

    let mut used = BTreeSet::new();
    for (place, reference, examples) in found {
        assert!(place.contains("/default/") || !examples.is_empty(), "{place} has no example");
        let file = format!("gateway/{reference}");
        let schema = Schema::ALL.into_iter().find(|schema| schema.file_name() == file).expect(&place);
        for example in examples {
            assert_eq!(violations(schema, example), [], "{place}");
        }
        used.insert(file);
    }
    let gateway = Schema::ALL.into_iter().filter(|schema| *schema != Schema::Report);
    assert_eq!(used, gateway.map(|schema| schema.file_name().to_owned()).collect());
}

#[rstest]
fn the_openapi_document_has_the_two_calls_behind_a_bearer_token() {
    let (_, text) = FILES.iter().find(|(file, _)| *file == "gateway/openapi.json").expect("embedded");
    let document = parse(text);
    assert_eq!(document["openapi"].as_str().map(|version| &version[..4]), Some("3.1."));
    let paths: Vec<_> = document["paths"].as_object().into_iter().flat_map(|paths| paths.keys()).collect();
    assert_eq!(paths, ["/api/generate/submit", "/api/generate/status/{task_id}"]);
    assert!(document.pointer("/paths/~1api~1generate~1submit/post").is_some());
    assert!(document.pointer("/paths/~1api~1generate~1status~1{task_id}/get").is_some());
    assert!(document.pointer("/security/0/bearer").is_some());
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}
