use super::*;
use proptest::prelude::*;

const CAP: Duration = Duration::from_secs(30);

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn capped_to(max_age: Duration, fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = headers(fields);
    cap_cache(&mut headers, max_age);
    headers
}

/// `cache-control` after the cap of 30 seconds.
fn after(value: &str) -> String {
    let headers = capped_to(CAP, &[("cache-control", value)]);
    assert_eq!(headers.get_all(CACHE_CONTROL).iter().count(), 1);
    headers[CACHE_CONTROL].to_str().unwrap().to_owned()
}

#[test]
fn without_a_life_an_answer_is_not_stored_at_all() {
    let fields = [
        ("cache-control", "public, max-age=60"),
        ("cache-control", "stale-if-error=600"),
        ("expires", "Thu, 01 Jan 2037 00:00:00 GMT"),
        ("surrogate-control", "max-age=60"),
        ("cdn-cache-control", "max-age=60"),
        ("cloudflare-cdn-cache-control", "max-age=60"),
        ("etag", "\"1\""),
    ];
    for none in [Duration::ZERO, Duration::from_millis(999)] {
        let expected = headers(&[("cache-control", "no-store"), ("etag", "\"1\"")]);
        assert_eq!(capped_to(none, &fields), expected);
    }
    assert_eq!(
        capped_to(Duration::ZERO, &[]),
        headers(&[("cache-control", "no-store")])
    );
}

#[test]
fn the_life_is_lowered_and_never_raised() {
    for (before, expected) in [
        ("max-age=60", "max-age=30"),
        ("max-age=5", "max-age=5"),
        ("Max-Age=60, PUBLIC", "PUBLIC, max-age=30"),
        ("max-age=\"60\"", "max-age=30"),
        ("max-age=\"6\"", "max-age=6"),
        ("max-age = 7", "max-age=7"),
        ("max-age=5, max-age=60", "max-age=5"),
        ("max-age=99999999999999999999999", "max-age=30"),
        ("max-age=-1", "max-age=0"),
        ("max-age=1.5", "max-age=0"),
        ("max-age", "max-age=0"),
        ("s-maxage=60, max-age=2", "s-maxage=30, max-age=2"),
        ("s-maxage=60, s-maxage=3", "s-maxage=3, max-age=30"),
        ("must-revalidate", "must-revalidate, max-age=30"),
        ("", "max-age=30"),
        (" , ,", "max-age=30"),
    ] {
        assert_eq!(after(before), expected, "{before:?}");
    }
}

#[test]
fn what_lets_a_cache_use_it_for_longer_goes_and_what_forbids_it_stays() {
    for (before, expected) in [
        (
            "max-age=60, stale-while-revalidate=9, Stale-If-Error=\"9\", immutable, no-transform",
            "no-transform, max-age=30",
        ),
        ("no-store", "no-store"),
        ("No-Cache, immutable", "No-Cache"),
        ("private, max-age=60", "private, max-age=30"),
        ("private", "private, max-age=30"),
        ("no-store, max-age=60", "no-store, max-age=30"),
        // These speak of some fields of the answer, not of the answer.
        (
            "no-cache=\"set-cookie, x\"",
            "no-cache=\"set-cookie, x\", max-age=30",
        ),
        (
            "private=\"a\\\", immutable\"",
            "private=\"a\\\", immutable\", max-age=30",
        ),
    ] {
        assert_eq!(after(before), expected, "{before:?}");
    }
}

#[test]
fn several_fields_are_one_list() {
    let fields = [
        ("cache-control", "max-age=60"),
        ("cache-control", "private, max-age=9"),
    ];
    let expected = headers(&[("cache-control", "private, max-age=9")]);
    assert_eq!(capped_to(CAP, &fields), expected);
}

#[test]
fn what_can_not_be_read_is_not_stored() {
    assert_eq!(after("max-age=60, x=\"y"), "no-store");
    let mut opaque = HeaderMap::new();
    opaque.insert(
        CACHE_CONTROL,
        HeaderValue::from_bytes(b"max-age=60, \xff").unwrap(),
    );
    cap_cache(&mut opaque, CAP);
    assert_eq!(opaque[CACHE_CONTROL], "no-store");
}

#[test]
fn max_age_takes_the_place_of_expires() {
    let date = ("date", "Thu, 01 Jan 2026 00:00:00 GMT");
    for (expires, expected) in [
        ("Thu, 01 Jan 2026 00:01:00 GMT", "max-age=30"),
        ("Thu, 01 Jan 2026 00:00:09 GMT", "max-age=9"),
        ("Wed, 31 Dec 2025 00:00:00 GMT", "max-age=0"),
        ("0", "max-age=0"),
    ] {
        let capped = capped_to(CAP, &[date, ("expires", expires)]);
        assert_eq!(
            capped,
            headers(&[date, ("cache-control", expected)]),
            "{expires}"
        );
    }
    // A written `max-age` holds, whatever `expires` says.
    let capped = capped_to(CAP, &[("cache-control", "max-age=60"), ("expires", "0")]);
    assert_eq!(capped, headers(&[("cache-control", "max-age=30")]));
    // Without a date of the answer it is held against the clock.
    let capped = capped_to(CAP, &[("expires", "Thu, 01 Jan 2026 00:00:09 GMT")]);
    assert_eq!(capped[CACHE_CONTROL], "max-age=0");
}

#[test]
fn fields_for_some_caches_only_go() {
    let fields = [
        ("surrogate-control", "max-age=60"),
        ("cdn-cache-control", "max-age=60"),
    ];
    assert_eq!(
        capped_to(CAP, &fields),
        headers(&[("cache-control", "max-age=30")])
    );
}

/// A directive, and whether it must still be there afterwards.
fn directive() -> impl Strategy<Value = (String, bool)> {
    let kept = [
        "no-store",
        "private",
        "No-Cache",
        "public",
        "x",
        "no-cache=\"a, b\"",
        "y=\"max-age=99, immutable\"",
    ];
    let limits = [
        "immutable",
        "IMMUTABLE",
        "stale-if-error=5",
        "Stale-While-Revalidate=\"7\"",
        "max-age=x",
    ];
    prop_oneof![
        prop::sample::select(kept.to_vec()).prop_map(|text| (text.to_owned(), true)),
        prop::sample::select(limits.to_vec()).prop_map(|text| (text.to_owned(), false)),
        (
            prop::sample::select(vec!["max-age", "s-maxage", "MAX-AGE"]),
            0..200_u64,
            any::<bool>()
        )
            .prop_map(|(name, seconds, quoted)| {
                let text = if quoted {
                    format!("{name}=\"{seconds}\"")
                } else {
                    format!("{name}={seconds}")
                };
                (text, false)
            }),
    ]
}

proptest! {
    #[test]
    fn no_life_is_past_the_cap_and_nothing_else_is_lost(
        fields in prop::collection::vec(prop::collection::vec(directive(), 0..5), 0..4),
        cap in 1..100_u64,
    ) {
        let mut headers = HeaderMap::new();
        for field in &fields {
            let texts: Vec<&str> = field.iter().map(|(text, _)| text.as_str()).collect();
            headers.append(CACHE_CONTROL, HeaderValue::from_str(&texts.join(" ,")).unwrap());
        }
        cap_cache(&mut headers, Duration::from_secs(cap));
        let once = headers[CACHE_CONTROL].to_str().unwrap().to_owned();
        // Quoted strings hold no directives, so they are blanked out before the answer is looked at
        // naively.
        let mut rest: Vec<&str> = once.split(", ").collect();
        let lives: Vec<u64> = rest.iter().filter_map(|text| {
            text.strip_prefix("max-age=").or(text.strip_prefix("s-maxage="))?.parse().ok()
        }).collect();
        prop_assert!(lives.iter().all(|life| *life <= cap), "{}", once);
        prop_assert!(lives.len() <= 2, "{}", once);
        let forbids = fields.iter().flatten().any(|(text, _)| text == "no-store" || text == "No-Cache");
        prop_assert!(forbids || rest.iter().any(|text| text.starts_with("max-age=")), "{}", once);
        for (text, kept) in fields.iter().flatten() {
            if *kept {
                prop_assert!(once.contains(text.as_str()), "{text} is not in {once}");
            }
        }
        rest.retain(|text| !text.ends_with('"'));
        for gone in ["immutable", "stale-"] {
            prop_assert!(!rest.iter().any(|text| text.to_ascii_lowercase().starts_with(gone)), "{}", once);
        }
        cap_cache(&mut headers, Duration::from_secs(cap));
        prop_assert_eq!(headers[CACHE_CONTROL].to_str().unwrap(), once);
    }

    #[test]
    fn whatever_was_written_there_is_an_end_to_it(
        value in prop::collection::vec(prop::sample::select(b" \t,=\"\\amx-ge019\xe9".to_vec()), 0..40),
    ) {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_bytes(&value).unwrap());
        cap_cache(&mut headers, CAP);
        let once = headers.clone();
        let text = once[CACHE_CONTROL].to_str().unwrap();
        prop_assert!(text == "no-store" || text.contains("max-age="), "{}", text);
        cap_cache(&mut headers, CAP);
        prop_assert_eq!(headers, once);
    }
}
