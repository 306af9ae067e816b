#!/usr/bin/env python3
"""A host that holds parsed documents already: host.py BUILD

Python over ctypes, without a compiled extension: documents are built from dicts, resolved, walked and exported, and
everything is given back in every order, as garbage collectors do it; matching.py asks for routes. Expected values come
from the documentation.
"""
import ctypes
import gc
import itertools
import json
import pathlib
import random
import sys

import svcroute

build = pathlib.Path(sys.argv[1]).resolve()
svcroute.load(str(build / "lib" / "libsvcroute.so"))
import matching  # noqa: E402
from support import (ADDRESSES, POLICY, SHOP, Heap, api, balanced, count, endpoint_slice, fails, ingress_route, same,  # noqa: E402
                     service, shop, traefik_service)
from svcroute import (At, Balancer, Changes, Context, Diags, Document, Error, Explanation, Export, Listing, Pick,  # noqa: E402
                      Picker, Policy, Relist, Store, Table, Watch, lib)


# ---- the binding -------------------------------------------------------------------------------------------------------


def test_binding():
    """The hand-written declarations are those of the headers."""
    declared = api.structs(api.preprocess(["gcc"]))
    for name, made in svcroute.STRUCTS.items():
        same([member for member, _ in made._fields_], [member for member, _ in declared[name]], "members of " + name)
    functions = {name.removeprefix("svcroute_") for name in api.functions()}
    for name in vars(lib):
        count.check(name in functions, "there is no svcroute_%s()" % name)
    for name in functions:
        count.check(name in vars(lib), "the binding lacks svcroute_%s()" % name)


def test_errors():
    names = [part.split("=") for part in api.enums()["svcroute_error"]]
    for name, number in names:
        same(lib.error_name(int(number)).decode(), name.strip(), "name of an error")
        count.check(lib.error_text(int(number)), "text of an error")
    same(lib.error_name(1).decode(), "SVCROUTE_ERR_UNKNOWN", "name of no error")
    same(str(Error(-1)).split(":")[0], "SVCROUTE_ERR_NOMEM", "an exception's text")
    fails("SVCROUTE_ERR_INVALID", Context, nesting=1001)
    options = svcroute.ContextOptions()
    options.size = 3
    out = ctypes.c_void_p(7)
    code = lib.context_new(ctypes.byref(out), ctypes.byref(options), None, None)
    same((code, out.value), (-3, None), "a struct of 3 bytes")


# ---- documents ---------------------------------------------------------------------------------------------------------

VALUES = [None, True, False, 0, -1, (1 << 63) - 1, -(1 << 63), 1 << 63, 10 ** 30, 1.5, -2.25e-300, 1.7976931348623157e308, "",
          "text", "Grüße, 世界, 🚚", "a\nb\x00c", [], {}, [1, [2, [3]]], {"a": {"b": {"c": None}}}, {"": ""}]


def test_documents():
    context = Context(depth=20)
    for value in [*VALUES, VALUES, dict(zip("abcdefghijklmnopqrstu", VALUES)), SHOP]:
        same(Document(context, value).value(), value, "through a document and back")
    same(Document(context, 2.0).value(), 2, "a whole double is an integer")
    for value in (float("nan"), float("inf"), "\ud800", b"\xff", ["fine", b"\xc0\x80"], {b"\xfe": 1}):
        fails("SVCROUTE_ERR_INVALID", Document, context, value)
    deep = []
    for _ in range(30):
        deep = [deep]
    fails("SVCROUTE_ERR_LIMIT", Document, context, deep)
    endless = []
    endless.append(endless)
    fails("SVCROUTE_ERR_LIMIT", Document, context, endless)
    fails("SVCROUTE_ERR_LIMIT", Document, Context(nodes=10), list(range(20)))

    document = Document(context)
    same(lib.document_get_error(document.handle), -7, "nothing was added")
    same(lib.document_end(document.handle), -7, "an end without a begin")
    same(lib.document_null(document.handle), -7, "the first error sticks")
    count.check(document.value() is None, "no root after an error")
    document.reset()
    document.fill({"a": 1})
    same(document.value(), {"a": 1}, "filled again")
    lib.document_null(document.handle)
    same(lib.document_get_error(document.handle), -7, "a second root")
    document.reset()
    lib.document_begin_map(document.handle)
    lib.document_null(document.handle)
    same(lib.document_get_error(document.handle), -7, "a value without a key")
    document.reset()
    lib.document_begin_map(document.handle)
    for _ in range(2):
        lib.document_key(document.handle, b"k", 1)
        lib.document_null(document.handle)
    same(lib.document_end(document.handle), -2, "a key twice")

    text = json.dumps(SHOP[0]) + "\n" + json.dumps(VALUES, ensure_ascii=False)
    same([document.value() for document in svcroute.read(context, text)], [SHOP[0], VALUES], "JSON read and walked")
    same([document.value() for document in svcroute.read(context, "a: yes\n---\n[1, 0x10, '1']\n")], [{"a": True}, [1, 16, "1"]], "YAML")
    diags = Diags(context)
    fails("SVCROUTE_ERR_SYNTAX", list, svcroute.read(context, "{]", "broken.json", diags=diags))
    same([(diag["source"], diag["line"], diag["column"]) for diag in diags], [("broken.json", 1, 2)], "where it is broken")
    same(lib.node_find(None, b"a", 1), None, "no node")


# ---- store -------------------------------------------------------------------------------------------------------------


def test_store():
    context = Context()
    diags = Diags(context)
    store = shop(context)
    same([store.num(kind) for kind in ("", "Service", "EndpointSlice", "IngressRoute", "TraefikService", "Node")],
         [8, 3, 2, 1, 2, 0], "objects")
    version = store.version
    # The same content from JSON is the same object, in another place.
    store.load("\n".join(map(json.dumps, SHOP)), source="shop.json")
    same(store.version, version + 1, "the place counts")
    result = store.load("\n".join(map(json.dumps, SHOP)), source="shop.json")
    same((result["documents"], result["unchanged"], result["accepted"], store.version), (8, 8, 0, version + 1), "loaded again")
    result = store.apply(Document(context, {"apiVersion": "v1", "kind": "List", "items": [
        SHOP[3], service("new"), At(7, 3, service(12)), {"apiVersion": "v1", "kind": "Secret"}]}), diags)
    same([result[key] for key in ("documents", "accepted", "unchanged", "rejected", "ignored")], [1, 1, 1, 1, 1], "a list")
    same([(diag["kind"], diag["severity"], diag["source"], diag["line"]) for diag in diags], [("Service", 3, "host", 7)], "the diagnostic")
    same((diags[0]["field"], diags[0]["text"]), ("metadata.name", 'expected text, found integer 12 (write "12")'), "field and text")
    same(diags[-1 % len(diags)]["id_name"], diags.names()[0], "the name of a diagnostic")
    try:
        diags[5]
        count.check(False, "a sixth diagnostic")
    except IndexError:
        count.check(True, "")
    info = store.get("Service", "shop", "new")
    same((info["name"], info["namespace_"], info["kind"], info["source"]), ("new", "shop", 3, "host"), "an object")
    same(sorted(info["name"] for info in store.objects("Service")), ["beta", "cart", "new", "partner"], "a walk")
    store.remove("Service", "shop", "new")
    fails("SVCROUTE_ERR_NOT_FOUND", store.remove, "Service", "shop", "new")
    fails("SVCROUTE_ERR_NOT_FOUND", store.get, "Service", "shop", "new")
    objects = store.objects()
    next(objects)
    store.remove("Service", "shop", "cart")
    fails("SVCROUTE_ERR_STATE", list, objects)
    fails("SVCROUTE_ERR_SEQUENCE", store.apply, Document(context))
    fails("SVCROUTE_ERR_LIMIT", shop, Context(objects=3))
    result = store.load(json.dumps({**service("strict"), "extra": 1}), diags, flags=1)
    same(result["rejected"], 1, "an unknown field in strict mode")


def event(kind, value, version):
    value = {**value, "metadata": {**value["metadata"], "resourceVersion": str(version)}}
    return json.dumps({"type": kind, "object": value}, ensure_ascii=False) + "\n"


def test_watch():
    context = Context()
    whole = shop(context)
    stream = "".join(event("ADDED", value, 100 + i) for i, value in enumerate(SHOP))
    stream += event("ADDED", service("Grüße-more"), 200) + event("MODIFIED", endpoint_slice("cart", ADDRESSES[:2]), 201)
    stream += event("DELETED", service("Grüße-more"), 202) + event("MODIFIED", SHOP[4], 203)
    stream += event("BOOKMARK", {"apiVersion": "v1", "kind": "Service", "metadata": {}}, 300)
    data = stream.encode()
    chance = random.Random(4)
    expected = Table(whole, POLICY(context)).export()
    for most in (1, 7, 100, len(data)):
        store = Store(context)
        watch = Watch(store, source="watch")
        accepted = offset = 0
        while offset < len(data):
            end = offset + chance.randint(1, most)
            accepted += watch.feed(data[offset:end])["accepted"]
            offset = end
        same(watch.resource_version, "300", "the version of the bookmark")
        count.check(accepted >= len(SHOP), "%d accepted" % accepted)
        same(Table(store, POLICY(context)).export(), expected, "the table of a stream cut at up to %d bytes" % most)
    gone = '{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","code":410}}\n'
    fails("SVCROUTE_ERR_START_OVER", watch.feed, gone)
    fails("SVCROUTE_ERR_START_OVER", watch.feed, b"")
    relist = Relist(store, "Service", "shop")
    relist.load(json.dumps({"apiVersion": "v1", "kind": "ServiceList", "metadata": {"resourceVersion": "400"},
                            "items": [SHOP[3], SHOP[5]]}))
    same(store.num("Service"), 3, "before the commit")
    same((relist.commit(), store.num("Service")), (1, 2), "after the commit")
    watch.restart("400")
    same((watch.resource_version, watch.feed(event("ADDED", SHOP[7], 401))["accepted"]), ("400", 1), "started over")
    same(watch.resource_version, "401", "going on")
    Relist(store).close()
    same(store.num(), 8, "an aborted relist")


# ---- table -------------------------------------------------------------------------------------------------------------


def test_table():
    context = Context()
    store = shop(context)
    diags = Diags(context)
    table = Table(store, POLICY(context), diags=diags)
    same(diags.names(), [], "nothing is wrong")
    exported = json.loads(table.export())["http"]
    routes, services = {route["name"]: route for route in table.routes()}, {each["name"]: each for each in table.services()}
    same(list(routes), sorted(exported["routers"]), "routes")
    same(list(services), sorted(exported["services"]), "services")
    same((len(routes), lib.table_num_routes(table.handle), lib.table_num_services(table.handle)), (3, 3, len(services)), "numbers")

    # What the getters tell is what the export writes.
    for name, route in routes.items():
        router = exported["routers"][name]
        same((route["rule"], route["service"], route["entry_points"]), (router["rule"], router["service"], router["entryPoints"]), name)
        same(table.find_route(name), route, "found by name")
        same(table.find_route_of("shop", "web", route["rule"]), route, "found by object")
    types = {1: "loadBalancer", 2: "weighted", 3: "mirroring", 4: "highestRandomWeight", 5: "failover"}
    for name, told in services.items():
        written = exported["services"][name][types[told["type"]]]
        same([server["url"] for server in told["servers"]], [server["url"] for server in written.get("servers", [])], name)
        if told["type"] == 2:
            same([(child["name"], child["weight"]) for child in told["children"]],
                 [(child["name"], child["weight"]) for child in written["services"]], name)
        for child in told["children"]:
            same(table.service(child["service"]), services[child["name"]], "a child of " + name)
        same(table.find_service(name), told, "found by name")

    sticky = services[table.find_route_of("shop", "web", "Host(`a.example`)")["service"]]
    same([server["url"] for server in sticky["servers"]], ["http://%s:8080" % address for address in ADDRESSES], "servers")
    same([(server["address"], server["port"], server["zone"], server["node"]) for server in sticky["servers"]],
         [(bytes([10, 0, 0, i]), 8080, "z", "n") for i in (1, 2, 3)], "their addresses")
    same((sticky["cookie"]["name"], sticky["cookie"]["secure"], sticky["cookie"]["http_only"], sticky["cookie"]["path"]), ("c", 1, 0, "/"),
         "the cookie")
    same((sticky["own_of_route"], sticky["object"], sticky["port"], sticky["strategy"]), (1, "cart", "80", 1), "whose it is")
    partner = services[table.find_route_of("shop", "web", "Host(`c.example`)")["service"]]
    same([(server["url"], server["host"], server["address"]) for server in partner["servers"]],
         [("https://partner.example:443", "partner.example", b"")], "a name has no bytes")
    same((partner["pass_host_header"], partner["health_check"]["interval"], partner["health_check"]["path"], partner["health_check"]["headers"]),
         (0, 10 ** 10, "/up", {"A": "b", "X-Key": "k"}), "its check")
    safe = table.find_service_of("TraefikService", "shop", "safe")
    same((safe["type"], [child["role"] for child in safe["children"]], safe["error_status"]), (5, [2, 4], ["500-503"]), "the failover")
    count.check(table.find_service("nothing") is None and table.find_route("") is None, "what is not there")
    fails("SVCROUTE_ERR_NOT_FOUND", table.find_service_of, "Service", "shop", "cart", "81")

    # Profiles and switches.
    denied = Table(store, diags=diags)
    count.check(denied.find_route_of("shop", "web", "Host(`c.example`)") is None, "ExternalName without a permission")
    count.check(len(diags) == 2 and "allow ExternalName" in diags[0]["text"], "and the way out: %r" % [diag["text"] for diag in diags])
    same([diag["text"] for diag in denied.diags(context)], [diag["text"] for diag in diags], "the table's own list")
    reference = Table(store, POLICY(context, profile=1))
    same((lib.table_get_profile(reference.handle), lib.table_get_profile(table.handle)), (1, 0), "the profile")
    fails("SVCROUTE_ERR_INVALID", Policy, context, profile=2)
    same(Table(store, POLICY(context, ingress_class="other")).routes(), [], "another class")
    same(Table(store, POLICY(context, namespaces=["elsewhere"])).services(), [], "another namespace")
    count.check(table.export(2).startswith('"http":\n  "routers":\n'), "YAML")
    fails("SVCROUTE_ERR_INVALID", table.export, 9)


def test_steps():
    context = Context()
    store, policy = shop(context), POLICY(context)
    older = Table(store, policy)
    store.apply(Document(context, endpoint_slice("beta", ["10.0.1.1", "10.0.1.2"])))
    store.apply(Document(context, ingress_route("late", [("Host(`d.example`)", [{"name": "beta", "port": 80}])])))
    newer = Table(store, policy, older)
    same(newer.export(), Table(store, policy).export(), "step by step and anew")
    changes = Changes(older, newer).all()
    late = newer.find_route_of("shop", "late", "Host(`d.example`)")["name"]
    same(changes, [(late, 1, 1), (late, 2, 1), ("shop-beta-80", 2, 3)] if late < "shop-beta-80" else
         [(late, 1, 1), ("shop-beta-80", 2, 3), (late, 2, 1)], "changes")
    same(Changes(newer, newer).all(), [], "no changes")
    same(len(Changes(None, older).all()), 3 + len(older.services()), "all is new")
    steps = list(Explanation(newer, late).steps())
    count.check(steps and steps[0]["depth"] == 0 and any(step["name"] == "late" for step in steps), "an explanation: %r" % steps)
    fails("SVCROUTE_ERR_NOT_FOUND", Explanation, newer, "nobody")
    store.remove("IngressRoute", "shop", "late")
    same(Changes(older, Table(store, policy, newer)).all(), [("shop-beta-80", 2, 3)], "gone again")


# ---- balancer ----------------------------------------------------------------------------------------------------------

SECOND = 10 ** 9
KINDS = {1: "probe", 2: "cancelled", 3: "up", 4: "down", 5: "gone", 6: "service up", 7: "service down"}
NO_PHASE = 1


def test_picks():
    context = Context()
    _, _, table, balancer, picker = balanced(context, flags=NO_PHASE)
    route = table.find_route_of("shop", "web", "Host(`a.example`)")["name"]
    handle = picker.find_route(route)
    count.check(handle != 0, "a handle is never 0")
    same(picker.find_route(route), handle, "the same handle again")
    fails("SVCROUTE_ERR_NOT_FOUND", picker.find_route, "nothing")
    fails("SVCROUTE_ERR_NOT_FOUND", picker.find_service, "")
    fails("SVCROUTE_ERR_GONE", picker.pick, handle + (1 << 40), Pick(context), 1)
    pick = Pick(context)
    fails("SVCROUTE_ERR_STATE", pick.info)
    fails("SVCROUTE_ERR_STATE", pick.finish, 200, 1)
    urls = []
    for now in range(6):
        info = picker.pick(handle, pick, now).info()
        urls.append(info["url"])
        fails("SVCROUTE_ERR_STATE", picker.pick, handle, pick, now)
        pick.finish(200, now)
        fails("SVCROUTE_ERR_STATE", pick.finish, 200, now)
        same(pick.info()["url"], info["url"], "told after the end too")
        pick.clear()
    same(urls, ["http://%s:8080" % address for address in ADDRESSES] * 2, "turns")
    same((info["host"], info["port"], info["address"], info["scheme"], info["zone"], info["node"], info["pass_host_header"]),
         ("10.0.0.3", 8080, bytes([10, 0, 0, 3]), "http", "z", "n", 1), "a server")
    same((info["flush_interval"], info["keep_body"], info["keeps_body"], info["num_mirrors"], info["why"], info["servers_transport"]),
         (10 ** 8, 0, 0, 0, 1, None), "and what else there is to know")

    # Cookies.
    cookies = picker.pick(handle, pick, 10).cookies()
    same(len(cookies), 1, "a cookie")
    count.check(cookies[0].startswith("c=") and cookies[0].endswith("; Path=/; Secure"), cookies[0])
    url, value = pick.info()["url"], cookies[0].split(";")[0]
    fails("SVCROUTE_ERR_NOT_FOUND", pick.cookie, 1)
    small = ctypes.c_size_t(3)
    same((lib.pick_copy_cookie(pick.handle, 0, ctypes.create_string_buffer(3), ctypes.byref(small)), small.value),
         (-13, len(cookies[0])), "a buffer that is too small")
    pick.clear()
    for lines in ([value], ["a=b; " + value + "; d=e"], ["x=y", value], [value, "c=other"]):
        info = picker.pick(handle, pick, 11, cookies=lines).info()
        same((info["url"], info["why"], info["num_cookies"]), (url, 2, 0), "with the cookie %s" % lines)
        pick.clear()
    info = picker.pick(handle, pick, 12, cookies=["c=nonsense"]).info()
    same((info["why"], info["num_cookies"]), (1, 1), "with a cookie that is none")
    pick.clear()

    # A server that must not be asked; the next one after a failure; all of them.
    first = picker.pick(handle, pick, 13).info()
    pick.clear()
    for _ in range(5):
        count.check(picker.pick(handle, pick, 14, excluded=[first["server"]]).info()["url"] != first["url"], "excluded")
        pick.clear()
    tried = {picker.pick(handle, pick, 15).info()["url"]}
    fails("SVCROUTE_ERR_STATE", picker.pick_next, pick, 15)
    for _ in range(2):
        pick.finish("connect", 16)
        tried.add(picker.pick_next(pick, 17).info()["url"])
    pick.finish("timeout", 18)
    same(len(tried), 3, "three tries")
    fails("SVCROUTE_ERR_ALL_TRIED", picker.pick_next, pick, 19)
    pick.clear()
    stats = balancer.stats(first["server"])
    same((stats["in_flight"], stats["up"], stats["failures"]), (0, 1, 1), "statistics")
    same(balancer.find_server(first["service"], ADDRESSES.index(first["host"])), first["server"], "an id found by place")
    fails("SVCROUTE_ERR_NOT_FOUND", balancer.find_server, first["service"], 3)
    balancer.set_admin(first["server"], 2, 20)
    same([(KINDS[event["kind"]], event["url"], event["reason"]) for event in balancer.advance(20)], [("down", first["url"], 3)], "events")
    same([event["kind"] for event in balancer.advance(21)], [], "no news")


def test_trees():
    context = Context()
    mirrored = traefik_service("copied", mirroring={"name": "cart", "port": 80, "maxBodySize": 10, "mirrors": [
        {"name": "beta", "port": 80, "percent": 100}]})
    kept = traefik_service("kept", failover={"service": {"name": "cart", "port": 80}, "fallback": {"name": "beta", "port": 80},
                                             "errors": {"status": ["500-503"], "maxRequestBodyBytes": 100}})
    _, _, _, balancer, picker = balanced(context, [*SHOP, mirrored, kept])
    pick, copy = Pick(context), Pick(context)
    split = picker.find_service("shop-split")
    urls = []
    for now in range(100):
        urls.append(picker.pick(split, pick, now).info()["url"])
        pick.clear()
    same(urls.count("http://10.0.1.1:8080"), 10, "one in ten")
    for count_of in (urls[i:i + 10].count("http://10.0.1.1:8080") for i in range(91)):
        count.check(count_of == 1, "and one in each window of ten, not %d" % count_of)

    picker.pick(picker.find_service("shop-copied"), pick, 100, body_size=5)
    same([(mirror["max_body"], mirror["copy_body"], mirror["service"]) for mirror in pick.mirrors()], [(10, 1, "shop-beta-80")], "a mirror")
    same(picker.pick_mirror(pick, 0, copy, 100).info()["url"], "http://10.0.1.1:8080", "the mirror's server")
    fails("SVCROUTE_ERR_NOT_FOUND", picker.pick_mirror, pick, 1, Pick(context), 100)
    pick.clear()
    same(copy.info()["url"], "http://10.0.1.1:8080", "a copy outlives its request")
    copy.finish(200, 101)
    copy.clear()

    kept = picker.find_service("shop-kept")
    info = picker.pick(kept, pick, 200, body_size=100).info()
    same((info["keeps_body"], info["keep_body"]), (1, 100), "the body is kept")
    same([pick.wants_fallback(status) for status in (200, 499, 500, 503, 504)], [False, False, True, True, False], "statuses")
    pick.report(503, 201)
    pick.finish(None, 202)
    info = picker.pick_next(pick, 203, body_size=100).info()
    same((info["url"], info["why"], info["keeps_body"]), ("http://10.0.1.1:8080", 4, 0), "the fallback")
    pick.finish(200, 204)
    pick.clear()
    fails("SVCROUTE_ERR_BODY_TOO_LARGE", picker.pick, kept, pick, 205, body_size=101)
    fails("SVCROUTE_ERR_STATE", pick.info)


def test_updates():
    context = Context()
    store, policy, table, balancer, picker = balanced(context)
    cart, partner = picker.find_service("shop-cart-80"), table.find_route_of("shop", "web", "Host(`c.example`)")["name"]
    first = picker.pick(cart, Pick(context), 1).info()
    count.check(not picker.stale(), "nothing new")
    balancer.update(Table(store, policy, table), 2)
    count.check(not picker.stale(), "an equal table is nothing new")
    store.apply(Document(context, endpoint_slice("cart", ["10.0.0.2", "10.0.0.9"])))
    fails("SVCROUTE_ERR_INVALID", balancer.update, Table(store, POLICY(context, profile=1)), 3)
    balancer.update(Table(store, policy), 3)
    count.check(picker.stale(), "something new")
    pick = Pick(context)
    same(picker.pick(cart, pick, 3).info()["url"] in ["http://%s:8080" % address for address in ADDRESSES], True, "the old plan")
    picker.refresh(4)
    count.check(not picker.stale(), "taken")
    urls = set()
    for now in range(4, 8):
        pick.clear()
        urls.add(picker.pick(cart, pick, now).info()["url"])
    same(urls, {"http://10.0.0.2:8080", "http://10.0.0.9:8080"}, "the new servers, by the old handle")
    gone = [event for event in balancer.advance(8) if KINDS[event["kind"]] == "gone"]
    same({event["url"] for event in gone} >= {"http://10.0.0.1:8080", "http://10.0.0.3:8080"}, True, "servers are gone")
    store.remove("IngressRoute", "shop", "web")
    store.remove("TraefikService", "shop", "split")
    store.remove("TraefikService", "shop", "safe")
    balancer.update(Table(store, policy), 9)
    picker.refresh(10)
    fails("SVCROUTE_ERR_GONE", picker.pick, cart, Pick(context), 11)
    fails("SVCROUTE_ERR_NOT_FOUND", picker.find_route, partner)
    fails("SVCROUTE_ERR_NOT_FOUND", balancer.stats, first["server"])
    same(pick.info()["port"], 8080, "a pick outlives its service")


def test_probes():
    context = Context()
    _, _, table, balancer, picker = balanced(context)
    route = picker.find_route(table.find_route_of("shop", "web", "Host(`c.example`)")["name"])
    now, probes = 0, []
    while len(probes) < 3:
        due = balancer.deadline()
        if not count.check(due is not None and due <= now + 10 * SECOND, "a probe is due: %r" % due):
            return
        now = max(now, due)
        for event in balancer.advance(now):
            if KINDS[event["kind"]] == "probe":
                probes.append(event)
                balancer.report_probe(event["probe"], 1, 200 if len(probes) < 3 else 500, now)
    probe = probes[0]
    same((probe["url"], probe["method"], probe["authority"], probe["scheme"], probe["target"], probe["timeout"], probe["headers"]),
         ("https://partner.example:443/up", "GET", "partner.example:443", "https", "/up", 5 * SECOND, {"A": "b", "X-Key": "k"}), "a probe")
    same(len({probe["probe"] for probe in probes}), 3, "each has an id of its own")
    fails("SVCROUTE_ERR_NOT_FOUND", balancer.report_probe, probe["probe"], 1, 200, now)
    same([(KINDS[event["kind"]], event["reason"]) for event in balancer.advance(now) if event["kind"] == 4], [("down", 1)], "down")
    fails("SVCROUTE_ERR_NO_SERVER", picker.pick, route, Pick(context), now)


# ---- giving back -------------------------------------------------------------------------------------------------------


def in_all_orders(heap, text, make, use):
    """Makes objects (a dict) with a context over the heap, and gives them back in each order; what is left is used after
    each step."""
    names = list(make(Context(heap.allocator)))
    heap.empty(text)
    for order in itertools.permutations(names):
        objects = make(Context(heap.allocator))
        for name in order:
            objects.pop(name).close()
            for left, each in objects.items():
                if left in use and not use[left](each):
                    count.check(False, "%s: %s after %s" % (text, left, order))
        heap.empty("%s in the order %s" % (text, " ".join(order)))


SMALL = [SHOP[1], SHOP[2], *SHOP[3:7], ingress_route("web", [("Host(`a.example`)", [{"name": "split", "kind": "TraefikService"}])])]


def test_orders():
    heap = Heap()
    stream = event("ADDED", service("late"), 5)

    def sources(context):
        document, store = Document(context, SHOP[0]), shop(context, SMALL)
        watch, relist = Watch(store), Relist(store)
        watch.feed(stream[:20])
        relist.apply(Document(context, SHOP[3]))
        return {"context": context, "document": document, "store": store, "watch": watch, "relist": relist,
                "table": Table(store)}

    in_all_orders(heap, "sources", sources, {
        "document": lambda document: document.value() == SHOP[0],
        "store": lambda store: store.num("Service") >= 2,
        "watch": lambda watch: watch.feed(stream)["documents"] >= 0,
        "relist": lambda relist: relist.load(json.dumps(SHOP[3]))["documents"] == 1,
        "table": lambda table: len(table.routes()) == 1 and table.match(host="a.example", path="/")})

    def results(context):
        store, policy = shop(context, SMALL), Policy(context)
        older = Table(store, policy)
        store.apply(Document(context, endpoint_slice("beta", ["10.0.1.9"])))
        table = Table(store, policy, older)
        diags = Diags(context)
        made = {"store": store, "older": older, "table": table, "listing": Listing(table, 2),
                "explanation": Explanation(table, "shop-split"), "changes": Changes(older, table)}
        context.close()
        diags.close()
        return made

    in_all_orders(heap, "results", results, {
        "older": lambda table: len(table.export()) > 100,
        "table": lambda table: table.find_service("shop-split")["num_children"] == 2,
        "listing": lambda listing: lib.listing_get_service(listing.handle, len(listing) - 1) is not None,
        "explanation": lambda explanation: all(step["text"] for step in explanation.steps()),
        "changes": lambda changes: len(changes.all()) in (0, 1)})


def test_pick_orders():
    """A context, a table, a balancer, a picker and three picks (unfinished, finished, of a plan that was), ended in every
    order: clients of the pick go on as long as they are there."""
    heap = Heap()

    def make(context):
        store, policy, table, balancer, picker = balanced(context, SMALL)
        old, done, last = Pick(context), Pick(context), Pick(context)
        picker.pick(picker.find_service("shop-cart-80"), old, 1)
        store.apply(Document(context, endpoint_slice("cart", ["10.0.0.9"])))
        balancer.update(Table(store, policy, table), 2)
        picker.refresh(3)
        picker.pick(picker.find_service("shop-split"), done, 4).finish(200, 5)
        picker.pick(picker.find_service("shop-beta-80"), last, 6)
        store.close()
        policy.close()
        return {"context": context, "table": table, "balancer": balancer, "picker": picker, "old": old, "done": done, "last": last}

    def pick_again(picker):
        handle = picker.find_service("shop-beta-80")
        info = svcroute.PickInfo()
        memory = ctypes.create_string_buffer(lib.pick_size() + 8)
        pick = lib.pick_init((ctypes.addressof(memory) + 7) // 8 * 8)
        good = lib.picker_pick(picker.handle, handle, None, pick, 9) == 0 and lib.pick_get_info(pick, ctypes.byref(info)) == 0
        lib.pick_clear(pick)
        return good and info.host.data and picker.match(host="a.example", path="/")

    in_all_orders(heap, "picks", make, {
        "table": lambda table: table.find_service("shop-beta-80") is not None,
        "balancer": lambda balancer: balancer.advance(7) is not None,
        "picker": pick_again,
        "old": lambda pick: pick.info()["host"] in ADDRESSES,
        "done": lambda pick: pick.info()["host"] in ("10.0.0.9", "10.0.1.1"),
        "last": lambda pick: pick.info()["url"] == "http://10.0.1.1:8080" and pick.middlewares() == []})


def test_collector():
    """Objects in a cycle: the collector ends them in an order of its own."""
    heap = Heap()
    for number in range(20):
        context = Context(heap.allocator)
        store = shop(context, SMALL)
        things = [context, store, Watch(store), Relist(store), Table(store), Document(context, SHOP[0]), Diags(context)]
        things += [Listing(things[4], 1), Changes(None, things[4]), Export(things[4]), Balancer(things[4], 0)]
        things += [Picker(things[-1], 0), Pick(context)]
        things[-2].pick(things[-2].find_service("shop-split"), things[-1], 0)
        random.Random(number).shuffle(things)
        for thing in things:
            thing.others = things
        del context, store, thing, things
        gc.collect()
        heap.empty("a cycle")


def test_failures():
    """No memory, now and then, is an error and loses nothing."""
    heap = Heap()
    allocate, budget = heap.allocator.allocate, [0]

    def sparing(user, size):
        budget[0] -= 1
        return None if budget[0] < 0 else allocate(user, size)

    def sparing_resize(user, memory, old_size, new_size):
        return None if budget[0] <= 0 else heap.allocator.resize(user, memory, old_size, new_size)

    allocator = svcroute.Allocator(allocate=svcroute.Allocate(sparing), resize=svcroute.Resize(sparing_resize),
                                   release=heap.allocator.release)
    allowed, done = 0, False
    while not done and allowed < 5000:
        budget[0] = allowed
        try:
            context = Context(allocator)
            _, _, table, _, picker = balanced(context, SMALL)
            info = picker.pick(picker.find_service("shop-beta-80"), Pick(context), 1).info()
            done = len(table.export()) > 100 and info["host"] == "10.0.1.1" and picker.match(host="a.example", path="/") is not None
        except Error as error:
            same(error.name, "SVCROUTE_ERR_NOMEM", "with %d allocations" % allowed)
        context = table = picker = _ = None
        heap.empty("with %d allocations" % allowed)
        allowed += 1 if allowed < 40 else 7
    count.check(done, "enough memory in the end")


def test_log():
    messages = []

    @svcroute.Message
    def message(_, level, text, size):
        messages.append((level, text[:size].decode()))

    context = Context(log=svcroute.Log(message=message, level=4))
    diags = Diags(context)
    store = shop(context, SMALL)
    store.load("{]", diags, source="broken.json")
    Table(store, diags=diags)
    count.check(all(1 <= level <= 4 and text and "\n" not in text for level, text in messages), "messages: %r" % messages)
    count.check(any("broken.json" in text for _, text in messages), "the broken document is told: %r" % messages)


test_binding()
test_errors()
test_documents()
test_store()
test_watch()
test_table()
test_steps()
test_picks()
test_trees()
test_updates()
test_probes()
test_orders()
test_pick_orders()
test_collector()
test_failures()
test_log()
matching.test_all()
count.close()
