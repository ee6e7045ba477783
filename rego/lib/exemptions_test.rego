package lib.image_integrity.exemptions_test

import data.lib.image_integrity.exemptions

test_an_exact_name_excludes_that_image_alone if {
	exemptions.excludes_image(["r.example/app:1"], "r.example/app:1")
	not exemptions.excludes_image(["r.example/app:1"], "r.example/app:10")
	not exemptions.excludes_image(["r.example/app"], "r.example/app:1")
}

test_a_final_star_stands_for_any_rest if {
	exemptions.excludes_image(["r.example/infra/*"], "r.example/infra/proxy@sha256:aa")
	exemptions.excludes_image(["other.example/*", "r.example/app:*"], "r.example/app:1")
	not exemptions.excludes_image(["r.example/infra/*"], "r.example/infrastructure/app:1")
}

test_a_beginning_that_ends_in_a_registrys_name_excludes_nothing if {
	not exemptions.excludes_image(["registry.example*"], "registry.example.evil/app:1")
	not exemptions.excludes_image(["registry.example*"], "registry.example/app:1")
	not exemptions.excludes_image(["*"], "registry.example/app:1")
}

test_a_star_within_a_pattern_excludes_nothing if {
	not exemptions.excludes_image(["r.example/*/app"], "r.example/x/app")
	not exemptions.excludes_image(["r.example/*/app*"], "r.example/x/app:1")
	not exemptions.excludes_image(["r.example/*/app"], "r.example/*/app")
}

test_patterns_that_are_no_list_of_strings_exclude_nothing if {
	every odd in [null, 1, "r.example/app:1", [1], [null], [["r.example/app:1"]], {}] {
		not exemptions.excludes_image(odd, "r.example/app:1")
	}
}

test_a_namespace_is_excluded_by_name_or_beginning if {
	exemptions.excludes_namespace(["kube-*"], "kube-system")
	not exemptions.excludes_namespace(["kube-*"], "default")
	exemptions.excludes_namespace(["gatekeeper-system"], "gatekeeper-system")
	not exemptions.excludes_namespace(["gatekeeper-system"], "gatekeeper-system-2")
}

test_a_star_alone_excludes_no_namespace if not exemptions.excludes_namespace(["*", ""], "default")
