//! The endpoint whose statistics an attempt counts in.

use std::time::Duration;

use tokio::time::Instant;

use super::balance::UnderWay;
use super::course::Course;
use super::endpoint::Endpoint;

/// The endpoint that an attempt is made on. It may be another one of the same name as long as there
/// is no connection.
pub struct Charge<'a> {
    /// Where the attempt is made.
    pub endpoint: &'a Endpoint,
    /// Whether the endpoint's failure is counted already.
    pub counted: bool,
    course: &'a Course,
    /// `None` when it is the only endpoint.
    under_way: Option<UnderWay<'a>>,
}

impl<'a> Charge<'a> {
    /// Begins an attempt on an endpoint, which may be the only one.
    pub fn begin(endpoint: &'a Endpoint, is_only: bool, course: &'a Course, now: Instant) -> Self {
        course.begin(endpoint.id);
        Self {
            endpoint,
            counted: false,
            course,
            under_way: (!is_only).then(|| endpoint.record.load.begin(now)),
        }
    }

    /// Moves the attempt to another endpoint, because this one gave no connection.
    pub fn move_to(&mut self, endpoint: &'a Endpoint, now: Instant) {
        if endpoint.id == self.endpoint.id {
            return;
        }
        self.course.begin(endpoint.id);
        self.endpoint = endpoint;
        if let Some(left) = self.under_way.take() {
            left.failed(now);
            self.under_way = Some(endpoint.record.load.begin(now));
        }
    }

    /// The attempt got an answer; `latency` is what its head took.
    pub fn answered(&mut self, now: Instant, latency: Duration) {
        if let Some(under_way) = self.under_way.take() {
            under_way.answered(now, latency);
        }
    }

    /// The attempt failed.
    pub fn failed(&mut self, now: Instant) {
        if let Some(under_way) = self.under_way.take() {
            under_way.failed(now);
        }
    }
}
