//! `cache-control` in requests.

use super::run;

#[test]
fn directives() {
    run(r#"
        5.2.1.4 | no-cache | cache-control: max-age=60 & etag: "a" | then cache-control: no-cache | finds nothing
        5.2.1.4 | no-cache in capitals | cache-control: max-age=60 & etag: "a" | then cache-control: No-Cache | finds nothing
        5.2.1.4 | no-cache, with windows | cache-control: max-age=60 & etag: "a" | windows 60 60 | then cache-control: no-cache | after 61 | finds nothing
        5.4 | pragma: no-cache | cache-control: max-age=60 & etag: "a" | then pragma: no-cache | finds nothing
        5.4 | pragma beside cache-control means nothing | cache-control: max-age=60 & etag: "a" | then pragma: no-cache & cache-control: max-age=60
        5.4 | another pragma | cache-control: max-age=60 & etag: "a" | then pragma: foo
        5.2.1.5 | no-store | cache-control: max-age=60 & etag: "a" | then cache-control: no-store | finds nothing
        5.2.1.1 | max-age=0 | cache-control: max-age=60 & etag: "a" | then cache-control: max-age=0 | after 1 | finds nothing
        5.2.1.1 | a larger max-age than the age | cache-control: max-age=60 & etag: "a" | then cache-control: max-age=30 | after 30
        5.2.1.1 | a smaller max-age than the age | cache-control: max-age=60 & etag: "a" | then cache-control: max-age=30 | after 31 | finds nothing
        5.2.1.1 | a smaller max-age than age | cache-control: max-age=60 & age: 31 | then cache-control: max-age=30 | finds nothing
        5.2.1.1 | max-age does not lengthen | cache-control: max-age=60 & etag: "a" | then cache-control: max-age=600 | after 60 | finds nothing
        5.2.1.1 | max-age does not close the windows | cache-control: max-age=60 & etag: "a" | windows 60 60 | then cache-control: max-age=600 | after 61 | finds stale anyhow
        5.2.1.1 | an invalid max-age | cache-control: max-age=60 & etag: "a" | then cache-control: max-age=x | after 1 | finds nothing
        5.2.1.3 | min-fresh that holds | cache-control: max-age=60 & etag: "a" | then cache-control: min-fresh=10 | after 50
        5.2.1.3 | min-fresh that does not | cache-control: max-age=60 & etag: "a" | then cache-control: min-fresh=10 | after 51 | finds nothing
        5.2.1.3 | min-fresh with age | cache-control: max-age=60 & age: 55 | then cache-control: min-fresh=10 | finds nothing
        5.2.1.2 | max-stale that holds | cache-control: max-age=60 & etag: "a" | then cache-control: max-stale=10 | after 70
        5.2.1.2 | max-stale that does not | cache-control: max-age=60 & etag: "a" | then cache-control: max-stale=10 | after 71 | finds nothing
        5.2.1.2 | max-stale without limit | cache-control: max-age=60 & etag: "a" | then cache-control: max-stale | after 7200
        5.2.1.2 | max-stale with age | cache-control: max-age=60 & age: 65 & etag: "a" | then cache-control: max-stale=10
        5.2.2.2 | max-stale against must-revalidate | cache-control: max-age=60, must-revalidate | then cache-control: max-stale | after 61 | finds nothing
        5.2.2.8 | max-stale against proxy-revalidate | cache-control: max-age=60, proxy-revalidate | then cache-control: max-stale | after 61 | finds nothing
        5.2.2.10 | max-stale against s-maxage | cache-control: s-maxage=60 | then cache-control: max-stale | after 61 | finds nothing
        5.2.2.4 | max-stale against no-cache | cache-control: no-cache & etag: "a" | then cache-control: max-stale | finds nothing
        5.2.1.7 | only-if-cached, stored | cache-control: max-age=60 & etag: "a" | then cache-control: only-if-cached
        5.2.1.7 | only-if-cached, stale | cache-control: max-age=60 & etag: "a" | then cache-control: only-if-cached | after 60 | finds unavailable
        5.2.1.7 | only-if-cached, not stored | cache-control: no-store | then cache-control: only-if-cached | finds unavailable
        5.2.1.7 | only-if-cached, stale, with max-stale | cache-control: max-age=60 & etag: "a" | then cache-control: only-if-cached, max-stale=9 | after 65
        5.2.3 | an unknown directive | cache-control: max-age=60 & etag: "a" | then cache-control: foo=bar
        5.2.1 | s-maxage is none of requests | cache-control: max-age=60 & etag: "a" | then cache-control: s-maxage=0 | after 59
        5.2.1 | private is none of requests | cache-control: max-age=60 & etag: "a" | asked cache-control: private | after 59
        "#);
}
