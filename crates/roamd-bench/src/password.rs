//! Cost of a password that the farm has not cached.
//!
//! A farm caches good passwords, so the load of sign-ins costs one hash a minute. An unknown user
//! costs the farm a hash each time, and locks no account.

use std::time::Duration;

use anyhow::{Result, ensure};
use roamd_bench::{Connection, Setup, credentials, per_request, runtime};
use roamd_nfuse_proto::{Dialect, ValidateCredentialsRequest, decode_response, encode_request};

/// Number of passwords to check.
const CHECKS: u64 = 50;

/// Returns the processor time of the farm for one password.
pub(crate) fn cost(setup: &Setup) -> Result<Duration> {
    let request = ValidateCredentialsRequest::new(credentials("unknown"));
    let body = encode_request(Dialect::FMA, &request);
    let before = setup.farm.process.usage()?;
    runtime()?.block_on(async {
        let mut connection = Connection::open(setup.farm.address).await?;
        for _ in 0..CHECKS {
            let headers = [("Content-Type", "text/xml")];
            let response = connection
                .post(&setup.farm.path, &headers, body.clone())
                .await?;
            let (_, checked) = decode_response::<ValidateCredentialsRequest>(&response.body)?;
            ensure!(checked.is_err(), "the farm knows the unknown user");
        }
        Ok(())
    })?;
    Ok(per_request(
        setup.farm.process.usage()?.cpu.saturating_sub(before.cpu),
        CHECKS,
    ))
}
