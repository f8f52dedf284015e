//! When keys are fetched, and what holds meanwhile.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::time::{advance, sleep};

use super::super::tests::Signer;
use super::*;

/// A CI system that gives out keys, or fails.
#[derive(Clone)]
struct System {
    answer: Arc<Mutex<Result<Value, String>>>,
    asked: Arc<AtomicUsize>,
    /// How long an answer takes.
    takes: Duration,
    /// How often it may be asked.
    interval: Duration,
}

const SECOND: Duration = Duration::from_secs(1);

impl System {
    fn new(keys: &[Value]) -> Self {
        Self {
            answer: Arc::new(Mutex::new(Ok(json!({"keys": keys})))),
            asked: Arc::default(),
            takes: Duration::ZERO,
            interval: 60 * SECOND,
        }
    }

    fn gives(&self, answer: Result<Value, String>) {
        *sync::lock(&self.answer) = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn keyring(&self) -> Keyring {
        let system = self.clone();
        let fetch: Fetch = Box::new(move || {
            let system = system.clone();
            Box::pin(async move {
                system.asked.fetch_add(1, Ordering::Relaxed);
                sleep(system.takes).await;
                let answer = sync::lock(&system.answer).clone();
                answer.map(|it| it.to_string().into())
            })
        });
        let times = Times {
            wait: 5 * SECOND,
            interval: self.interval,
            max_age: 3600 * SECOND,
            max_stale: 86400 * SECOND,
        };
        let source = Source {
            issuer: "https://ci.example".to_owned(),
            keys: CiKeys::File("nowhere".into()),
            times: [SECOND; 3],
        };
        Keyring::with("hub", source, fetch, times)
    }
}

fn token(signer: &Signer, kid: &str) -> String {
    signer.sign(&json!({"alg": "ES256", "kid": kid}), &json!({}))
}

async fn proves(keyring: &Keyring, token: &str) -> Result<bool, NoKeys> {
    keyring.proves(&Jwt::read(token).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_once_an_hour_and_for_unknown_ones_once_a_minute() {
    let (old, new) = (Signer::p256(), Signer::p256());
    let system = System::new(&[old.jwk("old")]);
    let keyring = system.keyring();
    assert_eq!(system.asked(), 0);
    let (of_old, of_new) = (token(&old, "old"), token(&new, "new"));
    for _ in 0..3 {
        assert_eq!(proves(&keyring, &of_old).await, Ok(true));
    }
    assert_eq!(system.asked(), 1);
    // A key says no: another fetch would not change that.
    assert_eq!(proves(&keyring, &token(&new, "old")).await, Ok(false));
    system.gives(Ok(json!({"keys": [old.jwk("old"), new.jwk("new")]})));
    for _ in 0..20 {
        assert_eq!(proves(&keyring, &of_new).await, Ok(false));
    }
    assert_eq!(system.asked(), 1);
    advance(60 * SECOND).await;
    assert_eq!(proves(&keyring, &of_new).await, Ok(true));
    assert_eq!(proves(&keyring, &of_old).await, Ok(true));
    assert_eq!(system.asked(), 2);
    // Keys that were taken back are gone after an hour.
    system.gives(Ok(json!({"keys": [new.jwk("new")]})));
    advance(3599 * SECOND).await;
    assert_eq!(proves(&keyring, &of_old).await, Ok(true));
    advance(2 * SECOND).await;
    assert_eq!(proves(&keyring, &of_old).await, Ok(false));
    assert_eq!(system.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn keys_that_cannot_be_fetched_again_are_used_for_a_day() {
    let signer = Signer::p256();
    let system = System::new(&[signer.jwk("a")]);
    let keyring = system.keyring();
    let token = token(&signer, "a");
    assert_eq!(proves(&keyring, &token).await, Ok(true));
    for answer in [
        Err("down".to_owned()),
        Ok(json!({"keys": {}})),
        Ok(json!("no keys")),
    ] {
        system.gives(answer);
        let asked = system.asked();
        advance(3601 * SECOND).await;
        for _ in 0..3 {
            assert_eq!(proves(&keyring, &token).await, Ok(true));
        }
        // It is not asked for each token.
        assert_eq!(system.asked(), asked + 1);
    }
    advance(86400 * SECOND).await;
    assert_eq!(proves(&keyring, &token).await, Err(NoKeys));
    system.gives(Ok(json!({"keys": [signer.jwk("a")]})));
    assert_eq!(proves(&keyring, &token).await, Err(NoKeys));
    advance(60 * SECOND).await;
    assert_eq!(proves(&keyring, &token).await, Ok(true));
}

#[tokio::test(start_paused = true)]
async fn one_fetch_serves_all_who_wait_and_none_waits_for_ever() {
    let signer = Signer::p256();
    let mut system = System::new(&[signer.jwk("a")]);
    system.takes = 2 * SECOND;
    let keyring = system.keyring();
    let token = token(&signer, "a");
    let all = (0..10).map(|_| proves(&keyring, &token));
    let all = futures_util::future::join_all(all).await;
    assert!(all.iter().all(|it| *it == Ok(true)), "{all:?}");
    assert_eq!(system.asked(), 1);

    system.takes = 3600 * SECOND;
    let keyring = system.keyring();
    let began = Instant::now();
    let all = (0..10).map(|_| proves(&keyring, &token));
    let all = futures_util::future::join_all(all).await;
    assert!(all.iter().all(|it| *it == Err(NoKeys)), "{all:?}");
    assert_eq!(system.asked(), 2);
    assert!(began.elapsed() <= 11 * SECOND, "{:?}", began.elapsed());

    // Also where each of those who wait may ask when its turn comes.
    system.interval = SECOND;
    let keyring = system.keyring();
    let began = Instant::now();
    let all = (0..10).map(|_| proves(&keyring, &token));
    let all = futures_util::future::join_all(all).await;
    assert!(all.iter().all(|it| *it == Err(NoKeys)), "{all:?}");
    assert!(began.elapsed() <= 16 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_token_of_a_known_key_does_not_wait_for_a_fetch_that_another_needs() {
    let signer = Signer::p256();
    let mut system = System::new(&[signer.jwk("a")]);
    let keyring = system.keyring();
    let (known, unknown) = (token(&signer, "a"), token(&signer, "b"));
    assert_eq!(proves(&keyring, &known).await, Ok(true));
    system.takes = 3600 * SECOND;
    let slow = system.keyring();
    let keys = sync::lock(&keyring.known).keys.clone();
    sync::lock(&slow.known).keys = keys;
    let mut waiting = std::pin::pin!(proves(&slow, &unknown));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    let began = Instant::now();
    assert_eq!(proves(&slow, &known).await, Ok(true));
    assert_eq!(proves(&slow, &token(&Signer::p256(), "a")).await, Ok(false));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_takes_all_its_keys_back_has_none() {
    let signer = Signer::p256();
    let mut encrypts = signer.jwk("a");
    encrypts["use"] = json!("enc");
    for taken in [json!([]), json!([encrypts]), json!(["a"])] {
        let system = System::new(&[signer.jwk("a")]);
        let keyring = system.keyring();
        let token = token(&signer, "a");
        assert_eq!(proves(&keyring, &token).await, Ok(true));
        system.gives(Ok(json!({"keys": taken})));
        advance(3601 * SECOND).await;
        assert_eq!(proves(&keyring, &token).await, Ok(false), "{taken}");
        let told = sync::lock(&keyring.known).told.clone().unwrap();
        assert!(told.starts_with("the set has no key"), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_a_slow_system_have_a_number_and_are_in_nobodys_way() {
    let signer = Signer::p256();
    let mut system = System::new(&[signer.jwk("a")]);
    let keyring = system.keyring();
    let (known, unknown) = (token(&signer, "a"), token(&signer, "b"));
    assert_eq!(proves(&keyring, &known).await, Ok(true));
    system.takes = 3600 * SECOND;
    let slow = system.keyring();
    let keys = sync::lock(&keyring.known).keys.clone();
    sync::lock(&slow.known).keys = keys;
    let waiting = (0..WAITERS).map(|_| proves(&slow, &unknown));
    let mut waiting = std::pin::pin!(futures_util::future::join_all(waiting));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    let began = Instant::now();
    assert_eq!(proves(&slow, &known).await, Ok(true));
    assert_eq!(proves(&slow, &unknown).await, Err(NoKeys));
    assert_eq!(began.elapsed(), Duration::ZERO);
    waiting.await;
    assert_eq!(proves(&slow, &unknown).await, Ok(false));
}

#[tokio::test(start_paused = true)]
async fn a_file_of_keys_that_is_gone_holds_no_longer_than_one_that_is_being_written() {
    let signer = Signer::p256();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    std::fs::write(&path, json!({"keys": [signer.jwk("a")]}).to_string()).unwrap();
    let settings = CiIssuer {
        keys: CiKeys::File(path.clone()),
        ..super::super::tests::issuer()
    };
    let keyring = Keyring::new("hub", &settings);
    let token = token(&signer, "a");
    assert_eq!(proves(&keyring, &token).await, Ok(true));
    std::fs::remove_file(&path).unwrap();
    advance(5 * SECOND).await;
    assert_eq!(proves(&keyring, &token).await, Ok(true));
    advance(6 * SECOND).await;
    assert_eq!(proves(&keyring, &token).await, Err(NoKeys));
}
