//! The timing of an answer, as the value of `Server-Timing`
//! (<https://www.w3.org/TR/server-timing/>).
//!
//! It reveals how services are called and how quick they are, so it is sent where the operator
//! wants it only.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

/// The field.
pub const NAME: HeaderName = HeaderName::from_static("server-timing");

/// Calls that are listed: each has up to five metrics of about 30 bytes, and all of them must fit
/// beside the other fields of a head.
const MAX_CALLS: usize = 16;

/// How long an answer took.
#[derive(Clone, Copy, Debug)]
pub struct Timing<'a> {
    /// The calls in the order in which they are numbered. Those past the sixteenth are left out.
    pub calls: &'a [CallTiming<'a>],
    /// CPU time of the guest.
    pub guest_cpu: Duration,
    /// From the whole request to the answer.
    pub total: Duration,
}

/// How long a call took, and with what.
#[derive(Clone, Copy, Debug)]
pub struct CallTiming<'a> {
    pub service: &'a str,
    /// What came of it: `live`, `cached`, or the kind of a failure.
    pub outcome: &'a str,
    /// From the guest's call to its result.
    pub total: Duration,
    /// Waiting for a permit.
    pub queue: Duration,
    /// Getting a connection.
    pub connect: Duration,
    /// From the request sent to the response head.
    pub first_byte: Duration,
    /// From the head to the end of the body.
    pub body: Duration,
}

/// The field's value, in milliseconds. `None` when a service's name or an outcome could not be sent
/// in it, which no legal one is.
pub fn value(timing: &Timing<'_>) -> Option<HeaderValue> {
    let calls = &timing.calls[..timing.calls.len().min(MAX_CALLS)];
    let mut text = String::with_capacity(48 + calls.len() * 128);
    for (call, number) in calls.iter().zip(1..) {
        push_call(&mut text, call, number);
    }
    text.push_str("guest-cpu;dur=");
    push_ms(&mut text, timing.guest_cpu);
    text.push_str(", total;dur=");
    push_ms(&mut text, timing.total);
    // The string becomes the value as it is.
    HeaderValue::from_maybe_shared(Bytes::from(text)).ok()
}

fn push_call(text: &mut String, call: &CallTiming<'_>, number: u32) {
    push_name(text, number);
    text.push_str(";desc=\"");
    text.push_str(call.service);
    text.push(' ');
    text.push_str(call.outcome);
    text.push_str("\";dur=");
    push_ms(text, call.total);
    text.push_str(", ");
    for (part, took) in [
        ("-queue;dur=", call.queue),
        ("-connect;dur=", call.connect),
        ("-first-byte;dur=", call.first_byte),
        ("-body;dur=", call.body),
    ] {
        if took >= Duration::from_micros(1) {
            push_name(text, number);
            text.push_str(part);
            push_ms(text, took);
            text.push_str(", ");
        }
    }
}

fn push_name(text: &mut String, number: u32) {
    text.push_str("call");
    push_number(text, number.into());
}

/// Milliseconds with one to three decimals.
fn push_ms(text: &mut String, took: Duration) {
    let micros = took.as_micros();
    push_number(text, micros / 1_000);
    text.push('.');
    let mut rest = micros % 1_000;
    for place in [100, 10, 1] {
        text.push(char::from(b'0' + (rest / place) as u8));
        rest %= place;
        if rest == 0 {
            break;
        }
    }
}

fn push_number(text: &mut String, number: u128) {
    use std::fmt::Write;
    // Writing to a string does not fail.
    let _ = write!(text, "{number}");
}

#[cfg(test)]
mod tests;
