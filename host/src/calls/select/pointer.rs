//! The syntax of RFC 6901 and the token `*`: a pointer's text in, its decoded tokens out. Knows
//! nothing of documents.

use std::borrow::Cow;

/// Pointers of one call.
pub const MAX_POINTERS: usize = 64;
/// Size of one pointer, bytes.
pub const MAX_POINTER_SIZE: usize = 1024;
/// Reference tokens of one pointer. The walk recurses this deep at most.
pub const MAX_TOKENS: usize = 32;

/// The token that stands for each element of an array.
pub(super) const EACH: &str = "*";

/// Pointers that cannot be used. A fault of the BFF.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// More than [`MAX_POINTERS`].
    #[error("{count} pointers are too many, at most {MAX_POINTERS} are allowed")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// More than [`MAX_POINTER_SIZE`].
    #[error("pointer {start:?}… has {size} bytes, at most {MAX_POINTER_SIZE} are allowed")]
    TooLong {
        /// How it begins.
        start: String,
        /// Its size in bytes.
        size: usize,
    },
    /// More than [`MAX_TOKENS`].
    #[error("pointer {pointer:?} has {count} tokens, at most {MAX_TOKENS} are allowed")]
    TooDeep {
        /// The pointer.
        pointer: String,
        /// How many tokens it has.
        count: usize,
    },
    /// Neither empty nor beginning with a slash.
    #[error("pointer {pointer:?} must be empty or begin with `/`")]
    NoSlash {
        /// The pointer.
        pointer: String,
    },
    /// A tilde that begins no escape.
    #[error("pointer {pointer:?} has a `~` that is not followed by `0` or `1` at byte {at}")]
    Tilde {
        /// The pointer.
        pointer: String,
        /// Offset of the tilde in bytes.
        at: usize,
    },
    /// More than one token `*`.
    #[error(
        "pointer {pointer:?} has more than one `*`: select the outer list and read the inner ones"
    )]
    Nested {
        /// The pointer.
        pointer: String,
    },
    /// A place of which one pointer takes each element and another takes one by its index.
    #[error(
        "pointer {pointer:?} and another one take the same list by `*` and by index: `*` alone has \
         all of it"
    )]
    Mixed {
        /// The pointer.
        pointer: String,
    },
}

/// Splits a pointer into its decoded tokens.
pub(super) fn tokens(pointer: &str) -> Result<Vec<Cow<'_, str>>, SelectError> {
    if pointer.len() > MAX_POINTER_SIZE {
        let start = pointer.chars().take(64).collect();
        return Err(SelectError::TooLong {
            start,
            size: pointer.len(),
        });
    }
    if let Some((at, _)) = pointer
        .match_indices('~')
        .find(|(at, _)| !pointer[at + 1..].starts_with(['0', '1']))
    {
        return Err(SelectError::Tilde {
            pointer: pointer.to_owned(),
            at,
        });
    }
    let mut parts = pointer.split('/');
    if parts.next() != Some("") {
        return Err(SelectError::NoSlash {
            pointer: pointer.to_owned(),
        });
    }
    let tokens: Vec<_> = parts.map(decode).collect();
    if tokens.iter().filter(|&token| token == EACH).count() > 1 {
        return Err(SelectError::Nested {
            pointer: pointer.to_owned(),
        });
    }
    if tokens.len() > MAX_TOKENS {
        return Err(SelectError::TooDeep {
            pointer: pointer.to_owned(),
            count: tokens.len(),
        });
    }
    Ok(tokens)
}

/// `~1` before `~0`, so that `~01` becomes `~1` and not `/`.
fn decode(token: &str) -> Cow<'_, str> {
    match token.contains('~') {
        true => Cow::Owned(token.replace("~1", "/").replace("~0", "~")),
        false => Cow::Borrowed(token),
    }
}

/// The array index that a token is, if it is one.
pub(super) fn index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|byte| byte.is_ascii_digit())
        && (token == "0" || !token.starts_with('0'));
    if plain { token.parse().ok() } else { None }
}
