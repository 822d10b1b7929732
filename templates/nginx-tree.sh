# Tests a configuration that isn't live with a frontend's own nginx, in a copy of its tree. POSIX sh (dash, busybox).
# Paths given to these functions have only letters, digits and /._-.

# copy_tree DIR: replaces DIR with a copy of /etc/nginx whose files refer to the copy. Symbolic links stay links; those
# into the tree lead into the copy. Files that this user can't read are left out: nginx couldn't read them either.
# Returns 1, with the reason on standard output, if no copy is possible (no room, a read-only DIR).
copy_tree() {
  tree_said=$( { rm -rf "$1" && mkdir -p "$1"; } 2>&1) || { printf '%s\n' "$tree_said"; return 1; }
  # A vanished file belongs to another process: meet-gen publishes during the copy. busybox reports no folder that it
  # may not read.
  tree_said=$(export LC_ALL=C; copy_parts "$1" 2>&1) ||
    ! printf '%s\n' "$tree_said" | grep -v -e '^$' -e 'Permission denied' -e 'No such file or directory' || return 1
  tree_said=$(chmod -R u+rwX "$1" 2>&1) || { printf '%s\n' "$tree_said"; return 1; }
  relink_tree "$1"
  redirect_tree "$1" /etc/nginx "$1"
}

# copy_parts DIR: copies each part, even if another part fails.
copy_parts() {
  copy_own "$1"
  copy_published "$1" && return "$tree_code"
}

# copy_own DIR: the tree without the published files. Sets $tree_code.
copy_own() {
  tree_code=0
  for tree_entry in /etc/nginx/* /etc/nginx/.[!.]*; do
    [ "$tree_entry" != /etc/nginx/meet-routing ] || continue
    { [ -e "$tree_entry" ] || [ -L "$tree_entry" ]; } || continue
    cp -RP "$tree_entry" "$1" || tree_code=1
  done
}

# copy_published DIR: candidates, and the small regular files of the shared volume that nginx could include. A user who
# can write the volume can put anything else there: a pipe that waits for its writer, a device, a link, a terabyte.
copy_published() {
  [ -d /etc/nginx/meet-routing ] || return 0
  mkdir -p "$1/meet-routing" || return
  list_published | while IFS= read -r tree_file; do
    tree_copy=$1${tree_file#/etc/nginx}
    mkdir -p "${tree_copy%/*}" && cp -P "$tree_file" "$tree_copy" || exit 1
  done
}

list_published() {
  find /etc/nginx/meet-routing/. -maxdepth 2 -type f -size -16777216c \( -name '*.conf' -o -name .candidate.conf \) |
    sed 's#^/etc/nginx/meet-routing/\./#/etc/nginx/meet-routing/#'
}

# redirect_tree DIR FROM TO: replaces FROM by TO in the paths of DIR's text files. Returns 1 with the reason.
redirect_tree() {
  # A module may contain the path as well, but isn't text. The path ends where a name ends: /etc/nginx-old is another.
  tree_said=$(find "$1" -type f ! -name '*.so' -exec grep -lF -- "$2" {} + | while IFS= read -r tree_file; do
    LC_ALL=C sed -i -E "s#(^|[^[:alnum:]_./-])$2(/|[^[:alnum:]_.-]|\$)#\\1$3\\2#g" "$tree_file" 2>&1 || printf '%s\n' "can't write $tree_file"
  done)
  [ -z "$tree_said" ] || { printf '%s\n' "$tree_said"; return 1; }
}

# relink_tree DIR: from the copy a relative link would lead elsewhere, an absolute link back to the original.
relink_tree() {
  find "$1" -type l | while IFS= read -r tree_link; do
    tree_target=$(readlink -f "/etc/nginx${tree_link#"$1"}") || continue
    case $tree_target in
      /etc/nginx/*) ln -sfn "$1${tree_target#/etc/nginx}" "$tree_link" ;;
      *) ln -sfn "$tree_target" "$tree_link" ;;
    esac
  done
}

# test_tree DIR: lets nginx test the copy. Prints nginx's message with the paths of /etc/nginx; returns its exit code.
test_tree() {
  tree_verdict=0
  tree_said=$(nginx -t -c "$1/nginx.conf" 2>&1) || tree_verdict=$?
  printf '%s\n' "$tree_said" | LC_ALL=C sed "s#$1#/etc/nginx#g"
  return "$tree_verdict"
}
