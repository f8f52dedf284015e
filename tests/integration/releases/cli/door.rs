//! An address that stays while the host behind it does not: connections are handed on to the host
//! of the moment, or end at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tailor::sync::lock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::wire::beside;

#[derive(Clone)]
pub struct Door {
    pub address: SocketAddr,
    behind: Arc<std::sync::Mutex<Option<SocketAddr>>>,
    /// Answers to a POST that are kept back.
    cuts: Arc<AtomicUsize>,
}

impl Door {
    pub async fn to(host: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = Self {
            address: listener.local_addr().unwrap(),
            behind: Arc::new(Some(host).into()),
            cuts: Arc::default(),
        };
        let this = door.clone();
        beside(async move {
            while let Ok((client, _)) = listener.accept().await {
                let this = this.clone();
                beside(async move { this.pass(client).await });
            }
        });
        door
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The host behind it is another one, or there is none.
    pub fn leads_to(&self, host: Option<SocketAddr>) {
        *lock(&self.behind) = host;
    }

    /// From now on, this number of answers to a POST do not reach their client.
    pub fn cut(&self, answers: usize) {
        self.cuts.store(answers, Ordering::SeqCst);
    }

    /// Whether all of them were kept back.
    pub fn has_cut(&self) -> bool {
        self.cuts.load(Ordering::SeqCst) == 0
    }

    async fn pass(&self, mut client: TcpStream) -> Option<()> {
        let behind = *lock(&self.behind);
        let mut host = TcpStream::connect(behind?).await.ok()?;
        let mut first = [0; 4];
        client.read_exact(&mut first).await.ok()?;
        host.write_all(&first).await.ok()?;
        let is_cut = first == *b"POST" && !self.has_cut();
        if !is_cut {
            copy_bidirectional(&mut client, &mut host).await.ok()?;
            return Some(());
        }
        // The host reads all of it, and answers to nobody.
        let (mut request, mut to_host) = client.split();
        let (mut answer, mut host) = host.split();
        let mut came = [0; 1];
        tokio::select! {
            _ = tokio::io::copy(&mut request, &mut host) => {}
            _ = answer.read_exact(&mut came) => {}
        }
        self.cuts.fetch_sub(1, Ordering::SeqCst);
        to_host.shutdown().await.ok()
    }
}
