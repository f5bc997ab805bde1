// Package testkit sets up small businesses for tests: a database in a temporary
// directory with an engine over it, facts typed into it as an administrator
// would, and a post office whose faults a test chooses. It knows the time only
// from the clock that a test gives it, so it works inside a synctest bubble.
package testkit
