//! All five services, to start, call, break and stop together.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::answer::ServiceState;
use crate::command::Command;
use crate::control::Control;
use crate::fault::Fault;
use crate::listener::Listener;
use crate::record::{Counts, ReceivedRequest};
use crate::running::{Running, SetFaultError};
use crate::service::Service;
use crate::site::Site;

/// The options of the services.
#[derive(Clone, Debug)]
pub struct Options {
    /// The IP address of all listeners.
    pub host: IpAddr,
    /// The port of the control; the services take the five ports after it, in the order of
    /// [`Service::ALL`]. With 0, each takes a free one.
    pub base_port: u16,
    /// Whether requests are recorded from the start.
    pub recording: bool,
}

impl Default for Options {
    /// Free ports of 127.0.0.1, recording.
    fn default() -> Options {
        Options {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            base_port: 0,
            recording: true,
        }
    }
}

/// Why the services did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// There are not five ports after the base port.
    #[error("base port {0}: must be at most 65530, five more ports follow it")]
    BasePort(u16),
    /// A port is taken or not allowed.
    #[error("{name}: cannot listen on {address}")]
    Listen {
        /// `control` or the name of the service.
        name: &'static str,
        /// The requested address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
}

/// The five running services and their control. Dropped, they stop soon after;
/// [`Services::shutdown`] waits for it.
pub struct Services {
    /// One for each of [`Service::ALL`], in that order.
    running: Arc<[Running]>,
    control_address: SocketAddr,
    control_commands: mpsc::Sender<Command>,
}

impl Services {
    /// Starts all services on free ports of 127.0.0.1, on the current tokio runtime. They accept
    /// connections when this returns.
    ///
    /// # Errors
    ///
    /// If a listener cannot be made.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start() -> Result<Services, StartError> {
        Services::start_with(&Options::default())
    }

    /// Starts all services as the options say.
    ///
    /// # Errors
    ///
    /// If a port is taken; then none is left running.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start_with(options: &Options) -> Result<Services, StartError> {
        if options.base_port > u16::MAX - 5 {
            return Err(StartError::BasePort(options.base_port));
        }
        let bind = |name, offset: u16| {
            let port = if options.base_port == 0 {
                0
            } else {
                options.base_port + offset
            };
            let address = SocketAddr::new(options.host, port);
            Listener::bind(address).map_err(|source| StartError::Listen {
                name,
                address,
                source,
            })
        };
        // All ports are bound before anything runs.
        let control = bind("control", 0)?;
        let mut listeners = Vec::new();
        for (service, offset) in Service::ALL.into_iter().zip(1..) {
            listeners.push((service, bind(service.name(), offset)?));
        }
        let running: Arc<[Running]> = listeners
            .into_iter()
            .map(|(service, listener)| start(service, listener, options.recording))
            .collect();
        let control_address = control.address();
        let site = Site::Control(Arc::new(Control::new(
            control_address,
            Arc::clone(&running),
        )));
        let (control_commands, commands) = mpsc::channel(1);
        #[expect(
            clippy::disallowed_methods,
            reason = "ends when the services are dropped, which drops the sender of its commands"
        )]
        tokio::spawn(control.run(site, commands));
        Ok(Services {
            running,
            control_address,
            control_commands,
        })
    }

    /// The address of a service.
    pub fn addr(&self, service: Service) -> SocketAddr {
        self.of(service).address
    }

    /// The URL of a service, without a slash at the end: `http://127.0.0.1:9102`.
    pub fn url(&self, service: Service) -> String {
        self.of(service).url()
    }

    /// Name and URL of each service.
    pub fn urls(&self) -> [(&'static str, String); 5] {
        Service::ALL.map(|service| (service.name(), self.url(service)))
    }

    /// The URL of the control.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.control_address)
    }

    /// Sets the fault of a service, replacing the one in force. When this returns, every request
    /// that begins later is subject to it; with [`Fault::refuse`], the port refuses and all
    /// connections are closed. A request that is being answered keeps the fault with which it
    /// began.
    ///
    /// # Errors
    ///
    /// If the fault is invalid, or if it ends a refusal and the port cannot be opened again.
    pub async fn set_fault(&self, service: Service, fault: Fault) -> Result<(), SetFaultError> {
        fault.check()?;
        self.of(service).set_fault(Some(fault)).await
    }

    /// Returns a service to normal. Hung requests stay hung until their callers give up.
    ///
    /// # Errors
    ///
    /// If the fault was a refusal and the port cannot be opened again.
    pub async fn clear_fault(&self, service: Service) -> Result<(), SetFaultError> {
        self.of(service).set_fault(None).await
    }

    /// The fault in force. One that is used up is gone.
    pub fn fault(&self, service: Service) -> Option<Fault> {
        self.of(service).state.fault()
    }

    /// The last 10,000 requests that a service received since the last clear, oldest first. A
    /// request is received when its body is complete.
    pub fn requests(&self, service: Service) -> Vec<ReceivedRequest> {
        self.of(service).state.recorder.requests()
    }

    /// Forgets the requests of a service and counts them from 0 again.
    pub fn clear_requests(&self, service: Service) {
        self.of(service).state.recorder.clear();
    }

    /// Forgets the requests of all services.
    pub fn clear_all_requests(&self) {
        for running in self.running.iter() {
            running.state.recorder.clear();
        }
    }

    /// Turns the record of requests on or off for all services. The counts go on.
    pub fn set_recording(&self, recording: bool) {
        for running in self.running.iter() {
            running.state.recorder.set_recording(recording);
        }
    }

    /// The counts of a service.
    pub fn counts(&self, service: Service) -> Counts {
        self.of(service).state.recorder.counts()
    }

    /// Resolves as soon as the counts of a service satisfy `enough`. It has no time limit of its
    /// own.
    pub async fn wait_until(&self, service: Service, enough: impl Fn(Counts) -> bool) {
        self.of(service).state.recorder.wait_until(enough).await;
    }

    /// Resolves as soon as a service has received `count` requests since the last clear, whether or
    /// not they were answered, and returns the record of them. It has no time limit of its own.
    pub async fn wait_for_requests(&self, service: Service, count: u64) -> Vec<ReceivedRequest> {
        self.wait_until(service, |counts| counts.requests >= count)
            .await;
        self.requests(service)
    }

    /// Resolves as soon as the callers of `count` requests since the last clear gave up, and
    /// returns the record of all requests. It has no time limit of its own.
    pub async fn wait_for_aborted(&self, service: Service, count: u64) -> Vec<ReceivedRequest> {
        self.wait_until(service, |counts| counts.aborted >= count)
            .await;
        self.requests(service)
    }

    /// Stops everything: when this returns, the ports are closed and so are all connections.
    pub async fn shutdown(self) {
        let (done, stopped) = oneshot::channel();
        if self
            .control_commands
            .send(Command::Stop(done))
            .await
            .is_ok()
        {
            // An error means that the task ended without our doing, with the same result.
            let _ = stopped.await;
        }
        for running in self.running.iter() {
            running.stop().await;
        }
    }

    fn of(&self, service: Service) -> &Running {
        &self.running[service as usize]
    }
}

/// Has a listener serve one of the services.
fn start(service: Service, listener: Listener, recording: bool) -> Running {
    let address = listener.address();
    let state = Arc::new(ServiceState::new(service, recording));
    let (sender, commands) = mpsc::channel(1);
    #[expect(
        clippy::disallowed_methods,
        reason = "ends when the service is dropped, which drops the sender of its commands"
    )]
    tokio::spawn(listener.run(Site::Service(Arc::clone(&state)), commands));
    Running::new(service, address, state, sender)
}
