# TaskVault: restore the cache
case ${TASKVAULT_KEEP_KEY:-} in
  '' | *[[:space:]]*) taskvault_refuse "key \"${TASKVAULT_KEEP_KEY:-}\" is not a valid name: use one word without spaces" ;;
esac
case ${TASKVAULT_KEEP_WHEN:-on_success} in
  on_success | on_failure | always) ;;
  *) taskvault_refuse "when \"$TASKVAULT_KEEP_WHEN\" is not valid: use on_success, on_failure or always" ;;
esac
set -- restore "$TASKVAULT_KEEP_KEY" --cache
for taskvault_option in input output fallback; do
  case $taskvault_option in
    input) taskvault_list=${TASKVAULT_KEEP_KEY_FILES:-} ;;
    output) taskvault_list=${TASKVAULT_KEEP_PATHS:-} ;;
    fallback) taskvault_list=${TASKVAULT_KEEP_FALLBACK_KEYS:-} ;;
  esac
#include words-of-list.sh
done
case ${TASKVAULT_KEEP_POLICY:-pull-push} in
  pull-push) ;;
  pull) set -- "$@" --read-only ;;
  push) set -- "$@" --force ;;
  *) taskvault_refuse "policy \"$TASKVAULT_KEEP_POLICY\" is not valid: use pull-push, pull or push" ;;
esac
# A miss does not fail the job; a wrong call does.
taskvault_status=0
taskvault "$@" || taskvault_status=$?
case $taskvault_status in
  0 | 1) ;;
  *) exit "$taskvault_status" ;;
esac
