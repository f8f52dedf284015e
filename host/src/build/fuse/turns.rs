//! An asynchronous handler as the synchronous one of the contract.
//!
//! The engine of JavaScript runs what awaits (its queue of jobs) only in exports that are async,
//! and the contract has none, as async components cost every request more. So `tailor build` makes
//! a component of a world of its own, `engine.wit`, and here its exports become `handle`:
//!
//! ```text
//! handle(request):
//!   start(request)          calls the handler, then runs the queue of jobs until it is empty
//!   while not returned:     set by the built-in function `task.return` of `start`
//!     turn()                waits for a call or a timer, settles its promise, and runs the queue
//!   finish()                the answer
//! ```
//!
//! No other built-in function of async components is reached: the kit never waits in the engine,
//! but in `turn`, by a function of the contract.

use super::item::Lifted;

/// The interface of `engine.wit`.
const INTERFACE: &str = "tailor:engine/turns";

/// The three exports of `engine.wit`, by their places among those of the component.
#[derive(Clone, Copy)]
pub(super) struct Turns {
    pub(super) start: usize,
    pub(super) turn: usize,
    pub(super) finish: usize,
}

impl Turns {
    /// Finds them, if the component has them.
    pub(super) fn find(exports: &[Lifted]) -> Option<Self> {
        let place = |function: &str| {
            let name = format!("{INTERFACE}#{function}");
            exports.iter().position(|export| export.name == name)
        };
        Some(Self {
            start: place("start")?,
            turn: place("turn")?,
            finish: place("finish")?,
        })
    }

    /// Whether a name is that of one of them.
    pub(super) fn is_part(name: &str) -> bool {
        name.strip_prefix(INTERFACE)
            .is_some_and(|function| function.starts_with('#'))
    }

    /// Whether an export of the component is one of them: it is not one of the result.
    pub(super) fn has(&self, export: usize) -> bool {
        [self.start, self.turn, self.finish].contains(&export)
    }
}
