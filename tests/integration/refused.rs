//! What a component has not, and would be silently different or end a request: refused by types, by
//! tests in Node and by the engine alike.

use std::process::Command;

use tailor::build::{BuildOptions, build};
use tailor_harness::Offline;
use tailor_harness::components::root;

use crate::throws;

/// The type that an expression has elsewhere, and the expression.
const ROWS: &[(&str, &str)] = &[
    (
        "string",
        "new Intl.DateTimeFormat(\"de\").formatRange(new Date(0), new Date(1))",
    ),
    ("string", "new Intl.NumberFormat(\"de\").formatRange(1, 2)"),
    ("string", "new Intl.PluralRules(\"de\").selectRange(1, 2)"),
    ("string", "new Intl.Locale(\"de\").maximize().baseName"),
    (
        "unknown[]",
        "[...new Intl.Segmenter(\"de\").segment(\"a b\")]",
    ),
    ("unknown", "new WebSocket(\"ws://a.example/\")"),
    ("unknown", "new XMLHttpRequest()"),
    ("unknown", "new EventSource(\"/a\")"),
    ("unknown", "new TransformStream()"),
    ("unknown", "new WritableStream()"),
    ("unknown", "new CompressionStream(\"gzip\")"),
    ("unknown", "new Worker(\"a.js\")"),
    ("unknown", "new MessageChannel()"),
    ("unknown", "setImmediate(() => 1)"),
    ("unknown", "localStorage.getItem(\"a\")"),
    ("string", "document.title"),
    ("unknown", "caches.match(\"/a\")"),
    ("unknown", "WebAssembly.validate(new Uint8Array())"),
    ("unknown", "Buffer.from(\"a\")"),
    ("unknown", "process.env[\"HOME\"]"),
    ("unknown", "global.process"),
    ("unknown", "window.name"),
    ("unknown", "self.name"),
    ("string", "navigator.userAgent"),
    ("string", "location.href"),
    ("unknown", "sessionStorage.getItem(\"a\")"),
    ("unknown", "indexedDB.open(\"a\")"),
    ("unknown", "new BroadcastChannel(\"a\")"),
    ("unknown", "new TextDecoderStream()"),
    ("unknown", "new TextEncoderStream()"),
    ("unknown", "new DecompressionStream(\"gzip\")"),
    ("unknown", "new CountQueuingStrategy({ highWaterMark: 1 })"),
    (
        "unknown",
        "new ByteLengthQueuingStrategy({ highWaterMark: 1 })",
    ),
    ("unknown", "new FileReader()"),
    ("unknown", "new WebSocketPair()"),
    ("unknown", "Deno.env.get(\"HOME\")"),
    ("unknown", "Bun.env[\"HOME\"]"),
    ("unknown", "reportError(1)"),
    ("unknown", "clearImmediate(1)"),
    ("unknown", "addEventListener(\"fetch\", () => 1)"),
    ("number", "__dirname.length"),
    ("number", "__filename.length"),
];

#[tokio::test]
async fn what_a_component_has_not_is_refused_by_types_tests_and_engine_alike() {
    let at = tempfile::tempdir().unwrap();
    let folder = throws::bff(at.path());
    let write = |path: &str, text: &str| std::fs::write(folder.join(path), text).unwrap();
    std::fs::create_dir_all(folder.join("test")).unwrap();

    // Types: each row is a file of its own, and each file has an error.
    let config = r#"{"extends": "@tailor/kit/tsconfig.json", "include": ["src"]}"#;
    write("tsconfig.json", config);
    for (index, (ty, row)) in ROWS.iter().enumerate() {
        let text = format!("export const value = (): {ty} => {row};\n");
        write(&format!("src/row-{index}.ts"), &text);
    }
    let tsc = root().join("bffs/partner/node_modules/.bin/tsc");
    let checked = Command::new(tsc)
        .args(["--noEmit", "--pretty", "false"])
        .current_dir(&folder)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&checked.stdout).into_owned();
    let refusals: Vec<_> = (0..ROWS.len()).map(|at| refusal(&printed, at)).collect();
    let allowed: Vec<_> = (0..ROWS.len())
        .filter(|at| refusals[*at].is_empty())
        .map(|at| ROWS[at].1)
        .collect();
    assert!(allowed.is_empty(), "types allow {allowed:?}: {printed}");
    for index in 0..ROWS.len() {
        std::fs::remove_file(folder.join(format!("src/row-{index}.ts"))).unwrap();
    }
    std::fs::remove_file(folder.join("tsconfig.json")).unwrap();

    // The same in JavaScript, which has no types: each route throws where it would have a value.
    let routes: Vec<String> = ROWS
        .iter()
        .enumerate()
        .map(|(index, (_, row))| format!("  get(\"/{index}\", () => json({{ value: {row} }})),\n"))
        .collect();
    let main = format!(
        "import {{ bff, get, json }} from \"@tailor/kit\";\nexport const handler = bff([\n{}]);\n",
        routes.concat()
    );
    write("src/main.js", &main);

    // Tests.
    let test = format!(
        "import {{ test }} from \"node:test\";\nimport {{ call }} from \"@tailor/kit/testing\";\n\
         import {{ handler }} from \"../src/main.js\";\n\
         test(\"each throws\", () => {{\n  for (let index = 0; index < {}; index += 1) {{\n    \
         let given;\n    try {{\n      given = call(handler, {{ request: {{ path: `/${{index}}` }} }});\n    \
         }} catch {{\n      continue;\n    }}\n    throw new Error(`allowed: ${{index}} ${{given.text}}`);\n  \
         }}\n}});\n",
        ROWS.len()
    );
    write("test/rows.test.ts", &test);
    let tested = Command::new("node")
        .arg(root().join("bffs/kit-ts/tools/test.mjs"))
        .arg("test")
        .current_dir(&folder)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&tested.stdout).into_owned();
    assert!(tested.status.success(), "{printed}");

    // The engine.
    let manifest = std::fs::read_to_string(folder.join("package.json")).unwrap();
    write(
        "package.json",
        &manifest.replace("src/main.ts", "src/main.js"),
    );
    let built = build(&folder, &BuildOptions::default(), &mut |_| ()).unwrap();
    let offline = Offline::from_file(&built.component).unwrap();
    for (index, (_, row)) in ROWS.iter().enumerate() {
        let invoked = offline.get(&format!("/{index}")).await;
        assert!(invoked.result.is_err(), "the engine allows {row}");
        let line = &invoked.log[0];
        let place = line
            .fields
            .iter()
            .any(|(_, value)| value.contains("src/main.js:"));
        assert!(place, "{row}: {line:?}");
        // What to use instead is one sentence in both.
        if let Some((_, way_out)) = line.message.split_once(" is not defined: ") {
            let types = &refusals[index];
            assert!(types.contains(way_out), "{row}: {way_out}: {types}");
        }
    }
}

/// What tsc prints about the row at `index`.
fn refusal(printed: &str, index: usize) -> String {
    let about = format!("src/row-{index}.ts(");
    let lines = printed.lines();
    let lines = lines.skip_while(|line| !line.starts_with(&about));
    let lines = lines.take_while(|line| line.starts_with(&about) || line.starts_with(' '));
    lines.collect()
}
