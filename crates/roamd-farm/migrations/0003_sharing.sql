-- Sessions with the same key may be shared: an application on the same host, for the same user and
-- client, joins. Null disables sharing.

ALTER TABLE sessions ADD COLUMN sharing_key TEXT CHECK (sharing_key <> '');
ALTER TABLE tickets ADD COLUMN sharing_key TEXT CHECK (sharing_key <> '');
