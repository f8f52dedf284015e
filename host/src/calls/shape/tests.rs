use super::*;
use crate::config::Segment;
use proptest::prelude::*;

fn pattern(text: &str) -> CallPattern {
    let (method, path) = text.split_once(' ').unwrap();
    CallPattern {
        method: (method != "*").then(|| method.parse().unwrap()),
        segments: path[1..]
            .split('/')
            .filter(|_| path != "/")
            .map(|segment| match segment {
                "*" => Segment::One,
                "**" => Segment::Rest,
                text => Segment::Text(text.to_owned()),
            })
            .collect(),
    }
}

fn patterns(texts: &[&str]) -> Vec<CallPattern> {
    texts.iter().map(|text| pattern(text)).collect()
}

fn settings() -> config::Shape {
    config::Shape {
        path_prefix: String::new(),
        allow: None,
        headers: Vec::new(),
        query: Vec::new(),
        send_headers: None,
        receive_headers: None,
        pass_headers: Vec::new(),
    }
}

fn names(names: &[&'static str]) -> Option<Vec<HeaderName>> {
    Some(
        names
            .iter()
            .map(|name| HeaderName::from_static(name))
            .collect(),
    )
}

fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    fields
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect::<Vec<_>>()
        .into_iter()
        .fold(HeaderMap::new(), |mut map, (name, value)| {
            map.append(name, value);
            map
        })
}

#[test]
fn a_pattern_covers_its_calls_and_no_others() {
    for (text, good, bad) in [
        (
            "GET /",
            &["GET /", "HEAD /"][..],
            &["GET /a", "POST /", "GET //"][..],
        ),
        (
            "GET /users/*/days",
            &[
                "GET /users/ada/days",
                "HEAD /users/%20/days",
                "GET /users/a;b/days",
            ],
            &[
                "GET /users/days",
                "GET /users//days",
                "GET /users/a/b/days",
                "GET /users/ada/days/",
                "GET /users/ada",
                "GET /Users/ada/days",
                "GET /%75sers/ada/days",
                "POST /users/ada/days",
                "GET users/ada/days",
                "GET ",
            ],
        ),
        (
            "* /users/**",
            &[
                "DELETE /users",
                "GET /users/",
                "PUT /users/a",
                "GET /users/a/b/",
            ],
            &["GET /", "GET /usersx", "GET /x/users"],
        ),
        ("POST /**", &["POST /", "POST /a/b"], &["GET /", "HEAD /"]),
        ("HEAD /a", &["HEAD /a"], &["GET /a"]),
        ("GET /a/", &["GET /a/"], &["GET /a", "GET /a//"]),
    ] {
        let pattern = pattern(text);
        for (calls, expected) in [(good, true), (bad, false)] {
            for call in calls {
                let (method, path) = call.split_once(' ').unwrap();
                let method: Method = method.parse().unwrap();
                assert_eq!(
                    matches(&pattern, &method, path),
                    expected,
                    "{text:?} and {call:?}"
                );
            }
        }
    }
}

#[test]
fn a_call_must_be_in_the_lists_of_the_service_and_of_the_bff() {
    let open = Shape::new(&settings());
    let own = patterns(&["GET /users/*"]);
    assert_eq!(open.check(None, &Method::DELETE, "/x"), Ok(()));
    assert_eq!(open.check(Some(&own), &Method::GET, "/users/a"), Ok(()));
    let refused = open
        .check(Some(&own), &Method::POST, "/users/a")
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "POST \"/users/a\" is not allowed; allowed are: GET /users/*"
    );

    let narrow = Shape::new(&config::Shape {
        allow: Some(patterns(&["* /users/**", "GET /"])),
        ..settings()
    });
    assert_eq!(narrow.check(None, &Method::POST, "/users/a"), Ok(()));
    assert_eq!(narrow.check(Some(&own), &Method::GET, "/users/a"), Ok(()));
    assert!(narrow.check(Some(&own), &Method::POST, "/users/a").is_err());
    let refused = narrow
        .check(Some(&patterns(&["* /**"])), &Method::GET, "/goals")
        .unwrap_err();
    assert_eq!(refused.allowed, "* /users/**, GET /");
    let refused = open.check(Some(&[]), &Method::GET, "/").unwrap_err();
    assert_eq!(refused.allowed, "none");
}

#[test]
fn a_refusal_is_of_a_readable_length() {
    let many: Vec<String> = (0..5_000).map(|n| format!("GET /some/path/{n}")).collect();
    let shape = Shape::new(&config::Shape {
        allow: Some(many.iter().map(|text| pattern(text)).collect()),
        ..settings()
    });
    let path = format!("/{}", "x".repeat(8_000));
    let text = shape
        .check(None, &Method::GET, &path)
        .unwrap_err()
        .to_string();
    assert!(text.len() < 400, "{}", text.len());
    assert!(
        text.contains("GET /some/path/0, GET /some/path/1,"),
        "{text}"
    );
    assert!(text.ends_with(" and 4989 more"), "{text}");
}

#[test]
fn a_bff_sends_what_is_listed_and_the_fixed_fields_are_set() {
    let shape = Shape::new(&config::Shape {
        headers: vec![(
            HeaderName::from_static("x-tenant"),
            HeaderValue::from_static("t1"),
        )],
        send_headers: names(&["accept", "x-tenant"]),
        ..settings()
    });
    let mut sent = headers(&[
        ("accept", "a"),
        ("x-debug", "1"),
        ("x-debug", "2"),
        ("accept", "b"),
        ("x-tenant", "evil"),
        ("x-tenant", "evil too"),
    ]);
    shape.send(&mut sent);
    assert_eq!(
        sent,
        headers(&[("accept", "a"), ("accept", "b"), ("x-tenant", "t1")])
    );
}

#[test]
fn a_bff_sees_what_is_listed_and_the_content_type() {
    let shape = Shape::new(&config::Shape {
        receive_headers: names(&["etag"]),
        ..settings()
    });
    let answer = headers(&[
        ("set-cookie", "a=b"),
        ("content-type", "text/plain"),
        ("x-b", "c=d"),
        ("etag", "\"1\""),
    ]);
    assert_eq!(received(&shape, &answer), ["content-type", "etag"]);
}

/// The names of the fields that a BFF sees.
fn received<'a>(shape: &Shape, answer: &'a HeaderMap) -> Vec<&'a str> {
    let seen = answer
        .iter()
        .filter(|(name, value)| shape.receives(name, value));
    seen.map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_bff_sees_neither_credentials_nor_addresses_inside_unless_they_are_listed() {
    let answer = headers(&[
        ("set-cookie", "session=1"),
        ("www-authenticate", "Bearer realm=\"inside\""),
        ("authentication-info", "nextnonce=1"),
        ("proxy-authenticate", "Basic"),
        ("keep-alive", "timeout=5"),
        ("location", "https://activity.example.com/users/7"),
        ("content-location", "/users/7"),
        ("link", "<http://10.0.0.1/a>; rel=next"),
        ("alt-svc", "h2=\":443\""),
        ("etag", "\"1\""),
    ]);
    let mut settings = config::Downstream::with_defaults("activity");
    settings.endpoints[0].host = "activity.example.com".to_owned();
    let shape = Shape::of(&settings);
    assert_eq!(received(&shape, &answer), ["content-location", "etag"]);

    settings.shape.receive_headers = names(&[
        "set-cookie",
        "www-authenticate",
        "location",
        "link",
        "keep-alive",
    ]);
    let shape = Shape::of(&settings);
    assert_eq!(
        received(&shape, &answer),
        ["set-cookie", "www-authenticate", "location", "link"]
    );
}

#[test]
fn what_is_not_configured_changes_nothing() {
    let shape = Shape::new(&settings());
    let before = headers(&[("x-a", "1"), ("x-a", "2"), ("location", "/b")]);
    let mut after = before.clone();
    shape.send(&mut after);
    assert_eq!(after, before);
    assert_eq!(received(&shape, &before).len(), 3);
    let mut target = "/a?b=c".to_owned();
    shape.push_query(&mut target);
    assert_eq!(target, "/a?b=c");
}

#[test]
fn the_fixed_query_follows_that_of_the_bff_and_is_encoded() {
    let shape = Shape::new(&config::Shape {
        query: vec![("a b".into(), "c&d=é?".into()), ("v".into(), "2".into())],
        ..settings()
    });
    for (target, expected) in [
        ("/x", "/x?a%20b=c%26d%3D%C3%A9%3F&v=2"),
        ("/x?y=z", "/x?y=z&a%20b=c%26d%3D%C3%A9%3F&v=2"),
    ] {
        let mut target = target.to_owned();
        shape.push_query(&mut target);
        assert_eq!(target, expected);
    }
    assert!(shape.sets_parameter("A b") && shape.sets_parameter("v"));
    assert!(!shape.sets_parameter("a%20b"));
}

/// The obvious way: both sides cut into lists, and the lists compared from the front.
fn model(segments: &[Segment], path: &[String]) -> bool {
    match (segments, path) {
        ([Segment::Rest], _) | ([], []) => true,
        ([Segment::Text(text), segments @ ..], [first, path @ ..]) => {
            text == first && model(segments, path)
        }
        ([Segment::One, segments @ ..], [first, path @ ..]) => {
            !first.is_empty() && model(segments, path)
        }
        _ => false,
    }
}

fn segments() -> impl Strategy<Value = Vec<Segment>> {
    let one = prop_oneof![
        3 => "[ab]{1,2}".prop_map(Segment::Text),
        1 => Just(Segment::One),
    ];
    (prop::collection::vec(one, 0..4), any::<bool>()).prop_map(|(mut segments, rest)| {
        if rest {
            segments.push(Segment::Rest);
        }
        segments
    })
}

proptest! {
    #[test]
    fn patterns_match_as_lists_of_segments_do(
        segments in segments(),
        path in prop::collection::vec("[ab]{0,2}", 0..5),
    ) {
        // A path of one empty segment and one of none are both written "/".
        prop_assume!(path != [""]);
        let pattern = CallPattern { method: None, segments };
        let text = format!("/{}", path.join("/"));
        prop_assert_eq!(matches(&pattern, &Method::GET, &text), model(&pattern.segments, &path));
    }

    #[test]
    fn a_path_made_from_a_pattern_matches_it(segments in segments(), fill in "[a-z%0-9]{1,4}") {
        let path: String = segments
            .iter()
            .map(|segment| match segment {
                Segment::Text(text) => format!("/{text}"),
                Segment::One => format!("/{fill}"),
                Segment::Rest => format!("/{fill}/{fill}"),
            })
            .collect();
        let path = if path.is_empty() { "/".to_owned() } else { path };
        let pattern = CallPattern { method: None, segments };
        prop_assert!(matches(&pattern, &Method::GET, &path));
    }
}
