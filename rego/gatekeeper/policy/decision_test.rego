package lib.image_integrity.decision_test

import data.lib.image_integrity.decision

hex := "1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e"

other_hex := "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

digest := sprintf("sha256:%s", [hex])

# The request of a Pod with these images.
pod(images) := {
	"operation": "CREATE",
	"kind": {"group": "", "version": "v1", "kind": "Pod"},
	"namespace": "shop",
	"object": {"spec": {"containers": [{"name": sprintf("c%d", [i]), "image": image} | some i, image in images]}},
}

app := "r.example/app:1"

side := "r.example/side:1"

app_key := "[shop]r.example/app:1"

side_key := "[shop]r.example/side:1"

good := {
	"version": "0.2.0",
	"isSuccess": true,
	"subject": sprintf("r.example/app@%s", [digest]),
	"code": "VERIFIED",
	"moduleDigest": hex,
	"verifierReports": [{
		"isSuccess": true,
		"extensions": {"Issuer": "CN=acme root,O=acme,C=US", "SN": `CN=build+CN=ci,OU=a\,b,O=acme,ST=WA,C=US`},
	}],
}

bad := {
	"isSuccess": false,
	"subject": sprintf("r.example/side@%s", [digest]),
	"code": "SIGNATURE_NOT_FOUND",
	"message": "there is no signature",
	"remediation": "Sign the image.",
	"verifierReports": [],
}

response(items) := {"responses": items, "errors": [], "status_code": 200, "system_error": ""}

denials(images, parameters, items) := decision.violations(pod(images), parameters, response(items))

codes(violations) := {violation.details.code | some violation in violations}

test_each_image_is_asked_once_with_its_namespace if decision.keys(pod([app, side, app]), {}) == [app_key, side_key]

test_the_requests_namespace_counts_over_the_objects if {
	review := object.union(pod([app]), {"object": {"metadata": {"namespace": "other"}}})
	decision.keys(review, {}) == [app_key]
}

test_an_audit_asks_with_the_objects_namespace if {
	review := object.union(object.remove(pod([app]), ["namespace", "operation"]), {"object": {"metadata": {"namespace": "shop"}}})
	decision.keys(review, {}) == [app_key]
	decision.violations(review, {}, response([[app_key, bad]])) != set()
}

test_an_object_without_a_namespace_is_denied_and_not_asked_about if {
	review := object.union(pod([app]), {"namespace": ""})
	decision.keys(review, {}) == []
	codes(decision.violations(review, {}, response([["[]r.example/app:1", good]]))) == {"NAMESPACE_UNKNOWN"}
}

test_a_positive_answer_for_every_image_is_no_violation if {
	denials([app, side], {}, [[app_key, good], [side_key, {"isSuccess": true}]]) == set()
}

test_a_negative_answer_is_told_with_code_and_digest_first if {
	some violation in denials([app, side], {}, [[app_key, good], [side_key, bad]])
	violation.msg == sprintf("SIGNATURE_NOT_FOUND %s r.example/side:1 (container c1): there is no signature. Sign the image.", [digest])
	violation.details == {
		"code": "SIGNATURE_NOT_FOUND",
		"digest": digest,
		"excludedImages": [],
		"image": side,
		"places": ["container c1"],
	}
}

test_an_image_without_an_answer_is_denied if {
	violations := denials([app, side], {}, [[app_key, good]])
	{violation.msg | some violation in violations} == {"NO_ANSWER r.example/side:1 (container c1): the provider gave no answer for this image. Try again."}
}

test_an_answer_under_another_key_is_none if {
	every key in ["r.example/app:1", "[other]r.example/app:1", "[shop]r.example/app:1 ", "[SHOP]r.example/app:1"] {
		codes(denials([app], {}, [[key, good]])) == {"NO_ANSWER"}
	}
}

test_an_error_for_an_image_denies_it if {
	asked := object.union(response([]), {"errors": [[app_key, "registry is down"]]})
	some violation in decision.violations(pod([app]), {}, asked)
	violation.msg == "PROVIDER_FAILED r.example/app:1 (container c0): registry is down"
}

test_an_error_beside_a_positive_answer_denies if {
	asked := object.union(response([[app_key, good]]), {"errors": [[app_key, "no"]]})
	codes(decision.violations(pod([app]), {}, asked)) == {"PROVIDER_FAILED"}
}

test_two_answers_to_one_key_deny if {
	codes(denials([app], {}, [[app_key, good], [app_key, bad]])) == {"ANSWER_INVALID"}
	codes(denials([app], {}, [[app_key, good], [app_key, good]])) == {"ANSWER_INVALID"}
}

test_success_is_the_boolean_true_only if {
	every odd in [null, "true", 1, [true], {}] {
		codes(denials([app], {}, [[app_key, object.union(good, {"isSuccess": odd})]])) == {"ANSWER_INVALID"}
	}
	codes(denials([app], {}, [[app_key, object.remove(good, ["isSuccess"])]])) == {"ANSWER_INVALID"}
}

test_no_shape_of_a_response_lets_an_image_in if {
	every odd in [
		null,
		{},
		[],
		"",
		true,
		{"responses": null, "errors": null, "status_code": 0, "system_error": ""},
		{"responses": true},
		{"responses": [[]], "errors": [[]]},
		{"responses": [[app_key]]},
		{"responses": {app_key: good}},
		response([[app_key, null]]),
		response([[app_key, "yes"]]),
		response([[app_key, [true]]]),
		response([[app_key, {"isSuccess": false, "code": 1, "message": 2, "remediation": {}}]]),
		response([[app_key, {"isSuccess": false, "verifierReports": [{"isSuccess": false, "message": 3}]}]]),
	] {
		violations := decision.violations(pod([app]), {}, odd)
		count(violations) == 1
	}
}

test_a_failed_request_is_told_with_its_error if {
	failed := {"responses": null, "errors": null, "status_code": 500, "system_error": "connection refused"}
	some violation in decision.violations(pod([app]), {}, failed)
	violation.msg == "NO_ANSWER r.example/app:1 (container c0): the provider gave no answer: connection refused. Try again."
}

test_an_image_left_out_of_a_partial_response_is_denied_alone if {
	partial := object.union(response([[app_key, good]]), {"system_error": "side: timed out"})
	violations := decision.violations(pod([app, side]), {}, partial)
	{violation.details.image | some violation in violations} == {side}
}

test_a_system_error_beside_answers_to_all_denies if {
	contradictory := object.union(response([[app_key, good]]), {"system_error": "I am not sure"})
	some violation in decision.violations(pod([app]), {}, contradictory)
	violation.msg == sprintf("PROVIDER_FAILED %s r.example/app:1 (container c0): the provider contradicts itself: I am not sure", [digest])
}

test_an_answer_without_a_code_is_told_by_its_reports if {
	reports := [{"isSuccess": false, "message": "signature is not produced by a trusted signer"}, {"isSuccess": true, "message": "fine"}]
	some violation in denials([app], {}, [[app_key, {"isSuccess": false, "verifierReports": reports}]])
	violation.msg == "NOT_VERIFIED r.example/app:1 (container c0): signature is not produced by a trusted signer"
}

test_an_answer_without_a_message_is_told_all_the_same if {
	every odd in [{}, {"message": ""}, {"message": "", "remediation": "Sign it."}, {"verifierReports": []}] {
		some violation in denials([app], {}, [[app_key, object.union({"isSuccess": false}, odd)]])
		violation.msg == "NOT_VERIFIED r.example/app:1 (container c0): the image is not verified."
	}
}

test_a_code_that_is_none_is_not_told_as_one if {
	codes(denials([app], {}, [[app_key, object.union(bad, {"code": "no code\n"})]])) == {"NOT_VERIFIED"}
}

test_a_verdict_of_a_named_module_is_accepted if {
	denials([app], {"moduleDigests": [other_hex, hex]}, [[app_key, good]]) == set()
	denials([app], {"moduleDigests": [digest]}, [[app_key, good]]) == set()
}

test_a_verdict_of_another_module_is_denied if {
	codes(denials([app], {"moduleDigests": [other_hex]}, [[app_key, good]])) == {"MODULE_MISMATCH"}
}

test_a_verdict_without_a_module_is_denied_where_modules_are_named if {
	codes(denials([app], {"moduleDigests": [hex]}, [[app_key, object.remove(good, ["moduleDigest"])]])) == {"MODULE_MISMATCH"}
}

test_what_is_no_digest_names_no_module if {
	every odd in ["", "sha256:", "x", null, 1] {
		codes(denials([app], {"moduleDigests": [odd]}, [[app_key, object.union(good, {"moduleDigest": odd})]])) == {"MODULE_MISMATCH"}
	}
	codes(denials([app], {"moduleDigests": null}, [[app_key, good]])) == {"MODULE_MISMATCH"}
}

test_an_image_by_tag_is_denied_where_digests_are_required if {
	codes(denials([app], {"requireDigest": true}, [[app_key, good]])) == {"DIGEST_REQUIRED"}
	decision.keys(pod([app]), {"requireDigest": true}) == []
}

test_an_image_by_digest_is_asked_where_digests_are_required if {
	named := sprintf("r.example/app:1@%s", [digest])
	denials([named], {"requireDigest": true}, [[sprintf("[shop]%s", [named]), good]]) == set()
}

test_an_answer_about_another_digest_is_denied if {
	named := sprintf("r.example/app@sha256:%s", [other_hex])
	codes(denials([named], {}, [[sprintf("[shop]%s", [named]), good]])) == {"ANSWER_INVALID"}
}

test_a_signer_with_the_required_attributes_is_accepted if {
	every identity in [
		"x509.subject: C=US, ST=WA, O=acme",
		"x509.subject:O=acme",
		`x509.subject: OU=a\,b`,
		"x509.issuer: CN=acme root, O=acme",
	] {
		denials([app], {"requiredIdentity": identity}, [[app_key, good]]) == set()
	}
}

test_a_signer_without_a_required_attribute_is_denied if {
	every identity in [
		"x509.subject: C=US, O=evil",
		"x509.subject: O=acm",
		"x509.subject: o=acme",
		"x509.issuer: CN=other root",
		"x509.subject:",
		"O=acme",
		"x509.subject: OU=b",
	] {
		codes(denials([app], {"requiredIdentity": identity}, [[app_key, good]])) == {"IDENTITY_REQUIRED"}
	}
}

test_an_attribute_that_a_certificate_has_twice_satisfies_nothing if {
	codes(denials([app], {"requiredIdentity": "x509.subject: CN=build"}, [[app_key, good]])) == {"IDENTITY_REQUIRED"}
}

test_a_report_that_is_not_good_says_nothing_about_the_signer if {
	failed := json.patch(good, [{"op": "replace", "path": "/verifierReports/0/isSuccess", "value": false}])
	codes(denials([app], {"requiredIdentity": "x509.subject: O=acme"}, [[app_key, failed]])) == {"IDENTITY_REQUIRED"}
}

test_an_answer_without_a_signer_is_denied_where_one_is_required if {
	every odd in [[], null, [{"isSuccess": true}], [{"isSuccess": true, "extensions": {"SN": 1}}]] {
		violations := denials([app], {"requiredIdentity": "x509.subject: O=acme"}, [[app_key, object.union(good, {"verifierReports": odd})]])
		count(violations) == 1
	}
}

test_an_excluded_image_is_not_asked_about_and_told_beside_the_others if {
	parameters := {"excludedImages": ["r.example/side:*"]}
	decision.keys(pod([app, side]), parameters) == [app_key]
	denials([app, side], parameters, [[app_key, good]]) == set()
	some violation in denials([app, side], parameters, [[app_key, bad]])
	endswith(violation.msg, "Not verified, since they are excluded: r.example/side:1.")
	violation.details.excludedImages == [side]
}

test_an_excluded_namespace_has_no_violations if {
	parameters := {"excludedNamespaces": ["sh*"]}
	decision.keys(pod([app]), parameters) == []
	denials([app], parameters, []) == set()
}

test_another_namespace_has_violations if {
	codes(denials([app], {"excludedNamespaces": ["default", "shop-2"]}, [])) == {"NO_ANSWER"}
}

test_exemptions_that_cannot_be_read_exempt_nothing if {
	every odd in [null, "r.example/*", 1, {}] {
		codes(denials([app], {"excludedImages": odd, "excludedNamespaces": odd}, [])) == {"NO_ANSWER"}
	}
}

test_an_image_that_looks_like_a_key_is_denied_and_not_asked_about if {
	spoofed := "[kube-system]r.example/app:1"
	decision.keys(pod([spoofed]), {}) == []
	codes(denials([spoofed], {}, [[sprintf("[shop]%s", [spoofed]), good], [spoofed, good]])) == {"REFERENCE_INVALID"}
}

test_a_pod_without_an_image_is_denied if codes(denials([""], {}, [["[shop]", good]])) == {"REFERENCE_INVALID"}

test_a_name_writes_no_line_of_its_own_into_a_message if {
	some violation in denials(["r.example/app\nallowed"], {}, [])
	not contains(violation.msg, "\n")
}

test_an_update_that_changes_one_of_several_images_judges_all if {
	review := object.union(pod([app, side]), {"operation": "UPDATE", "oldObject": pod([app, app]).object})
	codes(decision.violations(review, {}, response([[app_key, bad], [side_key, good]]))) == {"SIGNATURE_NOT_FOUND"}
}

test_an_update_that_changes_no_image_is_not_judged if {
	review := object.union(pod([app]), {"operation": "UPDATE", "oldObject": pod([app]).object})
	decision.keys(review, {}) == []
	decision.violations(review, {}, response([])) == set()
}

test_a_deletion_is_not_judged if decision.violations(object.union(pod([app]), {"operation": "DELETE"}), {}, response([])) == set()

test_an_ephemeral_container_is_judged_by_its_subresource if {
	review := object.union(pod([app]), {
		"operation": "UPDATE",
		"subResource": "ephemeralcontainers",
		"oldObject": pod([app]).object,
		"object": {"spec": {"ephemeralContainers": [{"name": "debug", "image": side}]}},
	})
	some violation in decision.violations(review, {}, response([[app_key, good], [side_key, bad]]))
	violation.details.places == ["ephemeral container debug"]
}

test_objects_of_other_kinds_have_no_violations if {
	decision.violations(object.union(pod([app]), {"kind": {"kind": "ConfigMap"}}), {}, response([])) == set()
}
