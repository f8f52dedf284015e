use simple_dns::RCODE;

use super::scripted::{DnsAnswer, DnsServer};
use super::*;

const NAME: &str = "_http._tcp.users.example";

fn record(priority: u16, weight: u16, port: u16, host: &str) -> Record {
    Record {
        priority,
        weight,
        host: host.to_owned(),
        port,
    }
}

fn says(records: &[(u16, u16, u16, &str)]) -> Vec<(u16, u16, u16, String)> {
    let owned = |&(priority, weight, port, target): &(u16, u16, u16, &str)| {
        (priority, weight, port, target.to_owned())
    };
    records.iter().map(owned).collect()
}

async fn answer(says: DnsAnswer) -> io::Result<Vec<Record>> {
    let server = DnsServer::start(says).await;
    records(&[server.address], NAME).await
}

#[tokio::test]
async fn records_come_by_priority_and_unusable_ones_are_left_out() {
    let all = says(&[
        (20, 0, 81, "b.example"),
        (10, 5, 80, "A.example"),
        (10, 5, 0, "c.example"),
        (10, 5, 80, "d e.example"),
        (10, 5, 80, ""),
    ]);
    let expected = [
        record(10, 5, 80, "a.example"),
        record(20, 0, 81, "b.example"),
    ];
    assert_eq!(answer(DnsAnswer::Srv(all)).await.unwrap(), expected);
}

#[tokio::test]
async fn no_more_records_are_taken_than_a_host_can_bear() {
    let all = (0..200).map(|number| (200 - number, 1, 80, format!("{number}.example")));
    let found = answer(DnsAnswer::Long(all.collect())).await.unwrap();
    assert_eq!(found.len(), 64);
    assert_eq!(found[0].host, "199.example");
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_asked_for_over_tcp() {
    let all = DnsAnswer::Long(says(&[(1, 1, 80, "a.example")]));
    assert_eq!(answer(all).await.unwrap(), [record(1, 1, 80, "a.example")]);
}

#[tokio::test]
async fn a_root_as_target_says_that_the_service_is_not_offered() {
    assert_eq!(
        answer(DnsAnswer::Srv(says(&[(0, 0, 0, "")])))
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn what_is_no_answer_is_an_error_that_says_why() {
    let none = "the name has no SRV record";
    let bad = "the answer of the DNS server is malformed: no SRV record names a host and a port";
    for (says, why) in [
        (DnsAnswer::Address, none),
        (DnsAnswer::Srv(vec![]), none),
        (DnsAnswer::Code(RCODE::NameError), none),
        (
            DnsAnswer::Code(RCODE::ServerFailure),
            "the DNS server fails with code 2",
        ),
        (DnsAnswer::Srv(says(&[(1, 1, 0, "a.example")])), bad),
    ] {
        assert_eq!(answer(says).await.unwrap_err().to_string(), why);
    }
}

#[tokio::test]
async fn a_server_that_fails_is_followed_by_the_next_one() {
    let bad = DnsServer::start(DnsAnswer::Code(RCODE::Refused)).await;
    let good = DnsServer::start(DnsAnswer::Srv(says(&[(1, 1, 80, "a.example")]))).await;
    let found = records(&[bad.address, good.address], NAME).await.unwrap();
    assert_eq!(found, [record(1, 1, 80, "a.example")]);
    assert_eq!((bad.asked(), good.asked()), (1, 1));
}

#[tokio::test]
async fn a_server_that_is_silent_or_answers_something_else_is_given_up() {
    for says in [DnsAnswer::Silence, DnsAnswer::Noise] {
        let server = DnsServer::start(says).await;
        let servers = [server.address];
        // The clock is the real one until the server was asked.
        let asking = async {
            while server.asked() < 1 {
                tokio::task::yield_now().await;
            }
            tokio::time::pause();
        };
        let (found, ()) = tokio::join!(records(&servers, NAME), asking);
        assert_eq!(found.unwrap_err().to_string(), "no DNS server answers");
        tokio::time::resume();
    }
}

#[test]
fn only_what_repeats_number_and_question_is_an_answer() {
    let query = query(NAME).unwrap();
    let mut reply = query.clone();
    assert!(!answers(&query, &reply), "that is the question itself");
    reply[2] |= 128;
    assert!(answers(&query, &reply));
    reply[HEAD + 2].make_ascii_uppercase();
    assert!(answers(&query, &reply));
    for place in [0, 1, 5, HEAD + 1, query.len() - 1] {
        let mut other = reply.clone();
        other[place] ^= 1;
        assert!(!answers(&query, &other), "{place}");
    }
    assert!(!answers(&query, &reply[..HEAD]));
    assert!(read(&reply[..HEAD + 3]).is_err());
}

#[test]
fn the_servers_of_the_system_are_the_first_three() {
    let text = "search example\n# nameserver 9.9.9.9\nnameserver 127.0.0.53\nnameserver  ::1 \n\
                nameserver fe80::1%eth0\noptions timeout:1\nnameserver 1.1.1.1\nnameserver 8.8.8.8\n";
    let expected = ["127.0.0.53:53", "[::1]:53", "1.1.1.1:53"];
    assert_eq!(servers(text), expected.map(|it| it.parse().unwrap()));
}
