#!/bin/sh
# Runs the task, or restores what it made. No shell here ever interprets the values of parameters.
set -e
taskvault_refuse() {
  printf 'taskvault: %s\n' "$1" >&2
  exit 64
}
case ${PARAM_TASK:-} in
  '' | *[[:space:]]*) taskvault_refuse "task \"${PARAM_TASK:-}\" is not a valid name: use one word without spaces" ;;
esac
set -- run "$PARAM_TASK"
for taskvault_option in input output env tool; do
  case $taskvault_option in
    input) taskvault_list=${PARAM_INPUTS:-} ;;
    output) taskvault_list=${PARAM_OUTPUTS:-} ;;
    env) taskvault_list=${PARAM_ENV:-} ;;
    tool) taskvault_list=${PARAM_TOOLS:-} ;;
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
if [ -n "${PARAM_SALT:-}" ]; then set -- "$@" --salt "$PARAM_SALT"; fi
# The lines of a step stop at the first one that fails; those of one command would go on. A YAML block ends with a
# line feed.
taskvault_command=${PARAM_COMMAND%
}
case $taskvault_command in
  '') ;;
  'set -e'*) set -- "$@" --command "$taskvault_command" ;;
  *'
'*) taskvault_refuse "command \"$taskvault_command\" has several lines: join them with &&, or begin with set -e" ;;
  *) set -- "$@" --command "$taskvault_command" ;;
esac
cd "${PARAM_DIRECTORY:-.}" || taskvault_refuse "directory \"$PARAM_DIRECTORY\" does not exist"
exec taskvault "$@" --show-key
