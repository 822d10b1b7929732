#!/bin/sh
# meet-gen's hook for the frontend (--reload hook). It runs in the frontend's container before nginx, from
# /docker-entrypoint.d/, and stays behind: every file that meet-gen publishes is tested by this container's own nginx, copied to
# where nginx includes it, and reloaded from inside. Nobody has to signal this container, and a bad file never reaches nginx.
#
# The published file   /etc/nginx/meet-routing/routing.conf; or, where tenants share the volume and there is no such file,
#                      that of the folder that the environment variable MEET_GEN_INSTANCE names
# What nginx includes  /tmp/meet-gen/routing/*.conf
# What it refused      /tmp/meet-gen/rejected: the SHA-256 of the refused file, then nginx's words. Gone when all is well.

umask 022
home=/tmp/meet-gen
live=$home/routing/routing.conf
previous=$home/previous.conf
candidate=$home/candidate.conf
trial=$home/trial
rejected=$home/rejected
tree=$home/tree
poll_seconds=0.5
proof_seconds=0.2
proof_polls=25
first_retry_polls=20
longest_retry_polls=1200
most_bytes=16777216
if ! sleep 0.01 2> /dev/null; then
  poll_seconds=1 proof_seconds=1 proof_polls=5
fi

say() {
  printf 'meet-gen hook: %s\n' "$*" >&2
}

#include nginx-tree.sh

# ---- what is published ----

instance=$MEET_GEN_INSTANCE
case $instance in
  *[!a-z0-9_-]*)
    say "MEET_GEN_INSTANCE=$instance is no name of an instance (a-z, 0-9, _ and -); it is ignored"
    instance=
    ;;
esac

find_published() {
  folder=/meet-routing
  [ -z "$instance" ] || [ -e "/etc/nginx$folder/routing.conf" ] || folder=/meet-routing/$instance
  published=/etc/nginx$folder/routing.conf
}

# New is what descriptor 9 doesn't hold: meet-gen publishes by rename. No process is started to find that out.
is_new() {
  find_published
  [ -e "$published" ] && ! [ "$published" -ef /proc/self/fd/9 ]
}

# Opens the published file and copies it, so that what is tested is what goes live, whatever is published meanwhile.
# Sets $sum; returns 1 with the reason in $words.
fetch() {
  # Opening a pipe would wait for its writer, and nginx with us. Links lead out of the volume.
  if [ -L "$published" ] || [ ! -f "$published" ] || { [ "$folder" != /meet-routing ] && [ -L "${published%/*}" ]; }; then
    words="$published is no regular file; remove it, and meet-gen publishes it again"
    return 1
  fi
  # Without `command` the shell would end where the file has just vanished.
  if ! { command exec 9< "$published"; } 2> /dev/null; then
    words="$published can't be read; it has to be readable for user $(id -u)"
    return 1
  fi
  words=$( { head -c "$((most_bytes + 1))" <&9 > "$candidate"; } 2>&1) || return 1
  if [ "$(wc -c < "$candidate")" -gt "$most_bytes" ]; then
    words="$published has more than $most_bytes bytes; remove it, and meet-gen publishes it again"
    return 1
  fi
  sum=$(sum_of "$candidate")
}

forget_published() {
  exec 9<&-
}

sum_of() {
  sum_line=$(sha256sum < "$1") && printf '%s' "${sum_line%% *}"
}

# ---- what nginx says of it ----

# Tests a file where nginx would include it. Sets $words; returns 0 good, 1 refused by nginx, 2 it couldn't be tried.
try() {
  words=$(
    copy_tree "$tree" && redirect_tree "$tree" "${live%/*}" "$tree$folder" &&
      { mkdir -p "$tree$folder" && rm -f "$tree$folder"/*.conf && cp "$1" "$tree$folder/routing.conf"; } 2>&1
  ) || { rm -rf "$tree"; return 2; }
  verdict=0
  words=$(test_tree "$tree") || verdict=$?
  rm -rf "$tree"
  # nginx refuses with 1; anything else is its own misfortune.
  [ "$verdict" -le 1 ] || verdict=2
  return "$verdict"
}

# What nginx refused, for meet-gen and for people.
reject() {
  say "$published is refused, the routes stay as they are:"
  printf '%s\n' "$words" >&2
  printf '%s\n' "$sum" "$words" > "$rejected.new" && mv "$rejected.new" "$rejected"
}

# ---- before nginx starts ----

# Chooses what nginx starts with: the published file where nginx finds it good, else what it served before, else nothing.
prepare() {
  rm -rf "$tree" "$candidate" "$home"/*.new "$rejected"
  if ! mkdir -p "${live%/*}"; then
    say "$home can't be made: mount a tmpfs at /tmp"
    return 1
  fi
  take_back_trial
  start_with_published || start_with_old
  rm -f "$candidate"
}

# nginx may have ended because of what was on trial: that isn't trusted a second time before nginx is up.
take_back_trial() {
  distrusted=
  [ -e "$trial" ] || return
  read -r distrusted < "$trial"
  if [ "$(sum_of "$live")" = "$distrusted" ]; then
    mv "$previous" "$live" 2> /dev/null || rm -f "$live"
  fi
  rm -f "$trial"
}

# What gets no verdict here is left to the loop, when nginx is up: descriptor 9 is closed, so it is new.
start_with_published() {
  find_published
  [ -e "$published" ] || return 1
  if ! fetch; then
    say "$words"
  elif [ "$sum" = "$distrusted" ]; then
    say "nginx ended when $published had just gone live"
  else
    try "$candidate"
    case $? in
      0)
        if is_live || put_candidate_live; then
          judged=$sum
          return 0
        fi
        ;;
      1)
        reject
        judged=$sum
        return 1
        ;;
    esac
    say "$published can't be tried: $words"
  fi
  forget_published
  return 1
}

start_with_old() {
  for old in "$live" "$previous"; do
    [ -e "$old" ] || continue
    try "$old"
    case $? in
      0)
        say "nginx starts with the routes it had before"
        [ "$old" = "$live" ] || mv "$old" "$live"
        return
        ;;
      # It was good when it was tested, and now it can't be.
      2) return ;;
    esac
  done
  rm -f "$live"
}

# ---- while nginx runs ----

# Who of nginx runs here, told from the titles of its processes: $master, and those of its $workers that take connections.
# No process is started for that, and no pid file believed: a kept /tmp may hold one of an earlier life.
find_nginx() {
  master='' workers=' '
  for process in /proc/[0-9]*; do
    read_title "$process"
    case $title in
      'nginx: master process'*)
        # The frontend's own is the oldest, should there be another one.
        number=${process#/proc/}
        [ -n "$master" ] && [ "$master" -lt "$number" ] || master=$number
        ;;
    esac
  done
  [ -n "$master" ] || return 1
  for process in /proc/[0-9]*; do
    read_title "$process"
    case $title in
      'nginx: worker process is shutting down'*) ;;
      'nginx: worker process'*)
        parent=
        { read -r _ _ _ parent _ < "$process/stat"; } 2> /dev/null
        [ "$parent" != "$master" ] || workers="$workers${process#/proc/} "
        ;;
    esac
  done
}

read_title() {
  title=
  { IFS= read -r title < "$1/cmdline"; } 2> /dev/null
}

is_up() {
  find_nginx && [ "$workers" != ' ' ]
}

# Reloads and waits for workers of the new configuration alone. nginx tells nobody that it keeps the old one: a port taken, a
# shared zone of another kind pass its test and not its reload. Returns 1 then.
reload() {
  is_up || return 1
  old_workers=$workers polls=0
  kill -HUP "$master" || return 1
  until only_new_workers; do
    polls=$((polls + 1))
    [ "$polls" -le "$proof_polls" ] || return 1
    sleep "$proof_seconds"
  done
}

only_new_workers() {
  is_up || return 1
  for worker in $old_workers; do
    case $workers in *" $worker "*) return 1 ;; esac
  done
}

is_live() {
  [ -e "$live" ] && [ "$(sum_of "$live")" = "$sum" ]
}

# From here until the trial's end a restart goes back to the previous copy. Returns 1 with the reason in $words.
put_candidate_live() {
  words=$( {
    printf '%s\n' "$sum" > "$trial" &&
      if [ -e "$live" ]; then ln -f "$live" "$previous"; else rm -f "$previous"; fi &&
      mv "$candidate" "$live"
  } 2>&1)
}

end_trial() {
  rm -f "$trial"
}

accept() {
  rm -f "$rejected"
  say "$published is live"
}

# Returns 1 when nginx doesn't take it over though it is good by its test, 2 when it could not be tried.
go_live() {
  test_words=$words
  put_candidate_live || return 2
  if reload; then
    end_trial
    accept
    return
  fi
  if [ -e "$previous" ]; then mv "$previous" "$live"; else rm -f "$live"; fi
  reload || say "nginx doesn't reload what it served before either; its log says why"
  end_trial
  words="nginx accepted the file in its test but goes on serving the old one; its log says why
$test_words"
  reject
  return 1
}

# Returns 0 when this file needs no further look, else as go_live.
look() {
  fetch || return 2
  [ "$sum" != "$judged" ] || return 0 # where inodes change by themselves
  judged=
  if is_live; then
    accept
  else
    try "$candidate"
    case $? in
      0) go_live || return ;;
      1) reject ;;
      *) return 2 ;;
    esac
  fi
  judged=$sum
}

# A port that is taken is free some day, and a busy host may be too slow for the proof: what failed outside of the file is tried
# again, later and later. Another file is looked at as soon as it is there.
look_or_put_off() {
  polls_to_retry=0
  look && return
  if [ $? -eq 2 ]; then
    [ "$words" = "$complaint" ] || say "$published can't be tried: $words"
    complaint=$words
  fi
  polls_to_retry=$retry_polls
  retry_polls=$((retry_polls * 2))
  [ "$retry_polls" -le "$longest_retry_polls" ] || retry_polls=$longest_retry_polls
}

is_retry_due() {
  [ "$polls_to_retry" -gt 0 ] || return 1
  polls_to_retry=$((polls_to_retry - 1))
  [ "$polls_to_retry" -eq 0 ]
}

# Never ends by itself: whatever fails is told and tried again.
watch() {
  until is_up; do sleep "$proof_seconds"; done
  # nginx came up with what it was given.
  end_trial
  polls_to_retry=0
  while :; do
    if is_new; then
      retry_polls=$first_retry_polls
      look_or_put_off
    elif is_retry_due; then
      look_or_put_off
    fi
    sleep "$poll_seconds"
  done
}

# Somebody ran the entrypoint in a container whose nginx is up already (`docker exec … /docker-entrypoint.sh nginx -t`).
if is_up; then
  say 'nginx runs already; nothing is done'
  exit 0
fi
includes_live() {
  [ -n "$(find /etc/nginx -path /etc/nginx/meet-routing -prune -o \( -type f -o -type l \) -exec grep -lF -- "${live%/*}" {} + 2> /dev/null)" ]
}
includes_live ||
  say "nothing in /etc/nginx includes ${live%/*}/*.conf: the stub is not the one of compose.hardened.yml"
judged='' complaint=''
if prepare; then watch < /dev/null & fi
