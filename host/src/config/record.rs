//! Requests that are recorded, to be run again.

/// Which requests are recorded, and what is taken out of them. Nothing else of a host keeps what
/// clients and services say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whether any are.
    pub enabled: bool,
    /// Requests that are kept in memory so that they can be asked for by their ids.
    pub keep: usize,
    /// Whether those that did not fail are kept, too.
    pub keep_all: bool,
    /// Size of one request with all that its BFF learned, bytes.
    pub max_size: usize,
    /// The same of all that run, are kept and wait, bytes.
    pub max_total: usize,
    /// Whether bodies that are not JSON are recorded.
    pub text_bodies: bool,
    /// Header fields that are taken out, besides those that hold credentials.
    pub redact_headers: Vec<String>,
    /// Parameters of queries that are taken out.
    pub redact_query: Vec<String>,
    /// Places in JSON bodies that are taken out: JSON pointers, in which `*` is any step.
    pub redact: Vec<String>,
}

impl Default for Record {
    /// Nothing is recorded.
    fn default() -> Self {
        Self {
            enabled: false,
            keep: 16,
            keep_all: false,
            max_size: 1 << 20,
            max_total: 32 << 20,
            text_bodies: false,
            redact_headers: Vec::new(),
            redact_query: Vec::new(),
            redact: Vec::new(),
        }
    }
}
