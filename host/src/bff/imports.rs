//! The host's side of the contract: thin, since the rules are in `calls`, in `locale` and in the
//! limits.

mod locale;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use thiserror::Error;
use tokio::time::{Instant, timeout_at};
use wasmtime::component::{HasSelf, Linker, Resource};

use super::meter::ResultSlot;
use super::state::StoreData;
use crate::calls::{InvalidCall, StartedCall};
use crate::contract::tailor::bff::{downstream, runtime, types};
use crate::contract::{Bff, Call, Exchange, Failure, FailureKind, Lent, Reply, first};
use crate::tape::{Dice, Tap, Timer};
use crate::time;

/// Calls that one `wait-any` may wait for.
const MAX_WAITED: usize = 1024;

/// A guest waits for more calls at once than it may. It ends the instance.
#[derive(Debug, Error)]
#[error("wait-any: {0} calls at once are more than {MAX_WAITED}")]
struct TooManyWaited(usize);

/// Links the contract's functions.
pub(super) fn add_to_linker(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    Bff::add_to_linker::<StoreData, HasSelf<StoreData>>(linker, |state| state)
}

impl types::Host for StoreData {}

impl downstream::Host for StoreData {
    async fn fetch(&mut self, call: Call) -> Result<Reply, Failure> {
        let session = self.session.clone();
        let work = |slot: ResultSlot<_>| async move { slot.put(session.fetch(call).await) };
        self.awaited.outcome(work).await
    }

    async fn fetch_all(&mut self, calls: Vec<Call>) -> Vec<Result<Reply, Failure>> {
        let session = self.session.clone();
        let work = |slot: ResultSlot<_>| async move { slot.put(session.fetch_all(calls).await) };
        self.awaited.outcome(work).await
    }

    fn start(&mut self, call: Call) -> wasmtime::Result<Resource<Exchange>> {
        let (exchange, mut result) = Exchange::new();
        match self.session.admit(&call) {
            // One that is refused costs no future: a guest may start very many.
            Err(failure) => drop(result.send(Err(failure))),
            Ok(granted) => {
                let mut started = StartedCall::new(self.session.clone(), granted);
                self.awaited.start(async move {
                    tokio::select! {
                        reply = started.make(call) => drop(result.send(reply)),
                        () = result.closed() => {}
                    }
                });
            }
        }
        Ok(self.table.push(exchange)?)
    }

    async fn wait_any(
        &mut self,
        exchanges: Vec<Resource<Exchange>>,
        timeout_ms: Option<u32>,
    ) -> wasmtime::Result<Option<u32>> {
        if exchanges.len() > MAX_WAITED {
            return Err(TooManyWaited(exchanges.len()).into());
        }
        let mut lent = Vec::with_capacity(exchanges.len());
        for (place, exchange) in (0..).zip(&exchanges) {
            lent.extend(self.table.get_mut(exchange)?.lend().map(|it| (place, it)));
        }
        if lent.is_empty() && timeout_ms.is_none() {
            return Ok(None);
        }
        let tap = self.session.tap();
        if let Some(ms) = timeout_ms {
            let limit = Timer::After(u64::from(ms) * 1_000_000);
            match tap {
                Some(Tap::Recording(recorder)) => recorder.timer_begins(limit),
                Some(Tap::Playing(player)) => player.asks_to_wait(limit),
                None => {}
            }
        }
        if let Some(first) = tap.and_then(|tap| tap.player()?.waited(exchanges.len())) {
            return self.give_back(&exchanges, lent).map(|()| first);
        }
        if let Some(player) = tap.and_then(Tap::player)
            && player.waits_for_nothing()
            && lent.is_empty()
        {
            player.go_on(Duration::from_millis(timeout_ms.unwrap_or(0).into()));
            return Ok(None);
        }
        let end = self.end_of_wait(timeout_ms);
        let work = |slot: ResultSlot<_>| async move {
            let first = timeout_at(end, first(&mut lent)).await.ok();
            slot.put((lent, first));
        };
        let (lent, first) = self.awaited.outcome(work).await;
        self.give_back(&exchanges, lent)?;
        if let Some(recorder) = self.session.tap().and_then(Tap::recorder) {
            recorder.waited(first);
        }
        Ok(first)
    }
}

impl StoreData {
    /// Gives back what was lent to wait for it.
    fn give_back(
        &mut self,
        exchanges: &[Resource<Exchange>],
        lent: Vec<(u32, Lent<Result<Reply, Failure>>)>,
    ) -> wasmtime::Result<()> {
        for (place, it) in lent {
            let exchange = &exchanges[place as usize];
            self.table.get_mut(exchange)?.give_back(it);
        }
        Ok(())
    }

    /// When a wait ends that the guest limits to milliseconds: with its calls at the latest.
    fn end_of_wait(&self, timeout_ms: Option<u32>) -> Instant {
        let end = self.session.end_of_calls();
        let limit = timeout_ms.map(|ms| Instant::now() + Duration::from_millis(ms.into()));
        limit.map_or(end, |limit| limit.min(end))
    }
}

impl downstream::HostExchange for StoreData {
    async fn wait(
        &mut self,
        exchange: Resource<Exchange>,
    ) -> wasmtime::Result<Result<Reply, Failure>> {
        let result = self.table.get_mut(&exchange)?.result();
        let waited = match result {
            Some(result) => {
                let work = |slot: ResultSlot<_>| async move { slot.put(result.await) };
                self.awaited.outcome(work).await
            }
            None => None,
        };
        Ok(waited.unwrap_or_else(|| {
            Err(Failure {
                kind: FailureKind::Invalid,
                sent: false,
                detail: InvalidCall::Waited.to_string(),
            })
        }))
    }

    fn drop(&mut self, exchange: Resource<Exchange>) -> wasmtime::Result<()> {
        self.table.delete(exchange)?;
        Ok(())
    }
}

impl runtime::Host for StoreData {
    fn log(
        &mut self,
        level: runtime::Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let level = match level {
            runtime::Level::Debug => tracing::Level::DEBUG,
            runtime::Level::Info => tracing::Level::INFO,
            runtime::Level::Warn => tracing::Level::WARN,
            runtime::Level::Error => tracing::Level::ERROR,
        };
        self.log.write(level, &message, fields);
        Ok(())
    }

    fn config(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        let value = self.settings.config.get(&key).cloned();
        Ok(match self.session.tap() {
            Some(tap) => tap.setting(&key, value),
            None => value,
        })
    }

    fn now_ms(&mut self) -> wasmtime::Result<u64> {
        let now = || {
            self.now_ms.unwrap_or_else(|| {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                time::millis(since.unwrap_or_default())
            })
        };
        Ok(match self.session.tap() {
            Some(tap) => tap.now_ms(now),
            None => now(),
        })
    }

    fn time_left_ms(&mut self) -> wasmtime::Result<u32> {
        let left = u32::try_from(self.session.time_left().as_millis()).unwrap_or(u32::MAX);
        Ok(match self.session.tap() {
            Some(tap) => tap.time_left_ms(left),
            None => left,
        })
    }

    fn elapsed_ns(&mut self) -> wasmtime::Result<u64> {
        if self.is_cpu_spent() {
            return Ok(u64::MAX);
        }
        let elapsed = time::nanos(self.arrived.elapsed());
        Ok(match self.session.tap() {
            Some(tap) => tap.elapsed_ns(elapsed),
            None => elapsed,
        })
    }

    fn random(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        let bytes = self.random.bytes(length)?;
        Ok(match self.session.tap() {
            Some(tap) => tap.random(Dice::Contract, bytes),
            None => bytes,
        })
    }
}
