//! How a release comes to a BFF's clients little by little.

use std::time::Duration;

use http::HeaderName;

/// The plan of canaries of a BFF, and whose requests stay together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// The shares of the candidate, in percent, each greater than the one before. All requests come
    /// after the last.
    pub steps: Vec<u8>,
    /// How long each step but the last lasts at least.
    pub step_time: Duration,
    /// How long the last one does.
    pub bake_time: Duration,
    /// How long all of them may last together.
    pub max_duration: Duration,
    /// Requests of the candidate that each step needs.
    pub min_requests: u64,
    /// Of 1,000 requests, how many more may fail than with the live version.
    pub max_extra_failures: u32,
    /// How many percent more bad requests than the live version's are no reason to go back.
    pub tolerance: u32,
    /// Whether a candidate is promoted that had too little traffic for a decision, and broke no
    /// rule.
    pub promotes_without_evidence: bool,
    /// A second rollback by rule within this time ends the automation.
    pub flapping: Duration,
    /// What tells clients apart.
    pub client: ClientKey,
}

/// What a client is told by. Its requests get the same version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientKey {
    /// Nothing: each request is for itself.
    None,
    /// The value of a header field.
    Header(HeaderName),
    /// The value of a cookie.
    Cookie(String),
    /// A claim of the token in `authorization: Bearer`, which need not be a valid one: it only says
    /// which requests stay together.
    Claim(String),
}

impl Default for Canary {
    fn default() -> Self {
        Self {
            steps: vec![10, 50, 95],
            step_time: Duration::from_secs(5 * 60),
            bake_time: Duration::from_secs(30 * 60),
            max_duration: Duration::from_secs(24 * 3600),
            min_requests: 300,
            max_extra_failures: 10,
            tolerance: 0,
            promotes_without_evidence: false,
            flapping: Duration::from_secs(3600),
            client: ClientKey::None,
        }
    }
}
