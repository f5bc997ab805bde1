// Package realmail runs real mail servers for tests: a Postfix that takes
// letters as a provider does, with a login and TLS, and a Dovecot that holds the
// mailboxes behind it. Both are private to the test: their files are in a
// temporary directory, their ports on the loopback interface, and both end with
// the test.
//
// What Postfix answers depends on how the recipient's address begins: "hard" is
// refused with 550 5.1.1, "soft" put off with 450 4.2.1, "spam" refused with
// 554 5.7.1, "grey" put off with 451 4.7.1. Every other address has a mailbox.
package realmail
