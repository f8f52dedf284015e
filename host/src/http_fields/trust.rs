//! Fields that programs trust because they expect a proxy in front of them to have written them. In
//! a guest's call they would change the requested resource or the apparent client.

use http::HeaderName;

use super::is_plain;

/// Whether a service may take this field on trust. A guest does not send it unless the operator
/// lists it.
///
/// A name with other characters than letters, digits and dashes is among them, whatever it says:
/// some programs read it as another field, for example as one that the operator or the host sets.
#[must_use]
pub fn is_taken_on_trust(name: &HeaderName) -> bool {
    if !is_plain(name) {
        return true;
    }
    let name = name.as_str();
    NAMES.binary_search(&name).is_ok()
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// In the order of the alphabet, for the search.
pub(super) const NAMES: [&str; 70] = [
    "b3",
    "baggage",
    "base-url",
    "client-cert",
    "client-cert-chain",
    "client-ip",
    "correlation-context",
    "dapr-app-id",
    "disguised-host",
    "elastic-apm-traceparent",
    "forwarded-for",
    "forwarded-host",
    "forwarded-proto",
    "front-end-https",
    "grpc-trace-bin",
    "http-url",
    "jaeger-baggage",
    "jaeger-debug-id",
    "newrelic",
    "proxy",
    "remote-addr",
    "remote-user",
    "request-uri",
    "sentry-trace",
    "sw8",
    "sw8-correlation",
    "sw8-x",
    "traceresponse",
    "uber-trace-id",
    "via",
    "was-default-hostname",
    "x-amzn-trace-id",
    "x-anonymous-consumer",
    "x-appservice-proto",
    "x-backend-host",
    "x-client-cert",
    "x-client-dn",
    "x-client-port",
    "x-client-trace-id",
    "x-client-verify",
    "x-cloud-trace-context",
    "x-credential-identifier",
    "x-custom-ip-authorization",
    "x-forwarded",
    "x-forwarder-for",
    "x-goog-iap-jwt-assertion",
    "x-host",
    "x-host-override",
    "x-http-destinationurl",
    "x-http-host-override",
    "x-http-method",
    "x-http-method-override",
    "x-method",
    "x-method-override",
    "x-ms-original-url",
    "x-originating-ip",
    "x-ot-span-context",
    "x-override-method",
    "x-override-url",
    "x-proto",
    "x-proxy-url",
    "x-request-uri",
    "x-scheme",
    "x-server-name",
    "x-site-deployment-id",
    "x-ssl",
    "x-uri",
    "x-url-scheme",
    "x-waws-unencoded-url",
    "x-webauth-user",
];

/// Whole families, each of one proxy, mesh, cloud or tracer.
const PREFIXES: [&str; 41] = [
    // Where a request goes.
    "x-forward-",
    "x-middleware-",
    "x-original-",
    "x-rewrite-",
    // Proxies and meshes.
    "l5d-",
    "wl-proxy-",
    "x-envoy-",
    "x-istio-",
    // Content delivery and clouds.
    "akamai-",
    "cf-",
    "cloudfront-",
    "fastly-",
    "fly-",
    "x-akamai-",
    "x-amz-cf-",
    "x-amzn-mtls-",
    "x-amzn-oidc-",
    "x-appengine-",
    "x-arr-",
    "x-azure-",
    "x-goog-authenticated-",
    "x-ms-client-principal",
    "x-ms-token-",
    "x-vercel-",
    // The apparent client.
    "impersonate-",
    "ssl-client-",
    "tls-client-",
    "x-auth-request-",
    "x-authenticated-",
    "x-consumer-",
    "x-hasura-",
    "x-remote-",
    "x-ssl-",
    "x-tls-",
    // Traces.
    "ot-baggage-",
    "ot-tracer-",
    "uberctx-",
    "x-b3-",
    "x-datadog-",
    "x-instana-",
    "x-newrelic-",
];

/// The address of a client, under the many names that it has.
const SUFFIXES: [&str; 5] = [
    "-client-ip",
    "-clientip",
    "-connecting-ip",
    "-real-ip",
    "-user-ip",
];
