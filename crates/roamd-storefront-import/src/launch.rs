//! Settings of launches, enumerations and whole stores (SI-19, SI-20).

use roamd_config::AddressForm;

use crate::finding::{Findings, Grade};
use crate::options::address_form;
use crate::record::{OFF, ON, Record, Silence, Unused};

const ICA_LINES: &str = "roamd adds no such line to ICA files";
const FILTERS: &str = "roamd has no filters; these resources are listed";
const ALL_AT_ONCE: &str = "roamd queries all farms at once";

/// Settings of launches without a key in roamd.
const UNUSED_OF_LAUNCHES: [Unused; 13] = [
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
        names: &["overrideIcaClientName"],
        silence: OFF,
        grade: Grade::Warning,
        text: "roamd uses the name that the client sends",
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
const UNUSED_OF_ENUMERATIONS: [Unused; 6] = [
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
        names: &[
            "filterByTypesInclude",
            "filterByKeywordsInclude",
            "filterByKeywordsExclude",
        ],
        silence: Silence::At(&[""]),
        grade: Grade::Warning,
        text: FILTERS,
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

/// Reads the settings of launches, and returns the form of addresses.
pub(crate) fn read(mut launch: Record<'_>, findings: &mut Findings) -> Option<AddressForm> {
    let setting = launch.text(&["addressResolutionType"], findings);
    launch.unused(&UNUSED_OF_LAUNCHES, findings);
    launch.finish(Grade::Note, findings);
    let setting = setting?;
    let form = address_form(&setting.value);
    if form.is_none() {
        let text = "roamd has no such form, and uses its default";
        let finding = setting.finding(Grade::Warning, text).key("address_form");
        findings.add(setting.place, finding);
    }
    form
}

/// Reads the settings of enumerations. roamd has none of them.
pub(crate) fn read_enumeration(mut enumeration: Record<'_>, findings: &mut Findings) {
    enumeration.unused(&UNUSED_OF_ENUMERATIONS, findings);
    enumeration.finish(Grade::Note, findings);
}

/// Reads the settings of a store as a whole. roamd has none of them.
pub(crate) fn read_store_service(mut store: Record<'_>, findings: &mut Findings) {
    store.unused(&UNUSED_OF_STORES, findings);
    store.finish(Grade::Note, findings);
}
