//! What one request wrote is not there for the next one.

use super::arena::{Arena, HostileBff};
use super::wat::Wat;

#[tokio::test]
async fn nothing_of_a_request_is_seen_by_the_next() {
    // A global, memory that was there from the start, memory that was added, and a table: each is
    // as new, or the guest traps.
    let text = Wat {
        more: "(global $mark (mut i32) (i32.const 0)) (table $t 1 funcref) (elem declare func $handle)",
        handle: "(if (global.get $mark) (then (unreachable)))
            (if (i32.load (i32.const 4096)) (then (unreachable)))
            (if (i32.eqz (ref.is_null (table.get $t (i32.const 0)))) (then (unreachable)))
            (if (i32.ne (table.size $t) (i32.const 1)) (then (unreachable)))
            (if (i32.ne (memory.grow (i32.const 1)) (i32.const 2)) (then (unreachable)))
            (if (i32.load (i32.const 131072)) (then (unreachable)))
            (global.set $mark (i32.const 1))
            (i32.store (i32.const 4096) (i32.const 1))
            (i32.store (i32.const 131072) (i32.const 1))
            (table.set $t (i32.const 0) (ref.func $handle))
            (drop (table.grow $t (ref.func $handle) (i32.const 10)))",
        ..Wat::default()
    };
    let foes = [
        HostileBff::guest("leak", "deadline = \"30s\"\nlimits.cpu = \"10s\""),
        HostileBff::of("text", text.component(), ""),
    ];
    let arena = Arena::start(&foes).await;
    arena
        .beside_neighbour(async {
            for mark in 1..=200 {
                let reply = arena
                    .host
                    .get(&format!("/leak/leak?mark={mark}"))
                    .await
                    .unwrap();
                assert_eq!((reply.status.as_u16(), &*reply.text()), (200, "clean"));
                let reply = arena.host.get("/text").await.unwrap();
                assert_eq!(reply.status, 200, "{}", reply.text());
            }
        })
        .await;
}
