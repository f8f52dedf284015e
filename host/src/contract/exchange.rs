//! A call that is under way, as the guest's `exchange` handle, and waiting for the first of
//! several.

use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::{Failure, Reply};

type Outcome = Result<Reply, Failure>;

/// A call that is under way, as the guest's `exchange` handle. Dropping it ends the call.
pub struct Exchange(State);

enum State {
    UnderWay(oneshot::Receiver<Outcome>),
    /// The result is there. `None`: the call was ended.
    Ended(Option<Outcome>),
    /// The guest has the result.
    Taken,
}

impl Exchange {
    /// A handle, and where the call's result goes. The call may end when nobody waits there.
    pub fn new() -> (Self, oneshot::Sender<Outcome>) {
        let (sender, receiver) = oneshot::channel();
        (Self(State::UnderWay(receiver)), sender)
    }

    /// The call's result, once; nothing when it was taken before. The result itself is `None` when
    /// the call was ended.
    pub fn result(&mut self) -> Option<impl Future<Output = Option<Outcome>> + Send + use<>> {
        let Lent(state) = self.lend()?;
        Some(async move {
            match state {
                State::UnderWay(receiver) => receiver.await.ok(),
                State::Ended(outcome) => outcome,
                State::Taken => None,
            }
        })
    }

    /// The result, or where it will be, for [`first`]; nothing when it was taken. It has to be
    /// [given back](Self::give_back).
    pub fn lend(&mut self) -> Option<Lent> {
        match mem::replace(&mut self.0, State::Taken) {
            State::Taken => None,
            state => Some(Lent(state)),
        }
    }

    /// Takes back what was lent.
    pub fn give_back(&mut self, lent: Lent) {
        self.0 = lent.0;
    }
}

/// The result of an exchange, or where it will be.
pub struct Lent(State);

impl Lent {
    fn is_ended(&mut self, context: &mut Context<'_>) -> bool {
        if let State::UnderWay(receiver) = &mut self.0 {
            match Pin::new(receiver).poll(context) {
                Poll::Ready(outcome) => self.0 = State::Ended(outcome.ok()),
                Poll::Pending => return false,
            }
        }
        true
    }
}

/// Waits until one of them has its result, and gives the place that stands beside it: of several,
/// the first in the list. Waits for ever where there are none.
pub async fn first(lent: &mut [(u32, Lent)]) -> u32 {
    poll_fn(|context| {
        let mut places = lent.iter_mut();
        match places.find_map(|(place, lent)| lent.is_ended(context).then_some(*place)) {
            Some(place) => Poll::Ready(place),
            None => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    fn failure(detail: &str) -> Outcome {
        Err(Failure {
            kind: super::super::FailureKind::Denied,
            sent: false,
            detail: detail.to_owned(),
        })
    }

    fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    fn lend(exchanges: &mut [&mut Exchange]) -> Vec<(u32, Lent)> {
        let lent = (0..).zip(exchanges).map(|(at, it)| Some((at, it.lend()?)));
        lent.flatten().collect()
    }

    fn detail(exchange: &mut Exchange) -> Option<String> {
        match poll(exchange.result()?) {
            Poll::Ready(Some(Err(failure))) => Some(failure.detail),
            _ => None,
        }
    }

    #[test]
    fn the_first_that_has_ended_is_found_and_keeps_its_result() {
        let ((mut one, _open), (mut two, sender)) = (Exchange::new(), Exchange::new());
        let mut lent = lend(&mut [&mut one, &mut two]);
        assert_eq!(poll(first(&mut lent)), Poll::Pending);
        sender.send(failure("two")).unwrap();
        assert_eq!(poll(first(&mut lent)), Poll::Ready(1));
        two.give_back(lent.pop().unwrap().1);
        one.give_back(lent.pop().unwrap().1);

        // Seen twice, taken once.
        let mut lent = lend(&mut [&mut two, &mut one]);
        assert_eq!(poll(first(&mut lent)), Poll::Ready(0));
        two.give_back(lent.swap_remove(0).1);
        assert_eq!(detail(&mut two).as_deref(), Some("two"));
        assert!(two.lend().is_none() && two.result().is_none());
    }

    #[test]
    fn of_none_there_is_no_first() {
        assert_eq!(poll(first(&mut [])), Poll::Pending);
    }

    #[test]
    fn a_call_that_was_ended_has_ended() {
        let (mut one, sender) = Exchange::new();
        drop(sender);
        let mut lent = lend(&mut [&mut one]);
        assert_eq!(poll(first(&mut lent)), Poll::Ready(0));
    }
}
