#!/usr/bin/env bats

setup() {
  cd "$BATS_TEST_TMPDIR"
  export HOME="$BATS_TEST_TMPDIR/home"
  mkdir -p "$HOME/vault/blobs"
  script="$BATS_TEST_DIRNAME/../scripts/list-vault.sh"
}

@test "the list is another one when something was saved, and only then" {
  export PARAM_CACHE_DIR='~/vault'
  sh "$script"
  cp .taskvault/cache/held.txt before
  echo counted >"$HOME/vault/cache.db"
  sh "$script"
  cmp before .taskvault/cache/held.txt
  echo saved >"$HOME/vault/blobs/a"
  sh "$script"
  ! cmp before .taskvault/cache/held.txt
}

@test "after a failure, a vault that is not there has no list" {
  export PARAM_IF_THERE=true
  PARAM_CACHE_DIR=nowhere run sh "$script"
  [ "$status" -eq 0 ]
  ! [ -e .taskvault/cache/held.txt ]
  PARAM_CACHE_DIR='~/vault' sh "$script"
  [ -s .taskvault/cache/held.txt ]
}

@test "a vault that is not there is no failure" {
  PARAM_CACHE_DIR=nowhere run sh "$script"
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ -s .taskvault/cache/held.txt ]
}
