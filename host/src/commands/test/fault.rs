//! What a BFF said of its own failure, before it ended.

use tailor::suite::Run;
use tailor::text::visible;

/// The error that a BFF ended with, by its own words. All of it can be shown.
pub struct Fault {
    /// `Error: boom at src/main.ts:7:3`.
    pub message: String,
    /// The calls that led there, innermost first, and what else it said, one a line.
    pub more: Vec<String>,
}

impl Fault {
    /// That of a request that was not answered: the last line of its log that is an error with the
    /// calls that led to it, as the kit of TypeScript writes, or with its place.
    pub fn of(run: &Run) -> Option<Self> {
        let mut errors = run.log.iter().rev().filter(|line| line.level == "error");
        errors.find_map(|line| {
            let field = |wanted: &str| {
                let mut fields = line.fields.iter();
                Some(&fields.find(|(name, _)| name == wanted)?.1)
            };
            let calls: Vec<&str> =
                field("stack").map_or(Vec::new(), |it| it.split(" < ").collect());
            // A call has its name before its place.
            let innermost = calls.first().and_then(|call| call.rsplit(' ').next());
            let place = innermost.or(field("at").map(String::as_str))?;
            let message = format!("{} at {}", visible(&line.message), visible(place));
            let calls = calls.iter().map(|call| format!("at {}", visible(call)));
            let others = line.fields.iter().filter(|(name, _)| name != "stack");
            let others =
                others.map(|(name, value)| format!("{}: {}", visible(name), visible(value)));
            Some(Self {
                message,
                more: calls.chain(others).collect(),
            })
        })
    }
}
