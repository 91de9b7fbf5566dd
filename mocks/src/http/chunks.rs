//! A body in chunks, for those who read HTTP/1 from bare bytes: hyper keeps its own reader to itself.

use bytes::{Bytes, BytesMut};

/// Trailer fields that are read over at most.
const TRAILERS_MAX: usize = 64;

/// Why bytes are not a body in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not in chunks as it says")]
pub struct NotChunks;

/// The body whose chunks `read` begins with, and how many bytes they take up, trailer included; none while
/// the end is missing.
pub fn unchunked(read: &[u8]) -> Result<Option<(Bytes, usize)>, NotChunks> {
    let mut body = BytesMut::new();
    let mut at = 0;
    loop {
        let rest = read.get(at..).unwrap_or_default();
        let size = httparse::parse_chunk_size(rest).map_err(|_| NotChunks)?;
        let httparse::Status::Complete((line, size)) = size else { return Ok(None) };
        at += line;
        if size == 0 {
            let mut fields = [httparse::EMPTY_HEADER; TRAILERS_MAX];
            let trailer = httparse::parse_headers(&read[at..], &mut fields).map_err(|_| NotChunks)?;
            return Ok(match trailer {
                httparse::Status::Complete((length, _)) => Some((body.freeze(), at + length)),
                httparse::Status::Partial => None,
            });
        }
        let end = usize::try_from(size).ok().and_then(|size| at.checked_add(size)).ok_or(NotChunks)?;
        let Some(chunk) = read.get(at..end) else { return Ok(None) };
        match read.get(end..end + 2) {
            Some(b"\r\n") => {}
            Some(_) => return Err(NotChunks),
            None => return Ok(None),
        }
        body.extend_from_slice(chunk);
        at = end + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::{NotChunks, unchunked};

    #[test]
    fn chunks_are_joined_and_what_follows_is_left() {
        let text = b"4;part=yes\r\nboat\r\n1\r\n!\r\n0\r\nx-checksum: none\r\n\r\nGET";
        let (body, length) = unchunked(text).expect("chunks").expect("whole");
        assert_eq!((&body[..], &text[length..]), (&b"boat!"[..], &b"GET"[..]));
        for end in 0..length {
            assert_eq!(unchunked(&text[..end]), Ok(None), "the first {end} bytes");
        }
    }

    #[test]
    fn other_bytes_are_not_chunks() {
        assert_eq!(unchunked(b"boat\r\n"), Err(NotChunks));
        assert_eq!(unchunked(b"1\r\nboat\r\n"), Err(NotChunks));
        assert_eq!(unchunked(b"fffffffffffffffff\r\n"), Err(NotChunks));
    }
}
