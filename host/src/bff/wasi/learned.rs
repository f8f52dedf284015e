//! What a guest learns of WASI: clocks, random numbers, and which of several things is ready.
//!
//! They pass the tape by, as the functions of the contract do, and lead to the library's own
//! functions otherwise. All else of WASI is the same for each request: there is nothing to learn.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::clocks::WasiClocksView as _;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::{self, Datetime};
use wasmtime_wasi::p2::bindings::io::poll;
use wasmtime_wasi::p2::bindings::random::insecure;
use wasmtime_wasi::p2::bindings::random::insecure_seed;
use wasmtime_wasi::p2::bindings::random::random;
use wasmtime_wasi::random::WasiRandomView as _;

use crate::bff::state::StoreData;
use crate::tape::{Dice, Player, Tap, Timer};
use crate::time;

/// What the clocks say of themselves. It is no reading: it is the same on each machine.
const RESOLUTION_NS: u32 = 1;

/// Links them in place of those that the library has linked.
pub(super) fn add_to_linker(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    type Own = HasSelf<StoreData>;
    linker.allow_shadowing(true);
    wall_clock::add_to_linker::<StoreData, Own>(linker, |state| state)?;
    monotonic_clock::add_to_linker::<StoreData, Own>(linker, |state| state)?;
    random::add_to_linker::<StoreData, Own>(linker, |state| state)?;
    insecure::add_to_linker::<StoreData, Own>(linker, |state| state)?;
    insecure_seed::add_to_linker::<StoreData, Own>(linker, |state| state)?;
    poll::add_to_linker::<StoreData, Own>(linker, |state| state)?;
    linker.allow_shadowing(false);
    Ok(())
}

impl wall_clock::Host for StoreData {
    fn now(&mut self) -> wasmtime::Result<Datetime> {
        // The time of day stands still where a fixture sets it.
        let mut now = match self.now_ms {
            Some(now_ms) => Duration::from_millis(now_ms),
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
        };
        if let Some(tap) = self.session.tap() {
            now = Duration::from_nanos(tap.wall_ns(time::nanos(now)));
        }
        Ok(Datetime {
            seconds: now.as_secs(),
            nanoseconds: now.subsec_nanos(),
        })
    }

    fn resolution(&mut self) -> wasmtime::Result<Datetime> {
        Ok(Datetime {
            seconds: 0,
            nanoseconds: RESOLUTION_NS,
        })
    }
}

impl monotonic_clock::Host for StoreData {
    fn now(&mut self) -> wasmtime::Result<u64> {
        let now = self.clocks().now()?;
        Ok(match self.session.tap() {
            Some(tap) => tap.monotonic_ns(now),
            None => now,
        })
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(RESOLUTION_NS.into())
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let timer = self.clocks().subscribe_instant(when)?;
        self.timer_begins(&timer, Timer::At(when));
        Ok(timer)
    }

    fn subscribe_duration(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let timer = self.clocks().subscribe_duration(when)?;
        self.timer_begins(&timer, Timer::After(when));
        Ok(timer)
    }
}

impl StoreData {
    fn player(&self) -> Option<&Player> {
        self.session.tap()?.player()
    }

    fn timer_begins(&self, timer: &Resource<DynPollable>, when: Timer) {
        match self.session.tap() {
            Some(Tap::Recording(recorder)) => recorder.timer_begins(when),
            Some(Tap::Playing(player)) => player.timer_begins(timer.rep(), when),
            None => {}
        }
    }

    fn taped(&self, from: Dice, bytes: Vec<u8>) -> Vec<u8> {
        match self.session.tap() {
            Some(tap) => tap.random(from, bytes),
            None => bytes,
        }
    }

    /// A number is eight of the bytes.
    fn taped_number(&self, from: Dice, number: u64) -> u64 {
        let Some(tap) = self.session.tap() else {
            return number;
        };
        let mut bytes = [0; 8];
        let taped = tap.random(from, number.to_le_bytes().to_vec());
        bytes.iter_mut().zip(taped).for_each(|(to, it)| *to = it);
        u64::from_le_bytes(bytes)
    }
}

impl random::Host for StoreData {
    fn get_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        let bytes = self.random().get_random_bytes(length)?;
        Ok(self.taped(Dice::Wasi, bytes))
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        let number = self.random().get_random_u64()?;
        Ok(self.taped_number(Dice::Wasi, number))
    }
}

impl insecure::Host for StoreData {
    fn get_insecure_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        let bytes = self.random().get_insecure_random_bytes(length)?;
        Ok(self.taped(Dice::WasiInsecure, bytes))
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        let number = self.random().get_insecure_random_u64()?;
        Ok(self.taped_number(Dice::WasiInsecure, number))
    }
}

impl insecure_seed::Host for StoreData {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        let seed = self.random().insecure_seed()?;
        Ok(match self.session.tap() {
            Some(tap) => tap.insecure_seed(seed),
            None => seed,
        })
    }
}

impl poll::Host for StoreData {
    async fn poll(&mut self, all: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        if all.is_empty() {
            // Ends the instance.
            return self.table.poll(all).await;
        }
        let number = match self.begin_poll(all.len()) {
            Begun::Ends(ready) => return Ok(ready),
            Begun::AtOnce => return self.end_at_once(&all).await,
            Begun::Never => std::future::pending().await,
            Begun::Waits(number) => number,
        };
        let ready = self.table.poll(all).await?;
        self.end_poll(number, &ready);
        Ok(ready)
    }
}

impl poll::HostPollable for StoreData {
    async fn block(&mut self, one: Resource<DynPollable>) -> wasmtime::Result<()> {
        let number = match self.begin_poll(1) {
            Begun::Ends(_) => return Ok(()),
            Begun::AtOnce => return self.end_at_once(&[one]).await.map(drop),
            Begun::Never => std::future::pending().await,
            Begun::Waits(number) => number,
        };
        self.table.block(one).await?;
        self.end_poll(number, &[0]);
        Ok(())
    }

    async fn ready(&mut self, one: Resource<DynPollable>) -> wasmtime::Result<bool> {
        let number = match self.begin_poll(1) {
            Begun::Ends(ready) => return Ok(!ready.is_empty()),
            Begun::AtOnce => return self.is_ready_now(&one).await,
            Begun::Never => std::future::pending().await,
            Begun::Waits(number) => number,
        };
        let is_ready = self.table.ready(one).await?;
        self.end_poll(number, if is_ready { &[0] } else { &[] });
        Ok(is_ready)
    }

    fn drop(&mut self, one: Resource<DynPollable>) -> wasmtime::Result<()> {
        if let Some(player) = self.player() {
            player.timer_ends(one.rep());
        }
        self.table.drop(one)
    }
}

/// What a wait begins with.
enum Begun {
    /// The tape says what is ready at its end.
    Ends(Vec<u32>),
    /// It ends at once, and the clocks go on by as much as it would have taken.
    AtOnce,
    /// The tape says that it does not end before its guest does.
    Never,
    /// It really waits; with its number on a tape that is being made.
    Waits(Option<usize>),
}

impl StoreData {
    fn begin_poll(&self, count: usize) -> Begun {
        match self.session.tap() {
            None => Begun::Waits(None),
            Some(Tap::Recording(recorder)) => Begun::Waits(Some(recorder.poll_begins())),
            Some(Tap::Playing(player)) => match player.polled(count) {
                None if player.waits_for_nothing() => Begun::AtOnce,
                None => Begun::Waits(None),
                Some(None) => Begun::Never,
                Some(Some(ready)) => Begun::Ends(ready),
            },
        }
    }

    /// What is ready at the end of a wait that takes no time. All but timers is ready now, or never.
    async fn end_at_once(&mut self, all: &[Resource<DynPollable>]) -> wasmtime::Result<Vec<u32>> {
        let timers: Vec<u32> = all.iter().map(Resource::rep).collect();
        loop {
            let mut ready = Vec::new();
            for (place, one) in (0..).zip(all) {
                if self.is_ready_now(one).await? {
                    ready.push(place);
                }
            }
            if !ready.is_empty() {
                return Ok(ready);
            }
            let goes_on = self.player().is_some_and(|it| it.go_on_to(&timers));
            if !goes_on {
                std::future::pending::<()>().await;
            }
        }
    }

    async fn is_ready_now(&mut self, one: &Resource<DynPollable>) -> wasmtime::Result<bool> {
        let timer = one.rep();
        match self.player().and_then(|it| it.is_timer_over(timer)) {
            Some(is_over) => Ok(is_over),
            None => poll::HostPollable::ready(&mut self.table, Resource::new_borrow(timer)).await,
        }
    }

    fn end_poll(&self, number: Option<usize>, ready: &[u32]) {
        let recorder = self.session.tap().and_then(Tap::recorder);
        if let Some((number, recorder)) = number.zip(recorder) {
            recorder.poll_ended(number, ready);
        }
    }
}
