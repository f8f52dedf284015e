//! Which calls the operator means: a method and a pattern of paths.

use std::fmt::{self, Display};

use http::Method;

/// Which calls: a method, or any, and a path pattern such as `/users/*/days` or `/users/**`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPattern {
    /// `None` is any method. GET includes HEAD.
    pub method: Option<Method>,
    /// The segments of the path, which are what stands between its slashes: `/` has one, which is
    /// empty.
    pub segments: Vec<Segment>,
}

impl Display for CallPattern {
    /// As it would be written in the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.method.as_ref().map_or("*", Method::as_str))?;
        f.write_str(if self.segments.is_empty() { " /" } else { " " })?;
        for segment in &self.segments {
            let text = match segment {
                Segment::Text(text) => text,
                Segment::One => "*",
                Segment::Rest => "**",
            };
            write!(f, "/{text}")?;
        }
        Ok(())
    }
}

/// A segment of a path pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Exactly this text.
    Text(String),
    /// `*`: any one segment.
    One,
    /// `**`, only at the end: any number of segments, none included.
    Rest,
}

impl CallPattern {
    /// Whether it fits calls of this method, on some path.
    pub fn fits_method(&self, method: &Method) -> bool {
        let is_of =
            |own: &Method| own == method || (*own == Method::GET && *method == Method::HEAD);
        self.method.as_ref().is_none_or(is_of)
    }

    /// Whether it fits all calls that another one fits.
    pub fn covers(&self, other: &Self) -> bool {
        let of_method = match &other.method {
            Some(method) => self.fits_method(method),
            None => self.method.is_none(),
        };
        of_method && covers(&self.segments, &other.segments)
    }
}

fn covers(wide: &[Segment], narrow: &[Segment]) -> bool {
    match (wide, narrow) {
        ([Segment::Rest], _) | ([], []) => true,
        ([first, wide @ ..], [other, narrow @ ..]) => {
            let fits = match (first, other) {
                // No segment of a path is empty, but that of `/`.
                (Segment::One, Segment::Text(text)) => !text.is_empty(),
                (first, other) => first == other,
            };
            fits && covers(wide, narrow)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
