//! SRV records (RFC 2782), queried from DNS servers because the system's resolver returns addresses
//! only.
//!
//! A query goes over UDP, and again over TCP where the answer does not fit (RFC 7766 section 5).
//! Where a server fails or is silent, the next one is queried. An answer is trusted as one of the
//! system's resolver is.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use simple_dns::rdata::{RData, SRV};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, TYPE};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::file;

/// Names the DNS servers of the system.
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// Bytes of it that are too many.
const MAX_RESOLV_CONF: u64 = 1 << 20;
/// The port of DNS servers.
const PORT: u16 = 53;
/// Servers of the system that are queried, as in resolv.conf(5).
const MAX_SERVERS: usize = 3;
/// How often each server is queried, because UDP may lose a query.
const ROUNDS: usize = 2;
/// Time for an answer of one server.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Records that are taken from one answer, so that no DNS server can exhaust the host.
const MAX_RECORDS: usize = 64;
/// The head of a message, bytes, RFC 1035 section 4.1.1. The question follows.
const HEAD: usize = 12;
/// An answer over UDP without EDNS has 512 bytes; more are taken from a server that says more.
const MAX_DATAGRAM: usize = 4096;

/// A host that offers a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Lower ones come first.
    pub priority: u16,
    /// Its share among those of the same priority.
    pub weight: u16,
    /// Its name, in lower case.
    pub host: String,
    pub port: u16,
}

/// The SRV records of a name, those of a low priority first. There is none where the name says that
/// the service is not offered: its one record then has the target ".".
///
/// # Errors
///
/// When no server answers, or there is no such record.
pub async fn records(servers: &[SocketAddr], name: &str) -> io::Result<Vec<Record>> {
    let query = query(name)?;
    let of_system = match servers {
        [] => of_system().await?,
        _ => vec![],
    };
    let servers = [servers, &of_system].concat();
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "there is no DNS server to ask");
    for _ in 0..ROUNDS {
        for server in &servers {
            match timeout(TIMEOUT, ask(*server, &query)).await {
                Ok(Ok(reply)) => return read(&reply),
                Ok(Err(error)) => failure = error,
                Err(_) => {
                    failure = io::Error::new(io::ErrorKind::TimedOut, "no DNS server answers")
                }
            }
        }
    }
    Err(failure)
}

/// The DNS servers of the system, as they are now.
async fn of_system() -> io::Result<Vec<SocketAddr>> {
    let read = || file::read_text(Path::new(RESOLV_CONF), MAX_RESOLV_CONF);
    let text = tokio::task::spawn_blocking(read);
    Ok(servers(&text.await??))
}

/// The servers that a resolv.conf names.
fn servers(text: &str) -> Vec<SocketAddr> {
    let server = |line: &str| {
        let address = line.strip_prefix("nameserver")?;
        let address = address.split_whitespace().next()?;
        Some(SocketAddr::new(address.parse().ok()?, PORT))
    };
    text.lines().filter_map(server).take(MAX_SERVERS).collect()
}

/// A question for the SRV records of a name. Its number and its source port are random, so that an
/// off-path attacker can hardly answer it.
fn query(name: &str) -> io::Result<Vec<u8>> {
    let mut number = [0; 2];
    let random = rustls::crypto::ring::default_provider().secure_random;
    let filled = random.fill(&mut number);
    filled.map_err(|_| io::Error::other("the system gives no random numbers"))?;
    let illegal = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
    let mut packet = Packet::new_query(u16::from_be_bytes(number));
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    let (kind, class) = (QTYPE::TYPE(TYPE::SRV), QCLASS::CLASS(CLASS::IN));
    let name = Name::new(name).map_err(illegal)?;
    packet
        .questions
        .push(Question::new(name, kind, class, false));
    packet.build_bytes_vec().map_err(illegal)
}

/// What a server answers: that there are records, or that there are none.
async fn ask(server: SocketAddr, query: &[u8]) -> io::Result<Vec<u8>> {
    let mut reply = over_udp(server, query).await?;
    if reply[2] & 2 != 0 {
        reply = over_tcp(server, query).await?;
    }
    match reply[3] & 15 {
        // No error, and no such name.
        0 | 3 => Ok(reply),
        code => Err(io::Error::other(format!(
            "the DNS server fails with code {code}"
        ))),
    }
}

async fn over_udp(server: SocketAddr, query: &[u8]) -> io::Result<Vec<u8>> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    // From here on the system drops what comes from elsewhere.
    socket.connect(server).await?;
    socket.send(query).await?;
    let mut reply = vec![0; MAX_DATAGRAM];
    loop {
        let length = socket.recv(&mut reply).await?;
        if answers(query, &reply[..length]) {
            reply.truncate(length);
            return Ok(reply);
        }
    }
}

async fn over_tcp(server: SocketAddr, query: &[u8]) -> io::Result<Vec<u8>> {
    let stream = TcpStream::connect(server).await?;
    let length = u16::try_from(query.len()).map_err(io::Error::other)?;
    write_all(&stream, &[&length.to_be_bytes(), query].concat()).await?;
    let mut length = [0; 2];
    read_exact(&stream, &mut length).await?;
    let mut reply = vec![0; u16::from_be_bytes(length).into()];
    read_exact(&stream, &mut reply).await?;
    match answers(query, &reply) {
        true => Ok(reply),
        false => Err(malformed("it is none to the question")),
    }
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn read_exact(stream: &TcpStream, bytes: &mut [u8]) -> io::Result<()> {
    let mut there = 0;
    while there < bytes.len() {
        stream.readable().await?;
        match stream.try_read(&mut bytes[there..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => there += read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether a message is an answer to this question: it has the same number and repeats the
/// question.
fn answers(query: &[u8], reply: &[u8]) -> bool {
    reply.len() >= query.len()
        && reply[..2] == query[..2]
        && reply[2] & 128 != 0
        && reply[4..6] == query[4..6]
        && reply[HEAD..query.len()].eq_ignore_ascii_case(&query[HEAD..])
}

/// The records of an answer.
pub(super) fn read(reply: &[u8]) -> io::Result<Vec<Record>> {
    let packet = Packet::parse(reply).map_err(malformed)?;
    let records = packet.answers.iter();
    let records = records.filter_map(|record| match &record.rdata {
        RData::SRV(srv) if record.class == CLASS::IN => Some(srv),
        _ => None,
    });
    let records: Vec<_> = records.collect();
    if records.is_empty() {
        let what = "the name has no SRV record";
        return Err(io::Error::new(io::ErrorKind::NotFound, what));
    }
    let is_root = |srv: &&SRV<'_>| srv.target.get_labels().is_empty();
    if records.iter().all(is_root) {
        return Ok(vec![]);
    }
    let mut legal: Vec<_> = records.into_iter().filter_map(Record::of).collect();
    if legal.is_empty() {
        return Err(malformed("no SRV record names a host and a port"));
    }
    legal.sort_by_key(|record| record.priority);
    legal.truncate(MAX_RECORDS);
    Ok(legal)
}

impl Record {
    /// `None` where it names no callable target.
    fn of(srv: &SRV<'_>) -> Option<Self> {
        let host = srv.target.to_string().to_ascii_lowercase();
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let is_legal = !host.is_empty() && host.bytes().all(legal) && srv.port != 0;
        is_legal.then_some(Self {
            priority: srv.priority,
            weight: srv.weight,
            host,
            port: srv.port,
        })
    }
}

fn malformed(why: impl std::fmt::Display) -> io::Error {
    let what = format!("the answer of the DNS server is malformed: {why}");
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
pub mod scripted;
#[cfg(test)]
mod tests;
