//! Parts of files that are imported, found by their names wherever they are (SI-6).

use crate::finding::{Finding, Findings, Grade};
use crate::record::{Field, Record, Value};
use crate::source::Source;

/// What a part describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Settings of all farms of a store, and the farms.
    FarmSet,
    /// A farm without its set, as cmdlets return it.
    Farm,
    /// Settings of launches.
    Launch,
    /// Settings of enumerations.
    Enumeration,
    /// Settings of a store as a whole.
    StoreService,
    /// A user farm mapping.
    Mapping,
    /// A Citrix Gateway for launches from some farms.
    OptimalGateway,
    /// A Citrix Gateway of the deployment.
    RoamingGateway,
    /// Sign-in with user name and password.
    ExplicitSignIn,
    /// A token service, with its audiences.
    TokenService,
    /// A custom setting of code beside the product.
    AppSetting,
    /// The web site.
    WebSite,
    /// Lifetime of sessions of the web site.
    SessionState,
}

/// A part of a file.
pub(crate) struct Part<'s> {
    pub(crate) kind: Kind,
    pub(crate) record: Record<'s>,
}

/// Protocols of sign-ins that roamd does not serve (SI-22).
const OTHER_PROTOCOLS: [&str; 7] = [
    "IntegratedWindows",
    "HttpBasic",
    "CitrixFederation",
    "CitrixAGBasic",
    "CitrixAGBasicNoPassword",
    "Certificate",
    "Forms-Saml",
];

/// Returns the parts of a `web.config`.
pub(crate) fn of_xml<'s>(root: Record<'s>, findings: &mut Findings) -> Vec<Part<'s>> {
    let mut parts = Vec::new();
    let (place, name) = (root.place, root.name.clone());
    if !name.eq_ignore_ascii_case("configuration") {
        let text = "is not the root of a `web.config`; the file is not taken";
        findings.error(place, format!("element `{name}`"), text);
        return parts;
    }
    configuration(root, &mut parts, findings);
    if parts.iter().all(|part| part.kind == Kind::AppSetting) {
        let text = "no setting of a store, a sign-in or a web site is in this file; for Citrix \
                    Gateways of a deployment, give the JSON of Get-STFRoamingGateway";
        findings.add(
            place,
            Finding::new(Grade::Warning, place, "configuration", text),
        );
    }
    parts
}

/// Finds the parts below `configuration` or `location`. Other sections configure IIS and .NET.
fn configuration<'s>(root: Record<'s>, parts: &mut Vec<Part<'s>>, findings: &mut Findings) {
    for (name, mut record) in children(root) {
        match name.as_str() {
            "citrix.deliveryservices" => sections(record, parts, findings),
            "location" => configuration(record, parts, findings),
            "appsettings" => {
                parts.extend(records(Kind::AppSetting, record.take_all(&["add"])));
            }
            "system.web" => {
                let session_state = record.take_all(&["sessionState"]);
                parts.extend(records(Kind::SessionState, session_state));
            }
            _ => {}
        }
    }
}

/// Elements that are parts, or have parts as their items, in lower case.
const PART_NAMES: [&str; 8] = [
    "farmset",
    "farm",
    "launch",
    "userfarmmappings",
    "optimalgatewayforfarmscollection",
    "explicitbl",
    "service",
    "webreceiver",
];

/// Finds the parts inside an element. An element with nothing known inside is reported once.
fn sections<'s>(parent: Record<'s>, parts: &mut Vec<Part<'s>>, findings: &mut Findings) {
    for (name, record) in children(parent) {
        let place = record.place;
        match name.as_str() {
            "farmset" => push(Kind::FarmSet, record, parts),
            "launch" => push(Kind::Launch, record, parts),
            "userfarmmappings" => {
                items(Kind::Mapping, record, "userFarmMapping", parts, findings);
            }
            "optimalgatewayforfarmscollection" => {
                let item = "optimalGatewayForFarms";
                items(Kind::OptimalGateway, record, item, parts, findings);
            }
            "explicitbl" => push(Kind::ExplicitSignIn, record, parts),
            "service" if record.has("allowedAudiences") => {
                push(Kind::TokenService, record, parts);
            }
            "webreceiver" => push(Kind::WebSite, record, parts),
            "farm" => findings.error(place, "farm", "is outside of a `farmset`; not taken"),
            _ if other_protocol(&record, findings) => {}
            _ if has_parts(&record) => sections(record, parts, findings),
            _ => findings.note(place, record.name, "not understood; not taken"),
        }
    }
}

/// Returns whether an element has a part inside, or a protocol of sign-ins.
fn has_parts(record: &Record<'_>) -> bool {
    record.fields.iter().any(|field| match &field.value {
        Value::Record(record) => {
            let is_part = |name: &str| name.eq_ignore_ascii_case(&record.name);
            PART_NAMES.iter().any(|name| is_part(name))
                || protocol(record).is_some()
                || has_parts(record)
        }
        _ => false,
    })
}

fn push<'s>(kind: Kind, record: Record<'s>, parts: &mut Vec<Part<'s>>) {
    parts.push(Part { kind, record });
}

/// Adds the children of a collection. Children with other names may be items, too, so they are
/// errors.
fn items<'s>(
    kind: Kind,
    mut collection: Record<'s>,
    item: &str,
    parts: &mut Vec<Part<'s>>,
    findings: &mut Findings,
) {
    parts.extend(records(kind, collection.take_all(&[item])));
    collection.finish(Grade::Error, findings);
}

/// Reports a protocol of sign-ins that roamd does not serve. Returns whether the element is one.
fn other_protocol(record: &Record<'_>, findings: &mut Findings) -> bool {
    let Some(protocol) = protocol(record) else {
        return false;
    };
    let text = "roamd signs users in with user name and password only";
    findings.warning(record.place, format!("protocol `{protocol}`"), text);
    true
}

/// Returns the protocol of sign-ins that an element turns on, if roamd does not serve it.
fn protocol(record: &Record<'_>) -> Option<&'static str> {
    let texts = record.fields.iter().filter_map(|field| match &field.value {
        Value::Text(text) => Some((&*field.name, text.as_str())),
        _ => None,
    });
    let mut protocol = None;
    for (name, text) in texts {
        if name.eq_ignore_ascii_case("enabled") && text.eq_ignore_ascii_case("false") {
            return None;
        }
        let is_same = |known: &&&str| known.eq_ignore_ascii_case(text);
        protocol = protocol.or(OTHER_PROTOCOLS.iter().find(is_same));
    }
    protocol.copied()
}

/// Returns the elements inside an element, each with its name in lower case.
fn children(record: Record<'_>) -> impl Iterator<Item = (String, Record<'_>)> {
    record
        .fields
        .into_iter()
        .filter_map(|field| match field.value {
            Value::Record(record) => Some((record.name.to_ascii_lowercase(), record)),
            _ => None,
        })
}

fn records<'s>(kind: Kind, fields: Vec<Field<'s>>) -> impl Iterator<Item = Part<'s>> {
    fields
        .into_iter()
        .filter_map(move |field| match field.value {
            Value::Record(record) => Some(Part { kind, record }),
            _ => None,
        })
}

/// Returns the parts of objects of cmdlets. Their properties tell what they are.
pub(crate) fn of_objects<'s>(
    source: &'s Source,
    objects: Vec<Record<'s>>,
    findings: &mut Findings,
) -> Vec<Part<'s>> {
    let mut parts = Vec::new();
    let mut has_finding = false;
    for object in objects {
        let place = object.place;
        if !object_parts(object, &mut parts) {
            has_finding = true;
            findings.warning(place, "object", "not understood; not taken");
        }
    }
    if parts.is_empty() && !has_finding {
        findings.error(source.start(), "file", "has no object of StoreFront");
    }
    parts
}

/// Properties that only the objects of one kind have.
const MARKS: [(&str, Kind); 8] = [
    ("FarmName", Kind::Farm),
    ("ServerCommunicationAttempts", Kind::FarmSet),
    // Both kinds of Citrix Gateways have authorities.
    ("EnabledOnDirectAccess", Kind::OptimalGateway),
    ("SecureTicketAuthorityUrls", Kind::RoamingGateway),
    ("LockedDown", Kind::StoreService),
    ("FarmSets", Kind::Mapping),
    ("AddressResolutionType", Kind::Launch),
    ("EnhancedEnumeration", Kind::Enumeration),
];

/// Finds the parts of an object and of the objects inside. Returns whether there are any.
fn object_parts<'s>(object: Record<'s>, parts: &mut Vec<Part<'s>>) -> bool {
    if let Some((_, kind)) = MARKS.iter().find(|(name, _)| object.has(name)) {
        push(*kind, object, parts);
        return true;
    }
    let mut is_known = false;
    for field in object.fields {
        let inner = match field.value {
            Value::Record(record) => vec![record],
            Value::List(items) => items
                .into_iter()
                .filter_map(|item| match item.value {
                    Value::Record(record) => Some(record),
                    _ => None,
                })
                .collect(),
            // A store has many objects that roamd does not need, and PowerShell cuts some. If it
            // cuts one with farms, the farms are missing, which is an error of its own.
            Value::Text(_) | Value::Cut | Value::Null => continue,
        };
        for record in inner {
            is_known |= object_parts(record, parts);
        }
    }
    is_known
}
