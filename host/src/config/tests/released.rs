//! The file with every key, read key by key: releases.

use std::collections::BTreeMap;

use http::HeaderName;

use super::*;

pub(super) fn canary() -> Canary {
    Canary {
        steps: vec![5, 25],
        step_time: ms(60_000),
        bake_time: ms(120_000),
        max_duration: Duration::from_secs(2 * 3600),
        min_requests: 100,
        max_extra_failures: 5,
        tolerance: 20,
        promotes_without_evidence: true,
        flapping: ms(600_000),
        client: ClientKey::Header(HeaderName::from_static("x-device")),
    }
}

pub(super) fn releases() -> Releases {
    Releases {
        keep: 5,
        keep_linked: Duration::from_secs(7200),
        uploads: 3,
        event_streams: 8,
        upload_timeout: ms(20_000),
        max_unreleased: 64 << 20,
        preview: Some(Preview {
            site: Some(PreviewSite {
                tls: false,
                domain: "preview.test".to_owned(),
                port: 8080,
            }),
            writes: true,
            concurrency: 2,
            max_loaded: 3,
            keep_loaded: ms(600_000),
            load_timeout: ms(20_000),
            names: 5,
            lifetime: Duration::from_secs(24 * 3600),
            max_lifetime: Duration::from_secs(48 * 3600),
        }),
        registries: vec![Registry {
            name: "shop".to_owned(),
            host: "registry.test:5000".to_owned(),
            repositories: vec![
                "shop/{team}/*".parse().unwrap(),
                "tools/**".parse().unwrap(),
            ],
            credentials: Some(golden().join("secret")),
            ca_file: Some(golden().join("ca.pem")),
            plain_http: true,
            also: vec!["auth.registry.test".to_owned(), "[::1]:9000".to_owned()],
            timeout: ms(30_000),
        }],
        shadow: Shadow {
            sample: 50,
            cpu: 5,
            memory: 16 << 20,
            max_size: 1 << 20,
            max_duration: Duration::from_secs(2 * 3600),
            values: true,
        },
        ci: BTreeMap::from([
            ("github".to_owned(), github()),
            ("gitlab".to_owned(), gitlab()),
        ]),
    }
}

fn claim(name: &str, text: &str) -> (String, ClaimPattern) {
    (name.to_owned(), ClaimPattern::read(text).unwrap())
}

fn github() -> CiIssuer {
    CiIssuer {
        issuer: "https://token.actions.githubusercontent.com".to_owned(),
        audience: "https://tailor.example:8443".to_owned(),
        keys: CiKeys::Url {
            url: "https://token.actions.githubusercontent.com/.well-known/jwks".to_owned(),
            ca_file: Some(golden().join("ca.pem")),
            timeout: ms(3_000),
        },
        algorithms: vec![CiAlgorithm::Rs256],
        lifetime: ms(1_200_000),
        leeway: ms(30_000),
        max_age: ms(300_000),
        max_tokens: 40,
        fetch_interval: ms(120_000),
        keys_max_age: ms(1_800_000),
        keys_max_stale: Duration::from_secs(12 * 3600),
        rules: vec![CiRule {
            claims: vec![
                claim("ref", "refs/tags/*"),
                claim("repository", "acme/watch"),
            ],
            team: "watch-team".to_owned(),
            bffs: vec!["watch".to_owned()],
            scopes: vec!["read", "upload"],
        }],
    }
}

/// One that has what is required alone.
fn gitlab() -> CiIssuer {
    CiIssuer {
        issuer: "https://gitlab.example".to_owned(),
        audience: "tailor".to_owned(),
        keys: CiKeys::File(golden().join("secret")),
        algorithms: vec![CiAlgorithm::Rs256, CiAlgorithm::Es256],
        lifetime: ms(900_000),
        leeway: ms(60_000),
        max_age: ms(600_000),
        max_tokens: 100,
        fetch_interval: ms(60_000),
        keys_max_age: ms(3_600_000),
        keys_max_stale: Duration::from_secs(24 * 3600),
        rules: vec![CiRule {
            claims: vec![claim("project_path", "acme/phone")],
            team: "phone-team".to_owned(),
            bffs: vec!["phone".to_owned()],
            scopes: vec!["preview"],
        }],
    }
}
