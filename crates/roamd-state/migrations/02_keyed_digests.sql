-- From here on, digests of keys that can be guessed (names, addresses) are made with a secret key.
-- Entries with a plain digest are forgotten, since nothing would find them. Those of tokens,
-- tickets, conversations and launches stay: their keys cannot be guessed.
DELETE FROM mark WHERE kind = 'known-place';
DELETE FROM counter WHERE kind IN (
    'attempts-at-place', 'attempts-of-strangers', 'attempts-from-place', 'people-of-place',
    'ended-by-user'
);
