#!/usr/bin/python3
"""The catalogue against the steps table of the two regulations, row by row; `egov-gateway services`; services that the gateway must not accept yet; due
moments by the calendar, which is read again while the gateway runs."""
import csv
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tempfile

from check import GATEWAY, ROOT, Checks, Lab, Message

c = Checks()
SERVICES = ROOT / "conf" / "services"
STEPS = pathlib.Path(os.environ.get("EGOV_STEPS", ROOT.parent / "shared" / "domain" / "steps.tsv"))
# Per route: all steps, sums of the MAIN limits (resolution No. 71, appendices 1-3; resolution No. 01/04, appendix 1), schedule, whether the day of reception counts.
ROUTES = {
    ("TSA_ASSIGN", "CENTER"): (6, {"min": 20, "workday": 6}, "center", "unstated"),
    ("TSA_ASSIGN", "AKIM"): (7, {"min": 20, "hour": 4, "workday": 21}, "akim", "unstated"),
    ("TSA_CERT", "OFFICE"): (5, {"min": 25}, "office", "unstated"),
    ("TSA_CERT", "STATECORP"): (6, {"min": 33}, "statecorp", "unstated"),
    ("TSA_CERT", "CENTER"): (5, {"min": 28}, "center", "unstated"),
    ("TSA_CERT", "PORTAL"): (7, {}, "portal", "unstated"),
    ("HOME_SCHOOL", "STATECORP"): (6, {"min": 15, "day": 1, "workday": 9}, "statecorp", "not"),
    ("HOME_SCHOOL", "PORTAL"): (7, {}, "portal", "not"),
    ("HOME_CARE_2013", "AUTH_BODY"): (5, {"min": 60, "workday": 10}, "office", "unstated"),
    ("HOME_CARE_2013", "CSC"): (9, {"min": 105, "workday_within": 2, "workday": 10}, "psc", "not"),
}
REFUSALS = {("TSA_ASSIGN", "CENTER"): (2, 3), ("TSA_ASSIGN", "AKIM"): (2, 1), ("TSA_CERT", "STATECORP"): (2, 3), ("TSA_CERT", "CENTER"): (2, 1), ("HOME_SCHOOL", "STATECORP"): (2, 3)}
EXCLUDED = {("TSA_ASSIGN", "OFFICE"): "4, 5", ("TSA_ASSIGN", "STATECORP"): "6", ("TSA_ASSIGN", "PORTAL"): "10", ("HOME_SCHOOL", "OFFICE"): "4, 5",
            ("HOME_CARE_2013", "PORTAL"): "3, 4"}


def program(*args):
    return subprocess.run([str(GATEWAY), "services", *map(str, args)], capture_output=True, text=True, cwd=ROOT, check=False)


def catalogue():
    return {s["code"]: s for s in json.loads(program("--json").stdout)}


def routes_of(services):
    return {(code, r["kind"]): r for code, s in services.items() for r in s.get("routes", [])}


# ---- the regulations ----

def put_right(text):
    """(what is meant, what the act prints) of a cell of the steps table"""
    found = re.fullmatch(r"(.*?) [\[(](?:мәтінде|кестеде|в тексте|в таблице): (.*)[\])]", text)
    return (found[1], found[2]) if found else (text, None)


def compare_row(row, step):
    name = f"{row['service']} {row['route']} {row['ord']}"
    c.same(f"{name}: paragraph", step.get("paragraph"), row["seed_no"])
    c.same(f"{name}: branch", step["branch"], row["branch"])
    limit = step.get("limit", {})
    c.same(f"{name}: limit", (str(limit.get("amount", "")), limit.get("unit", "")), (row["dur"], row["unit"]))
    for language in ("kk", "ru"):
        c.same(f"{name}: role {language}", step["role"][language], row[f"actor_{language}"])
        meant, printed = put_right(row[f"action_{language}"])
        c.same(f"{name}: action {language}", step["action"][language], meant)
        c.same(f"{name}: printed action {language}", step.get("printedAction", {}).get(language), printed)
        result, sic = row[f"result_{language}"].removesuffix(" (sic)"), row[f"result_{language}"].endswith(" (sic)")
        shown = step.get("printedCompletion" if sic else "completion", {}).get(language, "")
        c.same(f"{name}: completion {language}", shown, result)
        if sic:
            c.that(f"{name}: a completion put right {language}", step["completion"][language] != result, step)


def routes_once(services):
    """The Portal's second function of HOME_SCHOOL (K/A3 p. 1(2)) is a file of its own with the seven steps of p. 7, which the act prints once."""
    routes = routes_of(services)
    second = routes.pop(("HOME_SCHOOL_INFO", "PORTAL"))
    def told(route):
        return [(s["paragraph"], s["role"], s["action"], s.get("completion")) for s in route["steps"]]
    c.same("the steps of the second function", told(second), told(routes["HOME_SCHOOL", "PORTAL"]))
    return routes


def compare_with_table(services):
    if not STEPS.exists():
        c.skip("the steps table of the regulations", f"{STEPS} is not here")
        return
    rows = list(csv.DictReader(STEPS.open(encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE))
    routes = routes_once(services)
    c.same("the table's rows and the catalogue's steps", sum(len(r["steps"]) for r in routes.values() if not r["generic"]), len(rows))
    for row in rows:
        steps = routes[row["service"], row["route"]]["steps"]
        if c.that(f"{row['service']} {row['route']} {row['ord']} is there", len(steps) >= int(row["ord"])):
            compare_row(row, steps[int(row["ord"]) - 1])


def compare_with_sums(services):
    """The same without the table: what a reader of the regulations counts."""
    routes = routes_once(services)
    c.same("63 steps", sum(len(r["steps"]) for r in routes.values() if not r["generic"]), 63)
    c.same("routes out of acts", {key for key, r in routes.items() if not r["generic"]}, set(ROUTES))
    for key, (count, sums, schedule, day) in ROUTES.items():
        route, found = routes[key], {}
        for step in route["steps"]:
            if step["branch"] == "MAIN" and "limit" in step:
                found[step["limit"]["unit"]] = found.get(step["limit"]["unit"], 0) + step["limit"]["amount"]
        c.same(f"{key}: steps, limits, schedule, reception", (len(route["steps"]), found, route["schedule"], route["receptionDay"]), (count, sums, schedule, day))
        refusals = [(i + 1, s["insteadOf"]) for i, s in enumerate(route["steps"]) if s["branch"] == "REFUSE_INTAKE"]
        c.same(f"{key}: refusal of intake", refusals, [REFUSALS[key]] if key in REFUSALS else [])
    c.same("routes that acts rule out", {(code, e["kind"]): e["paragraph"] for code, s in services.items() for e in s.get("excluded", [])}, EXCLUDED)
    c.same("24 hours before the end", routes["HOME_SCHOOL", "STATECORP"]["resultBeforeEnd"], {"hours": 24, "step": 5, "paragraph": "6.4"})
    for kind in ("AUTH_BODY", "CSC"):
        c.same(f"14 working days, {kind}", routes["HOME_CARE_2013", kind]["term"], {"amount": 14, "unit": "workday"})
    c.same("the cap", [s["paragraph"] for s in routes["HOME_CARE_2013", "CSC"]["steps"] if s["branch"] == "CAP"], ["T1a.7/p11"])
    c.same("limits of the Portal", (routes["TSA_CERT", "PORTAL"]["limitsOf"], routes["HOME_SCHOOL", "PORTAL"]["limitsOf"]), ("OFFICE", "STATECORP"))
    c.same("only where there is no Centre", routes["TSA_ASSIGN", "AKIM"]["onlyWithout"], "CENTER")
    c.that("consent on every route", all(r["consent"] for r in routes.values()))
    c.same("offered through the Portal", {key for key, r in routes.items() if key[1] == "PORTAL" and r["offered"]}, {("TSA_CERT", "PORTAL"), ("HOME_SCHOOL", "PORTAL")})


def compare_roles(services):
    """Whose step it is, in the gateway's words, against the roles of the regulations."""
    roles = {"CLERK": "канцелярии", "HEAD": "руководитель", "EXECUTOR": "ответственный исполнитель", "PROVIDER": "услугодатель", "CENTER_WORKER": "Центра занятости",
             "STATECORP_WORKER": "Государственной корпорации", "AKIM_WORKER": "работник акима", "AKIM": "аким", "AKIM_EXECUTOR": "исполнитель акима",
             "CSC_INSPECTOR": "операционного зала", "CSC_ACCUMULATOR": "накопительного сектора", "CSC_ISSUER": "сектора выдачи"}
    for (code, kind), route in routes_of(services).items():
        acts = [s["act"] for s in route["steps"]]
        if kind == "PORTAL":
            c.same(f"{code} PORTAL: nobody's task", set(acts), {"PORTAL"})
            continue
        for n, step in enumerate(route["steps"], 1):
            c.that(f"{code} {kind} {n}: {step['by']} is the role of the act", roles[step["by"]] in step["role"]["ru"], step["role"])
        c.that(f"{code} {kind}: registered once, signed or decided once, issued at the end",
               acts.count("REGISTER") == 1 and acts.count("SIGN") + acts.count("DECIDE") == 1 and acts[-1] == "ISSUE", acts)
    c.same("2013 at the centre", [s["act"] for s in routes_of(services)["HOME_CARE_2013", "CSC"]["steps"]],
           ["REGISTER", "TRANSFER", "ACCEPT", "RESOLVE", "PREPARE", "SIGN", "RECORD", "ACCEPT", "ISSUE"])
    c.same("generic services come through the Portal's channels", {code: [(h["name"], h["route"]) for h in services[code]["channels"]] for code in ("HOUSING_AID", "LOCAL_AID", "RURAL_FUEL")},
           {code: [(name, "OFFICE") for name in ("shep-sync", "shep-async", "rest")] for code in ("HOUSING_AID", "LOCAL_AID", "RURAL_FUEL")})
    c.same("and those of 2013 and of Centres do not", [services[code]["channels"] for code in ("HOME_CARE_2013", "TSA_ASSIGN")], [[], []])


def compare_services(services):
    c.same("services and their kinds", {code: s["kind"] for code, s in services.items()}, {
        "TSA_CERT": "automated", "HOME_SCHOOL": "automated", "HOME_SCHOOL_INFO": "automated", "TSA_ASSIGN": "not automated", "HOME_CARE_2013": "not automated", "RURAL_FUEL": "generic",
        "LOCAL_AID": "generic", "HOUSING_AID": "generic", "REMOVED_1_2": "withdrawn"})
    for code, s in services.items():
        act = s["acts"][-1]
        c.that(f"{code}: its act with number and date", act["number"] in ("71", "01/04", "267") and re.fullmatch(r"\d{4}-\d\d-\d\d", act["date"]), act)
        if s["kind"] == "generic":
            c.that(f"{code}: marked as generic, with the words why", s["generic"]["kk"] and all(r["generic"] for r in s["routes"]))
    care = services["HOME_CARE_2013"]
    c.same("documents of 2013 and their conditions", {d["id"]: (d["condition"], d["paragraph"]) for d in care["documents"]}, {
        "D1": ("ADULT", "13(1)"), "D1a": ("MINOR_OR_INCAPABLE", "13(1)"), "D2": ("ALWAYS", "13(2)"), "D3": ("ALWAYS", "13(3)"), "D4": ("NOT_ELDERLY", "13(4)"),
        "D5": ("ALWAYS", "13(5)"), "D6": ("NOT_ELDERLY", "13(6)"), "D7": ("PENSION_AGE", "13(7)"), "D8": ("VETERAN", "13(8)")})
    c.same("grounds of 2013", [r["paragraph"] for r in care["refusals"]], ["10(1)", "10(2)", "10(3)"])
    papers = {p["id"]: len(p["fields"]) for p in care["papers"]}
    c.same("fields of coupon and receipt", (papers["COUPON"], papers["ACCEPTANCE_RECEIPT"]), (3, 5))
    c.same("refusals that expiry causes", {code for code, s in services.items() for r in s.get("refusals", []) if r["id"] == "EXPIRED"}, {"TSA_ASSIGN", "HOME_SCHOOL"})
    c.same("assumed refusals of HOME_SCHOOL are in use, its rules name them", {r["inUse"] for r in services["HOME_SCHOOL"]["refusals"] if r["stage"] == "DECISION"}, {True})
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(SERVICES.glob("*.xml")))
    named = {int(n) for row in re.findall(r"A\.5 rows? ([\d, and]+)", text) for n in re.findall(r"\d+", row)}
    c.same("each of the 25 contradictions has its comment", set(range(1, 26)) - named, set())


# ---- the command ----

def command():
    c.same("list", program().returncode, 0)
    shown = program("--show", "HOME_SCHOOL@2018-1")
    c.that("one in words", shown.returncode == 0 and "at least 24 hours before the term ends" in shown.stdout, shown.stdout[-500:])
    c.that("the act's own words beside", "the act prints: услугодателю" in program("--show", "TSA_CERT").stdout)
    for args, code in ((["--show", "NO_SUCH"], 1), (["--show", "TSA_CERT@2099-1"], 1), (["--folder", "/nowhere"], 2), (["--check", "/nowhere"], 2), (["x"], 2),
                       (["--check", SERVICES, "--json"], 2), (["--conf", "/nowhere"], 2), (["--help"], 0)):
        c.same(f"services {args}", program(*args).returncode, code)
    c.same("--check", (program("--check", SERVICES).returncode, program("--check", SERVICES).stdout), (0, f"ok   {len(list(SERVICES.glob('*.xml')))} service files\n"))
    with tempfile.TemporaryDirectory() as folder:
        broken = pathlib.Path(folder) / "services"
        shutil.copytree(SERVICES, broken)
        file = broken / "HOME_SCHOOL.xml"
        file.write_text(file.read_text().replace('step="5"', 'step="7"'))
        line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "resultBeforeEnd" in text)
        done = program("--check", broken)
        c.same("--check of a mistake", (done.returncode, done.stdout), (1, f'BAD  HOME_SCHOOL.xml:{line}: resultBeforeEnd step="7" is no MAIN step of this route\n'))


# ---- the gateway ----

def due_minutes(lab):
    """Minutes from registration to due moment of a new request."""
    answer = Message("sync").send(lab)
    c.same("a request is answered", answer.status, 200, answer.text[:300])
    with sqlite3.connect(f"file:{lab.folder}/store.db?mode=ro", uri=True) as store:
        registered, due = store.execute("SELECT registered_at, due_at FROM request ORDER BY id DESC LIMIT 1").fetchone()
    return round((due - registered) / 60000)


def running(lab, calendar):
    def logged(*words):
        return lambda: all(word in lab.log.read_text() for word in words)

    c.same("25 minutes, whatever the hour", due_minutes(lab), 25)
    hours, days = calendar / "hours.csv", calendar / "days.csv"
    good_hours, good_days = hours.read_text(), days.read_text()
    # No schedule of that name: told, and the old calendar stays.
    hours.write_text(good_hours.replace("\nportal;", "\nportals;"))
    c.within("a calendar without a schedule in use is told", logged("calendar.kept", "no schedule `portal`"))
    c.same("and the old one stays", due_minutes(lab), 25)
    # Open for ten minutes a day: 25 minutes take three days.
    hours.write_text(good_hours.replace("portal;Mon-Sun;00:00;24:00", "portal;Mon-Sun;12:00;12:10"))
    c.within("new hours are told", logged("calendar.reloaded"))
    minutes = due_minutes(lab)
    c.that("and count without a restart", 2 * 1440 - 10 <= minutes <= 3 * 1440, minutes)
    # A calendar that ends before now: told once.
    hours.write_text(good_hours)
    days.write_text("\n".join(line for line in good_days.splitlines() if not line.startswith("202")) + "\n")
    c.within("told again", lambda: lab.log.read_text().count("calendar.reloaded") == 2)
    for _ in range(3):
        due_minutes(lab)
    c.same("a year without holidays is told once", lab.log.read_text().count("calendar.year_missing"), 1)
    days.write_text("no calendar\n1;2\n")
    c.within("a file that is no calendar is told with its line", logged("calendar.kept", "calendar/days.csv:2:"))
    c.same("the gateway still answers", due_minutes(lab), 25)


def check_conf(lab):
    text = lab.conf.read_text()
    good = lab.run("check-conf", "--conf", lab.conf)
    c.that("check-conf", good.returncode == 0 and "ok   calendar of working days and office hours" in good.stdout, good.stdout)
    other = lab.folder / "other.conf"
    other.write_text(re.sub(r"^calendar = .*$", "calendar = /nowhere", text, flags=re.M))
    bad = lab.run("check-conf", "--conf", other)
    c.that("check-conf without a calendar", bad.returncode == 1 and "BAD  calendar" in bad.stdout, bad.stdout)


def gateway():
    with tempfile.TemporaryDirectory() as folder:
        calendar = pathlib.Path(folder) / "calendar"
        shutil.copytree(ROOT / "conf" / "calendar", calendar)
        with Lab(settings={"gateway": {"calendar": calendar}}) as lab:
            c.part(check_conf, lab)
            c.part(running, lab, calendar)


def main():
    services = catalogue()
    c.part(compare_with_table, services)
    c.part(compare_with_sums, services)
    c.part(compare_roles, services)
    c.part(compare_services, services)
    c.part(command)
    c.part(gateway)


main()
c.finish()
