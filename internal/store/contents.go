package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip" // three times as fast as the standard library's
)

// packers are kept between uses: their tables cost more than a message.
var packers = sync.Pool{New: func() any {
	gz, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		panic(err) // only for a level that does not exist
	}
	return gz
}}

// pack returns the compressed bytes and the SHA-256 of the plain ones, in hex.
func pack(contents []byte) (packed []byte, sum string, err error) {
	var b bytes.Buffer
	b.Grow(len(contents) / 2)
	gz := packers.Get().(*gzip.Writer)
	defer packers.Put(gz)
	gz.Reset(&b)
	if _, err := gz.Write(contents); err != nil {
		return nil, "", fmt.Errorf("compressing a message: %w", err)
	}
	if err := gz.Close(); err != nil {
		return nil, "", fmt.Errorf("compressing a message: %w", err)
	}
	hash := sha256.Sum256(contents)
	return b.Bytes(), hex.EncodeToString(hash[:]), nil
}

// unpack returns the plain bytes.
func unpack(packed []byte) ([]byte, error) {
	gz, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(gz)
}
