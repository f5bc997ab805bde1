// Package mailout gives one finished message to one transport and says what
// the answer means. It decides nothing about when to try again and keeps no
// record: those belong to its caller.
package mailout
