use super::*;

fn pattern(text: &str) -> CallPattern {
    let (method, path) = text.split_once(' ').unwrap();
    let segment = |text: &str| match text {
        "*" => Segment::One,
        "**" => Segment::Rest,
        text => Segment::Text(text.to_owned()),
    };
    CallPattern {
        method: (method != "*").then(|| method.parse().unwrap()),
        segments: path.split('/').skip(1).map(segment).collect(),
    }
}

#[test]
fn a_pattern_is_shown_as_it_is_written() {
    for text in ["GET /users/*/days/**", "* /**", "POST /"] {
        assert_eq!(pattern(text).to_string(), text);
    }
}

#[test]
fn a_pattern_covers_what_is_narrower() {
    for (wide, narrow, covers) in [
        ("GET /a", "GET /a", true),
        ("GET /a", "HEAD /a", true),
        ("HEAD /a", "GET /a", false),
        ("* /a", "POST /a", true),
        ("POST /a", "* /a", false),
        ("* /**", "GET /", true),
        ("* /**", "* /**", true),
        ("* /a/**", "GET /a", true),
        ("* /a/**", "GET /a/*/b", true),
        ("* /a/**", "GET /b/a", false),
        ("GET /a/*", "GET /a/b", true),
        ("GET /a/*", "GET /a/**", false),
        ("GET /a/b", "GET /a/*", false),
        ("GET /*", "GET /", false),
        ("GET /a/*", "GET /a", false),
        ("GET /a", "GET /a/b", false),
    ] {
        assert_eq!(
            pattern(wide).covers(&pattern(narrow)),
            covers,
            "{wide} {narrow}"
        );
    }
}

#[test]
fn a_method_fits_itself_and_get_fits_head() {
    for (text, fits) in [
        ("GET /**", vec![Method::GET, Method::HEAD]),
        ("HEAD /**", vec![Method::HEAD]),
        ("POST /**", vec![Method::POST]),
        (
            "* /**",
            vec![Method::GET, Method::HEAD, Method::POST, Method::DELETE],
        ),
    ] {
        let all = [Method::GET, Method::HEAD, Method::POST, Method::DELETE];
        let fitting: Vec<_> = all
            .into_iter()
            .filter(|it| pattern(text).fits_method(it))
            .collect();
        assert_eq!(fitting, fits, "{text}");
    }
}
