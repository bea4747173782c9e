// The providers of the Pulumi stacks. Pulumi's own are releases of programs that no Go module and no registry of
// packages has. pulumi-resource-docker is made as Pulumi makes its own: the Terraform provider under Pulumi's bridge,
// with the names of @pulumi/docker. The name that this program is called by says which of the two it is.
package main

import (
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

const version = "0.0.1"

func main() {
	info := docker()
	if filepath.Base(os.Args[0]) == "pulumi-resource-random" {
		info = random()
	}
	tfbridge.Main(info.Name, version, info, []byte("{}"))
}

func docker() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:    shim.NewProvider(provider.New(version)()),
		Name: "docker",
		// As Pulumi's own has them.
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_container": {
				Tok:                 "docker:index/container:Container",
				DeleteBeforeReplace: true,
				Fields: map[string]*tfbridge.SchemaInfo{
					"command":           {Name: "command"},
					"networks_advanced": {Name: "networksAdvanced"},
				},
			},
			"docker_image": {
				Tok:    "docker:index/remoteImage:RemoteImage",
				Fields: map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}},
			},
			"docker_network": {Tok: "docker:index/network:Network"},
			"docker_volume":  {Tok: "docker:index/volume:Volume"},
		},
	}
	// The names that the engine needs, of resources that are given none.
	info.SetAutonaming(255, "-")
	return info
}

func random() tfbridge.ProviderInfo {
	return tfbridge.ProviderInfo{
		P:    shim.NewProvider(newRandom()),
		Name: "random",
		Resources: map[string]*tfbridge.ResourceInfo{
			"random_password": {Tok: "random:index/randomPassword:RandomPassword"},
		},
	}
}
