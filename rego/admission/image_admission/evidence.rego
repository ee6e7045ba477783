# Asks the server for evidence on images: what it found in their registries, as far as the verdict needs it.
package image_admission.evidence

import rego.v1

import data.lib.image_integrity.text

# One request for all images. Nothing is kept: a tag can have moved since.
fetch(settings, namespace, images) := http.send({
	"method": "POST",
	"url": settings.url,
	"headers": {"Content-Type": "application/json"},
	"body": {"images": sort(images), "namespace": namespace, "config": settings.config},
	"timeout": object.get(settings, "timeout", "8s"),
	"max_retry_attempts": 0,
	"enable_redirect": false,
	"raise_error": false,
	"cache": false,
	"force_cache": false,
	"tls_ca_cert_file": settings.caFile,
	"tls_client_cert_file": settings.certificateFile,
	"tls_client_key_file": settings.keyFile,
}) if {
	count(images) > 0
}

# What the module is to judge; undefined where the server did not give it. The names that it gives images are not taken from it.
input_document(reply) := reply.body.input if {
	reply.status_code == 200
}

# Why there is no evidence.
failure(reply) := sprintf("there is no evidence on it: %s: %s", [error.code, text.sentences(error.message, error.remediation)]) if {
	error := reply.body.error
} else := sprintf("the server that fetches evidence cannot be asked: %s. Try again.", [reply.error.message]) if {
	reply.status_code == 0
} else := sprintf("the server that fetches evidence answered with status %d. Try again.", [reply.status_code]) if {
	is_number(reply.status_code)
} else := "the server that fetches evidence cannot be asked. See data.image_integrity_config."
