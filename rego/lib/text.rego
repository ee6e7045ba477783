# How text from outside is shown to people.
package lib.image_integrity.text

# On one line and of bounded length: control characters, and those that turn the text around them, are not shown.
shown(value) := shortened(regex.replace(value, `[\p{C}\p{Zl}\p{Zp}]`, "?")) if is_string(value)

else := shortened(regex.replace(json.marshal(value), `[\p{C}\p{Zl}\p{Zp}]`, "?"))

shortened(text) := text if count(text) <= 1000

else := concat("", [substring(text, 0, 1000), "…"])

# An image as written, with its place in the object.
of_image(found) := sprintf("%s (%s)", [shown(found.image), shown(found.place)])
