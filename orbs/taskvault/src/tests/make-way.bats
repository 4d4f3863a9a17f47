#!/usr/bin/env bats

setup() {
  cd "$BATS_TEST_TMPDIR"
  export PARAM_CACHE_DIR="$BATS_TEST_TMPDIR/a b"
  mkdir -p "$PARAM_CACHE_DIR/blobs" "$PARAM_CACHE_DIR/begun"
  for file in cache.db cache.db-wal audit.log blobs/a begun/b; do echo x >"$PARAM_CACHE_DIR/$file"; done
  script="$BATS_TEST_DIRNAME/../scripts/make-way.sh"
}

@test "a vault is emptied, but for what a save still needs" {
  echo 'a cache directory made by TaskVault' >"$PARAM_CACHE_DIR/CACHEDIR.TAG"
  sh "$script"
  [ "$(cd "$PARAM_CACHE_DIR" && echo *)" = 'CACHEDIR.TAG begun' ]
  [ -e "$PARAM_CACHE_DIR/begun/b" ]
}

@test "the list of what it held is gone" {
  mkdir -p .taskvault/cache
  echo x >.taskvault/cache/held.txt
  sh "$script"
  ! [ -e .taskvault/cache/held.txt ]
}

@test "what is no vault stays as it is" {
  sh "$script"
  [ "$(cd "$PARAM_CACHE_DIR" && echo *)" = 'audit.log begun blobs cache.db cache.db-wal' ]
  PARAM_CACHE_DIR=/nowhere run sh "$script"
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
}
