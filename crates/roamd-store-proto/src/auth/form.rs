//! Forms for signing in with a password (citrixauth.md §5.3, §5.4, §5.6).

use std::borrow::Cow;

use roamd_xml::{Fault, Writer, parse};

use crate::decode_error::DecodeError;
use crate::document;
use crate::store_element::StoreElement;

pub(super) const NAMESPACE: &str = "http://citrix.com/authentication/response/1";
const ROOT: &str = "AuthenticateResponse";

/// A form, or the end of a conversation without a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// `Status`: whether the last post was handled.
    pub status: FormStatus,
    /// `Result`: the state of the conversation.
    pub result: FormResult,
    /// `StateContext`, empty at the end of a conversation. Letters, digits, `-`, `_`, `.`, `~`
    /// (CA-47).
    pub state_context: String,
    /// `LogMessage`.
    pub log_message: Option<String>,
    /// `PostBack`: path from the root of the host (CA-58). Absent if the form has no input.
    pub post_back: Option<String>,
    /// `CancelPostBack`: path from the root of the host.
    pub cancel_post_back: Option<String>,
    /// `CancelButtonText`.
    pub cancel_button_text: Option<String>,
    /// `Requirements`: the rows of the form, from top to bottom.
    pub requirements: Vec<Requirement>,
}

/// `Status` of a form. Servers may send other values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormStatus(pub Cow<'static, str>);

impl FormStatus {
    /// The last post was handled, even if the password was wrong.
    pub const SUCCESS: Self = Self(Cow::Borrowed("success"));
    /// The service is not available.
    pub const SERVICE_UNAVAILABLE: Self = Self(Cow::Borrowed("error-service-unavailable"));
    /// The conversation is not known.
    pub const SESSION_ID_INVALID: Self = Self(Cow::Borrowed("error-sessionid-invalid"));
    /// The conversation has expired.
    pub const SESSION_ID_EXPIRED: Self = Self(Cow::Borrowed("error-sessionid-expired"));
    /// `StateContext` is not valid.
    pub const STATE_CONTEXT_INVALID: Self = Self(Cow::Borrowed("error-state-context-invalid"));
}

/// `Result` of a form. Servers may send other values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormResult(pub Cow<'static, str>);

impl FormResult {
    /// More input is required.
    pub const MORE_INFO: Self = Self(Cow::Borrowed("more-info"));
    /// A credential has to be changed.
    pub const UPDATE_CREDENTIALS: Self = Self(Cow::Borrowed("update-credentials"));
    /// The conversation failed.
    pub const FAIL: Self = Self(Cow::Borrowed("fail"));
    /// The conversation was cancelled.
    pub const CANCELLED: Self = Self(Cow::Borrowed("cancelled"));
}

/// A row of a form. The default has neither label nor input.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requirement {
    /// `Credential/ID`: name of the posted field (CA-61).
    pub id: Option<String>,
    /// `Credential/SaveID`.
    pub save_id: Option<String>,
    /// `Credential/Type`: `username`, `password`, `newpassword`, `domain`, `savecredentials`,
    /// `none`.
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

/// The input of a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RequirementKind {
    /// No input.
    #[default]
    Nothing,
    /// A text box.
    Text {
        /// Whether the input is hidden, as a password.
        secret: bool,
        /// `InitialValue`.
        initial: String,
        /// `AssistiveText`.
        assistive: Option<String>,
    },
    /// A read-only text, which is not posted.
    ReadOnly(String),
    /// A list to choose from.
    Combo {
        /// `InitialSelection`.
        initial: Option<String>,
        /// `Display` and `Value` of each choice.
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
    /// Decodes a form. An input of an unknown kind counts as no input.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::RESPONSE)?;
        let root = StoreElement::root(&document, NAMESPACE, &[ROOT])?;
        let mut form = Self {
            status: FormStatus(root.required("Status")?.required_text()?.to_owned().into()),
            result: FormResult(root.required("Result")?.required_text()?.to_owned().into()),
            state_context: root.optional_text("StateContext")?.unwrap_or_default(),
            log_message: root.optional_text("LogMessage")?,
            post_back: None,
            cancel_post_back: None,
            cancel_button_text: None,
            requirements: Vec::new(),
        };
        if let Some(asked) = root.optional("AuthenticationRequirements")? {
            form.post_back = asked.optional_text("PostBack")?;
            form.cancel_post_back = asked.optional_text("CancelPostBack")?;
            form.cancel_button_text = asked.optional_text("CancelButtonText")?;
            if let Some(requirements) = asked.optional("Requirements")? {
                form.requirements = requirements
                    .children_named("Requirement")
                    .map(|requirement| Requirement::from_element(&requirement))
                    .collect::<Result<_, _>>()?;
            }
        }
        Ok(form)
    }

    /// Encodes a form.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin(ROOT, NAMESPACE, &[]);
        writer.leaf("Status", &[], &self.status.0);
        writer.leaf("Result", &[], &self.result.0);
        writer.leaf("StateContext", &[], &self.state_context);
        optional_leaf(&mut writer, "LogMessage", self.log_message.as_deref());
        if let Some(post_back) = &self.post_back {
            writer.open("AuthenticationRequirements", &[]);
            writer.leaf("PostBack", &[], post_back);
            optional_leaf(
                &mut writer,
                "CancelPostBack",
                self.cancel_post_back.as_deref(),
            );
            optional_leaf(
                &mut writer,
                "CancelButtonText",
                self.cancel_button_text.as_deref(),
            );
            writer.open("Requirements", &[]);
            for requirement in &self.requirements {
                requirement.write(&mut writer);
            }
        }
        writer.finish()
    }
}

impl Requirement {
    fn from_element(element: &StoreElement<'_>) -> Result<Self, Fault> {
        let credential = element.required("Credential")?;
        let label = element.required("Label")?;
        let highlight = label
            .optional("HighlightFields")?
            .map_or_else(Vec::new, |fields| {
                fields
                    .children_named("CredentialID")
                    .map(|field| field.text().to_owned())
                    .collect()
            });
        Ok(Self {
            id: credential.optional_text("ID")?,
            save_id: credential.optional_text("SaveID")?,
            credential_type: credential.required("Type")?.text().to_owned(),
            label: label.optional_text("Text")?,
            label_type: label.required("Type")?.text().to_owned(),
            highlight,
            kind: match element.optional("Input")? {
                Some(input) => RequirementKind::from_element(&input)?,
                None => RequirementKind::Nothing,
            },
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.open("Requirement", &[]);
        writer.open("Credential", &[]);
        optional_leaf(writer, "ID", self.id.as_deref());
        optional_leaf(writer, "SaveID", self.save_id.as_deref());
        writer.leaf("Type", &[], &self.credential_type);
        writer.close();
        writer.open("Label", &[]);
        if !self.highlight.is_empty() {
            writer.open("HighlightFields", &[]);
            for field in &self.highlight {
                writer.leaf("CredentialID", &[], field);
            }
            writer.close();
        }
        optional_leaf(writer, "Text", self.label.as_deref());
        writer.leaf("Type", &[], &self.label_type);
        writer.close();
        writer.open("Input", &[]);
        self.kind.write(writer);
        writer.close();
        writer.close();
    }
}

impl RequirementKind {
    fn from_element(input: &StoreElement<'_>) -> Result<Self, Fault> {
        if let Some(text) = input.optional("Text")? {
            if text.optional_boolean("ReadOnly")?.unwrap_or_default() {
                let shown = text.optional_text("InitialValue")?;
                return Ok(Self::ReadOnly(shown.unwrap_or_default()));
            }
            return Ok(Self::Text {
                secret: text.optional_boolean("Secret")?.unwrap_or_default(),
                initial: text.optional_text("InitialValue")?.unwrap_or_default(),
                assistive: input.optional_text("AssistiveText")?,
            });
        }
        if let Some(combo) = input.optional("ComboBox")? {
            let values = match combo.optional("DisplayValues")? {
                Some(values) => values
                    .children_named("DisplayValue")
                    .map(display_value)
                    .collect(),
                None => Ok(Vec::new()),
            };
            let initial = combo.optional_text("InitialSelection")?;
            return Ok(Self::Combo {
                initial,
                values: values?,
            });
        }
        if let Some(check_box) = input.optional("CheckBox")? {
            let initial = check_box
                .optional_boolean("InitialValue")?
                .unwrap_or_default();
            return Ok(Self::CheckBox { initial });
        }
        Ok(input
            .optional_text("Button")?
            .map_or(Self::Nothing, Self::Button))
    }

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Nothing => {}
            Self::Text {
                secret,
                initial,
                assistive,
            } => {
                optional_leaf(writer, "AssistiveText", assistive.as_deref());
                write_text(writer, *secret, false, initial);
            }
            Self::ReadOnly(shown) => write_text(writer, false, true, shown),
            Self::Combo { initial, values } => {
                writer.open("ComboBox", &[]);
                optional_leaf(writer, "InitialSelection", initial.as_deref());
                writer.open("DisplayValues", &[]);
                for (display, value) in values {
                    writer.open("DisplayValue", &[]);
                    writer.leaf("Display", &[], display);
                    writer.leaf("Value", &[], value);
                    writer.close();
                }
                writer.close();
                writer.close();
            }
            Self::CheckBox { initial } => {
                writer.open("CheckBox", &[]);
                writer.leaf("InitialValue", &[], document::boolean(*initial));
                writer.close();
            }
            Self::Button(caption) => writer.leaf("Button", &[], caption),
        }
    }
}

fn write_text(writer: &mut Writer, secret: bool, read_only: bool, initial: &str) {
    writer.open("Text", &[]);
    writer.leaf("Secret", &[], document::boolean(secret));
    writer.leaf("ReadOnly", &[], document::boolean(read_only));
    writer.leaf("InitialValue", &[], initial);
    writer.leaf("Constraint", &[], ".+");
    writer.close();
}

fn display_value(element: StoreElement<'_>) -> Result<(String, String), Fault> {
    let display = element.required("Display")?.text().to_owned();
    Ok((display, element.required("Value")?.text().to_owned()))
}

fn optional_leaf(writer: &mut Writer, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        writer.leaf(name, &[], text);
    }
}
