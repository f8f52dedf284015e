#![allow(missing_docs, clippy::all, dead_code)]
#[path = "../integration/locale/cases.rs"]
mod cases;
fn main() {
    let all = cases::all();
    let mut by: std::collections::BTreeMap<String, (usize, usize)> = Default::default();
    let mut equal = 0;
    for case in &all {
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case.answer())).unwrap_or_else(|_| "PANIC".into());
        let same = cases::folded(&answer) == cases::folded(&case.text);
        let e = by.entry(case.what.clone()).or_default();
        e.1 += 1;
        if same { e.0 += 1; equal += 1 } else {
            println!("{} {} {} {}\n   node {:?}\n   host {:?}", case.what, case.locale, case.options, case.value, case.text, answer);
        }
    }
    println!("{equal} of {} {by:?}", all.len());
}
