package imageintegrity

import data.lib.image_integrity.decision

violation contains found if {
	some found in decision.violations(input.review, parameters, response)
}

# Nobody is asked where there is nothing to ask about.
response := {} if {
	count(keys) == 0
} else := answer if {
	answer := external_data({"provider": object.get(parameters, "provider", "image-integrity"), "keys": keys})
} else := {"system_error": "Gatekeeper could not ask it"}

keys := decision.keys(input.review, parameters)

parameters := object.get(input, "parameters", {})
