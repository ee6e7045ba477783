# Run with capabilities in which external_data is a builtin, since it is Gatekeeper's alone.
package imageintegrity_test

import data.imageintegrity

review := {
	"operation": "CREATE",
	"kind": {"group": "", "version": "v1", "kind": "Pod"},
	"namespace": "shop",
	"object": {"spec": {"containers": [{"name": "app", "image": "r.example/app:1"}]}},
}

verified(request) := {
	"responses": [[key, {"isSuccess": true}] | some key in request.keys],
	"errors": [],
	"status_code": 200,
	"system_error": "",
}

# Only one provider answers.
named(request) := verified(request) if request.provider == "other-provider"

silent(_) := {"responses": [], "errors": [], "status_code": 200, "system_error": ""}

failing(_) := {} if false

test_a_verified_image_is_no_violation if {
	found := imageintegrity.violation with input as {"review": review, "parameters": {}} with external_data as verified
	found == set()
}

test_the_constraint_names_the_provider if {
	found := imageintegrity.violation with input as {"review": review, "parameters": {"provider": "other-provider"}}
		with external_data as named
	found == set()
}

test_an_image_without_an_answer_is_a_violation if {
	found := imageintegrity.violation with input as {"review": review, "parameters": {}} with external_data as silent
	{violation.details.code | some violation in found} == {"NO_ANSWER"}
}

test_a_builtin_that_fails_is_a_violation if {
	found := imageintegrity.violation with input as {"review": review, "parameters": {}} with external_data as failing
	{violation.details.code | some violation in found} == {"NO_ANSWER"}
}

test_a_constraint_without_parameters_denies if {
	found := imageintegrity.violation with input as {"review": review} with external_data as silent
	count(found) == 1
}

test_nobody_is_asked_about_an_object_without_images if {
	other := object.union(review, {"kind": {"kind": "ConfigMap"}})
	found := imageintegrity.violation with input as {"review": other, "parameters": {}}
	found == set()
}
