-- What facts typed into the database set off: the household concerned is looked
-- at in the next pass. '1970-01-01T00:00:00Z' in customers.next_look_at means
-- "look at once". One member of a household is enough, since a look always
-- reads the whole household. renewd's own columns (next_look_at, import_cells,
-- imported_at, known_at, events.settled) set nothing off.
--
-- The sqlite3 shell does not enforce foreign keys unless told to, so the
-- triggers say in a sentence what would leave rows without their owner.

CREATE TRIGGER agreement_added AFTER INSERT ON agreements
-- No customer at all is NULL here and comes through as well.
WHEN (SELECT next_look_at FROM customers WHERE id = NEW.customer_id) IS NOT '1970-01-01T00:00:00Z'
BEGIN
  UPDATE customers SET next_look_at = '1970-01-01T00:00:00Z' WHERE id = NEW.customer_id;
  SELECT RAISE(ABORT, 'there is no customer with this customer_id: add the customer first') WHERE changes() = 0;
END;

CREATE TRIGGER agreement_changed AFTER UPDATE OF ref, customer_id, product_id, kind, starts_on, ends_on, term,
  auto_renew, notice_period, price_minor, currency, cancelled_on, renews_by, assume_renewal, trial_ends_on,
  new_price_minor, new_price_from, basis ON agreements
BEGIN
  UPDATE customers SET next_look_at = '1970-01-01T00:00:00Z'
   WHERE id IN (OLD.customer_id, NEW.customer_id) AND next_look_at IS NOT '1970-01-01T00:00:00Z';
END;

CREATE TRIGGER agreement_moved AFTER UPDATE OF customer_id ON agreements
WHEN OLD.customer_id IS NOT NEW.customer_id
BEGIN
  SELECT RAISE(ABORT, 'there is no customer with this customer_id: add the customer first')
   WHERE NOT EXISTS (SELECT 1 FROM customers WHERE id = NEW.customer_id);
  -- An agreement that changes hands takes its own history along; what a person
  -- said (a complaint, an unsubscription) stays with that person.
  UPDATE events SET customer_id = NEW.customer_id
   WHERE agreement_id = NEW.id AND type IN ('use', 'purchase', 'payment', 'renewal', 'payment_failed', 'price_change',
     'cancel', 'cancel_withdrawn', 'level', 'sign_up');
  UPDATE reminders SET customer_id = NEW.customer_id WHERE customer_id = OLD.customer_id AND agreement_id = NEW.id;
END;

-- REPLACE INTO would delete the old row without a trigger and forget what was
-- sent about it; a changed id would orphan it.
CREATE TRIGGER customer_once BEFORE INSERT ON customers
WHEN EXISTS (SELECT 1 FROM customers WHERE ref = NEW.ref)
BEGIN
  SELECT RAISE(ABORT, 'there is a customer with this ref already: UPDATE that one');
END;

CREATE TRIGGER agreement_once BEFORE INSERT ON agreements
WHEN EXISTS (SELECT 1 FROM agreements WHERE ref = NEW.ref)
BEGIN
  SELECT RAISE(ABORT, 'there is an agreement with this ref already: UPDATE that one');
END;

CREATE TRIGGER product_once BEFORE INSERT ON products
WHEN EXISTS (SELECT 1 FROM products WHERE ref = NEW.ref)
BEGIN
  SELECT RAISE(ABORT, 'there is a product with this ref already: UPDATE that one');
END;

CREATE TRIGGER customer_id_stays BEFORE UPDATE OF id ON customers WHEN OLD.id <> NEW.id
BEGIN
  SELECT RAISE(ABORT, 'the id of a customer never changes: change the ref instead');
END;

CREATE TRIGGER agreement_id_stays BEFORE UPDATE OF id ON agreements WHEN OLD.id <> NEW.id
BEGIN
  SELECT RAISE(ABORT, 'the id of an agreement never changes: change the ref instead');
END;

CREATE TRIGGER product_id_stays BEFORE UPDATE OF id ON products WHEN OLD.id <> NEW.id
BEGIN
  SELECT RAISE(ABORT, 'the id of a product never changes: change the ref instead');
END;

CREATE TRIGGER agreement_kept BEFORE DELETE ON agreements
BEGIN
  SELECT RAISE(ABORT, 'events or sent messages name this agreement: set cancelled_on instead of deleting it')
   WHERE EXISTS (SELECT 1 FROM events WHERE agreement_id = OLD.id)
      OR EXISTS (SELECT 1 FROM reminders WHERE customer_id = OLD.customer_id AND agreement_id = OLD.id AND message_id IS NOT NULL);
  -- An id may be given to another agreement later: nothing of this one may stay.
  DELETE FROM staff_tasks WHERE agreement_id = OLD.id;
  DELETE FROM reminders WHERE customer_id = OLD.customer_id AND agreement_id = OLD.id;
  DELETE FROM terms WHERE agreement_id = OLD.id;
  UPDATE customers SET next_look_at = '1970-01-01T00:00:00Z' WHERE id = OLD.customer_id;
END;

-- The name and the renew_url of a product only stand in letters and change no
-- decision, so they wake nobody.
CREATE TRIGGER product_changed AFTER UPDATE OF ref, kind, term, life, renews_by, assume_renewal ON products
BEGIN
  UPDATE customers SET next_look_at = '1970-01-01T00:00:00Z'
   WHERE next_look_at IS NOT '1970-01-01T00:00:00Z'
     AND id IN (SELECT customer_id FROM agreements WHERE product_id = NEW.id
                UNION SELECT customer_id FROM events WHERE product_id = NEW.id);
END;

CREATE TRIGGER product_kept BEFORE DELETE ON products
WHEN EXISTS (SELECT 1 FROM agreements WHERE product_id = OLD.id)
  OR EXISTS (SELECT 1 FROM events WHERE product_id = OLD.id)
BEGIN
  SELECT RAISE(ABORT, 'agreements or events name this product: it has to stay');
END;

CREATE TRIGGER customer_changed AFTER UPDATE OF ref, name, email, locale, time_zone, country, region, since,
  attributes, erased_at ON customers
BEGIN
  UPDATE customers SET next_look_at = '1970-01-01T00:00:00Z'
   WHERE id = NEW.id AND next_look_at IS NOT '1970-01-01T00:00:00Z';
  -- Those who stay behind in the household that the customer left.
  UPDATE customers SET next_look_at = '1970-01-01T00:00:00Z'
   WHERE OLD.email_key <> '' AND OLD.email_key <> NEW.email_key AND email_key = OLD.email_key;
END;

CREATE TRIGGER customer_kept BEFORE DELETE ON customers
WHEN EXISTS (SELECT 1 FROM agreements WHERE customer_id = OLD.id)
  OR EXISTS (SELECT 1 FROM events WHERE customer_id = OLD.id)
  OR EXISTS (SELECT 1 FROM messages WHERE customer_id = OLD.id)
BEGIN
  SELECT RAISE(ABORT, 'agreements, events or messages name this customer, who has to stay');
END;

CREATE TRIGGER customer_deleted AFTER DELETE ON customers
BEGIN
  DELETE FROM staff_tasks WHERE customer_id = OLD.id;
  UPDATE customers SET next_look_at = '1970-01-01T00:00:00Z' WHERE OLD.email_key <> '' AND email_key = OLD.email_key;
END;

CREATE TRIGGER suppression_added AFTER INSERT ON suppressions
BEGIN
  UPDATE customers SET next_look_at = '1970-01-01T00:00:00Z' WHERE email_key = NEW.address;
END;

CREATE TRIGGER suppression_removed AFTER DELETE ON suppressions
BEGIN
  UPDATE customers SET next_look_at = '1970-01-01T00:00:00Z' WHERE email_key = OLD.address;
END;

-- Events cannot be put right later, so they are checked when they come in.
CREATE TRIGGER event_checked BEFORE INSERT ON events
BEGIN
  SELECT RAISE(ABORT, 'at is no time: write 2027-03-01T08:00:00Z, 2027-03-01 08:00:00 (UTC), or 2027-03-01 for the start of that day')
   WHERE CASE
     WHEN NEW.at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' THEN date(NEW.at, '+0 days')
     WHEN NEW.at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][ T][0-9][0-9]:[0-9][0-9]*' AND strftime('%s', NEW.at) IS NOT NULL
       THEN date(substr(NEW.at, 1, 10), '+0 days')
     END IS NOT substr(NEW.at, 1, 10);
  SELECT RAISE(ABORT, 'until is no date: write 2027-03-01')
   WHERE NEW.until IS NOT NULL AND (length(NEW.until) <> 10 OR date(NEW.until, '+0 days') IS NOT NEW.until);
  SELECT RAISE(ABORT, 'there is no agreement with this agreement_id')
   WHERE NEW.agreement_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM agreements WHERE id = NEW.agreement_id);
  SELECT RAISE(ABORT, 'this agreement belongs to another customer: leave customer_id out, or correct one of the two')
   WHERE NEW.agreement_id IS NOT NULL AND NEW.customer_id <> (SELECT customer_id FROM agreements WHERE id = NEW.agreement_id);
  SELECT RAISE(ABORT, 'there is no product with this product_id')
   WHERE NEW.product_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM products WHERE id = NEW.product_id);
  SELECT RAISE(ABORT, 'a cancel has to name the agreement or the product that is cancelled')
   WHERE NEW.type = 'cancel' AND NEW.agreement_id IS NULL AND NEW.product_id IS NULL;
END;

CREATE TRIGGER event_added AFTER INSERT ON events
WHEN NEW.customer_id IS NOT NULL
 AND (SELECT next_look_at FROM customers WHERE id = NEW.customer_id) IS NOT '1970-01-01T00:00:00Z'
BEGIN
  UPDATE customers SET next_look_at = '1970-01-01T00:00:00Z' WHERE id = NEW.customer_id;
  SELECT RAISE(ABORT, 'there is no customer with this customer_id') WHERE changes() = 0;
END;

-- What a person may leave out or write in another form.
CREATE TRIGGER event_completed AFTER INSERT ON events
WHEN NEW.customer_id IS NULL OR NEW.type = 'bounce'
  OR NEW.at NOT GLOB '????-??-??' AND NEW.at NOT GLOB '????-??-??T??:??:??Z'
BEGIN
  UPDATE events
     SET customer_id = coalesce(customer_id, (SELECT customer_id FROM agreements WHERE id = NEW.agreement_id)),
         at = CASE WHEN length(at) = 10 THEN at ELSE strftime('%Y-%m-%dT%H:%M:%SZ', at) END
   WHERE id = NEW.id;
  UPDATE customers SET next_look_at = '1970-01-01T00:00:00Z'
   WHERE id = (SELECT customer_id FROM events WHERE id = NEW.id) AND next_look_at IS NOT '1970-01-01T00:00:00Z';
  -- A recorded bounce is a hard one: the address is dead.
  UPDATE events SET address = (SELECT email_key FROM customers WHERE id = events.customer_id)
   WHERE id = NEW.id AND type = 'bounce' AND address = '';
  INSERT INTO suppressions(address, reason, at, event_id)
  SELECT address, 'bounced', at, id FROM events AS e
   WHERE id = NEW.id AND type = 'bounce' AND address <> ''
     AND NOT EXISTS (SELECT 1 FROM suppressions AS s WHERE s.address = e.address);
END;

-- A row 'purging' in meta, present only inside the transaction of renewd's own
-- erase and purge, lets events go.
CREATE TRIGGER event_kept BEFORE UPDATE OF type, agreement_id, product_id, channel, quantity, amount_minor, currency,
  until, note, source, source_id, digest, stored_at ON events
WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'purging')
BEGIN
  SELECT RAISE(ABORT, 'events are never changed: add another event that puts it right');
END;

-- Only what event_completed and agreement_moved do themselves.
CREATE TRIGGER event_place_kept BEFORE UPDATE OF at, customer_id, address ON events
WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'purging')
 AND (NEW.at <> OLD.at AND (length(OLD.at) = 10 OR NEW.at IS NOT strftime('%Y-%m-%dT%H:%M:%SZ', OLD.at))
   OR NEW.customer_id IS NOT OLD.customer_id
      AND NEW.customer_id IS NOT (SELECT customer_id FROM agreements WHERE id = OLD.agreement_id)
   OR NEW.address <> OLD.address AND OLD.address <> '')
BEGIN
  SELECT RAISE(ABORT, 'events are never changed: add another event that puts it right');
END;

CREATE TRIGGER event_not_deleted BEFORE DELETE ON events
WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'purging')
BEGIN
  SELECT RAISE(ABORT, 'events are never deleted: add another event that puts it right');
END;
