//! The memory limits of answers.

use super::*;

#[test]
fn answers_that_no_connection_has_room_for_are_told() {
    let told = |size: &str| {
        let limit = format!("bff.watch.limits.response-size = {size:?}");
        let config = parse_with(&format!("server.max-bytes-in-flight = \"64MiB\"\n{limit}"));
        config.unsendable_answers()
    };
    assert!(told("12MiB").is_empty());
    let told = told("13MiB");
    assert!(
        told[0].contains("bff.watch.limits.response-size"),
        "{told:?}"
    );
    assert_eq!(told.len(), 1);
}
