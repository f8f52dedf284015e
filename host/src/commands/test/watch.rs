//! `tailor test --watch`: again and again, when a file changed.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::marks::{Marks, OwnFiles, Places};
use super::style::shown;
use super::{Session, Signals};
use crate::commands::output::{Output, Reader};

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_millis(300);
/// Files that are named.
const MAX_NAMED: usize = 3;

/// Runs until Ctrl-C, or until nobody reads what is printed, and ends with the code of the last run
/// that ended.
pub async fn watch(session: Arc<Session>, signals: &mut Signals) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::FAILURE;
    let mut own = OwnFiles::default();
    loop {
        let places = Places::of(&session.context.arguments);
        // Before the run, so that a change during it is noticed.
        let before = Marks::of(&places);
        let run = session.clone();
        let run = tokio::task::spawn_blocking(move || run.run());
        let ran = tokio::select! {
            ended = run => ended??,
            () = signals.stop() => return Ok(code),
        };
        code = ran.code;
        let seen = own.seen(before, &Marks::of(&places), &ran.written);
        let mut out = Output::default();
        if ran.reader == Reader::There {
            let own = seen.own.iter().take(MAX_NAMED).map(|path| shown(path));
            let own = own.collect::<Vec<_>>().join(", ");
            let but = match seen.own.len() {
                0 => String::new(),
                1..=MAX_NAMED => format!(" (the tests write {own})"),
                all => format!(" (the tests write {own} and {} more)", all - MAX_NAMED),
            };
            out.print(&format!("waiting for changes{but}; Ctrl-C ends\n"));
        }
        if ran.reader == Reader::Gone || out.end()? == Reader::Gone {
            return Ok(code);
        }
        tokio::select! {
            reader = changed(seen.marks, &places) => {
                if reader == Reader::Gone {
                    return Ok(code);
                }
            }
            () = signals.stop() => return Ok(code),
        }
    }
}

/// Waits until a file is another one, and all have been the same for one look; or until nobody
/// reads.
async fn changed(before: Marks, places: &Places) -> Reader {
    let mut last = before.clone();
    loop {
        tokio::time::sleep(INTERVAL).await;
        let now = Marks::of(places);
        if now != before && now == last {
            return Reader::There;
        }
        if Reader::now() == Reader::Gone {
            return Reader::Gone;
        }
        last = now;
    }
}
