//! What is learned of a call while it is made, for its record.

use crate::calls::record::Target;
use crate::contract::Call;
use crate::downstream::Trace;
use crate::path::MAX_LENGTH;
use crate::query::push_parameter;
use crate::text::shorten;

/// What is known of a call, however it ends.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) trace: Trace,
    pub(super) bytes: usize,
    pub(super) sent: usize,
    pub(super) target: Option<Box<Target>>,
}

/// What a call asks, for those that end before they are sent.
pub(super) fn target(call: &Call) -> Box<Target> {
    Box::new(Target {
        method: call.method.into(),
        path: asked(call),
    })
}

/// Path and query of a call, as far as they could be sent.
fn asked(call: &Call) -> String {
    let mut path = shorten(&call.path, MAX_LENGTH).to_owned();
    for (index, (name, value)) in call.query.iter().enumerate() {
        if path.len() + name.len() + value.len() > MAX_LENGTH {
            break;
        }
        push_parameter(&mut path, if index == 0 { "?" } else { "&" }, name, value);
    }
    path
}
