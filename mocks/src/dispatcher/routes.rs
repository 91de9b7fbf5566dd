//! Which hosts callbacks may go to, and where they really go.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Position, Url};

/// Which hosts callbacks may go to: loopback in plain HTTP, and what is said here.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    mapped: Vec<(String, SocketAddr)>,
    allowed: Vec<String>,
}

impl Routes {
    /// Sends `domain` and every name below it, any scheme and port, to `address` in plain HTTP.
    #[must_use]
    pub fn map(mut self, domain: &str, address: SocketAddr) -> Self {
        self.mapped.push((domain.to_ascii_lowercase(), address));
        self
    }

    /// Lets callbacks really go to `host`, a name or an address, with any port over HTTP or HTTPS.
    /// Names below it are not included.
    #[must_use]
    pub fn allow(mut self, host: &str) -> Self {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        self.allowed.push(host.to_ascii_lowercase());
        self
    }

    /// The root to connect to for a URL, or why there is none.
    pub(super) fn root(&self, destination: Destination<'_>) -> Result<String, String> {
        let Destination { scheme, host, is_loopback, root } = destination;
        let mapped = self.mapped.iter().find(|(domain, _)| {
            host.strip_suffix(domain.as_str()).is_some_and(|head| head.is_empty() || head.ends_with('.'))
        });
        if let Some((_, address)) = mapped {
            return Ok(format!("http://{address}"));
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_allowed = matches!(scheme, "http" | "https") && self.allowed.iter().any(|one| one == bare);
        if is_allowed || is_loopback && scheme == "http" {
            return Ok(root.to_owned());
        }
        if host.is_empty() {
            return Err("callbacks to no host are not allowed here".to_owned());
        }
        // The scheme as well: loopback is not the faults with `https://127.0.0.1`.
        let allowed = "only to loopback in plain HTTP, and to hosts allowed by name";
        Err(format!("callbacks to {scheme}://{host} are not allowed here, {allowed}"))
    }
}

/// What decides whether a URL may be called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Destination<'u> {
    pub(super) scheme: &'u str,
    pub(super) host: &'u str,
    pub(super) is_loopback: bool,
    /// The URL before its path.
    pub(super) root: &'u str,
}

impl<'u> Destination<'u> {
    pub(super) fn of(url: &'u Url) -> Self {
        let is_loopback = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        // A dot at the end makes a name absolute; it names the same host.
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_suffix('.').unwrap_or(host);
        Self { scheme: url.scheme(), host, is_loopback, root: &url[..Position::BeforePath] }
    }
}
