//! A host behind TLS, and what is not sent without it.

use downstream_mock::scripted::{Authority, Response, ScriptedService, Signed, Validity, acceptor};

use tailor_harness::Process;

use super::super::{builder, served_by, some};
use super::{ended, file, program, tailor};
use crate::cli::run;
use crate::swap::page::page;

/// A service that answers as a host without BFFs.
fn service(identity: &Signed) -> ScriptedService {
    let acceptor = acceptor(identity, &["http/1.1"], None).unwrap();
    let builder = ScriptedService::builder().tls(acceptor);
    builder
        .start(|_| Response::json(r#"{"bffs": []}"#))
        .unwrap()
}

#[tokio::test]
async fn a_host_with_a_certificate_is_told_the_token_and_nobody_else_is() {
    let (ours, theirs) = (Authority::new().unwrap(), Authority::new().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let ca = file(dir.path(), "ca.pem", ours.certificate().as_bytes());
    let key = file(dir.path(), "key.pem", b"no certificate");
    let here = |validity| ours.sign("127.0.0.1", validity).unwrap();
    for (identity, arguments, told) in [
        (here(Validity::Now), &["--ca", &*ca][..], None),
        (here(Validity::Now), &[], Some("--ca")),
        (
            here(Validity::Now),
            &["--ca", &key],
            Some("holds no certificate"),
        ),
        (here(Validity::Past), &["--ca", &ca], Some("no TLS: ")),
        (
            ours.sign("other.example", Validity::Now).unwrap(),
            &["--ca", &ca],
            Some("no TLS: "),
        ),
        (
            theirs.sign("127.0.0.1", Validity::Now).unwrap(),
            &["--ca", &ca],
            Some("; trust a private authority with --ca"),
        ),
    ] {
        let service = service(&identity);
        let mut command = program(&service.url(), &[&["status"], arguments].concat());
        command.env("TAILOR_TOKEN", "tlr_secret");
        let said = ended(command).await;
        match told {
            None => {
                assert_eq!(said.code, 0, "{said:?}");
                let request = service.requests().remove(0);
                assert_eq!(request.header("authorization"), Some("Bearer tlr_secret"));
            }
            Some(told) => {
                assert_eq!(said.code, 1, "{told}: {said:?}");
                assert!(said.err.contains(told), "{told}: {said:?}");
                assert_eq!(service.count(), 0, "{told}");
            }
        }
        assert!(!said.err.contains("tlr_secret"), "{said:?}");
    }
}

#[tokio::test]
async fn the_wrong_scheme_is_an_error_that_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    let ca = file(dir.path(), "ca.pem", authority.certificate().as_bytes());
    let secure = service(&authority.sign("127.0.0.1", Validity::Now).unwrap());
    let said = tailor(&secure.url().replace("https", "http"), &["status"]).await;
    assert!(
        said.code == 1 && said.err.contains(&secure.address().to_string()),
        "{said:?}"
    );
    let plain = super::stub::stub(|_| "HTTP/1.1 400 Bad Request\r\n\r\n".to_owned()).await;
    let said = tailor(&format!("https://{plain}"), &["status", "--ca", &ca]).await;
    assert!(
        said.code == 1 && said.err.contains(&plain.to_string()),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_team_ships_its_own_bff_over_tls_and_no_other() {
    let authority = Authority::new().unwrap();
    let signed = authority.sign("127.0.0.1", Validity::Now).unwrap();
    let other = "[bff.other]\nreleases = true\n[[route]]\nbff = \"other\"\npath = \"/other\"\n";
    let guarded = "admin.tokens = true\nadmin.tls.cert-file = \"admin.pem\"\n\
                   admin.tls.key-file = \"admin.key\"\nlog.format = \"json\"\n";
    let builder = builder(guarded).config(other);
    let builder = builder
        .file("admin.pem", signed.certificate.as_bytes())
        .unwrap();
    let builder = builder.file("admin.key", signed.key.as_bytes()).unwrap();
    let (config, files) = builder.write().unwrap();
    let ca = file(files.path(), "ca.pem", authority.certificate().as_bytes());
    let path = file(files.path(), "1.wasm", &page("v1"));
    let config_text = config.display().to_string();
    let make = |arguments: &[&str]| {
        let before = [
            "token",
            "create",
            "--config",
            &config_text,
            "--team",
            "page-team",
        ];
        let (code, token, error) = run(&[&before[..], arguments].concat());
        assert_eq!(code, 0, "{error}");
        token.trim().to_owned()
    };
    let ships = make(&["--bff", "page"]);
    let reads = make(&["--bff", "page", "--scope", "read"]);
    let others = make(&["--bff", "other"]);
    let process = Process::serve(&config).unwrap();
    let url = format!("https://{}", process.admin_address().unwrap());
    let typed = async |token: &str, arguments: &[&str]| {
        let mut command = program(&url, &[arguments, &["--ca", &ca]].concat());
        command.env("TAILOR_TOKEN", token);
        ended(command).await
    };
    for (token, code, told) in [
        ("", 4, "401 at token: "),
        ("tlr_typo", 4, "401 at token: "),
        (&*reads, 4, "403 at scope: the token has no scope "),
        // As if it were not there.
        (&*others, 1, "404 at bff: there is no BFF \"page\""),
    ] {
        let said = typed(token, &["deploy", "page", &path]).await;
        assert_eq!(said.code, code, "{said:?}");
        assert!(said.err.contains(told), "{told}: {said:?}");
        assert!(token.is_empty() || !said.err.contains(token), "{said:?}");
    }
    let said = typed(&ships, &["deploy", "page", &path]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(served_by(&process).await, some("v1"));
    let said = typed(&reads, &["status"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.out.contains("\npage  newest") && !said.out.contains("other"),
        "{said:?}"
    );
    let said = typed(&reads, &["rollback", "page", "--to", "live"]).await;
    assert_eq!(said.code, 4, "{said:?}");
    let said = typed(&others, &["releases", "page"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    for line in process.lines() {
        assert!(!line.contains(&ships), "{line}");
    }
}
