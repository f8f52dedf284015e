//! Whether the figures add up, agree across services and are like those of people.

use serde_json::Value;

use super::super::day::Day;
use super::{USERS, each_day, get, int, minute_of};
use crate::service::Service;

#[test]
fn hourly_steps_add_up_to_the_day() {
    each_day(|user, date| {
        let day = get(Service::Activity, &format!("/users/{user}/days/{date}"));
        let hours = day["hourly_steps"].as_array().unwrap();
        assert_eq!(hours.len(), 24);
        assert!(hours.iter().all(|steps| int(steps) >= 0));
        assert_eq!(hours.iter().map(int).sum::<i64>(), int(&day["steps"]));
        assert!((1_000..30_000).contains(&int(&day["steps"])), "{day}");
        assert!(
            (1_300..4_000).contains(&int(&day["calories_kcal"])),
            "{day}"
        );
        assert!(int(&day["distance_m"]) < int(&day["steps"]), "{day}");
    });
}

#[test]
fn a_user_has_a_level_and_a_weekly_rhythm() {
    let mean = |user: &str, weekday: Option<usize>| {
        let mut steps = Vec::new();
        for range in [
            "from=2026-01-01&to=2026-04-30",
            "from=2026-05-01&to=2026-08-28",
            "from=2026-08-29&to=2026-12-26",
        ] {
            let days = get(Service::Activity, &format!("/users/{user}/days?{range}"));
            for day in days["days"].as_array().unwrap() {
                let date = Day::parse(day["date"].as_str().unwrap()).unwrap();
                if weekday.is_none_or(|weekday| weekday == date.weekday()) {
                    steps.push(int(&day["steps"]));
                }
            }
        }
        steps.iter().sum::<i64>() / i64::try_from(steps.len()).unwrap()
    };
    assert!(
        (7_800..9_800).contains(&mean("ada", None)),
        "{}",
        mean("ada", None)
    );
    assert!(mean("linus", None) > mean("margaret", None) * 3 / 2);
    assert!(
        mean("ada", Some(5)) > mean("ada", Some(6)) * 11 / 10,
        "Saturdays are for walks, Sundays are not"
    );
    assert!(mean("grace", Some(2)) > mean("grace", Some(6)) * 11 / 10);
}

#[test]
fn heart_figures_follow_from_the_samples() {
    each_day(|user, date| {
        let day = get(Service::Heart, &format!("/users/{user}/days/{date}"));
        let samples = day["samples"].as_array().unwrap();
        let rates: Vec<i64> = samples.iter().map(|sample| int(&sample["bpm"])).collect();
        assert_eq!(rates.len(), 288);
        assert!(
            rates.iter().all(|bpm| (35..=200).contains(bpm)),
            "{rates:?}"
        );
        let first = minute_of(&samples[0]["at"]);
        assert_eq!(samples[0]["at"], format!("{date}T00:00:00Z"));
        for (index, sample) in (0..).zip(samples) {
            assert_eq!(minute_of(&sample["at"]), first + 5 * index);
        }
        assert_eq!(&day["latest"], samples.last().unwrap());
        assert_eq!(int(&day["min_bpm"]), *rates.iter().min().unwrap());
        assert_eq!(int(&day["max_bpm"]), *rates.iter().max().unwrap());
        assert_eq!(
            int(&day["average_bpm"]),
            (rates.iter().sum::<i64>() + 144) / 288
        );
        assert!(
            int(&day["min_bpm"]) <= int(&day["resting_bpm"]),
            "nights are calmer than rest"
        );
        assert!(int(&day["resting_bpm"]) < int(&day["average_bpm"]));

        let zones = day["zones"].as_array().unwrap();
        let names: Vec<&str> = zones
            .iter()
            .map(|zone| zone["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["rest", "fat_burn", "cardio", "peak"]);
        assert_eq!(
            zones.iter().map(|zone| int(&zone["minutes"])).sum::<i64>(),
            1_440
        );
        for (zone, next) in zones.iter().zip(&zones[1..]) {
            assert_eq!(zone["to_bpm"], next["from_bpm"]);
        }
    });
}

#[test]
fn the_heart_is_slower_in_deep_sleep_than_awake() {
    each_day(|user, date| {
        let heart = get(Service::Heart, &format!("/users/{user}/days/{date}"));
        let night = get(Service::Sleep, &format!("/users/{user}/nights/{date}"));
        let resting = int(&heart["resting_bpm"]);
        let mut in_deep_sleep = 0;
        for sample in heart["samples"].as_array().unwrap() {
            let minute = minute_of(&sample["at"]);
            let phase = night["phases"].as_array().unwrap().iter().find(|phase| {
                let start = minute_of(&phase["start"]);
                (start..start + int(&phase["minutes"])).contains(&minute)
            });
            if phase.is_some_and(|phase| phase["phase"] == "deep") {
                assert!(int(&sample["bpm"]) < resting, "{user} {sample}");
                in_deep_sleep += 1;
            }
        }
        assert!(in_deep_sleep > 5, "{user} {date}: {in_deep_sleep} samples");
        let noon = &heart["samples"][144];
        assert!(int(&noon["bpm"]) > resting, "{user} {noon}");
    });
}

#[test]
fn phases_of_a_night_are_contiguous_and_add_up() {
    each_day(|user, date| {
        let night = get(Service::Sleep, &format!("/users/{user}/nights/{date}"));
        let phases = night["phases"].as_array().unwrap();
        assert!((20..=40).contains(&phases.len()), "{}", phases.len());
        let mut minute = minute_of(&night["start"]);
        let mut asleep = 0;
        let mut before = &Value::Null;
        for phase in phases {
            assert_eq!(minute_of(&phase["start"]), minute);
            assert_ne!(&phase["phase"], before, "two phases of a kind are one");
            assert!(["awake", "light", "deep", "rem"].contains(&phase["phase"].as_str().unwrap()));
            assert!(int(&phase["minutes"]) >= 1, "{phase}");
            minute += int(&phase["minutes"]);
            asleep += if phase["phase"] == "awake" {
                0
            } else {
                int(&phase["minutes"])
            };
            before = &phase["phase"];
        }
        assert_eq!(minute_of(&night["end"]), minute);
        assert_eq!(
            minute - minute_of(&night["start"]),
            int(&night["in_bed_minutes"])
        );
        assert_eq!(asleep, int(&night["asleep_minutes"]));
        assert_eq!(
            asleep * 100 / int(&night["in_bed_minutes"]),
            int(&night["efficiency_percent"])
        );
        assert!((40..=100).contains(&int(&night["score"])), "{night}");
        assert!(
            night["end"].as_str().unwrap().starts_with(date),
            "the night ends on its date"
        );
    });
}

#[test]
fn nights_do_not_overlap() {
    for user in USERS {
        let mut up_since = i64::MIN;
        let mut day = Day::parse("2026-01-01").unwrap();
        for _ in 0..365 {
            let night = get(Service::Sleep, &format!("/users/{user}/nights/{day}"));
            assert!(minute_of(&night["start"]) > up_since, "{user} {day}");
            up_since = minute_of(&night["end"]);
            day = day.plus(1);
        }
    }
}

#[test]
fn goals_agree_with_activity_and_sleep() {
    let mut reached = 0;
    each_day(|user, date| {
        let activity = get(Service::Activity, &format!("/users/{user}/days/{date}"));
        let night = get(Service::Sleep, &format!("/users/{user}/nights/{date}"));
        let answer = get(Service::Goals, &format!("/users/{user}/goals?date={date}"));
        let goals = answer["goals"].as_array().unwrap();
        let ids: Vec<&str> = goals
            .iter()
            .map(|goal| goal["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, ["steps", "sleep", "active", "distance"]);
        let expected = [
            &activity["steps"],
            &night["asleep_minutes"],
            &activity["active_minutes"],
            &activity["distance_m"],
        ];
        for (goal, current) in goals.iter().zip(expected) {
            assert_eq!(&goal["current"], current, "{goal}");
            let (current, target) = (int(current), int(&goal["target"]));
            assert_eq!(
                int(&goal["progress_percent"]),
                (current * 100 / target).min(100),
                "{goal}"
            );
            assert_eq!(goal["reached"], current >= target, "{goal}");
            reached += i32::from(current >= target);
        }
    });
    assert!(
        (40..150).contains(&reached),
        "{reached} of 192 goals are reached: some, but not all"
    );
}
