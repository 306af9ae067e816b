# `svcroute match`: the way of one request, who is next, what became of the others. Read by tests/tool/run.

# rules NAME LINE...: a document NAME.yaml with an IngressRoute of that name in namespace r, whose routes are the
# lines: "PRIORITY MATCH", all to one service. `head` has the rest of its spec.
rules() {
    local name=$1 line
    shift
    {
        printf 'apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: %s, namespace: r}\nspec:\n%b  routes:\n' "$name" "${head:-}"
        for line; do
            printf "  - {kind: Rule, priority: %s, match: '%s', services: [{name: web, port: 80}]}\n" "${line%% *}" "${line#* }"
        done
        service r web 10.0.0.1
    } >"$name.yaml"
}
name_of() { router "r-$1" "$2"; }
way() { json "[r['route'] for r in d['way']] == $1"; }

# The route, why, and those behind it.
rules shop '0 Host(`a.example`)' '0 Host(`a.example`) && PathPrefix(`/api`)' '5 PathPrefix(`/`)' '0 Host(`b.example`) && Method(`PUT`)'
host=$(name_of shop 'Host(`a.example`)') api=$(name_of shop 'Host(`a.example`) && PathPrefix(`/api`)') root_route=$(name_of shop 'PathPrefix(`/`)')
t match GET http://a.example/api/x shop.yaml
ok match exits 0; ok match-quiet err_empty
{
    printf 'request      GET /api/x, host a.example, without TLS\nroute        %s\nfrom         IngressRoute r/shop, spec.routes[1]\n' "$api"
    printf 'priority     39, the length of the rule\nrule         Host(`a.example`) && PathPrefix(`/api`)\n'
    printf '                                  ^~~~~~~~~~~~~~~~~~ settled it\nservice      %s\n' "$api"
    printf '\nNext, if that route were not there:\n  PRIORITY  ROUTE%sRULE\n' "$(printf '%*s' $((${#api} - 3)) '')"
    printf '        17  %s  Host(`a.example`)\n         5  %s  PathPrefix(`/`)\n' "$host" "$root_route"
} >expected
ok match-text same expected out
"$tool" match GET http://a.example/api/x - <shop.yaml >out 2>err; ok match-stdin same expected out
t match GET http://a.example/x shop.yaml -o json
ok match-json way "['$host']"; ok match-json-rest json "d['found'] is True and 'status' not in d and [r['route'] for r in d['next']] == ['$root_route'] and 'all' not in d and 'server' not in d"
ok match-json-route json "(lambda r: (r['standing'], r['namespace'], r['ingress_route'], r['index'], r['priority'], r['rule'], r['settled_by'], r['offset'], r['service']))(d['way'][0]) == ('takes', 'r', 'shop', 0, 17, 'Host(\`a.example\`)', 'Host(\`a.example\`)', 0, '$host')"
ok match-json-request json "d['request'] == {'method': 'GET', 'host': 'a.example', 'received_path': '/x', 'path': '/x', 'tls': False}"
t match GET http://a.example/api shop.yaml -o json; ok match-json-offset json "d['way'][0]['offset'] == 21 and d['way'][0]['settled_by'] == 'PathPrefix(\`/api\`)'"
t match PUT http://b.example/ shop.yaml; ok match-put exits 0; ok match-put-caret out_line ' +\^~{12} settled it'
t match GET http://c.example/ shop.yaml; ok match-root out_has "$root_route"; ok match-root-only out_lacks 'Next, if'

# Ties, and many behind.
rules tie '7 Path(`/a`)' '7 PathPrefix(`/a`)' '7 PathPrefix(`/`)'
t match GET /a tie.yaml -o json; ok match-tie way "['$(name_of tie 'PathPrefix(`/a`)')']"; ok match-tie-next json "[r['rule'] for r in d['next']] == ['PathPrefix(\`/\`)', 'Path(\`/a\`)']"
t match GET /a --all tie.yaml -o json; ok match-tie-all json "[r['rule'] for r in d['all']] == ['PathPrefix(\`/a\`)', 'PathPrefix(\`/\`)', 'Path(\`/a\`)']"
many=()
for i in {1..14}; do many+=("$i PathPrefix(\`/\`) && !Path(\`/$i\`)"); done
rules many "${many[@]}"
t match GET / many.yaml; ok match-many exits 0; ok match-many-cap eval '[ "$(grep -c "^  .*PathPrefix" out)" -eq 10 ]'; ok match-many-more out_line '  and 3 more'
t match GET / many.yaml -o json; ok match-many-json json "d['way'][0]['priority'] == 14 and [r['priority'] for r in d['next']] == list(range(13, 3, -1)) and d['more'] == 3"
rules low '-5 PathPrefix(`/`)'
t match GET / low.yaml -o json; ok match-negative json "d['way'][0]['priority'] == -5"

# 404, and what came near.
rules near '0 Host(`a.example`) && Method(`PUT`)' '0 Host(`b.example`)' '0 Host(`a.example`) && !Header(`X-A`, `1`)'
t match GET http://a.example/ -H 'X-A: 1' near.yaml
ok match-404 exits 1; ok match-404-said out_line 'answer       404: no route takes it'; ok match-near out_has 'These came near:'
ok match-near-method out_has 'Method(`PUT`)'; ok match-near-header out_has '!Header('; ok match-near-others out_lacks b.example
ok match-near-carets eval '[ "$(grep -c "^ *^~*$" out)" -eq 2 ]'
t match GET http://a.example/ near.yaml; ok match-header-absent exits 0
t match GET http://c.example/ near.yaml; ok match-no-host exits 1; ok match-no-host-said out_line 'No route is for this host\.'
t match GET / near.yaml; ok match-hostless exits 1; ok match-hostless-said out_has "-H 'Host: NAME'"
t match GET http://c.example/ near.yaml -o json; ok match-404-json json "d['found'] is False and d['status'] == 404 and d['why'] and d['way'] == [] and d['next'] == []"
close=()
for i in {1..8}; do close+=("0 Host(\`a.example\`) && Path(\`/$i\`)"); done
rules close "${close[@]}"
t match GET http://a.example/ close.yaml; ok match-near-cap out_line '  and 3 more \(--all shows every route\)'
t match GET http://a.example/ --all close.yaml; ok match-all-all eval '[ "$(grep -c "does not match" out)" -eq 8 ]'; ok match-all-no-near out_lacks 'came near'

# Every other route: what became of it.
head='  tls: {}\n' rules secret '0 Host(`a.example`) && Path(`/secret`)'
head='  entryPoints: [admin, web]\n' rules door '0 Host(`a.example`) && Path(`/door`)'
rules wrong '0 Host(`a.example`'
standings() { json "{r['rule'].split('\`')[-2] if '&&' in r['rule'] else r['rule']: r['standing'] for r in d['all']}$1"; }
t match GET http://a.example/secret --all -o json secret.yaml door.yaml shop.yaml
ok match-all exits 0; ok match-all-size json "len(d['all']) == 6"; ok match-all-order json "[r['priority'] for r in d['all']] == sorted([r['priority'] for r in d['all']], reverse=True)"
ok match-all-tls standings "['/secret'] == 'tls-only'"; ok match-all-door standings "['/door'] == 'no'"; ok match-all-takes standings "['Host(\`a.example\`)'] == 'takes'"
ok match-all-next standings "['PathPrefix(\`/\`)'] == 'next'"
t match GET https://a.example/secret -o json secret.yaml; ok match-tls exits 0
t match GET http://a.example/secret secret.yaml; ok match-tls-only exits 1; ok match-tls-only-said out_has 'matches, but is for connections with TLS'
t match GET https://a.example/x shop.yaml; ok match-plain-only exits 1; ok match-plain-only-said out_has 'matches, but is for connections without TLS'
t match GET wss://a.example/secret secret.yaml; ok match-wss exits 0
t match GET ws://a.example/secret secret.yaml; ok match-ws exits 1
t match GET /secret -H 'Host: a.example' secret.yaml; ok match-bare exits 0; ok match-bare-quiet out_lacks TLS
t match GET HTTPS://a.example/secret secret.yaml; ok match-scheme-case exits 0
t match GET http://a.example/door --entry-point web door.yaml; ok match-entry exits 0; ok match-entry-said out_has ', on web'
t match GET http://a.example/door --entry-point other door.yaml; ok match-entry-other exits 1; ok match-entry-other-said out_has 'not on that entry point: admin, web'
t match GET http://a.example/door door.yaml; ok match-entry-none exits 0
t match GET http://a.example/x --all -o json wrong.yaml shop.yaml; ok match-unusable json "[r['standing'] for r in d['all'] if r['ingress_route'] == 'wrong'] == ['unusable']"; ok match-unusable-exit exits 0
ok match-unusable-said err_has '[rule-syntax]'

# What rules look at.
rules parts '50 Header(`X-Test`, `a b`)' '40 Query(`q`, `1 2`)' '30 ClientIP(`10.0.0.0/8`)' '20 Method(`POST`)' '10 Host(`*.a.example`)'
takes() { # NAME PRIORITY ARGUMENT...
    local name=$1 priority=$2
    shift 2
    t match "$@" -o json parts.yaml
    ok "match-$name" json "d['way'] and d['way'][0]['priority'] == $priority"
}
takes header 50 GET / -H 'X-Test: a b'
takes header-case 50 GET / -H 'x-tESt:   a b  '
takes header-long 50 GET / '--header=X-Test:a b'
takes header-many 50 GET / -H 'X-Test: b' -H 'X-Test: a b'
takes query 40 GET '/?a=3&q=1+2'
takes query-escape 40 GET '/?q=1%202'
takes query-url 40 GET 'http://x/?q=1+2'
takes client 30 GET / --client 10.1.2.3
takes client-port 30 GET / --client 10.1.2.3:400
takes client-mapped 30 GET / --client '[::ffff:10.1.2.3]:400'
takes method 20 POST /
takes wildcard 10 GET http://b.a.example/
takes host-port 10 GET http://B.A.example:8080/
takes host-header 10 GET http://127.0.0.1/ -H 'host: b.a.example'
takes host-user 10 GET http://user@b.a.example/
t match GET / --client 192.0.2.1 parts.yaml; ok match-client-other exits 1
t match post / parts.yaml; ok match-method-case exits 1; ok match-method-case-said err_has 'upper case'
t match CONNECT b.a.example:443 parts.yaml; ok match-connect exits 0
t match OPTIONS '*' -H 'Host: b.a.example' parts.yaml; ok match-asterisk exits 0

# The path is cleaned, and refused where it is ambiguous.
rules path '0 Path(`/a/b`)' '0 Path(`/a%2Fb`)' '0 PathPrefix(`/c`)'
t match GET '/x/..//a/./%62' path.yaml; ok match-clean exits 0; ok match-clean-shown out_line 'clean path   /a/b'
t match GET /a/b path.yaml; ok match-clean-same out_lacks 'clean path'
t match GET http://a.example path.yaml; ok match-no-path out_line 'clean path   /'
t match GET '/c#d' path.yaml; ok match-hash exits 1; ok match-hash-said out_line 'answer       400: .*'
t match GET 'http://x/c#d' path.yaml; ok match-fragment exits 0; ok match-fragment-said out_has '#d is not sent'
t match GET /a%2fb path.yaml; ok match-slash exits 1; ok match-slash-said out_has '--allow-encoded=slash '; ok match-slash-400 out_line 'answer       400: .*'
t match GET /a%2fb --allow-encoded slash path.yaml -o json; ok match-slash-allowed json "d['way'][0]['rule'] == 'Path(\`/a%2Fb\`)' and d['request']['path'] == '/a%2Fb'"
t match GET /a%2fb%25 --allow-encoded slash path.yaml; ok match-percent exits 1; ok match-percent-only out_has '--allow-encoded=percent '
t match GET /c%2f%25 --allow-encoded slash,percent path.yaml; ok match-several exits 0
t match GET /c%2f%25 --allow-encoded all path.yaml; ok match-allow-all exits 0
t match GET /a%2fb --profile traefik-v3 path.yaml; ok match-traefik-allows exits 0
t match GET /a%2fb --profile traefik-v3 --allow-encoded none path.yaml; ok match-traefik-none exits 1
t match GET /a --allow-encoded colon path.yaml; ok match-encoded-unknown exits 2; ok match-encoded-unknown-said err_has semicolon
t match GET /a%zz path.yaml; ok match-bad-percent exits 1; ok match-bad-percent-said out_has 'two hex digits'
t match GET '/a b' path.yaml -o json; ok match-blank exits 1; ok match-blank-json json "d['status'] == 400 and d['way'] == []"
t match GET /a -H 'Host: b c' path.yaml; ok match-host-blank exits 1; ok match-host-blank-said out_has '400: the host holds a blank'
t match GET http://bücher.example/ path.yaml; ok match-host-foreign exits 1; ok match-host-foreign-said out_has xn--
t match GET / -H 'Host: a' -H 'Host: b' path.yaml; ok match-hosts exits 1; ok match-hosts-said out_has '400: a request has one Host'
printf '/%040000d' 0 >long-path; t match GET "$(cat long-path)" path.yaml; ok match-long exits 1; ok match-long-said out_has 'answer       414'

# Wrong usage.
t match http://a.example/ shop.yaml; ok match-no-method exits 2; ok match-no-method-said err_has 'svcroute match GET URL'; ok match-no-method-out out_empty
t match GET a.example/x shop.yaml; ok match-no-scheme exits 2; ok match-no-scheme-said err_has 'http://'
t match GET ftp://a.example/x shop.yaml; ok match-ftp exits 2
t match GET / -H nonsense shop.yaml; ok match-bad-header exits 2; ok match-bad-header-said err_has 'Name: value'
t match GET / -H 'a b: c' shop.yaml; ok match-bad-header-name exits 2
t match GET / gone.yaml; ok match-no-file exits 2
t match GET http://a.example/ missing.yaml; ok match-errors-in-documents exits 1; ok match-errors-shown err_has '[service-missing]'

# Routes below routes.
t match GET /down -H 'Host: up' parents.yaml; ok match-child exits 0; ok match-child-then out_line "then         $down"; ok match-child-first out_line "route        $up"
t match GET /down -H 'Host: up' -o json parents.yaml; ok match-child-way way "['$up', '$down']"; ok match-child-standings json "[r['standing'] for r in d['way']] == ['leads-on', 'takes']"
t match GET /other -H 'Host: up' parents.yaml; ok match-child-404 exits 1; ok match-child-404-said out_has '404: none of the routes below'; ok match-child-near out_has "$down"
t match GET /down parents.yaml; ok match-child-alone exits 1
t match GET /down --all -o json parents.yaml; ok match-child-standing json "[r['standing'] for r in d['all'] if r['route'] == '$down'] == ['only-as-a-child']"
t match GET /down --all parents.yaml; ok match-child-behind out_has "asked only behind $up"

# The server.
t match GET http://a.example/ --pick shop.yaml; ok match-pick exits 0; ok match-pick-server out_line "server       http://10.0.0.1:8080, of $host"
t match GET http://a.example/ --pick -o json shop.yaml; ok match-pick-json json "d['server'] == {'service': '$host', 'url': 'http://10.0.0.1:8080', 'copies': [], 'set_cookies': []}"
t match GET http://a.example/ --pick -o json --allow-empty-services no-servers.yaml; ok match-pick-none exits 1; ok match-pick-none-json json "d['found'] is False and d['status'] == 503 and len(d['way']) == 1 and 'server' not in d"
t match GET http://a.example/ --allow-empty-services no-servers.yaml; ok match-no-pick exits 0
{
    route r kinds 'Host(`k`)' '{kind: TraefikService, name: copies}'
    route r sticks 'Host(`s`)' '{name: a, port: 80, sticky: {cookie: {name: who}}}'
    route r other 'Host(`o`)' '{kind: TraefikService, name: api@internal}'
    printf -- '---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: copies, namespace: r}\nspec: {mirroring: {name: a, port: 80, mirrors: [{name: b, port: 80, percent: 100}]}}\n'
    service r a 10.0.1.1 10.0.1.2
    service r b 10.0.2.1
} >served.yaml
t match GET http://k/ --pick served.yaml; ok match-copy out_line 'copy to      http://10\.0\.2\.1:8080'
t match GET http://s/ --pick -o json served.yaml
cookie=$(grep -o 'who=[0-9a-f]*' out) url=$(grep -o 'http://10[^"]*' out)
ok match-cookie json "len(d['server']['set_cookies']) == 1 and d['server']['set_cookies'][0].startswith('who=')"
t match GET http://s/ --pick -o json served.yaml -H "Cookie: a=1" -H "Cookie: $cookie"
ok match-cookie-kept json "d['server']['url'] == '$url' and d['server']['reason'] == 'cookie' and d['server']['set_cookies'] == []"
t match GET http://o/ --pick served.yaml; ok match-provider exits 0; ok match-provider-service out_line 'service      api@internal'; ok match-provider-server out_lacks 'server  '

# Text that would act on a terminal, and a rule of several lines.
t match GET $'/\e[31m' shop.yaml; ok match-escape exits 1; ok match-escape-plain out_plain
rules lines '0 PathPrefix(`/`)'; sed -i "s/'PathPrefix(\`\/\`)'/\"Path(\`\/x\`) ||\\\\n\\\\tPathPrefix(\`\/\`)\"/" lines.yaml
t match GET /y lines.yaml; ok match-lines exits 0; ok match-lines-rule out_has 'rule         Path(`/x`) ||\n\tPathPrefix(`/`)'; ok match-lines-caret out_line ' {30}\^~{14} settled it'

# The shop of the examples.
t match GET https://shop.example/account/orders -H 'X-Role: admin-eu' --pick -o json "${shop[@]}"
ok match-shop-account json "[r['ingress_route'] for r in d['way']] == ['account', 'account-roles'] and d['server']['url'] == 'http://10.1.1.51:8080'"
t match GET https://shop.example/account/orders --pick -o json "${shop[@]}"; ok match-shop-visitor json "d['server']['url'] == 'http://10.1.0.51:8080'"
t match GET 'https://shop.example/account/orders?version=1' "${shop[@]}"; ok match-shop-old exits 1
t match GET https://pay.shop.example/invoices/7 --client 192.168.9.9 -o json "${shop[@]}"; ok match-shop-invoices json "d['way'][0]['index'] == 1"
t match GET https://pay.shop.example/invoices/7 --client 203.0.113.9 -o json "${shop[@]}"; ok match-shop-invoices-not json "d['way'][0]['index'] == 0"
t match GET http://www.shop.example/ -o json "${shop[@]}"; ok match-shop-redirect json "d['way'][0]['ingress_route'] == 'to-https'"

# Warnings of rules that look like a mistake.
rules shadow '90 Host(`a.example`)' '5 Host(`a.example`) && Path(`/x`)'
t check shadow.yaml; ok lint exits 0; ok lint-shadow out_has '[rule-shadowed]'
rules root '9 PathPrefix(`/`)' '5 Host(`a.example`)'; t check root.yaml; ok lint-shadow-root out_has '[rule-shadowed]'
t check --no-lint shadow.yaml; ok lint-off out_has 'no errors, no warnings'
t check -o json shadow.yaml; ok lint-json json "d['summary']['warnings'] == 1 and d['diagnostics'][0]['id'] == 'rule-shadowed'"
rules never '0 Host(`a.example`) && Host(`b.example`)'; t check never.yaml; ok lint-never out_has '[rule-never]'
rules partial '0 Host(`a.example`) && PathPrefix(`/api`)'; t check partial.yaml; ok lint-root out_has '[host-without-root]'
t check "${shop[@]}"; ok lint-shop out_has 'no errors, no warnings'
