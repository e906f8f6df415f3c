#!/usr/bin/python3
"""CPU of the gateway per completed request against the crypto floor of that request, stage by stage (`make bench`).

A completed request: the signed synchronous request was answered with its result AND the RESPONSE was acknowledged by the cabinet. Only the
gateway's processes are counted; portal, state systems and cabinet are simulators on the same machine. See README.md here.
"""
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lab"))
from lab import BUILD, GATEWAY, PKI, Lab, wait_for  # noqa: E402

TOOLS = BUILD / "tests" / "bench"
FOLDER = BUILD / "bench"
MESSAGES = FOLDER / "messages"
PEOPLE = 3000
RUNS = ((1, 400), (16, 1000), (64, 1200))  # connections, requests: together not more than PEOPLE, so every citizen is new to the gateway
WARM_UP = 100
STORED = (1000, 50000)
TICK = os.sysconf("SC_CLK_TCK")
STAGES = ("accept", "verify", "register", "collect", "decide", "issue", "stamp", "deliver")
RATIO_MAX, BEYOND_MAX_MS, GROWTH_MAX = 2.5, 1.5, 1.15
VERDICT_MAX_US, GOST_RATIO_MAX, COLD_MAX_US = 200, 2.2, 500
SERVICES, LOADING_MAX_S = 1000, 1.0
PRINT_MAX_MS, PRINT_MAX_KB = 15, 150
VERDICTS = int(os.environ.get("VERDICTS", 100_000))


def tool(name, *args):
    return subprocess.run([str(TOOLS / name), *map(str, args)], check=True, stdout=subprocess.PIPE, text=True).stdout


def cpu_us(path):
    """user + system time of a process or thread."""
    fields = pathlib.Path(path).read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 / TICK


def metrics(lab):
    text = urllib.request.urlopen(lab.url + "/metrics", timeout=10).read().decode()
    return {name: float(value) for name, value in re.findall(r'^egov_([\w{}="-]+) ([\d.]+)$', text, re.M)}


def sample(lab):
    """What has been used so far, in µs, and counted."""
    pids = {"supervisor": lab.processes["gateway"].pid, **lab.children()}
    now = {f"cpu {role}": cpu_us(f"/proc/{pid}/stat") for role, pid in pids.items()}
    now["cpu"] = sum(now.values())
    for task in pathlib.Path(f"/proc/{pids['worker']}/task").iterdir():
        if (task / "comm").read_text().strip() == "journal":
            now["cpu journal"] = cpu_us(task / "stat")
    now.update(metrics(lab))
    return now


def rss_mb(lab):
    pids = [lab.processes["gateway"].pid, *lab.children().values()]
    return sum(int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) for pid in pids) / 1024


def delivered(lab):
    status = json.loads(lab.run("status", "--conf", lab.conf, "--json").stdout)
    states = status["requests"]
    return not (states["REGISTERED"] or states["AWAITING_DATA"] or states["DECIDED"] or status["outbox"]["pending"])


def crypto_floor(used, count, costs):
    """Every signature made and checked on the way of one request, as counted by the program, × what one costs by itself."""
    made, verified = used["signatures_made_total"] / count, used["signatures_verified_total"] / count
    fresh, chains = min(used["certificates_decoded_total"] / count, verified), used["chains_checked_total"] / count
    peers = (costs["portal.verify"] + costs["gbdfl.verify"] + costs["socialaid.verify"] + costs["cabinet.verify"]) / 4
    floor = costs["head.sign"] + (made - 1) * costs["system.sign"]
    floor += fresh * costs["applicant.verify"] + (verified - fresh) * peers + chains * costs["issuer.verify"]
    return floor, made, verified, chains


def load(lab, first, count, connections):
    """Sends, waits until everything is delivered, and says what it took."""
    before = sample(lab)
    answer = json.loads(tool("load", lab.url.rpartition(":")[2].rstrip("/"), "/shep/sync", MESSAGES, first, count, connections))
    wait_for("delivery of every result", lambda: delivered(lab), 60)
    time.sleep(0.05)
    after = sample(lab)
    used = {name: after[name] - before.get(name, 0) for name in after}
    return {"count": count, "connections": connections, "used": used, "rss": rss_mb(lab), "rate": count / answer["seconds"], **answer}


def judge(run, costs):
    run["floor"], run["made"], run["verified"], run["chains"] = crypto_floor(run["used"], run["count"], costs)
    run["cpu"] = run["used"]["cpu"] / run["count"]
    run["ratio"] = run["cpu"] / run["floor"]
    run["beyond"] = (run["cpu"] - run["floor"]) / 1000
    return run


def floor_costs(copies):
    """µs of each operation, best of two goes, with that many copies at the same time (two threads of one core slow each other down)."""
    best = {}
    for _ in range(2):
        running = [subprocess.Popen([str(TOOLS / "floor"), str(PKI)], stdout=subprocess.PIPE, text=True) for _ in range(copies)]
        goes = [dict((name, float(us)) for name, us in (line.split() for line in process.communicate()[0].splitlines())) for process in running]
        mean = {name: sum(go[name] for go in goes) / copies for name in goes[0]}
        best = {name: min(best.get(name, us), us) for name, us in mean.items()}
    return best


def start(name, loops, store=None):
    # CRLs alone: the simulated responder would sign on the cores that are measured.
    settings = {"gateway": {"loops": loops}, "revocation": {"mode": "crl"}, **({"store": {"path": store}} if store else {})}
    return Lab(folder=FOLDER / name, settings=settings, simulator_options=["--generate", "--no-verify"])


def show_costs(title, costs):
    print(f"one signature by itself, {title}, µs: " + "  ".join(f"{k} {v:.0f}" for k, v in costs.items()))


def show_head():
    print("\nloops  conns  requests/s  p50 ms  p99 ms   CPU µs/request   floor µs   ratio   beyond ms   signer µs  journal µs   RSS MB")


def show(loops, run):
    per = {k: v / run["count"] for k, v in run["used"].items()}
    print(f"{loops:5}  {run['connections']:5}  {run['rate']:10.0f}  {run['p50_ms']:6.1f}  {run['p99_ms']:6.1f}  {run['cpu']:15.0f}  {run['floor']:9.0f}  {run['ratio']:6.2f}"
          f"  {run['beyond']:10.2f}  {per['cpu signer']:10.0f}  {per.get('cpu journal', 0):10.0f}  {run['rss']:7.0f}", flush=True)


def show_stages(run):
    per = {k: v / run["count"] for k, v in run["used"].items()}
    stages = {name: per[f'stage_cpu_seconds_total{{stage="{name}"}}'] * 1e6 for name in STAGES}
    rows = {**stages, "signer process": per["cpu signer"], "journal thread": per["cpu journal"], "supervisor": per["cpu supervisor"]}
    rows["http, tls, sockets, event loop"] = run["cpu"] - sum(rows.values())
    print(f"\nwhere it goes ({run['connections']} connections; {run['made']:.2f} signatures made, {run['verified']:.2f} checked, {run['chains']:.2f} chains, "
          f"{per['journal_pieces_total']:.2f} pieces of journal work in {per['journal_commits_total']:.2f} commits per request):")
    for name, us in rows.items():
        print(f"  {name:32} {us:6.0f} µs  {us / run['cpu']:5.0%}")


def by_loops(costs):
    runs = []
    for loops in (1, 2):
        with start(f"loops-{loops}", loops) as lab:
            load(lab, 0, WARM_UP, 4)
            first = WARM_UP
            for connections, count in RUNS:
                runs.append((loops, judge(load(lab, first, count, connections), costs)))
                show(*runs[-1])
                first += count
    return runs


def by_store(costs):
    """The same work on a small and on a large store."""
    runs, there, stored_only = [], 0, 0
    store = FOLDER / "store.db"
    for stored in STORED:
        tool("prefill", store, stored - there)
        stored_only += stored - there
        there = stored
        with start(f"stored-{stored}", 2, store) as lab:
            first = there - stored_only  # a message that the store knows would only be answered again
            load(lab, first, WARM_UP, 4)
            run = judge(load(lab, first + WARM_UP, 1000, 16), costs)
            there += WARM_UP + 1000
        runs.append(run)
        print(f"{stored:7} stored: {run['cpu']:5.0f} µs CPU per request, journal {run['used']['cpu journal'] / run['count']:.0f} µs, signer {run['used']['cpu signer'] / run['count']:.0f} µs, p50 {run['p50_ms']:.1f} ms, p99 {run['p99_ms']:.1f} ms", flush=True)
    return runs


def by_verdict():
    """One verdict on an envelope, both signatures, in a process of its own; and the memory of many."""
    tool("presign", PKI, "gost", FOLDER / "gost")
    costs = {name: float(value) for name, value in (line.split() for line in tool("verify_cost", PKI, MESSAGES, FOLDER / "gost").splitlines())}
    print(f"\none verdict on an envelope of {costs['message.bytes']:.0f} bytes (read, both signatures), µs of CPU:")
    for kind in ("rsa", "gost"):
        costs[f"{kind}.ratio"] = costs[f"{kind}.warm"] / costs[f"{kind}.floor"]
        print(f"  {kind:5} certificates seen before {costs[f'{kind}.warm']:7.1f}   its two signature checks alone {costs[f'{kind}.floor']:7.1f}   ratio {costs[f'{kind}.ratio']:.2f}")
    print(f"  a citizen's certificate not seen before adds {costs['cold.added']:.1f}")
    memory = [tuple(map(int, line.split())) for line in tool("verify_cost", PKI, MESSAGES, "--verdicts", VERDICTS).splitlines()]
    print("  resident memory, KiB: " + ", ".join(f"{kib} after {count}" for count, kib in memory))
    costs["memory.growth"] = memory[-1][1] / memory[0][1]
    return costs


def by_catalogue():
    """Seconds to read and check 1,000 service files, those of conf/services over and over under codes of their own: the best of three."""
    folder, source, best = FOLDER / "services", ROOT / "conf" / "services", float("inf")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("catalogue.xsd", "application.xsd"):
        (folder / name).write_bytes((source / name).read_bytes())
    texts = [path.read_text(encoding="utf-8") for path in sorted(source.glob("*.xml"))]
    for i in range(SERVICES):
        text = re.sub(r' code="\w+"', f' code="S{i:04}"', texts[i % len(texts)], count=1)
        (folder / f"S{i:04}.xml").write_text(re.sub(r"<id>(\w+)</id>", rf"<id>\g<1>{i:04}</id>", text), encoding="utf-8")
    for _ in range(3):
        began = time.monotonic()
        subprocess.run([str(GATEWAY), "services", "--check", str(folder)], check=True, stdout=subprocess.DEVNULL)
        best = min(best, time.monotonic() - began)
    print(f"\ncatalogue: {SERVICES} services read and checked in {best:.2f} s", flush=True)
    return best


def by_print():
    """One result as a PDF, drawn and signed in a process of its own."""
    store = sqlite3.connect(f"file:{FOLDER / 'loops-2' / 'store.db'}?mode=ro", uri=True)
    (FOLDER / "result.xml").write_bytes(store.execute("SELECT content FROM document LIMIT 1").fetchone()[0])
    store.close()
    costs = {name: float(value) for name, value in (line.split() for line in tool("print_cost", PKI, ROOT / "conf" / "services", FOLDER / "result.xml").splitlines())}
    print(f"\none result as a PDF: drawn {costs['draw'] / 1000:.1f} ms of CPU, signed {costs['sign'] / 1000:.2f} ms, {costs['bytes'] / 1000:.0f} KB")
    return costs


def verdict(text, good):
    print(f"  {'yes' if good else 'NO '}  {text}")
    return good


def main():
    subprocess.run(["rm", "-rf", str(FOLDER)], check=True)
    FOLDER.mkdir(parents=True)
    began = time.monotonic()
    tool("presign", PKI, PEOPLE, MESSAGES, os.cpu_count())
    print(f"{PEOPLE} requests of {PEOPLE} people signed in {time.monotonic() - began:.0f} s")
    show_costs("nothing else running", floor_costs(1))
    costs = floor_costs(os.cpu_count())
    show_costs("all CPUs busy, as they are below", costs)
    show_head()
    runs = by_loops(costs)
    full = [run for loops, run in runs if run["connections"] == 16 and loops == 2][0]
    show_stages(full)
    one = by_verdict()
    loading = by_catalogue()
    printed = by_print()
    print("\nwith requests stored before (2 loops, 16 connections):")
    small, large = by_store(costs)
    subprocess.run(["rm", "-rf", str(FOLDER)], check=True)
    # The signer does the same work in both: it tells how fast the machine happened to be.
    growth = (large["cpu"] / large["used"]["cpu signer"]) / (small["cpu"] / small["used"]["cpu signer"])
    print(f"\ntargets ({time.monotonic() - began:.0f} s):")
    good = verdict(f"CPU per request ≤ {RATIO_MAX} × floor: {full['ratio']:.2f}", full["ratio"] <= RATIO_MAX)
    good &= verdict(f"beyond the floor ≤ {BEYOND_MAX_MS} ms: {full['beyond']:.2f}", full["beyond"] <= BEYOND_MAX_MS)
    good &= verdict(f"flat from {STORED[0]} to {STORED[1]} stored requests, at equal speed of the signer: × {growth:.2f}", growth <= GROWTH_MAX)
    good &= verdict(f"a verdict, RSA ≤ {VERDICT_MAX_US} µs: {one['rsa.warm']:.0f}", one["rsa.warm"] <= VERDICT_MAX_US)
    good &= verdict(f"a verdict, GOST-2015 ≤ {GOST_RATIO_MAX} × its two checks: {one['gost.ratio']:.2f}", one["gost.ratio"] <= GOST_RATIO_MAX)
    good &= verdict(f"a new certificate adds ≤ {COLD_MAX_US} µs: {one['cold.added']:.0f}", one["cold.added"] <= COLD_MAX_US)
    good &= verdict(f"memory flat over {VERDICTS} verdicts: × {one['memory.growth']:.3f}", one["memory.growth"] <= 1.02)
    good &= verdict(f"{SERVICES} services load in ≤ {LOADING_MAX_S} s: {loading:.2f}", loading <= LOADING_MAX_S)
    cpu_ms = (printed["draw"] + printed["sign"]) / 1000
    good &= verdict(f"a result as a PDF ≤ {PRINT_MAX_MS} ms, ≤ {PRINT_MAX_KB} KB: {cpu_ms:.1f} ms, {printed['bytes'] / 1000:.0f} KB", cpu_ms <= PRINT_MAX_MS and printed["bytes"] <= PRINT_MAX_KB * 1000)
    return 0 if good else 1


sys.exit(main())
