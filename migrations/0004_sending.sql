-- What sending from a long-running daemon needs.

-- First in, first out within a class: notices, then receipts, then the rest.
CREATE INDEX reminders_due ON reminders(class, due_at) WHERE state = 'due';

-- What was sent since, and whose evidence has had its time.
CREATE INDEX messages_sent ON messages(sent_at) WHERE sent_at IS NOT NULL;

-- When the server last refused the message for our sake (5.7.x); NULL: never.
ALTER TABLE messages ADD COLUMN refused_at TEXT;

-- When staff were mailed about a task that cannot wait; NULL: not yet.
ALTER TABLE staff_tasks ADD COLUMN told_at TEXT;
