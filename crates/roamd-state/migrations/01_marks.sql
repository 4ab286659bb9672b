-- Flags, with their expiry. Keys are stored as digests, because a key may be a valid ticket.
-- Names of tables and kinds are part of the file format: they stay as they are.
CREATE TABLE mark (
    kind   TEXT    NOT NULL CHECK (kind <> ''),
    digest BLOB    NOT NULL CHECK (length(digest) = 32),
    until  INTEGER NOT NULL,    -- milliseconds since 1970, UTC
    PRIMARY KEY (kind, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX mark_until ON mark (until);

-- Counters, with their expiry. An expired counter starts again at 1.
CREATE TABLE counter (
    kind   TEXT    NOT NULL CHECK (kind <> ''),
    digest BLOB    NOT NULL CHECK (length(digest) = 32),
    count  INTEGER NOT NULL CHECK (count > 0),
    until  INTEGER NOT NULL,    -- milliseconds since 1970, UTC
    PRIMARY KEY (kind, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX counter_until ON counter (until);
