package main

import (
	"errors"
	"strings"
)

// pairs is a repeatable flag KEY:VALUE. Its errors do not show the argument, which may hold a password.
type pairs map[string]string

// String implements flag.Value.
func (p pairs) String() string { return "" }

// Set implements flag.Value.
func (p pairs) Set(argument string) error {
	key, value, found := strings.Cut(argument, ":")
	if !found {
		return errors.New("there is no colon")
	}
	p[key] = value
	return nil
}

// set is a repeatable flag.
type set map[string]bool

// String implements flag.Value.
func (s set) String() string { return "" }

// Set implements flag.Value.
func (s set) Set(argument string) error {
	s[argument] = true
	return nil
}
