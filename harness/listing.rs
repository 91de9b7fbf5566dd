//! The catalogue in words: `ringback list` and `ringback explain`.
//!
//! Pure writers of the catalogue; they run nothing.

pub mod mocks;

use std::fmt::Write as _;

use ringback_mocks::vendor::Vendor;
use serde_json::{Value, json};

use crate::catalogue::{self, Need, Requirement, Scope};
use crate::knob::{Knob, Values};

/// One line for each requirement.
pub fn text() -> String {
    let mut text = String::new();
    for chapter in catalogue::CHAPTERS {
        let _ = writeln!(text, "{}", chapter.name);
        for entry in chapter.requirements {
            let _ = writeln!(text, "  {:<11} {:<6} {}", entry.id, entry.level.word(), entry.sentence);
            if !entry.knobs.is_empty() {
                let _ = writeln!(text, "{:21}knobs: {}", "", knob_names(entry.knobs, ", "));
            }
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
        catalogue::all().count()
    );
    text
}

/// A table in Markdown.
pub fn markdown() -> String {
    let mut text =
        "| id | level | cases | requirement | source | knobs | caught defects |\n|---|---|---|---|---|---|---|\n"
            .to_owned();
    for (chapter, entry) in catalogue::all() {
        let defects = entry.defects.iter().map(|defect| defect.name()).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            text,
            "| {} | {} | gateway/{}/{}{} | {} | [{}]({}), {} | {} | {defects} |",
            entry.id,
            entry.level.word(),
            chapter.name,
            entry.slug,
            scope(entry.scope),
            entry.sentence,
            entry.source.page,
            entry.source.url,
            entry.source.basis.word(),
            knob_names(entry.knobs, ", "),
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
    catalogue::all().filter(move |(_, entry)| entry.knobs.contains(&knob)).map(|(_, entry)| entry.id)
}

fn knob_names(knobs: &[Knob], between: &str) -> String {
    knobs.iter().map(|knob| knob.row().name).collect::<Vec<_>>().join(between)
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
    let entries: Vec<Value> = catalogue::all()
        .map(|(chapter, entry)| {
            json!({
                "id": entry.id,
                "chapter": chapter.name,
                "name": format!("gateway/{}/{}", chapter.name, entry.slug),
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
                "needs": entry.needs.iter().map(|need| need_word(*need)).collect::<Vec<_>>(),
                "knobs": entry.knobs.iter().map(|knob| knob.row().name).collect::<Vec<_>>(),
                "jobs": entry.jobs,
                "defects": entry.defects.iter().map(|defect| defect.name()).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({"requirements": entries, "knobs": Knob::ALL.iter().map(|knob| knob_json(*knob)).collect::<Vec<_>>()})
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
    let (chapter, entry) = catalogue::by_id(id)?;
    let Requirement {
        id,
        slug,
        level,
        sentence,
        source,
        why,
        remedy,
        scope: scoped,
        knobs,
        needs,
        jobs,
        defects,
        ..
    } = entry;
    let needs = match needs.iter().map(|need| need_word(*need)).collect::<Vec<_>>().join("; ") {
        none if none.is_empty() => "nothing but the gateway".to_owned(),
        some => some,
    };
    let mut text = format!(
        "{id}  {}  gateway/{}/{slug}{}\n\n{sentence}\n\nWhy      {why}\nRemedy   {remedy}\n\
         Source   {}, {} ({}; read {})\nNeeds    {needs}\nBills    up to {jobs} jobs a case on a deployed gateway\n\
         Proof    fails for each of these defects of the reference gateway, passes without:\n",
        level.word(),
        chapter.name,
        scope(*scoped),
        source.page,
        source.url,
        source.basis.word(),
        source.read,
    );
    for defect in *defects {
        let _ = writeln!(text, "           {}: it {}", defect.name(), defect.about());
    }
    for knob in *knobs {
        let row = knob.row();
        let _ = writeln!(text, "Knob     {} ({}): {}", row.name, value_words(&row.values, ", "), row.decides);
    }
    Some(text)
}

/// The nearest ids to one that does not exist.
pub fn ids_like(id: &str) -> Vec<&'static str> {
    let prefix: String = id.to_ascii_uppercase().chars().take(5).collect();
    let mut like: Vec<&str> =
        catalogue::all().map(|(_, entry)| entry.id).filter(|known| known.starts_with(&prefix)).collect();
    like.sort_unstable();
    like
}

fn scope(scope: Scope) -> String {
    match scope {
        Scope::Once => String::new(),
        Scope::EachVendor => "[each vendor]".to_owned(),
        Scope::Only(vendor) => format!("[{vendor}]"),
    }
}

fn vendors(scope: Scope) -> Vec<&'static str> {
    match scope {
        Scope::Once => Vec::new(),
        Scope::EachVendor => Vendor::all().map(Vendor::name).collect(),
        Scope::Only(vendor) => vec![vendor],
    }
}

const fn need_word(need: Need) -> &'static str {
    match need {
        Need::Witness => "our mock in the vendor's place",
        Need::OtherKey => "a second client's key",
        Need::Accepts => "a minimal job that is accepted (GW-SUB-001)",
        Need::Forwards => "a plain callback_url that arrives (GW-CB-001)",
        Need::Receiver => "a callback address that the vendor can reach (--advertise on a deployed gateway)",
        Need::Status => "a status that can be read (GW-ST-001)",
    }
}
