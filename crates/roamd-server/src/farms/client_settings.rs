//! Settings of the client of a farm's controllers, made from the configuration.

use std::sync::Arc;

use roamd_nfuse_client::{AnswerMemory, FarmConfig, Network, Observer, TlsError};
use roamd_nfuse_proto::Dialect;

use crate::config;

/// Returns the settings of the client of a farm. Farms that share `memory` share the memory for
/// responses.
///
/// # Errors
/// [`TlsError`] if the configured certificates or keys cannot be used.
pub(super) fn client_settings(
    farm: &config::Farm,
    network: Arc<dyn Network>,
    observer: Option<Arc<dyn Observer>>,
    memory: &AnswerMemory,
) -> Result<FarmConfig, TlsError> {
    let (major, minor) = farm.generation.protocol_version();
    Ok(FarmConfig {
        order: farm.controller_order,
        timeout: farm.timeout,
        connect_timeout: farm.connect_timeout,
        response_timeout: farm.response_timeout,
        attempts: farm.attempts,
        service_keys: farm.service_keys.clone(),
        tls: farm.tls.as_ref().map(config::client_tls).transpose()?,
        observer,
        memory: memory.clone(),
        dialect: Dialect::new(major, minor),
        ..FarmConfig::new(&farm.id, farm.controllers.clone(), network)
    })
}
