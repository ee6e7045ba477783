package lib.image_integrity.references_test

import data.lib.image_integrity.references

hex := "1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e1f2e"

test_names_of_images_can_be_asked_about if {
	every image in ["app", "r.example:5000/team/app:v1", sprintf("r.example/app:v1@sha256:%s", [hex])] {
		references.plausible(image)
	}
}

test_what_could_be_taken_for_a_namespace_cannot_be_asked_about if not references.plausible("[kube-system]r.example/app:1")

test_other_text_cannot_be_asked_about if {
	every odd in ["", " ", " r.example/app", "r.example/app\n", "r.example/a pp", "r.example/app*", "r.example/\u202eapp", sprintf("a%0600d", [1]), 1, null] {
		not references.plausible(odd)
	}
}

test_a_digest_is_what_ends_a_reference if {
	references.digest(sprintf("r.example/app:v1@sha256:%s", [hex])) == sprintf("sha256:%s", [hex])
	references.digest(sprintf("r.example/app@sha512:%s%s", [hex, hex])) == sprintf("sha512:%s%s", [hex, hex])
}

test_what_only_looks_like_a_digest_is_none if {
	every odd in ["r.example/app:v1", "r.example/app@sha256:1f2e", sprintf("r.example/app@sha256:%s:v1", [hex]), sprintf("r.example/app@md5:%s", [hex]), 1] {
		not references.digest(odd)
	}
}

test_short_names_are_expanded_as_the_server_does if {
	expanded := {
		"app": "docker.io/library/app:latest",
		"app:v1": "docker.io/library/app:v1",
		"team/app:v1": "docker.io/team/app:v1",
		"index.docker.io/app:v1": "docker.io/library/app:v1",
		"localhost/app": "localhost/app:latest",
		"localhost:5000/team/app": "localhost:5000/team/app:latest",
		"R.example/team/app:v1": "r.example/team/app:v1",
		"r.example/app@sha256:aa": "r.example/app@sha256:aa",
		"app@sha256:aa": "docker.io/library/app@sha256:aa",
	}
	every image, whole in expanded {
		references.full(image) == whole
	}
}
