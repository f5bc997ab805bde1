package store

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// packer compresses the bytes of messages. It keeps its tables between uses,
// which cost more than a message.
type packer struct {
	gz *gzip.Writer
}

// pack returns the compressed bytes and the SHA-256 of the plain ones, in hex.
func (p *packer) pack(contents []byte) (packed []byte, sum string, err error) {
	var b bytes.Buffer
	if p.gz == nil {
		p.gz = gzip.NewWriter(&b)
	} else {
		p.gz.Reset(&b)
	}
	if _, err := p.gz.Write(contents); err != nil {
		return nil, "", fmt.Errorf("compressing a message: %w", err)
	}
	if err := p.gz.Close(); err != nil {
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
