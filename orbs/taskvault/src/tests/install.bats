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

# A stand-in for npm, first on the PATH.
npm_that() {
  mkdir -p "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\n%s\n' "$1" >"$BATS_TEST_TMPDIR/bin/npm"
  chmod +x "$BATS_TEST_TMPDIR/bin/npm"
}

install_by_npm() {
  PATH="$BATS_TEST_TMPDIR/bin:$PATH" TMPDIR="$BATS_TEST_TMPDIR" CIRCLE_WORKFLOW_JOB_ID=7 PARAM_VERSION=1.2.3 \
    PARAM_INSTALL_FROM_NPM="$(cat "$BATS_TEST_DIRNAME/../scripts/install-from-npm.sh")" \
    PARAM_WITHOUT_TASKVAULT="$(cat "$BATS_TEST_DIRNAME/../scripts/without-taskvault.sh")" sh "$script"
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
  [[ "$output" == *'cli "yarn" is not valid: use npm, image, or a path'* ]]
}

@test "npm installs exactly the version that it is told, without scripts of packages" {
  npm_that 'echo "$@" >"$BATS_TEST_TMPDIR/called"'
  run install_by_npm
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [[ "$(cat "$BATS_TEST_TMPDIR/called")" == "install --prefix $BATS_TEST_TMPDIR/taskvault-cli-7 "*' --ignore-scripts '*'@taskvault/cli@1.2.3' ]]
}

@test "when npm fails, one warning says why, and the steps that follow run without the cache" {
  npm_that 'echo "npm error code E500"; echo "npm error 500 Internal Server Error - GET http://x.test/"; exit 1'
  run install_by_npm
  [ "$status" -eq 0 ]
  [ "$output" = 'warning: this job runs without the cache: npm could not install @taskvault/cli@1.2.3: 500 Internal Server Error - GET http://x.test/' ]
  run install_by_npm
  [ "$output" = '' ]
  run bash -c 'taskvault run t --input "src/**" --salt -- -- sh -c "echo it ran; exit 3" -- a'
  [ "$status" -eq 3 ]
  [ "$output" = 'it ran' ]
  run bash -c 'taskvault run --input "src/**" t --quiet -- echo it ran'
  [ "$output" = 'it ran' ]
  run bash -c 'taskvault --config c.yaml -C / run t pwd'
  [ "$output" = / ]
  run bash -c 'taskvault -q run t --read-only --command "echo \$((1 + 1)); exit 4"'
  [ "$status" -eq 4 ]
  [ "$output" = '2' ]
}

@test "npm is given up when its time is over, and the steps that follow run without the cache" {
  npm_that 'sleep 30'
  PARAM_INSTALL_TIMEOUT=1 run install_by_npm
  [ "$status" -eq 0 ]
  [ "$output" = 'warning: this job runs without the cache: npm could not install @taskvault/cli@1.2.3: npm took longer than 1 s' ]
  run bash -c 'taskvault run t -- echo it ran'
  [ "$output" = 'it ran' ]
}

@test "without the cache all is a miss, and what only taskvault knows is refused" {
  npm_that 'exit 7'
  run install_by_npm
  [[ "$output" == *': npm ended with status 7' ]]
  run bash -c 'taskvault restore t --cache --output x'
  [ "$status" -eq 1 ]
  run bash -c 'taskvault save t && taskvault cache save t a b && ! taskvault cache get t a b'
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  run bash -c 'taskvault run lint --show-key'
  [ "$status" -eq 69 ]
  [[ "$output" == *'task "lint" was not run'*'.taskvault/config.yaml'*'as a parameter'* ]]
  run bash -c 'taskvault run lint --explain -- echo it ran'
  [ "$status" -eq 69 ]
  [[ "$output" != *'it ran'* ]]
}

@test "whether the branch is the default one is true or false" {
  PARAM_CLI="$command" PARAM_IS_DEFAULT_BRANCH=maybe run sh "$script"
  [ "$status" -eq 64 ]
  PARAM_CLI="$command" PARAM_IS_DEFAULT_BRANCH=true run sh "$script"
  [ "$status" -eq 0 ]
  run bash -c 'echo "$TASKVAULT_BRANCH_IS_DEFAULT"'
  [ "$output" = true ]
}
