use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn refusal(folder: &OwnFolder) -> String {
    let error = folder.read("file", 9).unwrap_err();
    assert!(Untrusted::is_in(&error), "{error}");
    assert!(folder.write("file", b"new").is_err());
    assert!(folder.list().is_err());
    error.to_string()
}

#[test]
fn folders_are_made_for_their_owner_alone_and_files_are_written_whole() {
    let dir = tempfile::tempdir().unwrap();
    let folder = OwnFolder::open(&dir.path().join("a/b/data"), "own").unwrap();
    for made in ["a", "a/b", "a/b/data", "a/b/data/own"] {
        let made = fs::metadata(dir.path().join(made)).unwrap();
        assert_eq!(made.permissions().mode() & 0o777, 0o700);
    }
    folder.write("file", b"one").unwrap();
    folder.write("file", b"three").unwrap();
    assert_eq!(folder.read("file", 5).unwrap(), b"three");
    assert_eq!(folder.length("file").unwrap(), 5);
    assert_eq!(
        folder.read("file", 4).unwrap_err().to_string(),
        "larger than 4 bytes"
    );
    let kind = folder.read("none", 4).unwrap_err().kind();
    assert_eq!(kind, io::ErrorKind::NotFound);
    let written = fs::metadata(folder.path().join("file")).unwrap();
    assert_eq!(written.permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    folder
        .remove(vec!["file".to_owned(), "none".to_owned()])
        .unwrap();
    assert_eq!(folder.list().unwrap(), []);
    // Removed as a whole, it is made again.
    fs::remove_dir_all(dir.path().join("a")).unwrap();
    folder.write("file", b"new").unwrap();
    assert_eq!(folder.read("file", 5).unwrap(), b"new");
}

#[test]
fn every_use_looks_at_the_whole_way_again() {
    let dir = tempfile::tempdir().unwrap();
    let above = dir.path().join("above");
    let folder = OwnFolder::open(&above.join("data"), "own").unwrap();
    folder.write("file", b"content").unwrap();
    for (path, why) in [
        (above.clone(), "on the way to it (mode 770)"),
        (
            above.join("data"),
            "data: others can write to it (mode 770)",
        ),
        (
            above.join("data/own"),
            "own: others can write to it (mode 770)",
        ),
        (
            above.join("data/own/file"),
            "file: others can write to it (mode 770)",
        ),
    ] {
        mode(&path, 0o770);
        let said = match path.ends_with("file") {
            true => folder.read("file", 9).unwrap_err().to_string(),
            false => refusal(&folder),
        };
        assert!(said.contains(why), "{said}");
        mode(&path, 0o700);
    }
    mode(&above, 0o1777);
    assert_eq!(folder.read("file", 9).unwrap(), b"content");
}

#[test]
fn a_file_that_is_a_link_a_pipe_or_has_another_name_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let folder = OwnFolder::open(dir.path(), "own").unwrap();
    let elsewhere = dir.path().join("elsewhere");
    fs::write(&elsewhere, b"content").unwrap();
    symlink(&elsewhere, folder.path().join("symbolic")).unwrap();
    fs::hard_link(&elsewhere, folder.path().join("hard")).unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    for name in ["symbolic", "hard", "folder"] {
        folder.read(name, 9).unwrap_err();
        folder.length(name).unwrap_err();
    }
    let said = folder.read("hard", 9).unwrap_err().to_string();
    assert!(said.contains("has another name elsewhere"), "{said}");
    // Entries other than files stay, and an existing name is replaced.
    assert_eq!(folder.list().unwrap().len(), 1);
    folder.write("symbolic", b"new").unwrap();
    assert_eq!(folder.read("symbolic", 9).unwrap(), b"new");
    assert_eq!(fs::read(&elsewhere).unwrap(), b"content");
}

#[test]
fn links_are_followed_where_no_other_user_can_change_them() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("real")).unwrap();
    fs::create_dir(dir.path().join("links")).unwrap();
    let link = dir.path().join("links/link");
    symlink("../real/../real", &link).unwrap();
    let folder = OwnFolder::open(&link.join("data"), "own").unwrap();
    folder.write("file", b"content").unwrap();
    assert!(dir.path().join("real/data/own/file").is_file());
    mode(&dir.path().join("links"), 0o777);
    assert!(refusal(&folder).contains("links, on the way to it"));
    mode(&dir.path().join("links"), 0o700);
    // A circle of links is an error.
    let circle = dir.path().join("circle");
    symlink("circle", &circle).unwrap();
    let error = OwnFolder::open(&circle, "own").unwrap_err().to_string();
    assert!(
        error.contains("circle: Too many levels of symbolic links"),
        "{error}"
    );
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = OwnFolder::open(&path, "own").unwrap_err().to_string();
        assert!(error.contains("file: not a directory"), "{error}");
    }
}

#[test]
fn what_an_end_in_the_middle_of_writing_left_is_removed_an_hour_later() {
    let dir = tempfile::tempdir().unwrap();
    let folder = OwnFolder::open(dir.path(), "own").unwrap();
    folder.write("file", b"content").unwrap();
    let left = folder.path().join(format!("{UNFINISHED}1-0"));
    fs::write(&left, b"half").unwrap();
    assert_eq!(folder.list().unwrap().len(), 1);
    folder.remove(Vec::new()).unwrap();
    assert!(left.exists(), "another host may be writing it");
    let written = SystemTime::now() - WRITING - Duration::from_secs(1);
    let file = File::options().write(true).open(&left).unwrap();
    file.set_modified(written).unwrap();
    folder.remove(Vec::new()).unwrap();
    assert!(!left.exists());
    assert_eq!(folder.read("file", 9).unwrap(), b"content");
}

#[test]
fn a_use_is_noted() {
    let dir = tempfile::tempdir().unwrap();
    let folder = OwnFolder::open(dir.path(), "own").unwrap();
    folder.write("file", b"content").unwrap();
    let file = File::options().write(true).open(folder.path().join("file"));
    file.unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(folder.list().unwrap()[0].used, SystemTime::UNIX_EPOCH);
    folder.touch("file").unwrap();
    let used = folder.list().unwrap()[0].used;
    assert!(age(used, SystemTime::now()) < WRITING);
    assert_eq!(
        age(SystemTime::now() + WRITING, SystemTime::now()),
        Duration::ZERO
    );
}
