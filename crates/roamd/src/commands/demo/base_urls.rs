//! The URLs by which clients know the demo.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context;
use roamd_server::config::{BaseUrl, BaseUrls, Scheme};

use crate::exit_code::UsageError;

/// Returns the URLs given as arguments. Without any, those of the listener: `localhost` and each
/// address and the name of this machine if other machines can reach it.
///
/// # Errors
/// If the given URLs do not have the scheme of the listener, or the addresses of this machine
/// cannot be read.
pub(super) fn base_urls(
    given: &[BaseUrl],
    listen: SocketAddr,
    has_tls: bool,
) -> anyhow::Result<BaseUrls> {
    let scheme = if has_tls { Scheme::Https } else { Scheme::Http };
    if let Some((canonical, others)) = given.split_first() {
        // A proxy in front of the demo may terminate TLS, but none can undo it.
        if has_tls && given.iter().any(|url| url.scheme() != scheme) {
            return Err(
                UsageError("--base-url has to begin with https:// with --tls".into()).into(),
            );
        }
        let urls = BaseUrls::new(canonical.clone(), others.to_vec());
        return Ok(urls.map_err(|error| UsageError(format!("--base-url {error}")))?);
    }
    let mut urls = Vec::new();
    for host in hosts(listen.ip())? {
        // A name of this machine may be no host of a URL.
        let url = format!("{}://{host}:{}", scheme.as_str(), listen.port());
        if let Ok(url) = url.parse()
            && !urls.contains(&url)
        {
            urls.push(url);
        }
    }
    let mut urls = urls.into_iter();
    let canonical = urls.next().context("no URL fits the address of the demo")?;
    Ok(BaseUrls::new(canonical, urls.collect())?)
}

/// Whether another machine can use a URL: its host is not this machine for every machine.
pub(super) fn is_for_others(url: &BaseUrl) -> bool {
    let host = url.host().trim_matches(['[', ']']);
    let address = host.parse::<IpAddr>();
    host != "localhost" && !address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Hosts by which clients reach a listener, each as in a URL. The first is the one to print.
fn hosts(listen: IpAddr) -> anyhow::Result<Vec<String>> {
    let localhost = "localhost".to_owned();
    if !listen.is_unspecified() {
        let is_loopback = listen.is_loopback();
        let names = is_loopback.then_some(localhost);
        return Ok([in_url(listen)].into_iter().chain(names).collect());
    }
    let loopback: IpAddr = match listen {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    let mut hosts = vec![in_url(loopback), localhost];
    let interfaces =
        if_addrs::get_if_addrs().context("cannot read the addresses of this machine")?;
    let addresses = interfaces.iter().filter(|it| !it.is_link_local());
    let addresses = addresses.map(if_addrs::Interface::ip);
    // The unspecified address of IPv6 takes connections over IPv4 too.
    hosts.extend(
        addresses
            .filter(|address| listen.is_ipv6() || address.is_ipv4())
            .map(in_url),
    );
    hosts.push(gethostname::gethostname().to_string_lossy().into_owned());
    Ok(hosts)
}

fn in_url(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &[&str], listen: &str, has_tls: bool) -> Result<Vec<String>, String> {
        let given: Vec<_> = given.iter().map(|url| url.parse().unwrap()).collect();
        let urls = base_urls(&given, listen.parse().unwrap(), has_tls);
        let urls = urls.map_err(|error| error.to_string())?;
        Ok(urls.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn demo_has_the_urls_of_its_listener_or_the_given_ones() {
        for (given, listen, has_tls, expected) in [
            (
                &[][..],
                "127.0.0.1:81",
                false,
                &["http://127.0.0.1:81", "http://localhost:81"][..],
            ),
            (
                &[],
                "[::1]:443",
                true,
                &["https://[::1]", "https://localhost"],
            ),
            (&[], "192.0.2.1:81", false, &["http://192.0.2.1:81"]),
            (
                &["https://demo.example.net", "https://demo.corp"],
                "0.0.0.0:81",
                false,
                &["https://demo.example.net", "https://demo.corp"],
            ),
        ] {
            let expected = expected.iter().map(ToString::to_string).collect();
            assert_eq!(of(given, listen, has_tls), Ok(expected), "{listen}");
        }
    }

    #[test]
    fn demo_on_all_addresses_has_the_url_of_each() {
        let urls = of(&[], "0.0.0.0:81", false).unwrap();
        assert_eq!(urls[..2], ["http://127.0.0.1:81", "http://localhost:81"]);
        for interface in if_addrs::get_if_addrs().unwrap() {
            let url = format!("http://{}:81", interface.ip());
            let is_expected = interface.ip().is_ipv4() && !interface.is_link_local();
            assert_eq!(urls.contains(&url), is_expected, "{url} {urls:?}");
        }
    }

    #[test]
    fn url_of_a_loopback_address_is_for_this_machine_only() {
        for (url, expected) in [
            ("http://127.0.0.1:81", false),
            ("http://127.9.9.9:81", false),
            ("http://localhost:81", false),
            ("https://[::1]", false),
            ("http://192.0.2.1:81", true),
            ("https://[2001:db8::1]", true),
            ("https://demo.corp", true),
        ] {
            assert_eq!(is_for_others(&url.parse().unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn urls_of_another_scheme_are_refused() {
        for (given, has_tls, problem) in [
            (&["http://a"][..], true, "https:// with --tls"),
            (
                &["http://a", "https://b"],
                false,
                "all of them have to be of one scheme",
            ),
        ] {
            let error = of(given, "127.0.0.1:81", has_tls).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
    }
}
