//go:build race

package daemon_test

// raceDetector: everything takes ten times as long.
const raceDetector = true
