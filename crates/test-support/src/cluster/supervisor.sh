# Runs a PostgreSQL cluster.
pg_ctl=$1 folder=$2
data=$folder/data

control() { "$pg_ctl" -s -w -D "$data" "$@"; }
start() { control -l "$folder/log" start; }
stop() { control -m "$1" stop; }
promote() { control promote; }

# Sends a signal to all processes of the server, and stores their ids in `all`.
signal() {
    read -r first <"$data/postmaster.pid" || return
    # A stopped postmaster starts no further processes.
    kill -STOP "$first" || return
    all="$first $(cat "/proc/$first/task/$first/children")"
    # A process that has just ended is not a failure.
    kill "-$1" $all || :
}

# Waits up to 30 seconds until each process in `all` is gone or in one of the given states of proc(5).
wait_for() {
    for _ in $(seq 3000); do
        left=
        for process in $all; do
            grep -q "^State:[[:space:]]*[^[:space:]$1]" "/proc/$process/status" && left=$process
        done
        [ -n "$left" ] || return 0
        sleep 0.01
    done
    echo "process $left ignores the signal"
    return 1
}

pause() { signal STOP && wait_for TXZ; }
resume() { signal CONT; }
crash() { signal KILL && wait_for XZ && forget; }

# Removes the remains of a killed server: its shared memory, whose id is in postmaster.pid, and its lock files. The lock
# files would prevent the next start until the killed postmaster is reaped.
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
