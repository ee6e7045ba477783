# Reads what a provider answered for one key: Ratify's value, version 0.2.0, and what this project adds to it.
package lib.image_integrity.answers

import data.lib.image_integrity.references
import data.lib.image_integrity.text

# The value for a key, where there is exactly one and no error beside it.
sole(response, key) := found[0] if {
	found := values(response, key)
	count(found) == 1
	count(errors(response, key)) == 0
}

# Whether the module that gave the verdict is one of these, where there are any.
is_of_module(_, []) := true

is_of_module(answer, pins) if {
	some pin in pins
	bare(pin) == bare(answer.moduleDigest)
}

# Whether the verdict is about the digest that the image is named by, where it is named by one and the answer says what it is about.
is_about(answer, image) if not is_about_another(answer, image)

# Whether one good signature is by a signer of this identity, where there is one.
is_signed_by(_, "") := true

is_signed_by(answer, identity) if {
	some report in answer.verifierReports
	report.isSuccess == true
	is_identity(identity, report.extensions)
}

# Whether the provider says that something went wrong, though it answered for every key.
is_contradicted(response, keys) if {
	response.system_error != ""
	every key in keys {
		answered(response, key)
	}
}

# Why the answer to a key is not a positive one; undefined where it is.
fault(response, key, image, parameters) := {"code": "PROVIDER_FAILED", "message": error} if {
	error := errors(response, key)[0]
} else := {"code": "NO_ANSWER", "message": sprintf("the provider gave no answer: %v. Try again.", [response.system_error])} if {
	not answered(response, key)
	response.system_error != ""
} else := {"code": "NO_ANSWER", "message": "the provider gave no answer for this image. Try again."} if {
	not answered(response, key)
} else := {"code": "ANSWER_INVALID", "message": "the provider gave more than one answer for this image."} if {
	count(values(response, key)) > 1
} else := fault_in(sole(response, key), image, parameters)

fault_in(answer, image, parameters) := {"code": "ANSWER_INVALID", "message": "the provider's answer does not say whether the image is verified."} if {
	not is_verdict(answer)
} else := {"code": code(answer), "message": explanation(answer)} if {
	answer.isSuccess == false
} else := {"code": "MODULE_MISMATCH", "message": sprintf(
	"the verdict is of a module that the constraint does not name (%v). Set moduleDigests to the modules that are in use.",
	[object.get(answer, "moduleDigest", "without a digest")],
)} if {
	not is_of_module(answer, object.get(parameters, "moduleDigests", []))
} else := {"code": "ANSWER_INVALID", "message": sprintf("the answer is about another image: %v.", [answer.subject])} if {
	is_about_another(answer, image)
} else := {"code": "IDENTITY_REQUIRED", "message": sprintf(
	"no good signature is by %v, but by: %s.",
	[parameters.requiredIdentity, concat("; ", signers(answer))],
)} if {
	not is_signed_by(answer, object.get(parameters, "requiredIdentity", ""))
}

is_verdict(answer) if is_boolean(answer.isSuccess)

values(response, key) := [value | some [of, value] in response.responses; of == key]

errors(response, key) := [error | some [of, error] in response.errors; of == key]

answered(response, key) if count(values(response, key)) > 0

answered(response, key) if count(errors(response, key)) > 0

bare(digest) := text if {
	text := trim_prefix(digest, "sha256:")
	regex.match(`^[0-9a-f]{64}$`, text)
}

is_about_another(answer, image) if {
	subject := references.digest(answer.subject)
	subject != references.digest(image)
}

# `x509.subject: C=US, ST=WA, O=acme`: every attribute must be in the certificate's name, which may have others, but none of the same type twice.
is_identity(identity, extensions) if {
	some start, extension in {"x509.subject:": "SN", "x509.issuer:": "Issuer"}
	startswith(identity, start)
	wanted := attributes(trim_prefix(identity, start))
	has := attributes(extensions[extension])
	count(wanted) > 0
	every attribute in wanted {
		count([type | some other in has; type := type_of(other); type == type_of(attribute)]) == 1
		attribute in has
	}
}

# The attributes of a name as in RFC 4514, `TYPE=value`, their values as they are escaped there.
attributes(name) := [trim_space(part) | some part in regex.find_n(`(?:[^,+\\]|\\.)+`, name, -1); trim_space(part) != ""]

type_of(attribute) := split(attribute, "=")[0]

signers(answer) := sort({report.extensions.SN | some report in answer.verifierReports; report.isSuccess == true})

# Ratify's own answers have no code.
code(answer) := answer.code if {
	regex.match(`^[A-Z][A-Z0-9_]{0,63}$`, answer.code)
} else := "NOT_VERIFIED"

explanation(answer) := text.sentences(answer.message, answer.remediation) if {
	answer.message != ""
} else := answer.message if {
	answer.message != ""
} else := concat("; ", messages) if {
	messages := [report.message | some report in answer.verifierReports; report.isSuccess == false; is_string(report.message)]
	count(messages) > 0
} else := "the image is not verified."
