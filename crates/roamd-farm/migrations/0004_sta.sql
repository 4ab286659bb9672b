-- The Secure Ticket Authority of a farm: its id, and the tickets that stand for host addresses.

ALTER TABLE farms ADD COLUMN sta_id TEXT CHECK (sta_id LIKE 'STA____________');

UPDATE farms SET sta_id = 'STA' || hex(randomblob(6));

-- Only the hash of a ticket is stored. Times are milliseconds since 1970.
CREATE TABLE sta_tickets (
    hash        BLOB PRIMARY KEY CHECK (length(hash) = 32),
    farm_id     INTEGER NOT NULL REFERENCES farms (id),
    ica_address TEXT NOT NULL CHECK (ica_address <> ''),
    x_data      TEXT,
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL CHECK (expires_at > issued_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX sta_tickets_by_expiry ON sta_tickets (expires_at);
