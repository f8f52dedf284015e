//! TLS of the admin listener, and what is refused without it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use downstream_mock::scripted::{Authority, Validity};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tailor_harness::TestHost;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::api::Api;
use super::{PAGE, until};

fn write(dir: &Path, authority: &Authority, name: &str) {
    let signed = authority.sign(name, Validity::Now).unwrap();
    fs::write(dir.join("admin.pem"), signed.certificate).unwrap();
    fs::write(dir.join("admin.key"), signed.key).unwrap();
}

/// The answer to a request for `/livez`, of a listener whose certificate has this name.
async fn livez(api: &Api, authority: &Authority, name: &'static str) -> Option<String> {
    let mut roots = RootCertStore::empty();
    let pem = authority.certificate();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(api.0).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector
        .connect(ServerName::try_from(name).unwrap(), stream)
        .await
        .ok()?;
    let request = "GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text).await;
    Some(text)
}

/// A host whose admin listener other machines can reach, with a certificate of this name beside it.
async fn open_to_others(
    settings: &str,
    authority: &Authority,
    name: &str,
) -> anyhow::Result<TestHost> {
    let builder = TestHost::builder()?.config(settings).config(PAGE);
    let (path, files) = builder.write()?;
    write(files.path(), authority, name);
    let text = fs::read_to_string(&path)?;
    let text = text.replace(
        "admin.listen = \"127.0.0.1:0\"",
        "admin.listen = \"0.0.0.0:0\"",
    );
    fs::write(&path, text)?;
    TestHost::start(files).await
}

#[tokio::test]
async fn a_listener_with_a_certificate_speaks_tls_and_takes_a_new_one() {
    let authority = Authority::new().unwrap();
    let settings = "admin.tokens = true\nadmin.tls.cert-file = \"admin.pem\"\n\
                    admin.tls.key-file = \"admin.key\"\n";
    // With both, other machines may come.
    let host = open_to_others(settings, &authority, "one.example").await;
    let host = host.unwrap();
    let port = host.host().admin_address().unwrap().port();
    let api = Api(std::net::SocketAddr::from(([127, 0, 0, 1], port)));
    let answer = livez(&api, &authority, "one.example").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(livez(&api, &authority, "two.example").await.is_none());
    write(host.dir(), &authority, "two.example");
    until(async || livez(&api, &authority, "two.example").await).await;
    // Without TLS there is no answer.
    let mut plain = TcpStream::connect(api.0).await.unwrap();
    plain
        .write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut bytes = Vec::new();
    let _ = plain.read_to_end(&mut bytes).await;
    assert!(!bytes.starts_with(b"HTTP"), "{bytes:?}");
    host.stop().await;
}

#[tokio::test]
async fn a_configuration_that_lets_others_in_without_both_is_refused() {
    let authority = Authority::new().unwrap();
    for settings in [
        "",
        "admin.tokens = true\n",
        "admin.tls.cert-file = \"admin.pem\"\nadmin.tls.key-file = \"admin.key\"\n",
    ] {
        let refused = open_to_others(settings, &authority, "localhost").await;
        let refused = refused.err().unwrap();
        let text = format!("{refused:#}");
        assert!(
            text.contains("other machines can reach admin.listen"),
            "{text}"
        );
    }
}
