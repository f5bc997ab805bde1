package testkit

import "time"

// Stage is a place in an SMTP dialogue at which a Sink asks its script.
type Stage string

// The stages, in the order of a dialogue. At StageContents nothing is answered:
// the 354 is out and the contents have not been read, so a script can only hang,
// delay or drop there.
const (
	StageGreeting Stage = "greeting"
	StageEHLO     Stage = "ehlo"
	StageSTARTTLS Stage = "starttls"
	StageAuth     Stage = "auth"
	StageMail     Stage = "mail"
	StageRcpt     Stage = "rcpt"
	StageData     Stage = "data"
	StageContents Stage = "contents"
	StageDot      Stage = "dot"
	StageRset     Stage = "rset"
	StageNoop     Stage = "noop"
	StageQuit     Stage = "quit"
)

// Dialogue is what a script knows of the connection that asks.
type Dialogue struct {
	Conn    int    // the number of the connection at this sink, from 1
	Message int    // the number of the message on this connection, from 1 (0 before the first MAIL)
	From    string // the sender, from MAIL on
	To      string // the recipient, from RCPT on
	User    string // who logged in; at StageAuth who tries to
	TLS     bool
	Raw     []byte // the contents, at StageDot only; not to be kept
}

// Drop says whether a connection ends with a reply.
type Drop int

// The ways to end a connection.
const (
	NoDrop     Drop = iota
	DropBefore      // close it instead of replying
	DropAfter       // reply, then close it
)

// Reply is what a script wants at a stage. The zero Reply lets the sink answer
// as a mail server does that has nothing to object.
type Reply struct {
	// Line is the reply, such as "550 5.1.1 no such user"; lines of one reply
	// are parted by CRLF. Empty is the usual reply.
	Line string
	Drop Drop
	// Keep counts the letter as accepted at StageDot, whatever is replied.
	Keep bool
	// Hang holds the reply until the channel is closed or the sink stops. A sink
	// started outside a synctest bubble needs a channel made outside it.
	Hang <-chan struct{}
	// Delay holds the reply for so long.
	Delay time.Duration
}

// SinkTLS says how a sink speaks TLS.
type SinkTLS string

// The modes of TLS; the empty one is none.
const (
	SinkSTARTTLS SinkTLS = "starttls"
	SinkImplicit SinkTLS = "implicit"
)

// SinkOptions say what kind of mail server a Sink is.
type SinkOptions struct {
	// Extensions are the lines of the EHLO reply besides STARTTLS and AUTH. nil
	// is PIPELINING, 8BITMIME, ENHANCEDSTATUSCODES and SIZE; an empty list none.
	Extensions []string
	TLS        SinkTLS
	// CertName is the name (or the IP address) in the certificate; empty is the
	// sink's own address and localhost.
	CertName string
	// CertExpired makes a certificate that ended long ago.
	CertExpired bool
	// Users are passwords (for XOAUTH2 access tokens) by user. Where there are
	// any, AUTH is offered (with TLS only inside it) and MAIL demands it.
	Users map[string]string
	// Mechanisms are those offered; nil is PLAIN and LOGIN. XOAUTH2 and
	// SCRAM-SHA-256 work too; another one may be offered and is not known.
	Mechanisms []string
	// RTT is the time before replies go out, one for all replies to commands
	// that came together.
	RTT time.Duration
	// Script is asked at every stage; it must be safe for parallel calls.
	Script func(Stage, Dialogue) Reply
	// LowMemory keeps hash and Message-ID of a letter and not its bytes.
	LowMemory bool
}
