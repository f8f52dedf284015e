use std::time::Duration;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn file(name: &str, size: u64, used: SystemTime) -> Entry {
    Entry {
        name: name.to_owned(),
        size,
        used,
    }
}

#[test]
fn what_is_not_needed_goes_when_it_is_old_and_the_oldest_goes_when_it_is_much() {
    let now = SystemTime::now();
    let limits = CompiledCode {
        max_unused: 7 * DAY,
        max_size: 100,
    };
    let needed = BTreeSet::from(["needed".to_owned()]);
    let files = vec![
        file("old", 1, now - 8 * DAY),
        file("needed", 60, now - 30 * DAY),
        file("this week", 20, now - 6 * DAY),
        file("yesterday", 20, now - DAY),
        file("too much", 30, now - 2 * DAY),
        // The clock was set back since.
        file("of tomorrow", 1, now + DAY),
    ];
    let gone = unwanted(files.clone(), &needed, &limits, now);
    assert_eq!(gone, ["too much", "this week", "old"]);
    // What is needed stays, however much it is.
    let small = CompiledCode {
        max_size: 10,
        ..limits
    };
    let gone = unwanted(files, &needed, &small, now);
    assert!(!gone.contains(&"needed".to_owned()));
    assert_eq!(gone.len(), 5);
}

#[test]
fn nothing_is_removed_before_it_is_known_what_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let limits = CompiledCode {
        max_unused: Duration::ZERO,
        max_size: 0,
    };
    let cache = CompiledCache::open(dir.path(), limits).unwrap();
    let engine = Engine::default();
    let (one, two) = (hex(b"one"), hex(b"two"));
    for digest in [&one, &two] {
        cache.folder.write(&name(&engine, digest), b"code").unwrap();
    }
    cache.prune();
    assert_eq!(cache.folder.list().unwrap().len(), 2);
    cache.keep(&engine, &BTreeSet::from([two.clone()]));
    let left = cache.folder.list().unwrap();
    let left: Vec<_> = left.into_iter().map(|file| file.name).collect();
    assert_eq!(left, [name(&engine, &two)]);
}
