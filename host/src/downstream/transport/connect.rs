//! The connection of an attempt when the pool has none: connects to the endpoint, or to another one
//! of the same name, or waits for a stream on a shared connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::Id;
use tokio::time::Instant;

use super::address::Address;
use super::attempt::Attempt;
use super::charge::Charge;
use super::checkout::{Checkout, CheckoutError};
use super::connection::Connection;
use super::endpoint::Endpoint;
use super::pool::Slot;
use super::pool::turn::Wanted;
use super::race::{Progress, race};
use crate::config::Protocol;
use crate::downstream::error::{Cause, Phase};

/// Endpoints that are tried for one connection.
const MAX_TRIES: usize = 8;
/// Endpoints that share the time of one connection, when none of them answers.
const MAX_SHARES: usize = 4;
/// The least time between two tries, RFC 8305 section 5.
const MIN_DELAY: Duration = Duration::from_millis(10);

impl<'a> Attempt<'a> {
    /// Opens a connection, or gets that of another caller. It replaces `broken`; with `fresh`, a
    /// kept one is not used.
    pub(super) async fn connect(
        &self,
        charge: &mut Charge<'a>,
        now: Instant,
        broken: Option<Id>,
        fresh: bool,
        queued: &mut Duration,
    ) -> Result<Connection, Cause> {
        let limit = now + self.bounds.timeouts.connect;
        let until = self.bounds.end.latest().min(limit);
        if self.connector.settings.protocol == Protocol::Http2 {
            let wanted = Wanted {
                worker: self.worker,
                avoid: broken,
                fresh,
            };
            return self.place(charge, wanted, (now, until), queued).await;
        }
        let fresh = fresh || broken.is_some();
        self.bounds
            .end
            .timeout(Some(limit), self.open_http1(charge, until, fresh))
            .await
            .ok_or_else(|| self.late(Phase::Connect, now))?
            .map_err(|source| self.unreachable(source))
    }

    async fn open_http1(
        &self,
        charge: &mut Charge<'a>,
        until: Instant,
        fresh: bool,
    ) -> io::Result<Connection> {
        let terms = self.connector.terms();
        let pools = &charge.endpoint.pools;
        match pools.slot(self.worker, fresh, terms).await {
            Slot::Taken(connection) => Ok(connection),
            Slot::Open(slot) => {
                // One slot is enough for all that are tried: one of them becomes a connection.
                let dial = |endpoint: &'a Endpoint, progress: Arc<Progress>| async move {
                    let changed = Arc::default();
                    self.connector.dial(endpoint, changed, &progress).await
                };
                let dialed = self.first_of_name(charge, until, dial).await?;
                let pools = &charge.endpoint.pools;
                Ok(pools.opened(self.worker, dialed, slot, terms.max_age))
            }
        }
    }

    /// Gets a stream on an HTTP/2 connection.
    async fn place(
        &self,
        charge: &mut Charge<'a>,
        wanted: Wanted,
        (now, until): (Instant, Instant),
        queued: &mut Duration,
    ) -> Result<Connection, Cause> {
        let checkout = |endpoint: &'a Endpoint, progress: Arc<Progress>| async move {
            let checkout = Checkout {
                connector: self.connector,
                endpoint,
                wanted,
                bounds: self.bounds,
                progress: &progress,
            };
            let mut queued = Duration::ZERO;
            match checkout.run(now, &mut queued).await {
                Ok(connection) => Ok((Ok(connection), queued)),
                // There is no time for another endpoint either.
                Err(CheckoutError::Late(phase)) => Ok((Err(phase), queued)),
                Err(CheckoutError::Unreachable(source)) => Err(source),
            }
        };
        let place = self.first_of_name(charge, until, checkout).await;
        let (place, waited) = place.map_err(|source| self.unreachable(source))?;
        *queued += waited;
        place.map_err(|phase| self.late(phase, now))
    }

    /// The connection of the attempt's endpoint, or of another one of its name that is faster. The
    /// attempt is charged to that one, and failures to the others.
    async fn first_of_name<T, F>(
        &self,
        charge: &mut Charge<'a>,
        until: Instant,
        begin: impl Fn(&'a Endpoint, Arc<Progress>) -> F,
    ) -> io::Result<T>
    where
        F: Future<Output = io::Result<T>>,
    {
        let began = Instant::now();
        let ranked = self.connector.endpoints.are_ranked();
        let order = in_order(self.endpoints, ranked, charge.endpoint, began);
        if order.len() == 1 {
            return begin(charge.endpoint, Arc::default()).await;
        }
        let longest = self.connector.settings.connections.attempt_delay;
        let delay = |number: usize| {
            // One that does not answer must leave time for the others.
            let shares = (order.len() - number).min(MAX_SHARES) as u32;
            let left = until.saturating_duration_since(Instant::now());
            (left / shares).min(longest).max(MIN_DELAY)
        };
        let lost = |number: usize| {
            let (endpoint, now) = (order[number], Instant::now());
            if number > 0 {
                endpoint.record.load.begin(began).failed(now);
            }
            let connector = self.connector;
            connector.failed(self.endpoints, endpoint, began, now);
        };
        let begin = |number: usize, progress| begin(order[number], progress);
        let finish = race(order.len(), begin, delay, lost).await;
        charge.move_to(order[finish.number], Instant::now());
        charge.counted = finish.told;
        finish.result
    }
}

/// The endpoints to be tried for a connection: this one, and others of its name, those of all
/// targets of an SRV name by their priority, the other family of addresses first and then by turns
/// (RFC 8305 section 4), those at the end that are left out.
fn in_order<'a>(
    all: &'a [Arc<Endpoint>],
    ranked: bool,
    first: &'a Endpoint,
    now: Instant,
) -> Vec<&'a Endpoint> {
    // Socket files, and services behind a proxy, are no addresses of a name, though `host` says the
    // same.
    let of_a_name = |it: &Endpoint| matches!(it.address, Address::Tcp(_));
    if !of_a_name(first) {
        return vec![first];
    }
    let same_name = |it: &Endpoint| ranked || it.authority == first.authority;
    let mut others: Vec<&Endpoint> = all
        .iter()
        .map(|it| &**it)
        .filter(|it| it.id != first.id && of_a_name(it) && same_name(it))
        .collect();
    let cost = |it: &Endpoint| it.record.load.cost(now);
    others.sort_by(|one, other| cost(one).total_cmp(&cost(other)));
    let is_v4 = first.address.is_ipv4();
    let family = |v4: bool| others.iter().filter(move |it| it.address.is_ipv4() == v4);
    let turns = |v4, second| {
        family(v4)
            .enumerate()
            .map(move |(turn, it)| (2 * turn + second, *it))
    };
    let mut by_turns: Vec<(usize, &Endpoint)> = turns(!is_v4, 0).chain(turns(is_v4, 1)).collect();
    by_turns.sort_by_key(|(turn, it)| (!it.good(now), it.record.rank.priority(), *turn));
    let others = by_turns.into_iter().map(|(_, it)| it);
    std::iter::once(first)
        .chain(others)
        .take(MAX_TRIES)
        .collect()
}
