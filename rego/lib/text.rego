# How text from outside is shown to people.
package lib.image_integrity.text

# On one line and of bounded length: control characters, and those that turn the text around them, are not shown.
shown(value) := shortened(regex.replace(value, `[\p{C}\p{Zl}\p{Zp}]`, "?")) if is_string(value)

else := shortened(regex.replace(json.marshal(value), `[\p{C}\p{Zl}\p{Zp}]`, "?"))

shortened(text) := text if count(text) <= 1000

else := concat("", [substring(text, 0, 1000), "…"])

# What is wrong with an image. The code and the digest come first: an audit of Gatekeeper keeps 256 bytes of a message.
denial(code, digest, image, places, message) := concat(" ", [part | some part in parts; part != ""]) if {
	parts := [
		code,
		digest,
		sprintf("%s (%s):", [shown(image), concat(", ", places)]),
		shown(message),
	]
}

# What else is to be said: that these images were not looked at.
note([]) := ""

note(left_out) := sprintf(" Not verified, since they are excluded: %s.", [concat(", ", left_out)]) if count(left_out) > 0

# What is wrong and what to do, as two sentences.
sentences(message, remediation) := sprintf("%s. %s", [trim_suffix(message, "."), remediation])
