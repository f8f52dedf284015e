use std::fs;

use tempfile::TempDir;

use super::*;

/// Writes a new certificate and its key.
fn write(dir: &TempDir, name: &str) -> ListenerTls {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let settings = ListenerTls {
        cert: dir.path().join(format!("{name}.crt")),
        key: dir.path().join(format!("{name}.key")),
    };
    fs::write(&settings.cert, made.cert.pem()).unwrap();
    fs::write(&settings.key, made.signing_key.serialize_pem()).unwrap();
    settings
}

#[test]
fn changed_files_are_taken_and_unusable_ones_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let settings = write(&dir, "a");
    let other = write(&dir, "b");
    let identity = ListenerIdentity::new(settings.clone()).unwrap();
    let first = identity.current();
    identity.refresh();
    assert!(Arc::ptr_eq(&first, &identity.current()));
    // The new chain came, and its key has not yet.
    fs::copy(&other.cert, &settings.cert).unwrap();
    identity.refresh();
    assert!(Arc::ptr_eq(&first, &identity.current()));
    fs::copy(&other.key, &settings.key).unwrap();
    identity.refresh();
    assert!(!Arc::ptr_eq(&first, &identity.current()));
    fs::write(&settings.key, "nonsense").unwrap();
    let second = identity.current();
    identity.refresh();
    assert!(Arc::ptr_eq(&second, &identity.current()));
}

#[test]
fn what_is_wrong_with_the_files_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (write(&dir, "a"), write(&dir, "b"));
    let said = |cert: &PathBuf, key: &PathBuf| {
        let settings = ListenerTls {
            cert: cert.clone(),
            key: key.clone(),
        };
        let refused = ListenerIdentity::new(settings).err();
        refused.unwrap().to_string()
    };
    let text = said(&a.cert, &b.key);
    assert!(
        text.contains("a.crt and ") && text.contains("its own key"),
        "{text}"
    );
    let text = said(&a.key, &a.key);
    assert!(text.contains("a.key: holds no certificate"), "{text}");
    let text = said(&a.cert, &dir.path().join("absent"));
    assert!(text.contains("absent: "), "{text}");
}
