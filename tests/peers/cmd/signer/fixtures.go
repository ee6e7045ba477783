package main

import (
	"context"
	"errors"
	"flag"

	"image-integrity.test/peers/internal/fixtures"
)

func fixturesCommand(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("fixtures", flag.ExitOnError)
	images := flags.String("notation-go", "", "folder to rewrite with one image for each case")
	demo := flags.String("demo", "", "folder to rewrite with the demo's images; its aks-verify-config.yaml is read")
	// ExitOnError leaves no error to return.
	_ = flags.Parse(arguments)
	if *images == "" && *demo == "" {
		return errors.New("-notation-go or -demo is missing")
	}
	if *demo != "" {
		if err := fixtures.WriteDemo(ctx, *demo); err != nil {
			return err
		}
	}
	if *images == "" {
		return nil
	}
	return fixtures.Write(ctx, *images)
}
