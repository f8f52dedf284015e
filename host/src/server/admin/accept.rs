//! Takes the connections of operators, scrapers and probes: always, also when the process may open
//! no more files.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};

use super::Pages;
use super::connection::serve;
use super::places::{Place, Places};
use crate::config;

/// Pause after a failed `accept`: what is missing takes time to come back.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts until it is ended.
pub(super) async fn accept(listener: TcpListener, pages: Arc<Pages>, settings: config::Admin) {
    let mut places = Places::new(&settings);
    let mut spare = Spare::default();
    let settings = Arc::new(settings);
    loop {
        spare.fill();
        let (stream, place) = match listener.accept().await {
            Ok((stream, _)) => (stream, places.take()),
            Err(error) => match spare.accept(&error, &listener).await {
                Some(stream) => (stream, places.take_for_health()),
                None => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
        };
        spawn(stream, place, &pages, &settings);
    }
}

fn spawn(
    stream: TcpStream,
    place: Arc<Place>,
    pages: &Arc<Pages>,
    settings: &Arc<config::Admin>,
) {
    let connection = serve(stream, place, pages.clone(), settings.clone());
    #[expect(clippy::disallowed_methods, reason = "bounded by the places")]
    tokio::spawn(connection);
}

/// An open file that gives way to a connection when no other can be opened.
#[derive(Default)]
struct Spare(Option<File>);

impl Spare {
    fn fill(&mut self) {
        if self.0.is_none() {
            // Without one, the next attempt comes after a pause.
            self.0 = File::open("/dev/null").ok();
        }
    }

    /// Accepts in the place of the spare file, if that is what is missing.
    async fn accept(&mut self, error: &io::Error, listener: &TcpListener) -> Option<TcpStream> {
        let missing = [Errno::MFILE, Errno::NFILE];
        if !Errno::from_io_error(error).is_some_and(|errno| missing.contains(&errno)) {
            return None;
        }
        self.0.take()?;
        let (stream, _) = listener.accept().await.ok()?;
        Some(stream)
    }
}
