# TaskVault: put the command on the PATH
taskvault_refuse() {
  printf 'taskvault: %s\n' "$1" >&2
  exit 64
}
taskvault_install_from_npm() (
#include ../../../orbs/taskvault/src/scripts/install-from-npm.sh
)
# A stand-in that runs the job's commands without taskvault.
taskvault_go_without() {
  mkdir -p "$taskvault_home/node_modules/.bin"
  rm -f "$taskvault_home/node_modules/.bin/taskvault"
  cat >"$taskvault_home/node_modules/.bin/taskvault" <<'TASKVAULT_STAND_IN'
#include ../../../orbs/taskvault/src/scripts/without-taskvault.sh
TASKVAULT_STAND_IN
  chmod +x "$taskvault_home/node_modules/.bin/taskvault"
}
case ${TASKVAULT_JOB_INSTALL_TIMEOUT:-60} in
  *[!0-9]*) taskvault_refuse "install-timeout \"$TASKVAULT_JOB_INSTALL_TIMEOUT\" is not a number of seconds" ;;
esac
case ${TASKVAULT_JOB_CLI:-npm} in
  image)
    command -v taskvault >/dev/null ||
      taskvault_refuse 'cli "image": the image has no taskvault command; install it there, or use cli "npm"'
    ;;
  npm)
    # A directory for each job: what runs here must not come from another job.
    taskvault_home="$CI_PROJECT_DIR/.taskvault/cli-$CI_JOB_ID"
    PATH="$taskvault_home/node_modules/.bin:$PATH"
    if ! [ -e "$taskvault_home/node_modules/.bin/taskvault" ]; then
      command -v npm >/dev/null ||
        taskvault_refuse 'cli "npm": the image has no npm; use an image with Node 24, or cli "image"'
      taskvault_install_from_npm "$taskvault_home" "@taskvault/cli@${TASKVAULT_JOB_VERSION:-@VERSION@}" \
        "${TASKVAULT_JOB_INSTALL_TIMEOUT:-60}" || taskvault_go_without
      # Hidden from `git status` and from `artifacts: untracked`.
      printf '*\n' >"$taskvault_home/.gitignore"
    fi
    ;;
  */taskvault)
    test -x "$TASKVAULT_JOB_CLI" ||
      taskvault_refuse "cli \"$TASKVAULT_JOB_CLI\": there is no such command"
    PATH="${TASKVAULT_JOB_CLI%/*}:$PATH"
    ;;
  *)
    taskvault_refuse "cli \"$TASKVAULT_JOB_CLI\" is not valid: use npm, image, or a path that ends with /taskvault"
    ;;
esac
export PATH
case ${TASKVAULT_JOB_REMOTE:-none} in
  none) ;;
  *) export TASKVAULT_REMOTE="$TASKVAULT_JOB_REMOTE" ;;
esac
# The directory that GitLab's own cache keeps, also for tasks in a directory that is a project of its own.
case ${TASKVAULT_CACHE_DIR:-.taskvault/cache} in
  /* | '~'*) ;;
  *) export TASKVAULT_CACHE_DIR="$CI_PROJECT_DIR/${TASKVAULT_CACHE_DIR:-.taskvault/cache}" ;;
esac
