//! What listens in place of a host: canned answers, one a connection.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::wire::beside;

/// Listens, and answers each request with what `answer` makes of its head, as it is.
pub async fn stub(answer: impl Fn(&str) -> String + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    beside(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if let Some(head) = head(&mut stream).await {
                // A client may have read enough.
                let _ = stream.write_all(answer(&head).as_bytes()).await;
            }
        }
    });
    address
}

/// Reads a whole request, and returns its head.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head
        .lines()
        .find_map(|it| it.strip_prefix("content-length: "));
    let length = length.map_or(0, |it| it.parse().unwrap());
    stream.read_exact(&mut vec![0; length]).await.ok()?;
    Some(head)
}

/// A whole answer of this status.
pub fn answer(status: &str, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\
         \r\n{body}",
        body.len()
    )
}
