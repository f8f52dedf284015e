//! The cases of both benchmarks: time (`micro`) and number of instructions (`instructions`).
//!
//! A case is prepared once. Each [`Turn`] is made apart from its run, so that the input that it
//! uses up is not measured.

// The paths are written out because `instructions` takes this file in by its path: the compiler
// would look for its modules beside it.
#[path = "cases/guest.rs"]
mod guest;
#[path = "cases/host.rs"]
mod host;

use anyhow::bail;

/// The names of all cases.
pub const CASES: [&str; 11] = [
    "instantiate",
    "noop",
    "fetch",
    "fetch-all-3",
    "fetch-all-10",
    "echo-1kb",
    "echo-1mb",
    "select-20kb",
    "route-1000",
    "headers-in",
    "headers-out",
];

/// One run of a case with its input. An error means that the case did not do its work.
pub type Turn = Box<dyn FnOnce() -> anyhow::Result<()>>;

/// A case, ready to be measured any number of times.
pub struct Case(Box<dyn Fn() -> Turn>);

/// Turns before the first that counts: they fill what a process fills once (slots of the pool,
/// lists of the allocator).
const WARM_UP: usize = 3;

impl Case {
    /// Prepares the case of this name: compiles, allocates, runs it a few times.
    ///
    /// # Errors
    ///
    /// When there is none, or when it does not do what it is named for.
    pub fn prepare(name: &str) -> anyhow::Result<Self> {
        let turns = match name {
            "instantiate" => guest::instantiate()?,
            "noop" => guest::request("/noop", 204, "")?,
            "fetch" => guest::request("/fetch", 200, "")?,
            "fetch-all-3" => guest::request("/fetch-3", 200, "")?,
            "fetch-all-10" => guest::request("/fetch-10", 200, "")?,
            "echo-1kb" => guest::request("/echo", 200, &"x".repeat(1 << 10))?,
            "echo-1mb" => guest::request("/echo", 200, &"x".repeat(1 << 20))?,
            "select-20kb" => host::select(20_000),
            "route-1000" => host::route(1_000),
            "headers-in" => host::headers_in()?,
            "headers-out" => host::headers_out(),
            _ => bail!("case {name:?}: there is none of this name, only {CASES:?}"),
        };
        let case = Self(turns);
        for _ in 0..WARM_UP {
            case.turn()()?;
        }
        Ok(case)
    }

    /// The next turn.
    pub fn turn(&self) -> Turn {
        (self.0)()
    }
}
