# What OPA's own API may be used for, with `opa run --authorization=basic`: the decision, and its health. Nothing can be read, and nothing put beside the
# bundle, where it could stand in for a rule of it.
package system.authz

import rego.v1

default allow := false

allow if {
	input.method == "POST"
	input.path in {[""], ["v0", "data", "system", "main"]}
}

allow if {
	input.method == "GET"
	input.path in {["health"], ["metrics"]}
}
