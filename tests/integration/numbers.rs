//! The numbers that the documents show are those of the program that measures them.

use tailor_harness::components;

#[path = "../examples/numbers.rs"]
#[expect(dead_code, reason = "its `main` prints the table")]
mod program;

#[tokio::test]
async fn the_documents_have_the_numbers_that_are_measured() {
    let read = |page: &str| std::fs::read_to_string(components::root().join(page)).unwrap();
    let table = program::table().await.unwrap();
    assert!(
        read("docs/inside/numbers.md").contains(&table),
        "put this table into docs/inside/numbers.md, in place of the one that is there:\n\n{table}"
    );

    // The README has requests, bytes and time of two ways to draw the first screen.
    let readme = read("README.md");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    for (way, said) in [
        (
            "services, one after the other",
            "from the services, one after the other",
        ),
        ("BFF, as JSON", "through its BFF"),
    ] {
        let row = rows.iter().find(|row| row[2] == way).unwrap();
        let row = format!("| {said} | {} | {} | {} |\n", row[3], row[4], row[7]);
        assert!(readme.contains(&row), "put this into README.md:\n{row}");
    }
}
