package main

import (
	"fmt"
	"strings"
	"time"
)

// pairs is a repeatable flag KEY=VALUE.
type pairs map[string]string

// String implements flag.Value.
func (p pairs) String() string { return fmt.Sprint(map[string]string(p)) }

// Set implements flag.Value.
func (p pairs) Set(argument string) error {
	key, value, found := strings.Cut(argument, "=")
	if !found {
		return fmt.Errorf("%q is not KEY=VALUE", argument)
	}
	p[key] = value
	return nil
}

// moment is a flag of an RFC 3339 time.
type moment struct{ time.Time }

// String implements flag.Value.
func (m *moment) String() string {
	if m.IsZero() {
		return ""
	}
	return m.Format(time.RFC3339)
}

// Set implements flag.Value.
func (m *moment) Set(argument string) (err error) {
	m.Time, err = time.Parse(time.RFC3339, argument)
	return err
}
