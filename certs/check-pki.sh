#!/bin/bash
# Checks what make-pki.sh made: the good certificates are good, the bad ones bad for
# the one reason they are named after. Says what OUTDIR must be independently of the
# tables in make-pki.sh, so that a mistake there shows here.
#
#   certs/check-pki.sh OUTDIR
set -euo pipefail
export LC_ALL=C

# The only fault `openssl verify` may find. Certificates not named here have none.
declare -rA FAULTS=(
    [bad-expired]='certificate has expired'
    [bad-notyet]='certificate is not yet valid'
    [bad-revoked]='certificate revoked'
    [bad-auth]='unsuitable certificate purpose'
    [bad-weak]='EE certificate key too weak'
    [bad-foreign-ca]='unable to get local issuer certificate'
    [bad-selfsigned]='self-signed certificate'
    [bad-sha1]='CA signature digest algorithm too weak'
    [head-expired]='certificate has expired'
    [staff-revoked]='certificate revoked'
    [system-portal-expired]='certificate has expired'
    [system-portal-notyet]='certificate is not yet valid'
    [system-portal-foreign-ca]='unable to get local issuer certificate'
    [system-portal-weak]='EE certificate key too weak'
    [system-portal-revoked]='certificate revoked'
    [ocsp-foreign]='unable to get local issuer certificate'
    [ocsp-noeku]='unsuitable certificate purpose'
    [ocsp-expired]='certificate has expired'
    [tsa-foreign]='unable to get local issuer certificate'
    [tsa-noeku]='unsuitable certificate purpose'
    [tsa-plain-eku]='unsuitable certificate purpose'
    [tsa-expired]='certificate has expired'
    [tls-foreign]='unable to get local issuer certificate'
)

# Everything that must be there, and nothing else.
readonly NAMES='
applicant-410115490012 applicant-480509390010 applicant-790321490015 applicant-850412390011
applicant-850412390021 applicant-850412390201 applicant-870930490018
bad-auth bad-ca-as-leaf bad-expired bad-foreign-ca bad-legal bad-noiin bad-norole bad-notyet
bad-revoked bad-selfsigned bad-sha1 bad-weak
employee-160640900019 head-130140900016 head-160640900019 head-160640900019-ec head-expired
next-applicant-850412390011 next-system-portal
ocsp-expired ocsp-foreign ocsp-noeku ocsp-responder sign-160640900019
system-cabinet system-cbdi system-education system-gateway system-gateway-ec system-gbdfl system-guardianship system-iban
system-payments system-portal system-portal-ec
system-portal-expired system-portal-foreign-ca system-portal-notyet system-portal-revoked system-portal-weak
system-socialaid system-stranger system-zags
staff-akim staff-akim-executor staff-akim-worker staff-auth-clerk staff-auth-executor staff-center1 staff-clerk staff-clerk-auth
staff-csc-accumulator staff-csc-inspector staff-csc-issuer staff-executor1-auth staff-executor2 staff-head-auth staff-nobody staff-operator
staff-revoked staff-statecorp1 staff-stranger
tls-foreign tls-gateway tls-gateway-client tls-portal tls-provider tls-simulators tls-stranger
tsa tsa-expired tsa-foreign tsa-noeku tsa-plain-eku
'

passed=0
failed=0

check() {
    local what=$1 got=$2 want=$3
    if [[ $got == "$want" ]]; then
        ((passed += 1))
        return
    fi
    ((failed += 1))
    printf 'FAILED %s\n  got:  %s\n  want: %s\n' "$what" "$got" "$want"
}

# Prints "OK" or every fault found, joined by "; ".
verdict() {
    local name=$1 anchors=(-CAfile ca/root.pem -untrusted ca/issuing.pem) purpose said
    case $name in
        tls-gateway | tls-simulators) purpose=(sslserver -verify_hostname localhost) ;;
        tls-* | staff-*-auth) purpose=(sslclient) ;;
        tsa*) purpose=(timestampsign) ;;
        ocsp-noeku) purpose=(timestampsign) ;; # OpenSSL has no purpose for OCSPSigning that fails
        ocsp-*) purpose=(ocsphelper) ;;
        *) purpose=(smimesign) ;;
    esac
    case $name in
        tls-*) anchors=(-CAfile tls/ca.pem) ;;
        bad-selfsigned | *-foreign-ca | ocsp-foreign | tsa-foreign) ;;
        next-*) anchors=(-CAfile ca/root.pem -untrusted ca/issuing-next.pem -crl_check -CRLfile crl/issuing-next.crl) ;;
        *) anchors+=(-crl_check -CRLfile crl/issuing.crl) ;;
    esac
    said=$(openssl verify -no-CApath -no-CAstore "${anchors[@]}" -auth_level 2 \
        -purpose "${purpose[@]}" "certs/$name.pem" 2>&1) && echo OK && return
    sed -n 's/^error [0-9]* at [0-9]* depth lookup: //p' <<<"$said" | paste -sd ';' | sed 's/;/; /g'
}

# Prints "subject | key | key usage | extended key usage | policy | CA?" of a text dump.
features() {
    awk '
        function trim(s) { gsub(/^ +| +$/, "", s); return s }
        after != ""                          { value[after] = trim($0); after = ""; next }
        /^ *Subject:/                        { sub(/^ *Subject: /, ""); subject = $0; next }
        /Public-Key:/                        { match($0, /[0-9]+/); bits = substr($0, RSTART, RLENGTH); next }
        /Public Key Algorithm:/              { algorithm = ($0 ~ /rsa/) ? "rsa" : "ec"; next }
        /X509v3 Key Usage:/                  { after = "usage"; next }
        /X509v3 Extended Key Usage:/         { critical = ($0 ~ /critical/) ? "critical " : ""; after = "extended"; next }
        /^ *Policy:/                         { policy = $2; next }
        /CA:TRUE/                            { ca = "CA" }
        END {
            print subject " | " algorithm bits " | " value["usage"] " | " critical value["extended"] \
                " | " policy " | " ca
        }'
}

# Prints the same, as NAME must have it; the subject as a pattern.
wanted_features() {
    local name=$1 key=rsa2048 usage='Digital Signature, Non Repudiation' extended policy=1.2.398.3.3.2 ca=
    local iin='IIN[0-9]{12}' person legal='OU=BIN[0-9]{12}'
    local mail='E-mail Protection' role=1.2.398.3.3.4.1
    case $name in
        staff-clerk*) ;;
        *-ec | applicant-790321490015 | tls-* | staff-*) key=ec256 ;;
        applicant-850412390201) key=ec384 ;;
        *-weak) key=rsa1024 ;;
    esac
    [[ $name != bad-* ]] || iin=IIN850412390011
    name=${name#next-}
    [[ $name != applicant-* ]] || iin=IIN${name#applicant-}
    [[ $name != *-[0-9]*[0-9]* ]] || legal=OU=BIN$(grep -oE '[0-9]{12}' <<<"$name")
    person="CN=[^,]* TEST, SN=[^,]*, serialNumber=$iin, C=KZ, GN=[^,]*"
    case $name in
        bad-legal) person+=", O=.*TEST, OU=BIN160441900018" extended="$mail, $role.2, $role.2.5" ;;
        bad-norole) extended=$mail policy+=.3 ;;
        bad-auth) usage='Digital Signature, Key Encipherment' policy+=.4
            extended="TLS Web Client Authentication, $role.1" ;;
        bad-* | applicant-*) extended="$mail, $role.1"
            [[ $key != rsa* ]] || policy+=.3
            [[ $name != bad-noiin ]] || person=${person/serialNumber=$iin, /}
            [[ $name != bad-ca-as-leaf ]] || ca=CA ;;
        head-*) person+=", O=.*TEST, $legal" extended="$mail, $role.2, $role.2.1" ;;
        sign-*) person+=", O=.*TEST, $legal" extended="$mail, $role.2, $role.2.2" ;;
        employee-*) person+=", O=.*TEST, $legal" extended="$mail, $role.2, $role.2.5" ;;
        staff-*-auth) usage='Digital Signature, Key Encipherment' policy+=.4 person+=", O=.*TEST, $legal"
            extended="TLS Web Client Authentication, $role.2, $role.2.5"
            [[ $name != staff-head-auth ]] || extended=${extended/%.5/.1} ;;
        staff-akim | staff-stranger) person+=", O=.*TEST, $legal" extended="$mail, $role.2, $role.2.1" ;;
        staff-*) person+=", O=.*TEST, $legal" extended="$mail, $role.2, $role.2.5" ;;
        system-*) person="UID=1\.2\.398\.6\.10\.1\.1, CN=.* TEST, C=KZ, O=.*TEST, $legal"
            extended="$mail, $role.2, $role.2.6" ;;
        *-noeku) person="CN=$name TEST, .*" extended=$mail ;;
        tsa-plain-eku) person='CN=tsa-plain-eku TEST, .*' extended='Time Stamping' ;;
        tsa*) person="CN=$name TEST, .*" extended='critical Time Stamping' ;;
        *) person="CN=$name TEST, .*" usage='Digital Signature' policy='' ;;
    esac
    case $name in
        ocsp-noeku) ;;
        ocsp-*) extended='OCSP Signing' ;;
        tls-gateway | tls-simulators) extended='TLS Web Server Authentication' ;;
        tls-*) extended='TLS Web Client Authentication' ;;
    esac
    echo "$person | $key | $usage | $extended | $policy | $ca"
}

check_leaf() {
    local name=$1 dump got want
    [[ -s certs/$name.pem && -s keys/$name.key ]] || {
        check "$name" missing present
        return 0
    }
    check "$name: verdict" "$(verdict "$name")" "${FAULTS[$name]:-OK}"
    check "$name: key" "$(openssl pkey -in "keys/$name.key" -pubout)" \
        "$(openssl x509 -in "certs/$name.pem" -noout -pubkey)"
    check "$name: mode and form of the key" "$(stat -c %a "keys/$name.key") $(head -1 "keys/$name.key")" \
        '600 -----BEGIN PRIVATE KEY-----'

    dump=$(openssl x509 -in "certs/$name.pem" -noout -text -nameopt utf8,sep_comma_plus_space,sname)
    got=$(features <<<"$dump")
    want=$(wanted_features "$name")
    [[ ! $got =~ ^${want//|/\\|}$ ]] || got=$want
    check "$name: contents" "$got" "$want"
}

# What a responder would say from the index, without starting one.
ocsp_status() {
    openssl ocsp -sha256 -issuer ca/issuing.pem -cert "certs/$1.pem" -reqout "$work/request" -no_nonce
    openssl ocsp -index ca/index.txt -CA ca/issuing.pem -rsigner certs/ocsp-responder.pem \
        -rkey keys/ocsp-responder.key -reqin "$work/request" -respout "$work/answer" 2>"$work/said"
    openssl ocsp -sha256 -issuer ca/issuing.pem -cert "certs/$1.pem" -respin "$work/answer" -no_nonce \
        -CAfile ca/root.pem -verify_other ca/issuing.pem 2>"$work/said" | sed -n 's/.*pem: //p'
}

check_authorities() {
    local name
    for name in root issuing issuing-next foreign-root foreign-issuing tls-ca; do
        check "$name: verdict" "$(openssl verify -x509_strict -auth_level 2 -no-CApath -no-CAstore \
            -trusted ca/root.pem -trusted ca/foreign-root.pem -trusted ca/tls-ca.pem "ca/$name.pem" 2>&1)" \
            "ca/$name.pem: OK"
        check "$name: key" "$(openssl pkey -in "keys/ca-$name.key" -pubout)" \
            "$(openssl x509 -in "ca/$name.pem" -noout -pubkey)"
        check "$name: mode of the key" "$(stat -c %a "keys/ca-$name.key")" 600
    done
}

check_tree() {
    local -a names
    read -r -d '' -a names <<<"$NAMES" || true
    check 'certificates too few or too many' \
        "$( (ls certs | grep -v '^gost-'; printf '%s.pem\n' "${names[@]}") | sort | uniq -u)" ''
    check 'mode of keys/' "$(stat -c %a keys)" 700
    check 'trust/' "$(sha256sum <trust/root.pem; sha256sum <trust/issuing.pem; ls trust | grep -v '^gost-')" \
        "$(sha256sum <ca/root.pem; sha256sum <ca/issuing.pem; printf 'issuing.pem\nroot.pem')"
    check 'tls/ca.pem' "$(sha256sum <tls/ca.pem)" "$(sha256sum <ca/tls-ca.pem)"
    check 'DER form of the CRL' "$(openssl crl -inform DER -in crl/issuing.crl.der)" "$(openssl crl -in crl/issuing.crl)"
    check 'revoked certificates' "$(openssl crl -in crl/issuing.crl -noout -text | sed -n 's/^ *Serial Number: //p' | sort)" \
        "$(for name in bad-revoked staff-revoked system-portal-revoked; do openssl x509 -in certs/$name.pem -noout -serial; done | sed 's/serial=//' | sort)"
    check 'issuing and issuing-next: one name, two keys' \
        "$(openssl x509 -in ca/issuing-next.pem -noout -subject) $(openssl x509 -in ca/issuing-next.pem -noout -pubkey | cmp -s - <(openssl x509 -in ca/issuing.pem -noout -pubkey) || echo other)" \
        "$(openssl x509 -in ca/issuing.pem -noout -subject) other"
    check 'delta CRL' "$(openssl crl -in crl/issuing-delta.crl -noout -verify -CAfile ca/issuing.pem -text 2>/dev/null | grep -A 1 -e 'Delta CRL Indicator: critical' | tr -d '\n ')" \
        'X509v3DeltaCRLIndicator:critical1'
    check 'PKCS#12' "$(for name in head head-legacy system system-legacy; do openssl pkcs12 -legacy -in p12/$name.p12 -passin file:p12/password -nodes -nocerts |
        openssl pkey -pubout; done)" "$(for name in head-160640900019 head-160640900019 system-gateway system-gateway; do openssl pkey -in keys/$name.key -pubout; done)"
    check 'OCSP status of a good one' "$(ocsp_status applicant-850412390011)" good
    check 'OCSP status of bad-revoked' "$(ocsp_status bad-revoked)" revoked
}

check_bulk() {
    local count
    [[ -e bulk/count ]] || return 0
    count=$(<bulk/count)
    check 'bulk: number of certificates' "$(find bulk -name 'applicant-*.pem' | wc -l)" "$count"
    check 'bulk: mode of the key' "$(stat -c %a bulk/shared.key)" 600
    check 'bulk: verdicts' "$(openssl verify -no-CApath -no-CAstore -CAfile ca/root.pem -untrusted ca/issuing.pem \
        -auth_level 2 -purpose smimesign bulk/applicant-*.pem 2>&1 | grep -c ': OK$')" "$count"
}

main() {
    local name
    [[ $# -eq 1 && -s $1/stamp ]] || {
        echo 'usage: check-pki.sh OUTDIR   (made by make-pki.sh)' >&2
        exit 2
    }
    cd "$1"
    work=$(mktemp -d)
    trap 'rm -rf -- "$work"' EXIT
    check_tree
    check_authorities
    for name in $NAMES; do
        check_leaf "$name"
    done
    check_bulk
    echo "$passed passed, $failed failed"
    ((failed == 0))
}

main "$@"
