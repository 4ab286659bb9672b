//! Parameters of a request: the fields of a form, or a JSON object (WA-10 to WA-13).

use serde_json::Value;

/// Parameters that requests may have. All are optional, and what cannot be read counts as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `resourceDetails`.
    pub details: Details,
    /// `resourceTypes`: the kind of sessions to list; `None` for all.
    pub session_type: Option<SessionType>,
    /// `displayNameDesktopTitle`: title of the window.
    pub title: Option<String>,
    /// `createFileFetchTicket`: whether a native client will get the ICA file.
    pub wants_file_ticket: bool,
    /// `ticket`: ticket of a detection.
    pub ticket: Option<String>,
}

/// How much a list says of a resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Details {
    /// What a page shows.
    #[default]
    Default,
    /// All fields.
    Full,
}

/// Kind of the sessions to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionType {
    /// Sessions of applications.
    Applications,
    /// Sessions of desktops.
    Desktops,
}

/// Longest title, in bytes.
const MAX_TITLE: usize = 256;

impl Parameters {
    /// Decodes a body, or the query of a URL, whatever media type it declares.
    #[must_use]
    pub fn decode(text: &[u8]) -> Self {
        let mut parameters = Self::default();
        match serde_json::from_slice(text) {
            Ok(Value::Object(fields)) => {
                for (name, value) in &fields {
                    if let Value::String(value) = value {
                        parameters.set(name, value);
                    }
                }
            }
            _ => {
                for (name, value) in form_urlencoded::parse(text) {
                    parameters.set(&name, &value);
                }
            }
        }
        parameters
    }

    /// Sets a parameter. Of repeated ones the last one counts (WA-13).
    fn set(&mut self, name: &str, value: &str) {
        match name {
            "resourceDetails" => self.details = Details::of(value),
            "resourceTypes" => self.session_type = SessionType::of(value),
            "displayNameDesktopTitle" => {
                let title = value.trim();
                let fits = (1..=MAX_TITLE).contains(&title.len());
                self.title = fits.then(|| title.to_owned());
            }
            "createFileFetchTicket" => {
                self.wants_file_ticket = value.trim().eq_ignore_ascii_case("true");
            }
            "ticket" => self.ticket = Some(value.trim().to_owned()),
            _ => {}
        }
    }
}

impl Details {
    fn of(value: &str) -> Self {
        if value.eq_ignore_ascii_case("Full") {
            Self::Full
        } else {
            Self::Default
        }
    }
}

impl SessionType {
    fn of(value: &str) -> Option<Self> {
        if value.eq_ignore_ascii_case("Citrix.MPS.Application") {
            Some(Self::Applications)
        } else if value.eq_ignore_ascii_case("Citrix.MPS.Desktop") {
            Some(Self::Desktops)
        } else {
            None
        }
    }
}
