//! Generated inputs of checks about gateways: the proptest strategies they are drawn from.
//!
//! Judging and shrinking them is `run::search`. A change here makes old replay ids mean another input: count up
//! `run::replay::GENERATION`.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any};
use proptest::sample::{select, subsequence};

/// A callback URL without its token.
#[derive(Clone, Debug)]
pub struct UrlShape {
    host: &'static str,
    port: Option<u16>,
    path: Vec<&'static str>,
    slash: bool,
    query: Option<Vec<&'static str>>,
    fragment: Option<Vec<&'static str>>,
}

impl UrlShape {
    /// The URL for a token.
    pub fn render(&self, token: &str) -> String {
        let mut url = format!("https://{}", self.host);
        if let Some(port) = self.port {
            let _ = write!(url, ":{port}");
        }
        url.push_str("/c/");
        url.push_str(token);
        for part in &self.path {
            url.push('/');
            url.push_str(part);
        }
        if self.slash {
            url.push('/');
        }
        if let Some(parts) = &self.query {
            url.push('?');
            url.push_str(&parts.join("&"));
        }
        if let Some(parts) = &self.fragment {
            url.push('#');
            url.push_str(&parts.join(""));
        }
        url
    }
}

const HOSTS: &[&str] = &["hooks.example.com", "Hooks.Example.COM", "example.com", "a-b.c1.hooks.example.com"];
const SEGMENTS: &[&str] = &[
    "a",
    "hooks",
    "v1.2",
    "%2F",
    "%2f",
    "a%20b",
    "caf%C3%A9",
    "~x_y-z",
    "a;b=c",
    "a:b",
    "@me",
    "$1",
    "(x)",
    "!",
];
const PAIRS: &[&str] = &[
    "a=1",
    "z=26",
    "b=2",
    "a=2",
    "flag",
    "empty=",
    "q=a+b",
    "q=a%20b",
    "path=%2Fa%2fb",
    "email=a%40b.example",
    "sig=abc%3D%3D",
    "json=%7B%22a%22%3A1%7D",
    "list[]=1",
    "t=12:30",
    "next=/a/b?c",
    "u=%E7%8C%AB",
    "amp=%26",
];

/// Callback URLs of ordinary and unusual shape, all valid by RFC 3986.
pub fn urls() -> impl Strategy<Value = UrlShape, Tree: Send> {
    (
        select(HOSTS),
        option::of(select(&[443_u16, 8443, 80, 65535][..])),
        vec(select(SEGMENTS), 0..4),
        any::<bool>(),
        option::of(vec(select(PAIRS), 0..5)),
        option::of(vec(select(&["top", "a%20b", "/x", "?y", "="][..]), 0..3)),
    )
        .prop_map(|(host, port, path, slash, query, fragment)| UrlShape {
            host,
            port,
            path,
            slash,
            query,
            fragment,
        })
}

/// A request with `callback_url` at the top of `input`, among fields that are allowed there.
#[derive(Clone, Debug)]
pub struct MisplacedCallback {
    /// Allow-listed neighbours.
    pub neighbours: Vec<&'static str>,
    /// Whether metadata has one too.
    pub in_metadata_too: bool,
    /// The misplaced value: a URL for the token, or something else.
    pub value: Option<&'static str>,
}

/// Misplaced callback URLs with every kind of neighbour.
pub fn misplaced() -> impl Strategy<Value = MisplacedCallback, Tree: Send> {
    let neighbours = &["size", "image", "images", "duration", "seconds"][..];
    (
        subsequence(neighbours, 0..=neighbours.len()),
        any::<bool>(),
        select(&[None, Some(""), Some("not a url")][..]),
    )
        .prop_map(|(neighbours, in_metadata_too, value)| MisplacedCallback {
            neighbours,
            in_metadata_too,
            value,
        })
}

/// Keys that are nowhere allowed at the top of `input`.
pub fn unknown_keys() -> impl Strategy<Value = String, Tree: Send> {
    (
        select(&["x", "webhook", "style", "Prompt", "seed_", "fps"][..]),
        vec(select(&["a", "Z", "9", "_", "-", "é"][..]), 0..6),
        Just(()),
    )
        .prop_map(|(head, tail, ())| format!("{head}{}", tail.concat()))
}
