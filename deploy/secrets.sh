#!/bin/sh
# Makes the passwords that docker-compose.yml mounts, each once, and the folders. What is there already stays.
set -eu
cd "$(dirname "$0")/secrets"
mkdir -p ../../videos ../../models  # Docker would make them, too: as root, where you may put nothing
chmod 700 .  # nobody else on this machine gets in; the files themselves are read by other users, inside containers
new() {
    [ -s "$1" ] || { umask 022; cat >"$1"; echo "made deploy/secrets/$1"; }
}
password() {
    head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'
}
password | new redis_password
password | new neo4j_password
printf 'neo4j/%s' "$(cat neo4j_password)" | new neo4j_auth  # as the server's image wants it: name/password
