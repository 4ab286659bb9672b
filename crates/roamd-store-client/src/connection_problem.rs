//! Causes of failed connections, in plain words.

use std::error::Error;
use std::fmt;
use std::io;

use hyper_util::client;
use rustls::CertificateError;

use crate::printable::short_line;

/// Cause of a failed connection. Its text says what is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionProblem {
    /// The URL is https, and the port speaks http.
    SpeaksHttp,
    /// The URL is http, and the port speaks https.
    SpeaksHttps,
    /// The URL is http, and the port does not speak http. It may speak https.
    NotHttp,
    /// The server ended the TLS handshake. It may speak http.
    HandshakeEnded,
    /// The server closed the connection before its response was complete.
    Closed,
    /// No authority that this machine trusts has issued the certificate.
    UnknownIssuer,
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for these names, and not for the host of the URL.
    OtherName(Vec<String>),
    /// The certificate is revoked.
    Revoked,
    /// The certificate is that of an authority.
    OfAuthority,
    /// No program listens on the port.
    Refused,
    /// The host name has no address.
    UnknownHost,
    /// Any other cause, with its text.
    Other(String),
}

impl ConnectionProblem {
    /// Finds the problem in an error and its sources. `is_https` is the scheme of the URL.
    pub(crate) fn of(error: &(dyn Error + 'static), is_https: bool) -> Self {
        let is_connect = error
            .downcast_ref::<client::legacy::Error>()
            .is_some_and(client::legacy::Error::is_connect);
        let mut innermost = error;
        let mut next = Some(error);
        while let Some(cause) = next {
            if let Some(problem) = Self::of_cause(cause, is_https, is_connect) {
                return problem;
            }
            innermost = cause;
            next = source(cause);
        }
        Self::Other(short_line(&innermost.to_string()))
    }

    /// Returns the problem if this single error shows it.
    fn of_cause(cause: &(dyn Error + 'static), is_https: bool, is_connect: bool) -> Option<Self> {
        if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            return Self::of_tls(error);
        }
        if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            return (error.is_parse() && !is_https).then_some(Self::NotHttp);
        }
        let error = cause.downcast_ref::<io::Error>()?;
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(Self::Refused),
            io::ErrorKind::UnexpectedEof if is_connect => Some(Self::HandshakeEnded),
            io::ErrorKind::UnexpectedEof => Some(Self::Closed),
            // The kind of this error is not stable.
            _ if error
                .to_string()
                .starts_with("failed to lookup address information") =>
            {
                Some(Self::UnknownHost)
            }
            _ => None,
        }
    }

    fn of_tls(error: &rustls::Error) -> Option<Self> {
        use CertificateError as Problem;
        let rustls::Error::InvalidCertificate(problem) = error else {
            let is_other_protocol = matches!(error, rustls::Error::InvalidMessage(_));
            return is_other_protocol.then_some(Self::SpeaksHttp);
        };
        match problem {
            // An authority with the same name and another key.
            Problem::UnknownIssuer | Problem::BadSignature => Some(Self::UnknownIssuer),
            Problem::Expired | Problem::ExpiredContext { .. } => Some(Self::Expired),
            Problem::NotValidYet | Problem::NotValidYetContext { .. } => Some(Self::NotYetValid),
            Problem::NotValidForName => Some(Self::OtherName(Vec::new())),
            Problem::NotValidForNameContext { presented, .. } => Some(Self::OtherName(
                presented.iter().map(|it| name(it)).collect(),
            )),
            Problem::Revoked => Some(Self::Revoked),
            // The type of this error is not public.
            Problem::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
                Some(Self::OfAuthority)
            }
            _ => None,
        }
    }
}

impl fmt::Display for ConnectionProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SpeaksHttp => f.write_str(
                "the port speaks http, not https; use an http:// address, or the https port of the \
                 server",
            ),
            Self::SpeaksHttps => {
                f.write_str("the port speaks https, not http; use an https:// address")
            }
            Self::NotHttp => f.write_str(
                "the port does not speak http; if it speaks https, use an https:// address",
            ),
            Self::HandshakeEnded => f.write_str(
                "the server ended the TLS handshake; if the port speaks http, use an http:// \
                 address",
            ),
            Self::Closed => f.write_str(
                "the server closed the connection before its response was complete; try again",
            ),
            Self::UnknownIssuer => f.write_str(
                "this machine trusts no authority that has issued the server's certificate; \
                 install the certificate of the authority, or name its file with --ca-file",
            ),
            Self::Expired => f.write_str(
                "the server's certificate has expired; it has to be renewed, unless the clock of \
                 this machine is wrong",
            ),
            Self::NotYetValid => f.write_str(
                "the server's certificate is not valid yet; check the clock of this machine",
            ),
            Self::OtherName(names) if names.is_empty() => f.write_str(
                "the server's certificate is not for this name; use a name of the certificate in \
                 the address",
            ),
            Self::OtherName(names) => write!(
                f,
                "the server's certificate is not for this name, but for {}; use such a name in the \
                 address",
                names.join(", ")
            ),
            Self::OfAuthority => f.write_str(
                "the server's certificate is that of an authority (CA:TRUE), which a server may \
                 not use; it needs one of its own, such as `openssl req -x509 -addext \
                 basicConstraints=CA:FALSE` makes",
            ),
            Self::Revoked => {
                f.write_str("the server's certificate is revoked; it has to be replaced")
            }
            Self::Refused => {
                f.write_str("the connection was refused; is the port right, and is the server up?")
            }
            Self::UnknownHost => f.write_str(
                "the host name has no address; is it spelled right, and can this machine resolve \
                 names?",
            ),
            Self::Other(text) => {
                write!(f, "{text}; is the address right, and is the server up?")
            }
        }
    }
}

/// Returns the source of an error. `io::Error` hides the error that it wraps from `source`.
fn source<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// Returns a name of a certificate without the kind that rustls writes around it, as in
/// `DnsName("store.example.net")` and `IpAddress(127.0.0.1)`.
fn name(presented: &str) -> String {
    let inner = presented.split_once('(').map(|(_, inner)| inner);
    let inner = inner.and_then(|inner| inner.strip_suffix(')'));
    short_line(inner.unwrap_or(presented).trim_matches('"'))
}

/// Returns whether the body of a `400` says that the port speaks https, as the common servers do.
pub(crate) fn says_https_port(body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body);
    [
        "to an HTTPS server",
        "to HTTPS port",
        "SSL-enabled server port",
    ]
    .iter()
    .any(|text| body.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_certificate_are_plain() {
        for (presented, expected) in [
            (r#"DnsName("store.example.net")"#, "store.example.net"),
            ("IpAddress(127.0.0.1)", "127.0.0.1"),
            ("IpAddress(::1)", "::1"),
            ("store.example.net", "store.example.net"),
        ] {
            assert_eq!(name(presented), expected);
        }
    }

    #[test]
    fn wrapped_error_is_found_and_named() {
        use CertificateError::{Expired, NotValidForName, Revoked, UnknownIssuer};
        let tls = |problem| io::Error::other(io::Error::other(rustls::Error::from(problem)));
        for (error, is_https, expected) in [
            (tls(UnknownIssuer), true, ConnectionProblem::UnknownIssuer),
            (tls(Expired), true, ConnectionProblem::Expired),
            (
                tls(NotValidForName),
                true,
                ConnectionProblem::OtherName(vec![]),
            ),
            (tls(Revoked), true, ConnectionProblem::Revoked),
            (
                io::Error::from(io::ErrorKind::ConnectionRefused),
                false,
                ConnectionProblem::Refused,
            ),
            (
                io::Error::from(io::ErrorKind::UnexpectedEof),
                true,
                ConnectionProblem::Closed,
            ),
            (
                io::Error::other("dns\x1b failed"),
                false,
                ConnectionProblem::Other("dns  failed".to_owned()),
            ),
        ] {
            assert_eq!(ConnectionProblem::of(&error, is_https), expected);
        }
    }
}
