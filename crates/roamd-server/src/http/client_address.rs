//! The address of the client, behind trusted proxies.

use std::net::{IpAddr, SocketAddr};

use http::header::{HeaderMap, HeaderName};
use ipnet::IpNet;
use roamd_citrixauth::ClientNetwork;
use roamd_http::Peer;

/// The only forwarding header that is used, and only from trusted proxies. `Forwarded` (RFC 7239),
/// `X-Forwarded-Host` and `X-Forwarded-Proto` are ignored: the public URL is configured.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Proxies whose `X-Forwarded-For` is used.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies {
    networks: Vec<IpNet>,
}

/// The client of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client {
    /// Its address: the last one that is not a trusted proxy.
    pub(crate) address: IpAddr,
    /// The address is that of a trusted proxy which named no client, so that the proxy itself may
    /// have made the request. Many clients may share it.
    pub(crate) is_proxy: bool,
    /// The peer is a trusted proxy, whose headers about other systems are believed.
    pub(crate) is_forwarded: bool,
    /// The address is that of a proxy: of one that is not trusted, or of a trusted one whose
    /// `X-Forwarded-For` has no usable address where that of the client should be.
    pub(crate) is_hidden: bool,
}

impl TrustedProxies {
    pub(crate) fn new(networks: Vec<IpNet>) -> Self {
        Self { networks }
    }

    /// Returns the client that a request came from: if the peer is a trusted proxy, the last
    /// address of `X-Forwarded-For` that is not one; otherwise the peer.
    ///
    /// Each proxy appends the address that it saw. Entries written by an untrusted proxy are to the
    /// left of its own address and are never read, nor is anything to the left of an invalid entry.
    pub(crate) fn client(&self, peer: Peer, headers: &HeaderMap) -> Client {
        let mut address = peer.address.ip().to_canonical();
        let mut is_trusted = self.trusts(peer);
        let is_forwarded = is_trusted;
        let mut is_hidden = !is_trusted && headers.keys().any(is_proxy_header);
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let mut hops = lines
            .flat_map(|line| line.to_str().unwrap_or("?").rsplit(','))
            .map(str::trim)
            .filter(|hop| !hop.is_empty())
            .peekable();
        // A header without entries names no client either.
        if is_trusted && hops.peek().is_none() && headers.contains_key(X_FORWARDED_FOR) {
            (is_trusted, is_hidden) = (false, true);
        }
        while is_trusted {
            let Some(hop) = hops.next() else { break };
            match hop_address(hop) {
                Some(seen) => {
                    address = seen;
                    is_trusted = self.contains(address);
                }
                None => (is_trusted, is_hidden) = (false, true),
            }
        }
        Client {
            address,
            is_proxy: is_trusted,
            is_forwarded,
            is_hidden,
        }
    }

    /// Whether the peer itself is a trusted proxy, whose headers about other systems are believed.
    pub(crate) fn trusts(&self, peer: Peer) -> bool {
        peer.is_certified || self.contains(peer.address.ip().to_canonical())
    }

    fn contains(&self, address: IpAddr) -> bool {
        is_in(address, &self.networks)
    }
}

impl Client {
    /// The address that per-client limits apply to. Returns `None` if many clients may share it.
    pub(crate) fn limited_address(&self) -> Option<IpAddr> {
        (!self.is_proxy).then_some(self.address)
    }

    /// The address, unless it is that of a proxy: of one that is not trusted, or of a trusted one
    /// which named no client.
    pub(crate) fn own_address(self) -> Option<IpAddr> {
        (!self.is_proxy && !self.is_hidden).then_some(self.address)
    }

    /// Whether the client itself, and not a proxy, is in one of these networks.
    pub(crate) fn is_in(&self, networks: &[IpNet]) -> bool {
        !self.is_hidden && is_in(self.address, networks)
    }
}

/// Returns the address that stands for a client in limits per client: the IPv4 address, or the
/// first address of the IPv6 /64.
pub(crate) fn client_key(address: IpAddr) -> IpAddr {
    ClientNetwork::of(address).address()
}

/// Whether proxies, load balancers or content delivery networks add a header. It reveals a proxy
/// that is not configured as trusted; its value is not used.
fn is_proxy_header(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "x-forwarded-for"
            | "forwarded"
            | "via"
            | "x-real-ip"
            | "x-client-ip"
            | "true-client-ip"
            | "cf-connecting-ip"
            | "x-original-forwarded-for"
            | "x-cluster-client-ip"
            | "fastly-client-ip"
            | "x-azure-clientip"
            | "x-envoy-external-address"
            | "x-forwarded"
            | "x-forwarded-host"
            | "x-forwarded-proto"
    )
}

fn is_in(address: IpAddr, networks: &[IpNet]) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// Parses an address as proxies write it: alone, with a port, or in brackets.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address: Option<IpAddr> = hop.parse().ok();
    address
        .or_else(|| hop.parse().ok().map(|address: SocketAddr| address.ip()))
        .or_else(|| bracketed().map(IpAddr::V6))
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// Headers that reveal a proxy.
    const REVEALING: [&str; 15] = [
        "X-Forwarded-For",
        "Forwarded",
        "Via",
        "X-Real-IP",
        "X-Client-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Original-Forwarded-For",
        "X-Cluster-Client-IP",
        "Fastly-Client-IP",
        "X-Azure-ClientIP",
        "X-Envoy-External-Address",
        "X-Forwarded",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
    ];

    fn proxies() -> TrustedProxies {
        let networks = ["10.0.0.0/8", "2001:db8:1::/48"];
        TrustedProxies::new(networks.map(|network| network.parse().unwrap()).into())
    }

    fn client(peer: &str, is_certified: bool, lines: &[(&str, &str)]) -> Client {
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let address = SocketAddr::new(peer.parse().unwrap(), 40_000);
        let peer = Peer {
            address,
            user: None,
            is_certified,
        };
        proxies().client(peer, &headers)
    }

    /// `roamd-citrixauth` tests which addresses are one network, `roamd-http` the limits.
    #[test]
    fn limits_per_client_apply_to_its_network() {
        for (address, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:0:1:ffff::9", "2001:db8:0:1::"),
        ] {
            let key = client_key(address.parse().unwrap());
            assert_eq!(key.to_string(), expected, "{address}");
        }
    }

    #[test]
    fn client_is_last_address_that_is_not_trusted_proxy() {
        const STRANGER: &str = "198.51.100.7";
        const PROXY: &str = "10.0.0.1";
        let hops = vec!["10.0.0.2"; 999].join(", ");
        let thousand = format!("192.0.2.1, {hops}");
        let thousand_forged = format!("{}, 192.0.2.1", vec!["1.1.1.1"; 999].join(","));
        let cases: &[(&str, &[&str], &str)] = &[
            // No proxy.
            (STRANGER, &[], STRANGER),
            ("::ffff:198.51.100.7", &[], STRANGER),
            (PROXY, &[], PROXY),
            // Forged by a peer that is not trusted.
            (STRANGER, &["192.0.2.1"], STRANGER),
            (STRANGER, &["127.0.0.1"], STRANGER),
            (STRANGER, &["10.0.0.2"], STRANGER),
            // Named by a trusted proxy.
            (PROXY, &["192.0.2.1"], "192.0.2.1"),
            ("::ffff:10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            ("2001:db8:1::9", &["192.0.2.1"], "192.0.2.1"),
            (PROXY, &["192.0.2.1, 10.0.0.2"], "192.0.2.1"),
            (PROXY, &["192.0.2.1", "10.0.0.2"], "192.0.2.1"),
            (PROXY, &["::ffff:192.0.2.1"], "192.0.2.1"),
            // What the client wrote itself is to the left of its address.
            (PROXY, &["127.0.0.1, 192.0.2.1"], "192.0.2.1"),
            (PROXY, &["127.0.0.1", "192.0.2.1"], "192.0.2.1"),
            (PROXY, &["10.9.9.9, 192.0.2.1, 10.0.0.2"], "192.0.2.1"),
            (PROXY, &[&thousand], "192.0.2.1"),
            (PROXY, &[&thousand_forged], "192.0.2.1"),
            // A client in the network of the proxies.
            (PROXY, &["10.3.3.3"], "10.3.3.3"),
            // As proxies write addresses.
            (PROXY, &["192.0.2.1:5678"], "192.0.2.1"),
            (PROXY, &["2001:db8::1"], "2001:db8::1"),
            (PROXY, &["[2001:db8::1]"], "2001:db8::1"),
            (PROXY, &["[2001:db8::1]:443"], "2001:db8::1"),
            (PROXY, &["  192.0.2.1\t,, 10.0.0.2 ,"], "192.0.2.1"),
            // An invalid entry ends the search.
            (PROXY, &["unknown"], PROXY),
            (PROXY, &["192.0.2.1, unknown"], PROXY),
            (PROXY, &["192.0.2.1, _hidden, 10.0.0.2"], "10.0.0.2"),
            (PROXY, &["192.0.2.1, 10.0.0.2:99999"], PROXY),
            (PROXY, &["192.0.2.1, 10.0.0.300"], PROXY),
            (PROXY, &["192.0.2.1, [10.0.0.2]"], PROXY),
            (PROXY, &["192.0.2.1, fe80::1%eth0"], PROXY),
            (PROXY, &["192.0.2.1, \"10.0.0.2\""], PROXY),
            (PROXY, &["192.0.2.1, 10.0.0.2\u{e9}"], PROXY),
            (PROXY, &["192.0.2.1", "\u{e9}"], PROXY),
            (PROXY, &["192.0.2.1 10.0.0.2"], PROXY),
        ];
        for (peer, lines, expected) in cases {
            let lines: Vec<_> = lines
                .iter()
                .map(|line| ("x-forwarded-for", *line))
                .collect();
            let address = client(peer, false, &lines).address.to_string();
            let shown: String = format!("{peer} {lines:?}").chars().take(120).collect();
            assert_eq!(address, *expected, "{shown}");
        }
    }

    #[test]
    fn peer_with_certificate_is_trusted_proxy() {
        let lines = [("x-forwarded-for", "127.0.0.1, 192.0.2.1")];
        let certified = client("198.51.100.7", true, &lines);
        assert_eq!(certified.address.to_string(), "192.0.2.1");
        assert!(!certified.is_proxy && !certified.is_hidden);
    }

    #[test]
    fn other_forwarding_headers_are_ignored() {
        for name in ["forwarded", "x-real-ip", "x-client-ip", "via"] {
            let found = client("10.0.0.1", false, &[(name, "for=192.0.2.1")]);
            assert_eq!(found.address.to_string(), "10.0.0.1", "{name}");
        }
    }

    #[test]
    fn client_behind_unknown_proxy_is_in_no_network() {
        let local = ["127.0.0.0/8".parse().unwrap()];
        for name in ["Host", "User-Agent", "X-Citrix-Gateway", "Origin"] {
            let direct = client("127.0.0.1", false, &[(name, "127.0.0.1")]);
            assert!(direct.is_in(&local), "{name}");
        }
        for name in REVEALING {
            for value in ["127.0.0.1", ""] {
                let forwarded = client("127.0.0.1", false, &[(name, value)]);
                assert!(!forwarded.is_in(&local), "{name}");
            }
        }
        // A trusted proxy names the client.
        let found = client("10.0.0.1", false, &[("x-forwarded-for", "127.0.0.1")]);
        assert!(found.is_in(&local));
    }

    /// Otherwise such a client would have the rights of the proxy.
    #[test]
    fn client_without_usable_address_is_limited_and_in_no_network() {
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        for line in [
            "",
            ",",
            "unknown",
            "10.0.0.9, unknown",
            "fe80::1%eth0",
            "\"10.0.0.9\"",
            "010.0.0.1",
            "203.0.113.7;10.0.0.9",
            "unknown, 10.0.0.2",
        ] {
            let found = client("10.0.0.1", false, &[("x-forwarded-for", line)]);
            assert!(!found.is_in(&proxies), "{line}");
            assert_eq!(found.limited_address(), Some(found.address), "{line}");
            assert_eq!(found.own_address(), None, "{line}");
        }
        // Requests of the proxy itself, such as health checks, and of a proxy before it.
        for lines in [&[][..], &[("x-forwarded-for", "10.0.0.9")]] {
            let found = client("10.0.0.1", false, lines);
            assert!(found.is_in(&proxies), "{lines:?}");
        }
    }

    #[test]
    fn address_of_a_proxy_is_not_that_of_its_client() {
        let own = |peer, lines: &[_]| client(peer, false, lines).own_address();
        let address = Some([192, 0, 2, 1].into());
        assert_eq!(own("192.0.2.1", &[]), address);
        assert_eq!(
            own("10.0.0.1", &[("x-forwarded-for", "192.0.2.1")]),
            address
        );
        // A trusted proxy that names no client.
        assert_eq!(own("10.0.0.1", &[]), None);
        assert_eq!(own("10.0.0.1", &[("x-forwarded-for", "unknown")]), None);
        assert_eq!(own("10.0.0.1", &[("x-forwarded-for", "10.0.0.2")]), None);
        // A proxy that is not trusted.
        for name in REVEALING {
            assert_eq!(own("192.0.2.1", &[(name, "192.0.2.9")]), None, "{name}");
        }
    }

    #[test]
    fn proxy_that_names_no_client_is_not_limited() {
        let counted = |peer, lines| client(peer, false, lines).limited_address();
        assert_eq!(counted("10.0.0.1", &[]), None);
        let one = counted("10.0.0.1", &[("x-forwarded-for", "192.0.2.1")]);
        assert_eq!(one, Some([192, 0, 2, 1].into()));
        let stranger = counted("192.0.2.1", &[("x-forwarded-for", "10.0.0.1")]);
        assert_eq!(stranger, Some([192, 0, 2, 1].into()));
    }
}
