package image_admission.evidence_test

import rego.v1

import data.image_admission.evidence

server(_) := {"status_code": 200}

settings := {"url": "https://evidence.example", "caFile": "/a", "certificateFile": "/b", "keyFile": "/c", "config": {}}

test_images_are_asked_about if evidence.fetch(settings, "shop", {"r.example/app:1"}) == {"status_code": 200} with http.send as server

test_no_images_are_not_asked_about if not evidence.fetch(settings, "shop", set()) with http.send as server

patient(request) := {"status_code": 200} if request.timeout == "2s"

test_the_time_to_wait_is_configured if {
	waiting := object.union(settings, {"timeout": "2s"})
	evidence.fetch(waiting, "shop", {"r.example/app:1"}) == {"status_code": 200} with http.send as patient
}
