#!/bin/sh
# Makes what is missing of certificates and passwords, and touches nothing that is there: delete a file to have it made
# anew. Then fills in every file of /deploy/templates. SERVER_NAMES lists the names and addresses in the server's
# certificate, SERVER_USAGE what that is good for: servers with replicas are clients of each other.
set -eu

state=/state
server=$state/server   # what the server reads
client=$state/client   # what a gateway needs
operator=$state/operator
authority=$state/authority # the key that signs; keep it away from both
SERVER_UID=999

umask 077
mkdir -p "$server" "$client" "$operator" "$authority"

# key FILE: a private key, complete or not there
key() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.new"
  mv "$1.new" "$1"
}

# certificate FILE SUBJECT DAYS EXTENSIONS: a key and a certificate that the authority has signed
certificate() {
  [ ! -s "$1.crt" ] || [ ! -s "$1.key" ] || return 0
  key "$1.key"
  printf '%s\n' 'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,digitalSignature' "$4" >"$1.ext"
  openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA "$authority/ca.crt" -CAkey "$authority/ca.key" -CAcreateserial \
    -days "$3" -sha256 -extfile "$1.ext" -out "$1.crt.new"
  mv "$1.crt.new" "$1.crt"
  rm -f "$1.csr" "$1.ext"
}

# password FILE: 256 random bits
password() {
  [ -s "$1" ] || { openssl rand -hex 32 >"$1.new" && mv "$1.new" "$1"; }
}

# text FILE: the password in it
text() {
  tr -d '\n' <"$1"
}

# digest FILE: SHA-256 of the password in it
digest() {
  sum=$(text "$1" | openssl dgst -sha256 -r)
  printf '%s' "${sum%% *}"
}

# fill TEMPLATE: the same for the server, with passwords and digests in their places
fill() {
  target=$server/${1##*/}
  sed -e "s/@INDELIBLE_SHA256@/$(digest "$client/password")/" \
    -e "s/@OPERATOR_SHA256@/$(digest "$operator/password")/" \
    -e "s/@PEER_SHA256@/$(digest "$server/peer")/" \
    -e "s/@PEER_PASSWORD@/$(text "$server/peer")/" "$1" >"$target.new"
  mv "$target.new" "$target"
}

if [ ! -s "$authority/ca.crt" ]; then
  key "$authority/ca.key"
  openssl req -x509 -new -key "$authority/ca.key" -subj '/CN=indelible authority' -days 3650 -sha256 \
    -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign,cRLSign' \
    -out "$authority/ca.crt"
fi
certificate "$server/server" 'indelible server' 365 "subjectAltName=${SERVER_NAMES}
extendedKeyUsage=${SERVER_USAGE:-serverAuth}"
certificate "$client/client" 'indelible gateway' 365 'extendedKeyUsage=clientAuth'
password "$client/password"
password "$operator/password"
password "$server/peer" # what servers and sentinels show each other

cp "$authority/ca.crt" "$server/ca.crt"
cp "$authority/ca.crt" "$client/ca.crt"
for template in /deploy/templates/*; do
  fill "$template"
done

chown -R "$SERVER_UID:$SERVER_UID" "$server"
chown -R "$(stat -c %u:%g "$state")" "$client" "$operator" "$authority"
echo 'prepare: certificates, passwords and access rules are in place'
