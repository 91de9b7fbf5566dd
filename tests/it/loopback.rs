//! Addresses of this machine that tests need. Servers are where their answers are judged.

use std::net::SocketAddr;

use tokio::net::TcpSocket;

/// An address at which nobody listens, nor can as long as this is kept: its port is taken.
#[derive(Debug)]
pub(crate) struct Nobody {
    socket: TcpSocket,
}

impl Nobody {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        Self { socket }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("it is bound")
    }
}
