//! The base URL by which a client knows the server: the configured one that its request names.
//!
//! A request selects among the configured base URLs, and cannot bring another one into a response
//! (citrixauth.md §7 rule 2).

use http::Request;
use http::header::HOST;
use http::uri::Authority;
use roamd_citrixauth::Audience;

use crate::config::{BaseUrl, BaseUrls, Scheme};

/// Position of a base URL in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BaseUrlIndex(usize);

/// A value for each base URL.
pub(crate) struct PerBaseUrl<T> {
    canonical: T,
    others: Vec<T>,
}

/// The audiences of the base URLs (CA-20). A client uses one of them.
pub(crate) struct Audiences {
    scheme: Scheme,
    audiences: Vec<Audience>,
}

impl BaseUrlIndex {
    /// The canonical base URL.
    pub(crate) const CANONICAL: Self = Self(0);
}

impl<T> PerBaseUrl<T> {
    /// Makes a value for each base URL.
    ///
    /// # Errors
    /// The first one of `make`.
    pub(crate) fn try_new<E>(
        urls: &BaseUrls,
        mut make: impl FnMut(&BaseUrl) -> Result<T, E>,
    ) -> Result<Self, E> {
        Ok(Self {
            canonical: make(urls.canonical())?,
            others: urls.others().iter().map(make).collect::<Result<_, _>>()?,
        })
    }

    /// Makes another value for each base URL.
    pub(crate) fn map<U>(&self, mut make: impl FnMut(&T) -> U) -> PerBaseUrl<U> {
        PerBaseUrl {
            canonical: make(&self.canonical),
            others: self.others.iter().map(make).collect(),
        }
    }

    /// The value of the canonical base URL.
    pub(crate) fn canonical(&self) -> &T {
        &self.canonical
    }

    /// The value of a base URL.
    pub(crate) fn get(&self, BaseUrlIndex(index): BaseUrlIndex) -> &T {
        let other = index
            .checked_sub(1)
            .and_then(|other| self.others.get(other));
        other.unwrap_or(&self.canonical)
    }
}

impl Audiences {
    /// The audiences of base URLs of this scheme.
    pub(crate) fn new(scheme: Scheme, audiences: PerBaseUrl<Audience>) -> Self {
        let PerBaseUrl { canonical, others } = audiences;
        Self {
            scheme,
            audiences: [vec![canonical], others].concat(),
        }
    }

    /// Scheme of all base URLs.
    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// All audiences, the canonical one first.
    pub(crate) fn as_slice(&self) -> &[Audience] {
        &self.audiences
    }

    /// The base URL whose host and port a request names (CA-13, CQ-49). Without a match it is the
    /// canonical one: monitors ask by address.
    ///
    /// The authority of the request target takes precedence over `Host` (RFC 9112 §3.2.2), and
    /// headers of proxies do not count.
    pub(crate) fn base_url_of<B>(&self, request: &Request<B>) -> BaseUrlIndex {
        if self.audiences.len() < 2 {
            return BaseUrlIndex::CANONICAL;
        }
        let in_target = request.uri().authority().map(Authority::as_str);
        let host = request.headers().get(HOST);
        let Some(named) = in_target.or_else(|| host?.to_str().ok()) else {
            return BaseUrlIndex::CANONICAL;
        };
        let named = format!("{}://{named}", self.scheme.as_str());
        let position = named.parse::<Audience>().ok().and_then(|named| {
            let mut audiences = self.audiences.iter();
            audiences.position(|audience| *audience == named)
        });
        position.map_or(BaseUrlIndex::CANONICAL, BaseUrlIndex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URLS: [&str; 5] = [
        "https://store.example.net",
        "https://store.corp:8443",
        "https://192.0.2.7",
        "https://[2001:db8::7]",
        "https://[2001:db8::7]:8443",
    ];

    fn urls() -> BaseUrls {
        let mut urls = URLS.iter().map(|url| url.parse().unwrap());
        BaseUrls::new(urls.next().unwrap(), urls.collect()).unwrap()
    }

    fn selected(target: &str, host: Option<&str>) -> &'static str {
        let mut request = Request::get(target);
        if let Some(host) = host {
            request = request.header(HOST, host);
        }
        // Headers of proxies, which never count.
        for name in ["x-forwarded-host", "x-original-host", "x-host"] {
            request = request.header(name, "store.corp:8443");
        }
        let request = request
            .header("forwarded", "host=\"store.corp:8443\";proto=http")
            .body(())
            .unwrap();
        let urls = urls();
        let audiences = PerBaseUrl::try_new(&urls, |url| url.to_string().parse()).unwrap();
        let texts = audiences.map(|audience: &Audience| audience.clone());
        let chosen = Audiences::new(urls.scheme(), audiences).base_url_of(&request);
        let is_chosen = |url: &&str| url.parse().as_ref() == Ok(texts.get(chosen));
        URLS.into_iter().find(is_chosen).unwrap()
    }

    /// CA-13, CA-20, CQ-49.
    #[test]
    fn host_selects_one_of_the_configured_base_urls() {
        let [canonical, corp, ipv4, ipv6, ipv6_port] = URLS;
        for (host, expected) in [
            (Some("store.example.net"), canonical),
            (Some("store.corp:8443"), corp),
            (Some("STORE.Corp:8443"), corp),
            (Some("store.corp.:8443"), corp),
            (Some("192.0.2.7"), ipv4),
            (Some("192.0.2.7:443"), ipv4),
            (Some("192.0.2.7:"), ipv4),
            (Some("[2001:db8::7]"), ipv6),
            (Some("[2001:DB8:0:0::7]:443"), ipv6),
            (Some("[2001:db8::7]:8443"), ipv6_port),
            // Everything else is the canonical one.
            (None, canonical),
            (Some(""), canonical),
            (Some("evil.example"), canonical),
            (Some("store.corp"), canonical),
            (Some("store.corp:8444"), canonical),
            (Some("store.corp..:8443"), canonical),
            (Some("store.corp:8443.evil.example"), canonical),
            (Some("evil.example@store.corp:8443"), canonical),
            (Some("store.corp:8443@evil.example"), canonical),
            (Some("store.corp:8443/evil.example"), corp),
            (Some("xstore.corp:8443"), canonical),
            (Some("3221225991"), canonical),
            (Some("192.0.2.007"), canonical),
            (Some("2001:db8::7"), canonical),
            (Some("[2001:db8::7%25eth0]"), canonical),
            (Some("[::ffff:192.0.2.7]"), canonical),
        ] {
            assert_eq!(selected("/", host), expected, "{host:?}");
        }
    }

    /// SS-12; RFC 9112 §3.2.2.
    #[test]
    fn request_target_takes_precedence_over_host() {
        let [canonical, corp, ..] = URLS;
        for (target, host, expected) in [
            ("https://store.corp:8443/", None, corp),
            ("http://store.corp:8443/", Some("store.example.net"), corp),
            (
                "https://store.example.net/",
                Some("store.corp:8443"),
                canonical,
            ),
            ("https://evil.example/", Some("store.corp:8443"), canonical),
            (
                "https://u@store.corp:8443/",
                Some("store.corp:8443"),
                canonical,
            ),
        ] {
            assert_eq!(selected(target, host), expected, "{target} {host:?}");
        }
    }
}
