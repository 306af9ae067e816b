# Files, folders, standard input. Read by tests/tool/run.

routes() { t resolve -o json "$@"; }
names() { json "sorted(k.rsplit('-', 1)[0] for k in d['http']['routers']) == $1"; }
# ingress NAME: a document whose only trace is a route of another provider's service.
ingress() { route ns "$1" 'Host(`x`)' '{kind: TraefikService, name: s@file}'; }

"$tool" resolve -o json <good.yaml >out 2>err; status=$?
ok stdin-nothing exits 0; ok stdin-nothing-names names "['shop-web']"
"$tool" resolve -o json - <good.yaml >out 2>err; status=$?
ok stdin-dash exits 0; ok stdin-dash-names names "['shop-web']"
ingress one >one.yaml
"$tool" resolve -o json one.yaml - <good.yaml >out 2>err
ok stdin-and-file names "['ns-one', 'shop-web']"
"$tool" check - <missing.yaml >out 2>err; status=$?
ok stdin-name exits 1; ok stdin-name-shown out_has '<stdin>:11:'
"$tool" check - <&- >out 2>err; status=$?; ok stdin-closed exits 2
: >empty.yaml
routes empty.yaml; ok empty-file exits 0; ok empty-file-result json "d == {'http': {'routers': {}, 'services': {}}}"
t check /dev/null; ok empty-device exits 0

mkdir -p tree/b/c tree/.hidden tree/a tree/empty elsewhere
ingress top >tree/top.yaml
ingress yml >tree/a/x.yml
ingress deep >tree/b/c/deep.yaml
printf '{"apiVersion": "traefik.io/v1alpha1", "kind": "IngressRoute", "metadata": {"name": "json", "namespace": "ns"},
"spec": {"routes": [{"match": "Host(`x`)", "kind": "Rule", "services": [{"kind": "TraefikService", "name": "s@file"}]}]}}' >tree/b/x.json
ingress hidden >tree/.hidden.yaml
ingress hidden2 >tree/.hidden/x.yaml
ingress text >tree/notes.txt
ingress ending >tree/yaml
ingress upper >tree/UPPER.YAML
ingress linked >elsewhere/linked.yaml
ingress file >elsewhere/target.txt
ln -s ../elsewhere tree/link
ln -s ../elsewhere/target.txt tree/link.yaml
ln -s .. tree/b/loop
mkfifo tree/pipe.yaml
routes tree
ok folder exits 0
ok folder-names names "['ns-deep', 'ns-file', 'ns-json', 'ns-top', 'ns-yml']"
routes tree/; ok folder-slash names "['ns-deep', 'ns-file', 'ns-json', 'ns-top', 'ns-yml']"
routes tree/link; ok folder-link-named names "['ns-linked']"
routes tree/notes.txt; ok file-any-ending names "['ns-text']"
routes tree/.hidden.yaml; ok file-hidden-named names "['ns-hidden']"
routes tree/.hidden; ok folder-hidden-named names "['ns-hidden2']"
t check tree/empty; ok folder-empty exits 0; ok folder-empty-note err_has 'tree/empty: '
rm tree/pipe.yaml

# Paths as they were given; in the order of their bytes.
mkdir -p order/a order/B
for file in a.yaml a/x.yaml a-b.yaml B/x.yaml c.yml; do cp syntax.yaml order/$file; done
t check order
ok order-status exits 1
ok order eval 'diff <(grep -oE "^order[^:]*" out | uniq) <(find order -type f | LC_ALL=C sort)'
t check ./order/a; ok path-as-given out_has './order/a/x.yaml:2:'
t check order/a/; ok path-no-double-slash out_has 'order/a/x.yaml:2:'

# What cannot be read does not keep the others from being read.
routes none.yaml good.yaml
ok missing-file exits 2; ok missing-file-said err_line 'svcroute: none\.yaml: No such file or directory'
ok missing-file-others names "['shop-web']"
t check none.yaml missing.yaml; ok missing-file-and-errors exits 2; ok missing-file-and-errors-shown out_has 'missing.yaml:11:'
t check none/; ok missing-folder exits 2
ln -s nowhere tree/dangling.yaml
routes tree; ok dangling-link exits 2; ok dangling-link-said err_has 'tree/dangling.yaml: '
ok dangling-link-others names "['ns-deep', 'ns-file', 'ns-json', 'ns-top', 'ns-yml']"
rm tree/dangling.yaml
if [ -r /proc/self/mem ]; then
    t check /proc/self/mem good.yaml; ok unreadable exits 2; ok unreadable-said err_has '/proc/self/mem: '
fi
if [ "$(id -u)" -ne 0 ]; then
    mkdir closed; chmod 0 closed; t check closed good.yaml; ok closed-folder exits 2; chmod 700 closed
fi

# The same input twice is read once; two that differ are noticed.
t check good.yaml ./good.yaml "$work/good.yaml"; ok twice exits 0; ok twice-quiet out_line 'no errors, no warnings in 3 documents'
sed 's/10.0.0.2/10.0.0.3/' good.yaml >other.yaml
t check good.yaml other.yaml; ok differing exits 0; ok differing-said out_has '[duplicate-object]'
routes good.yaml other.yaml; ok later-wins json "[s['url'] for s in d['http']['services']['$web']['loadBalancer']['servers']] == ['http://10.0.0.1:8080', 'http://10.0.0.3:8080']"

# Kinds of text: several documents, JSON values, a BOM, CRLF, a List.
{ cat good.yaml; ingress more; } >several.yaml
routes several.yaml; ok several-documents names "['ns-more', 'shop-web']"
sed 's/$/\r/' good.yaml >crlf.yaml; routes crlf.yaml; ok crlf names "['shop-web']"
{ printf '\xef\xbb\xbf'; cat good.yaml; } >bom.yaml; routes bom.yaml; ok bom names "['shop-web']"
{ cat tree/b/x.json; echo; sed 's/"json"/"two"/' tree/b/x.json; } >lines.json; routes lines.json; ok json-values names "['ns-json', 'ns-two']"
{ printf '{"apiVersion": "v1", "kind": "List", "items": ['; cat tree/b/x.json; printf ']}'; } >list.json
routes list.json; ok json-list names "['ns-json']"
t check $'none\e[31m.yaml'; ok name-escaped err_has 'none\x1b[31m.yaml'; ok name-no-escape err_plain
