//! `CtxConnInfo`: what a gateway is told of a connection, for its own lists and logs.

use roamd_xml::{Layout, Writer};

/// Who connects to what. It travels as a text within the request for a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionInfo<'a> {
    /// `ServerAddress`: `host:port`.
    pub server_address: &'a str,
    /// `UserName`.
    pub user_name: &'a str,
    /// `UserDomain`.
    pub user_domain: &'a str,
    /// `ApplicationName`.
    pub application_name: &'a str,
}

impl ConnectionInfo<'_> {
    /// The document as text, for [`TicketData::x_data`](super::TicketData::x_data).
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut writer = Writer::new(Layout::Compact);
        writer.prolog(r#"<?xml version="1.0"?>"#);
        writer.open("CtxConnInfo", &[("version", "1.0")]);
        writer.leaf("ServerAddress", &[], self.server_address);
        writer.leaf("UserName", &[], self.user_name);
        writer.leaf("UserDomain", &[], self.user_domain);
        writer.leaf("ApplicationName", &[], self.application_name);
        writer.leaf("Protocol", &[], "ICA");
        // The writer writes ASCII, so nothing is lost.
        String::from_utf8_lossy(&writer.finish()).into_owned()
    }
}
