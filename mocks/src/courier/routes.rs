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
    pub(super) fn root(&self, url: &Url) -> Result<String, String> {
        let host = url.host_str().unwrap_or_default();
        let mapped = self.mapped.iter().find(|(domain, _)| {
            host.strip_suffix(domain.as_str()).is_some_and(|head| head.is_empty() || head.ends_with('.'))
        });
        if let Some((_, address)) = mapped {
            return Ok(format!("http://{address}"));
        }
        let loopback = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let allowed = matches!(url.scheme(), "http" | "https") && self.allowed.iter().any(|one| one == bare);
        if allowed || loopback && url.scheme() == "http" {
            return Ok(url[..Position::BeforePath].to_owned());
        }
        Err(format!("callbacks to {} are not allowed here", url.host_str().unwrap_or("no host")))
    }
}
