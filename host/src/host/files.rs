//! How many files the process may have open, and how they are divided.
//!
//! Each connection is an open file. When none is left, the host cannot load a component, read a
//! secret or accept an operator's connection. So clients get only what these leave.

use std::fmt;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::{Config, Downstream, Protocol};

/// Files that are always open: standard streams, listeners, the event loop that accepts, the
/// directory of the log.
const PROCESS: usize = 16;
/// Files of an event loop: its poll descriptor and its waker.
const WORKER: usize = 4;
/// Files of a BFF: the memory that its instances begin with, of the live version and of the next.
const BFF: usize = 2;
/// Files for a component that is compiled: both ends of the pipes to its compiler.
const COMPILER: usize = 6;

/// Lets the process have as many files open as the system allows it, and returns how many these
/// are. `None` where there is no limit.
pub fn raise_limit() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files stays as it is");
            current
        }
    }
}

/// The file descriptors of each part of the host, and the client connections that are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileBudget {
    /// The limit of the process; `None` for none.
    limit: Option<usize>,
    /// What the configuration allows clients.
    wanted: usize,
    calls: usize,
    /// The host itself, with the reserve and the admin listener.
    host: usize,
}

impl FileBudget {
    /// What a configuration needs under the limit that is in force now.
    pub fn of(config: &Config) -> Self {
        let limit = getrlimit(Resource::Nofile).current;
        Self::within(
            config,
            limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        )
    }

    fn within(config: &Config, limit: Option<usize>) -> Self {
        let workers = config.server.workers.get();
        let admin = config
            .admin
            .as_ref()
            .map_or(0, |admin| admin.max_connections + admin.health_connections);
        // The control thread calls services, too: it makes smoke requests.
        let calls = config.downstreams.values();
        let calls = calls.map(|service| connections(service, workers + 1)).sum();
        Self {
            limit,
            wanted: config.server.max_connections,
            calls,
            host: PROCESS
                + WORKER * (workers + 1)
                + BFF * config.bffs.len()
                + COMPILER * config.engine.compile.jobs
                + admin
                + config.server.file_reserve,
        }
    }

    /// The most connections of clients, at least one.
    pub fn connections(&self) -> usize {
        let Some(limit) = self.limit else {
            return self.wanted;
        };
        // Calls come first, but not before half of what there is: without clients, there are none.
        let shared = limit.saturating_sub(self.host);
        let left = shared - self.calls.min(shared / 2);
        self.wanted.min(left).max(1)
    }

    /// The warning for an operator when the limit is too small.
    pub fn shortage(&self) -> Option<Shortage> {
        let needed = self.wanted + self.calls + self.host;
        self.limit
            .filter(|limit| *limit < needed)
            .map(|limit| Shortage {
                room: *self,
                limit,
                needed,
            })
    }
}

/// The most connections to a service.
fn connections(service: &Downstream, workers: usize) -> usize {
    let calls = service.bulkhead.max_calls;
    match service.protocol {
        Protocol::Http1 => calls,
        Protocol::Http2 => calls.min(workers * service.endpoints.len()),
    }
}

/// The limit of open files is too small for the configuration. Shown as a sentence with the way
/// out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    room: FileBudget,
    limit: usize,
    needed: usize,
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            room,
            limit,
            needed,
        } = self;
        let FileBudget {
            wanted,
            calls,
            host,
            ..
        } = room;
        let taken = room.connections();
        write!(
            f,
            "server.max-connections ({wanted}), calls to services ({calls}) and the host itself \
             ({host}) need {needed} open files, and the limit is {limit}: at most {taken} \
             connections of clients are taken; raise the limit (ulimit -n {needed}, or \
             LimitNOFILE={needed} for systemd), or lower server.max-connections"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(limit: usize, wanted: usize, calls: usize, host: usize) -> FileBudget {
        FileBudget {
            limit: Some(limit),
            wanted,
            calls,
            host,
        }
    }

    #[test]
    fn clients_get_what_the_others_leave() {
        // limit, wanted, calls, host: connections, whether it is too little
        for (room, connections, short) in [
            (room(10_000, 1_000, 500, 100), 1_000, false),
            (room(1_600, 1_000, 500, 100), 1_000, false),
            (room(1_599, 1_000, 500, 100), 999, true),
            (room(1_000, 1_000, 300, 100), 600, true),
            // Calls want more than half of what they share with the clients.
            (room(1_000, 1_000, 800, 100), 450, true),
            (room(1_000, 200, 800, 100), 200, true),
            (room(50, 1_000, 800, 100), 1, true),
        ] {
            assert_eq!(room.connections(), connections, "{room:?}");
            assert_eq!(room.shortage().is_some(), short, "{room:?}");
        }
        let unlimited = FileBudget {
            limit: None,
            ..room(0, 1_000, 1, 1)
        };
        assert_eq!(unlimited.connections(), 1_000);
        assert_eq!(unlimited.shortage(), None);
    }

    #[test]
    fn a_service_needs_a_file_for_each_connection() {
        let text = "[server]\nworkers = 2\nfile-reserve = 1000\nmax-connections = 7\n\
                    [admin]\nmax-connections = 3\nhealth-connections = 2\n\
                    [engine]\ncompile-jobs = 2\n\
                    [downstream.one]\nurl = \"http://127.0.0.1:1\"\nmax-calls = 20\n\
                    [downstream.two]\nurl = [\"http://127.0.0.1:2\", \"http://127.0.0.1:3\"]\n\
                    protocol = \"h2\"\n\
                    [bff.x]\ncomponent = \"files.rs\"\n[[route]]\nbff = \"x\"\n";
        let here = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/host/x.toml"));
        let config = crate::config::parse(text, here).unwrap();
        let room = FileBudget::within(&config, Some(100));
        // One connection for each of three event loops and two endpoints.
        assert_eq!((room.calls, room.wanted), (20 + 3 * 2, 7));
        assert_eq!(room.host, 16 + 4 * 3 + 2 + 6 * 2 + 5 + 1000);
        let said = room.shortage().unwrap().to_string();
        for part in [
            "server.max-connections (7)",
            "(26)",
            "(1047)",
            "1080",
            "100",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
