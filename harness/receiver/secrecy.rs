//! What differs between the callback URLs of a receiver's jobs: the place of the secret, found without
//! knowing how the receiver builds its URLs.
//!
//! Pure text.

/// Where URLs differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Bytes that all have in common at the beginning.
    before: usize,
    /// Bytes that all have in common at the end.
    after: usize,
}

/// What ends a secret in a URL.
const BOUNDS: &[char] = &['/', '?', '&', '=', '#'];
/// How many characters a secret is shortened by.
const CUT: usize = 4;

impl Difference {
    /// The difference of some URLs; none if they are all equal.
    pub fn of(urls: &[&str]) -> Option<Self> {
        let (first, rest) = urls.split_first()?;
        if rest.iter().all(|other| other == first) {
            return None;
        }
        let before = rest.iter().map(|other| common(first.chars(), other.chars())).min()?;
        let shortest = urls.iter().map(|url| url.len()).min()?;
        let after = rest.iter().map(|other| common(first.chars().rev(), other.chars().rev())).min()?;
        // In `ab` and `aab` the same letter is not common twice.
        Some(Self { before, after: after.min(shortest - before) })
    }

    /// What really differs.
    pub fn core<'u>(&self, url: &'u str) -> &'u str {
        url.get(self.before..url.len().saturating_sub(self.after)).unwrap_or(url)
    }

    /// What differs and what belongs to it: up to the next bound of a path or query on either side.
    pub fn part<'u>(&self, url: &'u str) -> &'u str {
        let (begin, end) = self.place(url);
        url.get(begin..end).unwrap_or(url)
    }

    /// A URL with the last character that differs changed to one that no other has there.
    pub fn altered(&self, url: &str) -> String {
        let core = (self.before, url.len().saturating_sub(self.after));
        let differs = url.get(core.0..core.1).is_some_and(|text| !text.is_empty());
        let (begin, end) = if differs { core } else { self.place(url) };
        let kept = begin + last_begins(&url[begin..end], 1);
        // Neither a digit, lest a secret that counts become another job's, nor one that a lenient reader of
        // base64 takes for the same, where only some bits of the last character count.
        let alike = |sign: char| matches!(sign, 'w'..='z' | '0'..='9' | '-' | '_');
        let other = if url[kept..end].chars().all(alike) { 'A' } else { 'x' };
        format!("{}{other}{}", &url[..kept], &url[end..])
    }

    /// A URL with a secret that lacks its last characters.
    pub fn shortened(&self, url: &str) -> String {
        let (begin, end) = self.place(url);
        let kept = last_begins(&url[begin..end], CUT);
        format!("{}{}", &url[..begin + kept], &url[end..])
    }

    fn place(&self, url: &str) -> (usize, usize) {
        let (from, to) = (self.before.min(url.len()), url.len().saturating_sub(self.after));
        let begin = url.get(..from).and_then(|text| text.rfind(BOUNDS)).map_or(0, |at| at + 1);
        let end = url.get(to..).and_then(|text| text.find(BOUNDS)).map_or(url.len(), |at| to + at);
        (begin.min(end), end)
    }
}

/// How many bytes the common beginning of two texts has.
fn common(one: impl Iterator<Item = char>, other: impl Iterator<Item = char>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).map(|(one, _)| one.len_utf8()).sum()
}

/// Where the last characters of a text begin.
fn last_begins(text: &str, count: usize) -> usize {
    text.char_indices().rev().take(count).last().map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::Difference;

    #[test]
    fn a_secret_is_found_wherever_it_stands() {
        for (one, other, part) in [
            ("/hooks/minimax/8f3a9c", "/hooks/minimax/8f1b20", "8f3a9c"),
            ("/hooks?secret=8f3a9c&vendor=ark", "/hooks?secret=8f1b2c&vendor=ark", "8f3a9c"),
            ("/job9", "/job10", "job9"),
            ("/ab", "/aab", "ab"),
            ("/a纸", "/a船", "a纸"),
        ] {
            let difference = Difference::of(&[one, other]).expect("they differ");
            assert_eq!(difference.part(one), part, "{one}");
            assert_ne!(difference.altered(one), one);
            assert_ne!(difference.altered(one), other);
            assert_ne!(difference.shortened(one), one);
        }
        assert_eq!(Difference::of(&["/same", "/same"]), None);
    }

    #[test]
    fn another_secret_differs_in_one_character_or_is_shorter_by_four() {
        let (one, other) = ("/h/8f3a9c07", "/h/8f1b2c08");
        let difference = Difference::of(&[one, other]).expect("they differ");
        assert_eq!(difference.altered(one), "/h/8f3a9c0A");
        assert_eq!(difference.shortened(one), "/h/8f3a");
        assert_eq!(difference.core(one), "3a9c07");
    }
}
