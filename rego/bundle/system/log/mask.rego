# Keeps evidence out of decision logs.
#
# OPA logs the whole input, and drops an event whose compressed size is above upload_size_limit_bytes (32 KiB by default): with its evidence,
# hardly any decision about images would be logged at all. What was decided, and on which digests, stays in the event.
package system.log

import rego.v1

# The module itself is asked.
mask contains path if {
	startswith(input.input.apiVersion, "image-integrity/")
	some path in {"/input/blobs", "/input/crls", "/input/ocsp"}
}

# A policy is asked, which takes evidence and asks the module.
mask contains path if {
	startswith(input.input.evidence.apiVersion, "image-integrity/")
	some path in {"/input/evidence/blobs", "/input/evidence/crls", "/input/evidence/ocsp"}
}
