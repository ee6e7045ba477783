# What can be asked about: references of images as they are written in objects.
package lib.image_integrity.references

# Whether this is a name that a provider can be asked for. A leading `[` would be taken for a namespace, since keys are `[namespace]image`.
plausible(image) if regex.match(`^[A-Za-z0-9][!-~]{0,511}$`, image)

# The digest in a reference; undefined where it has none.
digest(image) := found[0][1] if {
	found := regex.find_all_string_submatch_n(`@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`, image, 1)
}
