//! Observations from outside: metrics, the state of BFFs, and waits for events.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tailor_harness::TestHost;

/// How long a test waits before it gives up. Far longer than anything takes, even on a loaded
/// machine.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Interval of the polls.
const PAUSE: Duration = Duration::from_millis(10);

/// Polls until there is a result.
///
/// # Panics
///
/// After a minute, with `what` was waited for.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    match tokio::time::timeout(TIMEOUT, looking).await {
        Ok(seen) => seen,
        Err(_) => panic!("waited for {TIMEOUT:?}: {what}"),
    }
}

/// The sum of all samples of this name that have these labels, read from `/metrics`; `None` where
/// there is none.
pub async fn metric(host: &TestHost, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    samples(&host.admin("/metrics").await.unwrap().text(), name, labels)
}

/// The same, from the text of `/metrics`.
pub fn samples(text: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    text.lines()
        .filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let (found, all) = series.split_once('{').unwrap_or((series, ""));
            let has = |(key, value): &(&str, &str)| all.contains(&format!("{key}=\"{value}\""));
            (found == name && labels.iter().all(has)).then(|| value.parse::<f64>().unwrap())
        })
        .reduce(|sum, value| sum + value)
}

/// Calls to a service with this outcome, so far.
pub async fn calls(host: &TestHost, service: &str, outcome: &str) -> f64 {
    let labels = [("service", service), ("outcome", outcome)];
    metric(host, "tailor_downstream_calls_total", &labels)
        .await
        .unwrap_or_default()
}

/// What `/bffs` says of a BFF.
pub async fn bff(host: &TestHost, name: &str) -> Value {
    host.admin("/bffs").await.unwrap().json()["bffs"][name].clone()
}

/// Writes into a file in place and gives it the time that it had, as `tar -x` and reproducible
/// builds do. The content has to be as long as that before.
pub fn overwrite(path: &Path, content: &[u8]) {
    let mut file = File::options().write(true).open(path).unwrap();
    let before = file.metadata().unwrap();
    assert_eq!(before.len(), content.len() as u64);
    file.write_all(content).unwrap();
    file.set_modified(before.modified().unwrap()).unwrap();
}

/// Waits until this number of versions of a BFF have replaced another, and returns what `/bffs`
/// says then.
pub async fn swapped(host: &TestHost, name: &str, swaps: u64) -> Value {
    eventually("a swap", async || {
        let state = bff(host, name).await;
        (state["swaps"] == swaps).then_some(state)
    })
    .await
}
