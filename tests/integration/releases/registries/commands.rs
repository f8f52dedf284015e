//! `tailor deploy` with a reference in place of a file.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;
use tailor_harness::{Process, TestHost};

use super::super::cli::{tailor, url};
use super::super::{served, some};
use super::registry::{Pushed, host};
use crate::swap::page::page;

#[tokio::test]
async fn a_reference_is_deployed_in_place_of_a_file() {
    let pushed = Pushed::new(&page("v1"));
    let registry = pushed.registry();
    let (host, api) = host(&registry, "").await;
    let url = url(&api);
    let reference = pushed.reference(&registry.address().to_string());
    let said = tailor(&url, &["deploy", "page", &reference]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], format!("page: the host pulls {reference}"));
    assert!(
        lines.last().unwrap().ends_with("release 1 is live"),
        "{said:?}"
    );
    assert_eq!(served(host.address()).await, some("v1"));

    let said = tailor(&url, &["deploy", "page", &reference, "--json"]).await;
    assert_eq!(
        said.json()[0],
        json!({"event": "pull", "bff": "page", "oci": reference})
    );

    let absent = reference.replace("shop/page", "shop/other");
    let said = tailor(&url, &["deploy", "page", &absent]).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("404 at pull: "), "{said:?}");
    let unknown = reference.replace("oci://", "oci://other.");
    let said = tailor(&url, &["deploy", "page", &unknown]).await;
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("[releases.registry.NAME]"), "{said:?}");

    // The command itself says what is no reference.
    let asked = registry.count();
    let (tag, _) = reference.split_once('@').unwrap();
    for (wrong, text) in [(tag, "has no digest"), ("OCI://a/b", "is no reference")] {
        let said = tailor(&url, &["deploy", "page", wrong]).await;
        assert!(said.code != 0 && said.err.contains(text), "{said:?}");
    }
    let user = reference.replace("oci://", "oci://bot:secret@");
    for more in [&[][..], &["--json"]] {
        let said = tailor(&url, &[&["deploy", "page", &user], more].concat()).await;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains("has a user before"), "{said:?}");
        assert!(!format!("{said:?}").contains("secret"), "{said:?}");
    }
    assert_eq!(registry.count(), asked);
    host.stop().await;
}

#[tokio::test]
async fn a_file_that_no_pull_could_use_is_told_before_any() {
    let page = "[bff.page]\nreleases = true\n[[route]]\nbff = \"page\"\npath = \"/page\"\n";
    let section = "[releases.registry.shop]\nhost = \"registry.example\"\n\
                   repositories = [\"shop/*\"]\ncredentials = \"login\"\nca-file = \"ca.pem\"\n";
    let builder = TestHost::builder().unwrap().config("log.format = \"json\"");
    let builder = builder
        .config(page)
        .config(section)
        .file("login", b"bot:secret\n");
    let builder = builder.unwrap().file("ca.pem", b"no certificate").unwrap();
    let (path, files) = builder.write().unwrap();
    let login = files.path().join("login");
    fs::set_permissions(&login, Permissions::from_mode(0o644)).unwrap();
    let config = path.display().to_string();
    let said = tailor("http://127.0.0.1:1", &["check", "--config", &config]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let wrong = [
        "can be read by every user of the machine",
        "correct ca-file",
    ];
    for what in wrong {
        let mut lines = said.out.lines();
        let begins = "warning: releases.registry.shop: ";
        assert!(
            lines.any(|it| it.starts_with(begins) && it.contains(what)),
            "{said:?}"
        );
    }
    assert!(!said.out.contains("secret"), "{said:?}");
    let process = Process::serve(&path).unwrap();
    let line = process.wait_for_line(|line| line.contains(wrong[1]).then_some(()));
    line.unwrap();
}
