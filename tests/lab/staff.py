"""The people of the test PKI who work on requests, and their organisations, as every laboratory has them. Synthetic, all of it.

STAFF[id].certificate signs (and logs in), STAFF[id].auth, where there is one, only logs in; both are names in the test PKI.
"""
import typing

ORGANISATIONS = {
    "provider": ("PROVIDER", "160640900019", "«ҮЛГІ» жұмыспен қамту және әлеуметтік бағдарламалар бөлімі (СЫНАҚ)", "Отдел занятости и социальных программ «ПРИМЕР» (ТЕСТ)",
                 "Үлгі қаласы, Абай даңғылы, 1", "г. Примерный, пр. Абая, 1"),
    "center": ("CENTER", "170140900013", "«ҮЛГІ» жұмыспен қамту орталығы (СЫНАҚ)", "Центр занятости «ПРИМЕР» (ТЕСТ)", "Үлгі қаласы, Абай даңғылы, 2", "г. Примерный, пр. Абая, 2"),
    "statecorp": ("STATECORP", "160741900019", "Мемлекеттік корпорацияның филиалы (СЫНАҚ)", "Филиал Государственной корпорации (ТЕСТ)", "Үлгі қаласы, Абай даңғылы, 3",
                  "г. Примерный, пр. Абая, 3"),
    "akim": ("AKIM", "140140900018", "Үлгі ауылдық округі әкімінің аппараты (СЫНАҚ)", "Аппарат акима Примерного сельского округа (ТЕСТ)", "Үлгі ауылы, Достық көшесі, 1",
             "с. Примерное, ул. Достык, 1"),
    "csc": ("CSC", "150240900013", "Халыққа қызмет көрсету орталығы (СЫНАҚ)", "Центр обслуживания населения (ТЕСТ)", "Үлгі қаласы, Абай даңғылы, 4", "г. Примерный, пр. Абая, 4"),
    "body": ("AUTH_BODY", "130140900016", "Жұмыспен қамту және әлеуметтік бағдарламаларды үйлестіру басқармасы (СЫНАҚ)", "Управление координации занятости и социальных программ (ТЕСТ)",
             "Үлгі қаласы, Абай даңғылы, 5", "г. Примерный, пр. Абая, 5"),
}


class Person(typing.NamedTuple):
    iin: str
    organisation: str
    roles: str
    name: str  # surname and initials
    certificate: str
    auth: str = ""
    right_to_sign: bool = False


STAFF = {
    "head": Person("790321490015", "provider", "HEAD", "Мұхамбетова С. Қ.", "head-160640900019", "staff-head-auth", True),
    "deputy": Person("000101590017", "provider", "HEAD", "Сағындықов А. Т.", "sign-160640900019", right_to_sign=True),
    "clerk": Person("830511490012", "provider", "CLERK", "Қасымова Г. Б.", "staff-clerk", "staff-clerk-auth"),
    "executor1": Person("850412390021", "provider", "EXECUTOR", "Омаров Б. Б.", "employee-160640900019", "staff-executor1-auth"),
    "executor2": Person("860724390012", "provider", "EXECUTOR", "Әбілов Н. Ғ.", "staff-executor2"),
    "operator": Person("810203390018", "provider", "OPERATOR", "Ким А. В.", "staff-operator"),
    "center1": Person("880930490016", "center", "CENTER_WORKER", "Иванова Е. П.", "staff-center1"),
    "statecorp1": Person("910115490017", "statecorp", "STATECORP_WORKER", "Жүнісова М. Е.", "staff-statecorp1"),
    "akim1": Person("750818390018", "akim", "AKIM", "Қайырбеков Т. Ө.", "staff-akim", right_to_sign=True),
    "akim-worker": Person("780220490019", "akim", "AKIM_WORKER", "Шәріпова Ж. Қ.", "staff-akim-worker"),
    "akim-executor": Person("840606390014", "akim", "AKIM_EXECUTOR", "Бектұров А. Д.", "staff-akim-executor"),
    "csc-inspector": Person("890412490015", "csc", "CSC_INSPECTOR", "Мұсина Ә. Т.", "staff-csc-inspector"),
    "csc-accumulator": Person("820909390018", "csc", "CSC_ACCUMULATOR", "Петров С. И.", "staff-csc-accumulator"),
    "csc-issuer": Person("870101490010", "csc", "CSC_ISSUER", "Оспанова Д. М.", "staff-csc-issuer"),
    "body-head": Person("850412390201", "body", "HEAD", "Төлегенов Д. А.", "head-130140900016", right_to_sign=True),
    "body-clerk": Person("850715490015", "body", "CLERK", "Есенова С. Ж.", "staff-auth-clerk"),
    "body-executor": Person("740505390014", "body", "EXECUTOR", "Тоқтаров М. Қ.", "staff-auth-executor"),
}
KATO = {"center": "391010000"}  # where an organisation is there for; others everywhere
SYSTEM_ROLES = {"provider": ("tls-provider", "CLERK, EXECUTOR")}  # organisation: certificate of its own system, what it may do


def sections(fingerprint_of):
    """[organisation …] of gateway.conf; fingerprint_of(name in the test PKI)."""
    found = {}
    for name, (kind, bin_, kk, ru, place_kk, place_ru) in ORGANISATIONS.items():
        found[f"organisation {name}"] = {"bin": bin_, "kind": kind, "name_kk": kk, "name_ru": ru, "place_kk": place_kk, "place_ru": place_ru}
        if name in KATO:
            found[f"organisation {name}"]["kato"] = KATO[name]
        if name in SYSTEM_ROLES:
            certificate, roles = SYSTEM_ROLES[name]
            found[f"organisation {name}"].update(tls_sha256=fingerprint_of(certificate), system_roles=roles)
    return found


def staff_file(without=(), inactive=(), more=""):
    """The text of staff.conf, without some people, or with some shut out."""
    rows = []
    for name, person in STAFF.items():
        if name in without:
            continue
        rows.append(f"[person {name}]\niin = {person.iin}\norganisation = {person.organisation}\nroles = {person.roles}\nname_kk = {person.name}\nname_ru = {person.name}\n"
                    f"right_to_sign = {'yes' if person.right_to_sign else 'no'}\nactive = {'no' if name in inactive else 'yes'}\n")
    return "\n".join(rows) + "\n" + more
