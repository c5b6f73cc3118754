#!/bin/sh
# Bring an image into the cluster that kubectl reaches. The previous release works on the new schema, so migrating comes first.
#
#     sh deploy/k8s/deploy.sh migrate deploy/k8s/production registry.shop.example/faded-skies@sha256:…
#     sh deploy/k8s/deploy.sh renew   deploy/k8s/production registry.shop.example/faded-skies@sha256:…
#
# `show` instead of them prints what would be applied. A rollback is `renew` with the image before.
set -eu
step=${1:?migrate, renew or show} place=${2:?the folder of the overlay} image=${3:?the image}
namespace=${NAMESPACE:-faded-skies}
folder=$(cd -- "$(mktemp -d)" && pwd -P)
trap 'rm -rf "$folder"' EXIT

patch() { # kind, name, containers; one patch for Kustomize
	printf -- '- target: {kind: %s, name: %s}\n  patch: |\n    kind: %s\n    metadata: {name: %s}\n    spec: %s\n' "$1" "$2" "$1" "$2" "$3"
}

images() { # file; one a line
	sed -n 's/^[ -]* image: //p' "$1"
}

objects() { # folder of objects, how many containers of ours; with the image in them, whatever image the overlay names
	from=$(cd -- "$1" && pwd -P)
	{
		# Kustomize wants a relative path.
		printf 'resources: [%s%s]\npatches:\n' "$(printf %s "$folder" | sed 's#/[^/]*#../#g')" "${from#/}"
		for name in server worker; do
			patch Deployment "faded-skies-$name" "{template: {spec: {containers: [{name: $name, image: '$image'}]}}}"
		done
		patch Job faded-skies-migrate "{template: {spec: {containers: [{name: migrate, image: '$image'}]}}}"
		patch CronJob faded-skies-backup "{jobTemplate: {spec: {template: {spec: {
      initContainers: [{name: prune, image: '$image'}], containers: [{name: backup, image: '$image'}]}}}}}"
	} >"$folder/kustomization.yaml"
	kubectl kustomize "$1" >"$folder/before"
	kubectl kustomize "$folder" >"$folder/objects"
	# A patch for a container that is not there adds one.
	added=$(($(images "$folder/objects" | wc -l) - $(images "$folder/before" | wc -l)))
	found=$(images "$folder/objects" | grep -cFx -e "$image") || true
	if [ "$added" -ne 0 ] || [ "$found" -ne "$2" ]; then
		echo "$1: not all $2 containers of ours would have the image: were objects or containers renamed?" >&2
		return 1
	fi
	cat "$folder/objects"
}

migrated() { # waits for the Job's end, which activeDeadlineSeconds brings in any case; whether it was a good one
	ends=$(($(date +%s) + 2100))
	while [ "$(date +%s)" -lt "$ends" ]; do
		case $(kubectl --namespace "$namespace" get job faded-skies-migrate \
			--output 'jsonpath={.status.conditions[?(@.status=="True")].type}') in
		*Complete*) return 0 ;;
		*Failed*) return 1 ;;
		esac
		sleep 2
	done
	echo "The cluster does not say how the migration ended." >&2
	return 1
}

case $step in
migrate)
	objects "$place/migrate" 1 >"$folder/wanted"
	kubectl --namespace "$namespace" delete job faded-skies-migrate --ignore-not-found --wait
	kubectl apply --filename "$folder/wanted"
	migrated || { kubectl --namespace "$namespace" logs job/faded-skies-migrate --tail=50 && exit 1; }
	;;
renew)
	objects "$place" 4 >"$folder/wanted"
	kubectl apply --filename "$folder/wanted"
	for process in server worker; do
		kubectl --namespace "$namespace" rollout status "deployment/faded-skies-$process" --timeout=15m
	done
	;;
show) objects "$place/migrate" 1 && echo --- && objects "$place" 4 && echo --- ;;
*) echo "usage: deploy.sh migrate|renew|show <overlay> <image>" >&2 && exit 1 ;;
esac
