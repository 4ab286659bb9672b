-- Launches: host groups, capacity and power of hosts, licences and limits. Null means no limit.

-- Hosts with the same applications. An application runs on the hosts of its group; an application
-- without a group runs on the hosts without one.
CREATE TABLE host_groups (
    id          INTEGER PRIMARY KEY,
    farm_id     INTEGER NOT NULL REFERENCES farms (id),
    name        TEXT NOT NULL CHECK (name <> ''),
    name_key    TEXT NOT NULL,
    maintenance INTEGER NOT NULL CHECK (maintenance IN (0, 1)),
    UNIQUE (farm_id, name_key)
) STRICT;

ALTER TABLE farms ADD COLUMN licences INTEGER CHECK (licences >= 0);
ALTER TABLE farms ADD COLUMN max_sessions INTEGER CHECK (max_sessions >= 0);
ALTER TABLE farms ADD COLUMN max_sessions_per_user INTEGER CHECK (max_sessions_per_user >= 0);

ALTER TABLE hosts ADD COLUMN group_id INTEGER REFERENCES host_groups (id);
ALTER TABLE hosts ADD COLUMN capacity INTEGER NOT NULL DEFAULT 100 CHECK (capacity >= 1);
ALTER TABLE hosts ADD COLUMN maintenance INTEGER NOT NULL DEFAULT 0 CHECK (maintenance IN (0, 1));
ALTER TABLE hosts ADD COLUMN boot_seconds INTEGER NOT NULL DEFAULT 30 CHECK (boot_seconds >= 0);
-- Milliseconds since 1970; null while the machine is off. The machine is ready boot_seconds later.
ALTER TABLE hosts ADD COLUMN switched_on_at INTEGER DEFAULT 0;

ALTER TABLE applications ADD COLUMN group_id INTEGER REFERENCES host_groups (id);
ALTER TABLE applications ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1));
ALTER TABLE applications ADD COLUMN max_instances INTEGER CHECK (max_instances >= 0);
ALTER TABLE applications ADD COLUMN max_instances_per_user INTEGER
    CHECK (max_instances_per_user >= 0);

-- Running applications of a session, one row for each instance.
CREATE TABLE instances (
    id             INTEGER PRIMARY KEY,
    session_id     INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    application_id INTEGER NOT NULL REFERENCES applications (id)
) STRICT;

CREATE INDEX instances_of_session ON instances (session_id, application_id);
CREATE INDEX instances_of_application ON instances (application_id);

INSERT INTO instances (session_id, application_id) SELECT id, application_id FROM sessions;
