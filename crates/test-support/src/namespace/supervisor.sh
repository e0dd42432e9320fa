# Creates a network namespace, connected by a veth pair.
name=$1 here=$2 there=$3

in_namespace() { ip -n "$name" "$@"; }

make() {
    ip netns add "$name" &&
        is_ours=yes &&
        ip link add "$name" type veth peer name inner netns "$name" &&
        ip address add "$here/30" dev "$name" &&
        ip link set "$name" up &&
        in_namespace address add "$there/30" dev inner &&
        in_namespace link set lo up &&
        restore
}

# The interface here loses its carrier, so the kernel drops packets. Both ends have permanent ARP entries: otherwise a
# failed ARP request would report that the other end is gone.
cut() { in_namespace link set inner down; }

restore() {
    in_namespace link set inner up &&
        ip neighbour replace "$there" dev "$name" lladdr "$(in_namespace link show inner | address)" nud permanent &&
        in_namespace neighbour replace "$here" dev inner lladdr "$(ip link show "$name" | address)" nud permanent
}

address() { sed -n 's|.*link/ether \([^ ]*\).*|\1|p'; }

end() {
    # A namespace of this name may belong to another process.
    [ "$is_ours" ] || return
    ip link delete "$name"
    ip netns delete "$name"
}
