//! Names of components: words and the first digits of digests.

use super::super::api::digest;
use super::super::{served, some, start};
use super::{tailor, url};
use crate::swap::page::page;

#[tokio::test]
async fn each_name_means_one_component() {
    let (host, api) = start().await;
    let url = url(&api);
    let versions = ["v1", "v2", "v3"];
    for version in versions {
        api.release(&page(version)).await;
    }
    api.release(b"nonsense").await;
    let digests = versions.map(|version| digest(&page(version)));
    for (name, version, live) in [
        ("previous", "v2", "v2"),
        // What was live before is now the one that was live first.
        ("previous", "v3", "v3"),
        (&digests[0][..7], "v1", "v1"),
        (&digests[1][..20], "v2", "v2"),
        (&digests[2], "v3", "v3"),
    ] {
        let said = tailor(&url, &["rollback", "page", "--to", name]).await;
        assert_eq!(said.code, 0, "{name} {said:?}");
        let to = &digest(&page(version))[..7];
        assert!(
            said.out.contains(&format!("goes back to {to} ")),
            "{said:?}"
        );
        assert_eq!(served(host.address()).await, some(live), "{name}");
    }
    // The newest release is that of v3 by now.
    let said = tailor(&url, &["rollback", "page", "--to", "latest"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(served(host.address()).await, some("v3"));
    // What was never live is no way back.
    let never = &digest(b"nonsense")[..9];
    let said = tailor(&url, &["rollback", "page", "--to", never]).await;
    assert!(
        said.code == 2 && said.err.contains("was not live"),
        "{said:?}"
    );
    let (why, fix) = (
        "release 4 was refused at form: ",
        "release it, which proves it",
    );
    assert!(said.err.contains(why) && said.err.contains(fix), "{said:?}");
    // The host did not take the order.
    assert_eq!(said.out, "");
    host.stop().await;
}
