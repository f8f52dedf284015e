//! Random calls, refusals and faults, compared with what the server knows of its tokens.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Call,
    Refused,
    Advance(u64),
    Down(bool),
    Takes(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Call),
        1 => Just(Step::Refused),
        4 => (1..20_000_u64).prop_map(Step::Advance),
        1 => any::<bool>().prop_map(Step::Down),
        1 => (0..15_000_u64).prop_map(Step::Takes),
    ];
    prop::collection::vec(step, 1..80)
}

/// Runs the steps, and compares each call with what the server knows of its tokens.
async fn hold(steps: Vec<Step>) {
    let server = Server::with_lifetime(60);
    let credentials = credentials(&oauth2(), server.fetch());
    let mut last = None;
    let mut refusals = 0;
    for step in steps {
        match step {
            Step::Advance(ms) => advance(Duration::from_millis(ms)).await,
            Step::Down(down) => server.set(|s| &s.down, down),
            Step::Takes(ms) => server.set(|s| &s.takes, Duration::from_millis(ms)),
            Step::Refused => {
                if let Some(used) = last {
                    // It may begin a fetch soon after another, but no more than one.
                    refusals += 1;
                    credentials.refused(used).await;
                }
            }
            Step::Call => {
                let start = Instant::now();
                let newest = server.given.lock().unwrap().last().cloned();
                let result = sent(&credentials).await;
                assert!(
                    start.elapsed() <= TOKEN_TIMEOUT,
                    "waited {:?}",
                    start.elapsed()
                );
                if let Ok((value, used)) = &result {
                    let given = server.given.lock().unwrap();
                    let (_, until) = given.iter().find(|(token, _)| token == value).unwrap();
                    assert!(Instant::now() <= *until, "{value} has expired");
                    last = Some(*used);
                } else {
                    let holds = newest.is_some_and(|(_, until)| start < until);
                    assert!(!holds, "{result:?} though a token holds");
                }
            }
        }
    }
    let asked = server.asked.lock().unwrap();
    let close = asked
        .windows(2)
        .filter(|pair| pair[1].0 - pair[0].0 < SECOND * 9 / 10);
    assert!(
        close.count() <= refusals,
        "asked at {:?}",
        asked.iter().map(|(at, _)| at).collect::<Vec<_>>()
    );
}

proptest! {
    #[test]
    fn a_call_has_a_token_that_holds_and_the_endpoint_is_never_stormed(steps in steps()) {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(hold(steps));
    }
}
