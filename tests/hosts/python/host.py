#!/usr/bin/env python3
"""A host that holds parsed documents already: host.py BUILD

Python over ctypes, without a compiled extension: documents are built from dicts, resolved, walked and exported, and
everything is given back in every order, as garbage collectors do it. Expected values come from the documentation.
"""
import ctypes
import gc
import itertools
import json
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "abi"))
import api  # noqa: E402
import svcroute  # noqa: E402
from svcroute import At, Changes, Context, Diags, Document, Error, Explanation, Export, Listing, Policy, Relist, Store, Table, Watch  # noqa: E402

build = pathlib.Path(sys.argv[1]).resolve()
svcroute.load(str(build / "lib" / "libsvcroute.so"))
lib = svcroute.lib
count = api.Count()


def same(value, expected, text):
    return count.check(value == expected, "%s: %r, not %r" % (text, value, expected))


def fails(name, call, *arguments, **options):
    """The call ends with this error."""
    try:
        call(*arguments, **options)
    except Error as error:
        return same(error.name, name, call.__name__)
    return count.check(False, "%s: no %s" % (call.__name__, name))


# ---- documents of a shop -----------------------------------------------------------------------------------------------


def service(name, port=80, namespace="shop", **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
            "spec": {"ports": [{"name": "http", "port": port}], **spec}}


def endpoint_slice(name, addresses, namespace="shop", port=8080):
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": name + "-1", "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
            "ports": [{"name": "http", "port": port}],
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}, "zone": "z", "nodeName": "n"}
                          for address in addresses]}


def ingress_route(name, routes, namespace="shop"):
    return {"apiVersion": "traefik.io/v1alpha1", "kind": "IngressRoute", "metadata": {"name": name, "namespace": namespace},
            "spec": {"entryPoints": ["web", "websecure"],
                     "routes": [{"match": match, "kind": "Rule", "services": services} for match, services in routes]}}


def traefik_service(name, namespace="shop", **spec):
    return {"apiVersion": "traefik.io/v1alpha1", "kind": "TraefikService", "metadata": {"name": name, "namespace": namespace},
            "spec": spec}


ADDRESSES = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
SHOP = [
    ingress_route("web", [
        ("Host(`a.example`)", [{"name": "cart", "port": 80, "sticky": {"cookie": {"name": "c", "secure": True}}}]),
        ("Host(`b.example`)", [{"name": "cart", "port": "http", "weight": 3}, {"name": "split", "kind": "TraefikService", "weight": 1}]),
        ("Host(`c.example`)", [{"name": "partner", "port": 443, "passHostHeader": False,
                                "healthCheck": {"path": "/up", "interval": "10s", "headers": {"X-Key": "k", "A": "b"}}}]),
    ]),
    traefik_service("split", weighted={"services": [{"name": "cart", "port": 80, "weight": 9}, {"name": "beta", "port": 80}]}),
    traefik_service("safe", failover={"service": {"name": "split", "kind": "TraefikService"}, "fallback": {"name": "beta", "port": 80},
                                      "errors": {"status": ["500-503"]}}),
    service("cart"), endpoint_slice("cart", ADDRESSES),
    service("beta"), endpoint_slice("beta", ["10.0.1.1"]),
    service("partner", 443, type="ExternalName", externalName="partner.example"),
]


def shop(context, documents=SHOP):
    """A store with the shop."""
    store = Store(context)
    document = Document(context)
    for value in documents:
        document.reset()
        document.fill(value)
        store.apply(document)
    return store


# ---- the binding -------------------------------------------------------------------------------------------------------


def test_binding():
    """The hand-written declarations are those of the headers."""
    declared = api.structs(api.preprocess(["gcc"]))
    for name, made in svcroute.STRUCTS.items():
        same([member for member, _ in made._fields_], [member for member, _ in declared[name]], "members of " + name)
    functions = {name.removeprefix("svcroute_") for name in api.functions()}
    for name in vars(lib):
        count.check(name in functions, "there is no svcroute_%s()" % name)


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


def POLICY(context, **options):
    return Policy(context, **{"allow_external_name": True, **options})


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


# ---- giving back -------------------------------------------------------------------------------------------------------


class Heap:
    """An allocator in Python: poisons what is given back and never uses it again, so that whoever looks at it
    afterwards falls over; and knows what is still held."""

    def __init__(self):
        libc = ctypes.CDLL(None)
        libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
        libc.free.restype, libc.free.argtypes = None, [ctypes.c_void_p]
        self.held, self.poisoned, self.wrong, self.calls = {}, [], [], 0

        def allocate(_, size):
            memory = libc.malloc(size)
            self.held[memory] = size
            self.calls += 1
            return memory

        def release(_, memory, size):
            if self.held.pop(memory, None) != size:
                self.wrong.append((memory, size))
                return
            ctypes.memset(memory, 0xDD, size)
            self.poisoned.append(memory)

        def resize(_, memory, old_size, new_size):
            fresh = allocate(None, new_size)
            ctypes.memmove(fresh, memory, min(old_size, new_size))
            release(None, memory, old_size)
            return fresh

        self.allocator = svcroute.Allocator(allocate=svcroute.Allocate(allocate), resize=svcroute.Resize(resize),
                                            release=svcroute.Release(release))
        self.free = libc.free

    def empty(self, text):
        same((len(self.held), self.wrong), (0, []), text)
        for memory in self.poisoned:
            self.free(memory)
        self.poisoned.clear()


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
        "table": lambda table: len(table.routes()) == 1})

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


def test_collector():
    """Objects in a cycle: the collector ends them in an order of its own."""
    heap = Heap()
    for number in range(20):
        context = Context(heap.allocator)
        store = shop(context, SMALL)
        things = [context, store, Watch(store), Relist(store), Table(store), Document(context, SHOP[0]), Diags(context)]
        things += [Listing(things[4], 1), Changes(None, things[4]), Export(things[4])]
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
            done = len(Table(shop(context, SMALL)).export()) > 100
        except Error as error:
            same(error.name, "SVCROUTE_ERR_NOMEM", "with %d allocations" % allowed)
        context = None
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
test_orders()
test_collector()
test_failures()
test_log()
count.close()
