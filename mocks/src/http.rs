//! The one inert HTTP client, and the one way to serve: everything that touches sockets for HTTP.
//!
//! Here are the bounds both sides keep to and the translation of header fields; sending is `client`
//! (with its connections in `pool`), answering is `server`.

use std::net::SocketAddr;

use bytes::Bytes;

use crate::wire::Headers;

mod chunks;
mod client;
mod no_answer;
mod pool;
mod server;
pub use chunks::{NotChunks, unchunked};
pub use client::HttpClient;
pub use no_answer::NoAnswer;
pub use server::{Answer, Bounds, Server};

/// Longest answer read. Gateways and vendors of this field answer with a few kilobytes; what is
/// kept of many answers at once must fit into little memory, whatever a hostile peer sends.
pub const ANSWER_MAX: usize = 256 * 1024;
/// Longest request body read by the receiving ends of this crate. A mock vendor reads more, because
/// vendors take media inside the body: see [`Bounds::VENDOR`].
pub const REQUEST_MAX: usize = 1024 * 1024;

/// A free loopback port for anything we start.
pub const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// An empty body, for answers that have none.
pub const NO_BODY: Bytes = Bytes::new();

/// Header fields as values. A value that is not UTF-8 has U+FFFD in it; see [`Headers`].
fn headers_of(fields: &::http::HeaderMap) -> Headers {
    let bytes = fields.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let mut headers = Headers::with_room(fields.len(), bytes);
    for (name, value) in fields {
        match value.to_str() {
            Ok(value) => headers.push(name, value),
            Err(_) => headers.push(name, String::from_utf8_lossy(value.as_bytes())),
        }
    }
    headers
}
