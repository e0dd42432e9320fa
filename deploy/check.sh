#!/usr/bin/env bash
# Checks of deploy/ that take seconds: the units, the Dockerfile's sources, the compose file, the scripts.
# As root, installs missing tools (Debian). deploy/test.sh has the slow tests.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { printf 'deploy/check.sh: %s\n' "$*" >&2; exit 1; }

missing=()
command -v systemd-analyze > /dev/null || missing+=(systemd)
/usr/bin/python3 -c 'import yaml' 2> /dev/null || missing+=(python3-yaml)
if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unit=deploy/systemd/gochat.service

# `verify` requires the program to exist, but gochat need not be installed here.
sed 's|^ExecStart=/usr/bin/gochat|ExecStart=/usr/bin/true|' "$unit" > "$scratch/gochat.service"
systemd-analyze verify --man=no "$scratch/gochat.service"
cp deploy/systemd/examples/gochat.socket "$scratch/gochat.socket"
systemd-analyze verify --man=no "$scratch/gochat.socket"
# At most 1.2 of 10, where 10 is the most exposed.
systemd-analyze security --no-pager --offline=yes --threshold=12 "$scratch/gochat.service" | tail -n 1

# Time that a stop may take (docs/configuration.md): the sum of both settings plus 10 seconds.
of_default() { sed -n "s/^$1 = \"\([0-9]*\)s\"\$/\1/p" config/default.toml; }
shutdown=$(($(of_default shutdown_delay) + $(of_default shutdown_timeout) + 10))
stop=$(sed -n 's/^TimeoutStopSec=\([0-9]*\)s$/\1/p' "$unit")
[ "$stop" -ge "$shutdown" ] || fail "TimeoutStopSec=$stop is less than the $shutdown seconds that a stop may need"

SHUTDOWN=$shutdown /usr/bin/python3 - << 'END'
import json
import os
import pathlib
import re
import sys
import yaml

folder = pathlib.Path("deploy/docker")

# Each source that the Dockerfile copies must exist and pass .dockerignore.
ignore = (folder / "Dockerfile.dockerignore").read_text().split("\n")
passed = {line[1:] for line in ignore if line.startswith("!")}
copied = set()
for line in (folder / "Dockerfile").read_text().split("\n"):
    if line.startswith("COPY ") and "--from=" not in line:
        copied.update(line.split()[1:-1])
if not all(pathlib.Path(source).exists() for source in copied) or copied != passed:
    sys.exit(f"the Dockerfile copies {sorted(copied)}, its .dockerignore passes {sorted(passed)}")

# The health check must be the program itself, because the image has nothing else.
health = re.search(r"^HEALTHCHECK .*--timeout=(\d+)s .*CMD (\[.*\])$", (folder / "Dockerfile").read_text(), re.MULTILINE)
assert health, "the Dockerfile has no HEALTHCHECK in the expected form"
probe = json.loads(health.group(2))
entry = json.loads(re.search(r"^ENTRYPOINT (.*)$", (folder / "Dockerfile").read_text(), re.MULTILINE).group(1))
assert probe == [*entry, "healthcheck"], probe
assert int(health.group(1)) > 5, "the timeout of HEALTHCHECK must exceed the 5 s of `gochat healthcheck`"

compose = yaml.safe_load((folder / "compose.yaml").read_text())
gochat, postgres = compose["services"]["gochat"], compose["services"]["postgres"]
context = folder / gochat["build"]["context"]
assert (context / gochat["build"]["dockerfile"]).is_file(), "the Dockerfile that compose.yaml names does not exist"
assert gochat["depends_on"]["postgres"]["condition"] == "service_healthy", "gochat must wait for PostgreSQL"
assert "healthcheck" in postgres, "postgres needs a healthcheck"
assert gochat["healthcheck"]["test"] == ["CMD", *probe], "the healthcheck differs from that of the image"
assert int(gochat["stop_grace_period"].rstrip("s")) >= int(os.environ["SHUTDOWN"]), "stop_grace_period is less than a stop may need"
admin = gochat["environment"]["GOCHAT__ADMIN__BIND"]
port = admin.rsplit(":", 1)[1]
assert admin.startswith("0.0.0.0:") and port in gochat["expose"], "the admin listener must be exposed to the network of the containers"
assert not any(published.split(":")[-1] == port for published in gochat["ports"]), "the admin listener must not be published"
for volume in postgres["volumes"]:
    assert volume.split(":")[0] in compose["volumes"], volume
END

if command -v docker-compose > /dev/null; then
    compose=(docker-compose)
elif docker compose version > /dev/null 2>&1; then
    compose=(docker compose)
else
    compose=(:)
    echo "no docker compose: its file is checked as YAML alone"
fi
POSTGRES_PASSWORD=x "${compose[@]}" --file deploy/docker/compose.yaml config > /dev/null

scripts=(deploy/*.sh deploy/debian/build.sh deploy/debian/scripts/*)
if command -v shellcheck > /dev/null; then
    shellcheck "${scripts[@]}"
else
    for script in "${scripts[@]}"; do bash -n "$script"; done
fi
echo "deploy/ is in order"
