//! The blocks on the pages for those who write BFFs.

use super::{How, Row, row};

pub const WRITE: &[Row] = &[
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
        "coverage of face",
        How::Test("a_route_that_no_fixture_comes_to_is_told"),
    ),
    row(
        "docs/write/testing.md",
        "{",
        How::Excerpt("host/templates/ts/answers.json"),
    ),
    row(
        "docs/write/testing.md",
        "FAIL answers.json",
        How::Test("a_change_that_may_break_clients_fails_until_it_is_accepted"),
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
        "docs/write/recordings.md",
        "differs  fixtures",
        How::Test("a_changed_guest_is_caught_where_it_first_departs"),
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
        "mkdir -p",
        How::Test("what_editors_and_shells_get_is_that_of_the_program"),
    ),
    row(
        "docs/write/editors.md",
        "tailor man",
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
        "# Pinned by",
        How::Listed("written by a build that asks a package index"),
    ),
    row(
        "docs/write/python.md",
        "balance: not a component",
        How::Test("what_fails_while_modules_are_imported_fails_the_build_with_its_line"),
    ),
];
