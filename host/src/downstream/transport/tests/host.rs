//! The host lacks a resource.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::*;

/// Shows the test that it runs in a process of its own, which may be short of descriptors.
const ALONE: &str = "TAILOR_TEST_ALONE";

/// Runs the test of this name again, in a process of its own.
fn run_alone(name: &str) {
    let test = format!("{}::{name}", module_path!().split_once("::").unwrap().1);
    let mut command = Command::new(std::env::current_exe().unwrap());
    let command = command
        .args(["--exact", &test, "--test-threads=1"])
        .env(ALONE, "1");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn a_host_without_open_files_blames_no_service() {
    if std::env::var_os(ALONE).is_none() {
        return run_alone("a_host_without_open_files_blames_no_service");
    }
    let answer = |_| Response::new(200);
    let (one, two) = (service(answer), service(answer));
    let mut settings = settings(&[one.address(), two.address()]);
    settings.ejection.failures = 1;
    settings.health = Some(crate::config::Health {
        path: "/health".to_owned(),
        interval: Duration::from_secs(1),
        timeout: Duration::from_secs(5),
        unhealthy_after: 1,
        healthy_after: 1,
    });
    let transport = transport(&settings);
    let before = getrlimit(Resource::Nofile);
    let next = File::open("/dev/null").unwrap().as_raw_fd();
    let none_left = Rlimit {
        current: Some(next as u64),
        ..before
    };
    setrlimit(Resource::Nofile, none_left).unwrap();
    let failed = [get(&transport, 0).await, get(&transport, 0).await];
    for index in 0..2 {
        check(&transport.connector, &endpoint(&transport, index)).await;
    }
    setrlimit(Resource::Nofile, before).unwrap();

    for attempted in failed {
        assert_eq!(attempted.judgement, Judgement::Nothing);
        let error = attempted.result.unwrap_err();
        assert!(matches!(error, Cause::Host { sent: false, .. }), "{error}");
        assert!(error.to_string().contains("the host itself"), "{error}");
    }
    for endpoint in transport.endpoints() {
        assert_eq!(endpoint.status, EndpointStatus::Good);
    }
    assert_eq!(get(&transport, 0).await.result.unwrap().status, 200);
}
