//! One of the services while it runs.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::answer::ServiceState;
use crate::command::Command;
use crate::fault::{Fault, FaultKind, InvalidFault};
use crate::service::Service;

/// Why a fault was not set.
#[derive(Debug, Error)]
pub enum SetFaultError {
    /// It is invalid.
    #[error(transparent)]
    Invalid(#[from] InvalidFault),
    /// The port could not be opened again.
    #[error("{service}: cannot listen on {address} again")]
    Listen {
        /// The service.
        service: Service,
        /// Its address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
}

/// One running service.
pub(crate) struct Running {
    pub(crate) service: Service,
    pub(crate) address: SocketAddr,
    pub(crate) state: Arc<ServiceState>,
    /// Locked for as long as a fault is being set, so that fault and listener agree.
    commands: Mutex<mpsc::Sender<Command>>,
}

impl Running {
    /// `commands` reach the listener at `address`, which serves `state`.
    pub(crate) fn new(
        service: Service,
        address: SocketAddr,
        state: Arc<ServiceState>,
        commands: mpsc::Sender<Command>,
    ) -> Running {
        Running {
            service,
            address,
            state,
            commands: Mutex::new(commands),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The fault must have been checked.
    pub(crate) async fn set_fault(&self, fault: Option<Fault>) -> Result<(), SetFaultError> {
        let commands = self.commands.lock().await;
        let refuse = matches!(
            &fault,
            Some(Fault {
                kind: FaultKind::Refuse,
                ..
            })
        );
        self.state.set_fault(fault);
        let (done, answer) = oneshot::channel();
        let command = if refuse {
            Command::Close(done)
        } else {
            Command::Open(done)
        };
        // If the task is gone, the command's sender is dropped with it.
        let _ = commands.send(command).await;
        let result = answer
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the service was stopped")));
        result.map_err(|source| SetFaultError::Listen {
            service: self.service,
            address: self.address,
            source,
        })
    }

    /// Stops it: its port is closed when this returns, and so are all connections.
    pub(crate) async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self
            .commands
            .lock()
            .await
            .send(Command::Stop(done))
            .await
            .is_ok()
        {
            // An error means that the task ended without our doing, with the same result.
            let _ = stopped.await;
        }
    }
}
