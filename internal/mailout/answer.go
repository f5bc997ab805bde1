package mailout

import "slices"

// Outcome is what a try to deliver came to.
type Outcome string

// The outcomes. None of them says "delivered": no sender can know that.
const (
	// Accepted: the transport has taken the message over (2xx).
	Accepted Outcome = "accepted"
	// Deferred: not now (4xx, no connection, no space), and surely nothing left;
	// the same message may be tried again.
	Deferred Outcome = "deferred"
	// Rejected: the transport refuses this message for good (5xx).
	Rejected Outcome = "rejected"
	// Uncertain: the try broke off where nobody can know whether the message was
	// accepted.
	Uncertain Outcome = "uncertain"
)

// About is what a refusal is about.
type About string

// What refusals are about. The empty About goes with an accepted message.
const (
	AboutMailbox   About = "mailbox"   // the recipient
	AboutSender    About = "sender"    // us: reputation, content, authentication
	AboutMessage   About = "message"   // this message: its size or its form
	AboutTransport About = "transport" // none of them: the way between
)

// Answer is what a transport said to a message, for the record of the message.
type Answer struct {
	Outcome Outcome
	About   About
	// Away says that nobody's message would fare better now: the server cannot
	// be reached, does not greet, refuses connection, TLS or login, or says on a
	// fresh connection that it closes it (421). It goes with Deferred alone.
	Away bool
	// Code is the SMTP reply code and Enhanced the code of RFC 3463 ("5.1.1");
	// 0 and empty for transports that have none.
	Code     int
	Enhanced string
	// Text is one line: the server's own words, or where the message was put.
	Text string
}

// noSuchMailbox are the codes of RFC 3463 (and RFC 7505) that say of the address
// itself that no letter can ever reach anybody there. Left out on purpose: 5.1.0
// and 5.1.4, which say nothing definite; 5.1.2, which is about the domain, which
// may be back tomorrow (a lapsed registration, a fault in the server's own name
// service); 5.2.2, a full mailbox.
var noSuchMailbox = []string{
	"5.1.1",  // bad destination mailbox address
	"5.1.3",  // its syntax is invalid
	"5.1.6",  // moved, no forwarding address
	"5.1.10", // its domain says that it takes no mail (null MX)
	"5.2.1",  // disabled, takes no messages
}

// NoSuchMailbox reports whether the answer says that the recipient's mailbox
// does not exist, so that it is right never to write to that address again. Only
// a code that says so counts, never the words nor a 550 alone: many servers give
// that for reasons of their own.
func (a Answer) NoSuchMailbox() bool {
	return a.Outcome == Rejected && a.About == AboutMailbox && slices.Contains(noSuchMailbox, a.Enhanced)
}
