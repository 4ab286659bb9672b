//! `RequestAddress`: where a launch connects to (nfuse.md §5).

use roamd_nfuse_proto::{AddressRequest, AddressResponse, Credentials, HostAddress};

use crate::launch::placement::{LaunchCaller, SessionPlacement, place_launch};
use crate::model::case_folding::contains_word;
use crate::model::client_identity::ClientIdentity;
use crate::model::host::HostRow;
use crate::model::launch_refusal::LaunchRefusal;
use crate::model::session::SharingKey;
use crate::model::ticket_tag::TicketTag;
use crate::rules::generation_behaviour::address_contains_ticket;
use crate::rules::request_refusal::RequestRefusal;
use crate::rules::type_filters::{CLIENT_TYPE, SERVER_TYPE};
use crate::service::authentication::has_password;
use crate::service::launch_ref::new_launch_ref;
use crate::service::request_handler::RequestHandler;
use crate::store::hosts;

/// Port of the ICA protocol.
const ICA_PORT: u16 = 1494;

/// Port of session reliability (CGP).
const CGP_PORT: u16 = 2598;

impl RequestHandler<'_> {
    /// Responds to `RequestAddress`. Switches a machine on if the launch needs it.
    pub(crate) async fn address(
        &self,
        request: AddressRequest,
    ) -> Result<AddressResponse, RequestRefusal> {
        let user = match &request.credentials {
            None | Some(Credentials::Anonymous) => None,
            Some(credentials) => Some(self.authenticate(credentials).await?),
        };
        let audience = self.audience(user.as_ref().map(|user| user.id));
        let farm = &self.farm.row;
        let caller = LaunchCaller {
            audience: audience.ok_or(RequestRefusal::UnknownName)?,
            client: ClientIdentity::new(&request.client_name, &request.device_id),
            sharing_key: user.as_ref().and_then(|user| {
                SharingKey::compute(&farm.label, &user.sid, request.session_settings.as_ref())
            }),
        };
        let now = self.now;
        let placement =
            self.read(|connection| place_launch(connection, farm, &caller, &request.name, now))?;
        let placement = placement.ok_or(RequestRefusal::UnknownName)?;
        if contains_word(&request.flags, "alt-addr") {
            return Err(RequestRefusal::NoAlternateAddress);
        }
        let (host, launch, disconnected_session, sharing_key) = match placement {
            SessionPlacement::Ready {
                host,
                launch,
                is_disconnected_session,
                sharing_key,
            } => (host, launch, is_disconnected_session, sharing_key),
            SessionPlacement::PoweredOff(host) => {
                self.write(move |transaction| hosts::switch_on(transaction, host.id, now))
                    .await?;
                return Err(RequestRefusal::Launch(LaunchRefusal::Starting));
            }
        };
        let tag = launch.map(|launch| TicketTag {
            host: host.label.clone(),
            launch,
            client: caller.client,
        });
        let mut response = AddressResponse {
            server_address: server_address(&host, request.wanted_address_type.as_deref()),
            server_type: Some(SERVER_TYPE.to_owned()),
            connection_type: Some("tcp".to_owned()),
            client_type: Some(CLIENT_TYPE.to_owned()),
            ticket_tag: tag.as_ref().map(ToString::to_string),
            farm_load_hint: Some(host.load_hint().to_string()),
            disconnected_session,
            cgp_address: Some(HostAddress {
                kind: Some("port".to_owned()),
                value: CGP_PORT.to_string(),
            }),
            ..AddressResponse::default()
        };
        if let (Some(tag), Some(user)) = (tag, user)
            && address_contains_ticket(farm.generation)
            && request.credentials.as_ref().is_some_and(has_password)
        {
            response.ticket = Some(self.issue_ticket(user.id, tag, None).await?);
            response.session_sharing_key = sharing_key.map(|key| key.0);
            response.launch_ref = Some(self.hide_internal_error(new_launch_ref())?);
        }
        Ok(response)
    }
}

/// Returns the host address in the requested form: the IP address if the request names no form, and
/// the IP address with its port if it names one that the farm does not have, as on real farms
/// (nfuse.md §5.3).
fn server_address(host: &HostRow, requested: Option<&str>) -> HostAddress {
    let requested = requested.unwrap_or("dot").to_ascii_lowercase();
    let (kind, value) = match requested.as_str() {
        "dot" => ("dot", host.address.clone()),
        "dns" => ("dns", host.dns.clone()),
        "dns-port" => ("dns-port", format!("{}:{ICA_PORT}", host.dns)),
        _ => ("dot-port", format!("{}:{ICA_PORT}", host.address)),
    };
    HostAddress {
        kind: Some(kind.to_owned()),
        value,
    }
}
