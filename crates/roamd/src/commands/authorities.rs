//! Certificate authorities of a store (`--ca-file`).

use std::fs;
use std::path::Path;

use anyhow::Context;
use roamd_store_client::{Authorities, StoreClient};

use crate::exit_code::UsageError;

/// Returns a client that trusts the authorities in a PEM file, or those of the system without one.
///
/// # Errors
/// If the file cannot be read or has no certificates.
pub(super) fn trusting(client: StoreClient, file: Option<&Path>) -> anyhow::Result<StoreClient> {
    let Some(file) = file else {
        return Ok(client);
    };
    let pem = fs::read(file).with_context(|| {
        let file = file.display();
        format!("cannot read {file}; name the authorities of the store with --ca-file")
    })?;
    let authorities = Authorities::from_pem(&pem)
        .map_err(|error| UsageError(format!("{} {error}", file.display())))?;
    Ok(client.trusting(authorities))
}
