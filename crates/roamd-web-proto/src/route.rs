//! Paths of a site (WA-6 to WA-9).

/// What a path of a site names. Identifiers are slices of the path.
///
/// Paths are compared without regard to case, runs of slashes count as one, and encoded blanks at
/// the end are ignored (WA-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebRoute<'p> {
    /// The path of the site without a slash at the end, which is redirected to the page.
    Root,
    /// The page.
    Page,
    /// `page/{version}/{name}`: a file of the page.
    PageFile {
        /// Version of the page that the file belongs to.
        version: &'p str,
        /// Name of the file.
        name: &'p str,
    },
    /// `branding.json`.
    Branding,
    /// `branding/{hash}`: the logo with this hash.
    Logo {
        /// Hash of the image.
        hash: &'p str,
    },
    /// `Home/Configuration`.
    Configuration,
    /// `Home/KeepAlive`.
    KeepAlive,
    /// `ServiceRecord/GetDocument/receiverconfig.cr`: the provisioning file.
    Provisioning,
    /// `Authentication/GetAuthMethods`.
    AuthMethods,
    /// `Authentication/GetUserName`.
    UserName,
    /// `Authentication/Logoff`: the end of the sign-in.
    SignOut,
    /// `ExplicitAuth/Login`.
    Login,
    /// `ExplicitAuth/LoginAttempt`.
    LoginAttempt,
    /// `ExplicitAuth/SendForm[/{state}]`: a form after the first.
    SendForm {
        /// Sealed state of the conversation.
        state: Option<&'p str>,
    },
    /// `ExplicitAuth/GetChangeCredentialForm`, and the same below `Authentication`.
    ChangeCredentialForm,
    /// `PostCredentialsAuth/Login`.
    PostCredentials,
    /// `ExplicitAuth/CancelForm`.
    CancelForm,
    /// `ExplicitAuth/AllowSelfServiceAccountManagement`.
    SelfService,
    /// `ClientAssistant/GetDetectionTicket`.
    DetectionTicket,
    /// `ClientAssistant/GetDetectionStatus`.
    DetectionStatus,
    /// `Resources/List`.
    Resources,
    /// `Resources/Icon/{thumbprint}`, with the size in the query or as another segment.
    Icon {
        /// Name of the image.
        thumbprint: &'p str,
        /// Size in pixels.
        size: Option<&'p str>,
    },
    /// `Sessions/ListAvailable`.
    Sessions,
    /// `Sessions/Explain`: why the list has a session or not (SS-72).
    Explain,
    /// `Sessions/List`: the sessions on all devices.
    Activity,
    /// `Sessions/Disconnect`.
    Disconnect,
    /// `Sessions/Logoff`: the end of sessions.
    LogOff,
    /// `Resources/GetLaunchStatus/{id}` or `Sessions/GetLaunchStatus/{id}`.
    LaunchStatus(LaunchTarget<'p>),
    /// `Resources/LaunchIca/{id}[.ica]`, `Sessions/LaunchIca/{id}[.ica]` or
    /// `Sessions/Launch/{id}[.ica]`.
    LaunchIca(LaunchTarget<'p>),
}

/// Id of what is launched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaunchTarget<'p> {
    /// A resource.
    Resource(&'p str),
    /// A session.
    Session(&'p str),
}

impl<'p> WebRoute<'p> {
    /// Returns what a path names on the site at `site`, a path without a slash at the end. Returns
    /// `None` if the path is not of the site, or names nothing that is served.
    #[must_use]
    pub fn of(path: &'p str, site: &str) -> Option<Self> {
        let path = without_blanks(path);
        let mut below = below(path, site)?;
        // One more than any route has.
        let segments: [_; 4] = std::array::from_fn(|_| below.next());
        match segments {
            [None, ..] if path.ends_with('/') => Some(Self::Page),
            [None, ..] => Some(Self::Root),
            [Some(name), None, ..] => same(name, "branding.json").then_some(Self::Branding),
            [Some(folder), Some(hash), None, ..] if same(folder, "branding") => {
                is_identifier(hash).then_some(Self::Logo { hash })
            }
            [Some(folder), Some(name), None, ..] => Self::of_name(folder, name),
            [Some(folder), Some(version), Some(name), None] if same(folder, "page") => {
                Some(Self::PageFile { version, name })
            }
            [Some(folder), Some(name), Some(id), None] => Self::of_id(folder, name, id),
            [Some(a), Some(b), Some(thumbprint), Some(size)]
                if same(a, "Resources") && same(b, "Icon") && below.next().is_none() =>
            {
                let size = Some(size);
                is_identifier(thumbprint).then_some(Self::Icon { thumbprint, size })
            }
            _ => None,
        }
    }

    fn of_name(folder: &str, name: &str) -> Option<Self> {
        let routes: &[(&str, Self)] = if same(folder, "Home") {
            &[
                ("Configuration", Self::Configuration),
                ("KeepAlive", Self::KeepAlive),
            ]
        } else if same(folder, "Authentication") {
            &[
                ("GetAuthMethods", Self::AuthMethods),
                ("GetUserName", Self::UserName),
                ("Logoff", Self::SignOut),
                ("GetChangeCredentialForm", Self::ChangeCredentialForm),
            ]
        } else if same(folder, "ExplicitAuth") {
            &[
                ("Login", Self::Login),
                ("LoginAttempt", Self::LoginAttempt),
                ("SendForm", Self::SendForm { state: None }),
                ("CancelForm", Self::CancelForm),
                ("GetChangeCredentialForm", Self::ChangeCredentialForm),
                ("AllowSelfServiceAccountManagement", Self::SelfService),
            ]
        } else if same(folder, "PostCredentialsAuth") {
            &[("Login", Self::PostCredentials)]
        } else if same(folder, "ClientAssistant") {
            &[
                ("GetDetectionTicket", Self::DetectionTicket),
                ("GetDetectionStatus", Self::DetectionStatus),
            ]
        } else if same(folder, "Resources") {
            &[("List", Self::Resources)]
        } else if same(folder, "Sessions") {
            &[
                ("ListAvailable", Self::Sessions),
                ("Explain", Self::Explain),
                ("List", Self::Activity),
                ("Disconnect", Self::Disconnect),
                ("Logoff", Self::LogOff),
            ]
        } else {
            &[]
        };
        let mut routes = routes.iter();
        routes
            .find(|(known, _)| same(name, known))
            .map(|(_, route)| *route)
    }

    fn of_id(folder: &str, name: &str, id: &'p str) -> Option<Self> {
        if same(folder, "ServiceRecord") && same(name, "GetDocument") {
            return same(id, "receiverconfig.cr").then_some(Self::Provisioning);
        }
        if same(folder, "ExplicitAuth") && same(name, "SendForm") {
            return is_identifier(id).then_some(Self::SendForm { state: Some(id) });
        }
        let is_launch = same(name, "LaunchIca");
        let without_suffix = |id: &'p str| match id.len().checked_sub(".ica".len()) {
            Some(at) if id.get(at..).is_some_and(|end| same(end, ".ica")) => {
                id.get(..at).unwrap_or(id)
            }
            _ => id,
        };
        let (route, id): (fn(LaunchTarget<'p>) -> Self, _) = if same(name, "GetLaunchStatus") {
            (Self::LaunchStatus, id)
        } else if is_launch || (same(name, "Launch") && same(folder, "Sessions")) {
            (Self::LaunchIca, without_suffix(id))
        } else if same(folder, "Resources") && same(name, "Icon") {
            let route = Self::Icon {
                thumbprint: id,
                size: None,
            };
            return is_identifier(id).then_some(route);
        } else {
            return None;
        };
        let target = if same(folder, "Resources") {
            LaunchTarget::Resource(id)
        } else if same(folder, "Sessions") {
            LaunchTarget::Session(id)
        } else {
            return None;
        };
        is_identifier(id).then(|| route(target))
    }

    /// Returns the path of the site as a request spells it, with a slash at the end. Returns `None`
    /// if the path is not of the site.
    #[must_use]
    pub fn site_of(path: &str, site: &str) -> Option<String> {
        let path = without_blanks(path);
        let of_site = segments(site).count();
        let spelled: Vec<_> = segments(path).take(of_site).collect();
        below(path, site).map(|_| format!("/{}/", spelled.join("/")))
    }

    /// The value of `Allow`: the methods of the route.
    #[must_use]
    pub const fn allow(self) -> &'static str {
        match self {
            Self::Root
            | Self::Page
            | Self::PageFile { .. }
            | Self::Provisioning
            | Self::Branding
            | Self::Logo { .. }
            | Self::KeepAlive => "GET, HEAD",
            Self::Activity => "GET",
            // A sign-out by a link must not be possible, so the log off has no GET (WA-108).
            Self::Configuration | Self::Icon { .. } | Self::Disconnect | Self::LaunchIca(_) => {
                "GET, POST"
            }
            Self::AuthMethods
            | Self::UserName
            | Self::SignOut
            | Self::Login
            | Self::LoginAttempt
            | Self::SendForm { .. }
            | Self::ChangeCredentialForm
            | Self::PostCredentials
            | Self::CancelForm
            | Self::SelfService
            | Self::DetectionTicket
            | Self::DetectionStatus
            | Self::Resources
            | Self::Sessions
            | Self::Explain
            | Self::LogOff
            | Self::LaunchStatus(_) => "POST",
        }
    }

    /// Name for logs and metrics, without identifiers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "web-root",
            Self::Page => "web-page",
            Self::PageFile { .. } => "web-page-file",
            Self::Branding => "web-branding",
            Self::Logo { .. } => "web-logo",
            Self::Configuration => "web-configuration",
            Self::KeepAlive => "web-keep-alive",
            Self::Provisioning => "web-provisioning",
            Self::AuthMethods => "web-auth-methods",
            Self::UserName => "web-user-name",
            Self::SignOut => "web-sign-out",
            Self::Login => "web-login",
            Self::LoginAttempt => "web-login-attempt",
            Self::SendForm { .. } => "web-send-form",
            Self::ChangeCredentialForm => "web-change-credential-form",
            Self::PostCredentials => "web-post-credentials",
            Self::CancelForm => "web-cancel-form",
            Self::SelfService => "web-self-service",
            Self::DetectionTicket => "web-detection-ticket",
            Self::DetectionStatus => "web-detection-status",
            Self::Resources => "web-resources",
            Self::Icon { .. } => "web-icon",
            Self::Sessions => "web-sessions",
            Self::Explain => "web-explain",
            Self::Activity => "web-activity",
            Self::Disconnect => "web-disconnect",
            Self::LogOff => "web-logoff",
            Self::LaunchStatus(_) => "web-launch-status",
            Self::LaunchIca(_) => "web-launch-ica",
        }
    }

    /// Whether the route signs users in.
    #[must_use]
    pub const fn signs_in(self) -> bool {
        matches!(
            self,
            Self::LoginAttempt | Self::SendForm { .. } | Self::PostCredentials
        )
    }

    /// Whether the route begins a web session for a client that has none (WA-31).
    #[must_use]
    pub const fn begins_session(self) -> bool {
        matches!(
            self,
            Self::Configuration
                | Self::Resources
                | Self::AuthMethods
                | Self::Login
                | Self::PostCredentials
        )
    }
}

/// Removes encoded blanks at the end of a path (WA-8).
fn without_blanks(path: &str) -> &str {
    let mut path = path;
    while let Some(shorter) = path.strip_suffix("%20") {
        path = shorter;
    }
    path
}

/// Returns the segments of a path that follow those of the site.
fn below<'p>(path: &'p str, site: &str) -> Option<impl Iterator<Item = &'p str>> {
    // Most paths are of no site, and cost less to compare as a whole.
    let start = path.get(..site.len());
    if !start.is_some_and(|start| same(start, site)) && !path.contains("//") {
        return None;
    }
    let mut found = path.starts_with('/').then(|| segments(path))?;
    for segment in segments(site) {
        if !same(found.next()?, segment) {
            return None;
        }
    }
    Some(found)
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn same(segment: &str, name: &str) -> bool {
    segment.eq_ignore_ascii_case(name)
}

/// Whether a segment has the form of an id of this server (WA-78).
fn is_identifier(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !segment.is_empty() && segment.bytes().all(plain)
}
