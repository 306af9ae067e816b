# `svcroute check`: texts, summaries, JSON, SARIF, policies. Read by tests/tool/run.

t check good.yaml
ok clean exits 0; ok clean-err err_empty; ok clean-summary out_line 'no errors, no warnings in 3 documents'
t check missing.yaml
ok error exits 1
ok error-line out_line 'missing\.yaml:11:[0-9]+: error: .+ \[service-missing\]'
ok error-object out_line '    in IngressRoute shop/web, spec\.routes\[0\]\.services\[0\](\.name)?'
ok error-summary out_line '[0-9]+ errors?, .*in 1 document|[0-9]+ errors? in 1 document'
ok error-no-colour out_plain
t check syntax.yaml; ok syntax exits 1; ok syntax-line out_line 'syntax\.yaml:[0-9]+:[0-9]+: error: .+ \[yaml-syntax\]'
t check unknown.yaml; ok unknown-field exits 0; ok unknown-field-info out_line 'unknown\.yaml:4:[0-9]+: info: .+ \[unknown-field\]'
ok unknown-field-summary out_line 'no errors, no warnings, 1 info in 1 document'
t check --strict unknown.yaml; ok strict exits 1; ok strict-error out_line 'unknown\.yaml:4:[0-9]+: error: .+ \[unknown-field\]'

# A warning alone is no error.
sed 's/{name: web, namespace: shop}/{name: web, namespace: shop, annotations: {kubernetes.io\/ingress.class: traefik}}/' good.yaml >warning.yaml
t check warning.yaml; ok warning exits 0; ok warning-line out_line 'warning\.yaml:[0-9]+:[0-9]+: warning: .+ \[class-annotation\]'
ok warning-summary out_line '1 warning in 3 documents'

# JSON and SARIF.
t check -o json missing.yaml
ok json-status exits 1
ok json-first json "(lambda x: (x['severity'], x['id'], x['source'], x['line'], x['kind'], x['namespace'], x['name']))([x for x in d['diagnostics'] if x['id'] == 'service-missing'][0]) == ('error', 'service-missing', 'missing.yaml', 11, 'IngressRoute', 'shop', 'web')"
ok json-text json "all(x['text'] and x['number'] > 0 for x in d['diagnostics'])"
ok json-summary json "d['summary']['errors'] >= 1 and d['summary']['documents'] == 1 and d['summary']['objects'] == 1"
t check -o json good.yaml; ok json-clean json "d['diagnostics'] == [] and d['summary']['routes'] == 1 and d['summary']['services'] == 1"
t check -o sarif missing.yaml unknown.yaml
ok sarif-status exits 1
ok sarif-version json "d['version'] == '2.1.0' and len(d['runs']) == 1"
ok sarif-driver json "d['runs'][0]['tool']['driver']['name'] == 'svcroute'"
ok sarif-rules json "all(r['id'] and r['shortDescription']['text'] and r['defaultConfiguration']['level'] in ('error', 'warning', 'note') for r in d['runs'][0]['tool']['driver']['rules'])"
ok sarif-index json "all(d['runs'][0]['tool']['driver']['rules'][r['ruleIndex']]['id'] == r['ruleId'] for r in d['runs'][0]['results'])"
ok sarif-place json "any(r['ruleId'] == 'service-missing' and r['level'] == 'error' and r['locations'][0]['physicalLocation'] ['artifactLocation']['uri'] == 'missing.yaml' and r['locations'][0]['physicalLocation']['region']['startLine'] == 11 for r in d['runs'][0]['results'])"
ok sarif-note json "any(r['ruleId'] == 'unknown-field' and r['level'] == 'note' for r in d['runs'][0]['results'])"
ok sarif-invocation json "d['runs'][0]['invocations'][0]['executionSuccessful'] is True"
mkdir -p 'with space'; cp missing.yaml 'with space/ü:.yaml'
t check -o sarif "with space/ü:.yaml"
ok sarif-uri json "d['runs'][0]['results'][0]['locations'][0]['physicalLocation']['artifactLocation']['uri'] == 'with%20space/%C3%BC%3A.yaml'"
t check -o sarif "$work/missing.yaml"
ok sarif-absolute json "d['runs'][0]['results'][0]['locations'][0]['physicalLocation']['artifactLocation']['uri'].startswith('file:///')"
t check -o sarif none.yaml; ok sarif-failed exits 2; ok sarif-failed-said json "d['runs'][0]['invocations'][0]['executionSuccessful'] is False"
t check -o sarif good.yaml; ok sarif-clean exits 0; ok sarif-no-results json "d['runs'][0]['results'] == []"

# Text from documents that would act on a terminal, and names that are no UTF-8.
printf 'apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: web, namespace: shop}\nspec: {routes: [{match: Host(`a`), kind: "\\e[31mred\\u202e", services: []}]}\n' >escape.yaml
t check escape.yaml; ok escape exits 1; ok escape-raw eval '! grep -qP "[\x00-\x09\x0b-\x1f]|\xe2\x80\xae" out'
cp missing.yaml $'bad\xff.yaml'
t check -o json $'bad\xff.yaml'; ok json-not-utf8 json "d['diagnostics'][0]['source'] == 'bad\ufffd.yaml'"
t check $'bad\xff.yaml'; ok text-not-utf8 out_has 'bad\xff.yaml:11:'

# Policies: refused without their option, allowed with it.
# allows OPTION ID FILE: an error with this id, and nothing with the option; in both commands.
allows() {
    local option=$1 id=$2 file=$3
    t check "$file"; ok "refused $option" exits 1; ok "refused $option id" out_has "[$id]"
    t check "$option" "$file"; ok "allowed $option" exits 0
    t resolve "$file"; ok "resolve refused $option" exits 1; ok "resolve refused $option id" err_has "[$id]"
    t resolve "$option" "$file"; ok "resolve allowed $option" exits 0
}
{ route shop web "$match" '{name: web, namespace: other, port: 80}'; service other web 10.0.0.1; } >cross.yaml
allows --allow-cross-namespace cross-namespace cross.yaml
external() {
    route shop web "$match" '{name: web, port: 80}'
    printf -- '---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {type: ExternalName, externalName: %s}\n' "$1"
}
external x.example >external.yaml
allows --allow-external-name-services external-name-refused external.yaml
{ route shop web "$match" '{name: web, port: 80}'; service shop web 127.0.0.1; } >local.yaml
allows --allow-local-addresses local-address local.yaml
{ route shop web "$match" '{name: web, port: 80, healthCheck: {path: /up, interval: 5s}}'; service shop web 10.0.0.1; } >checked.yaml
allows --allow-health-checks health-check-kind checked.yaml
t check checked.yaml; ok health-checks-remedy out_has 'allow health checks of Services of every type'
t resolve -o json --allow-health-checks checked.yaml
ok health-checks json "d['http']['services']['$web']['loadBalancer']['healthCheck']['path'] == '/up'"
t check --profile traefik-v3 --allow-health-checks checked.yaml; ok health-checks-traefik exits 1
{ route shop web "$match" '{name: web, port: 80}'; service shop web 10.0.0.1; } | sed '/^endpoints:/,$d' >no-servers.yaml
printf 'endpoints: []\n' >>no-servers.yaml
allows --allow-empty-services no-servers no-servers.yaml
allows --native-lb-by-default no-servers no-servers.yaml
t resolve -o json --native-lb-by-default no-servers.yaml
ok native-lb json "[s['url'] for s in d['http']['services']['$web']['loadBalancer']['servers']] == ['http://10.9.0.1:80']"
{
    route shop web "$match" '{name: web, port: 80, nodePortLB: true}'
    printf -- '---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {type: NodePort, ports: [{port: 80, nodePort: 30080}]}\n'
    printf -- '---\napiVersion: v1\nkind: Node\nmetadata: {name: node}\nstatus: {addresses: [{type: InternalIP, address: 10.7.0.1}]}\n'
} >nodes.yaml
t check nodes.yaml; ok nodes exits 0
t check --disable-cluster-scope-resources nodes.yaml; ok nodes-disabled exits 1; ok nodes-disabled-id out_has '[cluster-scope-disabled]'

# Namespaces, classes, other providers.
{ cat good.yaml; route other two 'Host(`b`)' '{name: gone, port: 80}'; } >two.yaml
t check two.yaml; ok all-namespaces exits 1
for form in '--namespaces shop' '--namespaces=shop' '--namespaces shop,third' '--namespaces third --namespaces shop' '--namespaces ,shop,'; do
    t resolve -o json $form two.yaml
    ok "$form" exits 0; ok "$form routes" json "list(d['http']['routers']) == ['$web']"
done
sed 's/entryPoints: \[web\]/entryPoints: [web]\n  ingressClassName: special/' good.yaml >class.yaml
t resolve -o json class.yaml; ok class-not-wanted json "d['http']['routers'] == {}"
t resolve -o json --ingress-class special class.yaml; ok class-wanted json "list(d['http']['routers']) == ['$web']"
t resolve -o json --ingress-class special good.yaml; ok class-absent json "d['http']['routers'] == {}"
t check one.yaml; ok provider-all exits 0
t check --cross-provider-namespaces ns one.yaml; ok provider-listed exits 0
t check --cross-provider-namespaces a,b one.yaml; ok provider-others exits 1; ok provider-others-id out_has '[cross-provider]'
t check --cross-provider-namespaces '' one.yaml; ok provider-none exits 1
t check --cross-provider-namespaces= one.yaml; ok provider-none-equals exits 1
# A reference without a port: settled by the only port of the Service in `default`, an error in `traefik-v3`.
{ route shop web "$match" '{name: web}'; service shop web 10.0.0.1; } >no-port.yaml
t check no-port.yaml; ok profile-default exits 0
t check --profile default no-port.yaml; ok profile-default-named exits 0
t check --profile traefik-v3 no-port.yaml; ok profile-traefik exits 1; ok profile-traefik-id out_has '[port-missing]'
