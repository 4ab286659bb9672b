//! Settings of launches, enumerations and whole stores (SI-19, SI-20).

use roamd_config::{AddressForm, FilterType, ResourceFilter};

use crate::finding::{Findings, Grade};
use crate::options::address_form;
use crate::record::{OFF, ON, Record, Setting, Silence, Unused};

const ICA_LINES: &str = "roamd adds no such line to ICA files";
const ALL_AT_ONCE: &str = "roamd queries all farms at once";

/// Settings of launches without a key in roamd.
const UNUSED_OF_LAUNCHES: [Unused; 12] = [
    Unused {
        names: &["requestICAClientSecureChannel"],
        silence: Silence::At(&["detect-anyciphers", "detectanyciphers", "2", ""]),
        grade: Grade::Warning,
        text: "roamd does not restrict the ciphers of ICA connections",
    },
    Unused {
        names: &["setNoLoadBiasFlag"],
        silence: OFF,
        grade: Grade::Warning,
        text: "roamd does not ask farms to ignore the load of new sessions",
    },
    Unused {
        names: &["ignoreClientProvidedClientAddress"],
        silence: OFF,
        grade: Grade::Note,
        text: "roamd always uses the address of the connection",
    },
    Unused {
        names: &[
            "overlayAutoLoginCredsWithTicket",
            "OverlayAutoLoginCredentialsWithTicket",
        ],
        silence: OFF,
        grade: Grade::Note,
        text: "ICA files always have a ticket",
    },
    Unused {
        names: &["requireLaunchReference"],
        silence: ON,
        grade: Grade::Note,
        text: "roamd always asks for a launch reference where the farm has one",
    },
    Unused {
        names: &["allowFontSmoothing"],
        silence: ON,
        grade: Grade::Note,
        text: ICA_LINES,
    },
    Unused {
        names: &["allowSpecialFolderRedirection", "showDesktopViewer"],
        silence: OFF,
        grade: Grade::Note,
        text: ICA_LINES,
    },
    Unused {
        names: &["vdaLogonDataProvider", "VdaLogonDataProviderName"],
        silence: Silence::At(&[""]),
        grade: Grade::Error,
        text: "federated authentication cannot be served: a launch needs the password of the user",
    },
    Unused {
        names: &["federatedAuthenticationServiceFailover"],
        silence: OFF,
        grade: Grade::Note,
        text: "federated authentication cannot be served",
    },
    Unused {
        names: &["icaTemplateName"],
        silence: Silence::At(&[""]),
        grade: Grade::Note,
        text: ICA_LINES,
    },
    Unused {
        names: &["clientProxyPolicy"],
        silence: Silence::Never,
        grade: Grade::Note,
        text: ICA_LINES,
    },
    Unused {
        names: &["routingPolicy"],
        silence: Silence::Never,
        grade: Grade::Note,
        text: "roamd decides by the networks in `inside` and `outside`",
    },
];

/// Settings of enumerations without a key in roamd.
const UNUSED_OF_ENUMERATIONS: [Unused; 5] = [
    Unused {
        names: &[
            "requestFullIconData",
            "requestedHighColorIcons",
            "authenticator",
        ],
        silence: Silence::Always,
        grade: Grade::Note,
        text: "has no effect in roamd",
    },
    Unused {
        names: &[
            "enhancedEnumeration",
            "maximumConcurrentEnumerations",
            "minimumFarmsRequiredForConcurrentEnumeration",
        ],
        silence: Silence::Never,
        grade: Grade::Note,
        text: ALL_AT_ONCE,
    },
    Unused {
        names: &["treatDesktopsAsApps"],
        silence: OFF,
        grade: Grade::Warning,
        text: "desktops are listed as desktops",
    },
    Unused {
        names: &["subscriptionRefresh"],
        silence: Silence::Always,
        grade: Grade::Note,
        text: "roamd has no subscriptions",
    },
    Unused {
        names: &["name"],
        silence: Silence::Always,
        grade: Grade::Note,
        text: "names the settings only",
    },
];

/// Settings of a store as a whole without a key in roamd.
const UNUSED_OF_STORES: [Unused; 3] = [
    Unused {
        names: &["anonymous"],
        silence: OFF,
        grade: Grade::Error,
        text: "roamd serves no store without a sign-in",
    },
    Unused {
        names: &["lockedDown", "substituteDesktopImage"],
        silence: OFF,
        grade: Grade::Note,
        text: "has no effect in roamd",
    },
    Unused {
        names: &["allowSessionReconnect"],
        silence: Silence::Always,
        grade: Grade::Note,
        text: "the web site decides about workspace control",
    },
];

/// Settings of launches.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LaunchSettings {
    pub(crate) address_form: Option<AddressForm>,
    pub(crate) override_client_name: Option<bool>,
}

impl LaunchSettings {
    /// Returns these settings, and those of the others that are missing.
    pub(crate) fn or(self, others: Self) -> Self {
        Self {
            address_form: self.address_form.or(others.address_form),
            override_client_name: self.override_client_name.or(others.override_client_name),
        }
    }
}

/// Reads the settings of launches.
pub(crate) fn read(mut launch: Record<'_>, findings: &mut Findings) -> LaunchSettings {
    let form = launch.text(&["addressResolutionType"], findings);
    let override_name = launch.flag(&["overrideIcaClientName"], findings);
    launch.unused(&UNUSED_OF_LAUNCHES, findings);
    launch.finish(Grade::Note, findings);
    LaunchSettings {
        address_form: form.and_then(|form| read_form(&form, findings)),
        override_client_name: override_name.map(|(is_on, _)| is_on),
    }
}

fn read_form(setting: &Setting<'_>, findings: &mut Findings) -> Option<AddressForm> {
    let form = address_form(&setting.value);
    if form.is_none() {
        let text = "roamd has no such form, and uses its default";
        let finding = setting.finding(Grade::Warning, text).key("address_form");
        findings.add(setting.place, finding);
    }
    form
}

/// Reads the settings of enumerations. Returns the filter, or `None` if it shows everything.
pub(crate) fn read_enumeration(
    mut enumeration: Record<'_>,
    findings: &mut Findings,
) -> Option<ResourceFilter> {
    let types = enumeration.words(&["filterByTypesInclude"], findings);
    let mut keywords = |name| {
        let words = enumeration.words(&[name], findings).into_iter();
        words.map(|word| word.value).collect()
    };
    let include_keywords = keywords("filterByKeywordsInclude");
    let exclude_keywords = keywords("filterByKeywordsExclude");
    enumeration.unused(&UNUSED_OF_ENUMERATIONS, findings);
    enumeration.finish(Grade::Note, findings);
    let filter = ResourceFilter {
        types: filter_types(&types, findings),
        include_keywords,
        exclude_keywords,
    };
    (filter != ResourceFilter::default()).then_some(filter)
}

/// Returns the types of a filter. One that roamd does not know is reported.
fn filter_types(words: &[Setting<'_>], findings: &mut Findings) -> Vec<FilterType> {
    let mut types = Vec::new();
    for word in words {
        let is_named = |known: &FilterType| word.value.eq_ignore_ascii_case(known.as_str());
        match FilterType::ALL.into_iter().find(is_named) {
            Some(known) => types.push(known),
            None => {
                let text = "is no type that roamd knows; the filter is without it";
                let finding = word.finding(Grade::Warning, text).key("types");
                findings.add(word.place, finding);
            }
        }
    }
    types
}

/// Reads the settings of a store as a whole. roamd has none of them.
pub(crate) fn read_store_service(mut store: Record<'_>, findings: &mut Findings) {
    store.unused(&UNUSED_OF_STORES, findings);
    store.finish(Grade::Note, findings);
}
