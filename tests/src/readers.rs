//! How programs behind the host read a path: models of four of them, for tests of what the host
//! sends.
//!
//! `cargo run --example path_readers` compares each model with the program itself.

mod node;
mod segments;
mod tomcat;

use segments::{decode, resolve};

/// A program that reads paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// nginx, with `merge_slashes` as by default: what `location` and `$uri` are compared with.
    Nginx,
    /// `new URL(path, base).pathname` of Node (the URL standard of browsers).
    Node,
    /// `posixpath.normpath(urllib.parse.unquote(path))` of Python, as in many small servers.
    Python,
    /// Tomcat: the path that a servlet of Java is chosen by, without path parameters.
    Tomcat,
}

impl Reader {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Nginx, Self::Node, Self::Python, Self::Tomcat];

    /// Whether a version of the program in use wrongly leaves the path unchanged.
    #[must_use]
    pub fn may_leave(self, path: &str) -> bool {
        self == Self::Node && node::leaves(path)
    }

    /// The path as the program reads it. `None` when it refuses the request, or would call another
    /// host.
    ///
    /// `path` has no query and no fragment, and nothing that ends a request line.
    #[must_use]
    pub fn read(self, path: &str) -> Option<Vec<u8>> {
        if !path.starts_with('/') {
            return None;
        }
        match self {
            Self::Nginx => nginx(path),
            Self::Node => node::read(path),
            Self::Python => Some(python(path)),
            Self::Tomcat => tomcat::read(path),
        }
    }
}

/// Decodes, merges slashes and resolves dots in one pass. A path that leaves the root is refused.
fn nginx(path: &str) -> Option<Vec<u8>> {
    let decoded = decode(path, |_| None)?;
    if decoded.contains(&0) {
        return None;
    }
    resolve(&decoded)
}

/// Decodes what can be decoded, then normalises as for a file. What would leave the root stays
/// there.
fn python(path: &str) -> Vec<u8> {
    // A `%` that encodes nothing is left as it is.
    let decoded = decode(path, Some).unwrap_or_default();
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in decoded.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    // POSIX gives two slashes at the start a meaning of their own, and three none.
    let slashes = decoded.iter().take_while(|byte| **byte == b'/').count();
    let mut path = if slashes == 2 {
        b"//".to_vec()
    } else {
        b"/".to_vec()
    };
    path.extend(kept.join(&b'/'));
    path
}
