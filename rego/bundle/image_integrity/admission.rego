# From evidence to a decision, for policies of your own that ask about images:
#
#     import data.image_integrity.admission
#
#     default request := {}
#     request := admission.request(evidence, data.acme.image_config)
#
#     deny contains message if some message in admission.denials(request, images)
#
# `evidence` is an input document without config, now and requestId. The default matters: without it an undefined `evidence`, as when the host
# that fetches it is down, makes `denials` undefined, and nothing is denied.
#
# Ask about all images of a query in one request: OPA keeps the module's first answer for the whole query, whatever `with input as` says later.
# Were it not for the requestId, the images of a second request would get the verdicts of the first; so they are denied.
package image_integrity.admission

import rego.v1

# The document to be judged: the evidence, with the three members for which the policy itself answers.
request(evidence, config) := object.union(
	object.remove(evidence, {"config", "now", "requestId"}),
	{
		"config": config,
		"now": time.format([time.now_ns(), "UTC", "2006-01-02T15:04:05Z"]),
		"requestId": crypto.sha256(json.marshal([evidence, config])),
	},
)

# The module's answer to this request; undefined where what it gives is the answer to another one.
verdict(request) := answer if {
	answer := data.image_integrity.verify with input as request
	answer.apiVersion == "image-integrity/v1"
	answer.requestId == request.requestId
}

# Whether every rule of the image's policy passed.
verified(request, image) if verdict(request).images[image].isSuccess == true

# A message for each of these images that is not verified, whatever the reason.
denials(request, images) := {explanation(request, image) |
	some image in images
	not verified(request, image)
}

# What a person needs to know about an image that is not verified.
explanation(request, image) := sentence if {
	answer := verdict(request).images[image]
	sentence := sprintf("%s: %s: %s. %s", [image, answer.code, answer.message, answer.remediation])
} else := sentence if {
	error := verdict(request).error
	sentence := sprintf("%s: %s: %s. %s", [image, error.code, error.message, error.remediation])
} else := sprintf("%s: there is no verdict on this image. Ask about all images in one request.", [image])
