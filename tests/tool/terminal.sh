# What is different on a terminal: colours, box characters, progress. Read by tests/tool/run.

# on_terminal ARGUMENT...: the tool's two outputs, together, on a pseudo terminal.
on_terminal() {
    printf '%q ' "$tool" "$@" >command
    script -qec "bash command" /dev/null >out 2>err </dev/null
    status=$?
}
has_escape() { grep -qF -- $'\e[' out; }

if ! command -v script >/dev/null; then
    skip terminal 'no script(1)'
else
    on_terminal check missing.yaml; ok terminal exits 1; ok terminal-colour out_has $'\e[31merror:'; ok terminal-reset out_has $'\e[0m'
    on_terminal check warning.yaml; ok terminal-warning out_has $'\e[33mwarning:'
    NO_COLOR=1 on_terminal check missing.yaml; ok no-color out_plain; ok no-color-text out_has 'error: '
    NO_COLOR= on_terminal check missing.yaml; ok no-color-empty has_escape
    TERM=dumb on_terminal check missing.yaml; ok dumb out_plain
    on_terminal resolve missing.yaml; ok terminal-resolve out_has $'\e[31merror:'
    on_terminal check -o json missing.yaml; ok terminal-json out_plain
    on_terminal resolve -o json good.yaml; ok terminal-export out_plain
    on_terminal resolve tree.yaml; ok terminal-boxes out_has '└─ '
    # In a locale without UTF-8 a byte over 0x7f may be a control character of the terminal.
    { route shop web "$match" '{name: "\u009b31m", port: 80}'; } >c1.yaml
    on_terminal check c1.yaml; ok terminal-c1 eval '! grep -qP "\xc2\x9b" out'
    LC_ALL=C on_terminal resolve lines.yaml good.yaml; ok terminal-ascii eval '! grep -qP "[^\x00-\x7f]" out'
    LC_ALL=C on_terminal check "bad"$'\xc4\x9b'".yaml"; ok terminal-ascii-name eval '! grep -qP "[^\x00-\x7f]" out'

    yes '# a comment, to make the input long; a comment, to make the input long' | head -n 300000 >long.yaml
    cat good.yaml >>long.yaml
    on_terminal check long.yaml; ok progress exits 0; ok progress-shown out_has 'svcroute: reading'; ok progress-cleared out_has $'\r\e[K'
    ok progress-summary out_has 'no errors, no warnings in 3 documents'
    TERM=dumb on_terminal check long.yaml; ok progress-dumb out_lacks 'svcroute: reading'
    t check long.yaml; ok progress-no-terminal err_empty
    on_terminal pick "$web" -n 8000000 good.yaml; ok progress-pick exits 0; ok progress-pick-shown out_has 'of 8000000 requests'; ok progress-pick-cleared out_has $'\r\e[K'
    on_terminal pick -o json "$web" good.yaml; ok terminal-pick-json out_plain
fi
