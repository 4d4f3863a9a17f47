# TaskVault: run the task, or restore what it made
case ${TASKVAULT_JOB_TASK:-} in
  '' | *[[:space:]]*) taskvault_refuse "task \"${TASKVAULT_JOB_TASK:-}\" is not a valid name: use one word without spaces" ;;
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
  *) taskvault_refuse "policy \"$TASKVAULT_JOB_POLICY\" is not valid: use pull-push, pull or push" ;;
esac
if [ -n "${TASKVAULT_JOB_SALT:-}" ]; then set -- "$@" --salt "$TASKVAULT_JOB_SALT"; fi
# The lines of a script stop at the first one that fails; those of one command would go on. A YAML block
# ends with a line feed.
taskvault_command=${TASKVAULT_JOB_COMMAND%
}
case $taskvault_command in
  '') ;;
  'set -e'*) set -- "$@" --command "$taskvault_command" ;;
  *'
'*) taskvault_refuse "command \"$taskvault_command\" has several lines: join them with &&, or begin with set -e" ;;
  *) set -- "$@" --command "$taskvault_command" ;;
esac
# In a subshell, so that the rest of the script stays in its directory. The status is that of the job.
taskvault_status=0
(
  cd "${TASKVAULT_JOB_DIRECTORY:-.}" || taskvault_refuse "directory \"$TASKVAULT_JOB_DIRECTORY\" does not exist"
  exec taskvault "$@" --show-key
) || taskvault_status=$?
#include look-unchanged.sh
[ "$taskvault_status" -eq 0 ] || exit "$taskvault_status"
