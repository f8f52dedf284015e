//! The CPU time, memory and children of a process.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};

/// Ticks of `/proc/PID/stat` per second: fixed for user space on Linux, whatever the kernel's own
/// rate is.
const TICKS: u64 = 100;

/// The fields of `/proc/PID/stat` that are of use here.
#[derive(Debug, PartialEq, Eq)]
pub struct Stat {
    /// The parent's number.
    pub parent: u32,
    /// User and system time of all threads, those that ended included.
    pub cpu: Duration,
}

impl Stat {
    /// Reads a line of `/proc/PID/stat`.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(line: &str) -> anyhow::Result<Self> {
        // The second field is the program's name in brackets, which may hold anything, brackets and
        // spaces included.
        let (_, rest) = line.rsplit_once(") ").context("stat: no name")?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |index: usize| -> anyhow::Result<u64> {
            let field = fields.get(index).context("stat: too short")?;
            field.parse().with_context(|| format!("stat: {field:?}"))
        };
        // The state is the third field of the line; the parent the fourth, utime the 14th and stime
        // the 15th.
        let ticks = number(11)? + number(12)?;
        Ok(Self {
            parent: u32::try_from(number(1)?)?,
            cpu: Duration::from_millis(ticks * 1000 / TICKS),
        })
    }
}

/// A process and those that it started.
#[derive(Clone, Debug)]
pub struct Family(Vec<u32>);

impl Family {
    /// The process and its descendants of this moment.
    ///
    /// # Errors
    ///
    /// When the list of processes cannot be read.
    pub fn of(process: u32) -> anyhow::Result<Self> {
        let mut parents = Vec::new();
        for entry in std::fs::read_dir("/proc").context("/proc")? {
            let Some(id) = entry?.file_name().to_str().and_then(|it| it.parse().ok()) else {
                continue;
            };
            // It may have ended since.
            if let Ok(stat) = stat(id) {
                parents.push((id, stat.parent));
            }
        }
        let mut family = vec![process];
        let mut seen = 0;
        while let Some(&parent) = family.get(seen) {
            family.extend(parents.iter().filter(|it| it.1 == parent).map(|it| it.0));
            seen += 1;
        }
        Ok(Self(family))
    }

    /// CPU time so far.
    ///
    /// # Errors
    ///
    /// When one has ended.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        self.0.iter().map(|id| Ok(stat(*id)?.cpu)).sum()
    }

    /// The largest resident memory since [`Family::reset_peak`], in bytes, added up.
    ///
    /// # Errors
    ///
    /// When one has ended.
    pub fn peak(&self) -> anyhow::Result<u64> {
        self.0.iter().map(|id| status(*id, "VmHWM")).sum()
    }

    /// Resident memory, in bytes, added up.
    ///
    /// # Errors
    ///
    /// When one has ended.
    pub fn resident(&self) -> anyhow::Result<u64> {
        self.0.iter().map(|id| status(*id, "VmRSS")).sum()
    }

    /// Resets the peak. Where the system does not allow it, the peak is that of the process's life.
    pub fn reset_peak(&self) {
        for id in &self.0 {
            let _ = std::fs::write(format!("/proc/{id}/clear_refs"), "5");
        }
    }
}

/// How the time of all cores was spent since the machine started, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineTime {
    busy: u64,
    all: u64,
}

impl MachineTime {
    /// The times of this moment.
    ///
    /// # Errors
    ///
    /// When `/proc/stat` cannot be read.
    pub fn now() -> anyhow::Result<Self> {
        Self::parse(&read("/proc/stat")?)
    }

    /// Reads the first line of `/proc/stat`: user, nice, system, idle, waiting for a disk, two
    /// kinds of interrupts, and what the machine's own host took. The times of guests that follow
    /// are in that of the user already.
    fn parse(text: &str) -> anyhow::Result<Self> {
        let line = text.lines().next().context("/proc/stat: empty")?;
        let mut fields = line.split_ascii_whitespace();
        ensure!(fields.next() == Some("cpu"), "/proc/stat: {line:?}");
        let ticks: Vec<u64> = fields
            .take(8)
            .map(str::parse)
            .collect::<Result<_, _>>()
            .with_context(|| format!("/proc/stat: {line:?}"))?;
        let all = ticks.iter().sum();
        let unused: u64 = ticks.iter().skip(3).take(2).sum();
        Ok(Self {
            busy: all - unused,
            all,
        })
    }

    /// The share of the time of all cores that was in use since `earlier`, between 0 and 1.
    pub fn busy_since(self, earlier: Self) -> f64 {
        let all = self.all.saturating_sub(earlier.all).max(1);
        let busy = self.busy.saturating_sub(earlier.busy);
        #[expect(clippy::cast_precision_loss, reason = "ticks of seconds")]
        let share = busy as f64 / all as f64;
        share.min(1.0)
    }
}

fn stat(id: u32) -> anyhow::Result<Stat> {
    Stat::parse(&read(&format!("/proc/{id}/stat"))?)
}

fn status(id: u32, key: &str) -> anyhow::Result<u64> {
    let text = read(&format!("/proc/{id}/status"))?;
    kilobytes(&text, key).with_context(|| format!("process {id}: no {key}"))
}

/// The value of a line such as `VmHWM: 123 kB`, in bytes.
fn kilobytes(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(key))?;
    let value = line.strip_prefix(key)?.strip_prefix(':')?;
    let number: u64 = value.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(number << 10)
}

fn read(path: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(Path::new(path)).with_context(|| format!("{path}: has it ended?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let line =
            "4242 (tail) or (x) S 17 4242 4242 0 -1 4194304 1 2 3 4 250 75 9 9 20 0 4 0 1 2 3";
        let expected = Stat {
            parent: 17,
            cpu: Duration::from_millis(3250),
        };
        assert_eq!(Stat::parse(line).unwrap(), expected);
        assert!(Stat::parse("4242 (tailor) S 17").is_err());
    }

    #[test]
    fn a_machine_is_busy_when_it_neither_idles_nor_waits_for_a_disk() {
        let at = |text: &str| MachineTime::parse(text).unwrap();
        let first = at("cpu  100 0 50 800 50 0 0 0 7 0\ncpu0 1 2 3\n");
        let then = at("cpu  160 0 60 815 60 2 2 1 9 0\ncpu0 1 2 3\n");
        assert!((then.busy_since(first) - 0.75).abs() < 1e-9);
        assert!(first.busy_since(first) < 1e-9);
        assert!(MachineTime::parse("intr 1 2").is_err());
    }

    #[test]
    fn memory_is_read_in_kilobytes() {
        let status = "Name:\ttailor\nVmHWM:\t   2048 kB\nVmRSS:\t 1024 kB\n";
        assert_eq!(kilobytes(status, "VmHWM"), Some(2 << 20));
        assert_eq!(kilobytes(status, "VmSwap"), None);
    }

    #[test]
    fn this_process_uses_time_and_memory() {
        let family = Family::of(std::process::id()).unwrap();
        assert!(family.peak().unwrap() >= family.resident().unwrap() / 2);
        assert!(family.cpu().is_ok());
    }
}
