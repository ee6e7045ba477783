# Here and not beside the rule, since the bundle owns only system.log below system.
package image_integrity.mask_test

import rego.v1

test_evidence_is_masked if {
	event := {"path": "image_integrity/verify", "input": {"apiVersion": "image-integrity/v1", "blobs": {}}}
	masked := data.system.log.mask with input as event
	masked == {"/input/blobs", "/input/crls", "/input/ocsp"}
}

test_inputs_of_other_policies_are_logged_whole if {
	masked := data.system.log.mask with input as {"path": "other/rule", "input": {"blobs": {}}}
	masked == set()
}

test_a_decision_without_an_input_is_logged if {
	masked := data.system.log.mask with input as {"path": "image_integrity/verify"}
	masked == set()
}
