//! One listener and its connections, owned by one task: nothing outside touches the socket.
//!
//! Ending the task, or dropping its commands, closes the port and every connection.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::command::Command;
use crate::site::Site;
use crate::wire::{Connection, Wire};

/// Connections that the system holds until they are accepted.
const BACKLOG: u32 = 4_096;

/// Streams that one HTTP/2 connection may have open. hyper's 200 would be a limit of the mock, not
/// of what is tested.
const MAX_STREAMS: u32 = 4_096;

/// Rest after a failed accept, which is most often a lack of file descriptors.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

enum Door {
    Open(TcpListener),
    /// Bound but not listening: connections are refused, and no other process is given the port
    /// meanwhile.
    Shut(Option<TcpSocket>),
}

/// A bound listener, not yet serving.
pub(crate) struct Listener {
    address: SocketAddr,
    door: Door,
}

impl Listener {
    /// Binds and listens. Port 0 takes a free one.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Listener> {
        let listener = listen(address)?;
        Ok(Listener {
            address: listener.local_addr()?,
            door: Door::Open(listener),
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until it is told to stop or its handle is gone.
    pub(crate) async fn run(mut self, site: Site, mut commands: mpsc::Receiver<Command>) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Open(done)) => {
                        let _ = done.send(self.open());
                    }
                    Some(Command::Close(done)) => {
                        self.close();
                        connections.shutdown().await;
                        let _ = done.send(Ok(()));
                    }
                    Some(Command::Stop(done)) => {
                        drop(self);
                        connections.shutdown().await;
                        let _ = done.send(());
                        return;
                    }
                    None => return,
                },
                accepted = accept(&self.door) => match accepted {
                    Ok(stream) => {
                        connections.spawn(serve(site.clone(), stream));
                    }
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    fn open(&mut self) -> io::Result<()> {
        if let Door::Shut(held) = &mut self.door {
            let socket = match held.take() {
                Some(socket) => socket,
                None => hold(self.address)?,
            };
            self.door = Door::Open(socket.listen(BACKLOG)?);
        }
        Ok(())
    }

    fn close(&mut self) {
        if matches!(self.door, Door::Shut(Some(_))) {
            return;
        }
        // The listening socket goes first: two sockets can share a port only while neither listens.
        self.door = Door::Shut(None);
        // If another process takes the port in this moment, `open` reports it.
        self.door = Door::Shut(hold(self.address).ok());
    }
}

/// Listens on an address. Port 0 takes a free one.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    hold(address)?.listen(BACKLOG)
}

/// Takes a port without listening. The address may be reused, or else the closed connections that
/// linger in the system would keep the port for a minute.
fn hold(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // On Windows the same option would let two processes take the same port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn accept(door: &Door) -> io::Result<TcpStream> {
    match door {
        Door::Open(listener) => listener.accept().await.map(|(stream, _)| stream),
        Door::Shut(_) => std::future::pending().await,
    }
}

/// Serves one connection to its end.
async fn serve(site: Site, stream: TcpStream) {
    let connection = Arc::new(site.connected());
    let _counted = Counted(&site);
    // Without this, a small answer may wait 40 ms for an acknowledgement. A failure means that the
    // peer is gone.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let (site, connection) = (site.clone(), Arc::clone(&connection));
        async move { site.answer(connection, request).await }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(MAX_STREAMS);
    let io = TokioIo::new(Wire::new(stream, Arc::clone(&connection)));
    let serving = std::pin::pin!(builder.serve_connection(io, service));
    // Declared after `serving` and hence dropped before it, so that the requests in it find the
    // mark when they end.
    let mut mark = MarkEnd {
        connection: &connection,
        armed: true,
    };
    tokio::select! {
        // An error here is the peer's doing and shows in the outcomes of its requests.
        _ = serving => mark.armed = false,
        () = connection.reset.notified() => {}
    }
}

struct Counted<'a>(&'a Site);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.disconnected();
    }
}

/// Marks a connection as ended by this side, unless disarmed because it ended by itself.
struct MarkEnd<'a> {
    connection: &'a Connection,
    armed: bool,
}

impl Drop for MarkEnd<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.connection.ended_here.store(true, Ordering::Relaxed);
        }
    }
}
