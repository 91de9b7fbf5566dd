//! What makes a run safe to point at production: pace, cap, and where callbacks can reach us.

use std::net::{SocketAddr, ToSocketAddrs as _};

use url::Url;

use super::ConfigError;
use crate::gateway::target::Live;

/// Requests a second against a deployed gateway when nobody says otherwise.
pub(super) const RATE: f64 = 5.0;
/// Requests in all against a deployed gateway when nobody says otherwise.
pub(super) const MAX_REQUESTS: u64 = 2_000;
/// Where the inbox listens when only its public address is given; a tunnel leads here.
const BIND: &str = "127.0.0.1:8787";

/// The pace: what was asked for, or a polite one where the subject is not ours.
pub(super) fn rate(given: Option<f64>, polite: Option<f64>) -> Result<Option<f64>, ConfigError> {
    match given {
        Some(rate) if !(rate.is_finite() && (0.01..=10_000.0).contains(&rate)) => {
            Err(ConfigError(format!("--rate takes requests a second, from 0.01 to 10000, not `{rate}`")))
        }
        Some(rate) => Ok(Some(rate)),
        None => Ok(polite),
    }
}

/// The cap: what was asked for, or a finite one where the subject is not ours.
pub(super) fn cap(given: Option<u64>, polite: Option<u64>) -> Result<Option<u64>, ConfigError> {
    match given {
        Some(0) => Err(ConfigError("--max-requests 0 leaves nothing to judge".into())),
        Some(most) => Ok(Some(most)),
        None => Ok(polite),
    }
}

/// Where callbacks of real vendors reach us.
pub(super) fn live(
    advertise: Option<String>,
    bind: Option<String>,
    deployed: bool,
) -> Result<Option<Live>, ConfigError> {
    let Some(advertise) = advertise else {
        return match bind {
            Some(_) => {
                Err(ConfigError("--bind needs --advertise: the public address that leads to it".into()))
            }
            None => Ok(None),
        };
    };
    if !deployed {
        return Err(ConfigError(
            "--advertise belongs to a deployed gateway: our mocks reach our inbox by themselves".into(),
        ));
    }
    let wrong = |why: &str| ConfigError(format!("`{advertise}` cannot be advertised: {why}"));
    let url = Url::parse(&advertise).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("it must begin with http:// or https://"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("give scheme, host and perhaps a path; a token is added to it for each job"));
    }
    let bind = bind.unwrap_or_else(|| BIND.to_owned());
    let listens: SocketAddr = bind
        .to_socket_addrs()
        .ok()
        .and_then(|mut all| all.next())
        .ok_or_else(|| ConfigError(format!("`{bind}` is not an address to listen on; write {BIND}")))?;
    Ok(Some(Live { advertise: url.as_str().trim_end_matches('/').to_owned(), bind: listens }))
}
