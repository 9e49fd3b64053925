package service

import (
	"context"
	"io"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/ops"
)

// Healthcheck is the healthcheck subcommand of a service.
func Healthcheck(ctx context.Context, service string, args []string, getenv cli.Getenv, stdout io.Writer) error {
	fs := cli.NewFlags()
	listen := fs.String("listen", ":8080", "`address` that the service serves")
	if _, err := cli.Parse(cli.Command{
		Name: service + " healthcheck",
		Args: "[flags]",
		About: "Asks the " + service + ` on this machine with GET /healthz whether it is alive. The exit code is 0 if it
is. This is for container engines whose probes run a command.`,
		Examples: service + " healthcheck\n" + service + " healthcheck --listen :9090",
		Flags:    fs,
	}, args, getenv, stdout); err != nil {
		return err
	}
	return ops.Healthcheck(ctx, *listen)
}
