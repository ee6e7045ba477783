// Command signer makes, pushes, signs and verifies images with the official Go libraries of the Notary Project and of ORAS.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// errNotVerified makes verify exit with 1 where other errors exit with 2.
var errNotVerified = errors.New("not verified")

const usage = `usage: signer COMMAND [flags]

commands:
  fixtures  write the signed test images and their keys
  push      push a small image, or one of an OCI layout, to a registry
  sign      sign an image of a registry and push the signature as a referrer
  verify    verify an image with notation-go and print the outcome as JSON

"signer COMMAND -h" lists a command's flags. Exit status: 0 done, 1 not verified, 2 error.`

func main() {
	commands := map[string]func(context.Context, []string) error{
		"fixtures": fixturesCommand,
		"push":     pushCommand,
		"sign":     signCommand,
		"verify":   verifyCommand,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	err := commands[os.Args[1]](context.Background(), os.Args[2:])
	if errors.Is(err, errNotVerified) {
		os.Exit(1)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "signer %s: %v\n", os.Args[1], err)
		os.Exit(2)
	}
}
