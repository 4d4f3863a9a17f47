# TaskVault: put the command on the PATH, from npm, from the image, or from where it was said to be
taskvault_refuse() {
  printf 'taskvault: %s\n' "$1" >&2
  exit 64
}
# A registry that cannot be had costs a job some seconds and the cache, never the job: what it would have run by
# taskvault is run as it is.
taskvault_go_without() {
  case $taskvault_status in
    124 | 137 | 143) taskvault_reason="npm took longer than $taskvault_seconds s" taskvault_said='' ;;
    *) taskvault_reason="npm ended with status $taskvault_status" ;;
  esac
  while read -r taskvault_line; do
    case $taskvault_line in
      'npm error code '* | 'npm error errno '* | 'npm error syscall '*) ;;
      'npm error '*) taskvault_reason=${taskvault_line#npm error } && break ;;
    esac
  done <<TASKVAULT_SAID
$taskvault_said
TASKVAULT_SAID
  printf 'warning: this job runs without the cache: npm could not install %s: %s\n' "$taskvault_package" "$taskvault_reason" >&2
  mkdir -p "$taskvault_home/node_modules/.bin"
  rm -f "$taskvault_home/node_modules/.bin/taskvault"
  cat >"$taskvault_home/node_modules/.bin/taskvault" <<'TASKVAULT_STAND_IN'
#include ../../../orbs/taskvault/src/scripts/without-taskvault.sh
TASKVAULT_STAND_IN
  chmod +x "$taskvault_home/node_modules/.bin/taskvault"
}
case ${TASKVAULT_JOB_INSTALL_TIMEOUT:-60} in
  *[!0-9]*) taskvault_refuse "install-timeout \"$TASKVAULT_JOB_INSTALL_TIMEOUT\" is no number of seconds" ;;
esac
case ${TASKVAULT_JOB_CLI:-npm} in
  image)
    command -v taskvault >/dev/null ||
      taskvault_refuse 'cli "image": the image has no command taskvault; install it there, or use cli "npm"'
    ;;
  npm)
    # A directory for each job: what runs here must not come from another one.
    taskvault_home="$CI_PROJECT_DIR/.taskvault/cli-$CI_JOB_ID"
    PATH="$taskvault_home/node_modules/.bin:$PATH"
    if ! [ -e "$taskvault_home/node_modules/.bin/taskvault" ]; then
      command -v npm >/dev/null ||
        taskvault_refuse 'cli "npm": the image has no npm; use an image with Node 24, or cli "image"'
      taskvault_package="@taskvault/cli@${TASKVAULT_JOB_VERSION:-@VERSION@}"
      taskvault_seconds=${TASKVAULT_JOB_INSTALL_TIMEOUT:-60}
      # npm waits for each answer, not for all of them: one that comes byte by byte has no end.
      taskvault_within="timeout -k 5 $taskvault_seconds"
      $taskvault_within true 2>/dev/null || taskvault_within=''
      taskvault_status=0
      # shellcheck disable=SC2086 # Several words, or none.
      taskvault_said=$($taskvault_within npm install --prefix "$taskvault_home" --no-save --ignore-scripts --no-audit --no-fund --no-update-notifier \
        --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=250 --fetch-retry-maxtimeout=250 \
        --fetch-timeout="${NPM_CONFIG_FETCH_TIMEOUT:-2000}" "$taskvault_package" 2>&1) || taskvault_status=$?
      [ "$taskvault_status" -eq 0 ] || taskvault_go_without
      # Nothing for `git status`, and for `artifacts: untracked`.
      printf '*\n' >"$taskvault_home/.gitignore"
    fi
    ;;
  */taskvault)
    test -x "$TASKVAULT_JOB_CLI" ||
      taskvault_refuse "cli \"$TASKVAULT_JOB_CLI\": there is no such command"
    PATH="${TASKVAULT_JOB_CLI%/*}:$PATH"
    ;;
  *)
    taskvault_refuse "cli \"$TASKVAULT_JOB_CLI\" is neither npm nor image nor a path that ends with /taskvault"
    ;;
esac
export PATH
case ${TASKVAULT_JOB_REMOTE:-none} in
  none) ;;
  *) export TASKVAULT_REMOTE="$TASKVAULT_JOB_REMOTE" ;;
esac
# Where GitLab's own cache keeps it from, also for tasks in a directory that has a project of its own.
case ${TASKVAULT_CACHE_DIR:-.taskvault/cache} in
  /* | '~'*) ;;
  *) export TASKVAULT_CACHE_DIR="$CI_PROJECT_DIR/${TASKVAULT_CACHE_DIR:-.taskvault/cache}" ;;
esac
