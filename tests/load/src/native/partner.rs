//! The partners' export, as in `bffs/partner`.

use std::collections::HashMap;

use http::header::LINK;
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize, Serializer};

use super::answer::{NativeResponse, Refused, json, with};
use super::date::Date;
use super::query::Query;
use super::services::{Missing, Service, Services};

const MAX_DAYS: i64 = 366;
const KJ_PER_KCAL: f64 = 4.184;

#[derive(Deserialize)]
struct Days<T> {
    #[serde(alias = "nights")]
    days: Vec<T>,
}

#[derive(Deserialize)]
struct ActivityDay {
    date: Date,
    steps: i64,
    distance_m: i64,
    active_minutes: i64,
    calories_kcal: i64,
    floors: i64,
}

#[derive(Deserialize)]
struct HeartDay {
    date: Date,
    resting_bpm: i64,
    min_bpm: i64,
    max_bpm: i64,
    average_bpm: i64,
}

#[derive(Deserialize)]
struct Night {
    date: Date,
    asleep_minutes: i64,
    in_bed_minutes: i64,
    efficiency_percent: i64,
    score: i64,
}

#[derive(Serialize)]
struct Document {
    data: Vec<Summary>,
    page: PageOf,
    incomplete: Vec<&'static str>,
}

#[derive(Serialize)]
struct PageOf {
    limit: i64,
    next: Option<String>,
}

#[derive(Serialize)]
struct Summary {
    date: Date,
    steps: Option<i64>,
    floors: Option<i64>,
    distance_m: Option<i64>,
    active: Option<String>,
    energy_kj: Option<i64>,
    resting_heart_rate_bpm: Option<i64>,
    average_heart_rate_bpm: Option<i64>,
    min_heart_rate_bpm: Option<i64>,
    max_heart_rate_bpm: Option<i64>,
    sleep: Option<String>,
    time_in_bed: Option<String>,
    sleep_efficiency: Option<Share>,
    sleep_score: Option<i64>,
}

/// A share of one in percent, written as JavaScript writes the number: 1, 0.9, 0.91.
struct Share(i64);

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 100 == 0 {
            serializer.serialize_i64(self.0 / 100)
        } else {
            #[expect(clippy::cast_precision_loss, reason = "a percentage is small")]
            serializer.serialize_f64(self.0 as f64 / 100.0)
        }
    }
}

struct Page {
    from: Date,
    to: Date,
    first: Date,
    last: Date,
    limit: i64,
}

pub(crate) async fn summaries(
    services: &Services,
    user: &str,
    query: Option<&str>,
) -> Result<NativeResponse, Refused> {
    let page = Page::read(query)?;
    let range = format!("from={}&to={}", page.first, page.last);
    let (activity, heart, sleep) = tokio::join!(
        services.get::<Days<ActivityDay>>(Service::Activity, format!("/users/{user}/days?{range}")),
        services.get::<Days<HeartDay>>(Service::Heart, format!("/users/{user}/days?{range}")),
        services.get::<Days<Night>>(Service::Sleep, format!("/users/{user}/nights?{range}")),
    );
    let mut missing = Vec::new();
    let activity = by_date("activity", activity, |day| day.date, &mut missing);
    let heart = by_date("heart", heart, |day| day.date, &mut missing);
    let sleep = by_date("sleep", sleep, |night| night.date, &mut missing);
    if missing.len() == 3 {
        return Err(Refused::nothing_arrived(&missing));
    }
    let next = (page.last < page.to).then(|| cursor(page.from, page.to, page.last.plus(1)));
    let link = next.as_ref().map(|next| {
        let (from, to, limit) = (page.from, page.to, page.limit);
        format!("<?from={from}&to={to}&limit={limit}&cursor={next}>; rel=\"next\"")
    });
    let document = Document {
        data: (page.first.0..=page.last.0)
            .map(|day| {
                summary(
                    Date(day),
                    activity.get(&day),
                    heart.get(&day),
                    sleep.get(&day),
                )
            })
            .collect(),
        page: PageOf {
            limit: page.limit,
            next,
        },
        incomplete: missing.iter().map(|(part, _)| *part).collect(),
    };
    let keep = if missing.is_empty() {
        "private, max-age=60"
    } else {
        "no-store"
    };
    let answer = json(&document, keep)?;
    match link.and_then(|link| HeaderValue::try_from(link).ok()) {
        Some(link) => Ok(with(answer, LINK, link)),
        None => Ok(answer),
    }
}

impl Page {
    fn read(query: Option<&str>) -> Result<Self, Refused> {
        let query = Query::read(query, &["from", "to", "limit", "cursor"])?;
        let missing = |name| Refused::new(StatusCode::BAD_REQUEST, format!("`{name}` is missing"));
        let from: Date = query.parsed("from")?.ok_or_else(|| missing("from"))?;
        let to: Date = query.parsed("to")?.ok_or_else(|| missing("to"))?;
        let limit: i64 = query.parsed("limit")?.unwrap_or(30);
        if from > to || to.0 - from.0 >= MAX_DAYS || !(1..=100).contains(&limit) {
            let detail = "this range or limit is not allowed".to_owned();
            return Err(Refused::new(StatusCode::BAD_REQUEST, detail));
        }
        let first = match query.text("cursor") {
            None => from,
            Some(text) => {
                let last = text.rsplit('.').next().unwrap_or_default();
                let next = i64::from_str_radix(last, 36)
                    .map_err(|_| Refused::parameter("cursor", text))?;
                let next = Date(next);
                if cursor(from, to, next) != text || next <= from || next > to {
                    return Err(Refused::parameter("cursor", text));
                }
                next
            }
        };
        let last = first.plus(limit - 1).min(to);
        Ok(Self {
            from,
            to,
            first,
            last,
            limit,
        })
    }
}

fn by_date<T>(
    part: &'static str,
    days: Result<Days<T>, Missing>,
    date: fn(&T) -> Date,
    missing: &mut Vec<(&'static str, Missing)>,
) -> HashMap<i64, T> {
    match days {
        Ok(days) => days
            .days
            .into_iter()
            .map(|day| (date(&day).0, day))
            .collect(),
        Err(why) => {
            missing.push((part, why));
            HashMap::new()
        }
    }
}

fn summary(
    date: Date,
    activity: Option<&ActivityDay>,
    heart: Option<&HeartDay>,
    night: Option<&Night>,
) -> Summary {
    Summary {
        date,
        steps: activity.map(|day| day.steps),
        floors: activity.map(|day| day.floors),
        distance_m: activity.map(|day| day.distance_m),
        active: activity.map(|day| duration(day.active_minutes)),
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a day's kilocalories are some thousands"
        )]
        energy_kj: activity.map(|day| (day.calories_kcal as f64 * KJ_PER_KCAL).round() as i64),
        resting_heart_rate_bpm: heart.map(|day| day.resting_bpm),
        average_heart_rate_bpm: heart.map(|day| day.average_bpm),
        min_heart_rate_bpm: heart.map(|day| day.min_bpm),
        max_heart_rate_bpm: heart.map(|day| day.max_bpm),
        sleep: night.map(|night| duration(night.asleep_minutes)),
        time_in_bed: night.map(|night| duration(night.in_bed_minutes)),
        sleep_efficiency: night.map(|night| Share(night.efficiency_percent)),
        sleep_score: night.map(|night| night.score),
    }
}

/// Minutes as an ISO 8601 duration: 431 is `PT7H11M`.
fn duration(minutes: i64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, rest) => format!("PT{rest}M"),
        (hours, 0) => format!("PT{hours}H"),
        (hours, rest) => format!("PT{hours}H{rest}M"),
    }
}

/// Where the next page starts, and for which range.
fn cursor(from: Date, to: Date, next: Date) -> String {
    format!("1.{}.{}.{}", base36(from.0), base36(to.0), base36(next.0))
}

fn base36(number: i64) -> String {
    let mut digits = Vec::new();
    let mut rest = number.unsigned_abs();
    loop {
        let digit = u32::try_from(rest % 36).unwrap_or_default();
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        rest /= 36;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}
