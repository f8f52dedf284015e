//! Listening sockets that the process was started with, by the protocol of systemd
//! (`sd_listen_fds(3)`): its parent keeps them open while one host ends and the next begins,
//! so that no client is refused in between.
//!
//! `LISTEN_PID` is the process that they are for, `LISTEN_FDS` how many there are, from file 3 on,
//! and `LISTEN_FDNAMES` what they are called, with colons between. The one called `http` is for
//! clients, the one called `admin` for operators; others take what is left of these two, in this
//! order.

use std::env;
use std::io;
use std::net::TcpListener;

use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;
use thiserror::Error;

const NAMES: [&str; 2] = ["http", "admin"];

/// Sockets were handed over that the host cannot use.
#[derive(Debug, Error)]
pub enum SocketsError {
    /// No such number of sockets.
    #[error(
        "LISTEN_FDS = {0:?}: the host takes a socket for clients and one for operators; pass 1 or 2"
    )]
    Count(String),
    /// Both have one name.
    #[error("LISTEN_FDNAMES: two sockets are called {0:?}; call them \"http\" and \"admin\"")]
    Twice(&'static str),
    /// It is not a TCP socket that listens.
    #[error("LISTEN_FDS: {0}; pass TCP sockets that listen")]
    Socket(io::Error),
}

/// Sockets to listen on in the place of those that the configuration names.
#[derive(Debug, Default)]
pub struct Sockets {
    pub(super) http: Option<TcpListener>,
    pub(super) admin: Option<TcpListener>,
}

impl Sockets {
    /// Takes the sockets that the process was handed over, and removes them from the environment.
    /// Once, at the beginning of a program, before it has a second thread: that could read the
    /// environment.
    ///
    /// # Errors
    ///
    /// What was handed over cannot be used.
    pub fn from_env() -> Result<Self, SocketsError> {
        let variable = |name| env::var(name).unwrap_or_default();
        let count = variable("LISTEN_FDS");
        // It may be for another process, which started this one.
        if count.is_empty() || variable("LISTEN_PID").parse() != Ok(std::process::id()) {
            return Ok(Self::default());
        }
        let places = places(&count, &variable("LISTEN_FDNAMES"))?;
        let mut files = ListenFd::from_env();
        let mut sockets = Self::default();
        for (index, place) in places.into_iter().enumerate() {
            let socket = take(&mut files, index).map_err(SocketsError::Socket)?;
            match place {
                0 => sockets.http = socket,
                _ => sockets.admin = socket,
            }
        }
        Ok(sockets)
    }
}

/// Takes a socket, and keeps child processes from inheriting it.
fn take(files: &mut ListenFd, index: usize) -> io::Result<Option<TcpListener>> {
    let socket = files.take_tcp_listener(index)?;
    if let Some(socket) = &socket {
        if !socket_acceptconn(socket)? {
            return Err(io::Error::other("a socket does not listen (Accept=yes?)"));
        }
        socket.set_nonblocking(true)?;
    }
    Ok(socket)
}

/// Which of the names each file has: 0 or 1.
fn places(count: &str, names: &str) -> Result<Vec<usize>, SocketsError> {
    let number: usize = count.parse().unwrap_or(0);
    if !(1..=NAMES.len()).contains(&number) {
        return Err(SocketsError::Count(count.to_owned()));
    }
    let named: Vec<_> = names.split(':').chain([""; 2]).take(number).collect();
    let known = |name: &str| NAMES.iter().position(|known| *known == name);
    let mut free = vec![0, 1];
    for place in named.iter().filter_map(|name| known(name)) {
        if !free.contains(&place) {
            return Err(SocketsError::Twice(NAMES[place]));
        }
        free.retain(|it| *it != place);
    }
    let mut free = free.into_iter();
    let places = named.iter().map(|name| known(name).or_else(|| free.next()));
    Ok(places.flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_have_their_places_by_name_and_the_others_by_order() {
        for (count, names, expected) in [
            ("1", "", vec![0]),
            ("1", "http", vec![0]),
            ("1", "admin", vec![1]),
            ("2", "", vec![0, 1]),
            ("2", "tailor.socket:tailor.socket", vec![0, 1]),
            ("2", "admin:http", vec![1, 0]),
            ("2", "other:http", vec![1, 0]),
            ("2", "admin", vec![1, 0]),
        ] {
            assert_eq!(places(count, names).unwrap(), expected, "{count} {names}");
        }
        for (count, names, said) in [
            ("0", "", "LISTEN_FDS = \"0\""),
            ("3", "", "pass 1 or 2"),
            ("-1", "", "LISTEN_FDS = \"-1\""),
            ("x", "", "LISTEN_FDS = \"x\""),
            ("2", "admin:admin", "two sockets are called \"admin\""),
        ] {
            let error = places(count, names).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
