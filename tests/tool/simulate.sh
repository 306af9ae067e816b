# `svcroute simulate`: what went where, step by step; errors in scripts. Read by tests/tool/run.

# steps EXPRESSION: true for s, a list with the picks of each stream by url for each step.
steps() { json "(lambda s: $1)([[{v['url']: v['picks'] for v in r['servers']} for r in x['streams']] for x in d['steps']])"; }
play() { cat >script.sim; }

play <<END
# half of the time both, then one
at 0s  send 100 to shop-web over 10s

at 5s  down $one   # by hand
at 7500ms
    up $one
END
sed 's/Host(`a.example`)/Host(`x`)/; s/{name: web, port: 80}/{kind: TraefikService, name: web}/' good.yaml >named.yaml
traefik web '{weighted: {services: [{name: web, port: 80}]}}' >>named.yaml
t simulate script.sim named.yaml
ok simulate exits 0; ok simulate-quiet err_empty
bar=$(printf '█%.0s' {1..30})
{
    printf 'at 0s\n  send 100 to shop-web over 10s\n  50 requests to shop-web\n    shop-web-80\n'
    for url in $one $two; do printf '      %s  25   50.0 %%  %s\n' $url "$bar"; done
    printf 'at 5s\n  down %s\n  5s  server %s of shop-web-80 is down (set by the script)\n' $one $one
    printf '  25 requests to shop-web\n    shop-web-80\n      %s   0    0.0 %%%34sdown\n      %s  25  100.0 %%  %s\n' $one '' $two "$bar"
    printf 'at 7.5s\n  up %s\n  7.5s  server %s of shop-web-80 is up\n  25 requests to shop-web\n    shop-web-80\n' $one $one
} >expected
head -n "$(wc -l <expected)" out >begun; ok simulate-text same begun expected
t simulate -o json script.sim named.yaml
ok simulate-json steps "[x[0] for x in s[:2]] == [{'$one': 25, '$two': 25}, {'$one': 0, '$two': 25}] and len(s) == 3 and sum(s[2][0].values()) == 25 and abs(s[2][0]['$one'] - 12.5) < 1"
ok simulate-json-rest json "d['seed'] == 0 and [x['at_ns'] for x in d['steps']] == [0, 5000000000, 7500000000] and d['steps'][1]['actions'] == ['down $one'] and d['steps'][1]['events'] == [{'at_ns': 5000000000, 'service': 'shop-web-80', 'url': '$one', 'state': 'down', 'reason': 'set by the script'}] and d['steps'][0]['streams'][0]['line'] == 2"
"$tool" simulate - named.yaml <script.sim >other 2>err; "$tool" simulate script.sim named.yaml >out; ok simulate-stdin same out other

# Documents that change: files as seen from the script, an endpoint less, a route that goes.
mkdir -p deep
cp named.yaml deep/all.yaml; service shop web 10.0.0.1 >deep/fewer.yaml
cat >deep/change.sim <<END
load all.yaml
send 80 to shop-web over 8s
at 2s load "fewer.yaml"
at 4s remove TraefikService shop/web
at 6s load all.yaml
END
t simulate -o json deep/change.sim
ok change exits 1 # while the TraefikService is gone, its route has no service
ok change-picks steps "s[0] == [{'$one': 10, '$two': 10}] and s[1] == [{'$one': 20}]"
ok change-gone json "d['steps'][2]['streams'][0]['without_server'] == 20 and d['steps'][2]['services'] < d['steps'][1]['services']"
cat >deep/back.sim <<END
load all.yaml
down $two
load fewer.yaml
send 10 to shop-web
at 1s load all.yaml
send 10 to shop-web
END
t simulate -o json deep/back.sim; ok change-back-still-down json "[(v['picks'], v['state']) for v in d['steps'][1]['streams'][0]['servers']] == [(10, 'up'), (0, 'down')]"
t simulate -o json deep/change.sim
ok change-event json "[(e['url'], e['state']) for e in d['steps'][1]['events'] if 'url' in e] == [('$two', 'gone')]"
t simulate deep/change.sim; ok change-text out_line '  20 requests to shop-web, 20 without a server'

# Servers that fail: a failover, a passive check, clients that try again.
play <<END
load kinds.yaml
at 1s fail $a with 503
      send 10 to shop-pair over 1s
at 3s mend $a
      send 10 to shop-pair over 1s
END
t simulate -o json script.sim
ok fail-status exits 0
ok fail json "[(v['picks'], v.get('failed', 0), v.get('as_fallback', 0)) for v in d['steps'][1]['streams'][0]['servers']] == [(10, 10, 0), (10, 0, 10)] and d['steps'][1]['streams'][0]['failed'] == 0"
ok mend steps "s[2] == [{'$a': 10, '$b': 0}]"
for how in connect 500; do
    play <<END
load kinds.yaml
fail $one with $how
send 100 to shop-careful over 1s
END
    t simulate -o json script.sim
    ok "passive $how" json "d['steps'][0]['streams'][0]['failed'] == 2 and [(e['url'], e['state'], e['reason']) for e in d['steps'][0]['events'] if 'url' in e][0] == ('$one', 'down', 'failed requests')"
    sed -i 's/over 1s/over 1s retry 2/' script.sim
    t simulate -o json script.sim; ok "retry $how" json "d['steps'][0]['streams'][0]['failed'] == 0"
done
{ sed 's/, strategy: hrw/, healthCheck: {interval: 1s, timeout: 500ms}/; s/name: hash/name: checked/' kinds.yaml
    printf -- '---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {type: ExternalName, externalName: far.example, ports: [{port: 80}]}\n'; } >far.yaml
for how in 503 timeout reset; do
    play <<END
load far.yaml
at 2s fail http://far.example:80 with $how
at 6s mend http://far.example:80
at 10s
END
    t simulate -o json --allow-external-name-services script.sim
    ok "active $how" json "[(n, e['state'], e.get('reason')) for n, x in enumerate(d['steps']) for e in x['events'] if 'url' in e and e['service'].startswith('shop-web')] == [(1, 'down', 'health check'), (2, 'up', None)]"
done
# The first check comes within an interval, each other one an interval behind the answer before it: 10 ms for bad ones, 300 ms
# for the good one at the end. What a check found counts when its answer is there.
play <<END
load far.yaml
fail http://far.example:80 with 503
at 6s mend http://far.example:80
latency http://far.example:80 300ms
at 9s
END
t simulate -o json --allow-external-name-services script.sim
ok active-time json "(lambda down, up: down <= 1010000000 and (up - down - 1300000000) % 1010000000 == 0)(*[[e['at_ns'] for e in x['events'] if e.get('url') and e['service'].startswith('shop-web')][0] for x in d['steps'][:2]])"

play <<END
load kinds.yaml
latency $one 1s
send 1000 to shop-busy over 1s
send 30 to shop-hash over 1s from 192.0.2.1,192.0.2.2,192.0.2.3
send 10 to shop-sticky cookie "who=$cookie"
drain $a
at 2s send 10 to shop-split
END
t simulate -o json script.sim
ok latency steps "s[0][0]['$one'] < 200"; ok clients steps "all(v % 10 == 0 for v in s[0][1].values())"; ok cookie steps "s[0][2] == {'$one': 0, '$two': 10}"
ok drain steps "s[1] == [{'$a': 0, '$b': 10}]"
cp out first; t simulate -o json script.sim; ok simulate-again same out first
t simulate -o json --seed 9 script.sim; ok simulate-seed eval '! cmp -s out first'
play </dev/null; t simulate script.sim good.yaml; ok empty-script exits 0; ok empty-script-out out_empty

# What cannot be: all that is wrong in the text at once, with its place; the rest when it comes to it.
wrong() { # LINE:COLUMN TEXT, the script on standard input
    play
    t simulate script.sim good.yaml
    ok "wrong $1 $2" exits 2; ok "wrong $1 $2 place" err_has "script.sim:$1: error: $2"
}
wrong 1:1 'there is no such action' <<<'sned 5 to x'; ok wrong-near err_has '`send`'
wrong 2:4 'this is earlier' <<<$'at 5s\nat 4s load x'
wrong 1:4 'a time such as' <<<'at 5 load x'
wrong 1:4 'a time such as' <<<'at 9999999999999h load x'
wrong 1:3 'a time such as' <<<'at'
wrong 1:5 'a file or folder' <<<'load'
wrong 1:8 'nothing more' <<<'load x y'
wrong 1:8 'there is no such kind' <<<'remove Pod a/b'
wrong 1:15 'an object' <<<'remove Service'
wrong 1:6 'a whole number' <<<'send x to y'
wrong 1:6 'a whole number' <<<'send 0 to y'
wrong 1:8 '`to` belongs' <<<'send 5 at y'
wrong 1:13 'only over, from' <<<'send 5 to y for 5s'
wrong 1:17 'a time such as' <<<'send 5 to y over'
wrong 1:13 'a status' <<<'fail x with 99'
wrong 1:8 '`with` belongs' <<<'fail x by 500'
wrong 1:10 'the quotation mark is not closed' <<<'down "ü" "x'
wrong 1:6 'a blank belongs' <<<'load "x"y'
wrong 1:6 'this could not be loaded' <<<'load nowhere.yaml'
wrong 1:6 'there is no server' <<<'down http://10.0.0.9:8080'
wrong 1:16 'there is no such object' <<<'remove Service shop/nothing'
wrong 2:13 'there is no such route' <<<$'\nsend 10  to nobody'
play <<<$'sned\nlode'; t simulate script.sim; ok wrong-all err_has ':1:1:'; ok wrong-all-too err_has ':2:1:'; ok wrong-out out_empty
printf 'load a\0b' >script.sim; t simulate script.sim; ok script-nul exits 2
t simulate; ok no-script exits 2; ok no-script-said err_has SCRIPT
t simulate none.sim; ok script-missing exits 2
t simulate --seed x script.sim; ok simulate-seed-wrong exits 2

# The smallest host.
"$(dirname "$tool")/../minimal/minimal" >out 2>err; status=$?
ok minimal exits 0; ok minimal-before out_line 'request http://blue.example:80'; ok minimal-after out_line 'request http://green.example:80'
ok minimal-probe out_line 'probe http://green.example:80'; ok minimal-short eval '[ "$(wc -l <"$root/examples/minimal/minimal.c")" -lt 100 ]'
