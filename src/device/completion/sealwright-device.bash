# Completion of sealwright-device(1) for bash. Options are asked of `sealwright-device COMMAND --help`, so that they are never behind.

_sealwright_device() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "enroll renew status --help --version" -- "$current")
        return
    fi
    case $previous in
        --ek) mapfile -t COMPREPLY < <(compgen -W "auto rsa ecc L-1 L-2 H-3 H-6" -- "$current") && return ;;
        --ak) mapfile -t COMPREPLY < <(compgen -W "rsa ecc" -- "$current") && return ;;
        --key) mapfile -t COMPREPLY < <(compgen -W "rsa2048 p256 p384" -- "$current") && return ;;
        --tcti) mapfile -t COMPREPLY < <(compgen -W "device:/dev/tpmrm0 device:/dev/tpm0" -- "$current") && return ;;
        --state) mapfile -t COMPREPLY < <(compgen -d -- "$current") && return ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(sealwright-device "$command" --help 2>/dev/null | grep -oE '^  (-[a-z],)?--[a-z-]+' | grep -oE -- '--[a-z-]+')" -- "$current")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
}

complete -o filenames -F _sealwright_device sealwright-device
