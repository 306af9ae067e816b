# Completion of svcroute for bash.

_svcroute()
{
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= file i
    local shared='--profile --allow-cross-namespace --allow-external-name-services
        --allow-local-addresses --allow-empty-services --allow-health-checks
        --native-lb-by-default --disable-cluster-scope-resources --ingress-class --cross-provider-namespaces --namespaces
        --help --version'
    COMPREPLY=()

    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        check | resolve | match | pick | simulate)
            command=${COMP_WORDS[i]}
            break
            ;;
        esac
    done
    if [[ -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'check resolve match pick simulate --help --version' -- "$current")
        return
    fi

    # bash makes words of their own of "=" and of what stands behind it.
    if [[ $before == '=' ]]; then
        before=${COMP_WORDS[COMP_CWORD-2]}
    elif [[ $current == '=' ]]; then
        before=${COMP_WORDS[COMP_CWORD-1]}
        current=
    fi
    case $before in
    -o | --output)
        local forms='text json'
        [[ $command == check ]] && forms='text json sarif'
        [[ $command == resolve ]] && forms='table json yaml dot'
        mapfile -t COMPREPLY < <(compgen -W "$forms" -- "$current")
        return
        ;;
    --profile)
        mapfile -t COMPREPLY < <(compgen -W 'default traefik-v3' -- "$current")
        return
        ;;
    --ingress-class | --cross-provider-namespaces | --namespaces | --route | --service | --explain | \
        -H | --header | --entry-point | --allow-encoded | -n | --requests | --rate | --client | --cookie | --down | --latency | --seed)
        return
        ;;
    esac

    if [[ $current == -* ]]; then
        local own=
        case $command in
        check) own='--output --no-lint --strict' ;;
        resolve) own='--output --route --service --explain' ;;
        match) own='--output --header --client --entry-point --allow-encoded --all --pick' ;;
        pick) own='--output --requests --rate --client --cookie --down --latency --seed' ;;
        simulate) own='--output --seed' ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$own $shared" -- "$current")
    else
        compopt -o filenames 2>/dev/null
        while IFS= read -r file; do
            case $file in
            *.yaml | *.yml | *.json) COMPREPLY+=("$file") ;;
            *.sim | *.txt) [[ $command != simulate ]] || COMPREPLY+=("$file") ;;
            *) [[ ! -d $file ]] || COMPREPLY+=("$file") ;;
            esac
        done < <(compgen -f -- "$current")
    fi
}

complete -F _svcroute svcroute
