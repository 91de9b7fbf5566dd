//! Mutants of pass-through: what a gateway that "helps" does to the text of a callback URL.
//!
//! The plain gateway never looks into the URL. Most rows rewrite it, and do so one after the other when several are on.

use std::fmt::Write as _;

use url::Url;

use crate::deviation::deviations;
use crate::gateway::Gateway;
use crate::gateway::stages::Stages;

deviations! { Mutant of Gateway;
    QUERY_SORTED "query-sorted" "sorts the query of the callback URL" =>
        |stages| rewrite(stages, query_sorted);
    ESCAPES_DECODED "escapes-decoded" "decodes percent-escapes in the callback URL" =>
        |stages| rewrite(stages, decode);
    ESCAPES_UPPERCASED "escapes-uppercased" "rewrites percent-escapes in upper case" =>
        |stages| rewrite(stages, uppercase_escapes);
    PLUS_BECOMES_SPACE "plus-becomes-space" "rewrites + in the query as %20" =>
        |stages| rewrite(stages, |url| edit_query(url, |query| query.replace('+', "%20")));
    FRAGMENT_DROPPED "fragment-dropped" "drops the fragment of the callback URL" =>
        |stages| rewrite(stages, |url| url.split('#').next().unwrap_or(url).to_owned());
    DEFAULT_PORT_DROPPED "default-port-dropped" "drops :443 from the callback URL" =>
        |stages| rewrite(stages, |url| url.replacen(":443", "", 1));
    CREDENTIALS_DROPPED "credentials-dropped" "drops user-info from the callback URL" =>
        |stages| rewrite(stages, credentials_dropped);
    HOST_PUNYCODED "host-punycoded" "rewrites an international host name in Punycode" =>
        |stages| rewrite(stages, host_punycoded);
    NON_ASCII_ESCAPED "non-ascii-escaped" "percent-escapes non-ASCII characters in the callback URL" =>
        |stages| rewrite(stages, non_ascii_escaped);
    TRUNCATED_AT_255 "truncated-at-255" "cuts the callback URL at 255 characters" =>
        |stages| rewrite(stages, |url| url.chars().take(255).collect());
    HTML_ESCAPED "html-escaped" "replaces & by &amp; in the callback URL" =>
        |stages| rewrite(stages, |url| url.replace('&', "&amp;"));
    URL_NORMALISED "url-normalised" "lower-cases the host and resolves dot segments" =>
        |stages| rewrite(stages, url_normalised);
    TRAILING_SLASH_DROPPED "trailing-slash-dropped" "drops a slash at the end of the callback URL" =>
        |stages| rewrite(stages, |url| url.strip_suffix('/').unwrap_or(url).to_owned());
    EMPTY_QUERY_DROPPED "empty-query-dropped" "drops a question mark with nothing after it" =>
        |stages| rewrite(stages, |url| url.strip_suffix('?').unwrap_or(url).to_owned());
    TRUNCATED_AT_1024 "truncated-at-1024" "cuts the callback URL at 1,024 characters" =>
        |stages| rewrite(stages, |url| url.chars().take(1_024).collect());
    TRUNCATED_AT_2000 "truncated-at-2000" "cuts the callback URL at 2,000 characters" =>
        |stages| rewrite(stages, |url| url.chars().take(2_000).collect());
    ESCAPES_ESCAPED "escapes-escaped" "escapes the % of percent-escapes once more" =>
        |stages| rewrite(stages, |url| url.replace('%', "%25"));
    ESCAPED_SPACE_BECOMES_PLUS "escaped-space-becomes-plus" "rewrites %20 in the query as +" =>
        |stages| rewrite(stages, |url| edit_query(url, |query| query.replace("%20", "+")));
    PATH_LOWERCASED "path-lowercased" "lower-cases the path of the callback URL" =>
        |stages| rewrite(stages, |url| edit_path(url, str::to_lowercase));
    QUERY_REENCODED "query-reencoded" "decodes the query of the callback URL and encodes it again" =>
        |stages| rewrite(stages, query_reencoded);
    EMPTY_VALUES_DROPPED "empty-values-dropped" "drops query parameters without a value" =>
        |stages| rewrite(stages, empty_values_dropped);
    DUPLICATES_DROPPED "duplicates-dropped" "keeps one of several query parameters of the same name" =>
        |stages| rewrite(stages, duplicates_dropped);
    SEMICOLONS_CUT "semicolons-cut" "cuts path parameters after a semicolon" =>
        |stages| rewrite(stages, semicolons_cut);
    SEMICOLONS_SPLIT "semicolons-split" "rewrites ; in the query as &" =>
        |stages| rewrite(stages, |url| edit_query(url, |query| query.replace(';', "&")));
    SLASHES_COLLAPSED "slashes-collapsed" "collapses double slashes in the path" =>
        |stages| rewrite(stages, |url| edit_path(url, |path| path.replace("//", "/")));
    FRAGMENT_ESCAPED "fragment-escaped" "escapes the # of a fragment" =>
        |stages| rewrite(stages, |url| url.replace('#', "%23"));
    // Enough of Unicode's composition for what the check sends.
    COMPOSED_CHARACTERS "composed-characters" "composes letters and accents (NFC)" =>
        |stages| rewrite(stages, |url| url.replace("e\u{301}", "\u{e9}"));
    HOST_DOT_DROPPED "host-dot-dropped" "drops a dot at the end of the host name" =>
        |stages| rewrite(stages, |url| url.replacen(".com./", ".com/", 1));
    JSON_ESCAPES_KEPT "json-escapes-kept" "forwards the callback URL as it was escaped in the JSON text" => json_escapes_kept;
    AMPERSAND_ESCAPED_TWICE "ampersand-escaped-twice" "escapes & for JSON twice" =>
        |stages| rewrite(stages, |url| url.replace('&', "\\u0026"));
    HTTP_UPGRADED "http-upgraded" "rewrites an http:// callback URL as https://" =>
        |stages| rewrite(stages, http_upgraded);
    TRUNCATED_AT_2048 "truncated-at-2048" "cuts the callback URL at 2,048 characters" =>
        |stages| rewrite(stages, |url| url.chars().take(2_048).collect());
    RELATIVE_RESOLVED "relative-resolved" "completes a relative callback URL with an address of its own" =>
        |stages| rewrite(stages, relative_resolved);
}

/// Changes the callback URL on its way to the vendor.
fn rewrite(stages: &mut Stages, rewrite: fn(&str) -> String) {
    stages.forward_callback.after(move |_, url| rewrite(&url));
}

fn json_escapes_kept(stages: &mut Stages) {
    stages.forward_callback.around(|next, service, given| {
        as_written(&given.body.text).unwrap_or_else(|| next.run(service, given))
    });
}

/// The first callback URL in a JSON text, escapes and all.
fn as_written(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("\"callback_url\":\"")?;
    rest.split('"').next().map(str::to_owned)
}

fn query_sorted(url: &str) -> String {
    edit_query(url, |query| {
        let mut pairs: Vec<&str> = query.split('&').collect();
        pairs.sort_unstable();
        pairs.join("&")
    })
}

fn credentials_dropped(url: &str) -> String {
    match (url.find("//"), url.find('@')) {
        (Some(start), Some(end)) if end > start + 1 && !url[start + 2..end].contains('/') => {
            format!("{}{}", &url[..start + 2], &url[end + 1..])
        }
        _ => url.to_owned(),
    }
}

fn http_upgraded(url: &str) -> String {
    url.strip_prefix("http://").map_or_else(|| url.to_owned(), |rest| format!("https://{rest}"))
}

fn host_punycoded(url: &str) -> String {
    let Some((host, parsed)) = host_of(url) else { return url.to_owned() };
    if host.is_ascii() {
        return url.to_owned();
    }
    url.replacen(host, parsed.host_str().unwrap_or(host), 1)
}

fn non_ascii_escaped(url: &str) -> String {
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
}

fn url_normalised(url: &str) -> String {
    let Some((host, _)) = host_of(url) else { return url.to_owned() };
    url.replacen(host, &host.to_lowercase(), 1).replace("/./", "/").replace("/sub/../", "/")
}

fn query_reencoded(url: &str) -> String {
    edit_query(url, |query| {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    })
}

fn empty_values_dropped(url: &str) -> String {
    keep_pairs(url, |pair, _| pair.split_once('=').is_some_and(|(_, value)| !value.is_empty()))
}

fn duplicates_dropped(url: &str) -> String {
    keep_pairs(url, |pair, before| {
        let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
        before.iter().all(|other| name(other) != name(pair))
    })
}

fn semicolons_cut(url: &str) -> String {
    edit_path(url, |path| {
        let cut: Vec<&str> =
            path.split('/').map(|segment| segment.split(';').next().unwrap_or(segment)).collect();
        cut.join("/")
    })
}

fn relative_resolved(url: &str) -> String {
    if url.starts_with('/') { format!("https://operator.example.com{url}") } else { url.to_owned() }
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
