#!/bin/sh
# Lists what the vault holds. The key of CircleCI's cache contains the checksum of this list, and CircleCI does not upload
# an existing key again. Every save adds a file to blobs/, and a hit adds none. The week is in the list so that an
# unchanged vault is uploaded once a week, because CircleCI's caches expire.
set -e
taskvault_vault=${PARAM_CACHE_DIR:-.taskvault/cache}
case $taskvault_vault in
  '~'*) taskvault_vault=$HOME${taskvault_vault#?} ;;
esac
if [ "${PARAM_IF_THERE:-false}" = true ] && ! [ -d "$taskvault_vault/blobs" ]; then exit 0; fi
mkdir -p .taskvault/cache
date -u +%G-%V >.taskvault/cache/held.txt
LC_ALL=C ls "$taskvault_vault/blobs" >>.taskvault/cache/held.txt 2>/dev/null || :
