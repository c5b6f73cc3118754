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

objects() { # folder; with the image in place of the overlay's own
	kubectl kustomize "$1" | sed "s#^\( *image: \).*/faded-skies:latest\$#\1$image#"
}

case $step in
migrate)
	kubectl --namespace "$namespace" delete job faded-skies-migrate --ignore-not-found --wait
	objects "$place/migrate" | kubectl apply --filename -
	kubectl --namespace "$namespace" wait job/faded-skies-migrate --for=condition=complete --timeout=30m ||
		{ kubectl --namespace "$namespace" logs job/faded-skies-migrate --tail=50 && exit 1; }
	;;
renew)
	objects "$place" | kubectl apply --filename -
	for process in server worker; do
		kubectl --namespace "$namespace" rollout status "deployment/faded-skies-$process" --timeout=15m
	done
	;;
show) for folder in "$place/migrate" "$place"; do objects "$folder" && echo ---; done ;;
*) echo "usage: deploy.sh migrate|renew|show <overlay> <image>" >&2 && exit 1 ;;
esac
