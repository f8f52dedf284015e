//! The shapes of answers that are kept beside the fixtures.

use serde_json::{Value, json};

use super::{echo, test};

/// A fixture with this answer.
fn answering(body: &Value) -> String {
    let path = format!("/{body}");
    json!({"request": {"path": path}, "expect": {"json": body}}).to_string()
}

#[test]
fn a_change_that_may_break_clients_fails_until_it_is_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let fixture = |body: &Value| {
        let name = folder.join("fixtures/day.json");
        std::fs::write(name, answering(body)).unwrap();
    };
    let kept = || std::fs::read_to_string(folder.join("answers.json")).ok();
    let run = |arguments: &[&str]| test(folder, &[&["--no-unit"], arguments].concat());
    let old = json!({"day": {"km": 7, "note": "a"}, "id": 1});
    echo(folder, &[("day.json", &answering(&old))]);

    // Without the file, nothing is kept, and a run makes none.
    let said = run(&["--update"]);
    assert!(said.good && kept().is_none(), "{}", said.printed);
    let hint = "no answers.json keeps the shapes of answers; --accept makes one";
    assert!(said.printed.contains(hint), "{}", said.printed);
    let said = run(&["--accept"]);
    assert!(said.good, "{}", said.printed);
    assert!(
        said.printed.contains("new  answers.json"),
        "{}",
        said.printed
    );
    let first = kept().unwrap();
    let written: Value = serde_json::from_str(&first).unwrap();
    let wanted = json!({
        "type": "object",
        "properties": {
            "day": {
                "type": "object",
                "properties": {"km": {"type": "integer"}, "note": {"type": "string"}},
                "required": ["km", "note"],
            },
            "id": {"type": "integer"},
        },
        "required": ["day", "id"],
    });
    assert_eq!(written["GET /*"]["200 application/json"], wanted);

    // The fixture is as the BFF now answers; old clients are not.
    fixture(&json!({"day": {"km": null}, "id": 1}));
    let junit = folder.join("junit.xml");
    let said = run(&["--update", "--junit", junit.to_str().unwrap()]);
    assert!(!said.good, "{}", said.printed);
    let place = "GET /* -> 200 application/json /day";
    for line in [
        "ok   fixtures/day.json  ".to_owned(),
        "FAIL answers.json  2 changes may break clients\n".to_owned(),
        format!("\n  {place}/km: was integer, is null\n"),
        format!("\n  {place}/note: is in no answer any more\n"),
        "1 passed, 0 failed, answers of 1 changed in ".to_owned(),
    ] {
        assert!(said.printed.contains(&line), "{line}: {}", said.printed);
    }
    assert_eq!(kept().unwrap(), first);
    let junit = std::fs::read_to_string(junit).unwrap();
    let case = "name=\"answers.json\" time=\"0.000\"><failure message=\"GET /* -&gt; 200 ";
    assert!(junit.contains(case), "{junit}");
    // Some of the fixtures are not the whole.
    let said = run(&["--filter", "day"]);
    assert!(said.good, "{}", said.printed);

    // While a fixture fails, its answer may not be the one that is meant.
    std::fs::write(
        folder.join("fixtures/fails.json"),
        r#"{"request": {"path": "/1"}, "expect": {"json": 2}}"#,
    )
    .unwrap();
    let said = run(&["--accept"]);
    assert!(!said.good && kept().unwrap() == first, "{}", said.printed);
    let why = "answers.json: not written: a fixture fails";
    assert!(said.printed.contains(why), "{}", said.printed);
    std::fs::remove_file(folder.join("fixtures/fails.json")).unwrap();

    let said = run(&["--accept", "--json"]);
    let document: Value = serde_json::from_str(&said.printed).unwrap();
    let wanted = json!({
        "file": "answers.json", "kept": true, "changes": [], "more": false, "written": true,
    });
    assert_eq!(document["suites"][0]["answers"], wanted, "{document}");
    let second = kept().unwrap();
    assert!(!second.contains("note"), "{second}");

    // More breaks nobody, and is kept by those who write what is expected.
    fixture(&json!({"day": {"km": null}, "id": 1, "more": true}));
    let said = run(&[]);
    assert!(said.good && kept().unwrap() == second, "{}", said.printed);
    let told = "answers have more than answers.json keeps; --update adds it";
    assert!(said.printed.contains(told), "{}", said.printed);
    let said = run(&["--update"]);
    assert!(
        said.good && kept().unwrap().contains("more"),
        "{}",
        said.printed
    );
    let said = run(&[]);
    assert!(
        said.good && said.printed.contains("ok   answers.json\n"),
        "{}",
        said.printed
    );

    // What is no such file is named with the way out.
    std::fs::write(folder.join("answers.json"), "{\"GET /\": []}").unwrap();
    let said = run(&[]);
    assert!(!said.good, "{}", said.printed);
    let why = "answers.json: no shapes of answers: invalid type: sequence";
    assert!(said.printed.contains(why), "{}", said.printed);
}
