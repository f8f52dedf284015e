use super::*;

#[test]
fn a_path_that_everybody_reads_alike_is_taken() {
    for good in [
        "/",
        "/a",
        "/a/",
        "/users/ada/days/2026-01-15",
        "/...",
        "/a..b/..c/.d/d.",
        "/a%20b/%C3%A9/%ff",
        "/%20",
        "/a;v=1/b;x=%20;y",
        "/a;..",
        "/a;x=../b",
        "/a%3Bb",
        "/a%252Fb/%252e%252e",
        "/a@b:c,d+e!$&'()*~",
        "/a|b[1]",
        "/a%3Fb%23c",
        // Latin-1, which is not an overlong encoding.
        "/%C0-%E9",
        "/%E0%A4%A0/%F0%9F%8F%83",
    ] {
        assert_eq!(check(good), Ok(()), "{good}");
    }
}

#[test]
fn a_path_that_two_programs_may_read_in_two_ways_is_refused() {
    use Ambiguity::*;
    for (bad, why) in [
        ("", NoSlash),
        ("a", NoSlash),
        ("*", NoSlash),
        ("http://evil/", NoSlash),
        ("//", EmptySegment),
        ("//evil/a", EmptySegment),
        ("/a//b", EmptySegment),
        ("/a//", EmptySegment),
        ("/;", OnlyParameters),
        ("/a/;x=1/b", OnlyParameters),
        ("/;..", OnlyParameters),
        ("/;..;/a", OnlyParameters),
        ("/%3Bx/a", OnlyParameters),
        ("/..", DotSegment),
        ("/.", DotSegment),
        ("/a/../b", DotSegment),
        ("/a/./b", DotSegment),
        ("/a/%2e%2E/b", DotSegment),
        ("/a/.%2e", DotSegment),
        ("/a/%2e", DotSegment),
        ("/a/..;/b", DotSegment),
        ("/a/..;x=1/b", DotSegment),
        ("/a/%2e%2e;a=b/c", DotSegment),
        ("/a/%2e.%3bx/b", DotSegment),
        ("/a/.;/b", DotSegment),
        ("/a/..;%41", DotSegment),
        ("/a%2fb", EncodedSlash),
        ("/a%2Fb", EncodedSlash),
        ("/%3B%2F..%2F..%2Fadmin", EncodedSlash),
        ("/;%2f..%2f..%2fadmin", EncodedSlash),
        ("/a;x=%2f..", EncodedSlash),
        ("/a\\b", Backslash),
        ("/a;\\..\\b", Backslash),
        ("/a%5cb", Backslash),
        ("/;%5c..%5c..%5cadmin", Backslash),
        ("/a%00", EncodedControl),
        ("/a%0d%0ax", EncodedControl),
        ("/a%7F", EncodedControl),
        ("/a;%0d%0aInjected:%20y", EncodedControl),
        ("/a;%00", EncodedControl),
        ("/a;v=%09", EncodedControl),
        ("/%", Escape),
        ("/%a", Escape),
        ("/%zz/", Escape),
        ("/%+1", Escape),
        ("/%u002e", Escape),
        ("/;%zz", Escape),
        ("/a;%", Escape),
        ("/%c0%ae%c0%ae", Overlong),
        ("/a%c0%afb", Overlong),
        ("/a%C1%9Cb", Overlong),
        ("/a%e0%80%afb", Overlong),
        ("/a%f0%80%80%afb", Overlong),
        ("/a;%c0%ae", Overlong),
        ("/\u{e9}", NotEncoded),
        ("/a b", NotEncoded),
        ("/a\r\nx: y", NotEncoded),
        ("/a;\tb", NotEncoded),
        ("/a\u{7f}", NotEncoded),
        ("/a?b", QueryOrFragment),
        ("/a;b#c", QueryOrFragment),
    ] {
        assert_eq!(check(bad), Err(why), "{bad:?}");
        assert!(!why.why().is_empty());
    }
}

#[test]
fn digits_are_hexadecimal_or_refused() {
    assert_eq!(hex_pair(Some(b'4'), Some(b'a')), Some(b'J'));
    assert_eq!(hex_pair(Some(b'F'), Some(b'f')), Some(0xff));
    for (high, low) in [(Some(b'g'), Some(b'0')), (Some(b'0'), None), (None, None)] {
        assert_eq!(hex_pair(high, low), None);
    }
}
