//! More memory or table elements than a BFF may have.

use super::arena::{Arena, HostileBff};
use super::wat::Wat;

#[tokio::test]
async fn growing_memory_ends_at_the_limit() {
    let arena = Arena::start(&[HostileBff::guest("grow", "limits.memory = \"8MiB\"")]).await;
    for path in ["/grow-pages", "/grow-vec"] {
        arena
            .is_stopped("grow", path, 502, "bff-memory-limit")
            .await;
    }
    // The guest gets a plain refusal, which it can handle.
    let lives = arena.host.get("/grow/live-with-refusal").await.unwrap();
    let pages: usize = lives.text().parse().unwrap();
    assert_eq!(lives.status, 200);
    assert!((1..=128).contains(&pages), "{pages} pages beyond the first");
}

#[tokio::test]
async fn memory_that_is_too_large_from_the_start_is_not_given() {
    let large = Wat {
        pages: 33,
        ..Wat::default()
    };
    let foes = [
        HostileBff::of("over", large.component(), "limits.memory = \"2MiB\""),
        HostileBff::of("within", large.component(), "limits.memory = \"3MiB\""),
    ];
    let arena = Arena::start(&foes).await;
    arena.is_stopped("over", "/", 502, "bff-memory-limit").await;
    assert_eq!(arena.host.get("/within").await.unwrap().status, 200);
}

#[tokio::test]
async fn tables_end_at_the_limit() {
    let growing = Wat {
        more: "(table $t 1 funcref)",
        handle: "(loop $again
            (br_if $again (i32.ne (i32.const -1) (table.grow $t (ref.null func) (i32.const 500))))
            (unreachable))",
        ..Wat::default()
    };
    let large = Wat {
        more: "(table 30000 funcref)",
        ..Wat::default()
    };
    let foes = [
        HostileBff::of("growing", growing.component(), ""),
        HostileBff::of("over", large.component(), ""),
        HostileBff::of("within", large.component(), "limits.table-elements = 40000"),
    ];
    let arena = Arena::start(&foes).await;
    for foe in ["growing", "over"] {
        arena.is_stopped(foe, "/", 502, "bff-table-limit").await;
    }
    assert_eq!(arena.host.get("/within").await.unwrap().status, 200);
}
