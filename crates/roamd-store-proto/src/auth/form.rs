//! Forms of the explicit sign-in (citrixauth.md §5.3, §5.4, §5.6).

use std::borrow::Cow;

use crate::DecodeError;

/// A form, or the end of a conversation without a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// `Status`: was the last post handled?
    pub status: FormStatus,
    /// `Result`: where the conversation stands.
    pub result: FormResult,
    /// `StateContext`, empty at the end of a conversation. Letters, digits, `-` `_` `.` `~` (CA-47).
    pub state_context: String,
    /// `LogMessage`.
    pub log_message: Option<String>,
    /// `PostBack`: path from the root of the host (CA-58). Absent when nothing is asked.
    pub post_back: Option<String>,
    /// `CancelPostBack`: path from the root of the host.
    pub cancel_post_back: Option<String>,
    /// `CancelButtonText`.
    pub cancel_button_text: Option<String>,
    /// `Requirements`: the lines of the form, from top to bottom.
    pub requirements: Vec<Requirement>,
}

/// `Status` of a form. The list is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormStatus(pub Cow<'static, str>);

impl FormStatus {
    /// The last post was handled, also when the password was wrong.
    pub const SUCCESS: Self = Self(Cow::Borrowed("success"));
    /// Service not available.
    pub const SERVICE_UNAVAILABLE: Self = Self(Cow::Borrowed("error-service-unavailable"));
    /// The conversation is not known.
    pub const SESSION_ID_INVALID: Self = Self(Cow::Borrowed("error-sessionid-invalid"));
    /// The conversation is over its time.
    pub const SESSION_ID_EXPIRED: Self = Self(Cow::Borrowed("error-sessionid-expired"));
    /// `StateContext` is not valid.
    pub const STATE_CONTEXT_INVALID: Self = Self(Cow::Borrowed("error-state-context-invalid"));
}

/// `Result` of a form. The list is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormResult(pub Cow<'static, str>);

impl FormResult {
    /// More input is needed.
    pub const MORE_INFO: Self = Self(Cow::Borrowed("more-info"));
    /// The conversation failed.
    pub const FAIL: Self = Self(Cow::Borrowed("fail"));
    /// The conversation was cancelled.
    pub const CANCELLED: Self = Self(Cow::Borrowed("cancelled"));
}

/// One line of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// `Credential/ID`: name in the post (CA-61).
    pub id: Option<String>,
    /// `Credential/SaveID`.
    pub save_id: Option<String>,
    /// `Credential/Type`: `username`, `password`, `domain`, `savecredentials`, `none`.
    pub credential_type: String,
    /// `Label/Text`; absent with a label of type `none`.
    pub label: Option<String>,
    /// `Label/Type`: `none`, `plain`, `heading`, `information`, `warning`, `error`.
    pub label_type: String,
    /// `Label/HighlightFields/CredentialID` of an error label.
    pub highlight: Vec<String>,
    /// `Input`.
    pub kind: RequirementKind,
}

/// The input of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequirementKind {
    /// Nothing to fill in.
    Nothing,
    /// A text box.
    Text {
        /// What is typed is not shown.
        secret: bool,
        /// `InitialValue`.
        initial: String,
        /// `AssistiveText`.
        assistive: Option<String>,
    },
    /// A choice.
    Combo {
        /// `InitialSelection`.
        initial: Option<String>,
        /// `Display` and `Value` of each.
        values: Vec<(String, String)>,
    },
    /// A check box.
    CheckBox {
        /// `InitialValue`.
        initial: bool,
    },
    /// A button with its caption.
    Button(String),
}

impl Form {
    /// Reads a form.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let _ = bytes;
        todo!()
    }

    /// Writes a form.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        todo!()
    }
}
