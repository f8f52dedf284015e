//! A client of `/v1`.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tailor::digest::hex;
use tailor_harness::{Process, TestHost};

use super::until;
use crate::wire::{ClientResponse, Wire};

pub struct Api(pub SocketAddr);

/// An answer: its status, its document, and its `location`.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub json: Value,
    pub location: String,
}

pub fn digest(bytes: &[u8]) -> String {
    hex(bytes)
}

impl Api {
    pub fn of(host: &TestHost) -> Self {
        Self(host.host().admin_address().unwrap())
    }

    pub fn of_process(process: &Process) -> Self {
        Self(process.admin_address().unwrap())
    }

    /// Sends a request with these further fields, each with its end of line.
    pub async fn send(&self, method: &str, path: &str, fields: &str, body: &[u8]) -> Answer {
        let raw = self.raw(method, path, fields, body).await;
        Answer {
            status: raw.status,
            json: serde_json::from_str(&raw.body).unwrap_or_default(),
            location: raw.header("location").to_owned(),
        }
    }

    pub async fn raw(&self, method: &str, path: &str, fields: &str, body: &[u8]) -> ClientResponse {
        let length = match body.is_empty() && method != "PUT" {
            true => String::new(),
            false => format!("content-length: {}\r\n", body.len()),
        };
        let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{length}{fields}\r\n");
        let mut wire = Wire::connect(self.0).await;
        wire.send(&head).await;
        wire.send_bytes(body).await;
        wire.answer().await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", b"").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let fields = "content-type: application/json\r\n";
        self.send("POST", path, fields, body.to_string().as_bytes())
            .await
    }

    pub async fn put(&self, component: &[u8]) -> Answer {
        let path = format!("/v1/components/{}", digest(component));
        self.send("PUT", &path, "", component).await
    }

    /// Begins the release of an uploaded component.
    pub async fn begin(&self, component: &[u8]) -> Answer {
        let body = json!({"digest": digest(component)});
        self.post("/v1/bffs/page/releases", &body).await
    }

    /// Uploads and releases a component, and waits for the end of the release.
    pub async fn release(&self, component: &[u8]) -> Value {
        let put = self.put(component).await;
        assert!([200, 201].contains(&put.status), "{put:?}");
        let begun = self.begin(component).await;
        assert_eq!(begun.status, 202, "{begun:?}");
        self.ended(&begun.location).await
    }

    /// Uploads a component, and begins a release of it with these further members.
    pub async fn try_out(&self, component: &[u8], more: Value) -> Answer {
        let put = self.put(component).await;
        assert!([200, 201].contains(&put.status), "{put:?}");
        let mut body = json!({"digest": digest(component), "strategy": "canary"});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.post("/v1/bffs/page/releases", &body).await
    }

    /// Waits until a release is in a state.
    pub async fn becomes(&self, path: &str, state: &str) -> Value {
        until(async || {
            let release = self.get(path).await.json;
            (release["state"] == state).then_some(release)
        })
        .await
    }

    /// Waits for the end of a release.
    pub async fn ended(&self, path: &str) -> Value {
        until(async || {
            let release = self.get(path).await;
            assert_eq!(release.status, 200, "{release:?}");
            (release.json["state"] != "proving").then_some(release.json)
        })
        .await
    }

    /// Goes back, and waits for the end.
    pub async fn rollback(&self, body: &Value) -> Value {
        let begun = self.post("/v1/bffs/page/rollback", body).await;
        assert_eq!(begun.status, 202, "{begun:?}");
        self.ended(&begun.location).await
    }

    /// Numbers and states of all releases, the newest first.
    pub async fn states(&self) -> Vec<(i64, String)> {
        let list = self.get("/v1/bffs/page/releases").await;
        assert_eq!(list.status, 200, "{list:?}");
        let releases = list.json["releases"].as_array().unwrap();
        let state = |it: &Value| {
            let state = it["state"].as_str().unwrap().to_owned();
            (it["number"].as_i64().unwrap(), state)
        };
        releases.iter().map(state).collect()
    }
}
