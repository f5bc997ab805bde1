package daemon

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// The value of meta with the keys that the tokens of links are made with, in hex
// and separated by blanks: the first signs, all verify. They live in the
// database, so that a restored backup keeps links alive.
const metaLinkKey = "link_key"

// keysFor is how long keys are used before the database is asked again: so long
// may a new key take to be followed by a running daemon.
const keysFor = time.Minute

// What a token is for: the first letter of what it says.
const (
	forUnsubscribe = "u"
	forManage      = "m"
	forReason      = "s"
)

// linksLast is how long the links about an agreement work, from the day on which
// their letter was made.
var linksLast = renewal.Period{Years: 2, Set: true}

// Links makes and reads the tokens of the links in letters: they say for what
// and for whom they are, with a seal that only the keys of the database make.
type Links struct {
	db    *store.DB
	clock func() time.Time

	mu sync.Mutex
	// keys are nil until they are first needed; readAt is when they were read.
	keys   [][]byte
	readAt time.Time
}

// NewLinks returns the links of a database. clock returns the present in UTC.
func NewLinks(db *store.DB, clock func() time.Time) *Links { return &Links{db: db, clock: clock} }

// unsubscribeToken says which customer wants no more commercial mail: purpose,
// customer, seal.
func (l *Links) unsubscribeToken(ctx context.Context, customerID int64) (string, error) {
	keys, err := l.secrets(ctx)
	if err != nil {
		return "", err
	}
	return sign(keys[0], fmt.Sprintf("%s%d", forUnsubscribe, customerID)), nil
}

// tied is whom a link about an agreement is for: the customer whose agreement it
// was when the letter was made. One that has changed hands since is nobody
// else's to see.
type tied struct{ agreementID, customerID int64 }

// agreementToken says for what and for whom a link is and when its letter was
// made: purpose, agreement, customer, day, seal.
func (l *Links) agreementToken(ctx context.Context, purpose string, to tied, on renewal.Date) (string, error) {
	keys, err := l.secrets(ctx)
	if err != nil {
		return "", err
	}
	return sign(keys[0], fmt.Sprintf("%s%d.%d.%d", purpose, to.agreementID, to.customerID, on)), nil
}

func sign(key []byte, subject string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(subject))
	return subject + "-" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:15])
}

// unsubscriber returns whose token it is; ok is false for any other text.
func (l *Links) unsubscriber(ctx context.Context, token string) (customerID int64, ok bool, err error) {
	numbers, ok, err := l.open(ctx, forUnsubscribe, token)
	if err != nil || !ok || len(numbers) != 1 {
		return 0, false, err
	}
	return numbers[0], true, nil
}

// holder returns for whom a link about an agreement is; ok is false for any
// other text and once its time is over.
func (l *Links) holder(ctx context.Context, purpose, token string) (to tied, ok bool, err error) {
	numbers, ok, err := l.open(ctx, purpose, token)
	if err != nil || !ok || len(numbers) != 3 {
		return tied{}, false, err
	}
	if last := renewal.Date(numbers[2]).Add(linksLast); renewal.LocalDate(l.clock(), time.UTC) > last {
		return tied{}, false, nil
	}
	return tied{agreementID: numbers[0], customerID: numbers[1]}, true, nil
}

// open returns the numbers that a genuine token of a purpose says.
func (l *Links) open(ctx context.Context, purpose, token string) (numbers []int64, ok bool, err error) {
	keys, err := l.secrets(ctx)
	if err != nil {
		return nil, false, err
	}
	subject, _, _ := strings.Cut(token, "-")
	genuine := false
	for _, key := range keys {
		// Made anew and compared as a whole, in a time that says nothing.
		if hmac.Equal([]byte(sign(key, subject)), []byte(token)) {
			genuine = true
		}
	}
	said, isFor := strings.CutPrefix(subject, purpose)
	if !genuine || !isFor {
		return nil, false, nil
	}
	for _, digits := range strings.Split(said, ".") {
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return nil, false, nil // what is no number is no token of ours
		}
		numbers = append(numbers, n)
	}
	return numbers, true, nil
}

// secrets returns the keys of the links, of which the first signs. The first key
// is made when it is first needed.
func (l *Links) secrets(ctx context.Context) ([][]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	if age := now.Sub(l.readAt); l.keys != nil && age >= 0 && age < keysFor {
		return l.keys, nil
	}
	text := ""
	err := l.db.Read(ctx, func(tx *store.Tx) (err error) {
		text, err = tx.Meta(metaLinkKey)
		return err
	})
	if err == nil && strings.TrimSpace(text) == "" {
		text, err = l.makeKey(ctx)
	}
	if err != nil {
		return nil, err
	}
	keys, err := readKeys(text)
	if err != nil {
		return nil, err
	}
	l.keys, l.readAt = keys, now
	return keys, nil
}

// shortestKey is the least number of bytes that a key may have.
const shortestKey = 16

func readKeys(text string) ([][]byte, error) {
	var keys [][]byte
	for _, word := range strings.Fields(text) {
		key, err := hex.DecodeString(word)
		if err != nil || len(key) < shortestKey {
			return nil, errors.New("the keys of links are damaged: link_key in the table meta holds one or more keys of 64 hex digits, separated by blanks")
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// makeKey stores a new key, unless another process was faster.
func (l *Links) makeKey(ctx context.Context) (string, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return "", err
	}
	text := hex.EncodeToString(key)
	err := l.db.Write(ctx, func(tx *store.Tx) error {
		there, err := tx.Meta(metaLinkKey)
		if err == nil && strings.TrimSpace(there) != "" {
			text = there
			return nil
		}
		if err != nil {
			return err
		}
		return tx.SetMeta(metaLinkKey, text)
	})
	return text, err
}
