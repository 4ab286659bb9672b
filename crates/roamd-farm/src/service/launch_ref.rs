//! The request `LaunchRef`: launch references.

use data_encoding::BASE64;
use roamd_nfuse_proto::{LaunchRefAnswer, LaunchRefRequest};

use crate::crypto::random::random;
use crate::error::Error;
use crate::model::ticket_tag::TicketTag;
use crate::rules::request_refusal::RequestRefusal;
use crate::service::authentication::has_password;
use crate::service::request_handler::RequestHandler;

impl RequestHandler<'_> {
    /// A reference proves nothing and is redeemed nowhere, so one is given without a password too, as
    /// clients ask for it; and without a look at the user or the session, which would tell that they
    /// exist.
    pub(crate) async fn launch_ref(
        &self,
        request: LaunchRefRequest,
    ) -> Result<LaunchRefAnswer, RequestRefusal> {
        if has_password(&request.credentials) {
            self.authenticate(&request.credentials).await?;
        }
        if !request.launch_ref_type.eq_ignore_ascii_case("ICA") {
            return Err(RequestRefusal::Unsupported);
        }
        TicketTag::parse(&request.ticket_tag).ok_or(RequestRefusal::UnknownName)?;
        let launch_ref = self.log_error(new_launch_ref())?;
        Ok(LaunchRefAnswer { launch_ref })
    }
}

pub(crate) fn new_launch_ref() -> Result<String, Error> {
    Ok(BASE64.encode(&random::<18>()?))
}
