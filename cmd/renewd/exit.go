package main

import (
	"errors"
	"fmt"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2  // wrong usage or configuration
	exitNeedsPerson = 3  // done, but something needs a person
	exitCannotServe = 78 // the daemon cannot start with this configuration or database
)

// exitError is an error that chooses the exit code.
type exitError struct {
	code int
	err  error
}

// Error returns the sentence for the user.
func (e *exitError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *exitError) Unwrap() error { return e.err }

// usageError is wrong usage or a wrong configuration.
func usageError(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// needsPerson says what was left for a person after the work was done.
func needsPerson(format string, args ...any) error {
	return &exitError{exitNeedsPerson, fmt.Errorf(format, args...)}
}

// cannotServe says why the daemon cannot start; it must not be started again
// before a person has changed something.
func cannotServe(format string, args ...any) error {
	return &exitError{exitCannotServe, fmt.Errorf(format, args...)}
}

// errTold ends a command whose faults have been shown already.
var errTold = errors.New("")

// exitCode is the code for an error that a command returned.
func exitCode(err error) int {
	var e *exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &e):
		return e.code
	}
	return exitFailed
}
