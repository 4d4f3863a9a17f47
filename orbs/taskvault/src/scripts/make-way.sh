#!/bin/sh
# Empties an existing vault, such as that of the task before: CircleCI unpacks another one over it, and leftovers of the
# old index would damage the new one. The notes of a restore stay, for the save that is still to come.
set -e
taskvault_vault=${PARAM_CACHE_DIR:-.taskvault/cache}
case $taskvault_vault in
  '~'*) taskvault_vault=$HOME${taskvault_vault#?} ;;
esac
if grep -q TaskVault "$taskvault_vault/CACHEDIR.TAG" 2>/dev/null; then
  rm -rf "$taskvault_vault/blobs" "$taskvault_vault"/cache.db* "$taskvault_vault"/audit.log*
fi
# The old vault's list, which would give the new one a wrong key.
rm -f .taskvault/cache/held.txt
