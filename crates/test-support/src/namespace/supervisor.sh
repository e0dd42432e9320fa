# Keeps a network namespace, and a cable from it to here.
name=$1 here=$2 there=$3

in_namespace() { ip -n "$name" "$@"; }

make() {
    ip netns add "$name" &&
        is_ours=yes &&
        ip link add "$name" type veth peer name cable netns "$name" &&
        ip address add "$here/30" dev "$name" &&
        ip link set "$name" up &&
        in_namespace address add "$there/30" dev cable &&
        in_namespace link set lo up &&
        restore
}

# The other end loses its carrier, so the kernel drops what is sent. Both know the address of the other end for good: nobody
# finds out by ARP that it does not answer.
cut() { in_namespace link set cable down; }

restore() {
    in_namespace link set cable up &&
        ip neighbour replace "$there" dev "$name" lladdr "$(in_namespace link show cable | address)" nud permanent &&
        in_namespace neighbour replace "$here" dev cable lladdr "$(ip link show "$name" | address)" nud permanent
}

address() { sed -n 's|.*link/ether \([^ ]*\).*|\1|p'; }

end() {
    # It may be that of another process.
    [ "$is_ours" ] || return
    ip link delete "$name"
    ip netns delete "$name"
}
