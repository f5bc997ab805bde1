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

	"renewd/internal/renewal"
	"renewd/internal/store"
)

// The key of meta that the tokens of links are made with. It lives in the
// database, so that a restored backup keeps links alive.
const metaLinkKey = "link_key"

// unsubscribeToken is opaque to others and says which customer wants no more
// commercial mail: purpose, customer, HMAC.
func (e *Engine) unsubscribeToken(ctx context.Context, c *renewal.Customer) (string, error) {
	if e.linkKey == nil {
		if err := e.loadLinkKey(ctx); err != nil {
			return "", err
		}
	}
	subject := fmt.Sprintf("u%d", c.ID)
	mac := hmac.New(sha256.New, e.linkKey)
	mac.Write([]byte(subject))
	return subject + "-" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:15]), nil
}

func (e *Engine) loadLinkKey(ctx context.Context) error {
	text := ""
	err := e.o.DB.Read(ctx, func(tx *store.Tx) (err error) {
		text, err = tx.Meta(metaLinkKey)
		return err
	})
	if err != nil {
		return err
	}
	if text == "" {
		key := make([]byte, 32)
		if _, err := rand.Read(key); err != nil {
			return err
		}
		text = hex.EncodeToString(key)
		err := e.o.DB.Write(ctx, func(tx *store.Tx) error { return tx.SetMeta(metaLinkKey, text) })
		if err != nil {
			return err
		}
	}
	if e.linkKey, err = hex.DecodeString(text); err != nil || len(e.linkKey) == 0 {
		return errors.Join(errors.New("the key of links in the table meta is damaged"), err)
	}
	return nil
}
