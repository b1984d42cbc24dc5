# Completion of sealwright(1) for bash. Commands stand here; options are asked of `sealwright COMMAND --help`, so that they are never behind.

_sealwright_commands() {
    case $1 in
        ceremony) echo "check print rehearse run" ;;
        hsm) echo "tokens keys evidence wrapping-key backup restore enrol pin test bench" ;;
        "hsm pin") echo "seal check" ;;
        ca) echo "status" ;;
        crl) echo "publish" ;;
        profile) echo "list show" ;;
        secret) echo "create list revoke" ;;
        audit) echo "show verify export" ;;
        ek) echo "import list remove" ;;
        device) echo "list show revoke retire" ;;
        cert) echo "issue list show revoke hold release" ;;
        request) echo "list show attestation approve deny" ;;
    esac
}

_sealwright() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} group=${COMP_WORDS[1]} command=${COMP_WORDS[2]}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "ceremony hsm ca crl profile secret audit cert request ek device version --help" -- "$current")
        return
    fi
    if ((COMP_CWORD == 2)) && [[ $current != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_sealwright_commands "$group")" -- "$current")
        return
    fi
    if [[ $group == hsm && $command == pin ]]; then
        if ((COMP_CWORD == 3)) && [[ $current != -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(_sealwright_commands "hsm pin")" -- "$current")
            return
        fi
        command="pin ${COMP_WORDS[3]}"
    fi
    case $previous in
        --reason)
            mapfile -t COMPREPLY < <(compgen -W "unspecified keyCompromise cACompromise affiliationChanged superseded cessationOfOperation privilegeWithdrawn aACompromise" -- "$current")
            return
            ;;
        --state)
            local states="intended issued indeterminate abandoned"
            [[ $group == device ]] && states="enrolled revoked retired"
            [[ $group == request ]] && states="received challenged awaiting_approval intended issued refused indeterminate"
            mapfile -t COMPREPLY < <(compgen -W "$states" -- "$current")
            return
            ;;
        --profile)
            # A daemon that does not answer completes nothing; it is not waited for.
            mapfile -t COMPREPLY < <(compgen -W "$(timeout 1 sealwright profile list --quiet 2>/dev/null | awk 'NR > 1 { print $1 }')" -- "$current")
            return
            ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(sealwright "$group" $command --help 2>/dev/null | grep -oE '^  (-[a-z],)?--[a-z-]+' | grep -oE -- '--[a-z-]+')" -- "$current")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
}

complete -o filenames -F _sealwright sealwright
