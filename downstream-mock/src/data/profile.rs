//! The `profile` service: who a user is. It does not depend on a day.

use serde::Serialize;

use super::people::Person;

#[derive(Serialize)]
pub(crate) struct ProfileAnswer {
    user: &'static str,
    name: &'static str,
    locale: &'static str,
    time_zone: &'static str,
    units: &'static str,
    birth_year: i32,
    height_cm: i32,
    weight_kg: i32,
    avatar_url: String,
    devices: Vec<Device>,
    member_since: &'static str,
}

#[derive(Serialize)]
struct Device {
    id: &'static str,
    kind: &'static str,
    model: &'static str,
}

pub(crate) fn profile(person: &'static Person) -> ProfileAnswer {
    ProfileAnswer {
        user: person.user,
        name: person.name,
        locale: person.locale,
        time_zone: person.time_zone,
        units: person.units,
        birth_year: person.birth_year,
        height_cm: person.height_cm,
        weight_kg: person.weight_kg,
        avatar_url: format!("https://example.com/avatars/{}.png", person.user),
        devices: person
            .devices
            .iter()
            .map(|&(id, kind, model)| Device { id, kind, model })
            .collect(),
        member_since: person.member_since,
    }
}
