# Here and not beside the rule, since the bundle owns only system.log below system.
package image_integrity.mask_test

import rego.v1

test_evidence_is_masked if {
	event := {"path": "image_integrity/verify", "input": {"apiVersion": "image-integrity/v1", "blobs": {}}}
	masked := data.system.log.mask with input as event
	masked == {"/input/blobs", "/input/crls", "/input/ocsp"}
}

test_evidence_in_the_input_of_a_policy_is_masked if {
	evidence := {"apiVersion": "image-integrity/v1", "blobs": {}}
	event := {"path": "acme/images/deny", "input": {"images": [], "evidence": evidence}}
	masked := data.system.log.mask with input as event
	masked == {"/input/evidence/blobs", "/input/evidence/crls", "/input/evidence/ocsp"}
}

test_evidence_of_others_is_logged if {
	event := {"path": "other/rule", "input": {"evidence": {"apiVersion": "other/v1", "blobs": {}}}}
	masked := data.system.log.mask with input as event
	masked == set()
}

test_inputs_of_other_policies_are_logged_whole if {
	masked := data.system.log.mask with input as {"path": "other/rule", "input": {"blobs": {}}}
	masked == set()
}

test_a_decision_without_an_input_is_logged if {
	masked := data.system.log.mask with input as {"path": "image_integrity/verify"}
	masked == set()
}
