//! Orders that are refused.

use super::*;

#[tokio::test]
async fn an_order_that_cannot_be_executed_says_why() {
    let host = builder("").start().await.unwrap();
    let api = Api::of(&host);
    let live = Guest::LIVE.component();
    let order = |more: Value| {
        let mut order = json!({"digest": digest(&live)});
        for (name, value) in more.as_object().into_iter().flatten() {
            order[name] = value.clone();
        }
        order
    };
    let refused = async |order: Value| {
        let refused = api.post(PATH, &order).await;
        let text = |name: &str| refused.json[name].as_str().unwrap_or_default().to_owned();
        (refused.status, text("step"), text("reason"))
    };
    let (status, step, reason) = refused(order(json!({}))).await;
    assert_eq!((status, &*step), (409, "shadow"));
    assert!(reason.contains("nothing is live"), "{reason}");
    let none = api.send("DELETE", PATH, "", b"").await;
    assert_eq!((none.status, &none.json["step"]), (404, &json!("shadow")));

    assert_eq!(api.release(&live).await["state"], "live");
    runs(&api, Guest::LIVE).await;
    let unknown = refused(json!({"digest": digest(b"other")})).await;
    assert_eq!((unknown.0, &*unknown.1), (409, "digest"));
    // One that did not pass its proof.
    let bad = b"no component";
    assert_eq!(api.release(bad).await["state"], "refused");
    let unproven = refused(json!({"digest": digest(bad)})).await;
    assert_eq!((unproven.0, &*unproven.1), (409, "digest"));
    let long = refused(order(json!({"for": "2h"}))).await;
    assert_eq!((long.0, &*long.1), (409, "shadow"));
    assert!(long.2.contains("1h at most"), "{}", long.2);
    for wrong in [
        json!({"for": "0s"}),
        json!({"for": "soon"}),
        json!({"for": "1m 30s"}),
        json!({"for": ""}),
        json!({"for": null}),
        json!({"sample": 0}),
        json!({"sample": 101}),
        json!({"other": 1}),
    ] {
        let (status, step, reason) = refused(order(wrong.clone())).await;
        assert_eq!((status, &*step), (400, "order"), "{wrong}: {reason}");
    }
    assert_eq!(api.get(PATH).await.status, 404);
    host.stop().await;
}
