#!/bin/sh
# meet-gen's hook for the frontend (--reload hook). It runs in the frontend's container before nginx, from
# /docker-entrypoint.d/, and goes on in the background. The hook tests each published file with this container's own
# nginx, copies the file to the folder that nginx includes, and reloads nginx from inside. So no other container signals
# this one, and nginx never reads a bad file.
#
# The published file   /etc/nginx/meet-routing/routing.conf. If tenants share the volume, there is no such file: then
#                      the file in the folder that the environment variable MEET_GEN_INSTANCE names.
# Included by nginx    /tmp/meet-gen/routing/*.conf
# Refused by nginx     /tmp/meet-gen/rejected: the SHA-256 of the refused file, then nginx's message. Removed when nginx
#                      accepts a file.

umask 022
home=/tmp/meet-gen
live=$home/routing/routing.conf
previous=$home/previous.conf
candidate=$home/candidate.conf
trial=$home/trial
rejected=$home/rejected
tree=$home/tree
poll_seconds=0.25
proof_seconds=0.2
proof_polls=25
first_retry_polls=40
longest_retry_polls=2400
most_bytes=16777216
if ! sleep 0.01 2> /dev/null; then
  poll_seconds=1 proof_seconds=1 proof_polls=5 first_retry_polls=10 longest_retry_polls=600
fi

say() {
  printf 'meet-gen hook: %s\n' "$*" >&2
}

#include nginx-tree.sh

# ---- the published file ----

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

# Descriptor 9 holds the known file. meet-gen publishes by rename, so a new file has another inode. Starts no process.
is_new() {
  find_published
  [ -e "$published" ] && ! [ "$published" -ef /proc/self/fd/9 ]
}

# Opens and copies the published file: the tested bytes go live, even if meet-gen publishes again meanwhile.
# Sets $sum; returns 1 with the reason in $words.
fetch() {
  # Opening a pipe would wait for its writer, and so would nginx's start. Links lead out of the volume.
  if [ -L "$published" ] || [ ! -f "$published" ] || { [ "$folder" != /meet-routing ] && [ -L "${published%/*}" ]; }; then
    words="$published is no regular file; remove it, and meet-gen publishes it again"
    return 1
  fi
  # Without `command` the shell would end if the file has just vanished.
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

# ---- nginx's verdict ----

# Tests a file in the place where nginx includes it. Sets $words; returns 0 good, 1 refused by nginx, 2 not testable.
try() {
  words=$(
    copy_tree "$tree" && redirect_tree "$tree" "${live%/*}" "$tree$folder" &&
      { mkdir -p "$tree$folder" && rm -f "$tree$folder"/*.conf && cp "$1" "$tree$folder/routing.conf"; } 2>&1
  ) || { rm -rf "$tree"; return 2; }
  verdict=0
  words=$(test_tree "$tree") || verdict=$?
  rm -rf "$tree"
  # nginx refuses with 1; any other code is a failure of its own.
  [ "$verdict" -le 1 ] || verdict=2
  return "$verdict"
}

# Reports a refused file to meet-gen and in the log.
reject() {
  say "$published is refused, the routes stay as they are:"
  printf '%s\n' "$words" >&2
  printf '%s\n' "$sum" "$words" > "$rejected.new" && mv "$rejected.new" "$rejected"
}

# ---- before nginx starts ----

# Chooses nginx's first file: the published one if nginx accepts it, else the file before it, else no file.
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

# nginx may have ended because of the file on trial: the hook doesn't use it again before nginx is up.
take_back_trial() {
  distrusted=
  [ -e "$trial" ] || return
  read -r distrusted < "$trial"
  if [ "$(sum_of "$live")" = "$distrusted" ]; then
    mv "$previous" "$live" 2> /dev/null || rm -f "$live"
  fi
  rm -f "$trial"
}

# A file without a verdict here is left to the loop, when nginx is up. With descriptor 9 closed, the file counts as new.
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
      # nginx accepted it before, and now it can't be tested.
      2) return ;;
    esac
  done
  rm -f "$live"
}

# ---- while nginx runs ----

# Finds nginx by the titles of its processes: $master, and the $workers that take connections. Starts no process and
# reads no pid file: a kept /tmp may have one from before a restart.
find_nginx() {
  master='' workers=' '
  for process in /proc/[0-9]*; do
    read_title "$process"
    case $title in
      'nginx: master process'*)
        # If there are several, the frontend's own is the oldest.
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

# Reloads, and waits until only workers of the new configuration run. Returns 1 if nginx keeps the old one: a
# taken port, or a shared zone of another kind, passes its test but not its reload.
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

# Until the trial's end a restart goes back to the previous copy. Returns 1 with the reason in $words.
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

# Returns 1 if nginx doesn't load the file although its test passed, 2 if the file could not be tried.
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

# Returns 0 if this file needs no further look, else as go_live.
look() {
  fetch || return 2
  [ "$sum" != "$judged" ] || return 0 # on file systems whose inodes change by themselves
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

# A taken port may become free, and a busy host may be too slow for the proof. So the hook retries after a failure
# outside of the file, with growing pauses. It tests a new file at once.
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

# Runs until nginx ends: the loop logs and retries every failure.
watch() {
  until is_up; do sleep "$proof_seconds"; done
  # nginx started with the chosen file, so the trial is over.
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

# A user ran the entrypoint in a container whose nginx already runs (`docker exec … /docker-entrypoint.sh nginx -t`).
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
