//! A disk of a test's own, small or one that hangs, which only the processes in its mount namespace
//! see.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tailor_harness::Process;

/// The disk. It is gone when it is dropped, with the last process that uses it.
pub struct Disk {
    /// Keeps the namespace while no host is in it.
    holder: Child,
    at: PathBuf,
}

impl Disk {
    /// A disk of `kib` KiB at this path. `None`, which is printed, where none may be mounted.
    pub fn at(path: &Path, kib: u32) -> Option<Self> {
        Self::mount(
            path,
            &format!("mount -t tmpfs -o size={kib}k,mode=700 tmpfs \"$0\""),
        )
    }

    /// A file system that never answers. `None`, which is printed, where none may be mounted.
    pub fn that_hangs(path: &Path) -> Option<Self> {
        // A file system of the holder, which does not serve it.
        Self::mount(
            path,
            "exec 3<>/dev/fuse && \
             mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 hangs \"$0\"",
        )
    }

    fn mount(path: &Path, mount: &str) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let script = format!("{mount} && echo made && exec sleep 3600");
        let holder = Command::new("unshare")
            .args(["-m", "sh", "-c", &script])
            .arg(path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut holder) = holder else {
            eprintln!("left out: there is no `unshare` here");
            return None;
        };
        let mut said = String::new();
        let made = BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said);
        let disk = Self {
            holder,
            at: path.to_owned(),
        };
        if made.is_err() || said != "made\n" {
            eprintln!("left out: no disk can be mounted here, which takes root");
            return None;
        }
        Some(disk)
    }

    /// The program, for [`Process::start`], in the namespace of the disk.
    pub fn host(&self) -> Command {
        let mut command = self.inside("nsenter");
        command
            .arg(Process::program().unwrap())
            .stdin(Stdio::null());
        command
    }

    /// Where this file of the disk is for those outside.
    pub fn path(&self, name: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.at.strip_prefix("/").unwrap()).join(name)
    }

    /// Uses all but `kib` KiB of what is left. What it used before stays used meanwhile: a host that
    /// tries again finds no moment with room.
    pub fn fill_but(&self, kib: usize) {
        let spare = self.path("spare");
        std::fs::write(&spare, vec![1; kib << 10]).unwrap();
        let filler = self.path("filler");
        let filler = File::options().create(true).append(true).open(filler);
        let mut filler = filler.unwrap();
        for size in [64 << 10, 4 << 10, 1] {
            while filler.write_all(&vec![1; size]).is_ok() {}
        }
        std::fs::remove_file(spare).unwrap();
    }

    /// Gives back what was used by [`Disk::fill_but`].
    pub fn empty(&self) {
        let _ = std::fs::remove_file(self.path("filler"));
    }

    /// Mounts it anew, `ro` or `rw`.
    pub fn remount(&self, how: &str) {
        let status = self
            .inside("nsenter")
            .args(["mount", "-o", &format!("remount,{how}")])
            .arg(&self.at)
            .status();
        assert!(status.unwrap().success());
    }

    fn inside(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(["-m", "-t", &self.holder.id().to_string()]);
        command
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
