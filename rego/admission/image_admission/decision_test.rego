package image_admission.decision_test

import rego.v1

hex := "1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e"

digest := sprintf("sha256:%s", [hex])

app := "r.example/app:1"

side := "r.example/side:1"

spec(images) := {"containers": [{"name": sprintf("c%d", [i]), "image": image} | some i, image in images]}

review(kind, object) := {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
	"uid": "u-1",
	"operation": "CREATE",
	"namespace": "shop",
	"kind": {"kind": kind},
	"object": object,
}}

pod(images) := review("Pod", {"spec": spec(images)})

settings := {
	"url": "https://evidence.example/v1/evidence",
	"caFile": "/ca.crt",
	"certificateFile": "/tls.crt",
	"keyFile": "/tls.key",
	"config": {"verifiers": [{"name": "v"}]},
}

document := {"apiVersion": "image-integrity/v1", "images": {app: {}, side: {}}, "blobs": {}}

good := {"isSuccess": true, "subject": sprintf("r.example/app@%s", [digest]), "code": "VERIFIED", "message": "", "remediation": ""}

bad := {
	"isSuccess": false,
	"subject": sprintf("r.example/app@%s", [digest]),
	"code": "SIGNATURE_NOT_FOUND",
	"message": "there is no signature",
	"remediation": "Sign the image.",
}

# The module's answer to the document.
verdict(images) := {
	"apiVersion": "image-integrity/v1",
	"requestId": crypto.sha256(json.marshal([document, settings.config])),
	"images": images,
}

# The server's answer.
server(_) := {"status_code": 200, "body": {"names": {}, "input": document}}

# Answers only to the request that is expected, so that a test with it sees what was asked.
strict_server(request) := server(request) if {
	request == {
		"method": "POST",
		"url": "https://evidence.example/v1/evidence",
		"headers": {"Content-Type": "application/json"},
		"body": {"images": [app, side], "namespace": "shop", "config": {"verifiers": [{"name": "v"}]}},
		"timeout": "8s",
		"max_retry_attempts": 0,
		"enable_redirect": false,
		"raise_error": false,
		"cache": false,
		"force_cache": false,
		"tls_ca_cert_file": "/ca.crt",
		"tls_client_cert_file": "/tls.crt",
		"tls_client_key_file": "/tls.key",
	}
}

unreachable(_) := {"status_code": 0, "error": {"code": "eval_http_send_network_error", "message": "connection refused"}}

refusing(_) := {"status_code": 403, "body": {"error": {"code": "CLIENT_UNKNOWN", "message": "who are you", "remediation": "Add yourself."}}}

busy(_) := {"status_code": 429, "body": "slow down"}

other_images(_) := {"status_code": 200, "body": {"names": {app: "r.example/good:1"}, "input": document}}

failed(_) := {"status_code": 500, "body": {"input": document}}

odd(_) := {"status_code": 200, "body": {"input": "yes"}}

never(_) := {"status_code": 500, "body": {"error": {"code": "ASKED", "message": "nobody should ask", "remediation": ""}}}

respond(request, config, answer) := answered if {
	answered := data.system.main with input as request
		with data.image_integrity_config as config
		with http.send as server
		with data.image_integrity.verify as answer
}

response(request, answer) := respond(request, settings, answer).response

messages(request, answer) := split(response(request, answer).status.message, "\n")

test_verified_images_are_allowed_in_a_whole_answer if {
	respond(pod([app, side]), settings, verdict({app: good, side: good})) == {
		"apiVersion": "admission.k8s.io/v1",
		"kind": "AdmissionReview",
		"response": {"uid": "u-1", "allowed": true},
	}
}

test_the_server_is_asked_once_for_all_images if {
	answered := data.system.main with input as pod([side, app, side])
		with data.image_integrity_config as settings
		with http.send as strict_server
		with data.image_integrity.verify as verdict({app: good, side: good})
	answered.response.allowed
}

test_an_image_that_is_not_verified_is_denied_with_code_and_digest_first if {
	response(pod([app, side]), verdict({app: good, side: bad})) == {"uid": "u-1", "allowed": false, "status": {
		"code": 403,
		"reason": "Forbidden",
		"message": sprintf("SIGNATURE_NOT_FOUND %s r.example/side:1 (container c1): there is no signature. Sign the image.", [digest]),
	}}
}

test_every_image_that_is_not_verified_is_told if count(messages(pod([app, side]), verdict({app: bad, side: bad}))) == 2

test_an_image_without_a_verdict_is_denied if {
	messages(pod([app, side]), verdict({app: good})) == ["NO_VERDICT r.example/side:1 (container c1): there is no verdict on it."]
}

test_success_is_the_boolean_true_only if {
	every value in ["true", 1, null, {}] {
		not response(pod([app]), verdict({app: object.union(good, {"isSuccess": value})})).allowed
	}
}

test_the_answer_to_another_request_denies if {
	not response(pod([app]), object.union(verdict({app: good}), {"requestId": "another"})).allowed
}

test_a_document_that_the_module_refuses_is_told if {
	refused := object.union(verdict({}), {"error": {"code": "INPUT_MALFORMED", "message": "no.", "remediation": "Send one."}})
	messages(pod([app]), refused) == ["INPUT_MALFORMED r.example/app:1 (container c0): no. Send one."]
}

test_the_names_that_the_server_gives_are_not_taken if {
	answered := data.system.main with input as pod([app])
		with data.image_integrity_config as settings
		with http.send as other_images
		with data.image_integrity.verify as verdict({"r.example/good:1": good})
	not answered.response.allowed
}

test_a_short_name_is_looked_up_in_full if {
	response(pod(["app"]), verdict({"docker.io/library/app:latest": good})).allowed
}

told(answered) := answered.response.status.message if not answered.response.allowed

test_a_server_that_is_down_denies if {
	answered := data.system.main with input as pod([app])
		with data.image_integrity_config as settings
		with http.send as unreachable
		with data.image_integrity.verify as verdict({app: good})
	startswith(told(answered), "NO_EVIDENCE r.example/app:1 (container c0): ")
	endswith(told(answered), "cannot be asked: connection refused. Try again.")
}

test_a_server_that_refuses_denies_with_its_reason if {
	answered := data.system.main with input as pod([app])
		with data.image_integrity_config as settings
		with http.send as refusing
		with data.image_integrity.verify as verdict({app: good})
	startswith(told(answered), "NO_EVIDENCE r.example/app:1 (container c0): ")
	endswith(told(answered), "CLIENT_UNKNOWN: who are you. Add yourself.")
}

test_a_server_that_is_busy_denies if {
	answered := data.system.main with input as pod([app])
		with data.image_integrity_config as settings
		with http.send as busy
		with data.image_integrity.verify as verdict({app: good})
	startswith(told(answered), "NO_EVIDENCE r.example/app:1 (container c0): ")
	endswith(told(answered), "answered with status 429. Try again.")
}

test_a_server_that_failed_denies_whatever_it_says if {
	answered := data.system.main with input as pod([app])
		with data.image_integrity_config as settings
		with http.send as failed
		with data.image_integrity.verify as verdict({app: good})
	endswith(told(answered), "answered with status 500. Try again.")
}

test_an_answer_without_a_document_denies if {
	answered := data.system.main with input as pod([app])
		with data.image_integrity_config as settings
		with http.send as odd
		with data.image_integrity.verify as verdict({app: good})
	startswith(told(answered), "NO_EVIDENCE r.example/app:1 (container c0): ")
	endswith(told(answered), "answered with status 200. Try again.")
}

test_a_bundle_without_a_configuration_denies if {
	answered := data.system.main with input as pod([app]) with http.send as server with data.image_integrity.verify as verdict({app: good})
	answered.response.uid == "u-1"
	not answered.response.allowed
}

test_a_configuration_that_lacks_something_denies if {
	every name in ["url", "caFile", "certificateFile", "keyFile", "config"] {
		not respond(pod([app]), object.remove(settings, [name]), verdict({app: good})).response.allowed
	}
}

test_what_is_no_review_is_denied if {
	every strange in [{}, null, "", {"request": {"kind": {"kind": "Pod"}}}] {
		not response(strange, verdict({})).allowed
	}
}

test_workloads_are_judged_by_their_templates if {
	template := {"template": {"spec": spec([app])}}
	every kind in ["DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"] {
		not response(review(kind, {"spec": template}), verdict({app: bad})).allowed
	}
	not response(review("CronJob", {"spec": {"jobTemplate": {"spec": template}}}), verdict({app: bad})).allowed
}

test_an_image_that_looks_like_a_key_is_denied if {
	spoofed := "[kube-system]r.example/app:1"
	startswith(messages(pod([spoofed]), verdict({spoofed: good}))[0], "REFERENCE_INVALID ")
}

test_an_image_by_tag_is_denied_where_digests_are_required if {
	required := object.union(settings, {"requireDigest": true})
	denied := respond(pod([app]), required, verdict({app: good})).response
	startswith(denied.status.message, "DIGEST_REQUIRED ")
	named := sprintf("r.example/app@%s", [digest])
	not respond(pod([app, named]), required, verdict({app: good, named: good})).response.allowed
	respond(pod([named]), required, verdict({named: good})).response.allowed
}

test_an_excluded_image_is_not_judged_and_told_beside_the_others if {
	excluding := object.union(settings, {"excludedImages": ["r.example/side:*"]})
	respond(pod([app, side]), excluding, verdict({app: good})).response.allowed
	denied := respond(pod([app, side]), excluding, verdict({app: bad})).response
	endswith(denied.status.message, "Not verified, since they are excluded: r.example/side:1.")
}

unasked(request, config) := answered.response if {
	answered := data.system.main with input as request
		with data.image_integrity_config as config
		with http.send as never
		with data.image_integrity.verify as {}
}

test_nobody_is_asked_where_nothing_is_to_be_judged if {
	unasked(review("ConfigMap", {}), settings).allowed
	unasked(pod([app]), object.union(settings, {"excludedNamespaces": ["shop"]})).allowed
	unasked(object.union(pod([app]), {"request": {"operation": "DELETE"}}), settings).allowed
	unchanged := {"request": {"operation": "UPDATE", "oldObject": {"spec": spec([app])}}}
	unasked(object.union(pod([app]), unchanged), settings).allowed
	not unasked(pod([app]), object.union(settings, {"excludedNamespaces": ["shop-2"]})).allowed
}

test_an_update_that_changes_an_image_is_judged if {
	changed := {"request": {"operation": "UPDATE", "oldObject": {"spec": spec([side])}}}
	not response(object.union(pod([app]), changed), verdict({app: bad})).allowed
}

test_warnings_let_a_pod_in_and_say_why if {
	warning := respond(pod([app]), object.union(settings, {"action": "warn"}), verdict({app: bad})).response
	warning.allowed
	startswith(warning.warnings[0], "SIGNATURE_NOT_FOUND ")
}

test_a_dry_run_lets_a_pod_in if {
	respond(pod([app]), object.union(settings, {"action": "dryrun"}), verdict({app: bad})).response == {"uid": "u-1", "allowed": true}
}

test_an_action_that_is_none_denies if {
	not respond(pod([app]), object.union(settings, {"action": "allow"}), verdict({app: bad})).response.allowed
}
