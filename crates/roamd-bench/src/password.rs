//! What a password costs the farm that has not seen it lately.
//!
//! A farm remembers for a while which passwords it found right, so the load above pays for one hash a
//! minute. A user whom the farm does not know costs it a hash each time, and locks nobody out.

use std::time::Duration;

use anyhow::{Result, ensure};
use roamd_nfuse_proto::{Dialect, ValidateCredentialsRequest, encode_request};

use crate::http::{Connection, runtime};
use crate::load::{credentials, each};
use crate::setup::Setup;

/// How many passwords are checked.
const CHECKS: u64 = 50;

/// Processor time of the farm for one password.
pub(crate) fn cost(setup: &Setup) -> Result<Duration> {
    let request = ValidateCredentialsRequest {
        credentials: credentials("nobody"),
        identity_wanted: false,
    };
    let body = encode_request(Dialect::FMA, &request);
    let before = setup.farm.usage()?;
    runtime()?.block_on(async {
        let mut connection = Connection::open(setup.farm_address).await?;
        for _ in 0..CHECKS {
            let headers = [("Content-Type", "text/xml")];
            let answer = connection
                .post(&setup.farm_path, &headers, body.clone())
                .await?;
            ensure!(answer.status == 200, "the farm answered {}", answer.status);
        }
        Ok(())
    })?;
    Ok(each(
        setup.farm.usage()?.cpu.saturating_sub(before.cpu),
        CHECKS,
    ))
}
