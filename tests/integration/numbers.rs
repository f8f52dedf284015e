//! The numbers that the README shows are those of the program that measures them.

use tailor_harness::components;

#[path = "../examples/numbers.rs"]
#[expect(dead_code, reason = "its `main` prints the table")]
mod program;

#[tokio::test]
async fn the_readme_has_the_numbers_that_are_measured() {
    let table = program::table().await.unwrap();
    let readme = std::fs::read_to_string(components::root().join("README.md")).unwrap();
    assert!(
        readme.contains(&table),
        "put this table into README.md, in place of the one that is there:\n\n{table}"
    );
}
