#!/bin/sh
# start.sh NAME FILE [LINE]…: runs a server, or a sentinel if FILE is sentinel.conf, in the folder /data/NAME. Its
# configuration is made there at the first start, FILE and the lines after it, and is its own from then on: servers and
# sentinels write into it who the primary is.
set -eu

folder=/data/$1
file=$2
shift 2

umask 077
mkdir -p "$folder"
if [ ! -s "$folder/own.conf" ]; then
  { cat "$file" && printf '%s\n' "dir $folder" "$@"; } >"$folder/own.conf.new"
  mv "$folder/own.conf.new" "$folder/own.conf"
fi
case $file in
*/sentinel.conf) exec valkey-server "$folder/own.conf" --sentinel ;;
*) exec valkey-server "$folder/own.conf" ;;
esac
