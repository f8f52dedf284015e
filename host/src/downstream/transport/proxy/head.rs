//! The answer of a proxy. Only its status matters. Reading stops at the end of its head: the bytes
//! behind it are those of the service.

use std::io;

use tokio::net::TcpStream;

use super::error::ProxyError;

/// The largest answer, interim ones included, bytes.
const MAX_HEAD: usize = 8 << 10;

/// Reads the head of the final answer, and says its status.
///
/// # Errors
///
/// The connection breaks, or what comes is no head, or a very large one.
pub(super) async fn read_status(stream: &TcpStream) -> Result<u16, ProxyError> {
    let mut head = Head::default();
    let mut buffer = [0; 1 << 10];
    loop {
        // Peeked before it is consumed, because the head may end within these bytes.
        let there = peek(stream, &mut buffer).await;
        let there = there.map_err(ProxyError::Connection)?;
        let (taken, status) = head.push(&buffer[..there])?;
        take(stream, &mut buffer[..taken]).map_err(ProxyError::Connection)?;
        if let Some(status) = status {
            return Ok(status);
        }
    }
}

async fn peek(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    match stream.peek(buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        there => Ok(there),
    }
}

/// Consumes bytes that were peeked.
fn take(stream: &TcpStream, mut bytes: &mut [u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.try_read(bytes)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => bytes = &mut bytes[read..],
        }
    }
    Ok(())
}

/// The part of an answer that was read.
#[derive(Default)]
struct Head {
    /// Of all answers so far, bytes.
    size: usize,
    /// The line that is not complete yet.
    line: Vec<u8>,
    /// The status of the answer whose fields come.
    status: Option<u16>,
}

impl Head {
    /// Takes bytes up to the end of the final head, at most. Returns their number, and the status
    /// at the end.
    fn push(&mut self, bytes: &[u8]) -> Result<(usize, Option<u16>), ProxyError> {
        for (index, byte) in bytes.iter().enumerate() {
            self.size += 1;
            if self.size > MAX_HEAD {
                return Err(ProxyError::HeadTooLarge { limit: MAX_HEAD });
            }
            if *byte != b'\n' {
                self.line.push(*byte);
                continue;
            }
            if let Some(status) = self.end_line()? {
                return Ok((index + 1, Some(status)));
            }
        }
        Ok((bytes.len(), None))
    }

    /// A line is complete; returns the status when it was the last one.
    fn end_line(&mut self) -> Result<Option<u16>, ProxyError> {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        match self.status {
            None => self.status = Some(status(line)?),
            // Interim answers say nothing yet. The proxy must not switch protocols, which was not
            // requested.
            Some(100 | 102..=199) if line.is_empty() => self.status = None,
            Some(status) if line.is_empty() => return Ok(Some(status)),
            Some(_) => {}
        }
        Ok(None)
    }
}

/// The status of a status line (RFC 9112 section 4).
fn status(line: &[u8]) -> Result<u16, ProxyError> {
    let parse = || {
        let rest = line.strip_prefix(b"HTTP/1.")?;
        let (b'0' | b'1', rest) = rest.split_first().map(|(minor, rest)| (*minor, rest))? else {
            return None;
        };
        let (code, rest) = rest.strip_prefix(b" ")?.split_at_checked(3)?;
        let ends = rest.first().is_none_or(|byte| *byte == b' ');
        let digits = code.iter().all(u8::is_ascii_digit);
        let code = str::from_utf8(code).ok()?.parse::<u16>().ok()?;
        (ends && digits && code >= 100).then_some(code)
    };
    parse().ok_or(ProxyError::NotHttp)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status, and what is left behind the head, whatever the parts that it comes in.
    fn read(text: &str) -> Result<(u16, String), String> {
        let mut outcomes = Vec::new();
        for size in [1, 2, 7, text.len().max(1)] {
            let mut head = Head::default();
            let mut at = 0;
            let outcome = loop {
                let part = &text.as_bytes()[at..(at + size).min(text.len())];
                if part.is_empty() {
                    break Err("incomplete".to_owned());
                }
                match head.push(part) {
                    Err(error) => break Err(error.to_string()),
                    Ok((taken, status)) => {
                        at += taken;
                        if let Some(status) = status {
                            break Ok((status, text[at..].to_owned()));
                        }
                    }
                }
            };
            outcomes.push(outcome);
        }
        outcomes.dedup();
        assert_eq!(outcomes.len(), 1, "{text:?}: {outcomes:?}");
        outcomes.remove(0)
    }

    #[test]
    fn no_byte_behind_the_head_is_taken() {
        for (text, status, rest) in [
            ("HTTP/1.1 200 Connection established\r\n\r\n", 200, ""),
            ("HTTP/1.0 200\n\nSSH-2.0", 200, "SSH-2.0"),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
                200,
                "abc",
            ),
            ("HTTP/1.1 407 No\r\na: b\r\n\r\n", 407, ""),
            (
                "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nlink: x\r\n\r\nHTTP/1.1 204 N\r\n\r\n",
                204,
                "",
            ),
            ("HTTP/1.1 101 S\r\n\r\nxyz", 101, "xyz"),
        ] {
            assert_eq!(read(text), Ok((status, rest.to_owned())));
        }
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for text in [
            "\r\n\r\n",
            "SSH-2.0-OpenSSH\r\n",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 2000\r\n\r\n",
            "HTTP/1.1 +20\r\n\r\n",
            "HTTP/1.1 099\r\n\r\n",
            "HTTP/1.1 20\r\n\r\n",
        ] {
            let outcome = read(text);
            assert_eq!(outcome, Err(ProxyError::NotHttp.to_string()), "{text:?}");
        }
        let endless = "HTTP/1.1 100 C\r\n\r\n".repeat(1000);
        let large = ProxyError::HeadTooLarge { limit: MAX_HEAD }.to_string();
        assert_eq!(read(&endless), Err(large.clone()));
        assert_eq!(read(&"x".repeat(MAX_HEAD + 1)), Err(large));
        assert_eq!(read("HTTP/1.1 200 OK\r\n"), Err("incomplete".to_owned()));
    }

    #[tokio::test]
    async fn what_follows_the_head_stays_on_the_connection() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mut ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (ours, mut theirs) = (ours.as_mut().unwrap(), theirs.unwrap().0);
        let fields = "x: y\r\n".repeat(400);
        let answer = format!("HTTP/1.1 200 OK\r\n{fields}\r\nSSH-2.0");
        theirs.write_all(answer.as_bytes()).await.unwrap();
        assert_eq!(read_status(ours).await.unwrap(), 200);
        drop(theirs);
        let mut rest = String::new();
        ours.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "SSH-2.0");
    }
}
