//! The file with every key, read key by key: releases.

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
    }
}
