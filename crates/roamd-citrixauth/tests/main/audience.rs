//! Audiences (CA-13, CA-17, CA-18).

use roamd_citrixauth::Audience;

#[test]
fn audience_is_scheme_host_and_port_of_a_url() {
    for (url, expected) in [
        ("https://sf.example.net", "https://sf.example.net:443"),
        (
            "http://sf.example.net/Citrix/Store",
            "http://sf.example.net:80",
        ),
        (
            "HTTPS://SF.Example.NET:443/a?b#c",
            "https://sf.example.net:443",
        ),
        (
            "https://sf.example.net:8443?x=@",
            "https://sf.example.net:8443",
        ),
        ("https://sf.example.net:/", "https://sf.example.net:443"),
        (
            "\n  http://127.0.0.1:8080/Citrix/Store \n",
            "http://127.0.0.1:8080",
        ),
        ("http://[0:0::1]:8080/", "http://[::1]:8080"),
        ("http://[::1]", "http://[::1]:80"),
        ("http://my_host-1/", "http://my_host-1:80"),
        (
            "https://sf.example.net./Citrix",
            "https://sf.example.net:443",
        ),
    ] {
        let audience: Audience = url.parse().unwrap();
        assert_eq!(audience.to_string(), expected, "{url}");
        // The display form parses as the same audience.
        assert_eq!(audience.to_string().parse(), Ok(audience), "{url}");
    }
}

#[test]
fn audience_of_malformed_or_relative_url_is_rejected() {
    for url in [
        "",
        "/Citrix/Store",
        "sf.example.net",
        "//sf.example.net/",
        "ftp://sf.example.net",
        "https:/sf.example.net",
        "https://",
        "https:///path",
        "https://:443",
        "https://.",
        "https://sf.example.net..",
        "https://sf..example.net",
        "https://.example.net",
        "https://alice@sf.example.net",
        "https://sf.example.net@evil.example",
        "https://sf.example.net:65536",
        "https://sf.example.net:+443",
        "https://sf.example.net:443:443",
        "https://sf example.net",
        "https://sf.example.net\u{0}",
        "https://b\u{fc}cher.example",
        "https://[::1",
        "https://[::1]x",
        "https://[::1]x:1",
        "https://[sf.example.net]",
        "https://::1/",
    ] {
        assert!(url.parse::<Audience>().is_err(), "{url}");
    }
}

#[test]
fn backslash_ends_the_host_of_an_audience() {
    let audience: Audience = "https://sf.example.net\\@evil.example".parse().unwrap();
    assert_eq!(audience.to_string(), "https://sf.example.net:443");
}
