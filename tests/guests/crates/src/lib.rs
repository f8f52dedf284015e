//! A BFF that uses crates as other programs do: `rand`, `uuid`, `chrono` and `getrandom`.

use chrono::{Datelike as _, TimeDelta};
use rand::RngExt as _;
use tailor_kit::{Handler, Request, Response, utc_now};
use uuid::{NoContext, Timestamp, Uuid};

/// The BFF.
pub struct Crates;

tailor_kit::export!(Crates);

impl Handler for Crates {
    fn handle(request: Request) -> Response {
        let text = match request.path.as_str() {
            "/uuid" => Uuid::new_v4().to_string(),
            "/uuid-7" => ordered().to_string(),
            "/rand" => rand::rng().random_range(0..u64::MAX).to_string(),
            "/getrandom-3" => bytes(|place| getrandom::fill(place).is_ok()),
            "/getrandom-2" => bytes(|place| getrandom_02::getrandom(place).is_ok()),
            "/tomorrow" => (utc_now() + TimeDelta::days(1)).to_rfc3339(),
            "/weekday" => utc_now().weekday().to_string(),
            "/print" => print(),
            _ => return Response::empty(404),
        };
        Response::text("text/plain", text)
    }
}

/// An id that sorts by time.
fn ordered() -> Uuid {
    let now = tailor_kit::now_ms();
    let nanoseconds = u32::try_from(now % 1000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, now / 1000, nanoseconds))
}

/// More bytes than the host gives at once, of which the last tell.
fn bytes(fill: fn(&mut [u8]) -> bool) -> String {
    let mut place = vec![0; (64 << 10) + 16];
    match fill(&mut place) {
        true => format!("{:02x?}", &place[64 << 10..]),
        false => "nothing".to_owned(),
    }
}

fn print() -> String {
    use tailor_kit::{eprintln, println};
    println!("{} steps", 7);
    eprintln!("no pulse");
    String::new()
}
