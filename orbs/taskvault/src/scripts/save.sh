#!/bin/sh
# Saves the cache, unless it was restored.
set -e
case ${PARAM_KEY:-} in
  '' | *[[:space:]]*)
    printf 'taskvault: key "%s" is not a valid name: use one word without spaces\n' "${PARAM_KEY:-}" >&2
    exit 64
    ;;
esac
exec taskvault save "$PARAM_KEY"
