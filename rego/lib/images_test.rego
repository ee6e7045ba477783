package lib.image_integrity.images_test

import data.lib.image_integrity.images

spec := {
	"initContainers": [{"name": "init", "image": "r.example/init:1"}],
	"containers": [{"name": "app", "image": "r.example/app:1"}, {"name": "side", "image": "r.example/side:1"}],
	"ephemeralContainers": [{"name": "debug", "image": "r.example/debug:1"}],
	"volumes": [
		{"name": "model", "image": {"reference": "r.example/model:1"}},
		{"name": "scratch", "emptyDir": {}},
	],
}

every_image := {"r.example/init:1", "r.example/app:1", "r.example/side:1", "r.example/debug:1", "r.example/model:1"}

named(kind, resource) := {found.image | some found in images.of(kind, resource)}

test_every_field_of_a_pod_that_names_an_image_is_found if named("Pod", {"spec": spec}) == every_image

test_the_place_says_where_an_image_is_named if {
	places := {found.place | some found in images.of("Pod", {"spec": spec})}
	places == {"init container init", "container app", "container side", "ephemeral container debug", "volume model"}
}

test_workloads_have_their_pods_in_a_template if {
	every kind in ["DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"] {
		named(kind, {"spec": {"template": {"spec": spec}}}) == every_image
	}
}

test_a_cron_job_has_its_pods_two_templates_deep if {
	named("CronJob", {"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}}) == every_image
}

test_a_pod_template_has_its_pod_without_a_spec_of_its_own if named("PodTemplate", {"template": {"spec": spec}}) == every_image

test_kinds_that_run_no_pods_have_no_images if images.of("ConfigMap", {"spec": spec}) == []

test_nothing_has_no_images if images.of("Pod", null) == []

test_a_pod_without_an_image_is_told_as_one_with_an_empty_name if {
	named("Pod", {"spec": {"containers": [{"name": "app"}], "volumes": [{"name": "v", "image": {}}]}}) == {""}
}

test_a_template_may_leave_an_image_to_a_controller if {
	open := {"containers": [{"name": "app", "image": " "}, {"name": "b"}], "volumes": [{"name": "v", "image": {}}]}
	images.of("Deployment", {"spec": {"template": {"spec": open}}}) == []
}

test_a_list_that_is_null_is_empty if {
	named("Pod", {"spec": {"initContainers": null, "containers": [{"name": "a", "image": "r.example/a:1"}]}}) == {"r.example/a:1"}
}

update(old, new) := {"operation": "UPDATE", "kind": {"kind": "Pod"}, "oldObject": {"spec": old}, "object": {"spec": new}}

test_an_update_of_labels_leaves_the_images_as_they_were if images.unchanged(update(spec, spec))

test_an_update_of_one_of_several_containers_changes_the_images if {
	changed := json.patch(spec, [{"op": "replace", "path": "/containers/1/image", "value": "r.example/evil:1"}])
	not images.unchanged(update(spec, changed))
}

test_an_added_ephemeral_container_changes_the_images if {
	added := json.patch(spec, [{"op": "add", "path": "/ephemeralContainers/-", "value": {"name": "x", "image": "r.example/app:1"}}])
	not images.unchanged(update(spec, added))
}

test_images_that_change_places_are_changed if {
	swapped := object.union(spec, {"containers": [
		{"name": "app", "image": "r.example/side:1"},
		{"name": "side", "image": "r.example/app:1"},
	]})
	not images.unchanged(update(spec, swapped))
}

test_only_an_update_can_leave_the_images_as_they_were if {
	not images.unchanged(object.union(update(spec, spec), {"operation": "CREATE"}))
	not images.unchanged(object.remove(update(spec, spec), ["oldObject"]))
}
