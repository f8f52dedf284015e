use super::*;

fn name(text: &str) -> HeaderName {
    HeaderName::from_bytes(text.as_bytes()).unwrap()
}

fn fields(list: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (field, value) in list {
        map.append(name(field), HeaderValue::from_str(value).unwrap());
    }
    map
}

fn shown(headers: &HeaderMap) -> Vec<(&str, &str)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect()
}

#[test]
fn each_field_is_somebodys_business() {
    for (class, names) in [
        (
            Class::Connection,
            "connection keep-alive te trailer transfer-encoding upgrade http2-settings proxy-connection \
             proxy-authenticate proxy-authorization proxy-authentication-info",
        ),
        (
            Class::Host,
            "host content-length expect forwarded traceparent tracestate x-real-ip x-request-id \
             x-forwarded-for x-forwarded-anything tailor-time-left-ms proxy-status",
        ),
        (
            Class::Credential,
            "authorization cookie cookie2 set-cookie set-cookie2 www-authenticate authentication-info",
        ),
        (
            Class::Free,
            "accept content-type x-tenant x-original-url date server via proxyish x_tenant",
        ),
    ] {
        for text in names.split_whitespace() {
            assert_eq!(super::class(&name(text)), class, "{text}");
            // As CGI and its like read it.
            let under = text.replace('-', "_");
            assert_eq!(super::class(&name(&under)), class, "{under}");
        }
    }
}

#[test]
fn what_services_take_on_trust_is_known_with_its_relatives() {
    let trusted = "x-original-url x-original-host x-rewrite-url x-http-method-override x-http-method \
        x-method-override x-envoy-retry-on x-envoy-upstream-rq-timeout-ms l5d-dst-override \
        l5d-client-id true-client-ip x-true-client-ip x-amzn-oidc-data x-amzn-oidc-identity \
        cf-connecting-ip cf-ipcountry cf-access-jwt-assertion x-client-ip client-ip \
        x-cluster-client-ip cluster-client-ip fastly-client-ip fly-client-ip x-azure-clientip \
        x-appengine-user-ip wl-proxy-client-ip x-remote-user x-remote-addr remote-user \
        x-auth-request-email x-goog-authenticated-user-email x-ms-client-principal-id \
        impersonate-user ssl-client-verify x-ssl-client-cert client-cert x-consumer-id b3 x-b3-traceid \
        baggage uber-trace-id x-datadog-trace-id x-cloud-trace-context proxy x-host \
        x-waws-unencoded-url x-middleware-subrequest x-url-scheme via";
    for text in trusted.split_whitespace() {
        assert!(is_taken_on_trust(&name(text)), "{text}");
        assert!(is_taken_on_trust(&name(&text.replace('-', "_"))), "{text}");
    }
    for text in "x_tenant transfer_encoding x_forwarded_for x.tenant x~y".split_whitespace() {
        assert!(is_taken_on_trust(&name(text)), "{text}");
    }
    let free = "accept accept-language content-type if-none-match if-match range x-tenant \
        x-api-version x-correlation-id idempotency-key prefer origin referer user-agent cache-control \
        x-amz-meta-a x-goog-meta-a b30 clients x-originals";
    for text in free.split_whitespace() {
        assert!(!is_taken_on_trust(&name(text)), "{text}");
    }
}

#[test]
fn the_names_can_be_searched() {
    assert!(trust::NAMES.is_sorted());
}

#[test]
fn what_connection_names_goes_with_it() {
    let mut headers = fields(&[
        ("accept", "a"),
        ("connection", "x-hop, Keep-Alive , ,absent"),
        ("x-hop", "1"),
        ("accept", "b"),
        ("connection", "x-also"),
        ("x-also", "1"),
        ("transfer-encoding", "chunked"),
        ("x-b", "c"),
    ]);
    assert_eq!(named_in_connection(&headers), ["x-hop", "x-also"]);
    strip_connection(&mut headers);
    assert_eq!(
        shown(&headers),
        [("accept", "a"), ("accept", "b"), ("x-b", "c")]
    );
}

#[test]
fn cookies_are_one_line() {
    let mut several = fields(&[("cookie", "a=1"), ("x", "y"), ("cookie", "b=2; c=3")]);
    several.append(header::COOKIE, HeaderValue::from_bytes(b"d=\xe9").unwrap());
    join_cookies(&mut several);
    let lines: Vec<_> = several.get_all(header::COOKIE).iter().collect();
    assert_eq!(lines, [&b"a=1; b=2; c=3; d=\xe9"[..]]);
    for same in [fields(&[("cookie", "a=1")]), fields(&[("x", "y")])] {
        let mut joined = same.clone();
        join_cookies(&mut joined);
        assert_eq!(joined, same);
    }
}

#[test]
fn an_address_inside_is_told_from_one_for_all() {
    let own = ["activity.example.com", "2001:db8::1"];
    let inside = |field: &str, value: &str| {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        points_inside(&name(field), &value, own.iter().copied())
    };
    for value in [
        "http://activity.example.com/users/7",
        "https://Activity.Example.COM:8443/users/7",
        "//activity.example.com/x",
        "http://user@activity.example.com/",
        "http://activity.example.com./",
        "http://[2001:db8::1]:80/x",
        "http://activity/x",
        "http://localhost:9101/x",
        "http://activity.default.svc.cluster.local/x",
        "http://heart.internal",
        "http://10.1.2.3/",
        "http://192.168.0.1:80/",
        "http://172.16.9.9/",
        "http://169.254.169.254/latest",
        "http://127.0.0.1:9101/users/7",
        "http://127.1/",
        "http://0x7f.0.0.1/",
        "http://100.64.0.1/",
        "http://[::1]/",
        "http://[fd00::1]/",
        "http://[fe80::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http:///x",
        "unix:/run/users.sock",
        "UNIX:/run/users.sock:/x",
        "http://unix:/run/users.sock:/x",
        "http+unix://%2Frun%2Fusers.sock/x",
        "https://login.example.org/?next=https://heart.internal/x",
    ] {
        assert!(inside("location", value), "{value}");
        assert!(inside("content-location", value), "{value}");
        assert!(inside(
            "link",
            &format!("<https://a.org/>, <{value}>; rel=next")
        ));
        assert!(inside("refresh", &format!("5; url={value}")), "{value}");
        assert!(!inside("x-url", value), "{value}");
    }
    for value in [
        "/users/7",
        "users/7?x=1",
        "../7",
        "/a//b",
        "?page=2",
        "",
        "https://www.example.com/",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "//cdn.example.org/x",
        "urn:uuid:1",
        "/wiki/munix:7",
    ] {
        assert!(!inside("location", value), "{value}");
    }
    assert!(inside("alt-svc", "h2=\"heart.internal:443\""));
    assert!(points_inside(
        &header::LOCATION,
        &HeaderValue::from_bytes(b"/\xff").unwrap(),
        own.iter().copied()
    ));
}
