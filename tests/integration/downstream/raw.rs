//! A service below HTTP: a listener whose connections are served by the test, byte by byte, and a record of what came.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// A running service. Its connections are cut when it is dropped.
pub struct Raw {
    address: SocketAddr,
    record: Arc<Record>,
    task: AbortHandle,
}

#[derive(Default)]
struct Record {
    requests: Mutex<Vec<Request>>,
    accepted: AtomicUsize,
    open: AtomicUsize,
    most: AtomicUsize,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// The first line.
    pub line: String,
    /// Names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A connection, as the test serves it.
pub struct Connection {
    /// Counted from 0.
    pub index: usize,
    stream: TcpStream,
    unread: Vec<u8>,
    record: Arc<Record>,
    /// Below the stream, so that it is closed before it is no longer counted.
    _open: Open,
}

struct Open(Arc<Record>);

impl Raw {
    /// Serves each connection by `serve`; a connection is closed when that ends.
    #[expect(clippy::disallowed_methods, reason = "ended with this value")]
    pub async fn start<F, R>(serve: F) -> Self
    where
        F: Fn(Connection) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let record = Arc::new(Record::default());
        let noting = record.clone();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            for index in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(Connection::new(index, stream, noting.clone())));
            }
        });
        Self {
            address,
            record,
            task: task.abort_handle(),
        }
    }

    /// Answers every request of every connection with these bytes.
    pub async fn answering(answer: &'static str) -> Self {
        Self::start(async |mut connection: Connection| {
            while connection.request().await.is_some() {
                connection.send(answer).await;
            }
        })
        .await
    }

    /// Its authority.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.record.requests.lock().unwrap().clone()
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.record.accepted.load(Ordering::SeqCst)
    }

    /// Connections that this side has not closed.
    pub fn open(&self) -> usize {
        self.record.open.load(Ordering::SeqCst)
    }

    /// Most connections that were open at once.
    pub fn most_open(&self) -> usize {
        self.record.most.load(Ordering::SeqCst)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Request {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

impl Connection {
    fn new(index: usize, stream: TcpStream, record: Arc<Record>) -> Self {
        stream.set_nodelay(true).unwrap();
        record.accepted.fetch_add(1, Ordering::SeqCst);
        let open = record.open.fetch_add(1, Ordering::SeqCst) + 1;
        record.most.fetch_max(open, Ordering::SeqCst);
        Self {
            index,
            stream,
            unread: Vec::new(),
            _open: Open(record.clone()),
            record,
        }
    }

    /// Reads and notes the next request; `None` when the other side has closed.
    pub async fn request(&mut self) -> Option<Request> {
        let head = loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                break self.take(end + 4);
            }
            self.read().await?;
        };
        let mut lines = head.trim_end().split("\r\n");
        let line = lines.next().unwrap().to_owned();
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let mut request = Request {
            line,
            headers,
            body: String::new(),
        };
        let length = request.header("content-length");
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < length {
            self.read().await?;
        }
        request.body = self.take(length);
        self.record.requests.lock().unwrap().push(request.clone());
        Some(request)
    }

    /// Sends bytes. Whether the other side still takes them is its own affair: `false` when it does not.
    pub async fn send(&mut self, bytes: &str) -> bool {
        self.stream.write_all(bytes.as_bytes()).await.is_ok()
    }

    /// Waits until the other side has closed, whatever it sends before.
    pub async fn closed(mut self) {
        while self.read().await.is_some() {}
    }

    /// Closes with a reset, as a service does that was killed, or a proxy that has forgotten the connection.
    pub fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    async fn read(&mut self) -> Option<()> {
        let read = self.stream.read_buf(&mut self.unread).await.ok()?;
        (read > 0).then_some(())
    }

    fn take(&mut self, length: usize) -> String {
        let rest = self.unread.split_off(length);
        String::from_utf8(std::mem::replace(&mut self.unread, rest)).unwrap()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
