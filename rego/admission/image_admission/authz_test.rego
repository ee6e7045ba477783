package image_admission.authz_test

import rego.v1

allowed(method, path) if data.system.authz.allow with input as {"method": method, "path": path}

test_the_decision_and_the_health_may_be_asked_for if {
	allowed("POST", ["v0", "data", "system", "main"])
	allowed("POST", [""])
	allowed("GET", ["health"])
	allowed("GET", ["metrics"])
}

test_nothing_may_be_read_or_changed if {
	not allowed("PUT", ["v1", "policies", "x"])
	not allowed("PUT", ["v0", "data", "system", "main"])
	not allowed("PATCH", ["v1", "data"])
	not allowed("GET", ["v1", "data"])
	not allowed("POST", ["v1", "data", "image_integrity_config"])
	not allowed("GET", [""])
}
