package ingest

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// charset is how the characters of a file are written as bytes.
type charset int

const (
	charsetUTF8 charset = iota
	charsetUTF8BOM
	charsetUTF16BE
	charsetUTF16LE
	charsetWindows1252
)

var (
	bomUTF8    = []byte{0xEF, 0xBB, 0xBF}
	bomUTF16BE = []byte{0xFE, 0xFF}
	bomUTF16LE = []byte{0xFF, 0xFE}
	magicZip   = []byte("PK\x03\x04")
	magicOLE   = []byte{0xD0, 0xCF, 0x11, 0xE0}
)

// detectEncoding reads all of r and says how it is encoded, or in a sentence
// why it cannot be a CSV file. Bytes that are not valid UTF-8 anywhere make a
// file without a byte order mark Windows-1252, which accepts every byte.
func detectEncoding(r io.Reader) (enc charset, refusal string, err error) {
	buf := make([]byte, 0, 64<<10)
	var total int64
	for first := true; ; first = false {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		atEnd := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !atEnd {
			return 0, "", err
		}
		total += int64(n)
		if first {
			if enc, refusal = encodingOfStart(buf); refusal != "" {
				return 0, refusal, nil
			}
		}
		switch {
		case enc == charsetUTF16BE || enc == charsetUTF16LE:
			buf = buf[:0]
			if atEnd && total%2 != 0 {
				return 0, "the file breaks off in the middle of a character (UTF-16); export it again", nil
			}
		case bytes.IndexByte(buf, 0) >= 0:
			return 0, "the file holds NUL bytes, so it is no CSV text; export it as CSV in UTF-8", nil
		default:
			rest, ok := validPrefix(buf, atEnd)
			if !ok && enc == charsetUTF8BOM {
				return 0, "the file starts with the mark of UTF-8, but is not UTF-8 throughout; export it again", nil
			}
			if !ok {
				enc = charsetWindows1252
				rest = nil
			}
			buf = buf[:copy(buf[:cap(buf)], rest)]
		}
		if enc == charsetWindows1252 {
			// Every further byte is a character; only NUL is still looked for.
			buf = buf[:0]
		}
		if atEnd {
			return enc, "", nil
		}
	}
}

// encodingOfStart reads the byte order mark, and the marks of files that are
// spreadsheets and no CSV.
func encodingOfStart(start []byte) (enc charset, refusal string) {
	switch {
	case bytes.HasPrefix(start, bomUTF8):
		return charsetUTF8BOM, ""
	case bytes.HasPrefix(start, bomUTF16BE):
		return charsetUTF16BE, ""
	case bytes.HasPrefix(start, bomUTF16LE):
		return charsetUTF16LE, ""
	case bytes.HasPrefix(start, magicZip), bytes.HasPrefix(start, magicOLE):
		return 0, "this is a spreadsheet or an archive, not a CSV file; export the sheet as CSV"
	}
	return charsetUTF8, ""
}

// validPrefix checks buf as UTF-8 and returns the bytes of a character that
// the end of buf cut through. With atEnd such a character is a fault as well.
func validPrefix(buf []byte, atEnd bool) (rest []byte, ok bool) {
	cut := len(buf)
	for back := 1; back <= utf8.UTFMax-1 && back <= len(buf); back++ {
		if b := buf[len(buf)-back]; utf8.RuneStart(b) {
			if !utf8.FullRune(buf[len(buf)-back:]) {
				cut = len(buf) - back
			}
			break
		}
	}
	if !utf8.Valid(buf[:cut]) || atEnd && cut < len(buf) {
		return nil, false
	}
	return buf[cut:], true
}

// decode returns r as UTF-8 without a byte order mark.
func decode(r io.Reader, enc charset) io.Reader {
	switch enc {
	case charsetUTF8BOM:
		return transform.NewReader(r, unicode.UTF8BOM.NewDecoder())
	case charsetUTF16BE:
		return transform.NewReader(r, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder())
	case charsetUTF16LE:
		return transform.NewReader(r, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder())
	case charsetWindows1252:
		return transform.NewReader(r, charmap.Windows1252.NewDecoder())
	}
	return r
}
