#!/bin/sh
# Restores the cache. A miss does not fail the job; a wrong call does.
set -e
taskvault_refuse() {
  printf 'taskvault: %s\n' "$1" >&2
  exit 64
}
case ${PARAM_KEY:-} in
  '' | *[[:space:]]*) taskvault_refuse "key \"${PARAM_KEY:-}\" is not a valid name: use one word without spaces" ;;
esac
set -- restore "$PARAM_KEY" --cache
for taskvault_option in input output fallback; do
  case $taskvault_option in
    input) taskvault_list=${PARAM_KEY_FILES:-} ;;
    output) taskvault_list=${PARAM_PATHS:-} ;;
    fallback) taskvault_list=${PARAM_FALLBACK_KEYS:-} ;;
  esac
  while read -r taskvault_value; do
    if [ -n "$taskvault_value" ]; then set -- "$@" "--$taskvault_option" "$taskvault_value"; fi
  done <<TASKVAULT_LIST
$taskvault_list
TASKVAULT_LIST
done
case ${PARAM_POLICY:-pull-push} in
  pull-push) ;;
  pull) set -- "$@" --read-only ;;
  push) set -- "$@" --force ;;
  *) taskvault_refuse "policy \"$PARAM_POLICY\" is not valid: use pull-push, pull or push" ;;
esac
taskvault_status=0
taskvault "$@" || taskvault_status=$?
case $taskvault_status in
  0 | 1) ;;
  *) exit "$taskvault_status" ;;
esac
