-- Names that are compared without case have two columns: as written, and case folded by the program
-- (NOCASE of SQLite folds ASCII letters only).

CREATE TABLE settings (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    hash_memory_kib INTEGER NOT NULL CHECK (hash_memory_kib >= 8),
    hash_passes     INTEGER NOT NULL CHECK (hash_passes >= 1)
) STRICT;

CREATE TABLE domains (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL CHECK (name <> ''),
    name_key TEXT NOT NULL UNIQUE,
    dns      TEXT NOT NULL CHECK (dns <> ''),
    dns_key  TEXT NOT NULL UNIQUE,
    sid      TEXT NOT NULL UNIQUE CHECK (sid LIKE 'S-1-5-21-%')
) STRICT;

CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    domain_id     INTEGER NOT NULL REFERENCES domains (id),
    name          TEXT NOT NULL CHECK (name <> ''),
    name_key      TEXT NOT NULL,
    sid           TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    account       TEXT NOT NULL
        CHECK (account IN ('enabled', 'disabled', 'locked-out', 'expired', 'must-change')),
    UNIQUE (name_key, domain_id)
) STRICT;

CREATE TABLE farms (
    id             INTEGER PRIMARY KEY,
    label          TEXT NOT NULL CHECK (label <> ''),
    label_key      TEXT NOT NULL UNIQUE,
    name           TEXT NOT NULL CHECK (name <> ''),
    generation     TEXT NOT NULL CHECK (generation IN ('xenapp-6', 'xendesktop-5', 'cvad-7')),
    trust_requests INTEGER NOT NULL CHECK (trust_requests IN (0, 1))
) STRICT;

CREATE TABLE hosts (
    id           INTEGER PRIMARY KEY,
    farm_id      INTEGER NOT NULL REFERENCES farms (id),
    label        TEXT NOT NULL CHECK (label <> ''),
    name         TEXT NOT NULL CHECK (name <> ''),
    address      TEXT NOT NULL CHECK (address <> ''),
    dns          TEXT NOT NULL CHECK (dns <> ''),
    -- Number of the next session: none is ever used twice.
    next_session INTEGER NOT NULL DEFAULT 1 CHECK (next_session >= 1),
    -- Sessions that are there now, kept by the triggers below: a launch looks for the least.
    load         INTEGER NOT NULL DEFAULT 0 CHECK (load >= 0),
    UNIQUE (farm_id, label),
    UNIQUE (id, farm_id)
) STRICT;

CREATE TABLE applications (
    id          INTEGER PRIMARY KEY,
    farm_id     INTEGER NOT NULL REFERENCES farms (id),
    name        TEXT NOT NULL CHECK (name <> ''),
    name_key    TEXT NOT NULL,
    title       TEXT NOT NULL CHECK (title <> ''),
    is_desktop  INTEGER NOT NULL CHECK (is_desktop IN (0, 1)),
    folder      TEXT NOT NULL,
    description TEXT NOT NULL,
    -- 1: only the users in application_users may see it.
    restricted  INTEGER NOT NULL CHECK (restricted IN (0, 1)),
    seq_no      INTEGER NOT NULL,
    UNIQUE (farm_id, name_key),
    UNIQUE (id, farm_id)
) STRICT;

CREATE TABLE application_users (
    application_id INTEGER NOT NULL REFERENCES applications (id),
    user_id        INTEGER NOT NULL REFERENCES users (id),
    PRIMARY KEY (application_id, user_id)
) STRICT, WITHOUT ROWID;

-- The number of a session is unique on its host. farm_id repeats the farm of the host, so that one
-- index serves the listing; the composite foreign keys keep both consistent.
CREATE TABLE sessions (
    id             INTEGER PRIMARY KEY,
    farm_id        INTEGER NOT NULL,
    host_id        INTEGER NOT NULL,
    number         INTEGER NOT NULL CHECK (number >= 1),
    user_id        INTEGER NOT NULL REFERENCES users (id),
    application_id INTEGER NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('active', 'disconnected')),
    client_name    TEXT,
    device_id      TEXT,
    UNIQUE (host_id, number),
    FOREIGN KEY (host_id, farm_id) REFERENCES hosts (id, farm_id),
    FOREIGN KEY (application_id, farm_id) REFERENCES applications (id, farm_id),
    CHECK (state = 'active' OR (client_name IS NULL AND device_id IS NULL))
) STRICT;

CREATE INDEX sessions_of_user ON sessions (farm_id, user_id);

CREATE TRIGGER session_started AFTER INSERT ON sessions BEGIN
    UPDATE hosts SET load = load + 1 WHERE id = NEW.host_id;
END;

CREATE TRIGGER session_ended AFTER DELETE ON sessions BEGIN
    UPDATE hosts SET load = load - 1 WHERE id = OLD.host_id;
END;

-- Only the hash of a ticket is stored. Times are milliseconds since 1970. If a ticket with target
-- 'session' has no session_id, its session has ended.
CREATE TABLE tickets (
    hash           BLOB PRIMARY KEY CHECK (length(hash) = 32),
    user_id        INTEGER NOT NULL REFERENCES users (id),
    farm_id        INTEGER NOT NULL REFERENCES farms (id),
    target         TEXT NOT NULL CHECK (target IN ('session', 'application')),
    session_id     INTEGER REFERENCES sessions (id) ON DELETE SET NULL,
    host_id        INTEGER,
    application_id INTEGER,
    client_name    TEXT,
    device_id      TEXT,
    issued_at      INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL CHECK (expires_at > issued_at),
    redeemed_at    INTEGER,
    invalidated_at INTEGER,
    FOREIGN KEY (host_id, farm_id) REFERENCES hosts (id, farm_id),
    FOREIGN KEY (application_id, farm_id) REFERENCES applications (id, farm_id),
    CHECK ((target = 'application') = (host_id IS NOT NULL AND application_id IS NOT NULL)),
    CHECK (target = 'session' OR session_id IS NULL),
    CHECK (redeemed_at IS NULL OR invalidated_at IS NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX tickets_by_expiry ON tickets (expires_at);
CREATE INDEX tickets_of_session ON tickets (session_id) WHERE session_id IS NOT NULL;
