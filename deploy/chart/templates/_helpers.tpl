{{- define "footpred.fullname" -}}
{{- if contains "footpred" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-footpred" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "footpred.image" -}}
{{- with .root.Values.image.registry }}{{ . }}/{{ end }}footpred/{{ .name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "footpred.selector" -}}
app.kubernetes.io/name: footpred
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "footpred.labels" -}}
{{ include "footpred.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{- /* Network policies go by footpred/release: Dagster gives the pods of runs app.kubernetes.io labels of its own. */}}
{{- define "footpred.podLabels" -}}
{{ include "footpred.labels" . }}
footpred/release: {{ .root.Release.Name }}
{{- end }}

{{- define "footpred.databaseSecret" -}}
{{- if .Values.postgresql.enabled }}{{ include "footpred.fullname" . }}-postgresql{{ else }}{{ .Values.database.existingSecret }}{{ end }}
{{- end }}

{{- /* Of a component: its own, else the owner's. */}}
{{- define "footpred.componentSecret" -}}
{{- if .root.Values.postgresql.enabled }}{{ include "footpred.fullname" .root }}-postgresql-{{ .component }}{{ else }}{{ index .root.Values.database.componentSecrets .component }}{{ end }}
{{- end }}

{{- define "footpred.componentUrl" -}}
{{- $own := include "footpred.componentSecret" . -}}
{{- $variable := printf "FOOTPRED_%s_DATABASE_URL" (upper .component) -}}
{{- if $own -}}
{{ include "footpred.secretEnv" (dict "name" $variable "secret" $own "key" "database-url") }}
{{- else -}}
{{ include "footpred.secretEnv" (dict "name" "FOOTPRED_DATABASE_URL" "secret" (include "footpred.databaseSecret" .root) "key" "database-url") }}
{{- end }}
{{- end }}

{{- define "footpred.storageSecret" -}}
{{- if .Values.s3.enabled }}{{ include "footpred.fullname" . }}-s3{{ else }}{{ .Values.storage.existingSecret }}{{ end }}
{{- end }}

{{- define "footpred.endpoint" -}}
{{- if .Values.s3.enabled }}http://{{ include "footpred.fullname" . }}-s3:8333{{ else }}{{ .Values.storage.endpoint }}{{ end }}
{{- end }}

{{- define "footpred.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "footpred.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "footpred.secretEnv" -}}
- name: {{ .name }}
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}}
{{- end }}

{{- /* Of the pipeline: with Dagster's database. */}}
{{- define "footpred.pipelineEnv" -}}
{{- include "footpred.componentUrl" (dict "root" . "component" "pipeline") }}
{{ include "footpred.secretEnv" (dict "name" "DAGSTER_DATABASE_URL" "secret" (include "footpred.databaseSecret" .) "key" "dagster-database-url") }}
{{ include "footpred.env" . }}
{{- end }}

{{- define "footpred.env" -}}
{{- $storage := include "footpred.storageSecret" . -}}
{{ include "footpred.secretEnv" (dict "name" "AWS_ACCESS_KEY_ID" "secret" $storage "key" "access-key-id") }}
{{ include "footpred.secretEnv" (dict "name" "AWS_SECRET_ACCESS_KEY" "secret" $storage "key" "secret-access-key") }}
- {name: AWS_DEFAULT_REGION, value: {{ .Values.storage.region | quote }}}
{{- with include "footpred.endpoint" . }}
- {name: AWS_ENDPOINT_URL, value: {{ . | quote }}}
{{- end }}
- {name: FOOTPRED_HOME, value: /var/lib/footpred}
- {name: HOME, value: /tmp}
- {name: DAGSTER_HOME, value: /etc/footpred}
- {name: DAGSTER_LOGS_BUCKET, value: {{ .Values.storage.logsBucket | quote }}}
- {name: FOOTPRED_STORAGE_URL, value: {{ .Values.storage.url | quote }}}
- {name: FOOTPRED_SOURCE, value: {{ .Values.footpred.source | quote }}}
- {name: FOOTPRED_POLL_SECONDS, value: {{ .Values.footpred.pollSeconds | quote }}}
- {name: FOOTPRED_EXECUTOR, value: k8s}
- {name: CORS_ALLOWED_ORIGINS, value: {{ join "," .Values.footpred.corsAllowedOrigins | quote }}}
- {name: FOOTPRED_DASHBOARD_ORIGINS, value: {{ if .Values.ingress.enabled }}{{ printf "dashboard.%s" .Values.ingress.host | quote }}{{ else }}""{{ end }}}
- {name: MLFLOW_TRACKING_URI, value: "http://{{ include "footpred.fullname" . }}-mlflow:5000"}
{{- with .Values.footpred.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "footpred.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: home, mountPath: /var/lib/footpred}
{{- end }}

{{- define "footpred.volumes" -}}
- {name: tmp, emptyDir: {}}
- {name: home, emptyDir: {}}
{{- end }}
