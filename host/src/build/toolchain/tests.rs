use super::*;

const CACHE: &str = "/home/ada/.cache/tailor";

fn nothing() -> Facts {
    Facts {
        installed: false,
        rustup: false,
        compiler: None,
        installer: Installer::Absent,
    }
}

fn compiler() -> Compiler {
    Compiler::example()
}

fn step(facts: &Facts, tried: &[InstallMethod]) -> Step {
    next(facts, Path::new(CACHE), tried)
}

#[test]
fn an_installed_target_is_used_whatever_else_there_is() {
    let facts = Facts {
        installed: true,
        rustup: true,
        compiler: Some((compiler(), true)),
        installer: Installer::Root,
    };
    assert_eq!(step(&facts, &[]), Step::Use(Toolchain::Installed));
}

#[test]
fn on_a_developers_computer_rustup_adds_the_target() {
    let facts = Facts {
        rustup: true,
        ..nothing()
    };
    assert_eq!(step(&facts, &[]), Step::Try(InstallMethod::Rustup));
}

#[test]
fn without_a_way_to_the_network_debians_compiler_is_installed_and_its_library_compiled() {
    let mut facts = Facts {
        rustup: true,
        installer: Installer::Root,
        ..nothing()
    };
    let mut tried = vec![InstallMethod::Rustup];
    assert_eq!(step(&facts, &tried), Step::Try(InstallMethod::Packages));
    tried.push(InstallMethod::Packages);
    facts.compiler = Some((compiler(), false));
    assert_eq!(step(&facts, &tried), Step::Try(InstallMethod::Compile));
    tried.push(InstallMethod::Compile);
    facts.compiler = Some((compiler(), true));
    let Step::Use(Toolchain::Private { sysroot, .. }) = step(&facts, &tried) else {
        panic!("not used");
    };
    assert!(sysroot.starts_with(CACHE), "{}", sysroot.display());
}

#[test]
fn a_compiled_library_is_used_without_asking_the_network_again() {
    let facts = Facts {
        rustup: true,
        compiler: Some((compiler(), true)),
        ..nothing()
    };
    assert!(matches!(
        step(&facts, &[]),
        Step::Use(Toolchain::Private { .. })
    ));
}

#[test]
fn a_way_that_failed_is_not_tried_again() {
    let facts = Facts {
        rustup: true,
        compiler: Some((compiler(), false)),
        installer: Installer::Root,
        ..nothing()
    };
    assert_eq!(
        step(&facts, &[InstallMethod::Rustup]),
        Step::Try(InstallMethod::Compile)
    );
    assert_eq!(
        step(&facts, &[InstallMethod::Rustup, InstallMethod::Compile]),
        Step::GiveUp
    );
    let facts = Facts {
        installer: Installer::Sudo,
        ..nothing()
    };
    assert_eq!(step(&facts, &[InstallMethod::Packages]), Step::GiveUp);
}

#[test]
fn a_user_who_may_not_install_is_told_what_to_run() {
    let facts = Facts {
        installer: Installer::Forbidden,
        ..nothing()
    };
    assert_eq!(step(&facts, &[]), Step::GiveUp);
    let tried = vec!["rustup target add wasm32-unknown-unknown: error: no network".to_owned()];
    assert_eq!(
        give_up(&facts, (1, 95), tried).to_string(),
        "rust target wasm32-unknown-unknown: missing, and could not be prepared \
         (rustup target add wasm32-unknown-unknown: error: no network; \
         apt-get install: not as this user, and sudo is missing or asks for a password); \
         run by hand: sudo apt-get update && sudo apt-get install -y --no-install-recommends rustc-web rust-web-src"
    );
}

#[test]
fn an_installed_toolchain_needs_no_further_arguments() {
    let cargo = Toolchain::Installed.cargo(Path::new("/bffs"), "build", &[]);
    let arguments: Vec<_> = cargo.get_args().collect();
    assert_eq!(arguments, ["build", "--target", TARGET]);
}

#[test]
fn a_private_library_is_handed_to_cargo_as_valid_configuration() {
    let private = Toolchain::Private {
        compiler: compiler(),
        sysroot: "/cache/with \"quotes\"".into(),
    };
    let cargo = private.cargo(Path::new("/bffs"), "build", &["-Ca".to_owned()]);
    let settings = cargo
        .get_args()
        .map(|argument| argument.to_str().unwrap())
        .filter(|argument| argument.starts_with("target."));
    let settings: Vec<&str> = settings.collect();
    assert_eq!(settings.len(), 2);
    for setting in settings {
        let table: toml::Table = setting.parse().unwrap();
        let target = &table["target"][TARGET];
        let flags = target.get("rustflags").map(ToString::to_string);
        assert!(
            flags.is_some_and(|flags| flags == r#"["-Ca", '--sysroot=/cache/with "quotes"']"#)
                || target["linker"].as_str() == Some("/toolchain/bin/rust-lld")
        );
    }
}

#[test]
fn flags_of_the_callers_own_build_do_not_reach_the_guests() {
    let mut command = Command::new("cargo");
    command.env("RUSTFLAGS", "-Ctarget-cpu=native");
    clean(&mut command);
    let flags = command.get_envs().find(|(name, _)| *name == "RUSTFLAGS");
    assert_eq!(flags, Some(("RUSTFLAGS".as_ref(), None)));
}
