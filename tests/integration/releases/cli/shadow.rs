//! `tailor shadow`.

use super::*;
use crate::releases::shadow::{FREE, Guest, ask, builder, start as begun};

#[tokio::test]
async fn the_code_of_a_shadow_says_whether_something_differs() {
    let candidate = Guest {
        name: "Anneliese",
        ..Guest::LIVE
    };
    let (host, api) = begun(builder(FREE), &[candidate]).await;
    let url = url(&api);
    let said = tailor(&url, &["shadow", "page"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("there is no shadow"), "{said:?}");
    let typo = tailor(&url, &["shadow", "page", "lives"]).await;
    assert_eq!(typo.code, 1, "{typo:?}");

    let said = tailor(&url, &["shadow", "page", "previous", "--for", "1s"]).await;
    assert_eq!(said.code, 6, "{said:?}");
    assert!(
        said.out.ends_with("page: nothing was compared\n"),
        "{said:?}"
    );

    let running = async |name: &str| {
        let arguments = ["shadow", "page", name, "--for", "2s", "--json"];
        let mut running = Box::pin(tailor(&url, &arguments));
        loop {
            tokio::select! {
                said = &mut running => return said,
                answer = ask(&host) => assert_eq!(answer.status, 200),
            }
        }
    };
    let short = digest(&candidate.component())[..7].to_owned();
    let said = running(&short).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert_eq!(said.end()["exit"], 2);
    let lines = said.json();
    assert_eq!(lines[0]["event"], "running");
    assert_eq!(lines[1]["report"]["body"][0]["pointer"], "/name");

    let said = tailor(&url, &["shadow", "page"]).await;
    assert_eq!(said.code, 2, "{said:?}");
    let runs = &lines[1]["report"]["runs"];
    let told = format!("page: /name changed: {runs} of {runs}, string of 3 -> string of 9\n");
    assert!(said.out.contains(&told), "{told} {said:?}");

    let said = running("live").await;
    assert_eq!(said.code, 0, "{said:?}");
    let said = tailor(&url, &["shadow", "page", "--end"]).await;
    assert!(said.out.ends_with("page: no difference\n"), "{said:?}");
    host.stop().await;
}
