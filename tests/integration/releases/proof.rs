//! What is proven before a component is live, in its order, and what needs consent.

use serde_json::{Value, json};
use tailor_harness::components::from_module_in;
use tailor_harness::{Process, TestHost};

use super::api::{Api, digest};
use super::{served_by, some, start};
use crate::compile_child::bombs;
use crate::downstream::relay::relay;
use crate::swap::page::{page, stamped, trap};

/// A page that also asks for an interface that no BFF gets.
fn greedy() -> Vec<u8> {
    let text = r#"(module
      (import "wasi:filesystem/preopens@0.2.0" "list" (func (result i32)))
      (memory (export "memory") 1)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
      (func (export "tailor:bff/handler@0.1.1#handle")
        (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
        (i32.const 1024)))"#;
    let wit = "package tailor:test;
        world greedy { include tailor:bff/bff@0.1.1; import wasi:filesystem/preopens@0.2.0; }
        package wasi:filesystem@0.2.0 { interface preopens { %list: func() -> u8; } }";
    from_module_in(text, wit, "greedy").unwrap()
}

#[tokio::test]
async fn each_bad_component_is_stopped_at_its_step_by_name() {
    let settings = r#"
log.format = "json"
engine.max-component-size = "512KiB"
engine.compile-cpu = "1s"
[downstream.none]
url = "http://127.0.0.1:9"
[bff.page]
releases = true
downstreams = ["none"]
[bff.page.smoke]
path = "/x"
fixture = "smoke.json"
[[route]]
bff = "page"
path = "/page"
[bff.small]
releases = true
limits.memory = "512KiB"
[[route]]
bff = "small"
path = "/small"
"#;
    let fixture = r#"{"request": {"path": "/x"}, "expect": {"headers": {"x-version": "v1"}}}"#;
    let (path, _files) = TestHost::builder()
        .unwrap()
        .config(settings)
        .file("smoke.json", fixture.as_bytes())
        .unwrap()
        .write()
        .unwrap();
    let process = Process::serve(&path).unwrap();
    let api = Api::of_process(&process);
    assert_eq!(api.release(&page("v1")).await["state"], "live");

    let large = api.put(&stamped(&page("v1"), 600 << 10)).await;
    assert_eq!((large.status, &large.json["step"]), (413, &json!("size")));
    let other = format!("/v1/components/{}", digest(b"other"));
    let other = api.send("PUT", &other, "", &page("v2")).await;
    assert_eq!((other.status, &other.json["step"]), (422, &json!("digest")));
    // A component that exports nothing.
    let empty = b"\0asm\x0d\0\x01\0".to_vec();
    for (component, step, reason, fix) in [
        (
            b"no component".to_vec(),
            "form",
            "not a WebAssembly file",
            "`tailor inspect`",
        ),
        (
            empty,
            "world",
            "does not export tailor:bff/handler",
            "the contract of this host",
        ),
        (
            greedy(),
            "grants",
            "imports wasi:filesystem/preopens@0.2.0, which no BFF gets",
            "leave the import out",
        ),
        (
            bombs::loops(600, 600),
            "compile",
            "more than 1 s of CPU; engine.compile-cpu is the limit",
            "raise the limit that the reason names",
        ),
        (
            page("v2"),
            "smoke",
            "/x was not answered as its fixture expects",
            "`tailor call`",
        ),
        (trap("v3"), "smoke", "/x failed", "mend the component"),
    ] {
        let release = api.release(&component).await;
        assert_eq!(
            (&release["state"], &release["step"]),
            (&json!("refused"), &json!(step)),
            "{release}"
        );
        let told = release["reason"].as_str().unwrap();
        assert!(told.contains(reason), "{told}");
        let way_out = release["fix"].as_str().unwrap();
        assert!(way_out.contains(fix), "{way_out}");
        assert_eq!(served_by(&process).await, some("v1"));
    }
    let order = json!({"digest": digest(&page("v1"))});
    let begun = api.post("/v1/bffs/small/releases", &order).await;
    let refused = api.ended(&begun.location).await;
    assert_eq!(refused["step"], "limits", "{refused}");
    let told = refused["reason"].as_str().unwrap();
    assert!(
        told.contains("1048576 bytes of memory") && told.ends_with("limits.memory (524288)"),
        "{told}"
    );
    assert_eq!(refused["fix"], "raise that, or give it less");
}

#[tokio::test]
async fn growth_needs_the_consent_to_that_very_difference() {
    let (host, api) = start().await;
    let (small, wide) = (page("v1"), relay("v2", None));
    api.release(&small).await;
    let refused = api.release(&wide).await;
    assert_eq!(
        (&refused["state"], &refused["step"]),
        (&json!("refused"), &json!("consent"))
    );
    let difference = &refused["difference"];
    let added = difference["imports"]["added"].as_array().unwrap();
    assert!(
        added.contains(&json!("tailor:bff/downstream")),
        "{difference}"
    );
    assert_eq!(
        (&difference["from"], &difference["to"]),
        (&json!(digest(&small)), &json!(digest(&wide)))
    );
    let consent = difference["consent"].as_str().unwrap().to_owned();
    let reason = refused["reason"].as_str().unwrap();
    assert!(
        reason.contains("it imports tailor:bff/downstream"),
        "{reason}"
    );
    let fix = refused["fix"].as_str().unwrap();
    assert!(fix.contains(&consent), "{fix}");
    // What was found out survives a restart, and has the same name as a page of its own.
    let host = host.restart().await.unwrap();
    let api = Api::of(&host);
    let short = &digest(&wide)[..7];
    let shown = api
        .get(&format!("/v1/bffs/page/diff?from=live&to={short}"))
        .await;
    assert_eq!((shown.status, &shown.json), (200, difference));
    let release = async |component: &[u8], consent: &str| {
        let order = json!({"digest": digest(component), "consent": consent});
        let begun = api.post("/v1/bffs/page/releases", &order).await;
        assert_eq!(begun.status, 202, "{begun:?}");
        api.ended(&begun.location).await
    };
    // The consent to it is none to another component, and another one's is none to it.
    let other = stamped(&wide, 10);
    api.put(&other).await;
    assert_eq!(release(&other, &consent).await["step"], "consent");
    assert_eq!(
        release(&wide, &digest(b"something")).await["step"],
        "consent"
    );
    assert_eq!(release(&wide, &consent).await["state"], "live");
    // What reaches less far needs none, and the way back asks nothing.
    assert_eq!(api.release(&page("v3")).await["state"], "live");
    assert_eq!(api.rollback(&json!({})).await["digest"], digest(&wide));
    for (query, status, step) in [
        ("to=previous", 200, ""),
        ("from=latest&to=live", 200, ""),
        ("", 400, "query"),
        ("to=x", 404, "digest"),
        ("to=abcdef0", 404, "digest"),
        ("to=live&to=live", 400, "query"),
        ("to=live&more=1", 400, "query"),
    ] {
        let answer = api.get(&format!("/v1/bffs/page/diff?{query}")).await;
        assert_eq!(answer.status, status, "{query}: {answer:?}");
        let found = answer.json["step"].as_str().unwrap_or_default();
        assert_eq!(found, step, "{query}");
    }
    let null = json!({"digest": digest(&wide), "consent": Value::Null});
    let refused = api.post("/v1/bffs/page/releases", &null).await;
    assert_eq!(refused.status, 400);
    host.stop().await;
}
