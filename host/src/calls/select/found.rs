//! What a pass found for a pointer, or why it ended.

use std::ops::Range;

use super::scan::Fault;

/// What is known of one pointer.
#[derive(Clone, Debug, Default)]
pub(super) enum Found {
    /// Nothing, until now.
    #[default]
    Nothing,
    /// The place of its value.
    Value(Range<usize>),
    /// The text of its column, an array.
    Column(String),
}

impl Found {
    /// The bytes of its text.
    pub(super) fn size(&self) -> usize {
        match self {
            Found::Nothing => 0,
            Found::Value(place) => place.len(),
            Found::Column(text) => text.len(),
        }
    }
}

/// The text at a place of the body.
pub(super) fn text(body: &[u8], place: Range<usize>) -> Result<&str, Stop> {
    let start = place.start;
    str::from_utf8(&body[place]).map_err(|error| Stop::NotUtf8(start + error.valid_up_to()))
}

/// Why a pass ended before the document did.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stop {
    /// The offset at which the text stops being JSON.
    Fault(usize),
    /// The offset of the first byte of a wanted value that is not UTF-8.
    NotUtf8(usize),
    /// The columns have more than the limit.
    TooLarge,
}

impl From<Fault> for Stop {
    fn from(Fault(at): Fault) -> Self {
        Stop::Fault(at)
    }
}
