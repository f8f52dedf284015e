use std::os::unix::net::UnixListener;
use std::sync::mpsc::channel;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;

fn fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

fn refusal(path: &Path) -> String {
    let errors = [read(path, 9).unwrap_err(), length(path).unwrap_err()];
    assert!(errors.iter().all(NotAFile::is_in), "{errors:?}");
    assert_eq!(errors[0].to_string(), errors[1].to_string());
    errors[0].to_string()
}

#[test]
fn what_is_no_file_is_refused_by_its_kind_and_never_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    fifo(&pipe);
    let socket = dir.path().join("socket");
    let _listening = UnixListener::bind(&socket).unwrap();
    for (path, kind) in [
        (dir.path(), "directory"),
        (&pipe, "named pipe"),
        (&socket, "socket"),
        (Path::new("/dev/zero"), "device"),
    ] {
        assert_eq!(refusal(path), format!("not a file but a {kind}"));
    }
    // Opened although it is none, as when it is replaced between the two looks, a pipe does not
    // block.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(&pipe);
    assert!(regular(&file.unwrap().metadata().unwrap()).is_err());
}

#[test]
fn a_file_is_read_up_to_its_limit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::write(&path, "abc\u{ff}").unwrap();
    assert_eq!(read(&path, 5).unwrap().bytes, "abc\u{ff}".as_bytes());
    assert_eq!(read_text(&path, 5).unwrap(), "abc\u{ff}");
    assert_eq!((length(&path).unwrap(), stat(&path).unwrap().len()), (5, 5));
    let error = read(&path, 4).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    assert_eq!(error.to_string(), "larger than 4 bytes");
    // It is refused by its length: were it read, that would take longer than a look may.
    let huge = dir.path().join("huge");
    std::fs::File::create(&huge)
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    let error = read(&huge, 1 << 30).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    assert_eq!(
        [size(16 << 10), size(3 << 20), size(1025)],
        ["16 KiB", "3 MiB", "1025 bytes"]
    );
    std::fs::write(&path, b"\xff").unwrap();
    assert_eq!(
        read_text(&path, 4).unwrap_err().kind(),
        ErrorKind::InvalidData
    );
    let gone = read(&dir.path().join("gone"), 4).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}

#[test]
fn a_look_that_hangs_ends_for_those_who_wait_and_holds_one_thread() {
    let path = Path::new("/hangs");
    let timeout = Duration::from_millis(20);
    let (release, released) = channel::<()>();
    let hung = bounded(path, timeout, move |_| {
        let _ = released.recv();
        Ok(())
    });
    assert_eq!(hung.unwrap_err().kind(), ErrorKind::TimedOut);
    for _ in 0..3 {
        // It is not started.
        let again = bounded(path, timeout, |_| -> io::Result<()> { unreachable!() });
        assert_eq!(again.unwrap_err().kind(), ErrorKind::TimedOut);
    }
    // Another file is looked at meanwhile.
    assert_eq!(bounded(Path::new("/other"), TIMEOUT, |_| Ok(1)).unwrap(), 1);
    drop(release);
    let back = Instant::now() + Duration::from_secs(20);
    while bounded(path, TIMEOUT, |_| Ok(())).is_err() {
        assert!(Instant::now() < back);
    }
}

#[test]
fn those_who_look_at_once_have_their_turn_one_after_the_other() {
    let path = Path::new("/shared");
    let looks: Vec<_> = (0..8)
        .map(|_| std::thread::spawn(move || bounded(path, TIMEOUT, |_| Ok(())).is_ok()))
        .collect();
    assert!(looks.into_iter().all(|look| look.join().unwrap()));
    // A look that panics is an error, and gives its turn back.
    let failed = bounded(path, TIMEOUT, |_| -> io::Result<()> { panic!("as told") });
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::Other);
    assert!(bounded(path, TIMEOUT, |_| Ok(())).is_ok());
}

#[test]
fn what_lies_beside_a_file_that_hangs_is_waited_for_a_moment() {
    let (release, released) = channel::<()>();
    let hung = bounded(Path::new("/dead/one"), Duration::ZERO, move |_| {
        let _ = released.recv();
        Ok(())
    });
    assert_eq!(hung.unwrap_err().kind(), ErrorKind::TimedOut);
    let (releases, released) = channel::<()>();
    let two = bounded(Path::new("/dead/two"), TIMEOUT, move |_| {
        let _ = released.recv();
        Ok(())
    });
    let error = two.unwrap_err().to_string();
    assert!(error.ends_with("has not answered for 1s"), "{error}");
    // Another file that answers is read.
    assert!(bounded(Path::new("/dead/three"), TIMEOUT, |_| Ok(())).is_ok());
    drop((release, releases));
}
