//! Hiding the secrets of a run: as they are, and in the forms that others write them in.
//!
//! Pure. What is hidden is replaced before anything is cut, so that no half of a secret is left over. A mask
//! that cannot tell secrets from other text hides all of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use aho_corasick::{AhoCorasick, MatchKind};
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use ringback_mocks::wire::Secret;

/// What stands for a secret.
const MASKED: &str = "<secret>";
/// Secrets shorter than this are hidden only as they are: their other forms are found in any text.
const DISTINCTIVE: usize = 8;
/// Where text was shortened.
const CUT: char = '…';
/// Bytes of forms that are searched for, all together; an automaton takes many times as much memory. Keys are far
/// below it, and a file that was taken for a key is above.
const FORMS_LIMIT: usize = 1 << 20;

/// Hides the secrets of a run, each known by the variable that holds it.
#[derive(Clone)]
pub struct Mask {
    secrets: Vec<(String, Secret)>,
    finder: Finder,
    longest: usize,
}

/// What finds the forms of secrets.
#[derive(Clone)]
enum Finder {
    /// There is no secret.
    Nothing,
    /// Finds every form of every secret, the longest first.
    Forms(AhoCorasick),
    /// The forms cannot be searched for, so any text may hold a secret.
    Everything,
}

impl Finder {
    fn new(forms: &BTreeSet<String>) -> Self {
        if forms.is_empty() {
            return Self::Nothing;
        }
        if forms.iter().map(String::len).sum::<usize>() > FORMS_LIMIT {
            return Self::Everything;
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(forms);
        automaton.map_or(Self::Everything, Self::Forms)
    }
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.secrets.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Mask").field("secrets", &names).finish_non_exhaustive()
    }
}

impl Mask {
    /// A mask for these values. If they are too much to search for, it hides whatever it is given.
    pub fn new(secrets: &[(String, Secret)]) -> Self {
        let secrets: Vec<_> =
            secrets.iter().filter(|(_, secret)| !secret.expose().is_empty()).cloned().collect();
        let forms: BTreeSet<String> = secrets.iter().flat_map(|(_, secret)| forms(secret.expose())).collect();
        let longest = forms.iter().map(String::len).max().unwrap_or(0);
        Self { secrets, finder: Finder::new(&forms), longest }
    }

    /// The text without secrets.
    pub fn text(&self, text: &str) -> String {
        let hidden = match &self.finder {
            Finder::Everything => return MASKED.to_owned(),
            Finder::Forms(finder) if finder.is_match(text) => {
                finder.replace_all(text, &vec![MASKED; finder.patterns_len()])
            }
            Finder::Forms(_) | Finder::Nothing => text.to_owned(),
        };
        if hidden.contains(CUT) { self.without_beginnings(&hidden) } else { hidden }
    }

    /// Bytes without secrets.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        match &self.finder {
            Finder::Nothing => bytes.to_vec(),
            Finder::Forms(finder) => finder.replace_all_bytes(bytes, &vec![MASKED; finder.patterns_len()]),
            Finder::Everything => MASKED.as_bytes().to_vec(),
        }
    }

    /// The text with shell variables in place of secrets.
    pub(crate) fn shell(&self, text: &str) -> String {
        self.secrets
            .iter()
            .fold(text.to_owned(), |text, (name, secret)| text.replace(secret.expose(), &format!("${name}")))
    }

    /// A header value without secrets; credentials are hidden whether we know them or not.
    pub(crate) fn header(&self, name: &str, value: &str) -> String {
        if name.eq_ignore_ascii_case("authorization") {
            let scheme = value.split(' ').next().filter(|scheme| *scheme != value);
            return scheme
                .map_or_else(|| MASKED.to_owned(), |scheme| format!("{} {MASKED}", self.text(scheme)));
        }
        self.text(value)
    }

    /// Where to cut bytes of which at most so many are kept: before a secret that would be cut in two.
    pub(crate) fn cut(&self, bytes: &[u8], most: usize) -> usize {
        if bytes.len() <= most {
            return bytes.len();
        }
        // Where there is nothing to find, or nothing will be shown, any place is as good.
        let Finder::Forms(finder) = &self.finder else { return most };
        let around = most.saturating_sub(self.longest)..bytes.len().min(most + self.longest);
        let from = around.start;
        finder
            .find_iter(&bytes[around])
            .map(|found| (found.start() + from, found.end() + from))
            .find(|(start, end)| *start < most && most < *end)
            .map_or(most, |(start, _)| start)
    }

    /// Hides what is left of a secret where text was shortened in the middle of it.
    fn without_beginnings(&self, text: &str) -> String {
        let mut parts: Vec<String> = text.split(CUT).map(str::to_owned).collect();
        let last = parts.len() - 1;
        for part in &mut parts[..last] {
            let begun = |secret: &str| {
                let lengths = (DISTINCTIVE..secret.len()).rev().filter(|at| secret.is_char_boundary(*at));
                lengths.into_iter().find(|at| part.ends_with(&secret[..*at]))
            };
            if let Some(length) = self.secrets.iter().filter_map(|(_, secret)| begun(secret.expose())).max() {
                part.truncate(part.len() - length);
                part.push_str(MASKED);
            }
        }
        parts.join(&CUT.to_string())
    }
}

/// A secret as it may be written: itself, and in other letters and encodings.
fn forms(secret: &str) -> Vec<String> {
    let mut all = vec![secret.to_owned()];
    if secret.len() < DISTINCTIVE {
        return all;
    }
    let bytes = secret.as_bytes();
    all.extend([secret.to_lowercase(), secret.to_uppercase()]);
    all.extend([HEXLOWER.encode(bytes), HEXUPPER.encode(bytes)]);
    let percent = bytes.iter().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    });
    all.extend([percent.to_lowercase(), percent]);
    let json = serde_json::Value::from(secret).to_string();
    all.extend([json.trim_matches('"').replace('/', "\\/"), json.trim_matches('"').to_owned()]);
    for before in 0..3 {
        let whole = [&vec![0; before], bytes].concat();
        // Characters that also hold bits of what stands before or after are not the secret's own.
        let own = (before * 8).div_ceil(6)..whole.len() * 8 / 6;
        for encoding in [BASE64_NOPAD, BASE64URL_NOPAD] {
            all.push(encoding.encode(&whole)[own.clone()].to_owned());
        }
    }
    all
}
