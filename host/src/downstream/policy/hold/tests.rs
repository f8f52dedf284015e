use super::*;

#[test]
fn calls_are_doubled_in_each_step_after_a_hold() {
    let end = Instant::now() + Duration::from_secs(3);
    let mut hold = Hold::new(end);
    let mut steps = Vec::new();
    for step in 0..5 {
        let now = end + STEP * step;
        let mut gone = 0;
        while hold.due(0) <= now {
            hold.take();
            gone += 1;
        }
        steps.push(gone);
    }
    assert_eq!(steps, [1, 2, 4, 8, 16]);
    assert!(!hold.is_over(end + STEP * 9));
    assert!(hold.is_over(end + STEP * 10));
}

#[test]
fn who_has_others_before_it_knows_when_its_turn_is() {
    let end = Instant::now();
    let mut hold = Hold::new(end);
    let dues = [0, 1, 2, 3, 6, 7, 5000, u32::MAX].map(|ahead| (hold.due(ahead) - end).as_millis());
    assert_eq!(dues, [0, 100, 100, 200, 200, 300, 1000, 1000]);
    hold.take();
    assert_eq!(hold.due(0), end + STEP);
    hold.give_back();
    assert_eq!(hold.due(0), end);
}
