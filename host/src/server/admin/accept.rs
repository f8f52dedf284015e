//! Takes the connections of operators, scrapers and probes: always, also when the process may open
//! no more files.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::Pages;
use super::connection::serve;
use super::places::AdminConnections;
use crate::config;

/// Pause after a failed `accept`: a lacking resource takes time to return.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts until it is ended.
pub(super) async fn accept(listener: TcpListener, pages: Arc<Pages>, settings: config::Admin) {
    let mut places = AdminConnections::new(&settings);
    let mut spare = Spare::default();
    let settings = Arc::new(settings);
    let ended = Arc::new(Notify::new());
    loop {
        spare.fill();
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Its file becomes the spare one again, before others take it.
            () = ended.notified(), if spare.is_given() => continue,
        };
        let (stream, place) = match accepted {
            Ok((stream, _)) => (stream, places.take()),
            Err(error) => match spare.accept(&error, &listener).await {
                Some(stream) => (stream, places.take_for_health()),
                None => continue,
            },
        };
        let connection = serve(stream, place, pages.clone(), settings.clone());
        let ended = ended.clone();
        #[expect(clippy::disallowed_methods, reason = "bounded by the places")]
        tokio::spawn(async move {
            connection.await;
            ended.notify_one();
        });
    }
}

/// A spare open file, closed to accept a connection when no other file can be opened.
#[derive(Default)]
struct Spare(Option<File>);

impl Spare {
    fn fill(&mut self) {
        if self.0.is_none() {
            // Without one, the next attempt comes after a pause.
            self.0 = File::open("/dev/null").ok();
        }
    }

    fn is_given(&self) -> bool {
        self.0.is_none()
    }

    /// Accepts with the spare file's descriptor if descriptors are lacking; else waits a little.
    async fn accept(&mut self, error: &io::Error, listener: &TcpListener) -> Option<TcpStream> {
        let missing = [Errno::MFILE, Errno::NFILE];
        let missing = Errno::from_io_error(error).is_some_and(|errno| missing.contains(&errno));
        if missing && self.0.take().is_some() {
            match listener.accept().now_or_never() {
                Some(Ok((stream, _))) => return Some(stream),
                // The system needs a file descriptor before it checks for a waiting connection.
                None => return None,
                Some(Err(_)) => {}
            }
        }
        tokio::time::sleep(PAUSE).await;
        None
    }
}
