//! The text of the configuration.

use std::fmt::Display;
use std::time::Duration;

use roamd_config::{AddressForm, ControllerOrder, Lifetime, LogoffAction, ResourceFilter, UrlPath};
use toml_writer::{ToTomlValue as _, TomlStringBuilder, WriteTomlValue};

use crate::model::{Deployment, Farm, Gateway, Mapping, SignIn, Store, WebSite};
use crate::options::generation_name;
use crate::unprintable::{Escaped, is_shown};

/// Address of the listener: no other machine reaches it before the operator decides so.
const LISTEN: &str = "127.0.0.1:8080";

/// Folder of the keys and the state, as in the sample of roamd.
const DATA_DIR: &str = "/var/lib/roamd";

/// Returns the configuration of a deployment.
pub(crate) fn write(deployment: &Deployment) -> String {
    let mut text = Text::default();
    text.text("listen", LISTEN);
    match deployment.base_urls.as_slice() {
        [only] => text.text("base_url", &only.to_string()),
        urls => text.list("base_urls", urls),
    }
    text.text("data_dir", DATA_DIR);
    sign_in(&deployment.sign_in, &mut text);
    for store in &deployment.stores {
        write_store(store, &mut text);
    }
    text.0
}

/// Lines of a configuration.
#[derive(Default)]
struct Text(String);

impl Text {
    /// Begins a section after a blank line.
    fn section(&mut self, header: &str) {
        self.line("");
        self.line(header);
    }

    fn text(&mut self, name: &str, value: &str) {
        self.line(&format!("{name} = {}", quoted(value)));
    }

    fn value(&mut self, name: &str, value: impl WriteTomlValue) {
        self.line(&format!("{name} = {}", value.to_toml_value()));
    }

    fn optional_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    fn optional_value(&mut self, name: &str, value: Option<impl WriteTomlValue>) {
        if let Some(value) = value {
            self.value(name, value);
        }
    }

    fn list(&mut self, name: &str, items: &[impl Display]) {
        let items: Vec<_> = items.iter().map(|item| quoted(&item.to_string())).collect();
        self.line(&format!("{name} = [{}]", items.join(", ")));
    }

    fn comment(&mut self, comment: &str) {
        // A name of StoreFront must not end the comment.
        self.line(&format!("# {}", Escaped(comment.trim_end())));
    }

    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }
}

/// Returns a text in TOML, on one line, with escapes for characters that an editor or a terminal
/// would obey.
fn quoted(text: &str) -> String {
    if text.chars().all(is_shown) {
        return text.to_toml_value();
    }
    let basic = TomlStringBuilder::new(text).as_basic().to_toml_value();
    let escaped = basic.chars().map(|character| match u32::from(character) {
        _ if is_shown(character) => character.to_string(),
        code @ 0..=0xffff => format!("\\u{code:04X}"),
        code => format!("\\U{code:08X}"),
    });
    escaped.collect()
}

fn sign_in(sign_in: &SignIn, text: &mut Text) {
    let lifetime = |lifetime: Option<Duration>| lifetime.map(|it| Lifetime(it).to_string());
    text.section("[authentication]");
    let path = sign_in.path.as_ref();
    text.optional_text("path", path.map(UrlPath::as_str));
    if !sign_in.domains.is_empty() {
        text.list("domains", &sign_in.domains);
    }
    text.optional_text("default_domain", sign_in.default_domain.as_deref());
    if sign_in.hide_domain_field {
        text.value("hide_domain_field", true);
    }
    text.optional_text("password_change", sign_in.password_change);
    text.optional_text(
        "token_lifetime",
        lifetime(sign_in.token_lifetime).as_deref(),
    );
    text.optional_text(
        "token_lifetime_max",
        lifetime(sign_in.token_lifetime_max).as_deref(),
    );
}

fn write_store(store: &Store, text: &mut Text) {
    text.section("[[store]]");
    text.text("path", store.path.as_str());
    text.optional_value("override_ica_client_name", store.override_client_name);
    if let Some(filter) = &store.filter {
        write_filter(filter, text);
    }
    // A single Citrix Gateway is written as a table, not as a list.
    let header = match store.gateways.len() {
        1 => "[store.gateway]",
        _ => "[[store.gateway]]",
    };
    for gateway in &store.gateways {
        write_gateway(header, gateway, text);
    }
    if let Some(web) = &store.web {
        web_site(web, text);
    }
    for farm in &store.farms {
        write_farm(farm, text);
    }
    for (number, mapping) in (1..).zip(&store.mappings) {
        write_mapping(mapping, number, text);
    }
    if !store.not_taken.is_empty() {
        text.line("");
    }
    for comment in &store.not_taken {
        text.comment(comment);
    }
}

fn write_filter(filter: &ResourceFilter, text: &mut Text) {
    text.section("[store.filter]");
    let types: Vec<_> = filter.types.iter().map(|it| it.as_str()).collect();
    for (key, words) in [
        ("types", types),
        (
            "include_keywords",
            filter.include_keywords.iter().map(String::as_str).collect(),
        ),
        (
            "exclude_keywords",
            filter.exclude_keywords.iter().map(String::as_str).collect(),
        ),
    ] {
        if !words.is_empty() {
            text.list(key, &words);
        }
    }
}

fn write_gateway(header: &str, gateway: &Gateway, text: &mut Text) {
    text.section(header);
    text.text("address", &gateway.address.to_string());
    text.list("sta", &gateway.authorities);
    text.text("sta_order", order(gateway.authority_order));
    let key = gateway.service_key.as_ref();
    text.optional_text("service_key_file", key.map(|key| key.path.as_str()));
    text.value("session_reliability", gateway.session_reliability);
    if !gateway.farms.is_empty() {
        text.list("farms", &gateway.farms);
    }
    if !gateway.via.is_empty() {
        text.list("via", &gateway.via);
    }
    text.comment(
        "To do: the networks of clients that reach hosts directly. StoreFront had beacons.",
    );
    text.line("inside = []");
    for (authorities, key) in &gateway.own_service_keys {
        text.section("[[store.gateway.service_key]]");
        text.list("sta", authorities);
        text.text("service_key_file", &key.path);
    }
}

fn web_site(site: &WebSite, text: &mut Text) {
    text.section("[store.web]");
    let path = site.path.as_ref();
    text.optional_text("path", path.map(UrlPath::as_str));
    text.optional_value("idle_minutes", site.idle_minutes);
    let Some(control) = &site.workspace_control else {
        return;
    };
    text.section("[store.web.workspace_control]");
    text.value("enabled", control.enabled);
    text.value("auto_reconnect_at_logon", control.auto_reconnect_at_logon);
    let action = match control.logoff_action {
        LogoffAction::Disconnect => "disconnect",
        LogoffAction::Terminate => "terminate",
        LogoffAction::None => "none",
    };
    text.text("logoff_action", action);
    text.value("show_reconnect_button", control.show_reconnect_button);
    text.value("show_disconnect_button", control.show_disconnect_button);
}

fn write_farm(farm: &Farm, text: &mut Text) {
    text.line("");
    for remark in &farm.remarks {
        text.comment(remark);
    }
    if let Some(aggregation) = &farm.aggregation {
        text.comment(&format!(
            "Aggregation group of mapping \"{}\".",
            aggregation.mapping
        ));
    }
    text.line("[[store.farm]]");
    text.text("id", farm.id.as_str());
    text.text("name", farm.name.as_str());
    text.text("generation", generation_name(farm.generation));
    text.list("controllers", &farm.controllers);
    text.text("controller_order", order(farm.controller_order));
    text.optional_value("timeout_ms", farm.timeouts.whole);
    text.optional_value("connect_timeout_ms", farm.timeouts.connect);
    text.optional_value("response_timeout_ms", farm.timeouts.response);
    text.optional_value("attempts", farm.attempts);
    let key = farm.service_key.as_ref();
    text.optional_text("service_key_file", key.map(|key| key.path.as_str()));
    text.optional_value("ticket_seconds", farm.ticket_seconds);
    text.optional_text("address_form", farm.address_form.map(AddressForm::as_str));
    if farm.legacy_workspace_control {
        text.value("legacy_workspace_control", true);
    }
    if farm.never_through_gateway {
        text.value("never_through_gateway", true);
    }
    let aggregation = farm.aggregation.as_ref();
    text.optional_text("aggregation_group", aggregation.map(|it| it.group.as_str()));
}

/// Writes a mapping. `number` names it if it has no name that the configuration can have.
fn write_mapping(mapping: &Mapping, number: usize, text: &mut Text) {
    text.line("");
    if let Some(to_do) = mapping.to_do {
        text.comment(&format!("To do: {to_do}"));
    }
    if !mapping.groups.is_empty() {
        let names: Vec<_> = mapping
            .groups
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        text.comment(&format!("Groups: {}.", names.join(", ")));
    }
    text.line("[[store.mapping]]");
    match printable(&mapping.name) {
        Some(name) => text.text("name", name),
        None => text.text("name", &format!("mapping {number}")),
    }
    if !mapping.groups.is_empty() {
        let mut sids: Vec<_> = mapping.groups.iter().map(|(_, sid)| sid).collect();
        sids.sort_unstable();
        sids.dedup();
        text.list("groups", &sids);
    }
    for set in &mapping.sets {
        text.section("[[store.mapping.farm_set]]");
        text.list("primary", &set.primary);
        if !set.backup.is_empty() {
            text.list("backup", &set.backup);
        }
        if set.is_balanced {
            text.text("launch_order", "balanced");
        }
        text.optional_text("aggregation_group", set.aggregation_group.as_deref());
    }
}

/// Returns a name as the configuration allows it, or `None` if it is blank or has control
/// characters.
fn printable(name: &str) -> Option<&str> {
    let name = name.trim();
    (!name.is_empty() && !name.contains(char::is_control)).then_some(name)
}

fn order(order: ControllerOrder) -> &'static str {
    match order {
        ControllerOrder::Ordered => "ordered",
        ControllerOrder::Balanced => "balanced",
    }
}
