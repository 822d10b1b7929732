# Runs in a frontend by `sh -c`, after the functions of nginx-tree.sh. Lets nginx test the staged candidate, which lies
# beside the published file, in the place of that file. $1: the candidate's generation. Prints nginx's message.
# Exit codes: 0 accepted, 10 refused, 11 no candidate here, 12 no file includes it, 13 no copy is possible.
work=$(mktemp -d /tmp/meet-gen-check.XXXXXX) || exit 13
trap 'rm -rf "$work"' EXIT
trap 'exit 13' HUP INT TERM
tree=$work/nginx
copy_tree "$tree" || exit 13
seen=
for candidate in $(find "$tree/meet-routing" -name .candidate.conf 2>/dev/null); do
  grep -qF -- "$1" "$candidate" || continue
  mv -f "$candidate" "${candidate%/.candidate.conf}/routing.conf" && seen=yes
done
[ -n "$seen" ] || exit 11
# On a full disk nginx could test an incomplete tree: -T prints the files that it read, checked below.
nginx -T -c "$tree/nginx.conf" >"$work/read" 2>"$work/said"
verdict=$?
LC_ALL=C sed "s#$tree#/etc/nginx#g" "$work/said"
# nginx refuses with 1; any other code is a failure of its own.
[ "$verdict" -le 1 ] || exit 13
[ "$verdict" = 0 ] || exit 10
grep -qF -- "$1" "$work/read" || exit 12
