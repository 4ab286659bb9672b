-- The client that requested a ticket: an IPv4 address, or the first address of an IPv6 /64.

ALTER TABLE sta_tickets ADD COLUMN client TEXT;

CREATE INDEX sta_tickets_by_client ON sta_tickets (farm_id, client);
