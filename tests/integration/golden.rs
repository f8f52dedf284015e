//! Texts that are compared with files: `UPDATE_GOLDEN=1 cargo test` rewrites them; read the
//! difference before it is committed.

use tailor_harness::components::root;

/// Compares a text with `golden/<name>`.
pub fn check(name: &str, actual: &str) {
    let path = root().join("tests/integration/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        actual == expected,
        "{}\n-- expected\n{expected}\n-- actual\n{actual}",
        path.display()
    );
}
