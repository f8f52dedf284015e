//! A call that is under way, for the guest's `exchange` handle, and waiting for the first of
//! several.

use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// A call that is under way, with the result `T`. Dropping it ends the call.
pub struct UnderWay<T>(State<T>);

enum State<T> {
    Waiting(oneshot::Receiver<T>),
    /// The result is there. `None`: the call was ended.
    Ended(Option<T>),
    /// The guest has the result.
    Taken,
}

impl<T: Send> UnderWay<T> {
    /// A handle, and where the call's result goes. The call may end when nobody waits there.
    pub fn new() -> (Self, oneshot::Sender<T>) {
        let (sender, receiver) = oneshot::channel();
        (Self(State::Waiting(receiver)), sender)
    }

    /// The call's result, once; nothing when it was taken before. The result itself is `None` when
    /// the call was ended.
    pub fn result(&mut self) -> Option<impl Future<Output = Option<T>> + Send + use<T>> {
        let Lent(state) = self.lend()?;
        Some(async move {
            match state {
                State::Waiting(receiver) => receiver.await.ok(),
                State::Ended(outcome) => outcome,
                State::Taken => None,
            }
        })
    }

    /// The result, or where it will be, for [`first`]; nothing when it was taken. It has to be
    /// [given back](Self::give_back).
    pub fn lend(&mut self) -> Option<Lent<T>> {
        match mem::replace(&mut self.0, State::Taken) {
            State::Taken => None,
            state => Some(Lent(state)),
        }
    }

    /// Takes back what was lent.
    pub fn give_back(&mut self, lent: Lent<T>) {
        self.0 = lent.0;
    }
}

/// The result of an exchange, or where it will be.
pub struct Lent<T>(State<T>);

impl<T> Lent<T> {
    fn is_ended(&mut self, context: &mut Context<'_>) -> bool {
        if let State::Waiting(receiver) = &mut self.0 {
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
pub async fn first<T>(lent: &mut [(u32, Lent<T>)]) -> u32 {
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

    fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    fn lend(calls: &mut [&mut UnderWay<u8>]) -> Vec<(u32, Lent<u8>)> {
        let lent = (0..).zip(calls).map(|(at, it)| Some((at, it.lend()?)));
        lent.flatten().collect()
    }

    #[test]
    fn the_first_that_has_ended_is_found_and_keeps_its_result() {
        let ((mut one, _open), (mut two, sender)) = (UnderWay::new(), UnderWay::new());
        let mut lent = lend(&mut [&mut one, &mut two]);
        assert_eq!(poll(first(&mut lent)), Poll::Pending);
        sender.send(2).unwrap();
        assert_eq!(poll(first(&mut lent)), Poll::Ready(1));
        two.give_back(lent.pop().unwrap().1);
        one.give_back(lent.pop().unwrap().1);

        // Seen twice, taken once.
        let mut lent = lend(&mut [&mut two, &mut one]);
        assert_eq!(poll(first(&mut lent)), Poll::Ready(0));
        two.give_back(lent.swap_remove(0).1);
        assert_eq!(poll(two.result().unwrap()), Poll::Ready(Some(2)));
        assert!(two.lend().is_none() && two.result().is_none());
    }

    #[test]
    fn of_none_there_is_no_first() {
        assert_eq!(poll(first::<u8>(&mut [])), Poll::Pending);
    }

    #[test]
    fn a_call_that_was_ended_has_ended() {
        let (mut one, sender) = UnderWay::<u8>::new();
        drop(sender);
        let mut lent = lend(&mut [&mut one]);
        assert_eq!(poll(first(&mut lent)), Poll::Ready(0));
    }
}
