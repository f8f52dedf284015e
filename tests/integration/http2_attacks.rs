//! The known attacks on servers of HTTP/2, for a second each: a neighbour is served all the same.

use std::time::Duration;

#[path = "../examples/http2_attacks/main.rs"]
#[expect(dead_code, reason = "its `main` prints the table")]
mod program;

#[tokio::test]
async fn a_neighbour_is_served_whoever_attacks() {
    let second = Duration::from_secs(1);
    let outcomes = program::all(second, second).await.unwrap();
    println!("{}", program::table(&outcomes).unwrap());
    for outcome in &outcomes {
        // Thousands of requests that are in order, as with a window of zero, may fill the BFF's
        // queue.
        assert!(outcome.answered * 10 >= outcome.asked * 9, "{outcome:?}");
        // A client that holds answers back does nothing in excess.
        let ends = outcome.ended > 0 || outcome.name == "zero window";
        assert!(ends, "{outcome:?}");
        let (before, after) = outcome.descriptors;
        assert!(after <= before + 5, "{outcome:?}");
    }
}
