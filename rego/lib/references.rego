# What can be asked about: references of images as they are written in objects.
package lib.image_integrity.references

# Whether this is a name that can be asked for. A leading `[` would be taken for a namespace, since keys are `[namespace]image`.
plausible(image) if regex.match(`^[A-Za-z0-9][A-Za-z0-9._/:@-]{0,519}$`, image)

# The digest in a reference; undefined where it has none.
digest(image) := found[0][1] if {
	found := regex.find_all_string_submatch_n(`@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`, image, 1)
}

# A name with what short names leave out: the registry docker.io, its folder library, and the tag latest.
full(image) := concat("/", [registry(host), in_registry(registry(host), rest)]) if {
	[host, rest] := split_host(with_tag(image))
}

# Only what cannot be part of a path is a host: app/web is a repository of Docker Hub.
split_host(image) := [parts[0], concat("/", array.slice(parts, 1, count(parts)))] if {
	parts := split(image, "/")
	count(parts) > 1
	regex.match(`[.:]|^(?i:localhost)$`, parts[0])
} else := ["docker.io", image]

registry(host) := "docker.io" if {
	lower(host) == "index.docker.io"
} else := lower(host)

in_registry("docker.io", rest) := sprintf("library/%s", [rest]) if not contains(split(rest, "@")[0], "/")

in_registry("docker.io", rest) := rest if contains(split(rest, "@")[0], "/")

in_registry(host, rest) := rest if host != "docker.io"

with_tag(image) := image if {
	contains(image, "@")
} else := image if {
	parts := split(image, "/")
	contains(parts[count(parts) - 1], ":")
} else := sprintf("%s:latest", [image])
