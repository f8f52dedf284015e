//! `docs/inside/life-of-a-call.md` has the order of the steps of a call: it is compared with the
//! code.

use tailor_harness::components::root;

/// The files that are named in the numbered items of a text, in their order.
fn steps(text: &str, name: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let items = text.lines().map(|line| line.trim_start_matches("//! "));
    let numbered = items.filter(|line| {
        let number = line.split_once(". ").map(|(number, _)| number);
        number.is_some_and(|number| !number.is_empty() && number.parse::<u32>().is_ok())
    });
    numbered.filter_map(name).collect()
}

#[test]
fn the_document_has_the_steps_of_the_pipeline_in_their_order() {
    let document = root().join("docs/inside/life-of-a-call.md");
    let code = root().join("host/src/downstream/pipeline.rs");
    let document = steps(&std::fs::read_to_string(document).unwrap(), |line| {
        let (name, _) = line.split_once(".rs]")?;
        Some(name.rsplit_once('[')?.1.to_owned())
    });
    let code = steps(&std::fs::read_to_string(code).unwrap(), |line| {
        let (name, _) = line.split_once("`]")?;
        Some(name.rsplit_once('`')?.1.to_owned())
    });
    assert!(code.len() >= 7, "{code:?}");
    assert_eq!(document, code);
}
