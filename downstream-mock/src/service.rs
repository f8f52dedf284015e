//! The names of the five services.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// One of the five services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Steps, distance, calories, by day and hour.
    Activity,
    /// Heart rate, each five minutes.
    Heart,
    /// Nights in phases.
    Sleep,
    /// Targets of a day and the user's progress.
    Goals,
    /// The user's profile.
    Profile,
}

/// A name that is none of the five.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("service `{0}` is unknown, there are activity, heart, sleep, goals and profile")]
pub struct UnknownService(String);

impl Service {
    /// All services, in the order of their ports.
    pub const ALL: [Service; 5] = [
        Service::Activity,
        Service::Heart,
        Service::Sleep,
        Service::Goals,
        Service::Profile,
    ];

    /// The name as it is used in URLs and configuration: `heart`.
    pub fn name(self) -> &'static str {
        match self {
            Service::Activity => "activity",
            Service::Heart => "heart",
            Service::Sleep => "sleep",
            Service::Goals => "goals",
            Service::Profile => "profile",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Service {
    type Err = UnknownService;

    fn from_str(name: &str) -> Result<Service, UnknownService> {
        Service::ALL
            .into_iter()
            .find(|service| service.name() == name)
            .ok_or_else(|| UnknownService(name.to_owned()))
    }
}
