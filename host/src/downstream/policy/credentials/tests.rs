//! What all credentials have in common: they are sent as configured, and never shown.

use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Response};
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::config::{ClientAuthentication, OAuth2, Secret};

const SECRET: &str = "hunter2-is-the-secret";

/// A token endpoint that gives the same answer at once.
pub(super) fn answering(status: u16, content_type: &'static str, body: &'static str) -> Fetch {
    Arc::new(move |_| {
        let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
        *answer.status_mut() = status.try_into().unwrap();
        let content_type = HeaderValue::from_static(content_type);
        answer.headers_mut().insert("content-type", content_type);
        async { Ok(answer) }.boxed()
    })
}

fn unreachable() -> Fetch {
    Arc::new(|_| async { Err("connect timed out".to_owned()) }.boxed())
}

pub(super) fn variable(name: &str) -> Option<String> {
    (name == "SECRET").then(|| SECRET.to_owned())
}

pub(super) fn bearer(secret: Secret) -> config::Credentials {
    config::Credentials::Header {
        name: AUTHORIZATION,
        prefix: "Bearer ",
        secret,
    }
}

pub(super) fn oauth2() -> config::Credentials {
    config::Credentials::OAuth2(oauth2_settings())
}

pub(super) fn oauth2_settings() -> OAuth2 {
    OAuth2 {
        token_url: "https://login.example/token".to_owned(),
        client_id: "tailor host".to_owned(),
        client_secret: Secret::Env("SECRET".to_owned()),
        authentication: ClientAuthentication::Basic,
        scopes: vec!["read".to_owned(), "write".to_owned()],
        audience: None,
        parameters: Vec::new(),
        timeout: Duration::from_secs(10),
        ca_file: None,
    }
}

pub(super) fn credentials(settings: &config::Credentials, fetch: Fetch) -> Arc<Credentials> {
    Credentials::new("activity", settings, variable, fetch).unwrap()
}

/// The field that a call would send.
pub(super) async fn sent(
    credentials: &Credentials,
) -> Result<(String, UsedCredentials), CredentialsError> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_static("of the guest"));
    let used = credentials.apply(&mut headers).await?;
    assert_eq!(headers.get_all(AUTHORIZATION).iter().count(), 1);
    let value = &headers[AUTHORIZATION];
    assert!(value.is_sensitive());
    Ok((value.to_str().unwrap().to_owned(), used))
}

#[tokio::test]
async fn a_variable_is_sent_with_its_prefix_and_no_refusal_changes_it() {
    let credentials = credentials(&bearer(Secret::Env("SECRET".to_owned())), unreachable());
    let (value, used) = sent(&credentials).await.unwrap();
    assert_eq!(value, format!("Bearer {SECRET}"));
    assert!(!credentials.refused(used).await);
}

#[test]
fn what_can_not_be_sent_is_refused_before_the_first_call() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        Secret::File(path)
    };
    let large = vec![b'x'; 17 << 10];
    for (secret, ending) in [
        (Secret::Env("NONE".to_owned()), "not set, or not text"),
        (write("empty", b""), "/empty\": empty"),
        (write("line", b"\r\n"), "/line\": empty"),
        (write("two", b"a\nb\n"), "non-ASCII character"),
        (write("latin", b"\xe9"), "non-ASCII character"),
        (write("large", &large), "larger than 16 KiB"),
        (Secret::File(dir.path().join("none")), "(os error 2)"),
    ] {
        let error = Credentials::new("a", &bearer(secret), variable, unreachable()).unwrap_err();
        assert!(error.to_string().ends_with(ending), "{error}");
    }
    let settings = config::Credentials::OAuth2(OAuth2 {
        token_url: "/token".to_owned(),
        ..oauth2_settings()
    });
    let error = Credentials::new("a", &settings, variable, unreachable()).unwrap_err();
    assert_eq!(error, CredentialsError::TokenUrl);
}

#[tokio::test]
async fn errors_tell_what_is_wrong_without_the_words_of_the_token_endpoint() {
    const JSON: &str = "application/json";
    for (status, content_type, body, expected) in [
        (
            401,
            JSON,
            r#"{"error":"invalid_client","error_description":"WORDS"}"#,
            "token endpoint: refused with invalid_client",
        ),
        (
            400,
            JSON,
            r#"{"error":"WORDS"}"#,
            "token endpoint: refused with an error of its own",
        ),
        (
            503,
            "text/html",
            "WORDS",
            "token endpoint: answered with status 503",
        ),
        (401, JSON, "", "token endpoint: answered with status 401"),
        (
            200,
            JSON,
            r#"{"access_token":"WORDS""#,
            "token endpoint: the answer holds no bearer token",
        ),
        (
            200,
            "text/html",
            "WORDS",
            "token endpoint: the answer holds no bearer token",
        ),
        (
            200,
            JSON,
            r#"{"access_token":"WORDS","token_type":"mac"}"#,
            "token endpoint: the answer holds no bearer token",
        ),
        (
            200,
            JSON,
            r#"{"access_token":"","token_type":"bearer"}"#,
            "token endpoint: the answer holds no bearer token",
        ),
        (
            200,
            JSON,
            r#"{"access_token":"WORDS\nx: y","token_type":"bearer"}"#,
            "token endpoint: the answer holds no bearer token",
        ),
    ] {
        let credentials = credentials(&oauth2(), answering(status, content_type, body));
        let error = sent(&credentials).await.unwrap_err();
        assert_eq!(error.to_string(), expected, "{body}");
        assert!(!format!("{error:?}").contains("WORDS"), "{error:?}");
    }
    let credentials = credentials(&oauth2(), unreachable());
    let error = sent(&credentials).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "token endpoint: no answer: connect timed out"
    );
}

/// All log lines, of all crates and levels.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Records the log lines of the test's thread, for as long as the result lives.
    ///
    /// That holds a second subscriber: were there only one, `tracing` would ask the thread that
    /// comes to a place in the code first whether anybody wants its lines, and the thread of
    /// another test would say no for all.
    pub(super) fn begin(&self) -> (DefaultGuard, Dispatch) {
        let second = Dispatch::new(NoSubscriber::new());
        let all = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(self.clone());
        (tracing::subscriber::set_default(all.finish()), second)
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Neither the secret in any of the forms in which it is sent, nor the token.
fn assert_hides(text: &str) {
    for hidden in [
        SECRET,
        "aHVudGVyMi1pcy10aGUtc2VjcmV0",
        "h1dGVyMi1pcy10",
        "given-token",
    ] {
        assert!(!text.contains(hidden), "{hidden} is in {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_and_tokens_are_shown_nowhere() {
    let log = Log::default();
    let _guard = log.begin();
    let dir = tempfile::tempdir().unwrap();
    let path: &Path = &dir.path().join("secret");
    std::fs::write(path, SECRET).unwrap();
    let given = r#"{"access_token":"given-token","token_type":"bearer","expires_in":60}"#;
    let ok = answering(200, "application/json", given);
    // A token endpoint that repeats what it was sent.
    let repeats: Fetch = Arc::new(|request| {
        let body = format!(
            "{:?} {:?}",
            request.headers()[AUTHORIZATION].as_bytes(),
            request.body()
        );
        async move { Ok(Response::builder().status(400).body(body.into()).unwrap()) }.boxed()
    });
    for (settings, fetch) in [
        (bearer(Secret::File(path.to_owned())), unreachable()),
        (bearer(Secret::Env("SECRET".to_owned())), unreachable()),
        (oauth2(), ok),
        (oauth2(), repeats),
        (oauth2(), unreachable()),
    ] {
        let credentials = credentials(&settings, fetch);
        for round in 0..3 {
            let mut headers = HeaderMap::new();
            match credentials.apply(&mut headers).await {
                Ok(used) => {
                    credentials.refused(used).await;
                    assert_hides(&format!("{used:?}"));
                }
                Err(error) => assert_hides(&format!("{error:?} {error}")),
            }
            assert_hides(&format!(
                "{headers:?} {credentials:?} {credentials:#?} {settings:?}"
            ));
            // The file vanishes, the token grows old.
            if round == 0 && path.exists() {
                std::fs::remove_file(path).unwrap();
            }
            tokio::time::advance(std::time::Duration::from_secs(55)).await;
        }
    }
    assert!(log.text().contains("no token: "), "{}", log.text());
    assert_hides(&log.text());
}

#[tokio::test]
async fn a_token_is_asked_for_as_the_operator_says() {
    let asked: Arc<Mutex<Option<http::Request<Bytes>>>> = Arc::default();
    let seen = asked.clone();
    let fetch: Fetch = Arc::new(move |request| {
        *seen.lock().unwrap() = Some(request);
        let body = r#"{"access_token":"t","token_type":"bearer"}"#;
        async move { Ok(Response::new(Bytes::from_static(body.as_bytes()))) }.boxed()
    });
    let settings = config::Credentials::OAuth2(OAuth2 {
        authentication: ClientAuthentication::Post,
        audience: Some("https://activity.example".to_owned()),
        parameters: vec![("resource".to_owned(), "urn:a b".to_owned())],
        ..oauth2_settings()
    });
    assert_eq!(
        sent(&credentials(&settings, fetch)).await.unwrap().0,
        "Bearer t"
    );
    let request = asked.lock().unwrap().take().unwrap();
    assert!(!request.headers().contains_key(AUTHORIZATION));
    let body = String::from_utf8(request.into_body().to_vec()).unwrap();
    let mut pairs: Vec<&str> = body.split('&').collect();
    pairs.sort_unstable();
    let secret = format!("client_secret={SECRET}");
    assert_eq!(
        pairs,
        [
            "audience=https%3A%2F%2Factivity.example",
            "client_id=tailor+host",
            &secret,
            "grant_type=client_credentials",
            "resource=urn%3Aa+b",
            "scope=read+write",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_log_is_told_of_failures_once_a_minute_and_what_to_do() {
    let log = Log::default();
    let _guard = log.begin();
    let refused = r#"{"error":"invalid_client"}"#;
    let credentials = credentials(&oauth2(), answering(401, "application/json", refused));
    let lines = || log.text().matches("no token: ").count();
    for seconds in 0..150 {
        assert!(sent(&credentials).await.is_err());
        assert!(lines() <= 1 + seconds / 60, "{}", log.text());
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    // Not each second: after a failure the endpoint is asked again with growing waits.
    assert!((2..=3).contains(&lines()), "{}", log.text());
    let way_out = "check client-id, the client secret and client-authentication";
    assert!(log.text().contains(way_out), "{}", log.text());
}
