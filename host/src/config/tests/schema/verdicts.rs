//! Schema and reader have one verdict: each key with each of a pool of values.

use super::read;
use super::validate::Validator;
use crate::config::kind::Form;
use crate::config::schema::{EVERY_SECTION, schema};
use crate::config::tests::parse_here;
use crate::config::{raw, reader};

/// Values as they are written, of all kinds of keys: good ones, and others near to them. Numbers
/// with a fraction of zero are not among them, which JSON Schema takes for whole numbers.
const POOL: &[&str] = &[
    "true",
    "false",
    "\"true\"",
    "0",
    "1",
    "2",
    "10",
    "99",
    "100",
    "101",
    "200",
    "599",
    "600",
    "1000",
    "1024",
    "1025",
    "10000",
    "10001",
    "1000000",
    "1000001",
    "-1",
    "1.5",
    "{}",
    "[]",
    "[[]]",
    "{ a = \"b\" }",
    "{ a = [\"GET /a\"] }",
    "{ a = [] }",
    "{ a = 1 }",
    "[1]",
    "[200]",
    "[500, 503]",
    "[\"a\"]",
    "[\"\"]",
    "\"\"",
    "\"a\"",
    "\"A\"",
    "\"a b\"",
    "\"1a\"",
    "\"a-1\"",
    "\"-a\"",
    "\"a_b\"",
    "\"A_1\"",
    "\"0B\"",
    "\"1B\"",
    "\"007B\"",
    "\"1KB\"",
    "\"64KB\"",
    "\"2MB\"",
    "\"1GB\"",
    "\"1TB\"",
    "\"1KiB\"",
    "\"8KiB\"",
    "\"8191B\"",
    "\"8192B\"",
    "\"1025KiB\"",
    "\"64MiB\"",
    "\"256MiB\"",
    "\"1GiB\"",
    "\"2GiB\"",
    "\"1025MiB\"",
    "\"65GiB\"",
    "\"1024GiB\"",
    "\"1025GiB\"",
    "\"1.5MiB\"",
    "\"1 MiB\"",
    "\"1mib\"",
    "\"99999999999999999999B\"",
    "\"64\"",
    "\"0s\"",
    "\"0.0s\"",
    "\"0ms\"",
    "\"0.5ms\"",
    "\"1ms\"",
    "\"9ms\"",
    "\"10ms\"",
    "\"300ms\"",
    "\"999ms\"",
    "\"1.5s\"",
    "\".5s\"",
    "\"5.s\"",
    "\".s\"",
    "\"1.2.3s\"",
    "\"2s\"",
    "\"2001ms\"",
    "\"3600s\"",
    "\"3600.1s\"",
    "\"60m\"",
    "\"61m\"",
    "\"1h\"",
    "\"1.5h\"",
    "\"2h\"",
    "\"12h\"",
    "\"7d\"",
    "\"0.5d\"",
    "\"365d\"",
    "\"366d\"",
    "\"8761h\"",
    "\"0/s\"",
    "\"1/s\"",
    "\"100/m\"",
    "\"1000000/h\"",
    "\"1000001/s\"",
    "\"1.5/s\"",
    "\"1/d\"",
    "\"GET\"",
    "[\"GET\"]",
    "[\"get\"]",
    "[\"TRACE\"]",
    "\"GET /a/*\"",
    "[\"* /a/**\"]",
    "\"GET\u{20}a\"",
    "[\"TRACE /a\"]",
    "\"client_secret_basic\"",
    "\"private_key_jwt\"",
    "\"json\"",
    "\"h2\"",
    "[\"gzip\", \"br\"]",
];

/// And texts that are more than words.
const TEXTS: &[&str] = &[
    "/",
    "/a",
    "a/b",
    "/a/b?c=d",
    "/a/",
    "/%41",
    "/a b",
    "/user/email",
    "http://127.0.0.1:9101",
    "https://activity.example.com/api",
    "http+srv://_http._tcp.users.example",
    "ftp://a",
    "unix:/run/users.sock",
    "http://unix:/run/users.sock:/api",
    "http://u:p@a",
    "http://a?b",
    "http://proxy.internal:3128",
    "127.0.0.1:8080",
    "[::1]:8080",
    "localhost:80",
    "127.0.0.1",
    "watch.example.com",
    "Watch.example.com",
    "info",
    "warn,tailor=debug",
    "inof",
    "x-api-key",
    "x api key",
    "application/json",
    "RWQvRoDYFrYaMzdyUR389bBSpeqdoi/A1nEZ3jAfrX0cS3pXLnwNmzuT",
    " a",
];

/// The part of [`EVERY_SECTION`] that a file with a section needs: what each file has, and the
/// sections above it.
fn around(section: &str) -> String {
    let mut is_needed = false;
    let needed = EVERY_SECTION.lines().filter(|line| {
        if let Some(name) = line.strip_prefix('[') {
            let name = name.trim_matches(['[', ']']);
            let is_above = section == name || section.starts_with(&format!("{name}."));
            is_needed = is_above || ["bff.x", "route"].contains(&name);
        }
        is_needed
    });
    needed.collect::<Vec<_>>().join("\n")
}

/// A file with this line in a section, in place of one with the same key.
fn with(file: &str, section: &str, key: &str, value: &str) -> String {
    let header = |line: &str| {
        line.starts_with('[')
            .then(|| line.trim_matches(['[', ']']).to_owned())
    };
    let (mut written, mut current, mut done) = (Vec::new(), String::new(), false);
    for line in file.lines() {
        if let Some(header) = header(line) {
            current = header;
        }
        let replaced = current == section && line.starts_with(&format!("{key} = "));
        if !replaced {
            written.push(line.to_owned());
        }
        if header(line).as_deref() == Some(section) {
            written.push(format!("{key} = {value}"));
            done = true;
        }
    }
    if !done {
        // A section of the last rule.
        written.push(format!("[{section}]\n{key} = {value}"));
    }
    written.join("\n")
}

/// Whether a list is empty that may not be, which only the check knows.
fn is_checked(form: Form, value: &str) -> bool {
    matches!(form, Form::Filled | Form::Lists) && value.contains("[]")
}

/// Whether the reader has nothing against a file.
fn is_read(file: &str) -> bool {
    let mut reader = reader::Reader::new(file);
    raw::read(file, &mut reader).unwrap_or_else(|problem| panic!("{problem}: {file}"));
    reader.problems.is_empty()
}

#[test]
fn schema_and_reader_take_and_refuse_the_same_values_of_each_key() {
    let mut reader = reader::Reader::new(EVERY_SECTION);
    raw::read(EVERY_SECTION, &mut reader).unwrap_or_else(|problem| panic!("{problem}"));
    let (schema, mut validator) = (schema(), Validator::default());
    let texts = TEXTS
        .iter()
        .flat_map(|text| [format!("{text:?}"), format!("[{text:?}]")]);
    let pool: Vec<String> = POOL
        .iter()
        .map(|it| (*it).to_owned())
        .chain(texts)
        .collect();
    let (mut differing, mut compared) = (Vec::new(), 0);
    for (section, keys) in &reader.known {
        let is_value = |form| !matches!(form, Form::Section | Form::Named | Form::Tables);
        for (key, of) in keys.iter().filter(|(_, of)| is_value(of.form)) {
            let name = section.replace('*', "x");
            // A whole file would take most of the time of the test.
            let around = around(&name);
            for value in &pool {
                let file = with(&around, &name, key, value);
                let is_read = match is_checked(of.form, value) {
                    true => parse_here(&with(EVERY_SECTION, &name, key, value)).is_ok(),
                    false => is_read(&file),
                };
                let verdict = validator.check(&schema, &read(&file), "");
                if verdict.is_ok() != is_read {
                    differing.push(format!(
                        "{section}.{key} = {value}: read {is_read}, {verdict:?}"
                    ));
                }
                compared += 1;
            }
        }
    }
    assert!(compared > 30_000, "only {compared} compared");
    assert!(
        differing.is_empty(),
        "{}:\n{}",
        differing.len(),
        differing.join("\n")
    );
}

#[test]
fn schema_and_reader_miss_the_same_keys_and_refuse_the_same_names() {
    let (schema, mut validator) = (schema(), Validator::default());
    let whole = "[bff.x]\ncomponent = \"watch.component\"\n[[route]]\nbff = \"x\"\n";
    for (more, is_right) in [
        ("", true),
        ("[downstream.a]\nurl = \"http://a\"\n", true),
        ("[downstream.a]\n", false),
        ("[downstream.My-Svc]\nurl = \"http://a\"\n", false),
        ("[profile.A]\n", false),
        ("[profile.a]\n", true),
        (
            "[downstream.a]\nurl = \"http://a\"\n[downstream.a.health]\n",
            false,
        ),
        (
            "[downstream.a]\nurl = \"http://a\"\n[[downstream.a.rule]]\n",
            false,
        ),
        (
            "[downstream.a]\nurl = \"http://a\"\n[[downstream.a.write]]\ncall = \"POST /\"\n",
            false,
        ),
        ("[[route]]\npath = \"/a\"\n", false),
        // What a BFF is served from, the check says: a file or releases.
        ("[bff.y]\n[[route]]\nbff = \"y\"\npath = \"/a\"\n", true),
    ] {
        let file = format!("{whole}{more}");
        let mut reader = reader::Reader::new(&file);
        raw::read(&file, &mut reader).unwrap_or_else(|problem| panic!("{problem}"));
        let verdict = validator.check(&schema, &read(&file), "");
        assert_eq!(
            (reader.problems.is_empty(), verdict.is_ok()),
            (is_right, is_right),
            "{file}{verdict:?}"
        );
    }
    for empty in ["", "route = []\n", "[bff]\n"] {
        assert!(
            validator.check(&schema, &read(empty), "").is_err(),
            "{empty}"
        );
    }
}
