-- The bytes of messages apart from their rows: a row is small and changes three
-- times on its way, its bytes are written once. They leave after [evidence].
CREATE TABLE message_contents (
  id       INTEGER PRIMARY KEY,                -- messages.contents_id; in the order of sending
  contents BLOB NOT NULL                       -- the bytes sent, gzip; messages.sha256 is of the plain ones
) STRICT;
INSERT INTO message_contents(id, contents) SELECT id, contents FROM messages WHERE contents IS NOT NULL ORDER BY id;
ALTER TABLE messages ADD COLUMN contents_id INTEGER;  -- of message_contents; NULL: none yet, or their time is over
UPDATE messages SET contents_id = id WHERE contents IS NOT NULL;
ALTER TABLE messages DROP COLUMN contents;
