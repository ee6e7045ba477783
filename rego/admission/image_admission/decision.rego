# Decides an admission request in OPA, without Gatekeeper: every image of the object must be verified.
#
# Whom to trust comes from the bundle's data (data.image_integrity_config), the time is OPA's, and the server at the other end gives nothing but evidence,
# which proves itself: whoever changes it can deny, and not admit.
package image_admission.decision

import rego.v1

import data.image_admission.evidence
import data.image_integrity.admission
import data.lib.image_integrity.exemptions
import data.lib.image_integrity.images
import data.lib.image_integrity.references
import data.lib.image_integrity.text

response := {"uid": input.request.uid, "allowed": true} if {
	count(denials) == 0
} else := {"uid": input.request.uid, "allowed": true, "warnings": [message | some message in sort(denials)]} if {
	settings.action == "warn"
} else := {"uid": input.request.uid, "allowed": true} if {
	settings.action == "dryrun"
} else := {
	"uid": input.request.uid,
	"allowed": false,
	"status": {"code": 403, "reason": "Forbidden", "message": concat("\n", sort(denials))},
}

# A message for each image that is not verified.
denials contains message if {
	some image in judged
	not verified(image)
	places := [text.shown(found.place) | some found in present; found.image == image]
	why := reason(image)
	message := concat("", [text.denial(why.code, digest(image), image, places, why.message), text.note(left_out)])
}

verified(image) if {
	not refusal(image)
	verdict.images[references.full(image)].isSuccess == true
}

# One question with all images: OPA keeps the module's first answer for the whole query.
verdict := admission.verdict(asked)

default asked := {}

asked := admission.request(evidence.input_document(reply), settings.config)

default reply := {}

reply := evidence.fetch(settings, request.namespace, {image | some image in judged; not refusal(image)})

reason(image) := why if {
	why := refusal(image)
} else := why if {
	found := verdict.images[references.full(image)]
	why := {"code": found.code, "message": text.sentences(found.message, found.remediation)}
} else := why if {
	why := {"code": verdict.error.code, "message": text.sentences(verdict.error.message, verdict.error.remediation)}
} else := {"code": "NO_EVIDENCE", "message": evidence.failure(reply)} if {
	asked == {}
} else := {"code": "NO_VERDICT", "message": "there is no verdict on it."}

# Why an image is denied before anybody is asked.
refusal(image) := {
	"code": "REFERENCE_INVALID",
	"message": "this is no name of an image. Write registry/repository:tag or registry/repository@digest.",
} if {
	not references.plausible(image)
} else := {
	"code": "DIGEST_REQUIRED",
	"message": "it is named without a digest, and a tag can move before it is pulled. Name it by digest.",
} if {
	settings.requireDigest != false
	not references.digest(image)
}

digest(image) := found if {
	found := references.digest(verdict.images[references.full(image)].subject)
} else := found if {
	found := references.digest(image)
} else := ""

judged := {found.image |
	some found in present
	not is_excluded(found.image)
}

left_out := sort({text.shown(found.image) | some found in present; is_excluded(found.image)})

is_excluded(image) if exemptions.excludes_image(settings.excludedImages, image)

# The images in the object, with their places, where the request can change what runs and the namespace is not left out.
present := [] if {
	exemptions.excludes_namespace(settings.excludedNamespaces, request.namespace)
} else := [] if {
	request.operation == "DELETE"
} else := [] if {
	images.unchanged(request)
} else := images.of(request.kind.kind, request.object)

request := input.request

settings := object.union(
	{"action": "deny", "excludedImages": [], "excludedNamespaces": [], "requireDigest": false},
	data.image_integrity_config,
)
