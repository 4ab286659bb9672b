//! The ticket tag: an address response contains it and a ticket request repeats it (nfuse.md §5.3).
//!
//! Clients treat the tag as opaque. It holds everything that a ticket is bound to, so the farm
//! stores nothing between the two requests. It is neither secret nor proof: the ticket request
//! needs a password, and everything that the tag names is checked against that user again.

use std::borrow::Cow;
use std::fmt;

use form_urlencoded::Serializer;

use crate::model::client_identity::ClientIdentity;
use crate::model::session::SharingKey;

const PREFIX: &str = "IMAHostId:";

/// Host, target and client of a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TicketTag {
    /// Host id in NFuse messages.
    pub(crate) host: String,
    /// Session or application of the launch.
    pub(crate) launch: LaunchTarget,
    /// The client that requested the launch.
    pub(crate) client: ClientIdentity,
}

/// Target of a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LaunchTarget {
    /// An existing session, by its number on the host.
    Session(String),
    /// An application, by its internal name.
    Application {
        name: String,
        /// Sharing key of the session that the application starts or joins.
        sharing_key: Option<SharingKey>,
    },
}

impl TicketTag {
    /// Parses a tag. Returns `None` for text that no embedded farm wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (host, remainder) = text.strip_prefix(PREFIX)?.split_once('?')?;
        let mut session = None;
        let mut application = None;
        let mut sharing_key = None;
        let mut client = ClientIdentity::default();
        for (key, value) in form_urlencoded::parse(remainder.as_bytes()) {
            let value = Cow::into_owned(value);
            match &*key {
                "session" => session = Some(value),
                "app" => application = Some(value),
                "share" => sharing_key = Some(SharingKey(value)),
                "client" => client.name = Some(value),
                "device" => client.device_id = Some(value),
                _ => return None,
            }
        }
        let launch = match (session, application) {
            (Some(number), None) => LaunchTarget::Session(number),
            (None, Some(name)) => LaunchTarget::Application { name, sharing_key },
            _ => return None,
        };
        Some(Self {
            host: host.to_owned(),
            launch,
            client,
        })
    }
}

impl fmt::Display for TicketTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut remainder = Serializer::new(String::new());
        match &self.launch {
            LaunchTarget::Session(number) => {
                remainder.append_pair("session", number);
            }
            LaunchTarget::Application { name, sharing_key } => {
                remainder.append_pair("app", name);
                if let Some(SharingKey(key)) = sharing_key {
                    remainder.append_pair("share", key);
                }
            }
        }
        for (key, value) in [
            ("client", &self.client.name),
            ("device", &self.client.device_id),
        ] {
            if let Some(value) = value {
                remainder.append_pair(key, value);
            }
        }
        write!(f, "{PREFIX}{}?{}", self.host, remainder.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticket_tag_round_trips() {
        for launch in [
            LaunchTarget::Session("7".to_owned()),
            LaunchTarget::Application {
                name: "R&D = 100 % ärger?".to_owned(),
                sharing_key: None,
            },
            LaunchTarget::Application {
                name: "Word".to_owned(),
                sharing_key: Some(SharingKey("-a&b".to_owned())),
            },
        ] {
            for client in [
                ClientIdentity::default(),
                ClientIdentity {
                    name: Some("DESK A&session=9".to_owned()),
                    device_id: None,
                },
                ClientIdentity {
                    name: Some("DESK-A".to_owned()),
                    device_id: Some("{0F1E}".to_owned()),
                },
            ] {
                let tag = TicketTag {
                    host: "40211".to_owned(),
                    launch: launch.clone(),
                    client,
                };
                let text = tag.to_string();
                assert!(text.starts_with("IMAHostId:40211?"), "{text}");
                assert_eq!(TicketTag::parse(&text), Some(tag));
            }
        }
    }

    #[test]
    fn foreign_ticket_tags_are_rejected() {
        for text in [
            "",
            "IMAHostId:40211",
            "opaque-tag-1",
            "IMAHostId:1?x=y",
            "IMAHostId:1?",
            "IMAHostId:1?share=-a",
            "IMAHostId:1?session=1&app=Word",
        ] {
            assert_eq!(TicketTag::parse(text), None, "{text:?}");
        }
    }
}
