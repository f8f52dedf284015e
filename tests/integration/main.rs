//! The tests of the whole: one binary, one module per subject.
//!
//! Four modules are about failures. They differ in what fails and what is asserted: `faults` breaks
//! a service and looks at the answers of the example BFFs; `drills` breaks a service and looks at
//! the host's policies, from the first failure to the recovery; `downstream` looks at single
//! exchanges with a service, legal and illegal; `hostile` breaks the guest.

// Not `expect`: clippy allows them in functions marked as tests by itself, so that whether they
// occur depends on the helpers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

// What the tests share.

// Disks that are small or hang.
mod disk;
// Comparison with golden files.
mod golden;
// BFFs of a few lines of text.
mod modules;
// Metrics, states and waits for events.
mod observe;
// A client of HTTP/2 that counts its windows.
mod windows;
// A client that sends and reads bytes.
mod wire;

// The listeners.

// What an operator sees: health, metrics, the state of BFFs and services.
mod admin;
// Clients that hold connections of the admin listener.
mod admin_held;
// Which host names the admin listener answers to.
mod admin_names;
// HTTP/2 clients that send frames but no requests.
mod frames;
// A listening socket that outlives the host.
mod handover;
// HTTP/1.1 request heads, byte by byte.
mod heads;
// Each route over HTTP/1.1 and HTTP/2, and wrong requests.
mod http;
// Many requests on one HTTP/2 connection.
mod http2;
// The known attacks on HTTP/2 servers.
mod http2_attacks;
// Which header fields reach BFFs and services.
mod http_fields;
// What clients can make the host hold.
mod memory;
// Paths that programs read differently.
mod paths;
// Slow, silent, greedy and many clients.
mod server;
// More requests than permits, and requests during a stop.
mod server_stop;
// Heads that are not requests.
mod unreadable;
// Uploads that the host refuses on their way.
mod uploads;
// A worker that fails outside of a request.
mod worker_restart;

// The program and its machine.

// The subcommands, as they are typed.
mod cli;
// `tailor call`.
mod cli_call;
// `tailor inspect`, and what becomes of a report that nobody reads.
mod cli_inspect;
// `tailor test`, as it is typed.
mod cli_test;
// The data directory: whose it is and what is removed from it.
mod data_dir;
// No open files left.
mod exhausted;
// Files on a file system that does not answer.
mod hung_files;
// Lines of the log with foreign text in them.
mod log_lines;
// Signals, exit codes and messages of the program.
mod process;
// The access log of the program.
mod process_log;
// The end of the program.
mod stop;
// Clocks that jump, full disks, a thousand signals.
mod weather;

// BFFs.

// The BFFs' own tests and fixtures.
mod bffs;
// Fixtures in their components, as `tailor test` runs them.
mod suites;
// Builds of folders that lie elsewhere than the examples do.
mod builds;
// Requests that change something.
mod writes;
// Functions of the contract beside calls, and components of its earlier versions.
mod contract;
// The process that compiles components.
mod compile_child;
// Deployments and breakdowns in random order, from a seed.
mod deploys;
// Guests of one thread that all want it.
mod fairness;
// Requests of a running host that become fixtures, and their replays.
mod recordings;
// What components in TypeScript have not.
mod refused;
// BFFs in Python: their build, and what they do wrong.
mod python;
// The lines and columns of what TypeScript throws.
mod throws;
// Handlers of the wrong kind, at the build.
mod handlers;
// Packages of npm, whose answers are those of Node.
mod packages;
// Crates of Rust that want random numbers and times.
mod rust_crates;
// Components of others, by `wasi:http`.
mod wasi_http;
// A BFF misbehaves. The limit made for that stops it, and its neighbours are served.
mod hostile;
// Components whose modules were linked by the build.
mod linked;
// Dates, numbers and texts in the manner of a language.
mod locale;
// Components that do not fit the contract.
mod unfit;
// The four example BFFs, as a new user sees them.
mod smoke;
// Components that are released to a running host.
mod releases;
// A BFF is replaced while the host runs.
mod swap;

// Services.

// The author's loop of `tailor dev`: a save, a build, an answer of the new code.
mod dev;
// Single exchanges with a service over real sockets: what the host sends, what it takes. All
// policies are off, so that each call is one request on the wire.
mod downstream;
// A service fails while clients ask, and recovers. The policies of the host are tested, as
// clients, operators and the service see them.
mod drills;
// A service of the example BFFs fails, with the breaker off. The answers of the BFFs are
// tested: each lacks the part of that service and nothing else.
mod faults;

// Documents and code.

// Each block of code in the README and the book: run, read by what reads such a text, or listed
// with the reason why it cannot be.
mod blocks;
// The page on the order of a call, held to the code.
mod life_of_a_call;
// The page with the words of the three kits, held to what they export.
mod kits;
// The numbers in the documents, held to the programs that measure them.
mod numbers;
// The shape of the code: imports, lengths, names, lists.
mod structure;
