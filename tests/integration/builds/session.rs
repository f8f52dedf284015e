//! Builds of an author's loop: what they make answers as what production builds make, they survive
//! mistakes, and nothing of them is left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tailor::build::{BuildError, BuildOptions, Built, Session};
use tailor::invoke::Invoked;
use tailor_harness::Offline;
use tailor_harness::components::{example, root};

use super::repository::{install, tailor, write};
use super::{rust, typescript};
use crate::bffs::check_fixtures_in;

/// A session with all that it said.
struct Loop {
    session: Session,
    said: String,
}

impl Loop {
    fn open(folder: &Path) -> Self {
        Self {
            session: Session::open(folder, BuildOptions::default()).unwrap(),
            said: String::new(),
        }
    }

    fn try_build(&mut self) -> Result<Built, BuildError> {
        self.said.clear();
        let said = &mut self.said;
        self.session
            .build(&mut |line| *said += &format!("{line}\n"))
    }

    fn build(&mut self) -> Built {
        self.try_build()
            .unwrap_or_else(|error| panic!("{error}\n{}", self.said))
    }

    /// The error of a build that has to fail, behind all that was said.
    fn fail(&mut self) -> String {
        let error = self.try_build().unwrap_err();
        format!("{}{error}", self.said)
    }
}

/// The processes that bundle for a folder.
fn bundlers(folder: &Path) -> Vec<u32> {
    let folder = folder.to_str().unwrap().as_bytes();
    let holds = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|found| found == part);
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| {
        let command = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        holds(&command, folder) && holds(&command, b"--again")
    })
    .collect()
}

async fn get(component: &Path, path: &str) -> Invoked {
    Offline::from_file(component).unwrap().get(path).await
}

async fn text(component: &Path) -> String {
    let answer = get(component, "/").await.result.unwrap();
    String::from_utf8(answer.body.to_vec()).unwrap()
}

const FAULTS: &str = r#"import { bff, get, json } from "@tailor/kit";
import { text } from "../dist/text.ts";
const deep = (at: number): number => 1 + deep(at + 1);
const list: unknown[] = [];
export const handler = bff([
  get("/", () => json({ text, kept: list.push(0) })),
  get("/throw", () => {
    throw new Error("in a handler");
  }),
  get("/deep", () => json(deep(0))),
  get("/endless", () => {
    for (;;) list.push(text);
  }),
  get("/floating", async () => {
    void Promise.reject(new Error("floating"));
    return new Promise<never>(() => undefined);
  }),
]);
"#;

#[tokio::test]
async fn new_code_answers_after_a_change_and_mistakes_are_told_and_survived() {
    let at = tempfile::tempdir().unwrap();
    let folder = typescript::repository(at.path());
    install(at.path(), Path::new("../../kit"));
    let mut it = Loop::open(&folder);
    let built = it.build();
    assert_eq!(text(&built.component).await, r#"{"text":"first"}"#);
    assert!(it.build().fresh, "nothing has changed");

    write(
        &folder,
        &[("dist/text.ts", "export const text = \"second\";\n")],
    );
    assert!(!it.build().fresh);
    assert_eq!(text(&built.component).await, r#"{"text":"second"}"#);

    // A mistake leaves what was built before.
    write(&folder, &[("dist/text.ts", "\nexport const = 1;\n")]);
    let said = it.fail();
    assert!(said.contains("dist/text.ts:2:13"), "{said}");
    assert_eq!(text(&built.component).await, r#"{"text":"second"}"#);

    // A file that is not there yet may be added to a folder that is watched.
    let importing = "export { text } from \"./more/text.ts\";\n";
    write(&folder, &[("dist/text.ts", importing)]);
    let said = it.fail();
    assert!(said.contains("./more/text.ts"), "{said}");
    let dist = folder.join("dist").canonicalize().unwrap();
    assert!(it.session.inputs().contains(&dist));
    write(
        &folder,
        &[("dist/more/text.ts", "export const text = \"third\";\n")],
    );
    it.build();
    assert_eq!(text(&built.component).await, r#"{"text":"third"}"#);
    assert!(it.session.inputs().contains(&dist.join("more/text.ts")));

    // Code of modules that throws is told with its line, as by a production build.
    let throwing = "export const text = \"a\";\nthrow new Error(\"at module level\");\n";
    write(&folder, &[("dist/more/text.ts", throwing)]);
    let said = it.fail();
    assert!(
        said.contains("at module level") && said.contains("dist/more/text.ts:2"),
        "{said}"
    );

    // Types are another matter: the code answers, and the check tells of them.
    let wrong = "export const text: string = 4;\n";
    write(&folder, &[("dist/more/text.ts", wrong)]);
    it.build();
    assert_eq!(text(&built.component).await, r#"{"text":4}"#);
    let mut told = String::new();
    let checked = it.session.check(&mut |line| told += line);
    assert!(
        checked.is_err() && told.contains("dist/more/text.ts:1:14"),
        "{told}"
    );

    // The component of production is another file.
    assert!(!folder.join("target/components/scales.wasm").exists());
    assert_eq!(
        built.component,
        folder
            .canonicalize()
            .unwrap()
            .join("target/dev/scales.wasm")
    );
}

#[tokio::test]
async fn a_bundler_that_was_ended_is_started_again_and_none_outlives_its_session() {
    let at = tempfile::tempdir().unwrap();
    let folder = typescript::repository(at.path());
    install(at.path(), Path::new("../../kit"));
    let mut it = Loop::open(&folder);
    let built = it.build();
    let first = bundlers(&folder);
    let [id] = first.as_slice() else {
        panic!("{first:?}");
    };
    let killed = Command::new("kill").args(["-9", &id.to_string()]).status();
    assert!(killed.unwrap().success());
    write(
        &folder,
        &[("dist/text.ts", "export const text = \"second\";\n")],
    );
    it.build();
    assert!(it.said.contains("starting it again"), "{}", it.said);
    assert_eq!(text(&built.component).await, r#"{"text":"second"}"#);
    assert_eq!(bundlers(&folder).len(), 1);
    assert_ne!(bundlers(&folder), first);
    drop(it);
    assert!(bundlers(&folder).is_empty());
}

#[tokio::test]
async fn faults_are_logged_with_the_same_lines_as_in_production() {
    let at = tempfile::tempdir().unwrap();
    let folder = typescript::repository(at.path());
    install(at.path(), Path::new("../../kit"));
    write(&folder, &[("src/main.ts", FAULTS)]);
    let built = Loop::open(&folder).build();
    let said = tailor(&folder, &["build", "."], &[]);
    assert!(said.good, "{}", said.errors);
    let production = PathBuf::from(said.printed.trim());
    for path in ["/", "/throw", "/deep", "/endless", "/floating"] {
        let [here, there] = [
            get(&built.component, path).await,
            get(&production, path).await,
        ];
        let shown = |it: &Invoked| {
            let kind = it
                .result
                .as_ref()
                .map(|it| it.body.clone())
                .map_err(ToString::to_string);
            format!("{kind:?} {:?}", it.log)
        };
        assert_eq!(shown(&here), shown(&there), "{path}");
        assert!(
            path == "/"
                || here
                    .log
                    .iter()
                    .any(|it| format!("{it:?}").contains("src/main.ts"))
        );
    }
}

#[test]
fn the_fixtures_of_examples_hold_in_development_components() {
    for name in ["partner", "phone", "watch"] {
        // So that packages are installed by one at a time.
        example(name).unwrap();
        let built = Loop::open(&root().join("bffs").join(name)).build();
        check_fixtures_in(&built.component, name);
    }
}

#[test]
fn a_package_of_rust_is_built_again_and_its_mistakes_are_told_with_their_line() {
    let at = tempfile::tempdir().unwrap();
    let folder = at.path().join("tiny");
    rust::tiny(&folder);
    write(
        &folder,
        &[(
            ".cargo/config.toml",
            "[target.wasm32-unknown-unknown]\nrustflags = [\"--cfg=own\"]\n",
        )],
    );
    let mut it = Loop::open(&folder);
    let built = it.build();
    assert!(it.build().fresh, "nothing has changed");
    let source = folder.join("src/lib.rs");
    let code = fs::read_to_string(&source).unwrap();
    fs::write(&source, format!("const : u8 = 1;\n{code}")).unwrap();
    let said = it.fail();
    assert!(said.contains("src/lib.rs:1:7"), "{said}");
    let more = "#[unsafe(no_mangle)]\npub extern \"C\" fn more() -> i32 { 77 }\n";
    fs::write(&source, format!("mod more;\n{code}")).unwrap();
    it.fail();
    let inputs = it.session.inputs();
    assert!(
        inputs.contains(&source.parent().unwrap().canonicalize().unwrap()),
        "{inputs:?}"
    );
    fs::write(folder.join("src/more.rs"), more).unwrap();
    assert!(!it.build().fresh);
    let inputs = it.session.inputs();
    assert!(
        inputs.iter().any(|file| file.ends_with("src/more.rs")),
        "{inputs:?}"
    );
    assert!(built.component.ends_with("target/dev/tiny.wasm"));
    assert!(!folder.join("target/components").exists());
    it.session.check(&mut |_| {}).unwrap();
}
