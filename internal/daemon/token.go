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

	"renewd/internal/store"
)

// The key of meta that the tokens of links are made with. It lives in the
// database, so that a restored backup keeps links alive.
const metaLinkKey = "link_key"

// Links makes and reads the tokens of the links in letters: opaque to others,
// they say for what and for whom they are.
type Links struct {
	db    *store.DB
	clock func() time.Time

	mu  sync.Mutex
	key []byte // nil until it is first needed
}

// NewLinks returns the links of a database. clock returns the present in UTC.
func NewLinks(db *store.DB, clock func() time.Time) *Links { return &Links{db: db, clock: clock} }

// unsubscribeToken says which customer wants no more commercial mail: purpose,
// customer, HMAC.
func (l *Links) unsubscribeToken(ctx context.Context, customerID int64) (string, error) {
	key, err := l.secret(ctx)
	if err != nil {
		return "", err
	}
	return sign(key, fmt.Sprintf("u%d", customerID)), nil
}

func sign(key []byte, subject string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(subject))
	return subject + "-" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:15])
}

// unsubscriber returns whose token it is; ok is false for any other text.
func (l *Links) unsubscriber(ctx context.Context, token string) (customerID int64, ok bool, err error) {
	key, err := l.secret(ctx)
	if err != nil {
		return 0, false, err
	}
	subject, _, _ := strings.Cut(token, "-")
	// Made anew and compared as a whole, in a time that says nothing.
	if !hmac.Equal([]byte(sign(key, subject)), []byte(token)) {
		return 0, false, nil
	}
	digits, isUnsubscribe := strings.CutPrefix(subject, "u")
	customerID, err = strconv.ParseInt(digits, 10, 64)
	return customerID, isUnsubscribe && err == nil, nil
}

// secret returns the key of the links, made at its first use.
func (l *Links) secret(ctx context.Context) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.key != nil {
		return l.key, nil
	}
	text := ""
	err := l.db.Read(ctx, func(tx *store.Tx) (err error) {
		text, err = tx.Meta(metaLinkKey)
		return err
	})
	if err == nil && text == "" {
		text, err = l.makeKey(ctx)
	}
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(text)
	if err != nil || len(key) == 0 {
		return nil, errors.Join(errors.New("the key of links in the table meta is damaged"), err)
	}
	l.key = key
	return key, nil
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
		if err == nil && there != "" {
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
