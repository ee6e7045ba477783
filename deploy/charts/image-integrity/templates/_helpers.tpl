{{- define "image-integrity.fullname" -}}
{{- if contains "image-integrity" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-image-integrity" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "image-integrity.selector" -}}
app.kubernetes.io/name: image-integrity
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "image-integrity.labels" -}}
{{ include "image-integrity.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "image-integrity.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "image-integrity.fullname" .) -}}
{{- end -}}

{{/* An image by its digest, where one is given, else by its tag. */}}
{{- define "image-integrity.image" -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository (.image.tag | default .default) -}}
{{- end -}}
{{- end -}}

{{/* What the pod security level `restricted` asks for. */}}
{{- define "image-integrity.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}
