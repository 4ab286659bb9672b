//! `RequestServerData`: the servers of a farm.

use roamd_nfuse_proto::{MemberServer, ServerDataRequest, ServerDataResponse};

use crate::rules::request_refusal::RequestRefusal;
use crate::rules::type_filters::{CLIENT_TYPE, SERVER_TYPE, filters_match};
use crate::service::request_handler::RequestHandler;
use crate::store::hosts;

impl RequestHandler<'_> {
    /// Responds to `RequestServerData`.
    pub(crate) async fn server_data(
        &self,
        request: ServerDataRequest,
    ) -> Result<ServerDataResponse, RequestRefusal> {
        let matches = filters_match(&request.server_types, &request.client_types);
        if !self.options.expose_catalog || !matches {
            return Ok(ServerDataResponse::default());
        }
        let hosts = self.read(|connection| hosts::of_farm(connection, &self.farm.row))?;
        Ok(ServerDataResponse {
            servers: hosts
                .into_iter()
                .map(|host| MemberServer {
                    name: host.name,
                    server_type: SERVER_TYPE.to_owned(),
                    client_type: CLIENT_TYPE.to_owned(),
                })
                .collect(),
        })
    }
}
