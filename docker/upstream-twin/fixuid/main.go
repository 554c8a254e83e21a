// Stands in for boxboat's fixuid, whose module not every module proxy serves: a program of the same place, owner and
// mode, with the same configuration and mark, for a user whom the image knows. It changes no user's id.
package main

import (
	"fmt"
	"os"
	"os/user"
)

const (
	configuration = "/etc/fixuid/config.yml"
	mark          = "/run/fixuid.ran"
)

func main() {
	if os.Geteuid() != 0 {
		fail("does not run as root: set its setuid bit, and allow new privileges")
	}
	if _, err := os.Stat(configuration); err != nil {
		fail("has no configuration: " + err.Error())
	}
	if _, err := os.Stat(mark); err != nil {
		if err := os.WriteFile(mark, nil, 0o600); err != nil {
			fail("cannot leave its mark: " + err.Error())
		}
	}
	if known, err := user.LookupId(fmt.Sprint(os.Getuid())); err == nil && os.Getenv("HOME") == "/" {
		fmt.Printf("export HOME=%q\n", known.HomeDir)
	}
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, "fixuid:", why)
	os.Exit(1)
}
