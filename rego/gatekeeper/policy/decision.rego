# Denies an object unless every image in it has a positive answer of the provider, for its own key.
#
# The answer comes as plain input, in the form that Gatekeeper's external_data gives, so that all of it can be tested without a provider. Whatever
# cannot be read in it is no positive answer.
package lib.image_integrity.decision

import data.lib.image_integrity.answers
import data.lib.image_integrity.exemptions
import data.lib.image_integrity.images
import data.lib.image_integrity.references
import data.lib.image_integrity.text

# What the provider is to be asked for, each once. The namespace is part of the key, since Gatekeeper's cache knows nothing but keys.
keys(review, parameters) := [key(review, image) |
	some image in judged(review, parameters)
	not refusal(review, parameters, image)
]

# A violation for each image that is not verified, by the object under review, the constraint's parameters and the provider's response.
violations(review, parameters, response) := {violation |
	some image in judged(review, parameters)
	not verified(review, parameters, response, image)
	violation := told(review, parameters, response, image)
}

# Whether all of it holds; what cannot be told does not.
verified(review, parameters, response, image) if {
	not refusal(review, parameters, image)
	answer := answers.sole(response, key(review, image))
	answer.isSuccess == true
	answers.is_of_module(answer, object.get(parameters, "moduleDigests", []))
	answers.is_about(answer, image)
	answers.is_signed_by(answer, object.get(parameters, "requiredIdentity", ""))
	not answers.is_contradicted(response, keys(review, parameters))
}

told(review, parameters, response, image) := {"msg": msg, "details": details} if {
	why := reason(review, parameters, response, image)
	digest := digest_of(review, response, image)
	left_out := sort({text.shown(found.image) | some found in excluded(review, parameters)})
	places := [text.shown(found.place) | some found in present(review, parameters); found.image == image]
	msg := concat("", [text.denial(why.code, digest, image, places, why.message), text.note(left_out)])
	details := {
		"code": why.code,
		"digest": digest,
		"excludedImages": left_out,
		"image": text.shown(image),
		"places": places,
	}
}

# Why an image is not verified. There is a reason whatever the answer is.
reason(review, parameters, response, image) := why if {
	why := refusal(review, parameters, image)
} else := why if {
	why := answers.fault(response, key(review, image), image, parameters)
} else := {"code": "PROVIDER_FAILED", "message": sprintf("the provider contradicts itself: %v", [object.get(response, "system_error", "")])}

# Why an image is denied before anybody is asked.
refusal(review, parameters, image) := {
	"code": "REFERENCE_INVALID",
	"message": "this is no name of an image. Write registry/repository:tag or registry/repository@digest.",
} if {
	not references.plausible(image)
} else := {
	"code": "NAMESPACE_UNKNOWN",
	"message": "the object has no namespace, so nobody can tell whose policy counts.",
} if {
	not namespace(review)
} else := {
	"code": "DIGEST_REQUIRED",
	"message": "it is named without a digest, and a tag can move before it is pulled. Name it by digest, or install the mutation that does.",
} if {
	object.get(parameters, "requireDigest", false) != false
	not references.digest(image)
}

key(review, image) := sprintf("[%s]%s", [namespace(review), image])

# The request's namespace is the API server's word; the object's own counts where there is no request, as in an audit.
namespace(review) := review.namespace if {
	review.namespace != ""
} else := review.object.metadata.namespace if {
	review.object.metadata.namespace != ""
}

digest_of(review, response, image) := digest if {
	digest := references.digest(answers.sole(response, key(review, image)).subject)
} else := digest if {
	digest := references.digest(image)
} else := ""

# The images that are to be verified, each once.
judged(review, parameters) := {found.image |
	some found in present(review, parameters)
	not leaves_out(parameters, found.image)
}

# The images that the constraint leaves out, with their places.
excluded(review, parameters) := [found |
	some found in present(review, parameters)
	leaves_out(parameters, found.image)
]

# Takes the parameters whole: of an argument that is undefined, a `not` would be undefined as well, and the image would not be judged.
leaves_out(parameters, image) if exemptions.excludes_image(parameters.excludedImages, image)

# The images in the object, with their places, where the request can change what runs and the namespace is not left out.
present(review, parameters) := [] if {
	exemptions.excludes_namespace(parameters.excludedNamespaces, namespace(review))
} else := [] if {
	review.operation == "DELETE"
} else := [] if {
	images.unchanged(review)
} else := images.of(review.kind.kind, review.object)
