package image_integrity.admission_test

import data.image_integrity.admission
import rego.v1

evidence := {"apiVersion": "image-integrity/v1", "images": {"r.example/a:1": {}, "r.example/b:1": {}}}

config := {"verifiers": [{"name": "v"}]}

asked := admission.request(evidence, config)

answer(images) := {"apiVersion": "image-integrity/v1", "requestId": asked.requestId, "images": images}

good := {"isSuccess": true, "code": "VERIFIED", "message": "verified", "remediation": "Nothing to do."}

bad := {"isSuccess": false, "code": "SIGNATURE_NOT_FOUND", "message": "no signature", "remediation": "Sign the image."}

test_the_policy_answers_for_configuration_and_time if {
	hostile := object.union(evidence, {"config": {"verifiers": [], "more": 1}, "now": "1999-01-01T00:00:00Z", "requestId": "x"})
	made := admission.request(hostile, config) with time.now_ns as 1795435200000000000
	made.config == config
	made.now == "2026-11-23T12:00:00Z"
	made.requestId != "x"
	made.images == evidence.images
}

test_a_request_of_other_evidence_or_configuration_has_another_id if {
	ids := {
		asked.requestId,
		admission.request(object.union(evidence, {"blobs": {}}), config).requestId,
		admission.request(evidence, {}).requestId,
	}
	count(ids) == 3
}

test_verified_images_are_not_denied if {
	verdict := answer({"r.example/a:1": good, "r.example/b:1": good})
	denials := admission.denials(asked, {"r.example/a:1", "r.example/b:1"}) with data.image_integrity.verify as verdict
	denials == set()
}

test_the_message_says_what_and_what_to_do if {
	verdict := answer({"r.example/a:1": good, "r.example/b:1": bad})
	denials := admission.denials(asked, {"r.example/a:1", "r.example/b:1"}) with data.image_integrity.verify as verdict
	denials == {"r.example/b:1: SIGNATURE_NOT_FOUND: no signature. Sign the image."}
}

test_an_image_without_a_verdict_is_denied if {
	denials := admission.denials(asked, ["r.example/b:1"]) with data.image_integrity.verify as answer({"r.example/a:1": good})
	denials == {"r.example/b:1: there is no verdict on this image. Ask about all images in one request."}
}

test_the_answer_to_another_request_denies if {
	stale := object.union(answer({"r.example/a:1": good}), {"requestId": "another"})
	denials := admission.denials(asked, ["r.example/a:1"]) with data.image_integrity.verify as stale
	count(denials) == 1
}

test_an_answer_of_another_contract_denies if {
	other := object.union(answer({"r.example/a:1": good}), {"apiVersion": "image-integrity/v2"})
	denials := admission.denials(asked, ["r.example/a:1"]) with data.image_integrity.verify as other
	count(denials) == 1
}

test_success_is_the_boolean_true_only if {
	odd := answer({"r.example/a:1": object.union(good, {"isSuccess": "true"})})
	denials := admission.denials(asked, ["r.example/a:1"]) with data.image_integrity.verify as odd
	count(denials) == 1
}

test_a_refused_document_says_why if {
	refused := object.union(answer({}), {"error": {"code": "INPUT_MALFORMED", "message": "no", "remediation": "Send one."}})
	denials := admission.denials(asked, ["r.example/a:1"]) with data.image_integrity.verify as refused
	denials == {"r.example/a:1: INPUT_MALFORMED: no. Send one."}
}

test_no_request_denies_every_image if {
	denials := admission.denials({}, ["r.example/a:1", "r.example/b:1"])
	count(denials) == 2
}
