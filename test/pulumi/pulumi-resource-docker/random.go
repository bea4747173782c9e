package main

import (
	"context"
	"crypto/rand"
	"math/big"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	special = "!@#$%&*()-_=+[]{}<>:?"
)

// A provider with the one resource of random that the stacks use. No release of Terraform's own can be had as a Go
// module.
func newRandom() *schema.Provider {
	return &schema.Provider{ResourcesMap: map[string]*schema.Resource{"random_password": randomPassword()}}
}

func randomPassword() *schema.Resource {
	nothing := func(context.Context, *schema.ResourceData, any) diag.Diagnostics { return nil }
	return &schema.Resource{
		CreateContext: createPassword,
		ReadContext:   nothing,
		DeleteContext: nothing,
		Schema: map[string]*schema.Schema{
			"length":  {Type: schema.TypeInt, Required: true, ForceNew: true},
			"special": {Type: schema.TypeBool, Optional: true, Default: true, ForceNew: true},
			"result":  {Type: schema.TypeString, Computed: true, Sensitive: true},
		},
	}
}

func createPassword(_ context.Context, data *schema.ResourceData, _ any) diag.Diagnostics {
	alphabet := letters
	if data.Get("special").(bool) {
		alphabet += special
	}
	result := make([]byte, data.Get("length").(int))
	for place := range result {
		index, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return diag.FromErr(err)
		}
		result[place] = alphabet[index.Int64()]
	}
	data.SetId("none")
	return diag.FromErr(data.Set("result", string(result)))
}
