#!/bin/sh
# Stands in for taskvault where that could not be installed: runs what it would run, finds nothing, saves nothing.
refuse() {
  printf 'taskvault: %s\n' "$1" >&2
  exit 69
}
while :; do
  case ${1:-} in
    -q | --quiet) shift ;;
    -C | --cwd) cd "$2" && shift 2 || exit 66 ;;
    *) break ;;
  esac
done
case "${1:-} ${2:-}" in
  'run '*) ;;
  'restore '* | 'cache get') exit 1 ;;
  'save '* | 'cache save') exit 0 ;;
  *) refuse "npm could not install it, and nothing else answers to: taskvault $*" ;;
esac
task=$2
shift 2
while [ $# -gt 0 ]; do
  case $1 in
    --command) exec /bin/sh -c "$2" ;;
    --command=*) exec /bin/sh -c "${1#*=}" ;;
    --input | --output | --env | --tool | --salt | --result) shift 2 ;;
    --explain | --json) refuse "task \"$task\" cannot be explained: npm could not install taskvault" ;;
    --) shift && exec "$@" ;;
    -*) shift ;;
    *) exec "$@" ;;
  esac
done
refuse "task \"$task\" was not run: npm could not install taskvault, which alone reads its command from .taskvault/config.yaml.
Give the same command to the job as a parameter, and it runs without the cache when this happens; its key stays what
it is. Or put taskvault into the image, and use cli \"image\"."
