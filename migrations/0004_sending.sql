-- What sending from a long-running daemon needs.

-- First in, first out within a class: notices, then receipts, then the rest.
CREATE INDEX reminders_due ON reminders(class, due_at) WHERE state = 'due';

-- What only a person can settle.
CREATE INDEX reminders_unsettled ON reminders(state, reason) WHERE state = 'uncertain' OR state = 'failed';

-- What was sent since, and whose evidence has had its time.
CREATE INDEX messages_sent ON messages(sent_at) WHERE sent_at IS NOT NULL;

-- When the server first refused the message for our sake (5.7.x), NULL: never; and
-- how often it did so although it had taken others since.
ALTER TABLE messages ADD COLUMN refused_at TEXT;
ALTER TABLE messages ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;

-- When staff were mailed about a task that cannot wait; NULL: not yet.
ALTER TABLE staff_tasks ADD COLUMN told_at TEXT;
