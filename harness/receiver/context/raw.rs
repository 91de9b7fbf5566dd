//! Requests that no proper client would send: names of headers as written, bodies in pieces, connections
//! that end before the answer. Plain HTTP only.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ringback_mocks::delivery_faults::Wire;
use ringback_mocks::dispatcher::raw;
use ringback_mocks::journal::{Entry, Leg};
use ringback_mocks::wire::Request;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{ReceiverContext, ReceiverReply};
use crate::run::outcome::{Finding, Stop};

impl ReceiverContext {
    /// Sends a request byte for byte as it is written here, names of headers included.
    pub async fn post_as_written(&self, request: Request) -> Result<ReceiverReply, Stop> {
        let (root, _) = self.place()?;
        let request = self.with_host(request)?;
        let _leave = self.leave().await?;
        let began = Instant::now();
        let answer = raw::send(root, &request, Wire::default(), self.target.timeouts.answer).await;
        let entry = Entry { leg: Leg::Callback(self.vendor), began, request, answer, task: None };
        let exchange = self.subject().journal.record_for(Some(self.token.clone()), entry);
        match &exchange.answer {
            Ok(response) => {
                self.notes().answered = true;
                Ok(ReceiverReply::of(Arc::clone(&exchange), response))
            }
            Err(why) if why.starts_with("could not connect") => {
                Err(Stop::Inconclusive(format!("{} ({why})", self.subject().exit_summary())))
            }
            Err(why) => Err(Finding::new("an answer", why.clone()).seen_in(&exchange).into()),
        }
    }

    /// Sends a whole request and closes the connection without reading, so that its acknowledgement is lost:
    /// when an answer begins to arrive, or after that time.
    pub async fn post_and_leave(&self, request: Request, linger: Duration) -> Result<(), Stop> {
        let request = self.with_host(request)?;
        let _leave = self.leave().await?;
        let began = Instant::now();
        let stream = self.connect().await?;
        let sent = leave(stream, &request, linger).await;
        let why = match sent {
            Ok(()) => "the connection was closed after the request, so that the answer is lost".to_owned(),
            Err(error) => format!("the connection broke: {error}"),
        };
        let entry = Entry { leg: Leg::Callback(self.vendor), began, request, answer: Err(why), task: None };
        self.subject().journal.record_for(Some(self.token.clone()), entry);
        Ok(())
    }

    /// Begins a request whose body arrives in drops: half of it, then a byte each `pause`, `drops` times. It
    /// is never finished. Ends when the drops have been sent or the receiver has had enough.
    pub async fn send_slowly(&self, request: Request, pause: Duration, drops: usize) -> Result<(), Stop> {
        let request = self.with_host(request)?;
        let _leave = self.leave().await?;
        let mut stream = self.connect().await?;
        let half = request.body.len() / 2;
        let mut bytes = head(&request).into_bytes();
        bytes.extend_from_slice(&request.body[..half]);
        if stream.write_all(&bytes).await.is_err() {
            return Ok(());
        }
        let mut beat = tokio::time::interval(pause);
        for byte in request.body[half..].iter().take(drops) {
            beat.tick().await;
            if stream.write_all(&[*byte]).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn with_host(&self, request: Request) -> Result<Request, Stop> {
        let (root, _) = self.place()?;
        let authority = authority(root)?.to_owned();
        let headers = std::iter::once(("host", authority.as_str())).chain(request.headers.iter()).collect();
        Ok(Request { headers, ..request })
    }

    async fn connect(&self) -> Result<TcpStream, Stop> {
        let (root, _) = self.place()?;
        let authority = authority(root)?;
        let address = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
        TcpStream::connect(address)
            .await
            .map_err(|error| Stop::Inconclusive(format!("{} ({error})", self.subject().exit_summary())))
    }
}

fn authority(root: &str) -> Result<&str, Stop> {
    root.strip_prefix("http://")
        .ok_or_else(|| Stop::NotTestable("bytes can be sent as they are written over plain HTTP only".into()))
}

fn head(request: &Request) -> String {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
    for (name, value) in request.headers.iter() {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(head, "content-length: {}\r\n\r\n", request.body.len());
    head
}

async fn leave(mut stream: TcpStream, request: &Request, linger: Duration) -> io::Result<()> {
    let mut bytes = head(request).into_bytes();
    bytes.extend_from_slice(&Bytes::clone(&request.body));
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    let _ = tokio::time::timeout(linger, stream.readable()).await;
    // A reset instead of a goodbye: whatever the receiver writes from now on is lost.
    stream.set_zero_linger()?;
    Ok(())
}
