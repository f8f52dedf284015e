use super::{Gate, GateRejection};
use crate::config;

#[test]
fn optional_calls_go_first() {
    let gate = Gate::new(&config::Calls {
        max_in_flight: 10,
        optional_share: 80,
    });
    let mut inside: Vec<_> = (0..7).map(|_| gate.enter(false).expect("room")).collect();
    inside.push(gate.enter(true).expect("the eighth"));
    assert_eq!(
        gate.enter(true).err(),
        Some(GateRejection {
            limit: 8,
            because_optional: true
        })
    );
    inside.extend((0..2).map(|_| gate.enter(false).expect("room")));
    assert_eq!(
        gate.enter(false).err(),
        Some(GateRejection {
            limit: 10,
            because_optional: false
        })
    );
    assert_eq!(
        gate.enter(true).err(),
        Some(GateRejection {
            limit: 8,
            because_optional: false
        })
    );
    assert_eq!(gate.in_flight(), 10);
    inside.truncate(7);
    assert!(gate.enter(true).is_ok());
    drop(inside);
    assert_eq!(gate.in_flight(), 0);
}

#[test]
fn threads_together_stay_below_the_cap() {
    let gate = Gate::new(&config::Calls {
        max_in_flight: 3,
        optional_share: 100,
    });
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for turn in 0..5000 {
                    let entered = gate.enter(turn % 2 == 0);
                    assert!(gate.in_flight() <= 3);
                    drop(entered);
                }
            });
        }
    });
    assert_eq!(gate.in_flight(), 0);
}
