// controlplane is a Kubernetes control plane in one binary: kube-apiserver, kube-controller-manager and kubectl, by their first argument.
//
// One link instead of three, each of which takes minutes and gigabytes; and `go install` refuses these programs' own module, which replaces
// others by folders.
package main

import (
	"fmt"
	"os"
	_ "time/tzdata"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

var servers = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllermanager.NewControllerManagerCommand,
}

func main() {
	if len(os.Args) < 2 {
		fail("which program?")
	}
	os.Args = os.Args[1:]
	if os.Args[0] == "kubectl" {
		util.CheckErr(cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()))
		return
	}
	server, known := servers[os.Args[0]]
	if !known {
		fail("there is no program " + os.Args[0])
	}
	os.Exit(cli.Run(server()))
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, "controlplane:", message)
	os.Exit(2)
}
