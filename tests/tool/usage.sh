# The command line itself: help, version, wrong usage, forms of options. Read by tests/tool/run.

t; ok no-command exits 2; ok no-command-hint err_has --help; ok no-command-out out_empty
t --help; ok help exits 0; ok help-lists out_has check; ok help-lists-resolve out_has resolve; ok help-err err_empty
t -h; ok help-letter exits 0
t --version; ok version exits 0; ok version-text out_line 'svcroute [0-9]+\.[0-9]+\.[0-9]+ \(libsvcroute [0-9.]+\)'
t chekc; ok unknown-command exits 2; ok unknown-command-hint err_has "'check'"; ok unknown-command-out out_empty
t --check; ok unknown-global exits 2

for command in check resolve; do
    t $command --help
    ok $command-help exits 0
    for option in --output --profile --allow-local-addresses --allow-cross-namespace \
        --allow-external-name-services --allow-empty-services --allow-health-checks --native-lb-by-default \
        --disable-cluster-scope-resources --ingress-class --cross-provider-namespaces --namespaces --help --version; do
        ok $command-help$option out_has " $option"
    done
    ok $command-help-width eval '[ "$(wc -L <out)" -le 81 ]'
    t $command --version; ok $command-version exits 0
    t $command --nonsense good.yaml; ok $command-unknown exits 2; ok $command-unknown-out out_empty
    t $command --ingress-clas x good.yaml; ok $command-near err_has "'--ingress-class'"
    t $command -x good.yaml; ok $command-letter exits 2
    t $command -o xml good.yaml; ok $command-form exits 2; ok $command-form-hint err_has json
    t $command --profile v2 good.yaml; ok $command-profile exits 2; ok $command-profile-hint err_has traefik-v3
    t $command good.yaml --output; ok $command-value-missing exits 2
    t $command --allow-empty-services=yes good.yaml; ok $command-value-too-much exits 2
    t $command -o json good.yaml; cp out json; ok $command-o exits 0
    for form in '-ojson' '-o json' '--output json' '--output=json'; do
        t $command $form good.yaml
        ok "$command $form" same out json
        t $command good.yaml $form
        ok "$command behind $form" same out json
    done
    t $command -- -o; ok $command-end-of-options exits 2; ok $command-end-of-options-name err_has '-o: '
    cp good.yaml ./-o; t $command -- -o; ok $command-file-like-option exits 0; rm -- ./-o
done
t check --help; ok check-help-strict out_has ' --strict'
t resolve --help
for option in --route --service --explain; do ok resolve-help$option out_has " $option"; done
for command in pick simulate; do
    t $command --help; ok $command-help exits 0; ok $command-help-width eval '[ "$(wc -L <out)" -le 81 ]'
    for option in --output --seed --profile --allow-cross-namespace; do ok $command-help$option out_has " $option"; done
done
t match --help; ok match-help exits 0; ok match-help-width eval '[ "$(wc -L <out)" -le 81 ]'
ok match-help-usage out_has 'METHOD URL [FILE|FOLDER|-]...'
for option in --output --header --client --entry-point --allow-encoded --all --pick --profile --allow-cross-namespace; do ok match-help$option out_has " $option"; done
t match GET; ok match-url-missing exits 2; ok match-url-missing-said err_has 'URL: is missing'
t match; ok match-method-missing exits 2; ok match-method-missing-said err_has 'METHOD: is missing'
t check --help; ok check-help-lint out_has ' --no-lint'
t pick --help
for option in --requests --rate --client --cookie --down --latency; do ok pick-help$option out_has " $option"; done
t pick --sed 5 x; ok pick-near err_has "'--seed'"
t resolve --strict good.yaml; ok resolve-no-strict exits 2
t check --route x good.yaml; ok check-no-route exits 2
t check -o dot good.yaml; ok check-no-dot exits 2
t resolve -o sarif good.yaml; ok resolve-no-sarif exits 2

# The manual page and the completion know every option of the help.
for command in check resolve match pick simulate; do
    for option in $("$tool" $command --help | grep -oE -- '--[a-z][a-z-]+' | sort -u); do
        ok "manual $option" grep -qF -- "${option//-/\\-}" "$root/examples/svcroute/svcroute.1"
        ok "completion $option" grep -qE -- "$option( |\$|')" "$root/examples/svcroute/completion/svcroute.bash"
    done
done
if command -v man >/dev/null && command -v groff >/dev/null; then
    ok manual-warnings eval '[ -z "$(groff -man -Tascii -ww "$root/examples/svcroute/svcroute.1" 2>&1 >/dev/null)" ]'
fi

# complete WORD...: what completion offers for the last word.
complete_words() {
    bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _svcroute; printf "%s\n" "${COMPREPLY[@]}"' \
        "$root/examples/svcroute/completion/svcroute.bash" "$@" >out 2>err
}
complete_words svcroute ''; ok completion-commands out_has resolve
complete_words svcroute check --st; ok completion-option out_line --strict
complete_words svcroute resolve -o ''; ok completion-form out_line dot; ok completion-form-check out_lacks sarif
complete_words svcroute pick -o ''; ok completion-form-pick out_line text; ok completion-form-pick-only out_lacks dot
complete_words svcroute match -o ''; ok completion-form-match out_line json; ok completion-form-match-only out_lacks dot
complete_words svcroute match --en; ok completion-match out_line --entry-point
complete_words svcroute simulate --se; ok completion-simulate out_line --seed
complete_words svcroute pick --la; ok completion-pick out_line --latency
complete_words svcroute resolve --output = y; ok completion-equals out_line yaml
complete_words svcroute check goo; ok completion-file out_line good.yaml
