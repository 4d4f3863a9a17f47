# GitLab archives and uploads its cache again if anything in it is newer than the archive that it came from.
# A hit, or a miss that is not saved, changes only the index, the log, the metrics, locks, and notes for the end of the
# job: these get the time of the vault here. Whatever is saved, fetched or removed changes blobs/: its files keep their
# times, and cause the whole vault to be uploaded.
taskvault_vault=${TASKVAULT_CACHE_DIR:-.taskvault/cache}
case $taskvault_vault in
  "$CI_PROJECT_DIR"/* | [!/~]*)
    touch -c -r "$taskvault_vault/CACHEDIR.TAG" "$taskvault_vault" "$taskvault_vault"/cache.db* \
      "$taskvault_vault"/audit.log* "$taskvault_vault/metrics" "$taskvault_vault"/metrics/* \
      "$taskvault_vault/locks" "$taskvault_vault"/locks/* "$taskvault_vault/begun" "$taskvault_vault"/begun/* \
      2>/dev/null || :
    ;;
esac
