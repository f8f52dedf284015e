//! What is done with each block.

/// What is done with a block.
pub enum How {
    /// The test of this name runs it, as it stands on the page.
    Walk(&'static str),
    /// The test of this name does the same with ports and folders of its own.
    Test(&'static str),
    /// It is part of this file, which is compiled and tested.
    Excerpt(&'static str),
    /// A test reads all blocks of its language.
    Read,
    /// Nobody runs it, for this reason.
    Listed(&'static str),
}

impl How {
    pub fn word(&self) -> &'static str {
        match self {
            How::Walk(_) => "run as they stand",
            How::Test(_) => "done by a test with ports and folders of its own",
            How::Excerpt(_) => "part of a file that is compiled and tested",
            How::Read => "read",
            How::Listed(_) => "not run",
        }
    }
}

/// A block, by its page and the text that it begins with.
pub struct Row {
    pub page: &'static str,
    pub begins: &'static str,
    pub how: How,
}

const fn row(page: &'static str, begins: &'static str, how: How) -> Row {
    Row { page, begins, how }
}

/// Languages whose blocks are all read, by the tests in `read.rs`, unless the table says more.
pub const READ: &[(&str, How)] = &[
    ("toml", How::Read),
    ("json", How::Read),
    ("nginx", How::Read),
    ("python", How::Read),
    (
        "mermaid",
        How::Listed("a picture: whether it draws is seen in a browser"),
    ),
    ("ini", How::Test("systemd_takes_the_unit_files")),
];

const DEMO: How = How::Listed("takes the fixed ports of the demo, compiles the engine, and stays");
const COMMANDS: How = How::Test("the_page_of_commands_is_what_the_program_takes");
const SYSTEMD: How = How::Listed("needs root and a system that systemd has started");
const MEASURED: How = How::Listed("measures for minutes on a machine that has to be quiet");

pub const TABLE: &[Row] = &[
    row("README.md", "cargo demo", DEMO),
    row(
        "README.md",
        "import { array, bff",
        How::Excerpt("bffs/kit-ts/example/src/watch.ts"),
    ),
    row(
        "README.md",
        "$ curl 'http://127.0.0.1:8080/watch/ada",
        How::Walk("the_demo_answers_as_the_pages_show"),
    ),
    row("docs/start.md", "cargo demo", DEMO),
    row(
        "docs/start.md",
        "$ curl -i 'http://127.0.0.1:8080/watch/ada",
        How::Walk("the_demo_answers_as_the_pages_show"),
    ),
    row(
        "docs/start.md",
        "$ curl -X PUT",
        How::Walk("the_demo_answers_as_the_pages_show"),
    ),
    row(
        "docs/start.md",
        "$ curl -i 'http://127.0.0.1:8080/nowhere'",
        How::Walk("the_demo_answers_as_the_pages_show"),
    ),
    row(
        "docs/start.md",
        "tailor new scales",
        How::Test("a_bff_in_typescript_from_an_empty_folder"),
    ),
    row(
        "docs/start.md",
        "curl http://127.0.0.1:8081/bffs",
        How::Walk("the_demo_answers_as_the_pages_show"),
    ),
    row(
        "docs/reference/admin.md",
        "curl -X POST",
        How::Walk("the_demo_answers_as_the_pages_show"),
    ),
    row(
        "docs/write/typescript.md",
        "/** The backend of bathroom scales",
        How::Walk("a_bff_in_typescript_from_an_empty_folder"),
    ),
    row(
        "docs/write/typescript.md",
        "{",
        How::Walk("a_bff_in_typescript_from_an_empty_folder"),
    ),
    row(
        "docs/write/typescript.md",
        "# The services",
        How::Walk("a_bff_in_typescript_from_an_empty_folder"),
    ),
    row(
        "docs/write/typescript.md",
        "import assert",
        How::Walk("a_bff_in_typescript_from_an_empty_folder"),
    ),
    row(
        "docs/write/typescript.md",
        "tailor new scales",
        How::Walk("a_bff_in_typescript_from_an_empty_folder"),
    ),
    row(
        "docs/write/typescript.md",
        "npm run check",
        How::Walk("a_bff_in_typescript_from_an_empty_folder"),
    ),
    row(
        "docs/write/typescript.md",
        "tailor build .",
        How::Walk("a_bff_in_typescript_from_an_empty_folder"),
    ),
    row(
        "docs/write/typescript.md",
        "const weight = object(",
        How::Excerpt("bffs/kit-ts/example/src/weights.ts"),
    ),
    row(
        "docs/write/typescript.md",
        "const days = columns(",
        How::Excerpt("bffs/kit-ts/example/src/history.ts"),
    ),
    row(
        "docs/write/typescript.md",
        "const writeDays = rowWriter(",
        How::Excerpt("bffs/kit-ts/example/src/week.ts"),
    ),
    row(
        "docs/write/typescript.md",
        "export default {",
        How::Excerpt("bffs/kit-ts/example/src/web.ts"),
    ),
    row(
        "docs/write/hono.md",
        "/** The backend of a bathroom mirror",
        How::Walk("an_app_of_hono_from_an_empty_folder"),
    ),
    row(
        "docs/write/hono.md",
        "{",
        How::Walk("an_app_of_hono_from_an_empty_folder"),
    ),
    row(
        "docs/write/hono.md",
        "import assert",
        How::Walk("an_app_of_hono_from_an_empty_folder"),
    ),
    row(
        "docs/write/hono.md",
        "tailor new mirror",
        How::Walk("an_app_of_hono_from_an_empty_folder"),
    ),
    row(
        "docs/write/hono.md",
        "npm run check",
        How::Walk("an_app_of_hono_from_an_empty_folder"),
    ),
    row(
        "docs/write/hono.md",
        "tailor build .",
        How::Walk("an_app_of_hono_from_an_empty_folder"),
    ),
    row(
        "docs/write/hono.md",
        "$ curl",
        How::Walk("an_app_of_hono_from_an_empty_folder"),
    ),
    row(
        "docs/write/workers.md",
        "/** The backend of the earbuds",
        How::Walk("a_handler_of_workers_from_an_empty_folder"),
    ),
    row(
        "docs/write/workers.md",
        "import assert",
        How::Walk("a_handler_of_workers_from_an_empty_folder"),
    ),
    row(
        "docs/write/workers.md",
        "mkdir -p earbuds/src",
        How::Walk("a_handler_of_workers_from_an_empty_folder"),
    ),
    row(
        "docs/write/workers.md",
        "npm install",
        How::Walk("a_handler_of_workers_from_an_empty_folder"),
    ),
    row(
        "docs/write/workers.md",
        "tailor build .",
        How::Walk("a_handler_of_workers_from_an_empty_folder"),
    ),
    row(
        "docs/write/workers.md",
        "$ curl",
        How::Walk("a_handler_of_workers_from_an_empty_folder"),
    ),
    row(
        "docs/write/rust.md",
        "#[derive(Deserialize, Serialize)]",
        How::Excerpt("bffs/kit/examples/weights.rs"),
    ),
    row(
        "docs/write/rust.md",
        "tailor new treadmill",
        How::Walk("a_bff_in_rust_from_an_empty_folder"),
    ),
    row(
        "docs/write/rust.md",
        "//! The backend of a treadmill",
        How::Walk("a_bff_in_rust_from_an_empty_folder"),
    ),
    row(
        "docs/write/rust.md",
        "cargo test",
        How::Walk("a_bff_in_rust_from_an_empty_folder"),
    ),
    row(
        "docs/write/rust.md",
        "{",
        How::Walk("a_bff_in_rust_from_an_empty_folder"),
    ),
    row(
        "docs/write/rust.md",
        "# The services",
        How::Walk("a_bff_in_rust_from_an_empty_folder"),
    ),
    row(
        "docs/write/rust.md",
        "tailor build .",
        How::Walk("a_bff_in_rust_from_an_empty_folder"),
    ),
    row(
        "docs/write/testing.md",
        "#[test]",
        How::Excerpt("host/templates/rust/src/lib.rs"),
    ),
    row(
        "docs/write/testing.md",
        "tailor test",
        How::Walk("a_bff_in_rust_from_an_empty_folder"),
    ),
    row(
        "docs/write/testing.md",
        "FAIL fixtures/morning.json",
        How::Test("what_fails_is_told_by_its_place_and_can_be_written_anew"),
    ),
    row(
        "docs/write/testing.md",
        "for (const",
        How::Excerpt("host/templates/ts/test/main.test.ts"),
    ),
    row(
        "docs/write/testing.md",
        "let watch = Offline",
        How::Excerpt("tests/integration/bffs.rs"),
    ),
    row(
        "docs/write/recordings.md",
        "tailor record --bff",
        How::Test(
            "a_request_of_each_example_replays_the_same_and_of_a_changed_one_the_place_is_named",
        ),
    ),
    row(
        "docs/write/recordings.md",
        "tailor record 4f1c",
        How::Test("a_request_that_failed_becomes_a_test_by_its_id"),
    ),
    row(
        "docs/write/recordings.md",
        "same     fixtures",
        How::Test(
            "a_request_of_each_example_replays_the_same_and_of_a_changed_one_the_place_is_named",
        ),
    ),
    row(
        "docs/write/editors.md",
        "tailor schema config",
        How::Test("what_editors_and_shells_get_is_that_of_the_program"),
    ),
    row(
        "docs/write/editors.md",
        "tailor schema fixture",
        How::Test("what_editors_and_shells_get_is_that_of_the_program"),
    ),
    row(
        "docs/write/editors.md",
        "tailor completions bash",
        How::Test("what_editors_and_shells_get_is_that_of_the_program"),
    ),
    row(
        "docs/write/editors.md",
        "mkdir -p",
        How::Test("what_editors_and_shells_get_is_that_of_the_program"),
    ),
    row(
        "docs/write/python.md",
        "tailor new balance",
        How::Walk("a_bff_in_python_from_an_empty_folder"),
    ),
    row(
        "docs/write/python.md",
        "\"\"\"The backend of bathroom scales",
        How::Walk("a_bff_in_python_from_an_empty_folder"),
    ),
    row(
        "docs/write/python.md",
        "{",
        How::Walk("a_bff_in_python_from_an_empty_folder"),
    ),
    row(
        "docs/write/python.md",
        "import unittest",
        How::Walk("a_bff_in_python_from_an_empty_folder"),
    ),
    row(
        "docs/write/python.md",
        "tailor build .",
        How::Walk("a_bff_in_python_from_an_empty_folder"),
    ),
    row(
        "docs/write/python.md",
        "# The services",
        How::Walk("a_bff_in_python_from_an_empty_folder"),
    ),
    row(
        "docs/write/python.md",
        "balance: not a component",
        How::Test("what_fails_while_modules_are_imported_fails_the_build_with_its_line"),
    ),
    row(
        "docs/operate/run.md",
        "cargo build --release",
        How::Listed("compiles the engine once more, as it is shipped"),
    ),
    row(
        "docs/operate/run.md",
        "tailor check",
        How::Walk("the_smallest_configuration_is_checked_and_served"),
    ),
    row(
        "docs/operate/deploy.md",
        "cp watch.wasm",
        How::Walk("a_version_is_deployed_by_a_copy"),
    ),
    row(
        "docs/operate/deploy.md",
        "tailor inspect",
        How::Walk("a_version_is_deployed_by_a_copy"),
    ),
    row(
        "docs/operate/restarts.md",
        "systemd-socket-activate",
        How::Test("systemd_starts_the_host_with_the_first_connection"),
    ),
    row(
        "docs/operate/restarts.md",
        "spec:",
        How::Listed("is for a cluster of Kubernetes"),
    ),
    row(
        "docs/operate/container.md",
        "FROM rust",
        How::Listed("needs a registry of images"),
    ),
    row("docs/operate/systemd.md", "install -m 755", SYSTEMD),
    row("docs/operate/systemd.md", "systemctl reload", SYSTEMD),
    row("docs/operate/http2-attacks.md", "cargo run", MEASURED),
    row("docs/inside/performance.md", "S=;", MEASURED),
    row("docs/inside/performance.md", "cargo run", MEASURED),
    row("docs/inside/performance.md", "npx esbuild", MEASURED),
    row(
        "docs/operate/when-a-service-fails.md",
        "tailor-degraded:",
        How::Test("each_part_that_was_not_live_is_named_in_order_of_services"),
    ),
    row(
        "docs/reference/log.md",
        "2026-",
        How::Walk("the_line_on_the_page_of_the_log_has_fields_of_its_table"),
    ),
    row("docs/reference/cli.md", "tailor dev", COMMANDS),
    row(
        "docs/write/dev.md",
        "tailor dev",
        How::Test("what_is_saved_is_served_and_what_does_not_build_leaves_the_last_good_version"),
    ),
    row("docs/reference/cli.md", "tailor serve", COMMANDS),
    row("docs/reference/cli.md", "tailor check", COMMANDS),
    row("docs/reference/cli.md", "tailor build", COMMANDS),
    row("docs/reference/cli.md", "tailor new", COMMANDS),
    row("docs/reference/cli.md", "tailor init", COMMANDS),
    row("docs/reference/cli.md", "tailor kit", COMMANDS),
    row("docs/reference/cli.md", "tailor inspect", COMMANDS),
    row("docs/reference/cli.md", "tailor call", COMMANDS),
    row("docs/reference/cli.md", "tailor test", COMMANDS),
    row("docs/reference/cli.md", "tailor demo", COMMANDS),
];
