# What is not verified by the administrator's own decision: images and namespaces.
package lib.image_integrity.exemptions

# Whether one of these patterns is the image, as the object writes it: an exact name, or the beginning of one with a final `*`.
#
# Such a beginning must hold a whole registry or repository: `registry.example*` would also be `registry.example.evil/app`, and matches nothing.
excludes_image(patterns, image) if {
	some pattern in patterns
	is_image(pattern, image)
}

is_image(pattern, image) if {
	pattern == image
	not contains(pattern, "*")
}

is_image(pattern, image) if {
	start := trim_suffix(pattern, "*")
	start != pattern
	contains(start, "/")
	startswith(image, start)
}

# Whether one of these patterns is the namespace: its name, or the beginning of one with a final `*`.
excludes_namespace(patterns, namespace) if {
	some pattern in patterns
	is_namespace(pattern, namespace)
}

is_namespace(pattern, namespace) if pattern == namespace

is_namespace(pattern, namespace) if {
	start := trim_suffix(pattern, "*")
	start != pattern
	start != ""
	startswith(namespace, start)
}
