use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    (dir, store)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_two_last_components_of_a_bff_are_kept() {
    let (_dir, store) = store();
    let digests: Vec<String> = ["one", "two", "three"]
        .iter()
        .map(|text| hex(text.as_bytes()))
        .collect();
    for (digest, bytes) in digests.iter().zip(["one", "two", "three"]) {
        store.note("page", digest, Some(bytes.as_bytes())).unwrap();
        store.collect(["page"].into_iter()).unwrap();
    }
    assert_eq!(store.was_live("page"), [&*digests[2], &*digests[1]]);
    assert!(!store.has(&digests[0], 3) && store.has(&digests[1], 3));
    assert!(!store.has(&digests[1], 4));
    assert_eq!(store.read(&digests[1], 3).unwrap(), b"two");
    // Back to one that is known: no bytes are needed, and the order is another.
    store.note("page", &digests[1], None).unwrap();
    assert_eq!(store.was_live("page"), [&*digests[1], &*digests[2]]);
    // Nothing points to what is not there.
    store.note("page", &digests[0], None).unwrap();
    assert_eq!(store.was_live("page")[0], digests[1]);
}

#[test]
fn what_no_bff_names_is_removed() {
    let (_dir, store) = store();
    let digest = hex(b"shared");
    store.note("page", &digest, Some(b"shared")).unwrap();
    store.note("other", &digest, None).unwrap();
    fs::write(store.components.path().join("half"), b"half").unwrap();
    store.collect(["other"].into_iter()).unwrap();
    assert_eq!(names(store.live.path()), ["other"]);
    assert_eq!(names(store.components.path()), [format!("{digest}.wasm")]);
    store.collect([].into_iter()).unwrap();
    assert!(names(store.components.path()).is_empty());
}

#[test]
fn only_whole_bytes_are_read_and_nobody_else_may() {
    let (_dir, store) = store();
    let digest = hex(b"whole");
    store.note("page", &digest, Some(b"whole")).unwrap();
    let component = store.components.path().join(name(&digest));
    let note = store.live.path().join("page");
    for path in [&component, &note] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(store.read(&digest, 4).is_err());
    fs::write(&component, b"whale").unwrap();
    assert!(store.read(&digest, 5).is_err());
    fs::write(&note, format!("../x\n{}\n{digest}\n", "z".repeat(64))).unwrap();
    assert!(store.was_live("page").iter().all(|it| is_digest(it)));
}

#[test]
fn a_folder_that_others_can_write_to_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path()).unwrap());
    let folder = dir.path().join("live");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let refused = Store::open(dir.path()).unwrap_err().to_string();
    assert!(refused.contains("others can write to it"), "{refused}");
}
