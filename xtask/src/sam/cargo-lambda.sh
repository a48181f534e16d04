#!/bin/sh
# What `sam build` starts as `cargo lambda build --release --bin NAME`: hands over the binary that is built already.
set -eu
binary=
while [ $# -gt 0 ]; do
    if [ "$1" = --bin ]; then binary=$2; fi
    shift
done
folder="$CARGO_TARGET_DIR/lambda/$binary"
mkdir -p "$folder"
cp "$FUNCTIONS/$binary" "$folder/bootstrap"
