# Which images an object of Kubernetes would run: those of containers, init containers, ephemeral containers, and volumes of the kind `image`.
package lib.image_integrity.images

# Where the kinds that run pods have a pod's spec.
specs := {
	"CronJob": ["spec", "jobTemplate", "spec", "template", "spec"],
	"DaemonSet": ["spec", "template", "spec"],
	"Deployment": ["spec", "template", "spec"],
	"Job": ["spec", "template", "spec"],
	"Pod": ["spec"],
	"PodTemplate": ["template", "spec"],
	"ReplicaSet": ["spec", "template", "spec"],
	"ReplicationController": ["spec", "template", "spec"],
	"StatefulSet": ["spec", "template", "spec"],
}

# Every place of an object that names an image, as {"place": "container app", "image": "registry.example/app:v1"}. Kinds that run no pods have none.
of(kind, resource) := array.concat(containers, volumes) if {
	spec := object.get(resource, specs[kind], {})
	containers := [found |
		some list, role in {
			"containers": "container",
			"ephemeralContainers": "ephemeral container",
			"initContainers": "init container",
		}
		some container in object.get(spec, list, [])
		found := named(role, container, object.get(container, "image", ""))
		not left_open(kind, found.image)
	]
	volumes := [found |
		some volume in object.get(spec, "volumes", [])
		found := named("volume", volume, object.get(volume.image, "reference", ""))
		not left_open(kind, found.image)
	]
} else := []

# Whether a request leaves every image as it was. What runs stays the same then, and a controller that takes a finalizer away is not held up.
unchanged(review) if {
	review.operation == "UPDATE"
	of(review.kind.kind, review.object) == of(review.kind.kind, review.oldObject)
}

named(role, part, image) := {"place": sprintf("%s %v", [role, object.get(part, "name", "without a name")]), "image": image}

# Templates may leave an image to a controller or a webhook, and the Pod that comes of it is judged. A Pod may not.
left_open(kind, image) if {
	kind != "Pod"
	trim_space(image) == ""
}
