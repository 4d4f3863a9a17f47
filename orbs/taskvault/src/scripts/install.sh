#!/bin/sh
# Puts the command on the PATH of this step and of those that follow: from npm, from the image, or from where
# it was said to be.
set -e
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
  printf '%s\n' "$PARAM_WITHOUT_TASKVAULT" >"$taskvault_home/node_modules/.bin/taskvault"
  chmod +x "$taskvault_home/node_modules/.bin/taskvault"
}
taskvault_directory=''
case ${PARAM_CLI:-npm} in
  image)
    command -v taskvault >/dev/null ||
      taskvault_refuse 'cli "image": the image has no command taskvault; install it there, or use cli "npm"'
    ;;
  npm)
    # Outside of the project, and of nobody's but this job.
    taskvault_home="${TMPDIR:-/tmp}/taskvault-cli-${CIRCLE_WORKFLOW_JOB_ID:-$$}"
    taskvault_directory="$taskvault_home/node_modules/.bin"
    if ! [ -e "$taskvault_directory/taskvault" ]; then
      command -v npm >/dev/null ||
        taskvault_refuse 'cli "npm": the image has no npm; use an image with Node 24, or cli "image"'
      taskvault_package="@taskvault/cli@$PARAM_VERSION"
      taskvault_seconds=${PARAM_INSTALL_TIMEOUT:-60}
      # npm waits for each answer, not for all of them: one that comes byte by byte has no end.
      taskvault_within="timeout -k 5 $taskvault_seconds"
      $taskvault_within true 2>/dev/null || taskvault_within=''
      taskvault_status=0
      # shellcheck disable=SC2086 # Several words, or none.
      taskvault_said=$($taskvault_within npm install --prefix "$taskvault_home" --no-save --ignore-scripts --no-audit --no-fund --no-update-notifier \
        --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=250 --fetch-retry-maxtimeout=250 \
        --fetch-timeout="${NPM_CONFIG_FETCH_TIMEOUT:-2000}" "$taskvault_package" 2>&1) || taskvault_status=$?
      [ "$taskvault_status" -eq 0 ] || taskvault_go_without
    fi
    ;;
  */taskvault)
    test -x "$PARAM_CLI" || taskvault_refuse "cli \"$PARAM_CLI\": there is no such command"
    taskvault_directory=${PARAM_CLI%/*}
    ;;
  *)
    taskvault_refuse "cli \"$PARAM_CLI\" is neither npm nor image nor a path that ends with /taskvault"
    ;;
esac
# What a later step of this job finds: CircleCI reads this file before each of them.
taskvault_export() {
  taskvault_rest=$2
  taskvault_quoted=''
  while [ "$taskvault_rest" != "${taskvault_rest#*\'}" ]; do
    taskvault_quoted="$taskvault_quoted${taskvault_rest%%\'*}'\\''"
    taskvault_rest=${taskvault_rest#*\'}
  done
  printf "export %s='%s'%s\n" "$1" "$taskvault_quoted$taskvault_rest" "${3:-}" >>"$BASH_ENV"
}
if [ -n "$taskvault_directory" ]; then
  # shellcheck disable=SC2016 # Expanded by the step that reads the file.
  taskvault_export PATH "$taskvault_directory" '":$PATH"'
fi
# Where CircleCI keeps it from, also for tasks that run in a directory with a project of its own.
taskvault_cache=${PARAM_CACHE_DIR:-.taskvault/cache}
case $taskvault_cache in
  /* | '~'*) ;;
  *) taskvault_cache="$PWD/$taskvault_cache" ;;
esac
taskvault_export TASKVAULT_CACHE_DIR "$taskvault_cache"
case ${PARAM_IS_DEFAULT_BRANCH:-} in
  '') ;;
  true | false) taskvault_export TASKVAULT_BRANCH_IS_DEFAULT "$PARAM_IS_DEFAULT_BRANCH" ;;
  *) taskvault_refuse "is_default_branch \"$PARAM_IS_DEFAULT_BRANCH\" is neither true nor false" ;;
esac
if [ -n "${PARAM_REMOTE:-}" ]; then taskvault_export TASKVAULT_REMOTE "$PARAM_REMOTE"; fi
