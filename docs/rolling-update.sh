#!/bin/sh
# Replaces the replicas of a Compose service one after the other, without a lost request: see `--help`.
# It runs on the host with the operator's rights, and needs only the docker CLI with Compose.
set -eu

usage() {
  cat <<'EOF'
Usage: rolling-update.sh [OPTION]... [SERVICE]

Replaces the replicas of a Compose service (default: backend) one after the other:
starts a new one, waits until it is healthy and in rotation, drains an old one with
`meet-gen drain`, stops and removes it. It replaces the replicas that `docker compose
up` would recreate, because their configuration or image differs. It recreates no other
service, and a plain `docker compose up -d` afterwards recreates nothing.

Run it where you run `docker compose`. For other file or project names, set
COMPOSE_FILE and COMPOSE_PROJECT_NAME.

  --all              replace all replicas, also those that are up to date
  --scale N          end with N replicas (default: the number in the compose file)
  --timeout SECONDS  the time limit for a new replica to be in rotation, and for an
                     old one to be out of it (default: 180)
  --meet-gen NAME    meet-gen's container (default: the one of the service meet-gen)
  --help             print this

You can interrupt it at any time: run the same command again to continue.
Update other services yourself, and run database migrations first.
Exit code: 0 done, 1 stopped early (the old replicas go on serving), 2 usage.
EOF
}

say() { printf '%s\n' "$@"; }
fail() { say "rolling-update: $*" >&2; exit 1; }
refuse() { say "rolling-update: $* \`--help\` prints the options." >&2; exit 2; }
whole_number() { case $1 in '' | *[!0-9]* | 0*) return 1 ;; esac; }

service='' wanted='' sidecar='' timeout_s=180 replaces_all=no
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --all) replaces_all=yes; shift; continue ;;
    --scale | --timeout | --meet-gen) [ $# -gt 1 ] || refuse "$1 needs a value." ;;
    -*) refuse "There is no option $1." ;;
    *) [ -z "$service" ] || refuse "Give one service, not both $service and $1."; service=$1; shift; continue ;;
  esac
  case $1 in
    --meet-gen) sidecar=$2 ;;
    --scale) whole_number "$2" || refuse "--scale takes a number from 1 on, not \"$2\"."; wanted=$2 ;;
    --timeout) whole_number "$2" || refuse "--timeout takes seconds from 1 on, not \"$2\"."; timeout_s=$2 ;;
  esac
  shift 2
done
service=${service:-backend}

config=$(docker compose config) || fail 'Compose cannot read the project: see its message above. Run this in the folder where `docker compose ps` works.'
project=$(printf '%s\n' "$config" | sed -n 's/^name: "\{0,1\}\([^"]*\)"\{0,1\}$/\1/p')
docker compose config --services | grep -qxF -e "$service" ||
  fail "The project $project has no service $service. It has:" $(docker compose config --services)

# Reads `scale` or `deploy.replicas` of the service from what Compose has resolved.
scale_in_file=$(printf '%s\n' "$config" | awk -v service="  $service:" '
  /^[^ ]/ { in_services = ($0 == "services:") }
  /^  [^ ]/ { in_service = (in_services && $0 == service) }
  /^    [^ ]/ { key = $1 }
  in_service && /^    scale: / { count = $2 }
  in_service && key == "deploy:" && /^      replicas: / { count = $2 }
  END { print count == "" ? 1 : count }')

containers() {
  docker ps "$@" --filter "label=com.docker.compose.project=$project" --filter label=com.docker.compose.oneoff=False \
    --format '{{.Names}}'
}
# Newest first, with stopped ones, since Compose counts them.
list_replicas() { containers --all --filter "label=com.docker.compose.service=$service"; }
# Sets `names` and `total`. A failed list must not look like an empty one: every replica would seem new.
look() {
  names=$(list_replicas) || fail 'Docker could not list the replicas: see its message above. Run the same command again to continue.'
  # shellcheck disable=SC2086 # one word a name
  set -- $names
  total=$#
}
# Compose recreates a container if one of these differs.
edition_of() { docker inspect --format '{{index .Config.Labels "com.docker.compose.config-hash"}} {{.Image}}' "$1"; }

look
existing=$names
[ "$total" -gt 0 ] || fail "No replica of $service exists. Start the first with: docker compose up -d $service"
[ -n "$sidecar" ] || sidecar=$(containers --filter label=com.docker.compose.service=meet-gen | head -n 1)
[ -n "$sidecar" ] || fail "No meet-gen runs in the project $project. Start it, or name its container with --meet-gen."
docker exec "$sidecar" meet-gen healthcheck >/dev/null 2>&1 ||
  fail "meet-gen in the container $sidecar does not answer. See: docker logs $sidecar"

editions=$(for name in $existing; do edition_of "$name"; done | sort -u | wc -l)
if [ -z "$wanted" ]; then
  wanted=$scale_in_file
  # Interrupted runs leave extra replicas, of two editions unless --all was given.
  if [ "$total" -ne "$wanted" ] && ! { [ "$total" -gt "$wanted" ] && { [ "$editions" -gt 1 ] || [ "$replaces_all" = yes ]; }; }; then
    fail "$service has $total replicas, and the compose file says $wanted. To end with that many: --scale $wanted." \
      "To keep $total of them, write \`scale: $total\` into the file."
  fi
fi

# meet-gen's status lists the replicas of each routed service, as "in rotation" or "out".
status() { docker exec "$sidecar" meet-gen status 2>/dev/null; }
is_routed() {
  for name in $existing; do
    if status | grep -Eq "^ *(in rotation|out) +$name "; then return 0; fi
  done
  return 1
}
is_routed || fail "meet-gen sends no requests to $service, so it can't take its replicas out of rotation." \
  "Routed services have the label meet.role: backend or service. Update others with: docker compose up -d $service"

doing='' drained=''
interrupted() {
  trap - INT TERM HUP
  say '' "rolling-update: interrupted${doing:+ while $doing}. The other replicas go on serving." \
    'Run the same command again to continue.' >&2
  [ -z "$drained" ] || say "$drained takes no requests until then. To undo that: docker exec $sidecar meet-gen drain --cancel $drained" >&2
  exit 1
}
trap interrupted INT TERM HUP

# The drain of another replica, which comes next, proves that every frontend has this one.
is_in_rotation() { status | grep -Eq "^ *in rotation +$1 "; }

# Sets `reason` to a replica's fault, or clears it when the replica is healthy and in rotation. A subshell would delay a
# signal until its end, so the function sets a variable.
await_ready() {
  waited_s=0
  reason=''
  while :; do
    state=$(docker inspect --format '{{.State.Status}}{{with .State.Health}} {{.Status}}{{end}}' "$1" 2>/dev/null) || state=removed
    case $state in
      running | 'running healthy') if is_in_rotation "$1"; then return; fi ;;
      created | 'running starting') ;;
      *) reason=$state; return ;;
    esac
    if [ "$waited_s" -ge "$timeout_s" ]; then reason="$state, but not in rotation after $timeout_s s"; return; fi
    sleep 1
    waited_s=$((waited_s + 1))
  done
}

# Drains, stops and removes a replica.
take_out() {
  doing="taking out $1"
  if [ "$(docker inspect --format '{{.State.Running}}' "$1")" = true ]; then
    docker exec "$sidecar" meet-gen drain --timeout "${timeout_s}s" "$1" || return 1
    drained=$1
  fi
  docker stop "$1" >/dev/null && docker rm --volumes "$1" >/dev/null || return 1
  say "$1: removed"
  doing='' drained=''
}

# Starts replicas until there are this many; sets `started`. No --no-deps: with it older versions of Compose write
# another configuration hash, and the next plain `up` recreates the new replicas.
start_until() {
  look
  before=" $(printf '%s ' $names)"
  doing="starting a replica of $service"
  docker compose up --detach --no-recreate --scale "$service=$1" "$service" || up_failed=yes
  started=''
  look
  for name in $names; do case $before in *" $name "*) ;; *) started="$started $name" ;; esac; done
  [ -z "${up_failed:-}" ] || give_up 'Compose could not start it, see its message above'
  [ -n "$started" ] || fail "Compose started no new replica of $service."
  for name in $started; do
    doing="waiting for $name"
    await_ready "$name"
    [ -z "$reason" ] || give_up "$name: $reason"
    say "$name: healthy and in rotation"
  done
  doing=''
}

# Removes the unusable new replicas, so that as many replicas are left as before.
give_up() {
  for name in $started; do
    say "--- the last lines of $name ---" >&2
    docker logs --tail 20 "$name" >&2 || true
    take_out "$name" >&2 || say "$name: not removed; remove it with: docker rm -f $name" >&2
  done
  say "rolling-update: The new replica of $service is not usable: $1." \
    "No request is lost: $replaced of the old replicas were replaced, the others go on serving." \
    "Fix the image or the settings and run the same command again. Until then don't run a plain" \
    '`docker compose up -d`: it would replace all old replicas at once.' \
    'A service with `container_name` or a fixed host port cannot have a second replica.' >&2
  exit 1
}

replaced=0
start_until $((total >= wanted ? total + 1 : wanted + 1))
current=$(edition_of "${started##* }") || fail "Docker could not inspect ${started##* }: see its message above. Run the same command again to continue."
for old in $existing; do
  if [ "$replaces_all" = no ] && [ "$(edition_of "$old")" = "$current" ]; then
    await_ready "$old"
    [ -n "$reason" ] || continue
  fi
  look
  [ "$total" -gt "$wanted" ] || start_until $((wanted + 1))
  take_out "$old" || fail "$old could not be taken out: see the reason above. Run the same command again to continue."
  replaced=$((replaced + 1))
done
while look && [ "$total" -gt "$wanted" ]; do
  spare=$(printf '%s\n' "$names" | head -n 1)
  take_out "$spare" || fail "$spare is one replica too many and could not be taken out: see the reason above. Run the same command again."
done

if [ "$replaced" -eq 0 ]; then say "$service: all replicas are up to date. --all replaces them anyway."
else say "$service: $replaced replaced, $wanted in rotation."; fi
[ "$wanted" -eq "$scale_in_file" ] ||
  say "The compose file says $scale_in_file: write \`scale: $wanted\` into it, or a plain \`docker compose up -d\` changes that undrained."
