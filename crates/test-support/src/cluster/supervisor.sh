# Keeps a PostgreSQL cluster.
pg_ctl=$1 folder=$2
data=$folder/data

control() { "$pg_ctl" -s -w -D "$data" "$@"; }
start() { control -l "$folder/log" start; }
stop() { control -m "$1" stop; }
promote() { control promote; }

# Sends a signal to all processes of the server, and puts their ids into `all`.
signal() {
    read -r first <"$data/postmaster.pid" || return
    # It starts no other while it is stopped.
    kill -STOP "$first" || return
    all="$first $(cat "/proc/$first/task/$first/children")"
    # One that ended by itself meanwhile is no failure.
    kill "-$1" $all || :
}

# Waits until each of these processes is gone or in one of these states of proc(5), for 30 seconds at most.
wait_for() {
    for _ in $(seq 3000); do
        left=
        for process in $all; do
            grep -q "^State:[[:space:]]*[^[:space:]$1]" "/proc/$process/status" && left=$process
        done
        [ -n "$left" ] || return 0
        sleep 0.01
    done
    echo "process $left takes no signal"
    return 1
}

pause() { signal STOP && wait_for TXZ; }
resume() { signal CONT; }
crash() { signal KILL && wait_for XZ && forget; }

# Removes what a server that was killed leaves: shared memory, by the id in its file, and its locks, which would keep the next
# server from starting until the first process is reaped.
forget() {
    ipcrm -m "$(sed -n '7s/.* //p' "$data/postmaster.pid")"
    rm -f "$data/postmaster.pid" "$folder"/.s.PGSQL.*
}

end() {
    if [ -e "$data/postmaster.pid" ]; then
        resume
        stop immediate || forget
    fi
    rm -rf "$folder"
}
