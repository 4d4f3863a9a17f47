# Installs a package with npm: DIRECTORY PACKAGE SECONDS. An unavailable registry costs a job some seconds and the
# cache, but never fails it: one warning, and status 1.
#
# npm limits the wait for each answer, not for all of them, so an answer that comes byte by byte would never end.
taskvault_within="timeout -k 5 $3"
$taskvault_within true 2>/dev/null || taskvault_within=''
taskvault_status=0
# shellcheck disable=SC2086 # Several words, or none.
taskvault_said=$($taskvault_within npm install --prefix "$1" --no-save --ignore-scripts --no-audit --no-fund --no-update-notifier \
  --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=250 --fetch-retry-maxtimeout=250 \
  --fetch-timeout="${NPM_CONFIG_FETCH_TIMEOUT:-2000}" "$2" 2>&1) || taskvault_status=$?
case $taskvault_status in
  0) exit 0 ;;
  124 | 137 | 143) taskvault_reason="npm took longer than $3 s" taskvault_said='' ;;
  *) taskvault_reason="npm ended with status $taskvault_status" ;;
esac
# The first line of npm's error that is not a code. Both parentheses are for the bash of macOS.
taskvault_reason=$(
  printf '%s\n' "$taskvault_said" | {
    taskvault_found=''
    while read -r taskvault_line; do
      case $taskvault_line in
        ('npm error code '* | 'npm error errno '* | 'npm error syscall '*) ;;
        ('npm error '*) [ -n "$taskvault_found" ] || taskvault_found=${taskvault_line#npm error } ;;
      esac
    done
    printf '%s' "${taskvault_found:-$taskvault_reason}"
  }
)
printf 'warning: this job runs without the cache: npm could not install %s: %s\n' "$2" "$taskvault_reason" >&2
exit 1
