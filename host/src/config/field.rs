//! The value of one key in the file, as opposed to the value in force.

use http::{HeaderName, HeaderValue};

use super::problem::Location;

/// A value with its place.
#[derive(Clone)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) place: Location,
}

/// A list with the name that the operator gave it, and its place.
pub(super) type NamedList<T> = Located<(String, Vec<Located<T>>)>;

/// Header fields, each with its place.
pub(super) type Headers = Vec<Located<(HeaderName, HeaderValue)>>;

/// The value of a key in the file.
#[derive(Clone)]
pub(super) enum Field<T> {
    /// Nothing: the default applies.
    Absent,
    /// A bad value that is already reported: nothing may be concluded from it.
    Bad,
    /// A good value.
    Written(Located<T>),
}

impl<T: Clone> Field<T> {
    /// What is in force, if that is known.
    pub(super) fn settled(&self, default: T) -> Option<T> {
        match self {
            Self::Absent => Some(default),
            Self::Bad => None,
            Self::Written(at) => Some(at.value.clone()),
        }
    }

    /// What is in force. A bad value counts as the default: its configuration is never used.
    pub(super) fn or(&self, default: T) -> T {
        self.settled(default.clone()).unwrap_or(default)
    }

    /// The same key of a section around this one, where this one says nothing.
    pub(super) fn over(&self, outer: &Self) -> Self {
        match self {
            Self::Absent => outer.clone(),
            Self::Bad | Self::Written(_) => self.clone(),
        }
    }

    /// What the operator wrote, if it is good.
    pub(super) fn value(&self) -> Option<T> {
        self.written().map(|at| at.value.clone())
    }
}

impl<T> Field<T> {
    /// Whether the file has a value, good or bad.
    pub(super) fn is_there(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// What the operator wrote, if it is good.
    pub(super) fn written(&self) -> Option<&Located<T>> {
        match self {
            Self::Written(at) => Some(at),
            Self::Absent | Self::Bad => None,
        }
    }
}

impl<T: Clone + PartialOrd> Field<T> {
    /// The same as [`Self::over`]. A value from the section around yields to a bound that is
    /// written in this one.
    pub(super) fn over_within(&self, outer: &Self, bound: &Self) -> Self {
        match (self, outer, bound) {
            (Self::Absent, Self::Written(at), Self::Written(bound)) if at.value > bound.value => {
                Self::Written(Located {
                    value: bound.value.clone(),
                    place: at.place.clone(),
                })
            }
            _ => self.over(outer),
        }
    }
}

impl<T> Field<Vec<Located<T>>> {
    /// The items that the operator wrote, if all of them are good.
    pub(super) fn items(&self) -> &[Located<T>] {
        self.written().map_or(&[], |list| &list.value)
    }
}

impl<T: Clone> Field<Vec<Located<T>>> {
    /// The values in force, which are none by default.
    pub(super) fn values<C: FromIterator<T>>(&self) -> C {
        self.items().iter().map(|item| item.value.clone()).collect()
    }
}
