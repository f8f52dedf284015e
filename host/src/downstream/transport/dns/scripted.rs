//! A scripted DNS server.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use simple_dns::rdata::{A, RData, SRV};
use simple_dns::{CLASS, Name, Packet, PacketFlag, RCODE, ResourceRecord};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

/// The server's answer for each name.
#[derive(Clone)]
pub enum DnsAnswer {
    /// SRV records: priority, weight, port and target.
    Srv(Vec<(u16, u16, u16, String)>),
    /// The same, over TCP only: over UDP the answer is cut off.
    Long(Vec<(u16, u16, u16, String)>),
    /// A name that has an address only.
    Address,
    /// An answer with this code.
    Code(RCODE),
    /// Answers to another query, and malformed ones.
    Noise,
    /// Nothing.
    Silence,
}

/// A DNS server, ended on drop.
pub struct DnsServer {
    /// Where it listens, over UDP and TCP.
    pub address: SocketAddr,
    script: Arc<Script>,
    _tasks: JoinSet<()>,
}

struct Script {
    says: Mutex<DnsAnswer>,
    asked: AtomicUsize,
}

impl DnsServer {
    /// Starts one.
    pub async fn start(says: DnsAnswer) -> Self {
        let (udp, tcp) = loop {
            let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
            // The port may be taken for UDP.
            if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let script = Arc::new(Script {
            says: Mutex::new(says),
            asked: AtomicUsize::new(0),
        });
        let address = udp.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(script.clone().over_udp(udp));
        tasks.spawn(script.clone().over_tcp(tcp));
        Self {
            address,
            script,
            _tasks: tasks,
        }
    }

    /// Changes its answers.
    pub fn say(&self, says: DnsAnswer) {
        *self.script.says.lock().unwrap() = says;
    }

    /// Queries over UDP.
    pub fn asked(&self) -> usize {
        self.script.asked.load(Ordering::SeqCst)
    }
}

impl Script {
    async fn over_udp(self: Arc<Self>, socket: UdpSocket) {
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query).await {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let says = self.says.lock().unwrap().clone();
            let noise = matches!(says, DnsAnswer::Noise);
            if let Some(mut reply) = reply(&query[..length], says, true) {
                if noise {
                    socket.send_to(b"noise", from).await.unwrap();
                    reply[0] ^= 1;
                }
                let _ = socket.send_to(&reply, from).await;
            }
        }
    }

    async fn over_tcp(self: Arc<Self>, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = async {
                let mut length = [0; 2];
                super::read_exact(&stream, &mut length).await?;
                let mut query = vec![0; u16::from_be_bytes(length).into()];
                super::read_exact(&stream, &mut query).await?;
                let says = self.says.lock().unwrap().clone();
                let reply = reply(&query, says, false).unwrap_or_default();
                let length = (reply.len() as u16).to_be_bytes();
                super::write_all(&stream, &length).await?;
                super::write_all(&stream, &reply).await?;
                io::Result::Ok(())
            };
            let _ = answer.await;
        }
    }
}

fn reply(query: &[u8], says: DnsAnswer, is_udp: bool) -> Option<Vec<u8>> {
    let query = Packet::parse(query).unwrap();
    let name = query.questions[0].qname.clone();
    let mut reply = Packet::new_reply(query.id());
    reply.questions = query.questions;
    let records = match &says {
        DnsAnswer::Srv(records) => records.as_slice(),
        DnsAnswer::Long(_) if is_udp => {
            reply.set_flags(PacketFlag::TRUNCATION);
            &[]
        }
        DnsAnswer::Long(records) => records,
        DnsAnswer::Address => {
            let data = RData::A(A { address: 1 });
            let record = ResourceRecord::new(name.clone(), CLASS::IN, 1, data);
            reply.answers.push(record);
            &[]
        }
        DnsAnswer::Code(code) => {
            *reply.rcode_mut() = *code;
            &[]
        }
        DnsAnswer::Noise => &[],
        DnsAnswer::Silence => return None,
    };
    for (priority, weight, port, target) in records {
        let data = RData::SRV(SRV {
            priority: *priority,
            weight: *weight,
            port: *port,
            target: Name::new(target).unwrap(),
        });
        let record = ResourceRecord::new(name.clone(), CLASS::IN, 1, data);
        reply.answers.push(record);
    }
    Some(reply.build_bytes_vec_compressed().unwrap())
}
