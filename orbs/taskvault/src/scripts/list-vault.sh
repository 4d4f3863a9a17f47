#!/bin/sh
# Lists what the vault holds. The key of CircleCI's cache has the checksum of the list, and what lies under a key is not
# uploaded again: whatever is saved is a file in blobs/, and a hit makes none. The week has the same uploaded once in
# each, for CircleCI forgets what was uploaded two weeks ago.
set -e
taskvault_vault=${PARAM_CACHE_DIR:-.taskvault/cache}
case $taskvault_vault in
  '~'*) taskvault_vault=$HOME${taskvault_vault#?} ;;
esac
if [ "${PARAM_IF_THERE:-false}" = true ] && ! [ -d "$taskvault_vault/blobs" ]; then exit 0; fi
mkdir -p .taskvault/cache
date -u +%G-%V >.taskvault/cache/held.txt
LC_ALL=C ls "$taskvault_vault/blobs" >>.taskvault/cache/held.txt 2>/dev/null || :
