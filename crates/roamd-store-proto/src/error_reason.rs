//! `X-Citrix-Error-Reason`: why a `404` has nothing to launch (ST-21, ST-52).

/// Why nothing can be launched at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorReason {
    /// There is no such resource or session for this user.
    ResourceNotFound,
    /// It is there, but not enabled.
    ResourceDisabled,
    /// This kind of launch does not go with it.
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
