//! The digest that identifies bytes.

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

/// Length of a digest in hexadecimal.
const DIGEST: usize = 64;

/// SHA-256 in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut digest = Digesting::default();
    digest.add(bytes);
    digest.hex()
}

/// Whether this is a SHA-256 in hexadecimal, in small letters.
pub fn is_digest(text: &str) -> bool {
    text.len() == DIGEST && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The digest of bytes that come bit by bit.
#[derive(Default)]
pub struct Digesting(Sha256);

impl Digesting {
    /// Takes the next ones.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// SHA-256 of all of them, in hexadecimal.
    pub fn hex(self) -> String {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(64);
        for byte in self.0.finalize() {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// What is written is taken.
impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
