//! The catalogue in words: `ringback list` and `ringback explain`.
//!
//! Pure writers of the catalogue; they run nothing.

pub mod mocks;

use std::fmt::Write as _;

use ringback_mocks::vendor::Vendor;
use serde_json::{Value, json};

use crate::catalogue;
use crate::gateway::Gateway;
use crate::gateway::knob::{Knob, Values};
use crate::run::requirement::{Entry, Kind as _, Scope};
use crate::run::suggest;

/// One line for each requirement.
pub fn text() -> String {
    let (mut text, mut chapter) = (String::new(), ("", ""));
    for entry in catalogue::entries() {
        if chapter != (entry.subject, entry.chapter) {
            chapter = (entry.subject, entry.chapter);
            let _ = writeln!(text, "{}/{}", entry.subject, entry.chapter);
        }
        let _ = writeln!(text, "  {:<11} {:<6} {}", entry.id, entry.level.word(), entry.sentence);
        if !entry.knobs.is_empty() {
            let _ = writeln!(text, "{:21}knobs: {}", "", entry.knobs.join(", "));
        }
    }
    let _ = writeln!(
        text,
        "\nknobs, where the contract is silent; set with --knob NAME=VALUE, the first value is the default"
    );
    for knob in Knob::ALL {
        let row = knob.row();
        let _ = writeln!(text, "  {:<20} {:<28} {}", row.name, value_words(&row.values, ", "), row.decides);
    }
    let _ = writeln!(
        text,
        "\n{} requirements; `ringback explain ID` tells more of one.",
        catalogue::entries().count()
    );
    text
}

/// A table in Markdown.
pub fn markdown() -> String {
    let mut text =
        "| id | level | cases | requirement | source | knobs | caught defects |\n|---|---|---|---|---|---|---|\n"
            .to_owned();
    for entry in catalogue::entries() {
        let mutants = entry.mutants.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            text,
            "| {} | {} | {}{} | {} | [{}]({}), {} | {} | {mutants} |",
            entry.id,
            entry.level.word(),
            entry.case_name(None),
            scope(entry.scope),
            entry.sentence,
            entry.source.page,
            entry.source.url,
            entry.source.basis.word(),
            entry.knobs.join(", "),
        );
    }
    text.push_str(
        "\n| knob | decides | why it is open | nearest page | requirements |\n|---|---|---|---|---|\n",
    );
    for knob in Knob::ALL {
        let row = knob.row();
        let asking: Vec<&str> = asking(*knob).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | [{}]({}), {} | {} |",
            row.name,
            row.decides,
            row.open,
            row.source.page,
            row.source.url,
            row.source.basis.word(),
            asking.join(", "),
        );
    }
    text
}

/// A table of the knobs in Markdown, for people who set them.
pub fn knobs() -> String {
    let mut text = "| knob | decides | values, the default first |\n|---|---|---|\n".to_owned();
    for knob in Knob::ALL {
        let row = knob.row();
        let values = match row.values {
            Values::Words(words) => words
                .iter()
                .map(|(choice, meaning)| format!("`{}`: {meaning}", choice.word()))
                .collect::<Vec<_>>()
                .join("; "),
            Values::Time(default) => format!("a time such as `{default}`"),
        };
        let _ = writeln!(text, "| `{}` | {} | {values} |", row.name, row.decides);
    }
    text
}

fn asking(knob: Knob) -> impl Iterator<Item = &'static str> {
    catalogue::entries().filter(move |entry| entry.knobs.contains(&knob.row().name)).map(|entry| entry.id)
}

fn value_words(values: &Values, between: &str) -> String {
    match values {
        Values::Words(words) => {
            words.iter().map(|(choice, _)| choice.word()).collect::<Vec<_>>().join(between)
        }
        Values::Time(default) => (*default).to_owned(),
    }
}

/// The catalogue as JSON.
pub fn json() -> Value {
    let entries: Vec<Value> = catalogue::entries().map(|entry| entry_json(&entry)).collect();
    json!({"requirements": entries, "knobs": Knob::ALL.iter().map(|knob| knob_json(*knob)).collect::<Vec<_>>()})
}

/// One requirement as JSON, as the catalogue has it.
pub fn explain_json(id: &str) -> Option<Value> {
    catalogue::by_id(id).map(|entry| entry_json(&entry))
}

fn entry_json(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "subject": entry.subject,
        "chapter": entry.chapter,
        "name": entry.case_name(None),
        "level": entry.level,
        "sentence": entry.sentence,
        "source": {
            "page": entry.source.page,
            "url": entry.source.url,
            "read": entry.source.read,
            "basis": entry.source.basis.word(),
        },
        "why": entry.why,
        "remedy": entry.remedy,
        "vendors": vendors(entry.scope),
        "needs": entry.preconditions,
        "knobs": entry.knobs,
        "jobs": entry.jobs,
        "defects": entry.mutants.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
    })
}

fn knob_json(knob: Knob) -> Value {
    let row = knob.row();
    let values = match row.values {
        Values::Words(words) => words
            .iter()
            .map(|(choice, meaning)| json!({"value": choice.word(), "meaning": meaning}))
            .collect(),
        Values::Time(default) => vec![json!({"value": default, "meaning": "a time; this is the default"})],
    };
    json!({
        "name": row.name,
        "decides": row.decides,
        "open": row.open,
        "source": {"page": row.source.page, "url": row.source.url, "basis": row.source.basis.word()},
        "values": values,
        "requirements": asking(knob).collect::<Vec<_>>(),
    })
}

/// Everything about one requirement.
pub fn explain(id: &str) -> Option<String> {
    let entry = catalogue::by_id(id)?;
    let needs = match entry.preconditions.join("; ") {
        none if none.is_empty() => format!("nothing but the {}", entry.subject),
        some => some,
    };
    let mut text = format!(
        "{}  {}  {}{}\n\n{}\n\nWhy      {}\nRemedy   {}\nSource   {}, {} ({}; read {})\nNeeds    {needs}\n",
        entry.id,
        entry.level.word(),
        entry.case_name(None),
        scope(entry.scope),
        entry.sentence,
        entry.why,
        entry.remedy,
        entry.source.page,
        entry.source.url,
        entry.source.basis.word(),
        entry.source.read,
    );
    if entry.subject == Gateway::NAME {
        let _ = writeln!(text, "Bills    up to {} jobs a case on a deployed gateway", entry.jobs);
    }
    let _ = writeln!(
        text,
        "Proof    fails for each of these defects of the reference {}, passes without:",
        entry.subject
    );
    for (name, about) in &entry.mutants {
        let _ = writeln!(text, "           {name}: it {about}");
    }
    for row in entry.knobs.iter().filter_map(|name| Knob::named(name)).map(Knob::row) {
        let _ = writeln!(text, "Knob     {} ({}): {}", row.name, value_words(&row.values, ", "), row.decides);
    }
    Some(text)
}

/// What may have been meant by an id that does not exist: the nearest, or all of the chapter that it names.
pub fn ids_like(id: &str) -> String {
    let ids: Vec<&str> = catalogue::entries().map(|entry| entry.id).collect();
    if let Some(meant) = suggest::nearest(id, ids.iter().copied()) {
        return format!("did you mean `{meant}`?");
    }
    let chapter = id.rsplit_once('-').map(|(chapter, _)| format!("{}-", chapter.to_ascii_uppercase()));
    let like =
        ids.into_iter().filter(|known| chapter.as_ref().is_some_and(|chapter| known.starts_with(chapter)));
    let mut like: Vec<&str> = like.collect();
    like.sort_unstable();
    match like.as_slice() {
        [] => "`ringback list` shows all".to_owned(),
        like => format!("there are {}", like.join(", ")),
    }
}

fn scope(scope: Scope) -> String {
    match scope {
        Scope::Once => String::new(),
        Scope::EachVendor => "[each vendor]".to_owned(),
        Scope::EachOf(vendors) => format!("[{}]", vendors.join("|")),
        Scope::Only(vendor) => format!("[{vendor}]"),
    }
}

fn vendors(scope: Scope) -> Vec<&'static str> {
    match scope {
        Scope::Once => Vec::new(),
        Scope::EachVendor => Vendor::all().map(Vendor::name).collect(),
        Scope::EachOf(vendors) => vendors.to_vec(),
        Scope::Only(vendor) => vec![vendor],
    }
}
