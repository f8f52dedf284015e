use std::future::poll_fn;
use tokio::net::TcpStream;

use hyper::rt::Read as _;

use super::*;

/// A connection with this many bytes to be read on it.
async fn with(bytes: usize) -> (Watched<TcpStream>, Arc<Activity>, TcpStream) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (server, _) = listener.accept().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.wasm"), "").unwrap();
    let text = "[[route]]\nbff = \"a\"\n[bff.a]\ncomponent = \"a.wasm\"\n";
    let config = config::parse(text, &folder.path().join("a.toml")).unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut client, &vec![b'x'; bytes])
        .await
        .unwrap();
    let activity = Arc::new(Activity::new());
    let settings = Arc::new(config.server);
    let server = Lingering::new(server, Arc::default(), settings.clone());
    let watched = Watched::new(server, activity.clone(), Arc::default(), settings);
    (watched, activity, client)
}

/// Reads into a buffer of this size until the turn of the connection is over. How many reads, and
/// bytes.
async fn read_a_turn(
    watched: &mut Watched<TcpStream>,
    activity: &Activity,
    size: usize,
) -> (usize, usize) {
    let mut memory = vec![0; size];
    let (mut reads, mut bytes) = (0, 0);
    poll_fn(|context| {
        loop {
            let mut buffer = hyper::rt::ReadBuf::new(&mut memory);
            let polled = Pin::new(&mut *watched).poll_read(context, buffer.unfilled());
            match polled {
                Poll::Ready(result) => result.unwrap(),
                Poll::Pending if activity.may_read() => return Poll::Pending,
                Poll::Pending => return Poll::Ready(()),
            }
            reads += 1;
            bytes += buffer.filled().len();
        }
    })
    .await;
    (reads, bytes)
}

#[tokio::test]
async fn a_connection_gives_its_thread_back() {
    let (mut watched, activity, _client) = with(200 << 10).await;
    for _ in 0..2 {
        activity.turn();
        let (_, bytes) = read_a_turn(&mut watched, &activity, 1 << 20).await;
        assert!((TURN..TURN + READ).contains(&bytes), "{bytes}");
    }
    activity.turn();
    let (reads, bytes) = read_a_turn(&mut watched, &activity, 10).await;
    assert!((100..=101).contains(&reads), "{reads}");
    assert_eq!(bytes, reads * 10);
}
