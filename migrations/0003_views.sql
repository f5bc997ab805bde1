-- Views for people, with names and refs instead of ids. Try
--   .mode box
--   SELECT * FROM upcoming LIMIT 20;
-- Instants are UTC. In all of them customer is the name, else the ref.

CREATE VIEW customer_names AS  -- what people call a customer: the name, else the ref
SELECT id, ref, CASE WHEN name <> '' THEN name ELSE ref END AS name FROM customers;

CREATE VIEW agreement_list AS  -- every agreement in words; contracts, passes, subscriptions and goods are parts of it
SELECT a.ref AS agreement,
       a.kind,
       n.name AS customer,
       n.ref AS customer_ref,
       CASE WHEN p.name <> '' THEN p.name ELSE p.ref END AS product,
       a.starts_on,
       a.ends_on,                                  -- last day covered
       date(a.ends_on, '+1 day') AS renews_on,     -- first day of the next term
       CASE WHEN a.term <> '' THEN a.term ELSE p.term END AS term,
       CASE a.auto_renew WHEN 1 THEN 'yes' ELSE 'no' END AS auto_renew,
       CASE WHEN a.price_minor IS NULL THEN NULL
            WHEN a.currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF')
              THEN a.price_minor || ' ' || a.currency
            WHEN a.currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND')
              THEN printf('%.3f %s', a.price_minor / 1000.0, a.currency)
            ELSE printf('%.2f %s', a.price_minor / 100.0, a.currency) END AS price,
       -- NULL: not cancelled as of now. Where no date is written, the day (UTC) of a cancel that nothing later
       -- withdrew; a cancel names the agreement or its product, a withdrawal may name only the customer, and a
       -- payment that names a new end withdraws as well.
       coalesce(a.cancelled_on, (
         SELECT substr(max(c.at), 1, 10) FROM events AS c
          WHERE c.customer_id = a.customer_id AND c.type = 'cancel' AND c.at <= strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
            AND (c.agreement_id = a.id OR c.agreement_id IS NULL AND (c.product_id IS NULL OR c.product_id = a.product_id))
            AND NOT EXISTS (
              SELECT 1 FROM events AS w
               WHERE w.customer_id = a.customer_id AND w.at > c.at AND w.at <= strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
                 AND (w.type = 'cancel_withdrawn' AND (w.agreement_id = a.id
                        OR w.agreement_id IS NULL AND (w.product_id IS NULL OR w.product_id = a.product_id))
                      OR w.type IN ('payment', 'renewal') AND w.until IS NOT NULL AND w.agreement_id = a.id)))) AS cancelled_on,
       a.basis                                     -- written, or estimated from purchases
  FROM agreements AS a
  JOIN customer_names AS n ON n.id = a.customer_id
  LEFT JOIN products AS p ON p.id = a.product_id;

CREATE VIEW contracts AS      -- agreements of the kind contract, as in agreement_list
SELECT agreement AS contract, customer, customer_ref, product, starts_on, ends_on, renews_on, term, auto_renew, price, cancelled_on
  FROM agreement_list WHERE kind = 'contract';

CREATE VIEW passes AS         -- agreements of the kind pass, as in agreement_list
SELECT agreement AS pass, customer, customer_ref, product, starts_on, ends_on, renews_on, term, auto_renew, price, cancelled_on
  FROM agreement_list WHERE kind = 'pass';

CREATE VIEW subscriptions AS  -- agreements of the kind subscription, as in agreement_list
SELECT agreement AS subscription, customer, customer_ref, product, starts_on, ends_on, renews_on, term, auto_renew, price, cancelled_on
  FROM agreement_list WHERE kind = 'subscription';

CREATE VIEW goods AS          -- what customers buy again and again; the dates are estimates
SELECT agreement AS goods, customer, customer_ref, product,
       starts_on AS first_bought_on,
       ends_on AS used_up_on                       -- estimated from the last purchase and the product's life
  FROM agreement_list WHERE kind = 'goods';

CREATE VIEW decisions AS      -- every reminder with what was decided about it, when and why; the latest first
SELECT r.id AS reminder,
       r.decided_at,
       n.name AS customer,
       n.ref AS customer_ref,
       a.ref AS agreement,
       e.type AS event,                            -- for steps on an event
       r.rule,
       r.step,
       r.class,
       r.ends_on,                                  -- the term it is about
       r.state,
       r.reason,
       r.due_at,
       r.not_after,                                -- last moment at which it may leave
       r.until,                                    -- waiting: when the gate opens; NULL: when a person or a fact opens it
       m.rfc822_id AS message_id
  FROM reminders AS r
  LEFT JOIN customer_names AS n ON n.id = r.customer_id
  LEFT JOIN agreements AS a ON a.id = r.agreement_id
  LEFT JOIN events AS e ON e.id = r.event_id
  LEFT JOIN messages AS m ON m.id = r.message_id
 ORDER BY r.decided_at DESC, r.id DESC;

CREATE VIEW upcoming AS       -- what may still leave, the earliest first; state waiting: something holds it
SELECT due_at, customer, customer_ref, agreement, event, rule, step, class, ends_on, state, reason, until, not_after, reminder
  FROM decisions WHERE state IN ('planned', 'waiting', 'due') ORDER BY due_at, reminder;

CREATE VIEW waiting AS        -- what is due and held, and by what
SELECT reason,
       until,                                      -- NULL: a person or a fact ends the wait
       customer, customer_ref, agreement, event, rule, step, class, ends_on, due_at, not_after, reminder
  FROM decisions WHERE state = 'waiting' ORDER BY until IS NULL, until, reminder;

CREATE VIEW sent AS           -- every reminder that left, with its message; the latest first
SELECT m.sent_at,                                  -- when the server accepted it
       n.name AS customer,
       n.ref AS customer_ref,
       m.to_address,
       a.ref AS agreement,
       r.rule,
       r.step,
       m.class,
       r.ends_on,
       m.subject,
       r.reason,                                   -- due, or released by a person
       m.server_reply,
       m.rfc822_id AS message_id,
       r.id AS reminder
  FROM reminders AS r
  JOIN messages AS m ON m.id = r.message_id
  -- Who was written to, even if the agreement has changed hands since; within a
  -- household the one whose reminder it is.
  LEFT JOIN customer_names AS n ON n.id = CASE
    WHEN (SELECT email_key FROM customers WHERE id = r.customer_id) = m.household THEN r.customer_id ELSE m.customer_id END
  LEFT JOIN agreements AS a ON a.id = r.agreement_id
 WHERE r.state = 'sent'
 ORDER BY m.sent_at DESC, r.id DESC;

CREATE VIEW skipped AS        -- what will not leave, and why; the latest decision first
SELECT decided_at, reason, customer, customer_ref, agreement, event, rule, step, class, ends_on, due_at, not_after, reminder
  FROM decisions WHERE state = 'skipped' ORDER BY decided_at DESC, reminder DESC;

CREATE VIEW missed_notices AS -- notices whose window went by without a message: each needs a person
SELECT not_after AS window_closed, customer, customer_ref, agreement, rule, step, ends_on, decided_at, reminder
  FROM decisions WHERE state = 'skipped' AND reason = 'missed' AND class = 'notice' ORDER BY not_after DESC, reminder DESC;

CREATE VIEW complaints AS     -- every complaint with its resolution, the latest first
SELECT e.at AS opened_at,
       (SELECT min(s.at) FROM events AS s
         WHERE s.customer_id = e.customer_id AND s.type = 'complaint_resolved' AND s.at >= e.at) AS resolved_at,  -- NULL: open
       n.name AS customer,
       n.ref AS customer_ref,
       a.ref AS agreement,
       e.channel,
       e.note,
       e.id AS event
  FROM events AS e
  LEFT JOIN customer_names AS n ON n.id = e.customer_id
  LEFT JOIN agreements AS a ON a.id = e.agreement_id
 WHERE e.type = 'complaint'
 ORDER BY e.at DESC, e.id DESC;

CREATE VIEW suppressed AS     -- addresses that nothing is sent to, and whose they are
SELECT s.address, s.reason, s.at, n.name AS customer, n.ref AS customer_ref
  FROM suppressions AS s
  LEFT JOIN customers AS c ON c.email_key = s.address
  LEFT JOIN customer_names AS n ON n.id = c.id
 ORDER BY s.at DESC, s.address;

CREATE VIEW tasks AS          -- what waits for a person, the oldest first; `renewd tasks done ID` closes one
SELECT t.id, t.kind, n.name AS customer, n.ref AS customer_ref, a.ref AS agreement, t.since, t.text
  FROM staff_tasks AS t
  LEFT JOIN customer_names AS n ON n.id = t.customer_id
  LEFT JOIN agreements AS a ON a.id = t.agreement_id
 WHERE t.done_at IS NULL
 ORDER BY t.since, t.id;
