package compose

import "strings"

// slot is one of the values of a page that differ from letter to letter. All
// others are the same in every letter of a language.
type slot int

const (
	noSlot slot = iota - 1
	slotSubject
	slotPreheader
	slotBody
	slotUnsubscribe
	slotManage
	slotCancel
	slots
)

// slotValues are the values of one letter; that of slotBody is HTML.
type slotValues [slots]string

// probes are values that can be found again in an executed layout. They hold
// characters that HTML writes otherwise in a script, in a style or in an attribute
// without quotes than in text and in quotes; those of links have such that stand
// in a plain address.
var probes = slotValues{
	slotSubject:     "proof of subject <\"'&`=+/\\ é\u2028>",
	slotPreheader:   "proof of preheader <\"'&`=+/\\ é\u2028>",
	slotBody:        "proof of body <p title=\"'\">&amp;`=+/\\ é\u2028</p>",
	slotUnsubscribe: "https://proof.example/unsubscribe?a=b,c&d=%20+e;f_~$@1#g",
	slotManage:      "https://proof.example/manage?a=b,c&d=%20+e;f_~$@1#g",
	slotCancel:      "https://proof.example/cancel?a=b,c&d=%20+e;f_~$@1#g",
}

// plainProbes end in a word that stands in the page wherever the value does: no
// way of escaping changes it.
var plainProbes = slotValues{
	slotSubject: "proofofsubject", slotPreheader: "proofofpreheader", slotBody: "proofofbody", slotUnsubscribe: "https://proof.example/proofofunsubscribe",
	slotManage: "https://proof.example/proofofmanage", slotCancel: "https://proof.example/proofofcancel",
}

// withheld is what html/template writes in place of a value that may not stand
// where it stands.
const withheld = "ZgotmplZ"

// frame is a page without the values of its letter: what the layout writes
// around them for one language, where the same of them are empty. Most of a page
// is that, so it is worth executing the layout once instead of for every letter.
type frame struct {
	// pieces is nil where only the layout itself can write the page.
	pieces []framePiece
}

// framePiece is text as it is and the value that follows, if any.
type framePiece struct {
	text  string
	value slot
}

type frameKey struct {
	locale string
	filled [slots]bool
}

// newFrame executes a layout with probes for values and takes the result apart.
// The frame has no pieces unless every probe stands wherever its value is printed,
// escaped for text or for quotes.
func newFrame(execute func(slotValues) (string, error), key frameKey) *frame {
	var given, plain, written slotValues
	for s := range slots {
		if !key.filled[s] {
			continue
		}
		given[s], plain[s], written[s] = probes[s], plainProbes[s], probes[s]
		if s != slotBody {
			written[s] = string(appendEscaped(nil, probes[s], true))
		}
	}
	page, err := execute(given)
	if err != nil || strings.Contains(page, withheld) {
		return &frame{}
	}
	plainPage, err := execute(plain)
	if err != nil {
		return &frame{}
	}
	for s := range slots {
		word := plain[s][strings.LastIndexByte(plain[s], '/')+1:]
		if word != "" && strings.Count(page, written[s]) != strings.Count(plainPage, word) {
			return &frame{}
		}
	}
	out := &frame{}
	for {
		at, next := len(page), noSlot
		for s := range slots {
			if i := strings.Index(page, written[s]); written[s] != "" && i >= 0 && i < at {
				at, next = i, s
			}
		}
		out.pieces = append(out.pieces, framePiece{page[:at], next})
		if next == noSlot {
			return out
		}
		page = page[at+len(written[next]):]
	}
}

// appendPage appends the page of one letter. Its body is HTML and comes apart from
// the other values.
func (k *frame) appendPage(b []byte, values *slotValues, body []byte) []byte {
	for _, piece := range k.pieces {
		b = append(b, piece.text...)
		switch piece.value {
		case noSlot:
		case slotBody:
			b = append(b, body...)
		default:
			b = appendEscaped(b, values[piece.value], true)
		}
	}
	return b
}

// plainURL reports whether an address is one that html/template writes into a link
// as it is but for the escapes of HTML.
func plainURL(s string) bool {
	if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "mailto:") {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~/:?#@$&,;=+", c) >= 0:
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
		default:
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
