//! What is done with each block.

mod write;

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
const CI: How = How::Walk("jobs_ship_without_a_secret_and_without_a_terminal");
const SIGNED: How = How::Test("what_the_command_signs_is_deployed_with_the_signature_beside_it");
const SHADOW: How = How::Test("the_code_of_a_shadow_says_whether_something_differs");
const SYSTEMD: How = How::Listed("needs root and a system that systemd has started");
const MEASURED: How = How::Listed("measures for minutes on a machine that has to be quiet");

/// All rows.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    TABLE.iter().chain(write::WRITE)
}

const TABLE: &[Row] = &[
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
        "docs/operate/run.md",
        "cargo build --release",
        How::Listed("compiles the engine once more, as it is shipped"),
    ),
    row(
        "docs/operate/run.md",
        "tailor check",
        How::Walk("the_smallest_configuration_is_checked_and_served"),
    ),
    row("docs/operate/shadow.md", "tailor shadow", SHADOW),
    row("docs/operate/shadow.md", "watch: 03f1c5e", SHADOW),
    row(
        "docs/operate/shadow.md",
        "curl ",
        How::Test("it_ends_by_order_by_time_and_where_another_version_is_live"),
    ),
    row(
        "docs/operate/releases.md",
        "tailor status   ",
        How::Walk("a_component_is_shipped_to_an_empty_host_and_undone"),
    ),
    row(
        "docs/operate/releases.md",
        "tailor deploy watch watch.wasm --expect-live",
        How::Walk("a_component_is_shipped_to_an_empty_host_and_undone"),
    ),
    row(
        "docs/operate/releases.md",
        "tailor deploy watch watch.wasm --canary",
        How::Walk("a_canary_is_rolled_back_by_itself_and_another_one_promoted"),
    ),
    row(
        "docs/operate/releases.md",
        "tailor status watch ",
        How::Walk("a_canary_is_rolled_back_by_itself_and_another_one_promoted"),
    ),
    row(
        "docs/operate/releases.md",
        "name: ship",
        How::Walk("a_workflow_ships_what_is_pushed_without_a_terminal"),
    ),
    row(
        "docs/operate/releases.md",
        "digest=$(sha256sum",
        How::Test("a_component_is_uploaded_released_and_undone"),
    ),
    row(
        "docs/operate/releases.md",
        "curl -N",
        How::Test("a_client_that_comes_again_misses_no_event"),
    ),
    row(
        "docs/operate/releases.md",
        "tailor token create",
        How::Test("the_command_lists_and_revokes_tokens_and_says_what_is_wrong"),
    ),
    row("docs/operate/releases.md", "minisign -G", SIGNED),
    row(
        "docs/operate/releases.md",
        "curl --fail-with-body http://127.0.0.1:8081/v1/bffs/watch/releases \\\n    --json \"$(jq",
        SIGNED,
    ),
    row(
        "docs/operate/releases.md",
        "curl \"http://127.0.0.1:8081/v1/bffs/watch/diff",
        How::Test("growth_needs_the_consent_to_that_very_difference"),
    ),
    row(
        "docs/operate/previews.md",
        "tailor deploy watch watch.wasm --preview",
        How::Walk("a_version_is_shown_before_it_is_live"),
    ),
    row(
        "docs/operate/previews.md",
        "curl -H ",
        How::Walk("a_version_is_shown_before_it_is_live"),
    ),
    row(
        "docs/operate/previews.md",
        "tailor token create",
        How::Walk("a_version_is_shown_before_it_is_live"),
    ),
    row(
        "docs/operate/previews.md",
        "name: preview",
        How::Walk("a_workflow_shows_each_pull_request_and_makes_none_live"),
    ),
    row("docs/operate/ci-tokens.md", "name: ship", CI),
    row("docs/operate/ci-tokens.md", "ship:", CI),
    row("docs/operate/ci-tokens.md", "answer=", CI),
    row(
        "docs/operate/registries.md",
        "oras push",
        How::Listed("needs a registry: .ci/registries pushes to that of Debian"),
    ),
    row(
        "docs/operate/registries.md",
        "tailor deploy watch oci:",
        How::Test("a_reference_is_deployed_in_place_of_a_file"),
    ),
    row(
        "docs/operate/registries.md",
        "curl ",
        How::Test("a_component_is_pulled_released_and_there_after_a_restart"),
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
    row("docs/reference/cli.md", "tailor record", COMMANDS),
    row("docs/reference/cli.md", "tailor replay", COMMANDS),
    row("docs/reference/cli.md", "tailor sign", COMMANDS),
    row("docs/reference/cli.md", "tailor deploy", COMMANDS),
    row("docs/reference/cli.md", "tailor promote", COMMANDS),
    row("docs/reference/cli.md", "tailor abort", COMMANDS),
    row("docs/reference/cli.md", "tailor hold", COMMANDS),
    row("docs/reference/cli.md", "tailor rollback", COMMANDS),
    row("docs/reference/cli.md", "tailor previews", COMMANDS),
    row("docs/reference/cli.md", "tailor releases", COMMANDS),
    row("docs/reference/cli.md", "tailor diff", COMMANDS),
    row("docs/reference/cli.md", "tailor shadow", COMMANDS),
    row("docs/reference/cli.md", "tailor status", COMMANDS),
    row("docs/reference/cli.md", "tailor token", COMMANDS),
    row("docs/reference/cli.md", "tailor schema", COMMANDS),
    row("docs/reference/cli.md", "tailor completions", COMMANDS),
    row("docs/reference/cli.md", "tailor man", COMMANDS),
    row("docs/reference/cli.md", "tailor call", COMMANDS),
    row("docs/reference/cli.md", "tailor test", COMMANDS),
    row("docs/reference/cli.md", "tailor demo", COMMANDS),
];
