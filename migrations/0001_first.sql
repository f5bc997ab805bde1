-- renewd's database, first version. Dates are TEXT 2027-03-01, instants TEXT
-- 2027-03-01T08:00:00Z (UTC, whole seconds), periods TEXT P30D or P1Y, money an
-- integer in the minor unit of its currency (cents). Everything here is meant to
-- be read with sqlite3 while renewd runs; facts (customers, products,
-- agreements, events) may be written with it as well and take effect at the
-- next pass. The rest is renewd's own record: look, do not write.

CREATE TABLE meta (             -- single values: who owns the file, how far it got, keys
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- Tells this database and its copies from any other one.
INSERT INTO meta(key, value) VALUES ('database', lower(hex(randomblob(16))));

CREATE TABLE customers (        -- who has agreements with the business
  id           INTEGER PRIMARY KEY,
  ref          TEXT NOT NULL UNIQUE,           -- the business's own name for the customer
  name         TEXT NOT NULL DEFAULT '',
  email        TEXT NOT NULL DEFAULT '',
  locale       TEXT NOT NULL DEFAULT '',       -- fr, pt-BR …; empty: the business's
  time_zone    TEXT NOT NULL DEFAULT '',       -- Europe/Paris …; empty: the business's
  country      TEXT NOT NULL DEFAULT '',       -- ISO 3166-1: FR
  region       TEXT NOT NULL DEFAULT '',       -- ISO 3166-2: US-CA
  since        TEXT,                           -- date
  attributes   TEXT NOT NULL DEFAULT '{}',     -- JSON object: columns of the file that renewd does not know
  erased_at    TEXT,                           -- when the person's data were removed
  known_at     TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
  import_cells TEXT NOT NULL DEFAULT '',       -- what the last import said, column by column (JSON)
  -- Customers with one e-mail address are one household.
  email_key    TEXT NOT NULL GENERATED ALWAYS AS (lower(trim(email, char(9, 10, 13, 32)))) VIRTUAL,
  -- When time alone can next change anything for the household; NULL: never.
  -- 1970-01-01T00:00:00Z: a fact changed, look at once.
  next_look_at TEXT DEFAULT '1970-01-01T00:00:00Z'
) STRICT;
CREATE INDEX customers_by_household ON customers(email_key);
CREATE INDEX customers_by_next_look ON customers(next_look_at) WHERE next_look_at IS NOT NULL;

CREATE TABLE products (         -- what agreements are for and purchases are of
  id             INTEGER PRIMARY KEY,
  ref            TEXT NOT NULL UNIQUE,
  name           TEXT NOT NULL DEFAULT '',
  kind           TEXT NOT NULL DEFAULT '',
  term           TEXT NOT NULL DEFAULT '',     -- period: length of one term of its agreements
  life           TEXT NOT NULL DEFAULT '',     -- period a purchase lasts, or 'learned'
  renew_url      TEXT NOT NULL DEFAULT '',
  renews_by      TEXT NOT NULL DEFAULT '',     -- payment, none, or empty for the default of the kind
  assume_renewal INTEGER NOT NULL DEFAULT 0,   -- 1: its auto-renewing agreements roll by themselves
  known_at       TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
  import_cells   TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE agreements (       -- contracts, passes, subscriptions; goods bought again and again
  id              INTEGER PRIMARY KEY,
  ref             TEXT NOT NULL UNIQUE,
  customer_id     INTEGER NOT NULL REFERENCES customers(id),
  product_id      INTEGER REFERENCES products(id),
  kind            TEXT NOT NULL CHECK (kind IN ('contract', 'pass', 'subscription', 'goods')),
  starts_on       TEXT,                        -- first day of the first term; never moves
  ends_on         TEXT NOT NULL,               -- last day covered by the term in force
  term            TEXT NOT NULL DEFAULT '',    -- period; empty: the product's
  auto_renew      INTEGER NOT NULL DEFAULT 0 CHECK (auto_renew IN (0, 1)),
  notice_period   TEXT NOT NULL DEFAULT '',    -- period; empty: P1D
  price_minor     INTEGER,
  currency        TEXT NOT NULL DEFAULT '',
  cancelled_on    TEXT,
  renews_by       TEXT NOT NULL DEFAULT '',    -- payment, none; empty: the product's or the kind's
  assume_renewal  INTEGER CHECK (assume_renewal IN (0, 1)),  -- NULL: the product's
  trial_ends_on   TEXT,
  new_price_minor INTEGER,                     -- in the same currency
  new_price_from  TEXT,
  basis           TEXT NOT NULL DEFAULT 'written' CHECK (basis IN ('written', 'estimated')),
  known_at        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
  imported_at     TEXT,                        -- when a file last held it; NULL: never
  import_cells    TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX agreements_by_customer ON agreements(customer_id);
CREATE INDEX agreements_by_product ON agreements(product_id) WHERE product_id IS NOT NULL;

CREATE TABLE terms (            -- every span an agreement ever covered, with when and by what it became known
  agreement_id INTEGER NOT NULL REFERENCES agreements(id),
  starts_on    TEXT,
  ends_on      TEXT NOT NULL,
  known_at     TEXT NOT NULL,                  -- first known
  cause        TEXT NOT NULL,                  -- import, edit, payment, renewal, purchase, assumed
  replaced     TEXT,                           -- the end that was in force before
  in_force_at  TEXT NOT NULL,                  -- when it last came into force
  place        INTEGER NOT NULL,               -- order of coming into force within the agreement
  PRIMARY KEY (agreement_id, ends_on)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (           -- facts with a time; only ever added
  id           INTEGER PRIMARY KEY,
  type         TEXT NOT NULL CHECK (type IN ('use', 'purchase', 'payment', 'renewal', 'payment_failed',
                 'price_change', 'complaint', 'complaint_resolved', 'cancel', 'cancel_withdrawn', 'unsubscribe',
                 'resubscribe', 'bounce', 'spam_report', 'click', 'reply', 'answer', 'level', 'sign_up')),
  at           TEXT NOT NULL,                  -- instant; a date alone is its start in the customer's zone
  customer_id  INTEGER REFERENCES customers(id),   -- filled in from the agreement where left out
  agreement_id INTEGER REFERENCES agreements(id),
  product_id   INTEGER REFERENCES products(id),
  channel      TEXT NOT NULL DEFAULT '',
  quantity     INTEGER,
  amount_minor INTEGER,
  currency     TEXT NOT NULL DEFAULT '',
  until        TEXT,                           -- date up to which a payment pays
  note         TEXT NOT NULL DEFAULT '',
  address      TEXT NOT NULL DEFAULT '',       -- bounce: the address that bounced
  source       TEXT NOT NULL DEFAULT 'sqlite3',
  source_id    TEXT,
  digest       TEXT NOT NULL DEFAULT '',       -- of the contents, to tell a repeat from a contradiction
  stored_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
  settled      INTEGER NOT NULL DEFAULT 0,     -- 1: its effect on terms is applied
  CHECK (customer_id IS NOT NULL OR agreement_id IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX events_by_source ON events(source, source_id) WHERE source_id IS NOT NULL;
CREATE INDEX events_by_customer ON events(customer_id);
CREATE INDEX events_by_agreement ON events(agreement_id) WHERE agreement_id IS NOT NULL;
CREATE INDEX events_by_product ON events(product_id) WHERE product_id IS NOT NULL;

CREATE TABLE suppressions (     -- addresses that nothing may be sent to
  address  TEXT PRIMARY KEY,                   -- as customers.email_key
  reason   TEXT NOT NULL,                      -- bounced
  at       TEXT NOT NULL,
  event_id INTEGER REFERENCES events(id)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (         -- one e-mail, for one or more reminders
  id           INTEGER PRIMARY KEY,
  rfc822_id    TEXT NOT NULL UNIQUE,           -- Message-ID, without angle brackets
  customer_id  INTEGER NOT NULL REFERENCES customers(id),  -- the household's first by ref
  household    TEXT NOT NULL,                  -- address as customers.email_key
  to_address   TEXT NOT NULL,
  class        TEXT NOT NULL CHECK (class IN ('commercial', 'transactional', 'notice')),
  rule         TEXT NOT NULL,
  template     TEXT NOT NULL,
  locale       TEXT NOT NULL DEFAULT '',
  subject      TEXT NOT NULL DEFAULT '',
  state        TEXT NOT NULL CHECK (state IN ('sending', 'sent', 'failed', 'uncertain', 'returned')),
                                               -- returned: the try ended without doubt, nothing left
  claimed_at   TEXT NOT NULL,                  -- also the Date header
  streaming_at TEXT,                           -- the transport was about to get the first byte
  sent_at      TEXT,                           -- the transport accepted it
  server_reply TEXT NOT NULL DEFAULT '',
  attempts     INTEGER NOT NULL DEFAULT 0,     -- tries that the server answered or that ended in doubt
  doubts       INTEGER NOT NULL DEFAULT 0,     -- tries that ended in doubt
  sha256       TEXT NOT NULL DEFAULT '',       -- of the bytes sent, in hex
  contents     BLOB                            -- the bytes sent, gzip; NULL once their time is over
) STRICT;
CREATE INDEX messages_by_household ON messages(household);
CREATE INDEX messages_by_customer ON messages(customer_id);
CREATE INDEX messages_open ON messages(state) WHERE state = 'sending';

CREATE TABLE reminders (        -- one intended contact for one key, with its decision
  id           INTEGER PRIMARY KEY,
  customer_id  INTEGER NOT NULL REFERENCES customers(id),
  agreement_id INTEGER REFERENCES agreements(id),
  event_id     INTEGER REFERENCES events(id),  -- steps on an event
  rule         TEXT NOT NULL,
  step         TEXT NOT NULL,                  -- before_end:P30D, after_use, notice, on:renewal …
  class        TEXT NOT NULL,
  ends_on      TEXT,                           -- the term it is about; NULL for steps on an event
  due_at       TEXT NOT NULL,
  not_after    TEXT NOT NULL,                  -- last moment, inclusive
  state        TEXT NOT NULL CHECK (state IN ('planned', 'waiting', 'due', 'sending', 'sent', 'failed', 'uncertain', 'skipped')),
  reason       TEXT NOT NULL DEFAULT '',
  until        TEXT,                           -- waiting: when this gate opens; NULL: when a person or a fact opens it
  planned_at   TEXT NOT NULL,
  decided_at   TEXT NOT NULL,
  burst        INTEGER NOT NULL DEFAULT 0,     -- 0 no, 1 counted, 2 held, 3 released
  stands_for   TEXT NOT NULL DEFAULT '',       -- after_use: the step it brings forward
  on_day       TEXT,                           -- after_use: the day it was brought forward to
  message_id   INTEGER REFERENCES messages(id)
) STRICT;
CREATE UNIQUE INDEX reminders_key ON reminders(
  coalesce(agreement_id, -customer_id), coalesce(ends_on, ''), coalesce(event_id, 0), rule, step);
CREATE INDEX reminders_by_customer ON reminders(customer_id);
-- Conditions with OR and not with IN: only so SQLite finds that state = 'due' may use the index.
CREATE INDEX reminders_open ON reminders(state, due_at) WHERE state = 'waiting' OR state = 'due' OR state = 'sending';
CREATE INDEX reminders_burst ON reminders(burst, rule) WHERE (burst = 1 OR burst = 2) AND (state = 'planned' OR state = 'waiting' OR state = 'due');
CREATE INDEX reminders_by_message ON reminders(message_id) WHERE message_id IS NOT NULL;

CREATE TABLE staff_tasks (      -- what waits for a person; the view tasks shows the open ones
  id           INTEGER PRIMARY KEY,
  kind         TEXT NOT NULL CHECK (kind IN ('missed', 'renewed?', 'failed', 'uncertain', 'no_address', 'bounced',
                 'template_error', 'bad_data', 'burst', 'copy', 'sender_refused', 'server_away', 'wish')),
  topic        TEXT NOT NULL UNIQUE,           -- what it is about, so that the same thing is asked once
  customer_id  INTEGER REFERENCES customers(id),
  agreement_id INTEGER REFERENCES agreements(id),
  reminder_id  INTEGER REFERENCES reminders(id),
  since        TEXT NOT NULL,
  text         TEXT NOT NULL,
  done_at      TEXT
) STRICT;
CREATE INDEX staff_tasks_open ON staff_tasks(id) WHERE done_at IS NULL;

CREATE TABLE imports (          -- one row a file imported
  id        INTEGER PRIMARY KEY,
  at        TEXT NOT NULL,
  file      TEXT NOT NULL,
  kind      TEXT NOT NULL,                     -- customers, products, agreements, events
  added     INTEGER NOT NULL,
  changed   INTEGER NOT NULL,
  unchanged INTEGER NOT NULL,
  rejected  INTEGER NOT NULL,
  vanished  INTEGER NOT NULL
) STRICT;
