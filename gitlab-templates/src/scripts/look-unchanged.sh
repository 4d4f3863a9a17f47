# GitLab archives and uploads its cache again when anything in it is newer than the archive that it came from.
# A hit, or a miss that is not saved, is only counted, in the index, the log and the metrics, and leaves locks and word
# for the end of the job: these are made to look as old as the vault. What is saved, fetched or removed is a file in
# blobs/: that keeps its time, and has all of the vault uploaded as it is.
taskvault_vault=${TASKVAULT_CACHE_DIR:-.taskvault/cache}
case $taskvault_vault in
  "$CI_PROJECT_DIR"/* | [!/~]*)
    touch -c -r "$taskvault_vault/CACHEDIR.TAG" "$taskvault_vault" "$taskvault_vault"/cache.db* \
      "$taskvault_vault"/audit.log* "$taskvault_vault/metrics" "$taskvault_vault"/metrics/* \
      "$taskvault_vault/locks" "$taskvault_vault"/locks/* "$taskvault_vault/begun" "$taskvault_vault"/begun/* \
      2>/dev/null || :
    ;;
esac
