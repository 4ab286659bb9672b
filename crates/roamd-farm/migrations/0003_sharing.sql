-- Sessions that have the same key may be shared: what starts on the same host, for the same user and
-- client, joins. A key that is null is shared with nothing.

ALTER TABLE sessions ADD COLUMN sharing_key TEXT CHECK (sharing_key <> '');
ALTER TABLE tickets ADD COLUMN sharing_key TEXT CHECK (sharing_key <> '');
