//! Certificate authorities of a store (`--ca-file`).

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, bail};
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
    let path = file.display();
    let pem = match fs::read(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!(
                "there is no file {path} with the certificate authorities of the store; put it \
                 there, or name another one with --ca-file"
            );
        }
        read => read.with_context(|| format!("cannot read the certificate authorities {path}"))?,
    };
    let authorities =
        Authorities::from_pem(&pem).map_err(|error| UsageError(format!("{path} {error}")))?;
    Ok(client.trusting(authorities))
}
