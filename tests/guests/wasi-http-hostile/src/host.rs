//! What the host has for such a guest, and how much of it.

use wasip2::cli::environment::{get_arguments, get_environment, initial_cwd};
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::filesystem::preopens::get_directories;
use wasip2::http::types::{Fields, IncomingRequest, ResponseOutparam};
use wasip2::io::poll::poll;
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::IpAddressFamily;
use wasip2::sockets::{tcp_create_socket, udp_create_socket};

use crate::Order;
use crate::answers::text;

pub(crate) fn handle(path: &str, order: &Order, request: &IncomingRequest, out: ResponseOutparam) {
    match path {
        "/seen" => text(out, &seen(request)),
        "/nothing" => text(out, &nothing()),
        "/exit" => wasip2::cli::exit::exit(Err(())),
        "/print" => {
            let stdout = wasip2::cli::stdout::get_stdout();
            let _ = stdout.blocking_write_and_flush(b"from stdout\n");
            text(out, "ok");
        }
        "/sleep" => {
            monotonic_clock::subscribe_duration(1_000_000_000_000).block();
            text(out, "slept");
        }
        "/now" => text(out, &wall_clock::now().seconds.to_string()),
        // Something is always ready, and nothing ever happens.
        "/spin" => {
            let ready = monotonic_clock::subscribe_duration(0);
            loop {
                core::hint::black_box(poll(&[&ready]));
            }
        }
        _ => {
            let mut kept = Vec::new();
            for _ in 0..order.number("count") {
                kept.push(Fields::new());
            }
            text(out, &kept.len().to_string());
        }
    }
}

/// The request, without its body.
fn seen(request: &IncomingRequest) -> String {
    let mut lines = vec![
        format!("method {:?}", request.method()),
        format!("scheme {:?}", request.scheme()),
        format!("authority {:?}", request.authority()),
        format!("target {:?}", request.path_with_query()),
    ];
    for (name, value) in request.headers().entries() {
        lines.push(format!("{name}: {}", String::from_utf8_lossy(&value)));
    }
    lines.join("\n")
}

/// Files, variables and sockets, of which there are none.
fn nothing() -> String {
    let family = IpAddressFamily::Ipv4;
    let network = instance_network();
    let looked_up = resolve_addresses(&network, "localhost").and_then(|found| {
        found.subscribe().block();
        found.resolve_next_address()
    });
    let refused = [
        tcp_create_socket::create_tcp_socket(family).err(),
        udp_create_socket::create_udp_socket(family).err(),
        looked_up.err(),
    ];
    format!(
        "{:?} {:?} {:?} {} {:?}",
        get_environment(),
        get_arguments(),
        initial_cwd(),
        get_directories().len(),
        refused.map(|error| error.map(|error| error.name())),
    )
}
