#!/bin/sh
# secrets.sh FOLDER: random secrets for compose, one variable a file. What is there is kept: the database knows it.
# Containers read the files as user 10001, so the files are readable and the folder is closed.
set -eu
folder=$1
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
put() {
    [ -e "$folder/$1" ] || printf %s "$2" > "$folder/$1"
    chmod 444 "$folder/$1"
}
mkdir -p "$folder"
chmod 700 "$folder"
put POSTGRES_PASSWORD "$(random)"
# Of the owner, for migrate alone; then a role and a password for each component, which migrate makes.
put FOOTPRED_DATABASE_URL "postgresql://footpred:$(cat "$folder/POSTGRES_PASSWORD")@postgres:5432/footpred"
for component in service worker dashboard exporter pipeline; do
    name=$(printf %s "$component" | tr a-z A-Z)
    put "FOOTPRED_${name}_DATABASE_URL" "postgresql://footpred_$component:$(random)@postgres:5432/footpred"
done
pipeline=$(cat "$folder/FOOTPRED_PIPELINE_DATABASE_URL")
put DAGSTER_DATABASE_URL "${pipeline}_dagster"
put MLFLOW_BACKEND_STORE_URI "${pipeline}_mlflow"
put AWS_ACCESS_KEY_ID "$(random)"
put AWS_SECRET_ACCESS_KEY "$(random)"
put s3.json "$(printf '{"identities": [{"name": "footpred", "actions": ["Admin", "Read", "Write", "List", "Tagging"],
 "credentials": [{"accessKey": "%s", "secretKey": "%s"}]}]}' \
    "$(cat "$folder/AWS_ACCESS_KEY_ID")" "$(cat "$folder/AWS_SECRET_ACCESS_KEY")")"
put GRAFANA_PASSWORD "$(random)"
# Of the login: a user and a password a line; an operator is a viewer too.
put operators.htpasswd "operator:{PLAIN}$(random)"
put viewers.htpasswd "$(printf 'viewer:{PLAIN}%s\n%s' "$(random)" "$(cat "$folder/operators.htpasswd")")"
