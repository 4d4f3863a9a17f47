#!/bin/sh
# Puts the command on the PATH of this and the following steps: from npm, from the image, or from the given path.
set -e
taskvault_refuse() {
  printf 'taskvault: %s\n' "$1" >&2
  exit 64
}
# A stand-in that runs the job's commands without taskvault.
taskvault_go_without() {
  mkdir -p "$taskvault_home/node_modules/.bin"
  rm -f "$taskvault_home/node_modules/.bin/taskvault"
  printf '%s\n' "$PARAM_WITHOUT_TASKVAULT" >"$taskvault_home/node_modules/.bin/taskvault"
  chmod +x "$taskvault_home/node_modules/.bin/taskvault"
}
taskvault_directory=''
case ${PARAM_CLI:-npm} in
  image)
    command -v taskvault >/dev/null ||
      taskvault_refuse 'cli "image": the image has no taskvault command; install it there, or use cli "npm"'
    ;;
  npm)
    # Outside the project, and only for this job.
    taskvault_home="${TMPDIR:-/tmp}/taskvault-cli-${CIRCLE_WORKFLOW_JOB_ID:-$$}"
    taskvault_directory="$taskvault_home/node_modules/.bin"
    if ! [ -e "$taskvault_directory/taskvault" ]; then
      command -v npm >/dev/null ||
        taskvault_refuse 'cli "npm": the image has no npm; use an image with Node 24, or cli "image"'
      sh -c "$PARAM_INSTALL_FROM_NPM" install-from-npm "$taskvault_home" "@taskvault/cli@$PARAM_VERSION" \
        "${PARAM_INSTALL_TIMEOUT:-60}" || taskvault_go_without
    fi
    ;;
  */taskvault)
    test -x "$PARAM_CLI" || taskvault_refuse "cli \"$PARAM_CLI\": there is no such command"
    taskvault_directory=${PARAM_CLI%/*}
    ;;
  *)
    taskvault_refuse "cli \"$PARAM_CLI\" is not valid: use npm, image, or a path that ends with /taskvault"
    ;;
esac
# For later steps of this job: CircleCI reads this file before each of them.
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
# The directory that CircleCI keeps, also for tasks in a directory that is a project of its own.
taskvault_cache=${PARAM_CACHE_DIR:-.taskvault/cache}
case $taskvault_cache in
  /* | '~'*) ;;
  *) taskvault_cache="$PWD/$taskvault_cache" ;;
esac
taskvault_export TASKVAULT_CACHE_DIR "$taskvault_cache"
case ${PARAM_IS_DEFAULT_BRANCH:-} in
  '') ;;
  true | false) taskvault_export TASKVAULT_BRANCH_IS_DEFAULT "$PARAM_IS_DEFAULT_BRANCH" ;;
  *) taskvault_refuse "is_default_branch \"$PARAM_IS_DEFAULT_BRANCH\" is not valid: use true or false" ;;
esac
if [ -n "${PARAM_REMOTE:-}" ]; then taskvault_export TASKVAULT_REMOTE "$PARAM_REMOTE"; fi
