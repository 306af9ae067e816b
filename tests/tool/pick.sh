# `svcroute pick`: distributions that follow from the documents by hand. Read by tests/tool/run.

# picks EXPRESSION: true for n, the picks by url, and d, the whole.
picks() { json "(lambda n: $1)({s['url']: s['picks'] for s in d['servers']})"; }
one=http://10.0.0.1:8080 two=http://10.0.0.2:8080

t pick "$web" -n 100 good.yaml
ok pick exits 0; ok pick-quiet err_empty
{
    printf '100 requests to %s\n  %s\n' "$web" "$web"
    for url in $one $two; do printf '    %s  50   50.0 %%  %s\n' $url "$(printf '█%.0s' {1..30})"; done
} >expected
ok pick-text same out expected
LC_ALL=C t pick "$web" -n 100 good.yaml; ok pick-ascii out_has '  ##############################'
t pick "$web" -n 3 good.yaml; ok pick-odd out_line '    .*8080  2   66.7 %  █{30}'; ok pick-odd-other out_line '    .*8080  1   33.3 %  █{15}'
t pick "$web" good.yaml; ok pick-default-number out_has '1000 requests'
t pick "$web" -n 1 good.yaml; ok pick-one out_has '1 request to'; ok pick-none-no-trailing eval '! grep -q " $" out'
"$tool" pick "$web" -n 100 <good.yaml >out 2>err; ok pick-stdin same out expected
t pick -o json "$web" -n 100 good.yaml
ok pick-json picks "n == {'$one': 50, '$two': 50}"
ok pick-json-rest json "d['to'] == '$web' and d['requests'] == 100 and d['without_server'] == d['failed'] == d['seed'] == 0 and d['first_cookies'] == [] and all(s['service'] == '$web' and s['state'] == 'up' for s in d['servers'])"
t pick -o json "$web" -n 100 --down $one good.yaml
ok pick-down picks "n == {'$one': 0, '$two': 100}"; ok pick-down-state json "[s['state'] for s in d['servers']] == ['down', 'up']"
t pick "$web" -n 100 --down $one good.yaml; ok pick-down-text out_line "    $one +0    0.0 %  +down"
t pick "$web" -n 10 --down $one --down $two good.yaml
ok pick-all-down exits 0; ok pick-all-down-said out_line "10 requests to $web, 10 without a server"
t pick -o json "$web" -n 100 two.yaml; ok pick-errors exits 1; ok pick-errors-said err_has '[service-missing]'; ok pick-errors-all-the-same picks "sum(n.values()) == 100"
t pick -o json --profile traefik-v3 "$web" -n 100 good.yaml; ok pick-profile picks "n == {'$one': 50, '$two': 50}"

# Weights, mirrors, failovers, cookies, clients.
{
    route shop split 'Host(`split`)' '{kind: TraefikService, name: split}'
    traefik split '{weighted: {services: [{name: a, port: 80, weight: 3}, {name: b, port: 80, weight: 1}]}}'
    traefik copies '{mirroring: {name: a, port: 80, mirrors: [{name: b, port: 80, percent: 10}]}}'
    traefik pair '{failover: {service: {name: a, port: 80}, fallback: {name: b, port: 80}, errors: {status: ["500-504"]}}}'
    traefik sticky '{weighted: {services: [{name: web, port: 80, sticky: {cookie: {name: who}}}]}}'
    traefik hash '{weighted: {services: [{name: web, port: 80, strategy: hrw}]}}'
    traefik busy '{weighted: {services: [{name: web, port: 80, strategy: p2c}]}}'
    traefik quick '{weighted: {services: [{name: web, port: 80, strategy: leasttime}]}}'
    traefik careful '{weighted: {services: [{name: web, port: 80, passiveHealthCheck: {failureWindow: 2s, maxFailedAttempts: 2}}]}}'
    service shop a 10.0.1.1
    service shop b 10.0.2.1
    service shop web 10.0.0.1 10.0.0.2
} >kinds.yaml
a=http://10.0.1.1:8080 b=http://10.0.2.1:8080
t pick -o json shop-split -n 400 kinds.yaml; ok pick-weights exits 0; ok pick-weights-value picks "n == {'$a': 300, '$b': 100}"
split=$(router shop-split 'Host(`split`)')
t pick -o json "$split" -n 400 kinds.yaml; ok pick-route picks "n == {'$a': 300, '$b': 100}"
t pick -o json shop-copies -n 100 kinds.yaml; ok pick-mirror json "[(s['picks'], s.get('copies', 0)) for s in d['servers']] == [(100, 0), (0, 10)]"
t pick shop-copies -n 100 kinds.yaml; ok pick-mirror-text out_line "    $b +0    0\.0 %  +copies 10"
t pick -o json shop-pair -n 10 kinds.yaml; ok pick-main picks "n == {'$a': 10, '$b': 0}"
t pick -o json shop-pair -n 10 --down $a kinds.yaml; ok pick-fallback json "d['servers'][1]['picks'] == d['servers'][1]['as_fallback'] == 10 and d['servers'][0]['picks'] == 0"
cookie=$(printf %s $two | sha256sum | cut -c1-16)
t pick -o json shop-sticky -n 10 --cookie "a=b; who=$cookie" kinds.yaml
ok pick-cookie json "d['servers'][1]['picks'] == d['servers'][1]['by_cookie'] == 10 and d['first_cookies'] == []"
t pick -o json shop-sticky -n 10 --down $one kinds.yaml; ok pick-set-cookie json "d['first_cookies'] == ['who=$cookie; Path=/']"
t pick shop-sticky -n 10 --down $one kinds.yaml; ok pick-set-cookie-text out_line "  who=$cookie; Path=/"
t pick -o json shop-hash -n 50 --client 192.0.2.7 kinds.yaml; ok pick-client picks "sorted(n.values()) == [0, 50]"
clients=$(for i in {1..40}; do printf -- '--client 192.0.2.%d ' "$i"; done)
t pick -o json shop-hash -n 80 $clients kinds.yaml; ok pick-clients picks "min(n.values()) > 0 and all(v % 2 == 0 for v in n.values())"

# A slow server: chosen less where requests in flight or the time to the first byte count.
for name in busy quick; do
    t pick -o json shop-$name -n 2000 --latency $one=400 kinds.yaml; ok pick-slow-$name picks "n['$one'] < 400 and sum(n.values()) == 2000"
    cp out first
    t pick -o json shop-$name -n 2000 --latency $one=400 --seed 0 kinds.yaml; ok pick-seed-$name same out first
done
t pick -o json shop-busy -n 2000 --latency 400 kinds.yaml; ok pick-slow-all picks "abs(n['$one'] - 1000) < 60"
t pick -o json shop-busy -n 2000 --latency 400 --latency $one=400 kinds.yaml; cp out first
t pick -o json shop-busy -n 2000 --latency $one=400.0 --latency 400 kinds.yaml; ok pick-latency-order same out first
for seed in 1 2 3; do t pick -o json shop-busy -n 2000 --rate 1 --seed $seed kinds.yaml; sed '/"seed"/d' out; done | grep "picks" | sort -u >seeds
ok pick-seeds eval '[ "$(wc -l <seeds)" -gt 2 ]'
t pick -o json shop-busy -n 2000 --rate 1 kinds.yaml; ok pick-rate picks "sum(n.values()) == 2000"

# What cannot be.
t pick; ok pick-nothing exits 2; ok pick-nothing-said err_has 'ROUTE|SERVICE'
t pick nobody good.yaml; ok pick-unknown exits 2; ok pick-unknown-said err_has 'nobody: there is no such'; ok pick-unknown-out out_empty
t pick "$web" none.yaml; ok pick-no-file exits 2
t pick "$web" --down http://10.0.0.9:8080 good.yaml; ok pick-no-server exits 2; ok pick-no-server-said err_has 'no server with this url'
t pick "$web" --latency http://10.0.0.9:8080=5 good.yaml; ok pick-latency-no-server exits 2
for wrong in '-n 0' '-n x' '-n -1' '-n 1e3' '-n 99999999999999' '-n 18446744073709551616' '--rate 0' '--seed x' '--seed -1' \
    "--latency $one=" "--latency $one=1.x" '--latency 5s' '--latency 99999999999'; do
    t pick "$web" $wrong good.yaml; ok "pick wrong $wrong" exits 2; ok "pick wrong $wrong out" out_empty
done
