//! The native twin: the example BFFs without a sandbox, for `cargo load` to compare the host with.

use std::net::SocketAddr;

use anyhow::Context as _;
use clap::Parser;
use tailor_load::native::{Services, serve};
use tokio::net::TcpListener;

// As in the host.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The example BFFs as one native program, without a sandbox.
#[derive(Parser)]
struct Args {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Where a service is: activity=http://127.0.0.1:9101
    #[arg(long = "service", value_name = "NAME=URL", required = true)]
    services: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let services = Services::new(&args.services)?;
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("{}: cannot listen", args.listen))?;
    serve(listener, services).await?;
    Ok(())
}
