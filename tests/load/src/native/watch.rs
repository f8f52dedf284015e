//! The watch face, as in `bffs/watch`.

use http::header::{ACCEPT, VARY};
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};

use super::answer::{NativeResponse, Refused, json, ok, with};
use super::date::Date;
use super::query::Query;
use super::services::{Missing, Service, Services};

#[derive(Serialize)]
struct Face {
    steps: Option<i64>,
    heart: Option<i64>,
    sleep: Option<i64>,
}

#[derive(Deserialize)]
struct Activity {
    steps: i64,
}

#[derive(Deserialize)]
struct Heart {
    latest: Latest,
}

#[derive(Deserialize)]
struct Latest {
    bpm: i64,
}

#[derive(Deserialize)]
struct Sleep {
    asleep_minutes: i64,
}

pub(crate) async fn face(
    services: &Services,
    user: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<NativeResponse, Refused> {
    let query = Query::read(query, &["date"])?;
    let day = query.parsed("date")?.unwrap_or_else(Date::today);
    let (activity, heart, sleep) = tokio::join!(
        services.get::<Activity>(Service::Activity, format!("/users/{user}/days/{day}")),
        services.get::<Heart>(Service::Heart, format!("/users/{user}/days/{day}")),
        services.get::<Sleep>(Service::Sleep, format!("/users/{user}/nights/{day}")),
    );
    let mut missing = Vec::new();
    let mut part =
        |name, value: Result<i64, Missing>| value.map_err(|why| missing.push((name, why))).ok();
    let face = Face {
        steps: part("steps", activity.map(|it| it.steps)),
        heart: part("heart", heart.map(|it| it.latest.bpm)),
        sleep: part("sleep", sleep.map(|it| it.asleep_minutes)),
    };
    if missing.len() == 3 {
        return Err(Refused::nothing_arrived(&missing));
    }
    let keep = if missing.is_empty() {
        "private, max-age=30"
    } else {
        "no-store"
    };
    let as_text = headers
        .get(ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/plain"));
    let answer = if as_text {
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        ok(text, face.text().into_bytes(), keep)
    } else {
        json(&face, keep)?
    };
    Ok(with(answer, VARY, HeaderValue::from_static("accept")))
}

impl Face {
    fn text(&self) -> String {
        [self.steps, self.heart, self.sleep]
            .map(|part| part.map_or_else(|| "-".to_owned(), |number| number.to_string()))
            .join(" ")
    }
}
