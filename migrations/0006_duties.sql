-- What a notice does for the law and the card schemes.
ALTER TABLE reminders ADD COLUMN duties TEXT NOT NULL DEFAULT '[]';  -- the duties that it meets, each with its window: [{"id":"us-ca-renewal","opens":"2027-01-29","closes":"2027-02-28"}]
