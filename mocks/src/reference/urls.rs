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
