#!/bin/sh
# Stands in for taskvault if it could not be installed: runs the same commands, finds nothing, saves nothing.
refuse() {
  printf 'taskvault: %s\n' "$1" >&2
  exit 69
}
verb=''
task=''
while [ $# -gt 0 ]; do
  case $1 in
    -C | --cwd) cd "$2" && shift 2 || exit 66 ;;
    --cwd=*) cd "${1#*=}" && shift || exit 66 ;;
    --config | --input | --output | --env | --tool | --salt | --result) shift 2 ;;
    --command) exec /bin/sh -c "$2" ;;
    --command=*) exec /bin/sh -c "${1#*=}" ;;
    --explain | --json) refuse "npm could not install it, and $1 does not work without it" ;;
    --)
      shift
      if [ -z "$task" ]; then task=$1 && shift; fi
      [ $# -eq 0 ] || exec "$@"
      ;;
    -*) shift ;;
    *)
      [ -z "$task" ] || exec "$@"
      case "$verb $1 ${2:-}" in
        ' run '*) verb=run ;;
        'run '*) task=$1 ;;
        ' restore '* | ' cache get') exit 1 ;;
        ' save '* | ' cache save') exit 0 ;;
        *) refuse "npm could not install it, and this does not work without it: taskvault $*" ;;
      esac
      shift
      ;;
  esac
done
refuse "task \"$task\" was not run: npm could not install taskvault, and its command is only in .taskvault/config.yaml.
Give the same command to the job as a parameter: then it runs even without taskvault, and its key stays the same.
Or install taskvault in the image, and use cli \"image\"."
