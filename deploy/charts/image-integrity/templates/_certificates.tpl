{{- define "image-integrity.tlsSecret" -}}
{{- if eq .Values.certificates.source "secret" -}}
{{- required "set certificates.secretName to a Secret of type kubernetes.io/tls" .Values.certificates.secretName -}}
{{- else -}}
{{ include "image-integrity.fullname" . }}-tls
{{- end -}}
{{- end -}}

{{/* The names that Gatekeeper and others may call the server by. */}}
{{- define "image-integrity.dnsNames" -}}
{{- $service := printf "%s.%s" (include "image-integrity.fullname" .) .Release.Namespace -}}
{{- list $service (printf "%s.svc" $service) (printf "%s.svc.cluster.local" $service) | toJson -}}
{{- end -}}

{{/*
CA and certificate, in base64, as JSON {ca, caKey, certificate, key, made}: those in the cluster, the certificate made anew by the same CA where it is old
or its names are others. Kept in .Values, since it is asked for several times and each would make another.
*/}}
{{- define "image-integrity.certificates" -}}
{{- if not (hasKey .Values "_certificates") -}}
{{- $name := include "image-integrity.fullname" . -}}
{{- $names := include "image-integrity.dnsNames" . -}}
{{- $now := now | unixEpoch | int64 -}}
{{- $keptCA := lookup "v1" "Secret" .Release.Namespace (printf "%s-ca" $name) -}}
{{- $kept := lookup "v1" "Secret" .Release.Namespace (printf "%s-tls" $name) -}}
{{- $ca := "" -}}
{{- if $keptCA -}}
{{- $ca = buildCustomCert (get $keptCA.data "tls.crt") (get $keptCA.data "tls.key") -}}
{{- else -}}
{{- $ca = genCAWithKey (printf "%s CA" $name) 3650 (genPrivateKey "ecdsa") -}}
{{- end -}}
{{- $annotations := dict -}}
{{- if $kept -}}
{{- $annotations = $kept.metadata.annotations | default dict -}}
{{- end -}}
{{- $made := get $annotations "image-integrity/made" | default "0" | int64 -}}
{{- $isFresh := lt $now (add $made (mul .Values.certificates.renewAfterDays 86400)) -}}
{{- $result := dict "ca" ($ca.Cert | b64enc) "caKey" ($ca.Key | b64enc) -}}
{{- if and $keptCA $kept $isFresh (eq (get $annotations "image-integrity/names") $names) -}}
{{- $_ := set $result "certificate" (get $kept.data "tls.crt") -}}
{{- $_ := set $result "key" (get $kept.data "tls.key") -}}
{{- $_ := set $result "made" $made -}}
{{- else -}}
{{- $certificate := genSignedCertWithKey $name nil (fromJsonArray $names) (int .Values.certificates.validDays) $ca (genPrivateKey "ecdsa") -}}
{{- $_ := set $result "certificate" ($certificate.Cert | b64enc) -}}
{{- $_ := set $result "key" ($certificate.Key | b64enc) -}}
{{- $_ := set $result "made" $now -}}
{{- end -}}
{{- $_ := set .Values "_certificates" ($result | toJson) -}}
{{- end -}}
{{- get .Values "_certificates" -}}
{{- end -}}

{{/* The CA by which Gatekeeper trusts the server, in base64; empty where cert-manager has not made it yet. */}}
{{- define "image-integrity.caBundle" -}}
{{- if .Values.certificates.caBundle -}}
{{- .Values.certificates.caBundle | b64enc -}}
{{- else if eq .Values.certificates.source "chart" -}}
{{- get (include "image-integrity.certificates" . | fromJson) "ca" -}}
{{- else if eq .Values.certificates.source "cert-manager" -}}
{{- $made := lookup "v1" "Secret" .Release.Namespace (include "image-integrity.tlsSecret" .) -}}
{{- if $made -}}
{{- get ($made.data | default dict) "ca.crt" -}}
{{- end -}}
{{- else -}}
{{- fail "set certificates.caBundle to the PEM of the CA of the certificate in certificates.secretName" -}}
{{- end -}}
{{- end -}}

{{/* Whether Gatekeeper's own Secret is mounted: a Pod sees only those of its namespace. */}}
{{- define "image-integrity.mountsGatekeepersCA" -}}
{{- if and .Values.gatekeeper.enabled .Values.gatekeeper.certificateSecret (eq .Release.Namespace .Values.gatekeeper.namespace) -}}
true
{{- end -}}
{{- end -}}

{{/* PEM of the CAs of clients: what is given, else the CA of Gatekeeper in its other namespace, as far as whoever installs may read it. */}}
{{- define "image-integrity.clientCA" -}}
{{- if .Values.clientCA.pem -}}
{{- .Values.clientCA.pem -}}
{{- else if and .Values.gatekeeper.enabled (not .Values.clientCA.secretName) (not (include "image-integrity.mountsGatekeepersCA" .)) -}}
{{- if not .Values.gatekeeper.certificateSecret -}}
{{- fail "the server cannot tell Gatekeeper from others: set gatekeeper.certificateSecret to the Secret of its certificate, or clientCA.pem or clientCA.secretName to the CA of it" -}}
{{- end -}}
{{- $secret := lookup "v1" "Secret" .Values.gatekeeper.namespace .Values.gatekeeper.certificateSecret -}}
{{- if $secret -}}
{{- get ($secret.data | default dict) "ca.crt" | b64dec -}}
{{- else -}}
{{- fail (printf "the server cannot tell Gatekeeper from others: there is no Secret %s in %s that could be read. Install into Gatekeeper's namespace, or set clientCA.pem to the CA of its certificate" .Values.gatekeeper.certificateSecret .Values.gatekeeper.namespace) -}}
{{- end -}}
{{- end -}}
{{- end -}}
