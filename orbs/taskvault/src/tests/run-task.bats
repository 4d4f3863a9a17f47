#!/usr/bin/env bats

# A stand-in for the command: it prints each word that it was called with on a line of its own.
setup() {
  bin="$BATS_TEST_TMPDIR/bin"
  mkdir -p "$bin"
  printf '#!/bin/sh\nprintf "%%s\\n" "$@"\n' >"$bin/taskvault"
  chmod +x "$bin/taskvault"
  PATH="$bin:$PATH"
  export PARAM_TASK=unit_tests
}

@test "a value a line becomes an option each, whatever is in it" {
  export PARAM_INPUTS='src/**
!src/$(id)/*.md

a b'
  run sh "$BATS_TEST_DIRNAME/../scripts/run-task.sh"
  [ "$status" -eq 0 ]
  expected='run
unit_tests
--input
src/**
--input
!src/$(id)/*.md
--input
a b
--show-key'
  [ "$output" = "$expected" ]
}

@test "a command of several lines is refused, unless it begins with set -e" {
  PARAM_COMMAND='one
two' run sh "$BATS_TEST_DIRNAME/../scripts/run-task.sh"
  [ "$status" -eq 64 ]
  PARAM_COMMAND='set -e
two' run sh "$BATS_TEST_DIRNAME/../scripts/run-task.sh"
  [ "$status" -eq 0 ]
}

@test "a name with spaces is refused by name and value" {
  PARAM_TASK='two words' run sh "$BATS_TEST_DIRNAME/../scripts/run-task.sh"
  [ "$status" -eq 64 ]
  [ "$output" = 'taskvault: task "two words" is not a valid name: use one word without spaces' ]
}

@test "a directory that is not there is refused before anything is called" {
  PARAM_DIRECTORY=nowhere run sh "$BATS_TEST_DIRNAME/../scripts/run-task.sh"
  [ "$status" -eq 64 ]
  [[ "$output" == *'directory "nowhere" does not exist' ]]
}
