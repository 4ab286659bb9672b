-- What is marked until when. A key is a digest: the key itself may be a ticket.
CREATE TABLE mark (
    kind   TEXT    NOT NULL CHECK (kind <> ''),
    digest BLOB    NOT NULL CHECK (length(digest) = 32),
    until  INTEGER NOT NULL,    -- milliseconds since 1970, UTC
    PRIMARY KEY (kind, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX mark_until ON mark (until);

-- How often something happened, counted anew once `until` has passed.
CREATE TABLE counter (
    kind   TEXT    NOT NULL CHECK (kind <> ''),
    digest BLOB    NOT NULL CHECK (length(digest) = 32),
    count  INTEGER NOT NULL CHECK (count > 0),
    until  INTEGER NOT NULL,    -- milliseconds since 1970, UTC
    PRIMARY KEY (kind, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX counter_until ON counter (until);
