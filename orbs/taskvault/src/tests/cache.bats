#!/usr/bin/env bats

setup() {
  bin="$BATS_TEST_TMPDIR/bin"
  mkdir -p "$bin"
  printf '#!/bin/sh\nprintf "%%s\\n" "$@"\nexit "${ANSWER:-0}"\n' >"$bin/taskvault"
  chmod +x "$bin/taskvault"
  PATH="$bin:$PATH"
  scripts="$BATS_TEST_DIRNAME/../scripts"
  export PARAM_KEY=npm
}

@test "a miss is no failure" {
  ANSWER=1 run sh "$scripts/restore.sh"
  [ "$status" -eq 0 ]
}

@test "a call that cannot be meant is one" {
  ANSWER=64 run sh "$scripts/restore.sh"
  [ "$status" -eq 64 ]
}

@test "files, paths and fallbacks are options" {
  PARAM_KEY_FILES='a.lock
b.lock' PARAM_PATHS='~/.npm' PARAM_FALLBACK_KEYS=npm PARAM_POLICY=pull run sh "$scripts/restore.sh"
  [ "$(echo $output)" = 'restore npm --cache --input a.lock --input b.lock --output ~/.npm --fallback npm --read-only' ]
}

@test "save names the cache, and refuses what is no name" {
  run sh "$scripts/save.sh"
  [ "$(echo $output)" = 'save npm' ]
  PARAM_KEY='' run sh "$scripts/save.sh"
  [ "$status" -eq 64 ]
}
