//! The four known users and what is particular to each: everything else is drawn around these
//! levels.

/// One user of the services.
pub(crate) struct Person {
    pub(crate) user: &'static str,
    pub(crate) name: &'static str,
    pub(crate) locale: &'static str,
    pub(crate) time_zone: &'static str,
    pub(crate) units: &'static str,
    pub(crate) birth_year: i32,
    pub(crate) height_cm: i32,
    pub(crate) weight_kg: i32,
    /// Identifier, kind and model.
    pub(crate) devices: &'static [(&'static str, &'static str, &'static str)],
    pub(crate) member_since: &'static str,
    /// The seed of all random numbers of this person.
    pub(crate) seed: u64,
    /// Steps of an average day.
    pub(crate) steps: i32,
    /// Percent of the average, Monday to Sunday.
    pub(crate) week: [i32; 7],
    pub(crate) resting_bpm: i32,
    /// Usual bedtime in minutes from midnight, negative before it.
    pub(crate) bedtime: i32,
    /// Usual time in bed in minutes.
    pub(crate) in_bed: i32,
    /// Hours by which the day runs later than that of an early riser.
    pub(crate) late_hours: usize,
    pub(crate) goals: Goals,
}

/// A person's daily targets.
pub(crate) struct Goals {
    pub(crate) steps: i32,
    pub(crate) sleep_minutes: i32,
    pub(crate) active_minutes: i32,
    pub(crate) distance_m: i32,
}

/// The person behind a user name.
pub(crate) fn person(user: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.user == user)
}

/// All known users.
pub(crate) static PEOPLE: [Person; 4] = [
    Person {
        user: "ada",
        name: "Ada Lovelace",
        locale: "en-GB",
        time_zone: "Europe/London",
        units: "metric",
        birth_year: 1985,
        height_cm: 168,
        weight_kg: 61,
        devices: &[
            ("w-1001", "watch", "Pulse 3"),
            ("s-2001", "scale", "Balance 2"),
        ],
        member_since: "2021-03-02",
        seed: 0xada,
        steps: 8_800,
        week: [98, 102, 95, 104, 96, 120, 85],
        resting_bpm: 56,
        bedtime: -65,
        in_bed: 468,
        late_hours: 0,
        goals: Goals {
            steps: 10_000,
            sleep_minutes: 480,
            active_minutes: 45,
            distance_m: 7_000,
        },
    },
    Person {
        user: "grace",
        name: "Grace Hopper",
        locale: "en-US",
        time_zone: "Atlantic/Reykjavik",
        units: "imperial",
        birth_year: 1978,
        height_cm: 172,
        weight_kg: 68,
        devices: &[
            ("w-1002", "watch", "Pulse 2"),
            ("p-3002", "phone", "Handset 9"),
        ],
        member_since: "2020-06-18",
        seed: 0x94ace,
        steps: 6_900,
        week: [106, 108, 110, 105, 101, 82, 74],
        resting_bpm: 63,
        bedtime: -95,
        in_bed: 452,
        late_hours: 0,
        goals: Goals {
            steps: 7_500,
            sleep_minutes: 435,
            active_minutes: 30,
            distance_m: 5_000,
        },
    },
    Person {
        user: "linus",
        name: "Linus Pauling",
        locale: "pt-PT",
        time_zone: "Europe/Lisbon",
        units: "metric",
        birth_year: 1996,
        height_cm: 184,
        weight_kg: 79,
        devices: &[
            ("w-1003", "watch", "Pulse 3 Pro"),
            ("c-4003", "chest_strap", "Beat 1"),
        ],
        member_since: "2022-11-27",
        seed: 0x11905,
        steps: 11_400,
        week: [92, 112, 90, 114, 88, 128, 98],
        resting_bpm: 49,
        bedtime: 10,
        in_bed: 484,
        late_hours: 1,
        goals: Goals {
            steps: 12_000,
            sleep_minutes: 450,
            active_minutes: 75,
            distance_m: 9_000,
        },
    },
    Person {
        user: "margaret",
        name: "Margaret Mead",
        locale: "de-DE",
        time_zone: "Africa/Abidjan",
        units: "metric",
        birth_year: 1961,
        height_cm: 161,
        weight_kg: 66,
        devices: &[
            ("b-1004", "band", "Loop 1"),
            ("s-2004", "scale", "Balance 1"),
        ],
        member_since: "2023-01-09",
        seed: 0x3a49a4e7,
        steps: 5_600,
        week: [100, 97, 118, 96, 103, 104, 86],
        resting_bpm: 67,
        bedtime: -120,
        in_bed: 441,
        late_hours: 0,
        goals: Goals {
            steps: 6_000,
            sleep_minutes: 420,
            active_minutes: 25,
            distance_m: 4_000,
        },
    },
];
