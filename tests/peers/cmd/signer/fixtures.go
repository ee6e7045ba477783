package main

import (
	"context"
	"errors"
	"flag"
	"path/filepath"

	"image-integrity.test/peers/internal/fixtures"
)

func fixturesCommand(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("fixtures", flag.ExitOnError)
	out := flags.String("out", "", "folder of the fixtures; its notation-go and demo are rewritten")
	// ExitOnError leaves no error to return.
	_ = flags.Parse(arguments)
	if *out == "" {
		return errors.New("-out is missing")
	}
	if err := fixtures.WriteDemo(ctx, filepath.Join(*out, "demo")); err != nil {
		return err
	}
	return fixtures.Write(ctx, filepath.Join(*out, "notation-go"))
}
