package testkit

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// scram is the server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without
// channel binding. It returns who tries to log in and whether the proof is right.
func (c *sinkConn) scram(initial string) (user string, right, ok bool) {
	first, ok := c.challenge(initial, "")
	if !ok {
		return "", false, false
	}
	bare := strings.TrimPrefix(first, "n,,")
	name, nonce, _ := strings.Cut(strings.TrimPrefix(bare, "n="), ",r=")
	user = strings.NewReplacer("=2C", ",", "=3D", "=").Replace(name)
	nonce += rand.Text()
	const rounds = 4096
	salt := []byte("salt of the sink")
	serverFirst := fmt.Sprintf("r=%s,s=%s,i=%d", nonce, base64.StdEncoding.EncodeToString(salt), rounds)
	final, ok := c.challenge("", serverFirst)
	if !ok {
		return user, false, false
	}
	withoutProof, proof64, _ := strings.Cut(final, ",p=")
	proof, err := base64.StdEncoding.DecodeString(proof64)
	password, known := c.sink.options.Users[user]
	if err != nil || len(proof) != sha256.Size || !known || withoutProof != "c=biws,r="+nonce {
		return user, false, true
	}
	salted, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	if err != nil {
		return user, false, true
	}
	said := bare + "," + serverFirst + "," + withoutProof
	stored := sha256.Sum256(keyed(salted, "Client Key"))
	clientKey := keyed(stored[:], said)
	for i := range clientKey {
		clientKey[i] ^= proof[i]
	}
	if sha256.Sum256(clientKey) != stored {
		return user, false, true
	}
	_, ok = c.challenge("", "v="+base64.StdEncoding.EncodeToString(keyed(keyed(salted, "Server Key"), said)))
	return user, true, ok
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text)) // never an error
	return mac.Sum(nil)
}
