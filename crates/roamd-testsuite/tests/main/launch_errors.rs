//! Settings of an embedded farm, and the launch error or retry reason of each (ST-47, ST-48, ST-51,
//! nfuse.md §7).

use jiff::Timestamp;
use roamd_farm::{
    ApplicationChange, Error, FarmLimitsChange, Farms, HostChange, Limit, PowerSetting, World,
};
use roamd_store_proto::{LaunchData, LaunchErrorId, RemedyHint, Resources, RetryReason};
use roamd_testsuite::{Options, SignedIn, TestEnvironment, sign_in};

use crate::support::{data, success};

type Setting = fn(&Farms, &str, bool) -> Result<(), Error>;

/// Expected result of a launch.
enum Expected {
    Failure(LaunchErrorId, Option<RemedyHint>),
    Retry(RetryReason),
}

/// A limit of zero, or none.
fn limit(zero: bool) -> Option<Limit> {
    Some(if zero { Limit::AtMost(0) } else { Limit::None })
}

fn limits(farms: &Farms, farm: &str, change: FarmLimitsChange) -> Result<(), Error> {
    farms.set_limits(farm, change).map(drop)
}

fn hosts(farms: &Farms, farm: &str, change: HostChange) -> Result<(), Error> {
    for host in farms.hosts(Some(farm), Timestamp::now())? {
        farms.set_host(farm, &host.host_id, change, Timestamp::now())?;
    }
    Ok(())
}

fn applications(farms: &Farms, farm: &str, change: &ApplicationChange) -> Result<(), Error> {
    for application in farms.applications(Some(farm))? {
        farms.set_application(farm, &application.app, change)?;
    }
    Ok(())
}

const DISABLED: Setting = |farms, farm, on| {
    let change = ApplicationChange {
        enabled: Some(!on),
        ..ApplicationChange::default()
    };
    applications(farms, farm, &change)
};

const NO_INSTANCES: Setting = |farms, farm, on| {
    let change = ApplicationChange {
        max_instances: limit(on),
        ..ApplicationChange::default()
    };
    applications(farms, farm, &change)
};

const NO_INSTANCES_PER_USER: Setting = |farms, farm, on| {
    let change = ApplicationChange {
        max_instances_per_user: limit(on),
        ..ApplicationChange::default()
    };
    applications(farms, farm, &change)
};

const NO_LICENCE: Setting = |farms, farm, on| {
    let licences = limit(on);
    let rest = FarmLimitsChange::default();
    limits(farms, farm, FarmLimitsChange { licences, ..rest })
};

const NO_SESSIONS: Setting = |farms, farm, on| {
    let change = FarmLimitsChange {
        max_sessions: limit(on),
        ..FarmLimitsChange::default()
    };
    limits(farms, farm, change)
};

const NO_SESSIONS_PER_USER: Setting = |farms, farm, on| {
    let change = FarmLimitsChange {
        max_sessions_per_user: limit(on),
        ..FarmLimitsChange::default()
    };
    limits(farms, farm, change)
};

const MAINTENANCE: Setting = |farms, farm, on| {
    let change = HostChange {
        maintenance: Some(on),
        ..HostChange::default()
    };
    hosts(farms, farm, change)
};

const REFUSING: Setting = |farms, farm, on| {
    let change = HostChange {
        refusing: Some(on),
        ..HostChange::default()
    };
    hosts(farms, farm, change)
};

const OFF: Setting = |farms, farm, on| {
    let change = HostChange {
        power: Some(if on {
            PowerSetting::Off
        } else {
            PowerSetting::On
        }),
        boot_seconds: Some(if on { 3600 } else { 0 }),
        ..HostChange::default()
    };
    hosts(farms, farm, change)
};

async fn launch_url(user: &SignedIn, resource: &str) -> String {
    let response = user.get("/Citrix/Store/resources/v2").await;
    let list = Resources::from_xml(&response.body).unwrap();
    let mut resources = list.resources.into_iter();
    let found = resources.find(|listed| listed.id == resource).unwrap();
    found.launch_ica.unwrap()
}

/// Starts the demo world, in which each user may still launch everything.
async fn demo_without_sessions() -> TestEnvironment {
    let mut world = World::demo();
    world.sessions.clear();
    let options = Options {
        world,
        ..Options::default()
    };
    TestEnvironment::start(options).await
}

#[tokio::test]
async fn farm_setting_determines_the_launch_error() {
    use LaunchErrorId as Id;
    let failure = |id| Expected::Failure(id, None);
    let restart = || {
        Expected::Failure(
            Id::COULD_NOT_CONNECT_TO_WORKSTATION,
            Some(RemedyHint::RESTART_DESKTOP),
        )
    };
    let env = demo_without_sessions().await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let (paint, desk7) = ("XA1.MSPaint", "XD5.Win7Desktop");
    let (word, desk11) = ("CVAD.Word", "CVAD.Win11Desktop");
    let cases: [(&str, Setting, &str, Expected); 15] = [
        ("licence", NO_LICENCE, paint, failure(Id::NOT_LICENSED)),
        ("licence", NO_LICENCE, desk11, failure(Id::NOT_LICENSED)),
        (
            "user's sessions",
            NO_SESSIONS_PER_USER,
            desk7,
            failure(Id::NO_MORE_ACTIVE_SESSIONS),
        ),
        (
            "user's sessions",
            NO_SESSIONS_PER_USER,
            word,
            failure(Id::NO_MORE_ACTIVE_SESSIONS),
        ),
        (
            "user's instances",
            NO_INSTANCES_PER_USER,
            word,
            failure(Id::NO_MORE_ACTIVE_SESSIONS),
        ),
        (
            "farm's sessions",
            NO_SESSIONS,
            word,
            failure(Id::GENERAL_APP_LAUNCH_ERROR),
        ),
        (
            "instances",
            NO_INSTANCES,
            word,
            failure(Id::GENERAL_APP_LAUNCH_ERROR),
        ),
        // XenApp has no errors of its own for these.
        (
            "user's sessions",
            NO_SESSIONS_PER_USER,
            paint,
            failure(Id::GENERAL_APP_LAUNCH_ERROR),
        ),
        (
            "maintenance",
            MAINTENANCE,
            paint,
            failure(Id::UNAVAILABLE_DESKTOP),
        ),
        ("off", OFF, paint, failure(Id::UNAVAILABLE_DESKTOP)),
        (
            "maintenance",
            MAINTENANCE,
            desk7,
            failure(Id::WORKSTATION_IN_MAINTENANCE),
        ),
        ("refusing", REFUSING, desk7, restart()),
        ("refusing", REFUSING, desk11, restart()),
        (
            "refusing",
            REFUSING,
            word,
            failure(Id::COULD_NOT_CONNECT_TO_WORKSTATION),
        ),
        ("off", OFF, desk11, Expected::Retry(RetryReason::UNKNOWN)),
    ];
    for (case, set, resource, expected) in cases {
        let (farm, _) = resource.split_once('.').unwrap();
        let url = launch_url(&carol, resource).await;
        success(&carol.launch(&url, "WARD").await);
        set(&env.farms, farm, true).unwrap();
        let result = data(&carol.launch(&url, "WARD").await);
        match (result, expected) {
            (LaunchData::Failure { id, remedy, .. }, Expected::Failure(expected, hint)) => {
                assert_eq!((id, remedy), (expected, hint), "{case}: {resource}");
            }
            (LaunchData::Retry { reason, .. }, Expected::Retry(expected)) => {
                assert_eq!(reason, expected, "{case}: {resource}");
            }
            (result, _) => panic!("{case}: {resource}: {result:?}"),
        }
        set(&env.farms, farm, false).unwrap();
    }
}

#[tokio::test]
async fn launch_follows_an_application_switched_since_the_list() {
    // ST-52, ST-54: the enumeration in the cache is older than the launch.
    let env = demo_without_sessions().await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    for resource in ["XA1.MSPaint", "XD5.Win7Desktop", "CVAD.Win11Desktop"] {
        let (farm, _) = resource.split_once('.').unwrap();
        let url = launch_url(&carol, resource).await;
        for _ in 0..2 {
            DISABLED(&env.farms, farm, true).unwrap();
            let refused = carol.launch(&url, "WARD").await;
            assert_eq!(refused.status, 404, "{resource}: {}", refused.text());
            let reason = refused.header("x-citrix-error-reason");
            assert_eq!(reason, Some("ResourceDisabled"), "{resource}");
            DISABLED(&env.farms, farm, false).unwrap();
            success(&carol.launch(&url, "WARD").await);
        }
    }
}

#[tokio::test]
async fn launch_during_maintenance_reports_maintenance() {
    // SS-55: the session exists, on a machine for one user.
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice.launch_url("WARD", "", "CVAD.Excel").await;
    let change = HostChange {
        capacity: std::num::NonZeroU32::new(1),
        maintenance: Some(true),
        ..HostChange::default()
    };
    hosts(&env.farms, "CVAD", change).unwrap();
    let LaunchData::Failure { id, .. } = data(&alice.launch(&url, "WARD").await) else {
        panic!("its machine is in maintenance");
    };
    assert_eq!(id, LaunchErrorId::WORKSTATION_IN_MAINTENANCE);
}
