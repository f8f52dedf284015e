//! Other ways to run a BFF: `wasmtime serve`, Node and workerd. Installed below the build's folder
//! on demand.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use super::{Mock, Running, free_port, target_dir};
use crate::drive::Protocol;
use crate::targets::Scenario;

/// The version of the engine that the host has.
const WASMTIME: &str = "48.0.8";

/// Their names, in the order of the report.
pub const RIVALS: [&str; 3] = ["wasmtime-serve", "node", "workerd"];

/// Some of them leave most of 256 requests unanswered for seconds, which cannot be compared.
const MOST: usize = 32;

/// Installs a rival if it is not there, and starts it.
///
/// # Errors
///
/// When it cannot be installed, or does not serve.
pub fn start_rival(name: &str, root: &Path, tailor: &Path, mock: &Mock) -> anyhow::Result<Running> {
    let folder = target_dir()?.join("rivals");
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let mut running = match name {
        "wasmtime-serve" => wasmtime(&folder, root, tailor, mock)?,
        "node" => node(&folder, root, mock)?,
        _ => workerd(&folder, root, mock)?,
    };
    running.protocols = &[Protocol::Http1];
    running.most = MOST;
    Ok(running)
}

fn wasmtime(folder: &Path, root: &Path, tailor: &Path, mock: &Mock) -> anyhow::Result<Running> {
    let program = folder.join("bin/wasmtime");
    if !program.is_file() {
        eprintln!("installing wasmtime {WASMTIME}, which compiles it: many minutes");
        let mut command = Command::new("cargo");
        command
            .args(["install", "wasmtime-cli", "--locked", "--version", WASMTIME])
            .args(["--no-default-features", "--features"])
            .arg("run,serve,cranelift,pooling-allocator,component-model-async")
            .arg("--root")
            .arg(folder)
            .env("CARGO_TARGET_DIR", folder.join("build"));
        run(&mut command)?;
    }
    let mut build = Command::new(tailor);
    build
        .args(["build", "tests/guests/wasi-http"])
        .current_dir(root)
        .stdout(Stdio::null());
    run(&mut build)?;
    let port = free_port()?;
    let mut command = Command::new(program);
    // Its access to the environment is a part of `cli`.
    command.args(["serve", "-Scli", "--addr"]);
    command.arg(format!("127.0.0.1:{port}"));
    for (name, url) in mock.urls() {
        let place = url.trim_start_matches("http://");
        command.arg("--env").arg(format!("{name}={place}"));
    }
    command.arg(root.join("tests/guests/target/components/wasi-http.wasm"));
    let mut running = Running::start("wasmtime-serve", command, port)?;
    running.scenarios = &[
        Scenario::Noop,
        Scenario::Watch,
        Scenario::Dashboard,
        Scenario::Mix,
    ];
    Ok(running)
}

fn node(folder: &Path, root: &Path, mock: &Mock) -> anyhow::Result<Running> {
    let packages = packages(folder, root)?;
    let program = bundle(root, &packages, "node")?;
    let port = free_port()?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut command = Command::new("node");
    command
        .arg(program)
        .args([port.to_string(), cores.to_string()])
        .env("NODE_ENV", "production");
    for (name, url) in mock.urls() {
        command.arg(format!("{name}={url}"));
    }
    Running::start("node", command, port)
}

fn workerd(folder: &Path, root: &Path, mock: &Mock) -> anyhow::Result<Running> {
    let packages = packages(folder, root)?;
    bundle(root, &packages, "worker")?;
    let port = free_port()?;
    let mut services = String::new();
    let mut bindings = String::new();
    for (name, url) in mock.urls() {
        let place = url.trim_start_matches("http://");
        services +=
            &format!(",\n    (name = \"{name}\", external = (address = \"{place}\", http = ()))");
        bindings += &format!("(name = \"{name}\", service = \"{name}\"), ");
    }
    let config = format!(
        "using Workerd = import \"/workerd/workerd.capnp\";\n\
         const config :Workerd.Config = (\n  services = [\n    (name = \"main\", worker = (\n      \
         modules = [(name = \"worker\", esModule = embed \"worker.mjs\")],\n      \
         compatibilityDate = \"2025-01-01\",\n      bindings = [{bindings}])){services}],\n  \
         sockets = [(name = \"http\", address = \"127.0.0.1:{port}\", http = (), service = \"main\")]\n);\n"
    );
    let path = packages.join("workerd.capnp");
    std::fs::write(&path, config).with_context(|| path.display().to_string())?;
    let machine = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "64",
    };
    let program = format!("node_modules/@cloudflare/workerd-linux-{machine}/bin/workerd");
    let mut command = Command::new(packages.join(program));
    command.arg("serve").arg(path);
    Running::start("workerd", command, port)
}

/// The folder with the npm packages.
fn packages(folder: &Path, root: &Path) -> anyhow::Result<PathBuf> {
    let packages = folder.join("npm");
    if !packages.join("node_modules/undici").is_dir()
        || !packages.join("node_modules/workerd").is_dir()
    {
        std::fs::create_dir_all(&packages)?;
        std::fs::copy(
            root.join("tests/load/rivals/package.json"),
            packages.join("package.json"),
        )?;
        let mut command = Command::new("npm");
        command
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(&packages)
            .stdout(Stdio::null());
        run(&mut command)?;
    }
    Ok(packages)
}

/// Makes one file of a program (`node`, `worker`) and of what it shares with the partner BFF, in
/// `packages`, with the tools that built that one.
///
/// # Errors
///
/// When the tools are not there, or the program does not fit what it shares any more.
pub fn bundle(root: &Path, packages: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let partner = root.join("bffs/partner/node_modules");
    let host = root.join("tests/load/rivals/js/host.ts");
    let host = host.display();
    let kit = root.join("bffs/kit-ts/src/index.ts");
    let output = packages.join(format!("{name}.mjs"));
    let mut command = Command::new(partner.join(".bin/esbuild"));
    command
        .arg(root.join(format!("tests/load/rivals/js/{name}.ts")))
        .args([
            "--bundle",
            "--format=esm",
            "--target=es2023",
            "--log-level=warning",
        ])
        .args(["--platform=node", "--external:undici"])
        .arg(format!("--alias:@tailor/kit={}", kit.display()))
        .arg(format!("--alias:tailor:bff/downstream@0.1.1={host}"))
        .arg(format!("--alias:tailor:bff/runtime@0.1.1={host}"))
        .arg(format!("--outfile={}", output.display()));
    run(&mut command)?;
    Ok(output)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_owned();
    let status = command
        .status()
        .with_context(|| format!("{}: cannot be started", program.display()))?;
    ensure!(status.success(), "{}: {status}", program.display());
    Ok(())
}
