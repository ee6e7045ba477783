{{/* The bundle of the chart's own release, in base64. */}}
{{- define "image-integrity.bundle" -}}
{{- required "this chart holds no bundle: package it with ./build.sh chart, name one of yours with opa.bundleConfigMap and opa.moduleDigest, or set engine to native" (.Files.Get "files/bundle.tar.gz" | b64enc) -}}
{{- end -}}

{{/* The PEM of the key that verifies the bundle's signature; empty where it has none. */}}
{{- define "image-integrity.bundleKey" -}}
{{- if and (or .Values.opa.verificationKey .Values.opa.moduleDigest) (not .Values.opa.bundleConfigMap) -}}
{{- fail "opa.verificationKey and opa.moduleDigest are of a bundle of your own: set opa.bundleConfigMap as well" -}}
{{- end -}}
{{- if .Values.opa.bundleConfigMap -}}
{{- .Values.opa.verificationKey -}}
{{- else -}}
{{- .Files.Get "files/bundle-key.pem" -}}
{{- end -}}
{{- end -}}

{{- define "image-integrity.bundleAlgorithm" -}}
{{- if .Values.opa.bundleConfigMap -}}
{{- .Values.opa.signingAlgorithm -}}
{{- else -}}
{{- .Files.Get "files/bundle-algorithm" | trim | default "RS256" -}}
{{- end -}}
{{- end -}}

{{/* The SHA-256 of the module that gives the verdicts; empty for the native engine, which has none. */}}
{{- define "image-integrity.moduleDigest" -}}
{{- if eq .Values.engine "opa" -}}
{{- if .Values.opa.bundleConfigMap -}}
{{- required "set opa.moduleDigest to the SHA-256 of the module in the bundle of opa.bundleConfigMap" .Values.opa.moduleDigest | trimPrefix "sha256:" -}}
{{- else -}}
{{- required "this chart holds no bundle: package it with ./build.sh chart, name one of yours with opa.bundleConfigMap and opa.moduleDigest, or set engine to native" (.Files.Get "files/module.sha256" | trim) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "image-integrity.moduleConfigMap" -}}
{{ include "image-integrity.fullname" . }}-module
{{- end -}}

{{/*
The module that was in use before this one. While an upgrade replaces the Pods, and where it is rolled back, its verdicts are accepted as well.
*/}}
{{- define "image-integrity.previousModule" -}}
{{- $digest := include "image-integrity.moduleDigest" . -}}
{{- $kept := lookup "v1" "ConfigMap" .Release.Namespace (include "image-integrity.moduleConfigMap" .) -}}
{{- if $kept -}}
{{- $last := get ($kept.data | default dict) "digest" -}}
{{- if eq $last $digest -}}
{{- get $kept.data "previous" -}}
{{- else -}}
{{- $last -}}
{{- end -}}
{{- end -}}
{{- end -}}
