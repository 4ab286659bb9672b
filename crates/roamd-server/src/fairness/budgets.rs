//! Budgets: how much of a resource one party can take from the others, and how much all may take
//! together.

use roamd_nfuse_client::MemoryLimits;

const MIB: usize = 1024 * 1024;

/// Memory of resource enumerations, in bytes, cached and in use: of one farm, and of all farms.
pub(crate) const ENUMERATIONS: MemoryLimits = MemoryLimits {
    total: 80 * MIB,
    party: 32 * MIB,
};

/// Memory of the cached enumerations of all farms, in bytes. The rest of [`ENUMERATIONS`] is for
/// enumerations that are in use and no longer cached.
pub(crate) const CACHED_ENUMERATIONS: usize = ENUMERATIONS.total / 2;

/// Memory of the cached enumerations of one farm, in bytes: those of thousands of users.
pub(crate) const CACHED_ENUMERATIONS_OF_A_FARM: usize = ENUMERATIONS.party / 2;

/// Memory of the cached icons of all farms, in bytes.
pub(crate) const CACHED_ICONS: usize = 16 * MIB;

/// Memory of the cached icons of one farm, in bytes: those of some hundred applications.
pub(crate) const CACHED_ICONS_OF_A_FARM: usize = 4 * MIB;

/// Texts of the tokens that are remembered in one turn, in bytes: those of a thousand users. What
/// they stand for takes three times as much besides.
pub(crate) const RECENT_TOKENS: usize = 512 * 1024;

/// Changes of one user on one farm, a second: disconnects, log offs, launches, and lists that
/// disconnect. Each opens connections of its own. The same number holds for checks of the
/// password in one user's tokens.
pub(crate) const CHANGES_PER_SECOND: u32 = 10;

/// Changes of one user on one farm that may come at once.
pub(crate) const CHANGE_BURST: u32 = 100;

/// Users of one farm whose changes are counted. An entry is needed for
/// `CHANGE_BURST / CHANGES_PER_SECOND` seconds after a change at most.
pub(crate) const CHANGING_USERS: usize = 8_192;

/// Part of the password checks in progress (1/n of `[login_throttle] concurrency`) that only users
/// in known networks get.
pub(crate) const KNOWN_NETWORK_CHECKS: usize = 4;

/// Attempts from unknown networks, all together, that wait for a password check: this many for each
/// concurrent check.
pub(crate) const UNKNOWN_NETWORKS_WAITING_PER_CHECK: usize = 16;

/// Attempts from known networks, all together, that wait for a password check: this many for each
/// concurrent check, and the places that attempts from unknown networks give up for them.
pub(crate) const KNOWN_NETWORKS_WAITING_PER_CHECK: usize = 16;

/// Strangers: writes to the shared state at a time that need no check of a password, such as those
/// of cancelled sign-ins. A sign-in waits for as many at most.
pub(crate) const STRANGER_WRITES: usize = 8;

/// Strangers: such writes that wait.
pub(crate) const STRANGER_WRITES_WAITING: usize = 512;

/// Strangers of one provider, an IPv4 /16 or IPv6 /32: reports of native clients a second. Each is
/// a write to the shared state, and etcd keeps a history of them.
pub(crate) const CLIENT_REPORTS_PER_SECOND: u32 = 20;

/// Strangers of one provider: such reports that may come at once, as when an office begins to work.
pub(crate) const CLIENT_REPORT_BURST: u32 = 100;

/// Providers whose reports are counted.
pub(crate) const REPORTING_PROVIDERS: usize = 4_096;

/// A user: tokens that are ended one by one in a day (UTC). Beyond that, ending a token ends all
/// sign-ins of the user up to then, which takes no more memory. Several people may share an
/// account, and each sign-out ends two tokens.
pub(crate) const ENDED_TOKENS_PER_USER_AND_DAY: u32 = 20_000;

/// A user: new logon tickets that are invalidated in a day (UTC). Beyond that, a disconnect or log
/// off with new tickets is not a success.
pub(crate) const INVALIDATED_TICKETS_PER_USER_AND_DAY: u32 = 20_000;

/// A user: networks that become known in a day (UTC). A sign-in from a further one succeeds, and
/// the network stays unknown. Beyond `roamd_state::MIN_FLAGS_KEPT`, the shared state removes those
/// that end first, of any user.
pub(crate) const NEW_KNOWN_NETWORKS_PER_USER_AND_DAY: u32 = 200;

/// Party: a user. Resource: audit lines about refused tokens of this user. Unit: lines at once.
pub(crate) const AUDIT_REFUSED_TOKENS_BURST: u32 = 30;

/// Party: a user. Resource: audit lines about refused tokens of this user. Unit: lines per hour.
pub(crate) const AUDIT_REFUSED_TOKENS_PER_HOUR: u32 = 360;

/// Party: a user. Resource: audit lines about uses of tokens from new addresses. Unit: lines at
/// once.
pub(crate) const AUDIT_NEW_ADDRESSES_BURST: u32 = 100;

/// Party: a user. Resource: audit lines about uses of tokens from new addresses. Unit: lines per
/// hour.
pub(crate) const AUDIT_NEW_ADDRESSES_PER_HOUR: u32 = 60;

/// Party: a user. Resource: audit lines about requests without an effect, such as launches of
/// unknown ids. Unit: lines at once.
pub(crate) const AUDIT_WITHOUT_EFFECT_BURST: u32 = 60;

/// Party: a user. Resource: audit lines about requests without an effect. Unit: lines per hour.
pub(crate) const AUDIT_WITHOUT_EFFECT_PER_HOUR: u32 = 1_800;

/// Party: a user. Resource: audit lines about sign-ins, launches and changes. Unit: lines at once.
/// Many people may share an account, and all change clients at the change of a shift.
pub(crate) const AUDIT_CHANGES_BURST: u32 = 1_000;

/// Party: a user. Resource: audit lines about sign-ins, launches and changes. Unit: lines per hour.
pub(crate) const AUDIT_CHANGES_PER_HOUR: u32 = 6_000;

/// Party: all users. Resource: users whose budgets of audit lines are remembered one by one. Unit:
/// users. More users at a time share one more budget.
pub(crate) const AUDIT_USERS_REMEMBERED: usize = 65_536;

/// Party: a user. Resource: launches on web sites whose result is kept for the next request of the
/// client: an ICA file for 90 seconds, the farm that prepares a host for five minutes. Unit:
/// launches.
pub(crate) const KEPT_LAUNCHES_OF_A_USER: usize = 32;

/// Party: all users. Resource: launches on web sites whose result is kept. Unit: launches.
pub(crate) const KEPT_LAUNCHES: usize = 2_048;

/// Party: a launch on a web site. Resource: memory of its ICA file. Unit: bytes. A larger file is
/// not kept.
pub(crate) const KEPT_ICA_BYTES: usize = 8 * 1024;

/// Incomplete bodies of all requests with a valid token, in bytes of memory. As much is for those
/// of all requests without one, which may be sign-ins.
pub(crate) const BODY_BYTES: usize = 32 * MIB;

/// The same for the requests of one client.
pub(crate) const BODY_BYTES_PER_CLIENT: usize = 2 * MIB;

/// Incomplete body of an HTTP/1.1 connection that counts in no budget, in bytes of memory.
pub(crate) const FREE_BODY_BYTES: usize = 4 * 1024;

/// Share of the places for requests in progress that requests without a valid token cannot take,
/// and share that requests with one cannot take: one of this number.
pub(crate) const RESERVED_PLACES: usize = 4;

/// Party: a user. Resource: requests in progress. Unit: requests. More of them wait: those of one
/// user would otherwise run before each step of a request of another.
pub(crate) const REQUESTS_OF_A_USER: usize = 64;

/// Party: a user. Resource: requests that may come at once. Unit: seconds of the configured rate.
/// More of them wait. A page with the icons of all applications is several hundred requests.
pub(crate) const REQUEST_BURST_SECONDS: u32 = 2;

/// Party: all users. Resource: users whose requests are counted. Unit: users. An entry is needed
/// for as long as a burst lasts.
pub(crate) const REQUESTING_USERS: usize = 16_384;

/// Party: a user at one client. Resource: requests that end a sign-in. Unit: requests a second.
/// More of them wait.
pub(crate) const ENDS_PER_SECOND: u32 = 10;

/// Party: a user at one client. Resource: requests that end a sign-in. Unit: requests at once.
pub(crate) const END_BURST: u32 = 100;

/// Body that is longer than any message of a sign-in, in bytes.
pub(crate) const LONG_BODY_BYTES: usize = 4 * 1024;

/// Strangers: requests with a long body in progress, each for ten milliseconds at least. Parsing
/// one takes half a millisecond.
pub(crate) const LONG_BODIES_OF_STRANGERS: usize = 4;

/// Strangers: requests with a long body that wait until they may begin.
pub(crate) const LONG_BODIES_WAITING: usize = 256;

/// Party: all users. Resource: requests that wait until they may begin. Unit: requests. Each holds
/// a body.
pub(crate) const REQUESTS_WAITING: usize = 512;

#[cfg(test)]
mod tests {
    use roamd_http::{ListenerLimits, RESETS};
    use roamd_nfuse_client::AnswerMemory;

    use super::*;
    use crate::http::request::MAX_BODY_BYTES;

    const UNIT: &str = include_str!("../../../../dist/roamd.service");

    /// Farms, threads and connections of a large installation. A connection reads 64 KiB ahead.
    const FARMS: usize = 4;
    const THREADS: usize = 16;
    const CONTROLLERS_OF_A_FARM: usize = 2;
    const CONNECTIONS_OF_A_FARM: usize = CONTROLLERS_OF_A_FARM * 64;
    const READ_AHEAD: usize = 64 * 1024;

    /// A connection of a client, with the 4 KiB of a head that are not counted:
    /// `heads_of_9_600_connections_need_less_than_200_mib` of `roamd-http`.
    const CONNECTION: usize = 200 * MIB / 9_600;

    /// The program, its keys and its state after the start.
    const PROGRAM: usize = 32 * MIB;

    /// What the unit allows, in bytes.
    fn memory_max() -> usize {
        let mut lines = UNIT.lines();
        let most = lines.find_map(|line| line.strip_prefix("MemoryMax="));
        let mebibytes: usize = most.unwrap().trim_end_matches('M').parse().unwrap();
        mebibytes * MIB
    }

    /// The memory for farms.
    fn farms() -> [(&'static str, usize); 6] {
        let controllers = FARMS * CONTROLLERS_OF_A_FARM;
        [
            ("responses", AnswerMemory::TOTAL),
            ("trees on workers", THREADS * AnswerMemory::OF_A_THREAD),
            ("small trees", controllers * AnswerMemory::OF_A_CONTROLLER),
            ("enumerations", ENUMERATIONS.total),
            ("icons", CACHED_ICONS),
            ("connections", FARMS * CONNECTIONS_OF_A_FARM * READ_AHEAD),
        ]
    }

    /// The table of the budgets of parties in `docs/security.md`.
    fn table() -> String {
        let limits = ListenerLimits::default();
        let mib = |bytes: usize| format!("{} MiB", bytes / MIB);
        let per_check = |waiting: usize| format!("{waiting} for each check in progress");
        let lines = |burst: u32, hour: u32| format!("{burst} at once, {hour} per hour");
        let enumerations = format!("{}, half of it cached", mib(ENUMERATIONS.party));
        let rows = [
            (
                "client network",
                "unfinished heads",
                mib(limits.head_bytes_per_client),
            ),
            ("all clients", "unfinished heads", mib(limits.head_bytes)),
            (
                "client network",
                "responses above 64 KiB on their way",
                mib(limits.response_bytes_per_client),
            ),
            (
                "all clients",
                "responses above 64 KiB on their way",
                mib(limits.response_bytes),
            ),
            (
                "client network",
                "requests that it resets over HTTP/2",
                format!("{} at once, {} per second", RESETS.burst, RESETS.per_second),
            ),
            (
                "client network",
                "bodies on their way, with and without a valid token",
                format!("{} each", mib(BODY_BYTES_PER_CLIENT)),
            ),
            (
                "clients without a valid token",
                "bodies on their way",
                mib(BODY_BYTES),
            ),
            (
                "clients with a valid token",
                "bodies on their way",
                mib(BODY_BYTES),
            ),
            (
                "clients without a valid token",
                "requests in progress",
                format!("all but 1/{RESERVED_PLACES} of `requests`"),
            ),
            (
                "clients with a valid token",
                "requests in progress",
                format!("all but 1/{RESERVED_PLACES} of `requests`"),
            ),
            (
                "user",
                "requests in progress",
                format!("{REQUESTS_OF_A_USER}, and fewer than are free"),
            ),
            (
                "user",
                "requests",
                format!("`user_request_rate`, those of {REQUEST_BURST_SECONDS} seconds at once"),
            ),
            (
                "user at one client",
                "requests that end a sign-in",
                format!("{END_BURST} at once, {ENDS_PER_SECOND} per second"),
            ),
            (
                "all users",
                "requests that wait to begin",
                REQUESTS_WAITING.to_string(),
            ),
            (
                "clients without a valid token",
                "requests with a body above 4 KiB in progress, and that wait",
                format!("{LONG_BODIES_OF_STRANGERS}, {LONG_BODIES_WAITING}"),
            ),
            (
                "unknown networks",
                "password checks in progress",
                format!("all but 1/{KNOWN_NETWORK_CHECKS} of `concurrency`"),
            ),
            (
                "provider of unknown networks, an IPv4 /16 or IPv6 /32",
                "password checks in progress",
                "fewer than are free for them".to_owned(),
            ),
            (
                "user in known networks",
                "password checks in progress",
                "fewer than are free".to_owned(),
            ),
            (
                "unknown networks",
                "password checks that wait",
                per_check(UNKNOWN_NETWORKS_WAITING_PER_CHECK),
            ),
            (
                "known networks",
                "password checks that wait",
                per_check(KNOWN_NETWORKS_WAITING_PER_CHECK),
            ),
            (
                "clients without a valid token",
                "cancelled sign-ins that are written, and that wait",
                format!("{STRANGER_WRITES}, {STRANGER_WRITES_WAITING}"),
            ),
            (
                "provider, an IPv4 /16 or IPv6 /32",
                "cancelled sign-ins that are written",
                "fewer than are free".to_owned(),
            ),
            (
                "user, on one farm",
                "operations in progress",
                "fewer than are free of `concurrency`".to_owned(),
            ),
            (
                "user, on one farm",
                "changes, and checks of the password in tokens",
                format!("{CHANGE_BURST} at once, {CHANGES_PER_SECOND} per second"),
            ),
            (
                "user",
                "tokens ended one by one; beyond it all sign-ins of the user end",
                format!("{ENDED_TOKENS_PER_USER_AND_DAY} per day"),
            ),
            (
                "user",
                "tickets invalidated",
                format!("{INVALIDATED_TICKETS_PER_USER_AND_DAY} per day"),
            ),
            (
                "user",
                "networks that become known",
                format!("{NEW_KNOWN_NETWORKS_PER_USER_AND_DAY} per day"),
            ),
            (
                "user",
                "audit lines: refused tokens",
                lines(AUDIT_REFUSED_TOKENS_BURST, AUDIT_REFUSED_TOKENS_PER_HOUR),
            ),
            (
                "user",
                "audit lines: new addresses",
                lines(AUDIT_NEW_ADDRESSES_BURST, AUDIT_NEW_ADDRESSES_PER_HOUR),
            ),
            (
                "user",
                "audit lines: without effect",
                lines(AUDIT_WITHOUT_EFFECT_BURST, AUDIT_WITHOUT_EFFECT_PER_HOUR),
            ),
            (
                "user",
                "audit lines: sign-ins, launches, changes",
                lines(AUDIT_CHANGES_BURST, AUDIT_CHANGES_PER_HOUR),
            ),
            (
                "provider, an IPv4 /16 or IPv6 /32",
                "reports of native clients",
                format!("{CLIENT_REPORT_BURST} at once, {CLIENT_REPORTS_PER_SECOND} per second"),
            ),
            (
                "user",
                "ICA files kept for a browser",
                KEPT_LAUNCHES_OF_A_USER.to_string(),
            ),
            (
                "all users",
                "ICA files kept for browsers",
                KEPT_LAUNCHES.to_string(),
            ),
            (
                "all farms",
                "responses being read and parsed",
                mib(AnswerMemory::TOTAL),
            ),
            ("farm", "enumerations of resources", enumerations),
            (
                "all farms",
                "enumerations of resources",
                mib(ENUMERATIONS.total),
            ),
            (
                "all users",
                "tokens remembered, in five seconds",
                format!("{} KiB", RECENT_TOKENS / 1024),
            ),
            ("farm", "cached icons", mib(CACHED_ICONS_OF_A_FARM)),
            ("all farms", "cached icons", mib(CACHED_ICONS)),
        ];
        let rows =
            rows.map(|(party, resource, limit)| format!("| {party} | {resource} | {limit} |\n"));
        rows.concat()
    }

    #[test]
    fn documented_budgets_are_those_of_the_program() {
        let table = table();
        let documented = include_str!("../../../../docs/security.md");
        assert!(
            documented.contains(&table),
            "docs/security.md needs:\n{table}"
        );
    }

    fn sum(parts: &[(&str, usize)]) -> usize {
        parts.iter().map(|(_, bytes)| bytes).sum()
    }

    #[test]
    fn memory_for_farms_is_half_of_the_unit_at_most() {
        let all = sum(&farms());
        assert!(all <= memory_max() / 2, "{:?}: {} MiB", farms(), all / MIB);
    }

    #[test]
    fn worst_case_of_all_budgets_fits_the_unit() {
        let limits = ListenerLimits::default();
        let clients = [
            ("program", PROGRAM),
            ("connections", limits.connections * CONNECTION),
            ("heads", limits.head_bytes),
            ("bodies", 2 * BODY_BYTES),
            (
                "requests that wait",
                (REQUESTS_WAITING + LONG_BODIES_WAITING) * MAX_BODY_BYTES,
            ),
            ("responses", limits.response_bytes),
            ("kept ICA files", KEPT_LAUNCHES * KEPT_ICA_BYTES),
            ("recent tokens in two turns", 2 * 4 * RECENT_TOKENS),
        ];
        let all = sum(&farms()) + sum(&clients);
        let parts = (farms(), clients);
        // The rest is for tokens that were ended, and for what the system buffers.
        assert!(all <= memory_max() * 9 / 10, "{parts:?}: {} MiB", all / MIB);
    }

    #[test]
    fn all_cached_enumerations_leave_half_for_those_in_use() {
        for (cached, all) in [
            (CACHED_ENUMERATIONS_OF_A_FARM, ENUMERATIONS.party),
            (CACHED_ENUMERATIONS, ENUMERATIONS.total),
        ] {
            assert!(2 * cached <= all, "{cached} of {all}");
        }
    }
}
