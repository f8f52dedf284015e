//! What of a change may break a client: it takes away what the client may read, or gives what it may
//! not be ready for.

use std::fmt;

use super::Answers;
use super::shape::{Shape, Type};
use crate::fixture::step;
use crate::text::{cut, excerpt};

/// Changes that are told.
const MAX_CHANGES: usize = 100;
/// Bytes of a pointer in a message.
const MAX_POINTER: usize = 1 << 10;

/// One change that may break a client. All of it can be shown: it is cut, and has no characters
/// that a terminal acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The request: method and path.
    pub request: String,
    /// The answer: status and media type.
    pub answer: String,
    /// The place in its body: a JSON pointer, with `*` for each item of a list and each value of a
    /// map. Empty for the whole.
    pub pointer: String,
    /// What changed there.
    pub what: What,
}

/// What changed at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// No fixture comes to such an answer any more.
    Unanswered,
    /// The answer is of another media type.
    Media(String),
    /// No answer has it any more.
    Gone,
    /// It is not always there any more.
    Optional,
    /// A type came that none had before, or all but `null` are gone.
    Types {
        /// The types that were kept.
        was: String,
        /// Those that there are.
        is: String,
    },
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unanswered => f.write_str("no fixture comes to such an answer any more"),
            Self::Media(is) => write!(f, "is {is} now"),
            Self::Gone => f.write_str("is in no answer any more"),
            Self::Optional => f.write_str("is not in every answer any more"),
            Self::Types { was, is } => write!(f, "was {was}, is {is}"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.pointer.as_str() {
            "" => String::new(),
            pointer => format!(" {pointer}"),
        };
        write!(
            f,
            "{} -> {}{place}: {}",
            self.request, self.answer, self.what
        )
    }
}

impl Answers {
    /// What may break a client that was made for these, where answers are as `now`: the first
    /// hundred changes.
    pub fn changes(&self, now: &Self) -> Vec<Change> {
        let mut all = Vec::new();
        for (request, kinds) in &self.0 {
            let answered = now.0.get(request);
            for (kind, shape) in kinds {
                let mut found = Found {
                    request,
                    kind,
                    pointer: String::new(),
                    all: &mut all,
                };
                match answered.and_then(|answered| answered.get(kind)) {
                    Some(now) => found.compare(shape, now),
                    None => {
                        let status = kind.split(' ').next().unwrap_or_default();
                        let mut others = answered.into_iter().flat_map(|answered| answered.keys());
                        let other = others.find_map(|other| other.strip_prefix(status));
                        let other = other.map(|media| match media.trim() {
                            "" => "without a body".to_owned(),
                            media => cut(media),
                        });
                        found.tell(other.map_or(What::Unanswered, What::Media));
                    }
                }
            }
        }
        all
    }
}

/// The changes that were found, and the place that is looked at.
struct Found<'a> {
    request: &'a str,
    kind: &'a str,
    pointer: String,
    all: &'a mut Vec<Change>,
}

impl Found<'_> {
    fn tell(&mut self, what: What) {
        if self.all.len() < MAX_CHANGES {
            self.all.push(Change {
                request: cut(self.request),
                answer: cut(self.kind),
                pointer: excerpt(&self.pointer, MAX_POINTER),
                what,
            });
        }
    }

    /// Does something one step deeper.
    fn below(&mut self, name: &str, work: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(name);
        work(self);
        self.pointer.truncate(length);
    }

    fn compare(&mut self, kept: &Shape, now: &Shape) {
        // Of what nothing is known, nothing was promised.
        if kept.types.is_empty() {
            return;
        }
        let is_new = now.types.iter().any(|kind| !kept.allows(*kind));
        let is_nothing = |shape: &Shape| shape.types.iter().all(|kind| *kind == Type::Null);
        if is_new || is_nothing(now) && !is_nothing(kept) {
            self.tell(What::Types {
                was: kept.words(),
                is: match now.types.is_empty() {
                    true => "no JSON".to_owned(),
                    false => now.words(),
                },
            });
        }
        if now.has(Type::Object) {
            for (name, shape) in &kept.properties {
                self.below(&step(name), |found| match now.properties.get(name) {
                    None => found.tell(What::Gone),
                    Some(there) => {
                        if kept.required.contains(name) && !now.required.contains(name) {
                            found.tell(What::Optional);
                        }
                        found.compare(shape, there);
                    }
                });
            }
            self.each(kept.values.as_deref(), now.values.as_deref());
        }
        if now.has(Type::Array) {
            self.each(kept.items.as_deref(), now.items.as_deref());
        }
    }

    /// Compares the items of lists, or the values of maps.
    fn each(&mut self, kept: Option<&Shape>, now: Option<&Shape>) {
        if let Some(kept) = kept {
            self.below("*", |found| match now {
                Some(now) => found.compare(kept, now),
                None => found.tell(What::Gone),
            });
        }
    }
}
