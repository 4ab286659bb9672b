//! Budgets: how much of a shared resource one party may use. A full budget refuses nothing to any
//! other party.

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
