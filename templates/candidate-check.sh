# Run in a frontend by `sh -c`, behind the functions of nginx-tree.sh: lets nginx test the staged candidate, which lies beside the
# published file, in the published file's place. $1: the candidate's generation. Prints nginx's words.
# Exit codes: 0 accepted, 10 refused, 11 the candidate isn't seen here, 12 nobody includes it, 13 there can be no copy.
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
# A full disk would let nginx test half a tree.
nginx -T -c "$tree/nginx.conf" >"$work/read" 2>"$work/said"
verdict=$?
LC_ALL=C sed "s#$tree#/etc/nginx#g" "$work/said"
# nginx refuses with 1; anything else is its own misfortune.
[ "$verdict" -le 1 ] || exit 13
[ "$verdict" = 0 ] || exit 10
grep -qF -- "$1" "$work/read" || exit 12
