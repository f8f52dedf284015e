use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

/// An output that lets a write through for each message, and keeps what was written.
struct Gate {
    open: Receiver<()>,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // After the sender is gone, everything goes through.
        let _ = self.open.recv();
        self.written.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn start() -> (Sink, Flush, Sender<()>, Arc<Mutex<Vec<u8>>>) {
    let (opened, open) = channel();
    let written = Arc::<Mutex<Vec<u8>>>::default();
    let gate = Gate {
        open,
        written: written.clone(),
    };
    let (sink, flush) = Sink::start(gate, |lost| format!("lost {lost}\n")).unwrap();
    (sink, flush, opened, written)
}

#[test]
fn all_lines_are_written_in_order_by_the_end() {
    let (sink, flush, opened, written) = start();
    drop(opened);
    let mut expected = String::new();
    for number in 0..1_000 {
        let line = format!("line {number}\n");
        (&sink).write_all(line.as_bytes()).unwrap();
        expected += &line;
    }
    drop(flush);
    assert_eq!(*written.lock().unwrap(), expected.as_bytes());
}

#[test]
fn a_stuck_reader_costs_lines_and_the_log_says_how_many() {
    let (sink, flush, opened, written) = start();
    let line = vec![b'x'; CAPACITY / 8];
    // At most one buffer is being written and one is waiting, whatever the moment in which the
    // thread looks.
    for _ in 0..64 {
        (&sink).write_all(&line).unwrap();
    }
    drop(opened);
    drop(flush);
    let written = written.lock().unwrap();
    let kept = written.iter().filter(|byte| **byte == b'x').count() / line.len();
    assert!((8..=16).contains(&kept), "{kept} lines");
    let text = String::from_utf8_lossy(&written);
    let lost: usize = text
        .split("lost ")
        .skip(1)
        .filter_map(|rest| {
            rest.lines()
                .next()?
                .trim_end_matches('x')
                .parse::<usize>()
                .ok()
        })
        .sum();
    assert_eq!(kept + lost, 64);
}

#[test]
fn lines_of_several_threads_stay_whole_and_keep_the_order_of_each() {
    let (sink, flush, opened, written) = start();
    drop(opened);
    std::thread::scope(|scope| {
        for thread in 0..40 {
            let sink = &sink;
            scope.spawn(move || {
                for number in 0..200 {
                    sink.put(format!("{thread} {number}\n").as_bytes());
                }
            });
        }
    });
    drop(flush);
    let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    let mut next = [0; 40];
    for line in written.lines() {
        let (thread, number) = line.split_once(' ').unwrap();
        let thread: usize = thread.parse().unwrap();
        assert_eq!(number, next[thread].to_string(), "{line}");
        next[thread] += 1;
    }
    assert_eq!(next, [200; 40]);
}

#[test]
fn the_end_does_not_wait_for_a_reader_that_never_reads() {
    let (sink, flush, _opened, written) = start();
    sink.put(b"line\n");
    drop(flush);
    assert!(written.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_panic_of_the_thread_is_noticed_and_later_lines_are_written() {
    let (sink, flush, opened, written) = start();
    drop(opened);
    flush.fail();
    flush.failed().await;
    sink.put(b"the host ends\n");
    drop(flush);
    assert_eq!(*written.lock().unwrap(), b"the host ends\n");
}
