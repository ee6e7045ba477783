# The whole answer to an AdmissionReview, as the API server wants it: OPA's default decision, POST / or /v0/data/system/main.
#
# A package and not a rule in `system`, since the bundle's own mask lies there.
package system.main

import rego.v1

import data.image_admission.decision

apiVersion := "admission.k8s.io/v1"

kind := "AdmissionReview"

# The API server takes an answer without its uid for a failure, which the webhook's failurePolicy decides.
default response := {"uid": "", "allowed": false, "status": {"code": 400, "message": "this is no AdmissionReview"}}

response := decision.response
