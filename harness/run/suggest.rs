//! What was meant by a name that does not exist. One measure for every list of names.
//!
//! Pure. Where the names come from, and what is said when none is near, is the caller's.

use std::fmt::Display;

/// The known name that `given` is most likely a slip of, if it is near any. Case, and `_` for `-`, do not
/// count. A beginning is enough where only one name has it.
pub fn nearest<'n>(given: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let wanted = plain(given);
    let slips = slips(wanted.chars().count());
    let known: Vec<&str> = known.into_iter().filter(|name| *name != given).collect();
    let closest = known
        .iter()
        .map(|name| (strsim::osa_distance(&wanted, &plain(name)), *name))
        .filter(|(distance, name)| *distance <= slips && numbers(given) == numbers(name))
        .min_by_key(|(distance, _)| *distance);
    closest.map(|(_, name)| name).or_else(|| begun(&wanted, &known))
}

/// The end of a sentence about a name that does not exist: what it may have meant, or all there are.
pub fn hint<'n>(given: &str, known: impl IntoIterator<Item = &'n str> + Clone) -> String {
    match nearest(given, known.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("there are {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

/// A sentence about a name that does not exist, with what it may have meant, if that is known.
pub fn with_hint(sentence: impl Display, meant: Option<&str>) -> String {
    match meant {
        Some(name) => format!("{sentence}; did you mean `{name}`?"),
        None => sentence.to_string(),
    }
}

/// What serde says about a key that nobody knows, with a hint instead of all the others; as it is, if it
/// says something else.
pub fn unknown_key(message: &str) -> String {
    let parts: Vec<&str> = message.split('`').collect();
    match parts.as_slice() {
        ["unknown field ", key, rest @ ..] => {
            let known = rest.iter().skip(1).step_by(2).copied();
            format!("unknown field `{key}`; {}", hint(key, known))
        }
        _ => message.to_owned(),
    }
}

/// How many letters may be missing, added, changed or swapped. More than a fifth of a name is another name;
/// of two letters nothing would be left to know it by.
const fn slips(letters: usize) -> usize {
    match letters {
        0..=2 => 0,
        3..=5 => 1,
        6..=9 => 2,
        more => more / 5,
    }
}

fn plain(text: &str) -> String {
    text.to_lowercase().replace('_', "-")
}

/// The numbers in a name, without leading zeros. Names that differ in them mean different things: 403 is
/// no slip of 404. Letters that look like digits are read as digits inside a number.
fn numbers(text: &str) -> Vec<String> {
    let mut numbers: Vec<String> = Vec::new();
    let mut inside = false;
    for letter in text.chars() {
        let digit = match letter {
            'o' | 'O' if inside => '0',
            'l' | 'I' if inside => '1',
            other => other,
        };
        if !digit.is_ascii_digit() {
            inside = false;
            continue;
        }
        if !inside {
            numbers.push(String::new());
            inside = true;
        }
        if let Some(number) = numbers.last_mut()
            && !(number.is_empty() && digit == '0')
        {
            number.push(digit);
        }
    }
    numbers
}

/// The only name that begins so.
fn begun<'n>(wanted: &str, known: &[&'n str]) -> Option<&'n str> {
    let mut all = known.iter().filter(|name| wanted.chars().count() > 2 && plain(name).starts_with(wanted));
    all.next().filter(|_| all.next().is_none()).copied()
}
