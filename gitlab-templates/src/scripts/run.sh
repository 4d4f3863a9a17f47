# TaskVault: run the task, or put back what it made
case ${TASKVAULT_JOB_TASK:-} in
  '' | *[[:space:]]*) taskvault_refuse "task \"${TASKVAULT_JOB_TASK:-}\" is no name: a name has no spaces" ;;
esac
set -- run "$TASKVAULT_JOB_TASK"
for taskvault_option in input output env tool; do
  case $taskvault_option in
    input) taskvault_list=${TASKVAULT_JOB_INPUTS:-} ;;
    output) taskvault_list=${TASKVAULT_JOB_OUTPUTS:-} ;;
    env) taskvault_list=${TASKVAULT_JOB_ENV:-} ;;
    tool) taskvault_list=${TASKVAULT_JOB_TOOLS:-} ;;
  esac
#include words-of-list.sh
done
case ${TASKVAULT_JOB_POLICY:-pull-push} in
  pull-push) ;;
  pull) set -- "$@" --read-only ;;
  push) set -- "$@" --force ;;
  *) taskvault_refuse "policy \"$TASKVAULT_JOB_POLICY\" is none of pull-push, pull, push" ;;
esac
if [ -n "${TASKVAULT_JOB_SALT:-}" ]; then set -- "$@" --salt "$TASKVAULT_JOB_SALT"; fi
# Without the line feeds that a YAML block ends with.
TASKVAULT_JOB_COMMAND=$(printf '%s' "${TASKVAULT_JOB_COMMAND:-}")
# The lines of a script end with the first that fails. Those of one command would go on.
case $TASKVAULT_JOB_COMMAND in
  '') ;;
  'set -e'*) set -- "$@" --command "$TASKVAULT_JOB_COMMAND" ;;
  *'
'*) taskvault_refuse "command \"$TASKVAULT_JOB_COMMAND\" has several lines: join them with &&, or begin with set -e" ;;
  *) set -- "$@" --command "$TASKVAULT_JOB_COMMAND" ;;
esac
taskvault_result=$(mktemp)
taskvault_status=0
(
  cd "${TASKVAULT_JOB_DIRECTORY:-.}" || taskvault_refuse "directory \"$TASKVAULT_JOB_DIRECTORY\" is not there"
  exec taskvault "$@" --result "$taskvault_result"
) || taskvault_status=$?
sed -n 's/.*"key":"\([0-9a-f]*\)".*/taskvault: key \1/p' "$taskvault_result"
rm -f "$taskvault_result"
# The status of the command is that of the job; without a failure, the script may go on.
(exit "$taskvault_status")
