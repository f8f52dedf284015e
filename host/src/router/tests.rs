use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::{RouteMatch, RouteTable};
use crate::config::Route;

fn route(host: Option<&str>, path: &str, headers: &[(&str, &str)]) -> Route {
    Route {
        client: "test".to_owned(),
        bff: "test".to_owned(),
        host: host.map(str::to_owned),
        path: path.to_owned(),
        headers: fields(headers),
        methods: vec![Method::GET],
    }
}

fn fields(list: &[(&str, &str)]) -> Vec<(HeaderName, HeaderValue)> {
    list.iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect()
}

fn header_map(list: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields(list) {
        map.append(name, value);
    }
    map
}

fn get<'t, 'p>(
    table: &'t RouteTable,
    host: &str,
    path: &'p str,
    headers: &[(&str, &str)],
) -> RouteMatch<'t, 'p> {
    table.find(host, path, &Method::GET, &header_map(headers))
}

#[test]
fn a_prefix_ends_on_a_segment_border() {
    let table = RouteTable::new(&[route(None, "/watch", &[]), route(None, "/a/b", &[])]);
    for (path, expected) in [
        ("/watch", Some((0, "/"))),
        ("/watch/", Some((0, "/"))),
        ("/watch/x", Some((0, "/x"))),
        ("/watch/x/y/", Some((0, "/x/y/"))),
        ("/watches", None),
        ("/watc", None),
        ("/Watch", None),
        ("/w%61tch", None),
        ("/", None),
        ("/a", None),
        ("/a/", None),
        ("/a/b", Some((1, "/"))),
        ("/a/b/c", Some((1, "/c"))),
        ("/a/bc", None),
        ("/x/watch", None),
    ] {
        let expected = expected.map_or(RouteMatch::NotFound, |(index, rest)| RouteMatch::Route {
            index,
            rest,
        });
        assert_eq!(get(&table, "any", path, &[]), expected, "{path}");
    }
}

#[test]
fn the_root_takes_every_path_whole() {
    let table = RouteTable::new(&[route(None, "/", &[])]);
    for path in ["/", "/a", "/a/", "/a/b%20c"] {
        let expected = RouteMatch::Route {
            index: 0,
            rest: path,
        };
        assert_eq!(get(&table, "", path, &[]), expected);
    }
}

#[test]
fn a_host_wins_over_a_longer_prefix_and_that_over_more_headers() {
    let table = RouteTable::new(&[
        route(None, "/a/b", &[("x-client", "watch"), ("x-size", "s")]),
        route(None, "/a/b/c", &[]),
        route(Some("h"), "/", &[]),
        route(Some("h"), "/a", &[("x-client", "watch")]),
        route(Some("h"), "/a", &[]),
    ]);
    let watch = [("x-client", "watch"), ("x-size", "s")];
    let index = |host, path, headers| match get(&table, host, path, headers) {
        RouteMatch::Route { index, .. } => index,
        other => panic!("{host} {path}: {other:?}"),
    };
    assert_eq!(index("h", "/a/b/c", &watch), 3);
    assert_eq!(index("h", "/a/b/c", &[]), 4);
    assert_eq!(index("h", "/x", &watch), 2);
    assert_eq!(index("other", "/a/b/c", &watch), 1);
    assert_eq!(index("other", "/a/b", &watch), 0);
}

#[test]
fn headers_that_do_not_match_lead_to_a_shorter_prefix_then_to_a_route_without_a_host() {
    let table = RouteTable::new(&[
        route(Some("h"), "/api/v1", &[("x-client", "watch")]),
        route(Some("h"), "/api", &[("x-client", "dashboard")]),
        route(None, "/api/v1", &[("x-client", "partner")]),
        route(None, "/api", &[]),
    ]);
    for (client, index, rest) in [
        ("watch", 0, "/x"),
        ("dashboard", 1, "/v1/x"),
        ("partner", 2, "/x"),
        ("Watch", 3, "/v1/x"),
        ("", 3, "/v1/x"),
    ] {
        let found = get(&table, "h", "/api/v1/x", &[("x-client", client)]);
        assert_eq!(found, RouteMatch::Route { index, rest }, "{client}");
    }
    // Any of several fields of the name will do, and of two matching routes the first of the file
    // is taken.
    let table = RouteTable::new(&[
        route(None, "/", &[("x-client", "a")]),
        route(None, "/", &[("x-client", "b")]),
    ]);
    let both = [("x-client", "b"), ("x-client", "a")];
    assert_eq!(
        get(&table, "", "/", &both),
        RouteMatch::Route {
            index: 0,
            rest: "/"
        }
    );
    assert_eq!(
        get(&table, "", "/", &both[..1]),
        RouteMatch::Route {
            index: 1,
            rest: "/"
        }
    );
    assert_eq!(get(&table, "", "/", &[]), RouteMatch::NotFound);
}

#[test]
fn the_method_is_looked_at_when_the_route_is_chosen() {
    let mut routes = [
        route(None, "/", &[]),
        route(None, "/read", &[]),
        route(None, "/write", &[]),
        route(None, "/all", &[]),
    ];
    routes[0].methods = vec![Method::DELETE];
    routes[2].methods = vec![Method::PUT, Method::POST];
    routes[3].methods = vec![Method::OPTIONS, Method::HEAD];
    let table = RouteTable::new(&routes);
    let find = |path, method: &Method| match table.find("", path, method, &HeaderMap::new()) {
        RouteMatch::Route { index, .. } => format!("route {index}"),
        RouteMatch::Options { allow } => format!("options {}", allow.to_str().unwrap()),
        RouteMatch::MethodNotAllowed { allow } => format!("405 {}", allow.to_str().unwrap()),
        RouteMatch::NotFound => "404".to_owned(),
        RouteMatch::Misdirected => "421".to_owned(),
    };
    assert_eq!(find("/read", &Method::GET), "route 1");
    assert_eq!(find("/read", &Method::HEAD), "route 1");
    assert_eq!(
        find("/read", &Method::OPTIONS),
        "options GET, HEAD, OPTIONS"
    );
    // The root would serve DELETE, but the longer prefix was chosen without a look at the method.
    assert_eq!(find("/read", &Method::DELETE), "405 GET, HEAD, OPTIONS");
    assert_eq!(find("/write", &Method::GET), "405 POST, PUT, OPTIONS");
    assert_eq!(find("/write", &Method::HEAD), "405 POST, PUT, OPTIONS");
    assert_eq!(find("/all", &Method::OPTIONS), "route 3");
    assert_eq!(find("/all", &Method::HEAD), "route 3");
    assert_eq!(find("/all", &Method::GET), "405 HEAD, OPTIONS");
    assert_eq!(
        find("*", &Method::OPTIONS),
        "options GET, HEAD, POST, PUT, DELETE, OPTIONS"
    );
}

#[test]
fn a_host_that_no_route_names_is_misdirected_only_when_all_name_one() {
    let only_named = [route(Some("a"), "/x", &[]), route(Some("b"), "/", &[])];
    let table = RouteTable::new(&only_named);
    assert_eq!(get(&table, "c", "/x", &[]), RouteMatch::Misdirected);
    assert_eq!(get(&table, "", "/x", &[]), RouteMatch::Misdirected);
    assert_eq!(get(&table, "a", "/y", &[]), RouteMatch::NotFound);
    let options = table.find("c", "*", &Method::OPTIONS, &HeaderMap::new());
    assert_eq!(options, RouteMatch::Misdirected);

    let table = RouteTable::new(&[route(Some("a"), "/x", &[]), route(None, "/z", &[])]);
    assert_eq!(get(&table, "c", "/x", &[]), RouteMatch::NotFound);
    assert_eq!(
        get(&RouteTable::new(&[]), "c", "/x", &[]),
        RouteMatch::NotFound
    );
}

#[test]
fn each_of_a_thousand_routes_is_found() {
    let routes: Vec<Route> = (0..1000)
        .map(|n| {
            let host = (n % 10 != 0).then(|| format!("h{}", n % 10));
            route(host.as_deref(), &format!("/team-{}/app-{n}", n % 7), &[])
        })
        .collect();
    let table = RouteTable::new(&routes);
    for (index, route) in routes.iter().enumerate() {
        let host = route.host.as_deref().unwrap_or("elsewhere");
        let path = format!("{}/days/1", route.path);
        let found = get(&table, host, &path, &[]);
        assert_eq!(
            found,
            RouteMatch::Route {
                index,
                rest: "/days/1"
            }
        );
        let near = format!("{}x", route.path);
        assert_eq!(get(&table, host, &near, &[]), RouteMatch::NotFound);
    }
}

/// The rule of the module, literally, over all routes.
fn naive<'p>(
    routes: &[Route],
    host: &str,
    path: &'p str,
    headers: &HeaderMap,
) -> Option<(usize, &'p str)> {
    let below = |prefix: &str| match path.strip_prefix(prefix) {
        _ if prefix == "/" => Some(path),
        Some("") => Some("/"),
        Some(rest) if rest.starts_with('/') => Some(rest),
        _ => None,
    };
    routes
        .iter()
        .enumerate()
        .filter(|(_, route)| route.host.as_deref().is_none_or(|named| named == host))
        .filter(|(_, route)| {
            let mut wanted = route.headers.iter();
            wanted.all(|(name, value)| headers.get_all(name).iter().any(|sent| sent == value))
        })
        .filter_map(|(index, route)| Some((index, route, below(&route.path)?)))
        .max_by_key(|(index, route, _)| {
            let first_of_file = std::cmp::Reverse(*index);
            (
                route.host.is_some(),
                route.path.len(),
                route.headers.len(),
                first_of_file,
            )
        })
        .map(|(index, _, rest)| (index, rest))
}

#[test]
fn the_table_agrees_with_the_rule_on_generated_routes() {
    let mut state = 1_u64;
    let mut pick = move |below: usize| {
        // Knuth's linear congruential generator: the same cases in every run.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let (mut matched, mut missed) = (0, 0);
    for case in 0..400 {
        let mut routes: Vec<Route> = Vec::new();
        for _ in 0..pick(12) {
            let host = [None, Some("a"), Some("b")][pick(3)];
            let path = generated_path(&mut pick, 3, false);
            let headers: Vec<_> = [("x-a", "1"), ("x-a", "2"), ("x-b", "1")]
                .into_iter()
                .filter(|_| pick(3) == 0)
                .collect();
            let new = route(host, &path, &headers);
            if !routes.contains(&new) {
                routes.push(new);
            }
        }
        let table = RouteTable::new(&routes);
        for _ in 0..100 {
            let host = ["", "a", "b", "c"][pick(4)];
            let path = generated_path(&mut pick, 6, true);
            let headers: Vec<_> = [("x-a", "1"), ("x-a", "2"), ("x-b", "1"), ("x-b", "3")]
                .into_iter()
                .filter(|_| pick(2) == 0)
                .collect();
            let headers = header_map(&headers);
            let found = match table.find(host, &path, &Method::GET, &headers) {
                RouteMatch::Route { index, rest } => Some((index, rest)),
                RouteMatch::NotFound | RouteMatch::Misdirected => None,
                other => panic!("case {case}: {other:?}"),
            };
            let expected = naive(&routes, host, &path, &headers);
            assert_eq!(
                found, expected,
                "case {case}: {host:?} {path} {headers:?} in {routes:#?}"
            );
            if found.is_some() {
                matched += 1
            } else {
                missed += 1
            }
        }
    }
    assert!(
        matched > 5_000 && missed > 5_000,
        "one-sided cases: {matched} and {missed}"
    );
}

fn generated_path(pick: &mut impl FnMut(usize) -> usize, deepest: usize, request: bool) -> String {
    let mut path = String::new();
    for _ in 0..pick(deepest + 1) {
        path.push('/');
        path.push_str(["a", "b", "ab", "a.b"][pick(4)]);
    }
    if path.is_empty() || (request && pick(4) == 0) {
        path.push('/');
    }
    path
}

#[test]
fn among_some_routes_the_longest_path_wins_whatever_the_host() {
    let table = RouteTable::new(&[
        route(None, "/", &[]),
        route(Some("a.test"), "/watch", &[]),
        route(Some("b.test"), "/watch", &[("x-kind", "watch")]),
        route(Some("b.test"), "/watch/days", &[]),
        route(None, "/watch/days/x", &[]),
    ]);
    let find = |path: &'static str, headers: &[(&str, &str)], among: &[usize]| {
        let headers = header_map(headers);
        match table.find_among(path, &Method::GET, &headers, |it| among.contains(&it)) {
            RouteMatch::Route { index, rest } => Some((index, rest)),
            _ => None,
        }
    };
    assert_eq!(find("/watch/x", &[], &[1, 2, 3]), Some((1, "/x")));
    let headers = [("x-kind", "watch")];
    assert_eq!(find("/watch/x", &headers, &[1, 2, 3]), Some((2, "/x")));
    // A field that a client of the preview does not send is no reason to find nothing.
    assert_eq!(find("/watch/x", &[], &[2]), Some((2, "/x")));
    assert_eq!(find("/watch/days/x", &[], &[1, 2, 3]), Some((3, "/x")));
    assert_eq!(find("/watch/days/x", &[], &[0]), Some((0, "/watch/days/x")));
    assert_eq!(find("/else", &[], &[1, 2, 3]), None);
    // Of two with one path, the one that serves the method.
    let mut writes = route(Some("c.test"), "/watch", &[]);
    writes.methods = vec![Method::POST];
    let both = RouteTable::new(&[route(None, "/watch", &[]), writes]);
    let written = both.find_among("/watch", &Method::POST, &HeaderMap::new(), |_| true);
    assert!(matches!(written, RouteMatch::Route { index: 1, .. }));
    let refused = table.find_among("/watch", &Method::POST, &HeaderMap::new(), |it| it == 1);
    assert!(matches!(refused, RouteMatch::MethodNotAllowed { .. }));
    assert_eq!(find("/watch", &[], &[]), None);
}
