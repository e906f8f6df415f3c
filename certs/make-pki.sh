#!/bin/bash
# Makes the test PKI: certification authorities in the shape of НУЦ РК, good and
# deliberately bad leaf certificates, a CRL and an index for an OCSP responder.
#
#   certs/make-pki.sh OUTDIR            make OUTDIR, or do nothing if it is fresh
#   certs/make-pki.sh OUTDIR bulk [N]   also N (default 500) applicants in OUTDIR/bulk
#
# Everything here is TEST material; the numbers are synthetic. See certs/README.md.
set -euo pipefail
export LC_ALL=C

# Authorities: name, key, issuer, CN. issuing-next is what issuing becomes: the same name, a new key.
readonly AUTHORITIES='
root             rsa2048  self          НЕГІЗГІ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (RSA) TEST EGOV-GATEWAY
issuing          rsa2048  root          ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (RSA) TEST EGOV-GATEWAY
issuing-next     rsa2048  root          ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (RSA) TEST EGOV-GATEWAY
foreign-root     rsa2048  self          БӨТЕН НЕГІЗГІ ОРТАЛЫҚ TEST EGOV-GATEWAY
foreign-issuing  rsa2048  foreign-root  БӨТЕН КУӘЛАНДЫРУШЫ ОРТАЛЫҚ TEST EGOV-GATEWAY
tls-ca           ec256    self          TLS TEST EGOV-GATEWAY
'

# Leaf certificates. "who" is an IIN of PEOPLE or the name of an information system;
# "flaw" is a fault that the other columns cannot express; "-" means none.
readonly LEAFS='
# name                        key      issuer           profile         who           BIN           flaw
applicant-850412390011        rsa2048  issuing          person          850412390011  -             -
applicant-870930490018        rsa2048  issuing          person          870930490018  -             -
applicant-850412390021        rsa2048  issuing          person          850412390021  -             -
applicant-480509390010        rsa2048  issuing          person          480509390010  -             -
applicant-410115490012        rsa2048  issuing          person          410115490012  -             -
applicant-790321490015        ec256    issuing          person          790321490015  -             -
applicant-850412390201        ec384    issuing          person          850412390201  -             -

bad-expired                   rsa2048  issuing          person          850412390011  -             expired
bad-notyet                    rsa2048  issuing          person          850412390011  -             notyet
bad-revoked                   rsa2048  issuing          person          850412390011  -             revoked
bad-auth                      rsa2048  issuing          person-auth     850412390011  -             -
bad-norole                    rsa2048  issuing          person-norole   850412390011  -             -
bad-weak                      rsa1024  issuing          person          850412390011  -             -
bad-foreign-ca                rsa2048  foreign-issuing  person          850412390011  -             -
bad-selfsigned                rsa2048  self             person          850412390011  -             -
bad-noiin                     rsa2048  issuing          person          850412390011  -             noiin
bad-sha1                      rsa2048  issuing          person          850412390011  -             sha1
bad-ca-as-leaf                rsa2048  issuing          person-ca       850412390011  -             -
bad-legal                     rsa2048  issuing          employee        850412390011  160441900018  -

head-160640900019             rsa2048  issuing          head            790321490015  160640900019  -
head-160640900019-ec          ec256    issuing          head            790321490015  160640900019  -
sign-160640900019             rsa2048  issuing          right-to-sign   000101590017  160640900019  -
employee-160640900019         rsa2048  issuing          employee        850412390021  160640900019  -
head-130140900016             rsa2048  issuing          head            850412390201  130140900016  -
head-expired                  rsa2048  issuing          head            790321490015  160640900019  expired

staff-head-auth               ec256    issuing          head-auth       790321490015  160640900019  -
staff-clerk                   rsa2048  issuing          employee        830511490012  160640900019  -
staff-clerk-auth              rsa2048  issuing          employee-auth   830511490012  160640900019  -
staff-executor1-auth          ec256    issuing          employee-auth   850412390021  160640900019  -
staff-executor2               ec256    issuing          employee        860724390012  160640900019  -
staff-operator                ec256    issuing          employee        810203390018  160640900019  -
staff-center1                 ec256    issuing          employee        880930490016  170140900013  -
staff-statecorp1              ec256    issuing          employee        910115490017  160741900019  -
staff-akim                    ec256    issuing          head            750818390018  140140900018  -
staff-akim-worker             ec256    issuing          employee        780220490019  140140900018  -
staff-akim-executor           ec256    issuing          employee        840606390014  140140900018  -
staff-csc-inspector           ec256    issuing          employee        890412490015  150240900013  -
staff-csc-accumulator         ec256    issuing          employee        820909390018  150240900013  -
staff-csc-issuer              ec256    issuing          employee        870101490010  150240900013  -
staff-auth-clerk              ec256    issuing          employee        850715490015  130140900016  -
staff-auth-executor           ec256    issuing          employee        740505390014  130140900016  -
staff-nobody                  ec256    issuing          employee        860228390013  160640900019  -
staff-stranger                ec256    issuing          head            900320490010  160441900018  -
staff-revoked                 ec256    issuing          employee        830511490012  160640900019  revoked

system-portal                 rsa2048  issuing          system          ПОРТАЛ        091240900012  -
system-portal-ec              ec256    issuing          system          ПОРТАЛ        091240900012  -
system-gateway                rsa2048  issuing          system          ШЛЮЗ          160640900019  -
system-gateway-ec             ec256    issuing          system          ШЛЮЗ          160640900019  -
system-cabinet                rsa2048  issuing          system          КАБИНЕТ       091240900012  -
system-gbdfl                  rsa2048  issuing          system          ГБДФЛ         180250900013  -
system-socialaid              rsa2048  issuing          system          СОЦПОМОЩЬ     180760900016  -
system-zags                   rsa2048  issuing          system          ЗАГС          190140900017  -
system-guardianship           rsa2048  issuing          system          ОПЕКА         190240900010  -
system-cbdi                   rsa2048  issuing          system          ЦБДИ          190340900014  -
system-education              rsa2048  issuing          system          НОБД          190440900018  -
system-iban                   rsa2048  issuing          system          ПШЭП          190540900011  -
system-payments               rsa2048  issuing          system          ВЫПЛАТЫ       190640900015  -
system-stranger               rsa2048  issuing          system          ПОСТОРОННЯЯ   160441900018  -
system-portal-expired         rsa2048  issuing          system          ПОРТАЛ        091240900012  expired
system-portal-notyet          rsa2048  issuing          system          ПОРТАЛ        091240900012  notyet
system-portal-foreign-ca      rsa2048  foreign-issuing  system          ПОРТАЛ        091240900012  -
system-portal-weak            rsa1024  issuing          system          ПОРТАЛ        091240900012  -
system-portal-revoked         rsa2048  issuing          system          ПОРТАЛ        091240900012  revoked

next-applicant-850412390011   rsa2048  issuing-next     person          850412390011  -             -
next-system-portal            rsa2048  issuing-next     system          ПОРТАЛ        091240900012  -

ocsp-responder                rsa2048  issuing          ocsp            -             -             -
ocsp-foreign                  rsa2048  foreign-issuing  ocsp            -             -             -
ocsp-noeku                    rsa2048  issuing          service         -             -             -
ocsp-expired                  rsa2048  issuing          ocsp            -             -             expired
tsa                           rsa2048  issuing          tsa             -             -             -
tsa-foreign                   rsa2048  foreign-issuing  tsa             -             -             -
tsa-noeku                     rsa2048  issuing          service         -             -             -
tsa-plain-eku                 rsa2048  issuing          tsa-plain       -             -             -
tsa-expired                   rsa2048  issuing          tsa             -             -             expired

tls-gateway                   ec256    tls-ca           tls-server      -             -             -
tls-simulators                ec256    tls-ca           tls-server      -             -             -
tls-gateway-client            ec256    tls-ca           tls-client      -             -             -
tls-portal                    ec256    tls-ca           tls-client      -             -             -
tls-provider                  ec256    tls-ca           tls-client      -             -             -
tls-stranger                  ec256    tls-ca           tls-client      -             -             -
tls-foreign                   ec256    foreign-root     tls-client      -             -             -
'

# IIN -> surname, name, patronymic.
declare -rA PEOPLE=(
    [850412390011]='АХМЕТОВ ЕРЛАН СЕРІКҰЛЫ'
    [850412390021]='ОМАРОВ БЕРІК БАЗЫЛҰЛЫ'
    [850412390201]='ТӨЛЕГЕНОВ ДӘУРЕН АСҚАРҰЛЫ'
    [870930490018]='СЕРІКОВА АЙГҮЛ МАРАТҚЫЗЫ'
    [790321490015]='МҰХАМБЕТОВА САУЛЕ ҚАЙРАТҚЫЗЫ'
    [480509390010]='ЖАҚСЫЛЫҚОВ СЕЙІТ НҰРЛАНҰЛЫ'
    [410115490012]='ІБРАЕВА ЗӘУРЕ ӘБДІҒАЛИҚЫЗЫ'
    [000101590017]='САҒЫНДЫҚОВ АРМАН ТЕМІРҰЛЫ'
    [830511490012]='ҚАСЫМОВА ГҮЛНАР БОЛАТҚЫЗЫ'
    [860724390012]='ӘБІЛОВ НҰРЖАН ҒАБИТҰЛЫ'
    [810203390018]='КИМ АНДРЕЙ ВИКТОРОВИЧ'
    [880930490016]='ИВАНОВА ЕЛЕНА ПЕТРОВНА'
    [910115490017]='ЖҮНІСОВА МӘДИНА ЕРБОЛҚЫЗЫ'
    [750818390018]='ҚАЙЫРБЕКОВ ТІЛЕУ ӨТЕГЕНҰЛЫ'
    [780220490019]='ШӘРІПОВА ЖАННА ҚАНАТҚЫЗЫ'
    [840606390014]='БЕКТҰРОВ АЗАМАТ ДАНИЯРҰЛЫ'
    [890412490015]='МҰСИНА ӘСЕЛ ТАЛҒАТҚЫЗЫ'
    [820909390018]='ПЕТРОВ СЕРГЕЙ ИВАНОВИЧ'
    [870101490010]='ОСПАНОВА ДИНАРА МҰРАТҚЫЗЫ'
    [850715490015]='ЕСЕНОВА САМАЛ ЖАНДОСҚЫЗЫ'
    [740505390014]='ТОҚТАРОВ МАРАТ ҚУАНЫШҰЛЫ'
    [860228390013]='СЕЙТОВ РҮСТЕМ АЛИҰЛЫ'
    [900320490010]='БӨТЕНОВА БОТА БҰЛАТҚЫЗЫ'
)

# BIN -> O.
declare -rA ORGANISATIONS=(
    [160640900019]='Отдел занятости и социальных программ TEST'
    [130140900016]='Управление координации занятости и социальных программ TEST'
    [091240900012]='Оператор портала TEST'
    [180250900013]='Оператор ГБД ФЛ TEST'
    [180760900016]='Оператор АИС Социальная помощь TEST'
    [190140900017]='Оператор ИС ЗАГС TEST'
    [190240900010]='Оператор еАкимат TEST'
    [190340900014]='Оператор ЦБДИ TEST'
    [190440900018]='Оператор НОБД TEST'
    [190540900011]='Оператор ПШЭП TEST'
    [190640900015]='Оператор Е-Собес TEST'
    [160441900018]='Посторонняя организация TEST'
    [170140900013]='Центр занятости TEST'
    [160741900019]='Филиал Государственной корпорации TEST'
    [140140900018]='Аппарат акима TEST'
    [150240900013]='Центр обслуживания населения TEST'
)

readonly ROLE_PERSON=1.2.398.3.3.4.1.1
readonly ROLE_LEGAL=1.2.398.3.3.4.1.2
readonly POLICY=1.2.398.3.3.2
readonly CRLS='issuing issuing-next root foreign-issuing'
readonly URL=http://pki.example.invalid
readonly SIGN=digitalSignature,nonRepudiation
readonly AUTH=digitalSignature,keyEncipherment

readonly DAY=86400
readonly LEAF_DAYS=365       # life of a good leaf and of the CRL
readonly CA_DAYS=3650
readonly SPARE_DAYS=7        # remade when the leafs have less than this left
readonly BULK_MAX=20000      # as many distinct IINs as nth_iin gives, with room to spare

NOW=$(date +%s)
JOBS=$(nproc)
SELF=$(realpath "${BASH_SOURCE[0]}")
readonly NOW JOBS SELF

die() {
    echo "make-pki.sh: $*" >&2
    exit 1
}

# Runs openssl; its chatter is shown only when it fails.
run_openssl() {
    local said
    said=$(openssl "$@" 2>&1) || die "openssl $1 failed:"$'\n'"$said"
}

# Prints the rows of a table without comments and empty lines.
rows() {
    grep -v -e '^#' -e '^$' <<<"$1"
}

# Prints the moment DAYS from now in the form `openssl ca` takes.
days_from_now() {
    date -u -d "@$((NOW + $1 * DAY))" +%Y%m%d%H%M%SZ
}

# ---- is there anything to do ------------------------------------------------

# The stamp is written last: which script made the PKI, and between which seconds it serves.
write_stamp() {
    sha256sum <"$SELF" | cut -d' ' -f1
    echo "$((NOW - DAY)) $((NOW + (LEAF_DAYS - SPARE_DAYS) * DAY))"
}

is_fresh() {
    local dir=$1 made_by from until name rest
    [[ -s $dir/stamp ]] || return 1
    { read -r made_by && read -r from until; } <"$dir/stamp" || return 1
    [[ $made_by == "$(sha256sum <"$SELF" | cut -d' ' -f1)" ]] || return 1
    ((NOW >= from && NOW < until)) || return 1
    while read -r name rest; do
        [[ -s $dir/certs/$name.pem && -s $dir/keys/$name.key ]] || return 1
    done < <(rows "$LEAFS")
    while read -r name rest; do
        [[ -s $dir/ca/$name.pem && -s $dir/keys/ca-$name.key ]] || return 1
    done < <(rows "$AUTHORITIES")
    for name in $CRLS issuing-delta; do
        [[ -s $dir/crl/$name.crl && -s $dir/crl/$name.crl.der ]] || return 1
    done
    [[ -s $dir/ca/index.txt && -s $dir/p12/head.p12 && -s $dir/p12/head-legacy.p12 ]] || return 1
    [[ -s $dir/trust/root.pem && -s $dir/trust/issuing.pem && -s $dir/tls/ca.pem ]]
}

# ---- what a certificate says ------------------------------------------------

person_subject() {
    local iin=$1 flaw=$2 surname name patronymic number
    read -r surname name patronymic <<<"${PEOPLE[$iin]}"
    number="/serialNumber=IIN$iin"
    [[ $flaw != noiin ]] || number=
    echo "/CN=$surname $name TEST/SN=$surname$number/C=KZ/GN=$patronymic"
}

subject() {
    local name=$1 profile=$2 who=$3 bin=$4 flaw=$5
    case $profile in
        person*) person_subject "$who" "$flaw" ;;
        head | right-to-sign | employee | head-auth | employee-auth)
            echo "$(person_subject "$who" "$flaw")/O=${ORGANISATIONS[$bin]}/OU=BIN$bin" ;;
        system)
            echo "/UID=1.2.398.6.10.1.1/CN=ИС \"$who\" TEST/C=KZ/O=${ORGANISATIONS[$bin]}/OU=BIN$bin" ;;
        *) echo "/CN=$name TEST/C=KZ/O=EGOV-GATEWAY TEST" ;;
    esac
}

# Extensions every certificate has: what it is, what its key may do, where its issuer is.
common_extensions() {
    local basic=$1 usage=$2
    cat <<END
basicConstraints = $basic
keyUsage = critical,$usage
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END
}

# A leaf of the НУЦ РК profile: the role sits in the extended key usage. `issuer` is the caller's.
eds_extensions() {
    local usage=$1 roles=$2 policy=$3 basic=${4:-CA:FALSE}
    common_extensions "$basic" "$usage"
    cat <<END
extendedKeyUsage = $roles
crlDistributionPoints = URI:$URL/crl/$issuer.crl
freshestCRL = URI:$URL/crl/$issuer-delta.crl
authorityInfoAccess = OCSP;URI:$URL/ocsp/$issuer
certificatePolicies = @policy
[policy]
policyIdentifier = $policy
CPS.1 = $URL/cps
END
}

extensions() {
    local key=$1 profile=$2 issuer=${3:-} person_policy=$POLICY
    [[ $key != rsa* ]] || person_policy=$POLICY.3
    case $profile in
        ca) common_extensions critical,CA:TRUE keyCertSign,cRLSign ;;
        person) eds_extensions $SIGN "emailProtection,$ROLE_PERSON" "$person_policy" ;;
        person-ca) eds_extensions $SIGN "emailProtection,$ROLE_PERSON" "$person_policy" critical,CA:TRUE ;;
        person-norole) eds_extensions $SIGN emailProtection "$person_policy" ;;
        person-auth) eds_extensions $AUTH "clientAuth,$ROLE_PERSON" $POLICY.4 ;;
        head) eds_extensions $SIGN "emailProtection,$ROLE_LEGAL,$ROLE_LEGAL.1" $POLICY ;;
        right-to-sign) eds_extensions $SIGN "emailProtection,$ROLE_LEGAL,$ROLE_LEGAL.2" $POLICY ;;
        employee) eds_extensions $SIGN "emailProtection,$ROLE_LEGAL,$ROLE_LEGAL.5" $POLICY ;;
        head-auth) eds_extensions $AUTH "clientAuth,$ROLE_LEGAL,$ROLE_LEGAL.1" $POLICY.4 ;;
        employee-auth) eds_extensions $AUTH "clientAuth,$ROLE_LEGAL,$ROLE_LEGAL.5" $POLICY.4 ;;
        system) eds_extensions $SIGN "emailProtection,$ROLE_LEGAL,$ROLE_LEGAL.6" $POLICY ;;
        tsa) eds_extensions $SIGN critical,timeStamping $POLICY ;;
        tsa-plain) eds_extensions $SIGN timeStamping $POLICY ;;
        service) eds_extensions $SIGN emailProtection $POLICY ;;
        ocsp)
            common_extensions CA:FALSE digitalSignature
            echo 'extendedKeyUsage = OCSPSigning'
            echo 'noCheck = ignored' ;;
        tls-server)
            common_extensions CA:FALSE digitalSignature
            echo 'extendedKeyUsage = serverAuth'
            echo 'subjectAltName = DNS:localhost,IP:127.0.0.1,IP:::1' ;;
        tls-client)
            common_extensions CA:FALSE digitalSignature
            echo 'extendedKeyUsage = clientAuth' ;;
        *) die "unknown profile $profile" ;;
    esac
}

# Prints first and last day. An authority starts early enough for the expired leafs
# to have been good in their time; "not yet" is years off, as the PKI is kept for months.
validity_days() {
    case $1 in
        ca) echo "-730 $CA_DAYS" ;;
        expired) echo '-400 -30' ;;
        notyet) echo '1825 2190' ;;
        *) echo "-1 $LEAF_DAYS" ;;
    esac
}

# ---- making things (the current directory is the PKI) ------------------------

# Only what `issuing` signs goes into index.txt, which is what an OCSP responder serves.
write_config() {
    local section database
    cat <<END
[req]
distinguished_name = none
string_mask = utf8only
[none]
[any]
commonName = supplied
[crl]
authorityKeyIdentifier = keyid
[delta]
authorityKeyIdentifier = keyid
2.5.29.27 = critical,DER:02:01:01
END
    for section in issuing others; do
        database=ca/index.txt
        [[ $section == issuing ]] || database=scratch/others.txt
        cat <<END
[$section]
database = $database
crlnumber = ca/crlnumber
default_md = sha256
default_crl_days = $LEAF_DAYS
crl_extensions = crl
new_certs_dir = scratch
unique_subject = no
rand_serial = yes
policy = any
certificate = ca/issuing.pem
private_key = keys/ca-issuing.key
END
    done
}

prepare_tree() {
    mkdir ca certs crl trust tls scratch
    mkdir -m 700 keys p12
    write_config >ca/openssl.cnf
    : >ca/index.txt
    : >scratch/others.txt
    echo 'unique_subject = no' | tee ca/index.txt.attr >scratch/others.txt.attr
    echo 01 >ca/crlnumber
}

key_options() {
    case $1 in
        rsa*) echo "-algorithm RSA -pkeyopt rsa_keygen_bits:${1#rsa}" ;;
        ec*) echo "-algorithm EC -pkeyopt ec_paramgen_curve:P-${1#ec} -pkeyopt ec_param_enc:named_curve" ;;
        *) die "unknown key type $1" ;;
    esac
}

# Takes most of the time, hence all processors at once.
make_keys() {
    local name key rest
    {
        while read -r name key rest; do
            echo "$(key_options "$key") -out keys/ca-$name.key"
        done < <(rows "$AUTHORITIES")
        while read -r name key rest; do
            echo "$(key_options "$key") -out keys/$name.key"
        done < <(rows "$LEAFS")
    } | (umask 077 && xargs -P "$JOBS" -L 1 openssl genpkey -quiet)
}

# issue NAME KEY-FILE CERT-FILE ISSUER SUBJECT FLAW, extensions on stdin
issue() {
    local name=$1 key_file=$2 cert_file=$3 issuer=$4 subject=$5 flaw=$6
    local section=others digest=sha256 from to signer
    [[ $issuer != issuing ]] || section=issuing
    [[ $flaw != sha1 ]] || digest=sha1
    read -r from to <<<"$(validity_days "$flaw")"
    signer=(-cert "ca/$issuer.pem" -keyfile "keys/ca-$issuer.key")
    [[ $issuer != self ]] || signer=(-selfsign -keyfile "$key_file")

    cat >scratch/extensions
    run_openssl req -new -utf8 -config ca/openssl.cnf -key "$key_file" -subj "$subject" -out scratch/request
    run_openssl ca -batch -notext -preserveDN -config ca/openssl.cnf -name $section "${signer[@]}" -md $digest \
        -startdate "$(days_from_now "$from")" -enddate "$(days_from_now "$to")" \
        -extfile scratch/extensions -in scratch/request -out "$cert_file"
    [[ $flaw != revoked ]] ||
        run_openssl ca -config ca/openssl.cnf -name $section -revoke "$cert_file" -crl_reason keyCompromise
}

make_authorities() {
    local name key issuer cn
    while read -r name key issuer cn; do
        extensions "$key" ca |
            issue "$name" "keys/ca-$name.key" "ca/$name.pem" "$issuer" "/C=KZ/CN=$cn" ca
    done < <(rows "$AUTHORITIES")
    cp ca/root.pem ca/issuing.pem trust/
    cp ca/tls-ca.pem tls/ca.pem
}

make_leafs() {
    local name key issuer profile who bin flaw
    while read -r name key issuer profile who bin flaw; do
        extensions "$key" "$profile" "$issuer" |
            issue "$name" "keys/$name.key" "certs/$name.pem" "$issuer" \
                "$(subject "$name" "$profile" "$who" "$bin" "$flaw")" "$flaw"
    done < <(rows "$LEAFS")
}

# Each authority's complete list, and a delta CRL to number 1 of `issuing` that adds nothing (RFC 5280 5.2.4).
make_crls() {
    local name section
    for name in $CRLS; do
        section=others
        [[ $name != issuing ]] || section=issuing
        run_openssl ca -config ca/openssl.cnf -name $section -cert "ca/$name.pem" -keyfile "keys/ca-$name.key" \
            -gencrl -out "crl/$name.crl"
    done
    run_openssl ca -config ca/openssl.cnf -name others -cert ca/issuing.pem -keyfile keys/ca-issuing.key \
        -crlexts delta -gencrl -out crl/issuing-delta.crl
    for name in $CRLS issuing-delta; do
        run_openssl crl -in "crl/$name.crl" -outform DER -out "crl/$name.crl.der"
    done
}

# The head's key as the authority gives keys out, protected as today and as in old containers (RFC 7292; SHA-1, 3DES, RC2).
make_containers() {
    local chain=(-certfile ca/issuing.pem) key
    echo TEST-egov >p12/password
    for key in head:head-160640900019 system:system-gateway; do
        run_openssl pkcs12 -export -inkey "keys/${key#*:}.key" -in "certs/${key#*:}.pem" "${chain[@]}" -name TEST \
            -passout file:p12/password -out "p12/${key%:*}.p12"
        run_openssl pkcs12 -export -legacy -inkey "keys/${key#*:}.key" -in "certs/${key#*:}.pem" "${chain[@]}" -name TEST \
            -passout file:p12/password -out "p12/${key%:*}-legacy.p12"
    done
    chmod 600 p12/*
}

# Builds beside OUTDIR and renames, so that OUTDIR is whole or absent at every moment.
make_pki() {
    local outdir=$1 scratch_dir=$2
    mkdir -m 755 "$scratch_dir/new"
    cd "$scratch_dir/new"
    prepare_tree
    make_keys
    make_authorities
    make_leafs
    make_crls
    make_containers
    rm -r scratch ca/*.old
    write_stamp >stamp
    [[ ! -e $outdir ]] || mv "$outdir" "$scratch_dir/old"
    mv "$scratch_dir/new" "$outdir"
}

# ---- bulk --------------------------------------------------------------------

# Sets IIN to the number with index $1, or to "" where no check digit exists. Serials
# 9100-9999 keep clear of the named people, who have 9001-9099.
nth_iin() {
    local i=$1 body weights sum k shift
    printf -v body '%02d%02d%02d%d%d' $((50 + i % 50)) $((1 + i % 12)) $((1 + i / 900)) \
        $((3 + i % 2)) $((9100 + i % 900))
    IIN=
    for shift in 0 2; do
        weights=$shift
        sum=0
        for ((k = 0; k < 11; k++)); do
            ((sum += ${body:k:1} * ((k + weights) % 11 + 1))) || true
        done
        ((sum % 11 < 10)) || continue
        IIN=$body$((sum % 11))
        return
    done
}

# Prints the first N numbers that have no certificate yet.
missing_iins() {
    local i found
    for ((i = 0, found = 0; found < $1; i++)); do
        nth_iin "$i"
        [[ -n $IIN ]] || continue
        ((found += 1))
        [[ -s bulk/applicant-$IIN.pem ]] || echo "$IIN"
    done
}

# All share one key; a request for each, then one `openssl ca` signs them together.
make_bulk() {
    local outdir=$1 count=$2 from to serial iin
    cd "$outdir"
    [[ ! -s bulk/count || $(<bulk/count) -lt $count ]] || return 0
    rm -rf scratch
    mkdir -p bulk scratch
    [[ -s bulk/shared.key ]] || {
        run_openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out scratch/shared.key
        mv scratch/shared.key bulk/shared.key
    }
    missing_iins "$count" >scratch/iins
    xargs -P "$JOBS" -I '{}' openssl req -new -utf8 -config ca/openssl.cnf -key bulk/shared.key \
        -subj '/CN=ТЕСТОВ ТЕСТ TEST/SN=ТЕСТОВ/serialNumber=IIN{}/C=KZ/GN=ТЕСТҰЛЫ' \
        -out 'scratch/{}.csr' <scratch/iins
    extensions rsa2048 person issuing >scratch/extensions
    read -r from to <<<"$(validity_days -)"
    run_openssl ca -batch -notext -preserveDN -config ca/openssl.cnf -name issuing \
        -startdate "$(days_from_now "$from")" -enddate "$(days_from_now "$to")" \
        -extfile scratch/extensions -out scratch/all -infiles scratch/*.csr

    # `openssl ca` names its output by serial number; the index tells whose it is.
    sed -nE 's|^V\t[^\t]*\t\t([0-9A-F]+)\t.*/serialNumber=IIN([0-9]{12})/.*|\1 \2|p' ca/index.txt |
        while read -r serial iin; do
            [[ -e scratch/$serial.pem ]] || continue
            ln -sf shared.key "bulk/applicant-$iin.key"
            mv "scratch/$serial.pem" "bulk/applicant-$iin.pem"
        done
    rm -rf scratch ca/*.old
    echo "$count" >bulk/count
}

# ---- main --------------------------------------------------------------------

usage() {
    die "usage: make-pki.sh OUTDIR [bulk [N]]"
}

# Never replaces a directory that this script did not make.
check_replaceable() {
    local outdir=$1
    [[ -e $outdir ]] || return 0
    [[ -d $outdir ]] || die "$outdir is not a directory"
    [[ -e $outdir/stamp || -e $outdir/ca/index.txt ]] && return 0
    [[ -z $(ls -A "$outdir") ]] || die "$outdir is not empty and not a test PKI"
}

main() {
    local outdir count=0
    [[ $# -ge 1 && $# -le 3 && -n $1 ]] || usage
    if (($# >= 2)); then
        count=${3:-500}
        [[ $2 == bulk && $count =~ ^[1-9][0-9]{0,4}$ && $count -le $BULK_MAX ]] || usage
    fi
    outdir=$(realpath -m -- "$1")
    umask 022
    if ((count == 0)) && is_fresh "$outdir"; then
        return
    fi

    # One maker at a time; whatever a killed one left behind is stale once we hold the lock.
    mkdir -p "$(dirname "$outdir")"
    exec 9<"$(dirname "$outdir")"
    flock 9
    rm -rf "$outdir".making.*
    if ! is_fresh "$outdir"; then
        check_replaceable "$outdir"
        scratch_dir=$(mktemp -d "$outdir.making.XXXXXX")
        trap 'rm -rf -- "$scratch_dir"' EXIT
        make_pki "$outdir" "$scratch_dir"
    fi
    ((count == 0)) || make_bulk "$outdir" "$count"
}

main "$@"
