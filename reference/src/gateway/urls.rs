//! What a gateway that "helps" does to a callback URL: the rewriting defects, as a table.
//!
//! The conforming gateway never looks into the URL, so nothing here runs without a defect or oddity.

use std::fmt::Write as _;

use url::{Host, Url};

use super::defect::Defect;

type Rewrite = fn(&str) -> String;

const REWRITES: &[(Defect, Rewrite)] = &[
    (Defect::QuerySorted, |url| {
        edit_query(url, |query| {
            let mut pairs: Vec<&str> = query.split('&').collect();
            pairs.sort_unstable();
            pairs.join("&")
        })
    }),
    (Defect::EscapesDecoded, |url| decode(url)),
    (Defect::EscapesUppercased, |url| uppercase_escapes(url)),
    (Defect::PlusBecomesSpace, |url| edit_query(url, |query| query.replace('+', "%20"))),
    (Defect::FragmentDropped, |url| url.split('#').next().unwrap_or(url).to_owned()),
    (Defect::DefaultPortDropped, |url| url.replacen(":443", "", 1)),
    (Defect::CredentialsDropped, |url| match (url.find("//"), url.find('@')) {
        (Some(start), Some(end)) if !url[start + 2..end].contains('/') => {
            format!("{}{}", &url[..start + 2], &url[end + 1..])
        }
        _ => url.to_owned(),
    }),
    (Defect::HostPunycoded, |url| {
        let Some((host, parsed)) = host_of(url) else { return url.to_owned() };
        if host.is_ascii() {
            return url.to_owned();
        }
        url.replacen(host, parsed.host_str().unwrap_or(host), 1)
    }),
    (Defect::NonAsciiEscaped, |url| {
        let from = host_of(url).map_or(0, |(host, _)| url.find(host).unwrap_or(0) + host.len());
        let mut escaped = url[..from].to_owned();
        for byte in url.as_bytes()[from..].iter().copied() {
            if byte.is_ascii() {
                escaped.push(char::from(byte));
            } else {
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
        escaped
    }),
    (Defect::TruncatedAt255, |url| url.chars().take(255).collect()),
    (Defect::TruncatedAt2048, |url| url.chars().take(2_048).collect()),
    (Defect::HttpUpgraded, |url| match url.strip_prefix("http://") {
        Some(rest) => format!("https://{rest}"),
        None => url.to_owned(),
    }),
    (Defect::RelativeResolved, |url| {
        if url.starts_with('/') { format!("https://operator.example.com{url}") } else { url.to_owned() }
    }),
    (Defect::HtmlEscaped, |url| url.replace('&', "&amp;")),
    (Defect::UrlNormalised, |url| {
        let Some((host, _)) = host_of(url) else { return url.to_owned() };
        url.replacen(host, &host.to_lowercase(), 1).replace("/./", "/").replace("/sub/../", "/")
    }),
    (Defect::TrailingSlashDropped, |url| url.strip_suffix('/').unwrap_or(url).to_owned()),
    (Defect::EmptyQueryDropped, |url| url.strip_suffix('?').unwrap_or(url).to_owned()),
    (Defect::TruncatedAt1024, |url| url.chars().take(1_024).collect()),
    (Defect::TruncatedAt2000, |url| url.chars().take(2_000).collect()),
    (Defect::EscapesEscaped, |url| url.replace('%', "%25")),
    (Defect::EscapedSpaceBecomesPlus, |url| edit_query(url, |query| query.replace("%20", "+"))),
    (Defect::PathLowercased, |url| edit_path(url, str::to_lowercase)),
    (Defect::QueryReencoded, |url| {
        edit_query(url, |query| {
            let pairs = url::form_urlencoded::parse(query.as_bytes());
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
        })
    }),
    (Defect::EmptyValuesDropped, |url| {
        keep_pairs(url, |pair, _| pair.split_once('=').is_some_and(|(_, value)| !value.is_empty()))
    }),
    (Defect::DuplicatesDropped, |url| {
        keep_pairs(url, |pair, before| {
            let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
            before.iter().all(|other| name(other) != name(pair))
        })
    }),
    (Defect::SemicolonsCut, |url| {
        edit_path(url, |path| {
            let cut: Vec<&str> =
                path.split('/').map(|segment| segment.split(';').next().unwrap_or(segment)).collect();
            cut.join("/")
        })
    }),
    (Defect::SemicolonsSplit, |url| edit_query(url, |query| query.replace(';', "&"))),
    (Defect::SlashesCollapsed, |url| edit_path(url, |path| path.replace("//", "/"))),
    (Defect::FragmentEscaped, |url| url.replace('#', "%23")),
    // Enough of Unicode's composition for what the check sends.
    (Defect::ComposedCharacters, |url| url.replace("e\u{301}", "\u{e9}")),
    (Defect::HostDotDropped, |url| url.replacen(".com./", ".com/", 1)),
    (Defect::AmpersandEscapedTwice, |url| url.replace('&', "\\u0026")),
];

/// The URL as a gateway with this defect would forward it.
pub(super) fn rewrite(defect: Option<Defect>, url: &str) -> String {
    REWRITES
        .iter()
        .find(|(of, _)| Some(*of) == defect)
        .map_or_else(|| url.to_owned(), |(_, rewrite)| rewrite(url))
}

/// Whether a URL leads to an address that is not public.
pub(super) fn is_private(url: &str) -> bool {
    match Url::parse(url).ok().as_ref().and_then(Url::host) {
        Some(Host::Ipv4(ip)) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        Some(Host::Domain(name)) => name == "localhost" || !name.contains('.'),
        None => false,
    }
}

fn edit_query(url: &str, edit: impl Fn(&str) -> String) -> String {
    let (head, fragment) = url.split_once('#').map_or((url, None), |(head, tail)| (head, Some(tail)));
    let Some((base, query)) = head.split_once('?') else { return url.to_owned() };
    let fragment = fragment.map(|tail| format!("#{tail}")).unwrap_or_default();
    format!("{base}?{}{fragment}", edit(query))
}

fn keep_pairs(url: &str, keep: impl Fn(&str, &[&str]) -> bool) -> String {
    edit_query(url, |query| {
        let pairs: Vec<&str> = query.split('&').collect();
        let kept: Vec<&str> =
            (0..pairs.len()).filter(|at| keep(pairs[*at], &pairs[..*at])).map(|at| pairs[at]).collect();
        kept.join("&")
    })
}

fn edit_path(url: &str, edit: impl Fn(&str) -> String) -> String {
    let from = url.find("//").map_or(0, |at| at + 2);
    let Some(start) = url[from..].find('/').map(|at| at + from) else { return url.to_owned() };
    let end = url[start..].find(['?', '#']).map_or(url.len(), |at| at + start);
    format!("{}{}{}", &url[..start], edit(&url[start..end]), &url[end..])
}

fn decode(url: &str) -> String {
    let mut decoded = Vec::with_capacity(url.len());
    let mut rest = url.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = (byte == b'%')
            .then(|| tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn uppercase_escapes(url: &str) -> String {
    let mut left = 0;
    url.chars()
        .map(|character| {
            if character == '%' {
                left = 2;
                return character;
            }
            let escaped = left > 0;
            left = u8::saturating_sub(left, 1);
            if escaped { character.to_ascii_uppercase() } else { character }
        })
        .collect()
}

/// The host as written, and the URL as parsed.
fn host_of(url: &str) -> Option<(&str, Url)> {
    let parsed = Url::parse(url).ok()?;
    let authority = url.split_once("//")?.1.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    Some((host, parsed))
}
