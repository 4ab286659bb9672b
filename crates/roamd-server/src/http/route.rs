//! Routing: from the path of a request to what it names.
//!
//! Paths are compared without regard to case, identifiers with regard to it (SS-11). One trailing
//! slash is ignored (SS-9). Neither applies to the routes for operators, because a proxy may have
//! a rule for exactly their path. Nothing is decoded: a path with an escape, a dot segment or an
//! empty segment names nothing. A web site has rules of its own (WA-8).

use http::Method;
use roamd_web_proto::WebRoute;

/// Route of a path. Identifiers are slices of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route<'p> {
    /// A route below the store with this index.
    Store(usize, StoreRoute<'p>),
    /// A route of the web site of the store with this index.
    Web(usize, WebRoute<'p>),
    /// A route below the authentication path.
    Authentication(AuthenticationRoute<'p>),
    /// `/Citrix/Roaming/accounts`, for all stores.
    Accounts,
    /// `/Schemas/`.
    Schemas,
    /// `/Schemas/NAME.xsd`.
    Schema(&'p str),
    /// `/healthz`.
    Health,
    /// `/readyz`.
    Ready,
    /// `/metrics`.
    Metrics,
    /// `/`.
    Page,
    /// `/roamd.css`.
    StyleSheet,
}

/// Routes below a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreRoute<'p> {
    /// The URL of the store itself.
    Page,
    /// `sessions/v1/available`.
    Available,
    /// `sessions/v1/explain`.
    Explain,
    /// `sessions/v1/disconnect`.
    Disconnect,
    /// `sessions/v1/logoff`.
    LogOff,
    /// `sessions/v1/{session}/launch/ica[/{retry-key}]`.
    Launch {
        /// Session id.
        session: &'p str,
        /// Retry key of a launch that was not ready.
        retry: Option<&'p str>,
    },
    /// `resources/v2`, and `resources/v2/withoutautoprovision`, which is the same in a store
    /// without subscriptions.
    Resources,
    /// `resources/v2/{resource}`.
    Resource {
        /// Resource id.
        resource: &'p str,
    },
    /// `resources/v2/{resource}/launch/ica[/{retry-key}]`.
    LaunchResource {
        /// Resource id.
        resource: &'p str,
        /// Retry key of a launch that was not ready.
        retry: Option<&'p str>,
    },
    /// `resources/v2/{resource}/launch/rade[/{retry-key}]`, or `rdp` in place of `rade`: kinds of
    /// launch that this server does not support.
    UnsupportedLaunch {
        /// Resource id.
        resource: &'p str,
    },
    /// `resources/v2/{resource}/image[/{size}]`, or `icon` in place of `image`.
    Icon {
        /// Resource id.
        resource: &'p str,
        /// Format of the icon.
        format: IconFormat,
        /// Edge in pixels.
        size: Option<&'p str>,
    },
    /// `endpoints/v1`.
    Endpoints,
    /// `discovery`.
    Discovery,
    /// `clientAssistant/getIcaFile[/{parameters}]`: an ICA file for a native client (WA-88).
    IcaFile {
        /// Parameters of the URL that a page has opened.
        parameters: &'p str,
    },
    /// `clientAssistant/reportDetectionStatus[/{parameters}]`: the report of a native client
    /// (WA-89).
    DetectionReport {
        /// Parameters of the URL that a page has opened.
        parameters: &'p str,
    },
}

/// Format of an icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IconFormat {
    /// PNG, as the farm sends it.
    Png,
    /// An icon file (`.ico`).
    Ico,
}

/// Routes below the authentication path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthenticationRoute<'p> {
    /// `auth/v1/token`.
    Token,
    /// `auth/v1/token/validate[/{service}]`.
    Validate {
        /// Name of the validation service.
        service: Option<&'p str>,
    },
    /// `auth/v1/protocols`.
    Protocols,
    /// `ExplicitForms/Start`.
    FormsStart,
    /// `ExplicitForms/AuthenticateAttempt`.
    FormsAttempt,
    /// `ExplicitForms/CancelAuthenticate`.
    FormsCancel,
    /// `endpoints/v1`.
    Endpoints,
}

impl<'p> Route<'p> {
    /// Returns what `path` names on a server with these stores, each with its path and that of its
    /// web site, and this authentication path.
    pub(crate) fn of<'s>(
        path: &'p str,
        stores: impl IntoIterator<Item = (&'s str, Option<&'s str>)>,
        authentication: &str,
    ) -> Option<Self> {
        match path {
            "/" => return Some(Self::Page),
            "/healthz" => return Some(Self::Health),
            "/readyz" => return Some(Self::Ready),
            "/metrics" => return Some(Self::Metrics),
            _ => {}
        }
        let whole = path;
        let path = path.strip_suffix('/').unwrap_or(path);
        if let Some(below) = below(path, authentication) {
            return AuthenticationRoute::of(below).map(Self::Authentication);
        }
        for (index, (store, site)) in stores.into_iter().enumerate() {
            if let Some(route) = site.and_then(|site| WebRoute::of(whole, site)) {
                return Some(Self::Web(index, route));
            }
            if same(path, store) {
                return Some(Self::Store(index, StoreRoute::Page));
            }
            if let Some(below) = below(path, store) {
                return StoreRoute::of(below).map(|route| Self::Store(index, route));
            }
        }
        match segments(path.strip_prefix('/')?) {
            [Some(a), Some(b), Some(c), None, ..]
                if same(a, "Citrix") && same(b, "Roaming") && same(c, "accounts") =>
            {
                Some(Self::Accounts)
            }
            [Some(schemas), None, ..] if same(schemas, "Schemas") => Some(Self::Schemas),
            [Some(schemas), Some(name), None, ..] if same(schemas, "Schemas") => {
                Some(Self::Schema(name))
            }
            [Some(name), None, ..] if same(name, "roamd.css") => Some(Self::StyleSheet),
            _ => None,
        }
    }

    /// The value of `Allow`: the methods of the route.
    pub(crate) fn allow(self) -> &'static str {
        match self {
            Self::Store(
                _,
                StoreRoute::Page
                | StoreRoute::Explain
                | StoreRoute::Resources
                | StoreRoute::Resource { .. }
                | StoreRoute::Icon { .. }
                | StoreRoute::Endpoints
                | StoreRoute::Discovery,
            )
            | Self::Authentication(
                AuthenticationRoute::Endpoints | AuthenticationRoute::Validate { .. },
            )
            | Self::Schemas
            | Self::Schema(_)
            | Self::Health
            | Self::Ready
            | Self::Metrics
            | Self::Page
            | Self::StyleSheet => "GET, HEAD",
            Self::Accounts => "GET, HEAD, POST",
            Self::Store(_, StoreRoute::IcaFile { .. } | StoreRoute::DetectionReport { .. }) => {
                "GET, POST"
            }
            Self::Web(_, route) => route.allow(),
            Self::Store(..) | Self::Authentication(_) => "POST",
        }
    }

    /// Whether the route has a method.
    pub(crate) fn allows(self, method: &Method) -> bool {
        self.allow()
            .split(", ")
            .any(|allowed| method.as_str() == allowed)
    }

    /// Name for logs and metrics, without identifiers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Store(_, route) => match route {
                StoreRoute::Page => "store-page",
                StoreRoute::Available => "available",
                StoreRoute::Explain => "explain",
                StoreRoute::Disconnect => "disconnect",
                StoreRoute::LogOff => "logoff",
                StoreRoute::Launch { .. } => "launch",
                StoreRoute::Resources => "resources",
                StoreRoute::Resource { .. } => "resource",
                StoreRoute::LaunchResource { .. } => "launch-resource",
                StoreRoute::UnsupportedLaunch { .. } => "launch-resource",
                StoreRoute::Icon { .. } => "icon",
                StoreRoute::Endpoints => "endpoints",
                StoreRoute::Discovery => "discovery",
                StoreRoute::IcaFile { .. } => "ica-file",
                StoreRoute::DetectionReport { .. } => "detection-report",
            },
            Self::Web(_, route) => route.name(),
            Self::Authentication(route) => match route {
                AuthenticationRoute::Token => "token",
                AuthenticationRoute::Validate { .. } => "validate",
                AuthenticationRoute::Protocols => "protocols",
                AuthenticationRoute::FormsStart => "forms-start",
                AuthenticationRoute::FormsAttempt => "forms-attempt",
                AuthenticationRoute::FormsCancel => "forms-cancel",
                AuthenticationRoute::Endpoints => "authentication-endpoints",
            },
            Self::Accounts => "accounts",
            Self::Schemas => "schemas",
            Self::Schema(_) => "schema",
            Self::Health => "health",
            Self::Ready => "ready",
            Self::Metrics => "metrics",
            Self::Page => "page",
            Self::StyleSheet => "style-sheet",
        }
    }
}

impl<'p> StoreRoute<'p> {
    fn of(below: &'p str) -> Option<Self> {
        match segments(below) {
            [Some(a), None, ..] if same(a, "discovery") => Some(Self::Discovery),
            [Some(a), Some(b), None, ..] if same(a, "endpoints") && same(b, "v1") => {
                Some(Self::Endpoints)
            }
            [Some(a), Some(b), ..] if same(a, "clientAssistant") => {
                // Base64 can contain a slash.
                let mut parts = below.splitn(3, '/').skip(2);
                let parameters = parts.next().unwrap_or_default();
                if same(b, "getIcaFile") {
                    Some(Self::IcaFile { parameters })
                } else if same(b, "reportDetectionStatus") {
                    Some(Self::DetectionReport { parameters })
                } else {
                    None
                }
            }
            [Some(a), Some(b), rest @ ..] if same(a, "resources") && same(b, "v2") => {
                Self::of_resources(&rest)
            }
            // The singular is an alias (SS-10).
            [Some(a), Some(b), Some(c), rest @ ..]
                if (same(a, "sessions") || same(a, "session")) && same(b, "v1") =>
            {
                match rest {
                    [None, ..] if same(c, "available") => Some(Self::Available),
                    [None, ..] if same(c, "explain") => Some(Self::Explain),
                    [None, ..] if same(c, "disconnect") => Some(Self::Disconnect),
                    [None, ..] if same(c, "logoff") => Some(Self::LogOff),
                    [Some(d), Some(e), retry, None]
                        if same(d, "launch") && same(e, "ica") && is_identifier(c) =>
                    {
                        Some(Self::Launch { session: c, retry })
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn of_resources(below: &[Option<&'p str>]) -> Option<Self> {
        match *below {
            [None, ..] => Some(Self::Resources),
            [Some(a), None, ..] if same(a, "withoutautoprovision") => Some(Self::Resources),
            [Some(resource), ..] if !is_identifier(resource) => None,
            [Some(resource), None, ..] => Some(Self::Resource { resource }),
            [Some(resource), Some(a), Some(b), retry, None, ..]
                if same(a, "launch") && same(b, "ica") =>
            {
                Some(Self::LaunchResource { resource, retry })
            }
            [Some(resource), Some(a), Some(b), _, None, ..]
                if same(a, "launch") && (same(b, "rade") || same(b, "rdp")) =>
            {
                Some(Self::UnsupportedLaunch { resource })
            }
            [Some(resource), Some(kind), size, None, ..] => {
                let format = if same(kind, "image") {
                    IconFormat::Png
                } else if same(kind, "icon") {
                    IconFormat::Ico
                } else {
                    return None;
                };
                Some(Self::Icon {
                    resource,
                    format,
                    size,
                })
            }
            _ => None,
        }
    }
}

impl<'p> AuthenticationRoute<'p> {
    fn of(below: &'p str) -> Option<Self> {
        match segments(below) {
            [Some(a), Some(b), None, ..] if same(a, "endpoints") && same(b, "v1") => {
                Some(Self::Endpoints)
            }
            [Some(a), Some(b), None, ..] if same(a, "ExplicitForms") => {
                if same(b, "Start") {
                    Some(Self::FormsStart)
                } else if same(b, "AuthenticateAttempt") {
                    Some(Self::FormsAttempt)
                } else if same(b, "CancelAuthenticate") {
                    Some(Self::FormsCancel)
                } else {
                    None
                }
            }
            [Some(a), Some(b), Some(c), rest @ ..] if same(a, "auth") && same(b, "v1") => {
                match rest {
                    [None, ..] if same(c, "protocols") => Some(Self::Protocols),
                    [None, ..] if same(c, "token") => Some(Self::Token),
                    [Some(d), service, None, ..] if same(c, "token") && same(d, "validate") => {
                        Some(Self::Validate { service })
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The first seven segments of a path: one more than any route has.
fn segments(path: &str) -> [Option<&str>; 7] {
    let mut segments = path.split('/');
    std::array::from_fn(|_| segments.next())
}

/// Returns what follows `root` and a slash.
fn below<'p>(path: &'p str, root: &str) -> Option<&'p str> {
    let (start, rest) = path.split_at_checked(root.len())?;
    same(start, root).then(|| rest.strip_prefix('/')).flatten()
}

fn same(segment: &str, name: &str) -> bool {
    segment.eq_ignore_ascii_case(name)
}

/// Whether a segment has the form of an identifier of this server (SS-13).
fn is_identifier(segment: &str) -> bool {
    !segment.is_empty()
        && segment
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STORES: [(&str, Option<&str>); 2] = [
        ("/Citrix/Store", Some("/Citrix/StoreWeb")),
        ("/Citrix/Other", None),
    ];

    fn of(path: &str) -> Option<Route<'_>> {
        Route::of(path, STORES, "/Citrix/StoreAuth")
    }

    #[test]
    fn paths_are_matched_without_case_and_trailing_slash() {
        use AuthenticationRoute as A;
        use StoreRoute as S;
        let launch = |session, retry| Route::Store(0, S::Launch { session, retry });
        let launch_resource =
            |resource, retry| Route::Store(0, S::LaunchResource { resource, retry });
        let unsupported = |resource| Route::Store(0, S::UnsupportedLaunch { resource });
        let icon = |resource, format, size| {
            let route = S::Icon {
                resource,
                format,
                size,
            };
            Route::Store(0, route)
        };
        let table = [
            ("/Citrix/Store", Route::Store(0, S::Page)),
            ("/Citrix/Roaming/accounts", Route::Accounts), // ST-70
            ("/citrix/roaming/Accounts/", Route::Accounts),
            ("/citrix/other/", Route::Store(1, S::Page)),
            (
                "/Citrix/Store/sessions/v1/available",
                Route::Store(0, S::Available),
            ), // SS-6
            (
                "/Citrix/Store/sessions/v1/available/",
                Route::Store(0, S::Available),
            ), // SS-9
            (
                "/citrix/STORE/Sessions/V1/AVAILABLE",
                Route::Store(0, S::Available),
            ), // SS-11
            (
                "/Citrix/Store/session/v1/available",
                Route::Store(0, S::Available),
            ), // SS-10
            (
                "/Citrix/Store/sessions/v1/explain",
                Route::Store(0, S::Explain),
            ),
            (
                "/Citrix/Store/sessions/v1/disconnect/",
                Route::Store(0, S::Disconnect),
            ),
            (
                "/Citrix/Store/sessions/v1/logoff",
                Route::Store(0, S::LogOff),
            ),
            (
                "/Citrix/Other/sessions/v1/logoff",
                Route::Store(1, S::LogOff),
            ),
            (
                "/Citrix/Store/sessions/v1/aB-_9/launch/ica",
                launch("aB-_9", None),
            ),
            (
                "/Citrix/Store/session/v1/aB-_9/Launch/ICA/",
                launch("aB-_9", None),
            ),
            (
                "/Citrix/Store/sessions/v1/x/launch/ica/Key",
                launch("x", Some("Key")),
            ), // SS-57
            ("/Citrix/Store/resources/v2", Route::Store(0, S::Resources)), // ST-11
            (
                "/Citrix/Store/Resources/V2/WithoutAutoProvision/",
                Route::Store(0, S::Resources),
            ), // ST-25
            (
                "/Citrix/Store/resources/v2/aB-_9",
                Route::Store(0, S::Resource { resource: "aB-_9" }),
            ), // ST-55
            (
                "/Citrix/Store/resources/v2/aB-_9/image",
                icon("aB-_9", IconFormat::Png, None),
            ),
            (
                "/Citrix/Store/resources/v2/aB-_9/Image/32",
                icon("aB-_9", IconFormat::Png, Some("32")),
            ), // ST-10
            (
                "/Citrix/Store/resources/v2/x/icon/",
                icon("x", IconFormat::Ico, None),
            ),
            (
                "/Citrix/Store/resources/v2/aB-_9/Launch/ICA",
                launch_resource("aB-_9", None),
            ), // ST-52
            (
                "/Citrix/Store/resources/v2/x/launch/ica/Key",
                launch_resource("x", Some("Key")),
            ), // ST-46
            ("/Citrix/Store/resources/v2/x/Launch/Rade", unsupported("x")), // ST-52
            (
                "/Citrix/Store/resources/v2/x/launch/rdp/Key",
                unsupported("x"),
            ),
            ("/Citrix/Store/endpoints/v1", Route::Store(0, S::Endpoints)),
            ("/Citrix/Store/endpoints/v1/", Route::Store(0, S::Endpoints)), // ST-22
            ("/Citrix/Store/discovery", Route::Store(0, S::Discovery)),
            (
                "/Citrix/StoreAuth/auth/v1/token",
                Route::Authentication(A::Token),
            ),
            (
                "/Citrix/StoreAuth/auth/V1/token/",
                Route::Authentication(A::Token),
            ), // CA-41
            (
                "/Citrix/StoreAuth/auth/V1/token/Validate/",
                Route::Authentication(A::Validate { service: None }),
            ), // CA-40
            (
                "/Citrix/StoreAuth/auth/v1/token/validate/gw.Example.net",
                Route::Authentication(A::Validate {
                    service: Some("gw.Example.net"),
                }),
            ),
            (
                "/Citrix/StoreAuth/auth/v1/protocols/",
                Route::Authentication(A::Protocols),
            ), // CA-32
            (
                "/Citrix/StoreAuth/ExplicitForms/Start",
                Route::Authentication(A::FormsStart),
            ),
            (
                "/Citrix/StoreAuth/explicitforms/authenticateattempt",
                Route::Authentication(A::FormsAttempt),
            ),
            (
                "/Citrix/StoreAuth/ExplicitForms/CancelAuthenticate",
                Route::Authentication(A::FormsCancel),
            ),
            (
                "/Citrix/StoreAuth/endpoints/v1",
                Route::Authentication(A::Endpoints),
            ), // ST-24
            (
                "/schemas/SessionState.xsd",
                Route::Schema("SessionState.xsd"),
            ),
            ("/Schemas/", Route::Schemas),
            ("/schemas", Route::Schemas),
            ("/healthz", Route::Health),
            ("/readyz", Route::Ready),
            ("/metrics", Route::Metrics),
            ("/", Route::Page),
            ("/roamd.css", Route::StyleSheet),
        ];
        for (path, expected) in table {
            assert_eq!(of(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn malformed_paths_match_no_route() {
        for path in [
            "",
            "//",
            "*",
            "/Citrix",
            "/Citrix/Stor",
            "/Citrix/Store//",
            "/Citrix//Store/sessions/v1/available",
            "/Citrix/Store/sessions/v1/available//",
            "/Citrix/Store/./sessions/v1/available",
            "/Citrix/Store/sessions/v1/../v1/available",
            "/Citrix/Store/sessions/v1/%61vailable",
            "/Citrix/Store/sessions/v1/available%00",
            "/Citrix/Store/sessions/v1/available/x",
            "/Citrix/StoreX/sessions/v1/available",
            "/Citrix/Store/sessions/v1/a%2Fb/launch/ica",
            "/Citrix/Store/sessions/v1/a.b/launch/ica",
            "/Citrix/Store/sessions/v1//launch/ica",
            "/Citrix/Store/sessions/v1/x/launch/rade",
            "/Citrix/Store/sessions/v1/x/launch/ica/k/more",
            "/Citrix/Store/sessions/v2/available",
            "/Citrix/Roaming",
            "/Citrix/Roaming/accounts/x",
            "/Citrix/Store/resources",
            "/Citrix/Store/resources/v1",
            "/Citrix/Store/resources/v2/a.b",
            "/Citrix/Store/resources/v2/a%2Db/image",
            "/Citrix/Store/resources/v2/x/picture",
            "/Citrix/Store/resources/v2/x/image/32/32",
            "/Citrix/Store/resources/v2/x/launch/g2m",
            "/Citrix/Store/resources/v2/x/launch",
            "/Citrix/StoreAuth/auth/v1/token/x",
            "/Citrix/StoreAuth/auth/v1/token/validate/x/y",
            "/Citrix/StoreAuth/auth/v1/protocols/validate",
            "/Citrix/StoreAuth/ExplicitForms/Start/x",
            "/Schemas/a/b",
            "/healthz/x",
            "/healthz/",
            "/readyz/",
            "/metrics/",
            "/Healthz",
            "/READYZ",
            "/Metrics",
            "//metrics",
            "/./metrics",
            "/%6Detrics",
            "/\u{fc}ber",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn identifiers_of_any_path_are_plain_characters(
            path in "(/Citrix/Store/(sessions/v1|resources/v2))?(/[a-zA-Z0-9._~%-]{0,9}|/launch|/ica|\\PC){0,6}"
        ) {
            use StoreRoute::{Launch, LaunchResource, Icon, Resource, UnsupportedLaunch};
            if let Some(Route::Store(_, route)) = of(&path)
                && let Launch { session: id, .. }
                | Resource { resource: id }
                | LaunchResource { resource: id, .. }
                | UnsupportedLaunch { resource: id }
                | Icon { resource: id, .. } = route
            {
                prop_assert!(is_identifier(id), "{}", id);
            }
        }
    }

    #[test]
    fn session_routes_allow_post_only() {
        // SS-3
        for path in [
            "/Citrix/Store/sessions/v1/available",
            "/Citrix/Store/sessions/v1/x/launch/ica",
            "/Citrix/StoreAuth/auth/v1/token",
        ] {
            let route = of(path).unwrap();
            assert_eq!(route.allow(), "POST");
            assert!(route.allows(&Method::POST));
            for method in [Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS] {
                assert!(!route.allows(&method), "{method} {path}");
            }
        }
        for path in [
            "/healthz",
            "/Citrix/Store/resources/v2/x/image/32",
            "/Citrix/StoreAuth/auth/v1/token/validate",
        ] {
            let route = of(path).unwrap();
            assert!(route.allows(&Method::GET) && route.allows(&Method::HEAD));
            assert!(!route.allows(&Method::POST), "{path}");
        }
    }
}
