#!/usr/bin/env bash
# Builds and installs the Debian package, starts the server with the settings of its unit, uses it, stops it and removes it.
# Then runs the binary in a root folder as minimal as the image. Must run as root, on a throwaway Debian without gochat, because
# it installs packages. systemd need not be running. Cleans up at the end, even after a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }
fail() { printf 'deploy/test.sh: %s\n' "$*" >&2; exit 1; }
check() { # what, found, expected
    [ "$2" = "$3" ] || fail "$1: found \"$2\", expected \"$3\""
    printf 'ok: %s\n' "$1"
}

[ "$(id -u)" = 0 ] || fail "it installs a package: run it as root"
for trace in /etc/gochat /var/lib/gochat /usr/bin/gochat; do
    [ ! -e "$trace" ] || fail "$trace is there already: run it where gochat is not installed"
done
! getent passwd gochat > /dev/null || fail "the user gochat is there already: run it where gochat is not installed"

export DEBIAN_FRONTEND=noninteractive
scratch=$(mktemp -d)
server=
cluster=$scratch/postgres
cleanup() {
    status=$?
    [ -z "$server" ] || kill -KILL "$server" 2> /dev/null || true
    [ ! -e "$cluster/data/postmaster.pid" ] || as_postgres pg_ctl --pgdata=data --mode=immediate --silent stop || true
    if [ $status != 0 ] && [ -s "$scratch/log" ]; then
        echo "the server's last lines:" >&2
        tail -n 20 "$scratch/log" >&2
    fi
    if dpkg-query --show gochat > /dev/null 2>&1; then
        dpkg --purge gochat || true
    fi
    rm -rf "$scratch" /var/lib/gochat
    ! getent passwd gochat > /dev/null || userdel gochat
    ! getent group gochat > /dev/null || groupdel gochat
}
# Runs a program of the newest PostgreSQL as its user.
as_postgres() {
    (
        cd "$cluster"
        programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort --version-sort | tail -n 1)
        exec setpriv --reuid=postgres --regid=postgres --clear-groups "$programs/$1" "${@:2}"
    )
}
trap cleanup EXIT

step "requirements"
missing=()
for need in systemctl:systemd curl:curl cc:gcc perl:perl make:make dpkg-shlibdeps:dpkg-dev adduser:adduser strace:strace; do
    command -v "${need%:*}" > /dev/null || missing+=("${need#*:}")
done
compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || missing+=(postgresql)
if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -q
    apt-get install -y -q --no-install-recommends "${missing[@]}"
fi
command -v cargo-deb > /dev/null || cargo install --locked cargo-deb

step "the files of deploy/"
deploy/check.sh

step "the Dockerfile's build command, with only the sources that it copies"
mkdir "$scratch/src"
# Copied with new modification times, so that cargo rebuilds them.
while read -r -a words; do
    cp -r --parents "${words[@]:1:${#words[@]}-2}" "$scratch/src"
done < <(grep '^COPY ' deploy/docker/Dockerfile | grep -v -- --from=)
read -r -a command < <(sed -n 's/^ *\(cargo build .*\) \\$/\1/p' deploy/docker/Dockerfile)
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
printf '%s\n' "${command[*]}"
(cd "$scratch/src" && CARGO_TARGET_DIR=$target "${command[@]}")
install "$target/release/gochat" "$scratch/image-gochat"
rm -rf "$scratch/src"

step "build"
package=$(deploy/debian/build.sh)
dpkg-deb --info "$package" control

step "install"
# apt also installs dependencies.
install -m 0644 "$package" "$scratch/gochat.deb"
chmod 0755 "$scratch"
apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$scratch/gochat.deb"
unit=$(dpkg-query --listfiles gochat | grep '/gochat\.service$')
check "binary" "$(stat -c '%A %U:%G' /usr/bin/gochat)" "-rwxr-xr-x root:root"
check "unit" "$(stat -c '%A %U:%G' "$unit")" "-rw-r--r-- root:root"
check "settings" "$(stat -c '%A %U:%G' /etc/gochat/gochat.env)" "-rw-r----- root:gochat"
check "state" "$(stat -c '%A %U:%G' /var/lib/gochat)" "drwx------ gochat:gochat"
check "shell" "$(getent passwd gochat | cut -d : -f 7)" "/usr/sbin/nologin"
check "conffiles" "$(dpkg-query --show -f '${Conffiles}' gochat | awk 'NF { print $1 }')" "/etc/gochat/gochat.env"
check "licence" "$(grep -o 'Permission is hereby granted' /usr/share/doc/gochat/copyright)" "Permission is hereby granted"
cmp config/default.toml /usr/share/doc/gochat/examples/default.toml
check "enabled" "$(systemctl is-enabled gochat)" "enabled"
systemd-analyze verify --man=no "$unit"
echo "# ours" >> /etc/gochat/gochat.env
dpkg --install "$scratch/gochat.deb"
check "settings outlive an upgrade" "$(tail -n 1 /etc/gochat/gochat.env)" "# ours"
check "settings stay private" "$(stat -c '%A %U:%G' /etc/gochat/gochat.env)" "-rw-r----- root:gochat"
for page in gochat.1:/usr/share/man/man1/gochat.1.gz gochat.bash:/usr/share/bash-completion/completions/gochat \
    _gochat:/usr/share/zsh/vendor-completions/_gochat gochat.fish:/usr/share/fish/vendor_completions.d/gochat.fish; do
    # Checked in the package, because dpkg in a container may be configured not to unpack manuals.
    dpkg-deb --contents "$package" | grep " \.${page#*:}$" > /dev/null || fail "${page#*:} is not in the package"
    [ -s "target/deploy/${page%:*}" ] || fail "${page%:*} is empty"
    echo "ok: ${page#*:}"
done

# Prints a value of the unit.
of_unit() { sed -n "s/^$1=//p" "$unit"; }
state=$scratch/state
install -d -o "$(of_unit User)" -g "$(of_unit Group)" -m 0700 "$state"
# The unit's environment, with another state folder and with ports chosen by the kernel. Its EnvironmentFile overrides it.
mapfile -t environment < <(of_unit Environment | sed "s|/var/lib/gochat|$state|g")
environment+=("GOCHAT__HTTP__BIND=127.0.0.1:0" "GOCHAT__ADMIN__BIND=127.0.0.1:0")
settings=$(of_unit EnvironmentFile | sed 's/^-//')
read -r -a start < <(of_unit ExecStart)
as_unit() {
    cd "$state"
    umask "$(of_unit UMask)"
    # shellcheck disable=SC2016 # It is for the inner shell to expand.
    exec setpriv --reuid="$(of_unit User)" --regid="$(of_unit Group)" --clear-groups --no-new-privs \
        --bounding-set=-all env -i "${environment[@]}" sh -c 'set -a; . "$0"; exec "$@"' "$settings" "$@"
}

# Waits until the log has these words, and prints the address after them.
address() {
    for _ in $(seq 300); do
        sed -n "s|.*$1 on http://\([0-9.]*:[0-9]*\).*|\1|p" "$scratch/log" | grep . && return
        kill -0 "$server" 2> /dev/null || fail "the server ended"
        sleep 0.1
    done
    fail "the server does not listen"
}
start() {
    : > "$scratch/log"
    ("$@") 2> "$scratch/log" &
    server=$!
    url=http://$(address listening)
    admin=http://$(address "admin listener")
}
stop() {
    kill -TERM "$server"
    status=0
    wait "$server" || status=$?
    server=
    check "exit code after SIGTERM" "$status" 0
}
create() {
    curl --silent --show-error --output "$scratch/reply" --write-out '%{http_code}' "$url/v1/group" \
        --header "GoChat-Token: $key" --header 'Content-Type: application/json' \
        --data '{"name": "group_1", "token": "298fbgv479bv", "admin_id": 1}'
}

step "settings"
# The service must accept every line that an administrator may uncomment.
sed -n "s/^#\(GOCHAT__[^']*\)$/\1/p; s/^#\(GOCHAT__.*\)'\(.*\)'$/\1\2/p" /etc/gochat/gochat.env > "$scratch/env"
while read -r line; do
    (environment=("$line"); as_unit /usr/bin/gochat --profile production config > /dev/null) || fail "refused: $line"
    echo "ok: ${line%%=*}"
done < "$scratch/env"

step "start: ${start[*]}"
key=$( (as_unit /usr/bin/gochat --profile production keys create --name test --scope groups:write --scope groups:read) )
start as_unit "${start[@]}"
check "a group is created" "$(create)" 201
made=$(< "$scratch/reply")
check "its id is 1" "${made%%,*}" '{"id":1'
check "user" "$(stat -c %U "/proc/$server")" "$(of_unit User)"
check "database" "$(stat -c '%A %U' "$state/gochat.sqlite")" "-rw------- gochat"
stop
# strace records whether the unit's sandbox allows what the server does. -D keeps the server a child of this shell.
start as_unit strace -D -f -qq -o "$state/trace.sqlite" "${start[@]}"
check "the group is still there after a restart" \
    "$(curl --silent --show-error "$url/v1/group/1" --header "GoChat-Token: $key")" "$made"
check "its name is refused" "$(create)" 409
stop

step "the same with PostgreSQL, as the file of settings says"
install -d -o postgres -g postgres -m 0700 "$cluster"
as_postgres initdb --pgdata=data --auth-local=trust --auth-host=scram-sha-256 --no-sync > "$scratch/initdb"
for _ in $(seq 5); do
    # Another process may take the port first.
    port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$cluster"
    as_postgres pg_ctl --pgdata=data --log=log --wait --silent --options="$options" start && break
done
sql() { as_postgres psql --host="$cluster" --port="$port" --no-psqlrc --quiet --tuples-only --no-align "$@"; }
sql --command="CREATE ROLE gochat LOGIN PASSWORD 'secret'" --command="CREATE DATABASE gochat OWNER gochat"
sed "s|^#\(GOCHAT__DATABASE__URL='postgres://gochat:secret@127.0.0.1:\)5432/gochat'|\1$port/gochat'|" "$settings" \
    > "$scratch/settings"
cat "$scratch/settings" > "$settings"
check "only the URL of PostgreSQL is set" "$(grep --count '^GOCHAT__' "$settings")" 1
key=$( (as_unit /usr/bin/gochat --profile production keys create --name test --scope groups:write --scope groups:read) )
start as_unit strace -D -f -qq -o "$state/trace.postgres" "${start[@]}"
check "the server is ready" "$(curl --silent --show-error "$admin/readyz")" '{"database":"ok","migrations":"ok","writes":"ok","shutdown":"ok"}'
check "a group is created" "$(create)" 201
check "the group is found" "$(curl --silent --show-error "$url/v1/group/1" --header "GoChat-Token: $key")" "$(< "$scratch/reply")"
check "the group is in PostgreSQL" "$(sql --dbname=gochat --command='SELECT name, token, admin_id FROM groups')" \
    "group_1|298fbgv479bv|1"
stop
as_postgres pg_ctl --pgdata=data --wait --silent stop

step "the sandbox"
# Prints the system calls of a set, with nested sets expanded.
calls() {
    systemd-analyze syscall-filter --no-pager "$1" | sed '1d; s/[[:space:]]//g; /^#/d; /^$/d' | while read -r name; do
        case $name in
            @*) calls "$name" ;;
            *) echo "$name" ;;
        esac
    done
}
sets() { for set in "$@"; do calls "$set"; done | sort -u; }
read -r -a allow < <(of_unit SystemCallFilter | grep -v '^~')
read -r -a deny < <(of_unit SystemCallFilter | sed -n 's/^~//p')
comm -23 <(sets "${allow[@]}") <(sets "${deny[@]}") > "$scratch/may"
for database in sqlite postgres; do
    trace=$state/trace.$database
    sed -nE 's/^[0-9]+ +([a-z_0-9]+)\(.*/\1/p' "$trace" | sort -u > "$scratch/does"
    grep -qx accept4 "$scratch/does" || fail "strace saw nothing"
    check "$database: system calls that the unit forbids" "$(comm -23 "$scratch/does" "$scratch/may")" ""
    check "$database: memory to write and execute" "$(grep 'PROT_WRITE|PROT_EXEC' "$trace" || true)" ""
    grep -oE 'socket(pair)?\(AF_[A-Z0-9]+' "$trace" | sed 's/.*(//' | sort -u > "$scratch/families"
    check "$database: address families that the unit forbids" \
        "$(comm -23 "$scratch/families" <(of_unit RestrictAddressFamilies | tr ' ' '\n' | sort))" ""
done

step "remove"
apt-get purge -y -qq -o Dpkg::Use-Pty=0 gochat
check "remaining files" \
    "$(find /etc /usr /lib /var -xdev -path '*gochat*' -not -path "$PWD/*" -not -path "$scratch/*" 2> /dev/null)" \
    "/var/lib/gochat"

step "a root folder as minimal as the image: libc, libgcc and the binary"
root=$scratch/root
mkdir -p "$root/usr/bin" "$root/var/lib/gochat"
install -m 0755 "$scratch/image-gochat" "$root/usr/bin/gochat"
libraries=$(ldd "$root/usr/bin/gochat" | grep -o '/[^ ]*')
for library in $libraries; do
    case ${library##*/} in
        ld-linux-*.so.* | libc.so.6 | libm.so.6 | libgcc_s.so.1 | libdl.so.2 | libpthread.so.0 | librt.so.1)
            cp --parents -L "$library" "$root" ;;
        *) fail "$library is not in distroless/cc" ;;
    esac
done
chown 65532:65532 "$root/var/lib/gochat"
mapfile -t image < <(sed -n 's/^\(ENV\|   \) \(GOCHAT_[A-Z_]*=[^ ]*\).*/\2/p' deploy/docker/Dockerfile)
check "variables of the image" "${#image[@]}" 3
image+=("GOCHAT__HTTP__BIND=0.0.0.0:0" "GOCHAT__ADMIN__BIND=0.0.0.0:0")
in_image() { exec env -i "${image[@]}" /usr/sbin/chroot --userspec=65532:65532 --groups= "$root" /usr/bin/gochat "$@"; }
key=$( (in_image keys create --name test --scope groups:write) )
start in_image
check "a group is created" "$(create)" 201
# Same as the image's HEALTHCHECK, with the port that the kernel chose.
image+=("GOCHAT__ADMIN__BIND=0.0.0.0:${admin##*:}")
check "the server is healthy" "$( (in_image healthcheck) 2>&1 && echo 0)" 0
stop
check "a stopped server is unhealthy" "$( (in_image healthcheck) 2>&1 || echo 1)" \
    "gochat: http://127.0.0.1:${admin##*:}/readyz does not answer: Connection refused (os error 111)
1"

step "all checks passed"
