//! `RequestLaunchRef`: launch references (nfuse.md §5.6).

use data_encoding::BASE64;
use roamd_nfuse_proto::{LaunchRefRequest, LaunchRefResponse};

use crate::crypto::random::random;
use crate::error::Error;
use crate::model::ticket_tag::TicketTag;
use crate::rules::request_refusal::RequestRefusal;
use crate::service::authentication::has_password;
use crate::service::request_handler::RequestHandler;

impl RequestHandler<'_> {
    /// Responds to `RequestLaunchRef`. A reference is no proof and is never redeemed, so no
    /// password is required, as clients expect. Neither the user nor the session is looked up, so
    /// the response does not reveal whether they exist.
    pub(crate) async fn launch_ref(
        &self,
        request: LaunchRefRequest,
    ) -> Result<LaunchRefResponse, RequestRefusal> {
        if has_password(&request.credentials) {
            self.authenticate(&request.credentials).await?;
        }
        if !request.launch_ref_type.eq_ignore_ascii_case("ICA") {
            return Err(RequestRefusal::Unsupported);
        }
        TicketTag::parse(&request.ticket_tag).ok_or(RequestRefusal::UnknownName)?;
        let launch_ref = self.hide_internal_error(new_launch_ref())?;
        Ok(LaunchRefResponse { launch_ref })
    }
}

/// Returns a new random launch reference.
pub(crate) fn new_launch_ref() -> Result<String, Error> {
    Ok(BASE64.encode(&random::<18>()?))
}
