//! The addresses of the two listeners.

use super::*;

#[test]
fn an_admin_listener_that_others_can_reach_is_told() {
    for (listen, told) in [
        ("127.0.0.1:8081", false),
        ("127.9.9.9:8081", false),
        ("[::1]:8081", false),
        ("[::ffff:127.0.0.1]:8081", false),
        ("0.0.0.0:8081", true),
        ("[::]:8081", true),
        ("10.0.0.7:8081", true),
    ] {
        let admin = parse_with(&format!("admin.listen = {listen:?}")).admin;
        assert_eq!(admin.unwrap().exposure().is_some(), told, "{listen}");
    }
}

#[test]
fn admin_can_be_turned_off_and_ports_can_be_free_ones() {
    assert_eq!(parse_with("admin.enabled = false").admin, None);
    let free = "server.listen = \"127.0.0.1:0\"\nadmin.listen = \"127.0.0.1:0\"";
    assert_eq!(parse_with(free).admin.unwrap().listen.port(), 0);
}
