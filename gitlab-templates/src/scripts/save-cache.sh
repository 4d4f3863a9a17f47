# TaskVault: save the cache, unless it was restored
case ${TASKVAULT_KEEP_WHEN:-on_success}:${CI_JOB_STATUS:-} in
  always:* | on_success:success | on_failure:failed) taskvault save "$TASKVAULT_KEEP_KEY" ;;
esac
#include look-unchanged.sh
