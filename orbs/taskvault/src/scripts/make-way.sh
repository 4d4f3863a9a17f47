#!/bin/sh
# Empties a vault that is there, such as that of the task before: CircleCI unpacks another one over it, whose index what
# is left of this one's would spoil. Word of a restore stays, for the save that is still to come.
set -e
taskvault_vault=${PARAM_CACHE_DIR:-.taskvault/cache}
case $taskvault_vault in
  '~'*) taskvault_vault=$HOME${taskvault_vault#?} ;;
esac
if grep -q TaskVault "$taskvault_vault/CACHEDIR.TAG" 2>/dev/null; then
  rm -rf "$taskvault_vault/blobs" "$taskvault_vault"/cache.db* "$taskvault_vault"/audit.log*
fi
# The list of what that vault held, by which CircleCI would keep this one.
rm -f .taskvault/cache/held.txt
