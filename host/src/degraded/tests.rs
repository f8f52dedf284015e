use super::*;
use proptest::prelude::*;
use sfv::{List, ListEntry, Parser};

const fn part(service: &str, what: Degradation) -> Part<'_> {
    Part {
        service,
        what,
        calls: 1,
    }
}

const fn stale(seconds: u64) -> Degradation {
    Degradation::Stale {
        age: Duration::from_secs(seconds),
    }
}

fn text(parts: &[Part<'_>]) -> String {
    header(parts).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn nothing_is_said_of_an_answer_that_is_live() {
    assert_eq!(header(&[]), None);
}

#[test]
fn each_part_that_was_not_live_is_named_in_order_of_services() {
    let parts = [
        part("sleep", Degradation::Failed("timeout")),
        part("goals", Degradation::Fallback),
        part("activity", stale(12)),
        part("activity", Degradation::Failed("too-large")),
    ];
    assert_eq!(
        text(&parts),
        "activity;stale;age=12, activity;failed=too-large, goals;fallback, sleep;failed=timeout"
    );
}

#[test]
fn parts_that_ended_alike_are_one_member() {
    let parts = [
        part("a", Degradation::Failed("timeout")),
        part("a", stale(3)),
        part("a", Degradation::Failed("timeout")),
        part("a", Degradation::Failed("rejected")),
        part("a", stale(90)),
        part("b", Degradation::Failed("timeout")),
        part("a", Degradation::Failed("timeout")),
    ];
    assert_eq!(
        text(&parts),
        "a;stale;age=90;n=2, a;failed=rejected, a;failed=timeout;n=3, b;failed=timeout"
    );
}

#[test]
fn a_part_of_several_calls_counts_as_many() {
    let many = |service, what, calls| Part {
        service,
        what,
        calls,
    };
    let parts = [
        many("a", Degradation::Failed("exhausted"), 9_984),
        many("a", Degradation::Failed("exhausted"), 2),
        many("b", Degradation::Fallback, 3),
    ];
    assert_eq!(text(&parts), "a;failed=exhausted;n=9986, b;fallback;n=3");
}

#[test]
fn what_is_past_the_cap_is_counted() {
    let names: Vec<String> = (0..35).map(|n| format!("s{n:02}")).collect();
    let mut parts: Vec<_> = names
        .iter()
        .map(|name| part(name, Degradation::Fallback))
        .collect();
    parts.push(part("s34", Degradation::Fallback));
    let text = text(&parts);
    assert_eq!(text.split(", ").count(), 32);
    assert!(text.ends_with(", s30;fallback, more;n=5"), "{text}");
    let text = header(&parts[..31]).unwrap();
    assert!(
        text.to_str().unwrap().ends_with(", s30;fallback"),
        "{text:?}"
    );
}

#[test]
fn a_name_that_is_no_token_is_left_out() {
    let parts = [
        part("a b", Degradation::Fallback),
        part("c", Degradation::Failed("d,e")),
        part("f", Degradation::Fallback),
    ];
    assert_eq!(text(&parts), "f;fallback");
    assert_eq!(header(&parts[..2]), None);
}

#[test]
fn an_age_has_no_more_digits_than_an_integer_may_have() {
    assert_eq!(
        text(&[part("a", stale(u64::MAX))]),
        "a;stale;age=4294967295"
    );
}

/// Adds up how many parts the field speaks of.
fn counted(text: &str) -> i64 {
    let list: List = Parser::new(text).parse().unwrap();
    list.iter()
        .map(|entry| match entry {
            ListEntry::Item(item) => {
                assert!(item.bare_item.as_token().is_some());
                let n = item.params.get(COUNT);
                n.map_or(1, |n| n.as_integer().unwrap().into())
            }
            ListEntry::InnerList(_) => panic!("an inner list"),
        })
        .sum()
}

fn what() -> impl Strategy<Value = Degradation> {
    prop_oneof![
        Just(Degradation::Fallback),
        prop::sample::select(vec!["timeout", "too-large", "rejected"])
            .prop_map(Degradation::Failed),
        (0..100_u64).prop_map(stale),
    ]
}

proptest! {
    #[test]
    fn the_field_parses_and_speaks_of_every_part_whatever_their_order(
        named in prop::collection::vec(("[a-z][a-z0-9-]{0,2}", what()), 1..100),
    ) {
        let mut parts: Vec<_> = named.iter().map(|(name, what)| part(name, *what)).collect();
        let before = text(&parts);
        prop_assert_eq!(counted(&before), i64::try_from(parts.len()).unwrap());
        parts.reverse();
        prop_assert_eq!(text(&parts), before);
    }
}
