//! What the log advises.

use downstream_mock::Services;
use downstream_mock::scripted::{Response, ScriptedService};
use serde_json::Value;
use tailor_harness::{Process, TestHost, components};

use super::Setup;
use crate::wire::Wire;

#[tokio::test]
async fn asking_one_by_one_is_told_once_with_the_advice_to_ask_once() {
    let services = Services::start().unwrap();
    let guest = std::fs::read(components::hostile().unwrap()).unwrap();
    let config = "[bff.each]\ncomponent = \"each.wasm\"\ndownstreams = [\"goals\"]\nlimits.repeated-calls = 5\n\
                  [[route]]\nbff = \"each\"\npath = \"/each\"";
    let (path, _dir) = TestHost::builder()
        .unwrap()
        .config("log.format = \"json\"")
        .file("each.wasm", &guest)
        .unwrap()
        .services(&services, "")
        .config(config)
        .write()
        .unwrap();
    let process = Process::serve(&path).unwrap();
    let address = process.address().unwrap();
    let ask = async |id: &str, count: u32| {
        let mut wire = Wire::connect(address).await;
        let request = format!(
            "GET /each/fetch-each?count={count} HTTP/1.1\r\nhost: a\r\nx-request-id: {id}\r\n\r\n"
        );
        wire.send(&request).await;
        assert_eq!(wire.head().await.status, 200);
        process
            .wait_for(|line| line["target"] == "access" && line["request_id"] == id)
            .unwrap();
    };
    let advice = || {
        let log = process.log();
        let told = |line: &&Value| {
            line["message"]
                .as_str()
                .is_some_and(|told| told.contains("in one call"))
        };
        log.iter().filter(told).cloned().collect::<Vec<_>>()
    };
    ask("few", 4).await;
    assert_eq!(advice(), Vec::<Value>::new());
    for id in ["many", "many-again"] {
        ask(id, 10).await;
        let told = advice();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(
            (&told[0]["bff"], &told[0]["downstream"]),
            (&"each".into(), &"goals".into())
        );
        assert_eq!(told[0]["pattern"], "/users/*/goals");
    }
}

#[tokio::test]
async fn a_service_that_wants_to_be_left_alone_is_told_of_once_a_minute() {
    let answer = |_| Response::new(429).header("retry-after", "1");
    let site = ScriptedService::start(answer).unwrap();
    let setup = Setup::with("log.format = \"json\"").service("svc", &site.url(), "");
    let (path, _dir) = setup.relay("r", "").builder().write().unwrap();
    let process = Process::serve(&path).unwrap();
    let address = process.address().unwrap();
    for id in ["first", "second"] {
        let mut wire = Wire::connect(address).await;
        let request = format!("GET /r/svc/{id} HTTP/1.1\r\nhost: a\r\nx-request-id: {id}\r\n\r\n");
        wire.send(&request).await;
        assert_eq!(wire.head().await.status, 429);
        process
            .wait_for(|line| line["target"] == "access" && line["request_id"] == id)
            .unwrap();
    }
    assert_eq!(site.count(), 2);
    let log = process.log();
    let told: Vec<_> = log
        .iter()
        .filter(|line| line["status"] == 429 && line["target"] != "access")
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&told[0]["downstream"], &told[0]["seconds"]),
        (&"svc".into(), &1.0.into())
    );
}
