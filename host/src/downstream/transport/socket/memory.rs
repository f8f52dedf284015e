//! Services in memory, for tests on a paused clock: no bytes pass through the system.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use futures_util::future::BoxFuture;
use tokio::io::DuplexStream;

/// A connection that is being opened.
pub type Dialing = BoxFuture<'static, io::Result<DuplexStream>>;

thread_local! {
    static SERVICES: RefCell<HashMap<SocketAddr, Rc<dyn Fn() -> Dialing>>> = RefCell::default();
}

/// From now on, connections opened to `address` on this thread are those of `dialed`.
pub fn listen(address: SocketAddr, dialed: impl Fn() -> Dialing + 'static) {
    SERVICES.with_borrow_mut(|services| services.insert(address, Rc::new(dialed)));
}

/// A connection to the service at this address; `None` where there is none in memory.
pub(super) fn open(address: SocketAddr) -> Option<Dialing> {
    let dialed = SERVICES.with_borrow(|services| services.get(&address).cloned())?;
    Some(dialed())
}
