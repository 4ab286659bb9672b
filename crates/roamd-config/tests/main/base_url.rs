use std::net::SocketAddr;

use roamd_config::BaseUrl;

#[test]
fn address_of_a_listener_is_a_base_url() {
    let cases = [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("127.0.0.1:80", "http://127.0.0.1"),
    ];
    for (address, expected) in cases {
        let base = BaseUrl::from(address.parse::<SocketAddr>().unwrap());
        assert_eq!(base.to_string(), expected);
        assert_eq!(expected.parse::<BaseUrl>().unwrap(), base);
    }
}
