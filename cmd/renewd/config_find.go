package main

import (
	"errors"
	"os"
)

// configPlaces are where a configuration is looked for when nobody names one.
var configPlaces = []string{"config.toml", "/etc/renewd/config.toml"}

// errNoConfig is a sentence for who has no configuration yet.
var errNoConfig = errors.New("there is no configuration: neither ./config.toml nor /etc/renewd/config.toml exists; " +
	"write one with `renewd init`, or name one with --config FILE or $RENEWD_CONFIG")

// findConfig returns the path of the configuration: the one named by the flag,
// else by $RENEWD_CONFIG, else the first of configPlaces that exists. A named
// one need not exist: the fault is told when it is read.
func findConfig(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	if named = os.Getenv("RENEWD_CONFIG"); named != "" {
		return named, nil
	}
	for _, path := range configPlaces {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errNoConfig
}
