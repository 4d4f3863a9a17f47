#!/usr/bin/env bats

setup() {
  export BASH_ENV="$BATS_TEST_TMPDIR/bash.env"
  : >"$BASH_ENV"
  script="$BATS_TEST_DIRNAME/../scripts/install.sh"
  mkdir -p "$BATS_TEST_TMPDIR/it's here"
  command="$BATS_TEST_TMPDIR/it's here/taskvault"
  printf '#!/bin/sh\necho "remote=$TASKVAULT_REMOTE dir=$TASKVAULT_CACHE_DIR"\n' >"$command"
  chmod +x "$command"
}

@test "a path with spaces and quotes is found by the steps that follow" {
  PARAM_CLI="$command" PARAM_REMOTE='https://x.test/?a=1&b=$(id)' run sh "$script"
  [ "$status" -eq 0 ]
  run bash -c taskvault
  [ "$output" = 'remote=https://x.test/?a=1&b=$(id) dir='"$PWD/.taskvault/cache" ]
}

@test "a task that runs in a directory uses the vault that is kept" {
  PARAM_CLI="$command" PARAM_CACHE_DIR='a b/vault' run sh "$script"
  run bash -c 'cd / && taskvault'
  [ "$output" = "remote= dir=$PWD/a b/vault" ]
}

@test "a vault in the home directory or elsewhere stays there" {
  for place in '~/vault' /var/vault; do
    PARAM_CLI="$command" PARAM_CACHE_DIR="$place" run sh "$script"
    run bash -c taskvault
    [ "$output" = "remote= dir=$place" ]
  done
}

@test "a path where there is no command is refused by name and value" {
  PARAM_CLI=/no/taskvault run sh "$script"
  [ "$status" -eq 64 ]
  [ "$output" = 'taskvault: cli "/no/taskvault": there is no such command' ]
}

@test "anything else is refused" {
  PARAM_CLI=yarn run sh "$script"
  [ "$status" -eq 64 ]
  [[ "$output" == *'cli "yarn" is neither npm nor image nor a path'* ]]
}

@test "npm installs exactly the version that it is told, without scripts of packages" {
  printf '#!/bin/sh\necho "$@"\n' >"$BATS_TEST_TMPDIR/npm"
  chmod +x "$BATS_TEST_TMPDIR/npm"
  PATH="$BATS_TEST_TMPDIR:$PATH" TMPDIR=/tmp CIRCLE_WORKFLOW_JOB_ID="none-$$" PARAM_VERSION=1.2.3 \
    run sh "$script"
  [ "$status" -eq 0 ]
  [[ "$output" == 'install --prefix /tmp/taskvault-cli-none-'*' --ignore-scripts '*'@taskvault/cli@1.2.3' ]]
}

@test "whether the branch is the default one is true or false" {
  PARAM_CLI="$command" PARAM_IS_DEFAULT_BRANCH=maybe run sh "$script"
  [ "$status" -eq 64 ]
  PARAM_CLI="$command" PARAM_IS_DEFAULT_BRANCH=true run sh "$script"
  [ "$status" -eq 0 ]
  run bash -c 'echo "$TASKVAULT_BRANCH_IS_DEFAULT"'
  [ "$output" = true ]
}
