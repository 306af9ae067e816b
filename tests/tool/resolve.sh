# `svcroute resolve`: the forms of its output, parts of a table, explanations, failures of writing. Read by tests/tool/run.

balancer() { # URL...: what a service with these servers is in the export
    local url list=
    for url; do list+="${list:+, }{'url': '$url'}"; done
    echo "{'loadBalancer': {'servers': [$list], 'strategy': 'wrr', 'passHostHeader': True, 'responseForwarding': {'flushInterval': '100ms'}}}"
}

t resolve -o json good.yaml
ok export exits 0; ok export-quiet err_empty
ok export-value json "d == {'http': {'routers': {'$web': {'entryPoints': ['web'], 'rule': '$match', 'service': '$web'}}, 'services': {'$web': $(balancer http://10.0.0.1:8080 http://10.0.0.2:8080)}}}"
ok export-form json "open('out', encoding='utf-8').read() == json.dumps(d, sort_keys=True, separators=(',', ':'), ensure_ascii=False) + '\\n'"
t resolve -o json empty.yaml; ok export-both-keys json "d == {'http': {'routers': {}, 'services': {}}}"
t resolve -o json missing.yaml; ok unresolved exits 1; ok unresolved-result json "d['http']['routers'] == {}"
ok unresolved-said err_line 'missing\.yaml:11:[0-9]+: error: .* \[service-missing\]'

# A tree: weights over a shared service, a mirror, a failover, a highest random weight, a name of another provider.
traefik() { printf -- '---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: %s, namespace: shop}\nspec: %s\n' "$1" "$2"; }
{
    route shop tree 'Host(`tree`)' '{kind: TraefikService, name: top}'
    traefik top '{weighted: {services: [{kind: TraefikService, name: copies, weight: 3}, {kind: TraefikService, name: pair, weight: 2}, {name: a, port: 80, weight: 1}, {kind: TraefikService, name: x@file}], sticky: {cookie: {name: who}}}}'
    traefik copies '{mirroring: {name: a, port: 80, mirrors: [{name: b, port: 80, percent: 10}]}}'
    traefik pair '{failover: {service: {name: a, port: 80}, fallback: {kind: TraefikService, name: hash}, errors: {status: ["500-504"]}}}'
    traefik hash '{highestRandomWeight: {services: [{name: b, port: 80, weight: 7}]}}'
    traefik alone '{weighted: {services: [{name: c, port: 80}]}}'
    service shop a 10.0.1.1
    service shop b 10.0.2.1
    service shop c 10.0.3.1
} >tree.yaml
tree=$(router shop-tree 'Host(`tree`)')
t resolve tree.yaml
ok table exits 0; ok table-quiet err_empty
ok table-heading out_line 'ROUTE +PRIORITY +ENTRY POINTS +TLS +MIDDLEWARES +RULE'
sed 's/  *$//' out >table
{
    printf '%-30s  PRIORITY  ENTRY POINTS  TLS  MIDDLEWARES  RULE\n' ROUTE
    printf '%s        12  web           -    -            Host(`tree`)\n' "$tree"
    cat <<'END'
└─ shop-top  weighted, sticky by who
   ├─ weight 3  shop-copies  mirroring
   │  ├─ main  shop-a-80  wrr, Service shop/a port 80
   │  │  └─ http://10.0.1.1:8080
   │  └─ mirror 10%  shop-b-80  wrr, Service shop/b port 80
   │     └─ http://10.0.2.1:8080
   ├─ weight 2  shop-pair  failover on 500-504
   │  ├─ main  shop-a-80  (shown above)
   │  └─ fallback  shop-hash  highest random weight
   │     └─ weight 7  shop-b-80  (shown above)
   ├─ weight 1  shop-a-80  (shown above)
   └─ weight 1  x@file  (of another provider)
SERVICES WITHOUT A ROUTE
shop-alone  weighted
└─ weight 1  shop-c-80  wrr, Service shop/c port 80
   └─ http://10.0.3.1:8080
END
} >expected
ok table-text diff expected table
LC_ALL=C t resolve tree.yaml; ok table-ascii eval '! grep -qP "[^\x00-\x7f]" out'
ok table-ascii-tree out_has '`- shop-top  weighted'
t resolve good.yaml tree.yaml; ok table-one-heading eval '[ "$(grep -c RULE out)" -eq 1 ]'
ok table-columns eval '[ "$(grep -bo "  web  " out | wc -l)" -eq 2 ]'
t resolve empty.yaml; ok table-nothing exits 0; ok table-nothing-said out_has 'no routes'

# JSON and YAML are one value; a part is made of the bytes of the whole.
same_yaml() { python3 -c 'import json, sys, yaml
sys.exit(yaml.safe_load(open("yaml", encoding="utf-8")) != json.load(open("out", encoding="utf-8")))'; }
if command -v python3 >/dev/null && python3 -c 'import yaml' 2>/dev/null; then
    t resolve -o yaml tree.yaml; cp out yaml; t resolve -o json tree.yaml; ok yaml-equal same_yaml
    for part in "--route $tree" '--service shop-pair' '--service shop-a-80' "--route $tree --service shop-alone"; do
        t resolve -o yaml $part tree.yaml; cp out yaml; t resolve -o json $part tree.yaml; ok "yaml-equal $part" same_yaml
    done
else
    skip yaml-equal 'no YAML in Python'
fi
for form in json yaml; do
    t resolve -o $form tree.yaml; cp out whole
    t resolve -o $form --route "$tree" --service shop-alone tree.yaml; ok "whole by parts $form" same out whole
done
services() { json "sorted(d['http']['services']) == $1"; }
t resolve -o json --route "$tree" tree.yaml good.yaml
ok part-route exits 0; ok part-route-routes json "list(d['http']['routers']) == ['$tree']"
ok part-route-services services "['shop-a-80', 'shop-b-80', 'shop-copies', 'shop-hash', 'shop-pair', 'shop-top']"
t resolve -o json --service=shop-pair tree.yaml
ok part-service json "d['http']['routers'] == {}"; ok part-service-services services "['shop-a-80', 'shop-b-80', 'shop-hash', 'shop-pair']"
t resolve -o json --route "$web" --service shop-c-80 tree.yaml good.yaml
ok part-both json "list(d['http']['routers']) == ['$web']"; ok part-both-services services "sorted(['$web', 'shop-c-80'])"
t resolve --service shop-pair tree.yaml
ok part-table out_line 'shop-pair  failover on 500-504'; ok part-table-only out_lacks shop-copies; ok part-table-routes out_lacks RULE
t resolve --route "$tree" tree.yaml good.yaml; ok part-table-route out_has "$tree"; ok part-table-route-only out_lacks "$web"
ok part-table-unrouted out_lacks shop-alone
t resolve --route nobody tree.yaml; ok unknown-route exits 2; ok unknown-route-said err_has nobody; ok unknown-route-out out_empty
t resolve -o json --service nobody tree.yaml; ok unknown-service exits 2; ok unknown-service-out out_empty
t resolve --service "$tree" tree.yaml; ok route-is-no-service exits 2

# Parents lead to the routes that name them.
{
    printf -- '---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: up, namespace: shop}\nspec: {routes: [{match: Host(`up`), kind: Rule}]}\n'
    printf -- '---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: down, namespace: shop}\nspec: {parentRefs: [{name: up}], routes: [{match: Path(`/down`), kind: Rule, services: [{name: a, port: 80}]}]}\n'
    service shop a 10.0.1.1
} >parents.yaml
up=$(router shop-up 'Host(`up`)') down=$(router shop-down 'Path(`/down`)')
t resolve -o json --route "$up" parents.yaml; ok parents exits 0; ok parents-routes json "sorted(d['http']['routers']) == sorted(['$up', '$down'])"
t resolve -o json --route "$down" parents.yaml; ok parents-child json "list(d['http']['routers']) == ['$down']"
t resolve parents.yaml; ok parents-table out_has "below route $up"; ok parents-none out_has 'no service'

# Services in a circle, and one over many levels: both come to an end.
{
    route shop web "$match" '{kind: TraefikService, name: one}'
    traefik one '{weighted: {services: [{kind: TraefikService, name: two}]}}'
    traefik two '{weighted: {services: [{kind: TraefikService, name: one}]}}'
} >circle.yaml
t resolve circle.yaml; ok circle exits 1; ok circle-said err_has '[cycle]'
t resolve --profile traefik-v3 circle.yaml; ok circle-traefik out_has '(shown above)'
t resolve -o dot --profile traefik-v3 circle.yaml; ok circle-dot out_has ' -> '
traefik one '{weighted: {services: [{kind: TraefikService, name: two}]}}' >circle-alone.yaml
traefik two '{weighted: {services: [{kind: TraefikService, name: one}]}}' >>circle-alone.yaml
t resolve --profile traefik-v3 circle-alone.yaml; ok circle-without-route out_line 'shop-one  weighted'
{
    route shop deep 'Host(`deep`)' '{kind: TraefikService, name: s0}'
    for i in $(seq 0 299); do traefik "s$i" "{weighted: {services: [{kind: TraefikService, name: s$((i + 1))}]}}"; done
    traefik s300 '{weighted: {services: [{name: a, port: 80}]}}'
    service shop a 10.0.1.1
} >deep.yaml
t resolve --profile traefik-v3 deep.yaml; ok deep out_has 'deeper levels are left out'
t resolve -o json --profile traefik-v3 --service shop-s250 deep.yaml; ok deep-part json "len(d['http']['services']) == 52"

# Graph.
t resolve -o dot tree.yaml
ok dot exits 0; ok dot-first eval '[ "$(head -n 1 out)" = "digraph svcroute {" ]'; ok dot-last eval '[ "$(tail -n 1 out)" = "}" ]'
ok dot-edges eval '[ "$(grep -c " -> " out)" -eq 14 ]' # of 1 route, 4 + 2 + 2 + 1 + 1 children, 3 servers
ok dot-nodes eval '[ "$(grep -cE "^  (r|s)[0-9]+ \[" out)" -eq 9 ]' # 1 route, 8 services
ok dot-mirror out_has 'label="mirror 10%"'
{ route shop quote "'HostRegexp(\`^\"\\d&lt;\\e\$\`)'" '{name: a, port: 80}'; service shop a 10.0.1.1; } >quote.yaml
t resolve -o dot quote.yaml; ok dot-escapes out_has 'HostRegexp(`^\"\\d&amp;lt;\\e$`)'
if command -v dot >/dev/null; then
    for file in tree quote circle parents; do
        t resolve -o dot $file.yaml; cp out graph.dot
        ok "dot reads $file" dot -Tsvg graph.dot -o graph.svg
    done
    t resolve -o dot quote.yaml; cp out graph.dot; dot -Tsvg graph.dot -o graph.svg
    ok dot-shows grep -qF '&quot;\d&amp;lt;\e$' graph.svg
else
    skip dot-reads 'no dot'
fi

# A rule over several lines stays in its row, and control characters are shown as escapes.
{ route shop lines '"Host(`a`) ||\n\tHost(`b\u202e`)"' '{name: web, port: 80}'; } >lines.yaml
t resolve lines.yaml good.yaml; ok rule-lines out_has 'Host(`a`) ||\n\tHost(`b\u{202e}`)'; ok rule-plain out_plain

# Explanations.
t resolve --explain "$tree" tree.yaml
ok explain exits 0; ok explain-place out_has 'tree.yaml:'; ok explain-object out_has 'shop/tree'
t resolve --explain=shop/web missing.yaml; ok explain-missing exits 1; ok explain-missing-said out_has 'missing'
t resolve --explain shop-top -o json tree.yaml; ok explain-json json "len(d) > 0 and all(s['text'] for s in d)"
t resolve --explain nobody tree.yaml; ok explain-unknown exits 2; ok explain-unknown-said err_has nobody; ok explain-unknown-out out_empty
t resolve --explain shop-top -o dot tree.yaml; ok explain-dot exits 2
t resolve --explain shop-top --route "$tree" tree.yaml; ok explain-route exits 2

# The shop of the examples.
shop=(--allow-cross-namespace --allow-external-name-services "$root/examples/data")
t check "${shop[@]}"; ok shop exits 0; ok shop-summary out_has 'no errors, no warnings'
t check "$root/examples/data"; ok shop-refused exits 1; ok shop-refused-cross out_has '[cross-namespace]'; ok shop-refused-external out_has '[external-name-refused]'
t resolve -o json "${shop[@]}"; ok shop-resolve exits 0
ok shop-size json "len(d['http']['routers']) == 13 and len(d['http']['services']) == 21"
urls() { json "[s['url'] for k, v in d['http']['services'].items() if k.startswith('$1') and 'loadBalancer' in v for s in v['loadBalancer']['servers']] == $2"; }
ok shop-gateway urls payments-gateway-https "['https://10.2.0.11:8443', 'https://10.2.1.11:8443']"
ok shop-partner urls payments-partner "['https://api.partner.example:443']"
ok shop-api urls "$(router shop-storefront 'Host(`shop.example`) && PathPrefix(`/api`)')" \
    "['http://10.1.0.31:3000', 'http://10.1.1.31:3000', 'http://[2001:db8:1::31]:3000', 'http://[2001:db8:1:1::31]:3000']"
ok shop-invoices urls payments-checkout "['http://192.168.20.5:8080', 'http://192.168.20.6:8080']"
ok shop-suggest urls search-suggest "['http://10.96.3.10:80']"
ok shop-index urls search-index "['h2c://10.4.0.11:9200', 'h2c://10.4.1.11:9200']"
ok shop-uploads json "sorted(s['url'] for k, v in d['http']['services'].items() if k.startswith('media-uploads') for s in v['loadBalancer']['servers']) == ['http://192.168.10.11:30080', 'http://192.168.10.12:30080', 'http://[2001:db8:10::11]:30080']"
ok shop-fenced json "[s.get('fenced', False) for s in d['http']['services']['shop-storefront-stable-80']['loadBalancer']['servers']] == [False, False, True]"
ok shop-images json "[(c['name'], c['weight']) for c in d['http']['services']['media-images']['highestRandomWeight']['services']] == [('media-cache-small-80', 1), ('media-cache-large-80', 3)]"

# What cannot be written.
for command in check resolve; do
    if [ -e /dev/full ]; then
        "$tool" $command good.yaml >/dev/full 2>err; status=$?
        ok "$command full" exits 2; ok "$command full said" err_has 'No space left'
        "$tool" $command --help >/dev/full 2>err; status=$?; ok "$command help full" exits 2
    fi
    "$tool" $command good.yaml 2>err >&-; status=$?; ok "$command closed" exits 2
    (sleep 0.3; exec "$tool" $command good.yaml 2>err; ) | true; status=${PIPESTATUS[0]}
    ok "$command pipe" exits 2; ok "$command pipe quiet" err_empty
done
for form in json yaml dot; do
    [ ! -e /dev/full ] || { "$tool" resolve -o $form good.yaml >/dev/full 2>err; status=$?; ok "full $form" exits 2; }
done
for form in json sarif; do
    [ ! -e /dev/full ] || { "$tool" check -o $form good.yaml >/dev/full 2>err; status=$?; ok "full $form" exits 2; }
done
