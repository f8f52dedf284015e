//! Debian's packages with a compiler and the source of its standard library, for machines that
//! cannot download a target.

use std::process::Command;

use super::command::{answers, run};
use super::{BuildError, Report};

/// A rustc and the source of the std that belongs to it. They do not touch a toolchain of rustup's.
const PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];

/// How this user may install packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Installer {
    /// As the root user.
    Root,
    /// Through sudo, which does not ask for a password.
    Sudo,
    /// There is apt-get, but this user may not use it.
    Forbidden,
    /// There is no apt-get.
    Absent,
}

impl Installer {
    pub(super) fn find() -> Self {
        if !answers(Command::new("apt-get").arg("--version")) {
            Self::Absent
        } else if rustix::process::geteuid().is_root() {
            Self::Root
        } else if answers(Command::new("sudo").args(["-n", "true"])) {
            Self::Sudo
        } else {
            Self::Forbidden
        }
    }

    /// Installs the packages. The lists are read anew first: old ones know an older compiler only.
    pub(super) fn install(self, say: Report<'_>) -> Result<(), BuildError> {
        let names = PACKAGES.join(" and ");
        say(&format!(
            "installing {names} from Debian's packages (once, about 85 MB)"
        ));
        // Lists of one source among many may be out of reach; whether the packages can be had is
        // what counts.
        run(self.apt_get().arg("update"), "")?;
        let mut install = self.apt_get();
        install
            .args(["install", "-y", "--no-install-recommends"])
            // These would replace another rustc of Debian's, which is its owner's decision.
            .arg("--no-remove")
            // Seconds to wait for another run of apt.
            .args(["-o", "DPkg::Lock::Timeout=120"])
            .args(PACKAGES);
        let finished = run(&mut install, "")?;
        if finished.ok {
            return Ok(());
        }
        Err(BuildError::Command {
            command: format!("apt-get install {}", PACKAGES.join(" ")),
            detail: finished.reason(),
        })
    }

    fn apt_get(self) -> Command {
        if self == Self::Sudo {
            let mut command = Command::new("sudo");
            command.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
            return command;
        }
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// The command that a user would type to fix it.
    pub(super) fn by_hand(self) -> String {
        if self == Self::Absent {
            return "rustup target add wasm32-unknown-unknown".to_owned();
        }
        let packages = PACKAGES.join(" ");
        format!("sudo apt-get update && sudo apt-get install -y --no-install-recommends {packages}")
    }
}

#[cfg(test)]
mod tests {
    use super::Installer;

    #[test]
    fn the_command_to_run_by_hand_fits_the_machine() {
        assert_eq!(
            Installer::Forbidden.by_hand(),
            "sudo apt-get update && sudo apt-get install -y --no-install-recommends rustc-web rust-web-src"
        );
        assert_eq!(
            Installer::Absent.by_hand(),
            "rustup target add wasm32-unknown-unknown"
        );
    }

    #[test]
    fn sudo_never_asks_for_a_password() {
        let command = Installer::Sudo.apt_get();
        assert_eq!(command.get_program(), "sudo");
        assert_eq!(command.get_args().next(), Some("-n".as_ref()));
    }
}
