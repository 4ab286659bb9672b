//! `CtxConnInfo`: a connection as Citrix Gateway lists and logs it.

use roamd_xml::{Layout, Writer};

/// User and target of a connection. The request for a ticket contains it as a text.
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
    /// Writes the document as a text for [`TicketData::x_data`](super::TicketData::x_data).
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
        // The writer writes ASCII, so the conversion is lossless.
        String::from_utf8_lossy(&writer.finish()).into_owned()
    }
}
