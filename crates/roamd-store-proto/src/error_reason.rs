//! `X-Citrix-Error-Reason`: the reason of a `404` at a launch URL (ST-21, ST-52).

/// Reason why nothing can be launched at a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorReason {
    /// The user has no such resource or session.
    ResourceNotFound,
    /// The resource is disabled.
    ResourceDisabled,
    /// The resource does not support this kind of launch.
    UnsupportedOperation,
}

impl ErrorReason {
    /// Name of the header, in lower case.
    pub const HEADER: &'static str = "x-citrix-error-reason";

    /// Value of the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResourceNotFound => "ResourceNotFound",
            Self::ResourceDisabled => "ResourceDisabled",
            Self::UnsupportedOperation => "UnsupportedOperation",
        }
    }
}
