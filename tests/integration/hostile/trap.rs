//! Traps of all kinds, with nothing done yet, with a part of the work done, and deep in a stack.

use downstream_mock::{Service, Services};
use tailor_harness::{Offline, Process, components};

use super::arena::{Arena, HostileBff, builder, get};
use super::wat::Wat;

/// Each call has a frame that is needed after it.
const DEEP: &str = "(func $deep (param i32) (result i32)
    (i32.add (local.get 0) (call $deep (i32.add (local.get 0) (i32.const 1)))))";

#[tokio::test]
async fn a_trap_fails_one_request() {
    let deep = "(drop (call $deep (i32.const 0)))";
    let traps = [
        ("unreachable", "(unreachable)", ""),
        (
            "division",
            "(drop (i32.div_u (i32.const 1) (local.get $i)))",
            "",
        ),
        ("bounds", "(drop (i32.load (i32.const -4)))", ""),
        (
            "indirect",
            "(call_indirect $t (i32.const 0))",
            "(table $t 1 funcref)",
        ),
        ("recursion", deep, DEEP),
    ];
    let mut foes: Vec<_> = traps
        .map(|(name, handle, more)| {
            let wat = Wat {
                handle,
                more,
                ..Wat::default()
            };
            HostileBff::of(name, wat.component(), "")
        })
        .into();
    // The stack is used up while the host waits in the middle of a call of its own.
    let within_a_call = Wat {
        realloc: deep,
        more: DEEP,
        ..Wat::default()
    };
    foes.push(HostileBff::of("call", within_a_call.component(), ""));
    let begin = format!("{DEEP} (func $begin {deep}) (start $begin)");
    let within_start = Wat {
        more: &begin,
        ..Wat::default()
    };
    foes.push(HostileBff::of("start", within_start.component(), ""));
    let arena = Arena::start(&foes).await;
    for HostileBff { name, .. } in &foes {
        arena.is_stopped(name, "/", 502, "bff-trap").await;
    }
}

#[tokio::test]
async fn a_guest_of_rust_that_panics_or_recurses_fails_one_request() {
    let arena = Arena::start(&[HostileBff::guest("rust", "limits.cpu = \"1s\"")]).await;
    for path in ["/panic", "/recurse"] {
        arena.is_stopped("rust", path, 502, "bff-trap").await;
    }
    assert_eq!(arena.host.get("/rust").await.unwrap().text(), "ok");
}

#[tokio::test]
async fn a_stack_that_ran_out_is_told_from_other_accesses_outside_of_the_memory() {
    let offline = Offline::from_file(&components::hostile().unwrap()).unwrap();
    let error = offline.get("/recurse").await.result.unwrap_err();
    let (text, backtrace) = (error.to_string(), error.backtrace());
    assert!(text.starts_with("the stack ran out"), "{text}");
    assert!(text.contains("-zstack-size"), "{text}");
    assert!(backtrace.contains("hostile::depth"), "{backtrace}");

    let error = offline.get("/wild").await.result.unwrap_err().to_string();
    assert_eq!(error, "wasm trap: out of bounds memory access");
}

#[tokio::test]
async fn a_panic_outside_of_a_router_has_its_line() {
    let offline = Offline::from_file(&components::hostile().unwrap()).unwrap();
    let invoked = offline.get("/panic").await;
    assert!(invoked.result.is_err());
    let [line] = &invoked.log[..] else {
        panic!("{:?}", invoked.log);
    };
    assert_eq!(line.level, "error");
    let message = &line.message;
    assert!(message.contains("src/lib.rs:"), "{message}");
    assert!(message.contains("index out of bounds"), "{message}");
}

#[tokio::test]
async fn a_partial_result_is_not_passed_on() {
    let arena = Arena::start(&[HostileBff::guest("half", "")]).await;
    let reply = arena
        .is_stopped("half", "/fetch-then-unreachable?count=3", 502, "bff-trap")
        .await;
    assert_eq!(arena.services.counts(Service::Goals).requests, 3);
    // The user of the calls' answers, quoted: the request id is random digits and letters.
    assert!(!reply.text().contains("\"ada\""), "{}", reply.text());
}

#[tokio::test]
async fn the_backtrace_names_the_author_s_functions() {
    const FUNCTION: &str = "hostile::an_author_s_mistake";
    let offline = Offline::from_file(&components::hostile().unwrap()).unwrap();
    let error = offline.get("/panic").await.result.unwrap_err();
    let backtrace = error.backtrace();
    let named = backtrace.lines().any(|line| line.ends_with(FUNCTION));
    assert!(named, "{backtrace}");
    assert_eq!(
        error.to_string(),
        "wasm trap: wasm `unreachable` instruction executed"
    );

    // The host's log has it as well, for the request that the client was told of.
    let services = Services::start().unwrap();
    let (config, _dir) = builder(&services, &[HostileBff::guest("panics", "")], "2s")
        .config("[log]\nformat = \"json\"")
        .write()
        .unwrap();
    let host = Process::serve(&config).unwrap();
    let (head, body) = get(host.address().unwrap(), "/panics/panic").await;
    assert!(head.contains("tailor-error: bff-trap"), "{head}");
    assert!(!body.contains(FUNCTION), "no internals: {body}");
    let line = host.wait_for(|line| line["code"] == "bff-trap").unwrap();
    assert!(line["backtrace"].as_str().unwrap().contains(FUNCTION));
    let id = line["request_id"].as_str().unwrap();
    assert!(head.contains(&format!("x-request-id: {id}\r\n")), "{head}");
}
