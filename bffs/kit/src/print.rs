//! `println!` and its like. Those of `std` write nowhere in a component, without a word; these write
//! lines of the log.

use std::fmt;

use crate::bindings::tailor::bff::runtime::Level;
use crate::host::runtime;

/// Writes a line of the log. The macros call it.
#[doc(hidden)]
pub fn print(level: Level, line: fmt::Arguments<'_>) {
    runtime::log(level, &line.to_string(), &[]);
}

/// Writes a line of the log, of level info. For code that was written with `std`'s `println!`,
/// which writes nowhere in a component: `use tailor_kit::println;`, or for a whole crate
/// `#[macro_use] extern crate tailor_kit;`.
#[macro_export]
macro_rules! println {
    () => {
        $crate::print($crate::Level::Info, ::core::format_args!(""))
    };
    ($($line:tt)*) => {
        $crate::print($crate::Level::Info, ::core::format_args!($($line)*))
    };
}

/// Writes a line of the log, of level warn, as standard error of other languages does.
#[macro_export]
macro_rules! eprintln {
    () => {
        $crate::print($crate::Level::Warn, ::core::format_args!(""))
    };
    ($($line:tt)*) => {
        $crate::print($crate::Level::Warn, ::core::format_args!($($line)*))
    };
}

/// Writes an expression and its value as a line of the log, of level debug, and gives the value.
#[macro_export]
macro_rules! dbg {
    ($value:expr $(,)?) => {
        match $value {
            value => {
                let line = ::core::format_args!(
                    "{}:{}: {} = {:?}",
                    ::core::file!(),
                    ::core::line!(),
                    ::core::stringify!($value),
                    &value
                );
                $crate::print($crate::Level::Debug, line);
                value
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::testing::{Offline, body_text, get};
    use crate::{Level, Response};

    #[test]
    fn what_is_printed_is_in_the_log() {
        let services = Offline::new(|_| unreachable!("no call"));
        let handle = |_| {
            let steps = 7;
            crate::println!("{steps} steps");
            crate::println!();
            crate::eprintln!("{} of {}", 1, 2);
            let doubled = crate::dbg!(steps * 2);
            Response::text("text/plain", doubled.to_string())
        };
        let run = services.run(handle, get("/"));
        assert_eq!(body_text(&run.response), "14");
        let lines: Vec<_> = (run.logs.iter())
            .map(|line| (line.level, line.message.as_str()))
            .collect();
        assert_eq!(lines[0], (Level::Info, "7 steps"));
        assert_eq!(lines[1], (Level::Info, ""));
        assert_eq!(lines[2], (Level::Warn, "1 of 2"));
        let (level, dbg) = lines[3];
        assert_eq!(level, Level::Debug);
        assert!(
            dbg.contains("print.rs:") && dbg.ends_with(": steps * 2 = 14"),
            "{dbg}"
        );
    }
}
