//! Opening connections to the controllers of a farm.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, SystemTime};

use roamd_nfuse_proto::transport::{ControllerUrl, Security};
use tokio::time::timeout;

use crate::answer_memory::FarmMemory;
use crate::connection::Connection;
use crate::error::CallError;
use crate::read_budget::{BudgetedStream, ReadBudget};
use crate::{ClientTls, Network, Stream};

/// Connection settings that all controllers of a farm share.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) network: Arc<dyn Network>,
    pub(crate) tls: Option<ClientTls>,
    /// Limit for name lookup, TCP connection and TLS handshake together.
    pub(crate) connect_timeout: Duration,
    /// Memory for the responses of the farm.
    pub(crate) memory: FarmMemory,
}

/// A connection that was opened.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    /// Expiry of the controller's certificate. `None` without TLS.
    pub(crate) certificate_expiry: Option<SystemTime>,
}

impl Connector {
    /// Opens a connection to a controller, and counts it in `open` until it is dropped.
    ///
    /// # Errors
    /// Always [`CallError::Unreachable`]: nothing was sent.
    pub(crate) async fn connect(
        &self,
        controller: &ControllerUrl,
        open: &Arc<AtomicUsize>,
    ) -> Result<Opened, CallError> {
        let budget = ReadBudget::new();
        let (stream, certificate_expiry) =
            timeout(self.connect_timeout, self.open(controller, &budget))
                .await
                .map_err(|elapsed| CallError::Unreachable(Box::new(elapsed)))?
                .map_err(|error| CallError::Unreachable(Box::new(error)))?;
        let connection = Connection::start(stream, budget, open)
            .await
            .map_err(|error| CallError::Unreachable(Box::new(error)))?;
        Ok(Opened {
            connection,
            certificate_expiry,
        })
    }

    async fn open(
        &self,
        controller: &ControllerUrl,
        budget: &Arc<ReadBudget>,
    ) -> io::Result<(Box<dyn Stream>, Option<SystemTime>)> {
        let (host, port) = (controller.host(), controller.port());
        let stream = self.network.connect(host, port).await?;
        let stream = Box::new(BudgetedStream::new(stream, budget));
        match (controller.security(), &self.tls) {
            (Security::Plain, _) => Ok((stream, None)),
            (Security::Tls, Some(tls)) => tls.secure(host, stream).await,
            (Security::Tls, None) => Err(io::Error::other("TLS is not set up for this farm")),
        }
    }
}
