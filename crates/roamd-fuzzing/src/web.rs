//! Oracle of requests to a web site: path, cookies and parameters.

use roamd_web_proto::{CookieScope, Cookies, DeviceId, Parameters, WebRoute, ticket_of_parameters};

use crate::split_input::SplitInput;

const SITE: &str = "/Citrix/StoreWeb";

/// Reads a path, a line of cookies and a body. A path that names a route is one of the site. A
/// cookie can be sent back in one that the site sets, which has no comma. A title is short, and so
/// is the ticket of a native client.
pub fn web(bytes: &[u8]) {
    let mut input = SplitInput::new(bytes);
    let (path, line) = (input.text(), input.text());
    let spelled = WebRoute::site_of(&path, SITE);
    if let Some(route) = WebRoute::of(&path, SITE) {
        assert!(route.name().starts_with("web-"));
        assert!(!route.allow().is_empty());
        assert!(spelled.is_some(), "a route outside of the site");
    }
    let is_spelling = |text: &str| text.eq_ignore_ascii_case(&format!("{SITE}/"));
    assert!(spelled.as_deref().is_none_or(is_spelling));
    let cookies = Cookies::parse([line.as_str()]);
    let scope = CookieScope {
        path: spelled.as_deref().unwrap_or("/"),
        secure: true,
    };
    for values in [
        &cookies.session,
        &cookies.csrf,
        &cookies.auth,
        &cookies.device,
    ] {
        assert!(values.iter().all(|value| !value.contains([';', ','])));
    }
    for device in cookies.device.iter().filter_map(|it| DeviceId::parse(it)) {
        let line = scope.device(device.as_str());
        assert!(line.is_ascii() && !line.contains([',', '\r', '\n']));
    }
    // A byte that is no text becomes a character of three.
    let ticket = ticket_of_parameters(&line);
    assert!(ticket.is_none_or(|ticket| ticket.len() <= 3 * line.len()));
    let title = Parameters::decode(input.rest()).title;
    assert!(title.is_none_or(|title| (1..=256).contains(&title.len())));
}
