"""Matching from Python: documents from dicts, requests from what a web framework has at hand, and a naive model that
tries all rules one after the other. Expected values come from docs/rules.md and from the model."""
import ctypes
import ipaddress
import random
import re
import types

import svcroute
from support import ROOT, SHOP, Heap, api, balanced, count, endpoint_slice, fails, same, service, shop
from svcroute import (At, Balancer, Context, Diags, Document, Error, Pick, Picker, Policy, Store, Table, lib, path_clean,
                      target_read)

def route(match, service="cart", **more):
    """A route with one service, or a parent."""
    made = {"match": match, "kind": "Rule", **more}
    if service:
        made["services"] = [{"name": service, "port": 80}]
    return made


def routes(name, *each, **spec):
    return {"apiVersion": "traefik.io/v1alpha1", "kind": "IngressRoute", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"routes": list(each), **spec}}


CART = [service("cart"), endpoint_slice("cart", ["10.0.0.1"]), service("beta"), endpoint_slice("beta", ["10.0.1.1"])]


def tabled(context, *documents, **options):
    return Table(shop(context, [*documents, *CART]), Policy(context, **options))


def has_regexps():
    """Whether the library was built with regular expressions; without them their rules are errors."""
    return tabled(Context(), routes("web", route("PathRegexp(`^/a?$`)"))).routes()[0]["matchable"] == 1


REGEXPS = has_regexps()


# ---- request lines -----------------------------------------------------------------------------------------------------

TARGETS = [
    ("/", ("origin", None, b"/", None)),
    ("/cart?page=1", ("origin", None, b"/cart", b"page=1")),
    ("/cart?", ("origin", None, b"/cart", b"")),
    ("/a?b?c", ("origin", None, b"/a", b"b?c")),
    ("//shop.example/a", ("origin", None, b"//shop.example/a", None)),
    (b"/caf\xe9", ("origin", None, b"/caf\xe9", None)),
    ("http://shop.example/a?b", ("absolute", b"shop.example", b"/a", b"b")),
    ("HTTPS://u:p@shop.example:8443?b", ("absolute", b"shop.example:8443", b"", b"b")),
    ("http://[2001:db8::1]:80/", ("absolute", b"[2001:db8::1]:80", b"/", None)),
    ("shop.example:443", ("authority", b"shop.example:443", b"", None)),
    ("*", ("asterisk", None, b"*", None)),
    *((bad, None) for bad in ("", "cart", "shop.example", "http://", "http:///a", "http://a b/", "/a b", "/a\n", "/a\x00", "/a\x7f",
                              "http://a@b@c:x/", "http://[::1/", "*?")),
]
PATHS = [
    ("", (), "/"), ("/", (), "/"), ("*", (), "*"), ("/a//b", (), "/a/b"), ("/x/../a//b", (), "/a/b"), ("/../..", (), "/"),
    ("/a/./", (), "/a/"), ("/a/..", (), "/"), ("/%7Eme/%41%2d", (), "/~me/A-"), ("/caf%c3%a9", (), "/caf%C3%A9"),
    ("/caf\u00e9", (), "/caf%C3%A9"), (b"/\xff", (), "/%FF"), ("/a|b", (), "/a%7Cb"), ("/a%20b", (), "/a%20b"), ("/%2e%2E/a", (), "/a"),
    ("/a%2fb", ("slash",), "/a%2Fb"), ("/a%5cb", ("backslash",), "/a%5Cb"), ("/a\\b", ("backslash",), "/a%5Cb"),
    ("/a%00", ("nul",), "/a%00"), ("/a%3Bb;c", ("semicolon",), "/a%3Bb;c"), ("/a;b", (), "/a;b"), ("/100%25", ("percent",), "/100%25"),
    ("/a%3f", ("question",), "/a%3F"), ("/a%23", ("hash",), "/a%23"), ("/%2f%5c%00%3b%25%3f%23", ("characters",), "/%2F%5C%00%3B%25%3F%23"),
    ("/a%2Fb", ("characters",), "/a%2Fb"), ("/a%2Fb|c", ("all",), "/a/b%7Cc"), ("/a%2F..|/b", ("all",), "/a/..%7C/b"),
    *((bad, allow, None) for bad, allow in (
        ("a", ()), ("/%", ()), ("/%2", ()), ("/%zz", ()), ("/a b", ()), ("/a\n", ()), ("/a#b", ("all",)), ("/a%2fb", ()), ("/a%5Cb", ()),
        ("/a\\b", ("slash",)), ("/a%00", ()), ("/a%3bb", ()), ("/a%25", ()), ("/a%3F", ()), ("/a%23", ()), ("/%2f%5c", ("slash",)))),
]


def test_request_lines():
    for target, expected in TARGETS:
        if expected is None:
            fails("SVCROUTE_ERR_BAD_REQUEST", target_read, target)
        else:
            same(target_read(target), expected, "the target %r" % target)
    for path, allow, expected in PATHS:
        if expected is None:
            fails("SVCROUTE_ERR_BAD_REQUEST", path_clean, path, *allow)
            continue
        clean = path_clean(path, *allow)
        same(clean, expected, "the path %r, allowing %s" % (path, allow))
        same(path_clean(clean, *allow), clean, "%r cleaned again" % clean)
    size = ctypes.c_size_t()
    text, buffer = svcroute.Text.of("/a/../bc"), ctypes.create_string_buffer(b"????", 4)
    same((lib.path_clean(text, 0, None, 0, ctypes.byref(size)), size.value), (-13, 3), "the size is asked for")
    same((lib.path_clean(text, 0, buffer, 2, ctypes.byref(size)), size.value, buffer.raw), (-13, 3, b"????"), "a buffer that is too small")
    same((lib.path_clean(text, 0, buffer, 3, ctypes.byref(size)), buffer.raw), (0, b"/bc?"), "one that is not")
    same(lib.path_clean(text, 256, buffer, 4, ctypes.byref(size)), -2, "a flag that is none")
    same(lib.path_clean(svcroute.Text(None, 3), 0, buffer, 4, ctypes.byref(size)), -2, "a path that is none")
    parts = svcroute.Target()
    parts.size = 8
    same(lib.target_read(text, ctypes.byref(parts)), -3, "a struct of 8 bytes")
    same(lib.target_read(text, None), -2, "nowhere to put it")


def test_numbers():
    """The binding's numbers are those of the headers."""
    enums = {}
    for name, parts in api.enums().items():
        for part in parts:
            constant, value = part.split("=")
            enums.setdefault(name, {})[constant.strip()] = int(value)
    same({name.removeprefix("SVCROUTE_POLICY_").lower(): value for name, value in enums["svcroute_policy_switch"].items()},
         svcroute.SWITCHES, "switches")
    same({name.removeprefix("SVCROUTE_PATH_"): value for name, value in enums["svcroute_path_flag"].items()},
         {"DECODE": svcroute.DECODE, **{"ALLOW_" + name.upper(): value for name, value in svcroute.ALLOW.items()}}, "flags of paths")
    same({name.removeprefix("SVCROUTE_TARGET_").lower(): value for name, value in enums["svcroute_target_form"].items()},
         {form: number for number, form in svcroute.FORMS.items()}, "forms")
    same(enums["svcroute_match_flag"], {"SVCROUTE_MATCH_TLS": svcroute.MATCH_TLS, "SVCROUTE_MATCH_PLAIN": svcroute.MATCH_PLAIN}, "flags")


# ---- rules -------------------------------------------------------------------------------------------------------------

# A rule, then requests that match and such that do not.
RULES = [
    ("Host(`shop.example`)", [{"host": "SHOP.example:8443"}, {"host": "shop.example."}],
     [{"host": "a.shop.example"}, {"host": ""}, {"host": "shop.example:80:90"}]),
    ("Host(`shop.example:8443`)", [], [{"host": "shop.example:8443"}]),
    ("Host(`::1`)", [{"host": "[::1]:80"}], [{"host": "[::2]"}]),
    ("Host(`*.shop.example`)", [{"host": "api.shop.example"}], [{"host": "v1.api.shop.example"}, {"host": "shop.example"}]),
    ("Host(`*`)", [{"host": "anything"}], []),
    ("HostRegexp(`^[a-z]+\\.shop\\.example$`)", [{"host": "Api.shop.example:80"}], [{"host": "a1.shop.example"}]),
    ("Path(`/caf\u00e9`)", [{"path": "/caf%C3%A9"}, {"path": "/caf%c3%a9"}], [{"path": "/caf"}]),
    ("Path(`/a b`)", [{"path": "/a%20b"}], [{"path": "/a+b"}]), ("Path(`/a%20b`)", [], [{"path": "/a%20b"}]),
    ("Path(`/a%2Fb`)", [{"path": "/a%2fb"}], [{"path": "/a/b"}]), ("Path(`/a/b`)", [{"path": "/a/b"}], [{"path": "/a%2Fb"}]),
    ("Path(`/users/{id}`)", [{"path": "/users/%7Bid%7D"}], [{"path": "/users/7"}]),
    ("PathPrefix(`/api`)", [{"path": "/apiary"}], [{"path": "/API"}]),
    ("PathRegexp(`foo`)", [{"path": "/a/foo/b"}], [{"path": "/a/fo"}]),
    ("PathRegexp(`^/\\pL+$`)", [{"path": "/%C3%A9t%C3%A9"}], [{"path": "/%FF"}]),
    ("Method(`get`)", [{"method": "GET"}, {}], [{"method": "get"}, {"method": "POST"}]),
    ("Query(`page`, `2`)", [{"query": "page=1&page=2"}, {"query": "page=1;p%61ge=%32"}], [{"query": "page=12"}, {"query": ""}, {}]),
    ("Query(`debug`)", [{"query": "debug"}, {"query": "debug="}], [{"query": "debug=1"}, {"query": "Debug"}]),
    ("Query(`a b`, `c`)", [{"query": "a+b=c"}], [{"query": "a%=c"}]),
    ("QueryRegexp(`page`, `^[0-9]+$`)", [{"query": "page=x&page=12"}], [{"query": "page="}]),
    ("Header(`x-role`, `staff`)", [{"headers": [("A", "b"), ("X-Role", "staff")]}, {"headers": [("x-role", "b"), ("X-ROLE", "staff")]}],
     [{"headers": [("X-Role", "Staff")]}, {"headers": [("X-Role", "staff, admin")]}, {"headers": [("staff", "X-Role")]}, {}]),
    ("HeaderRegexp(`Accept`, `text/html`)", [{"headers": [("Accept", "text/html, */*")]}], [{"headers": [("Accept", "*/*")]}]),
    ("Header(`Host`, `a.example`)", [], [{"host": "a.example", "headers": [("Host", "a.example")]}]),
    ("ClientIP(`10.0.0.0/8`)", [{"client": "10.1.2.3"}, {"client": "10.1.2.3:4000"}, {"client": "[::ffff:10.1.2.3]:4000"}],
     [{"client": "11.0.0.1"}, {"client": ""}, {"client": "nonsense"}]),
    ("ClientIP(`2001:db8::/32`)", [{"client": "2001:db8::7"}, {"client": "[2001:db8::7%eth0]:80"}], [{"client": "2001:db9::7"}]),
    ("Host(`a`) && (PathPrefix(`/x`) || !Method(`GET`))", [{"host": "a", "path": "/x"}, {"host": "a", "method": "PUT"}],
     [{"host": "a", "path": "/y"}, {"host": "b", "path": "/x"}]),
]


def test_rules():
    context = Context()
    for rule, good, bad in (row for row in RULES if REGEXPS or "Regexp" not in row[0]):
        _, _, table, _, picker = balanced(context, [routes("web", route(rule)), *CART])
        only = table.find_route_of("shop", "web", rule)
        same(only["matchable"], 1, "%s can be used" % rule)
        for request in good + bad:
            request = {"path": "/", **request}
            taken = table.match(**request)
            same(taken is not None, request_in(request, good), "%s takes %r" % (rule, request))
            same(picker.match(**request), picker.find_route(only["name"]) if taken else None, "by a picker: %s, %r" % (rule, request))
            matched, matcher, offset = table.why(lib.table_find_route(table.handle, svcroute.Text.of(only["name"])), **request)
            same(matched, taken is not None, "the rule alone: %s" % rule)
            same(rule.encode()[offset:offset + len(matcher.encode())].decode(), matcher, "where %s stands" % matcher)
    table = tabled(context, routes("web", route("Host(`a`) && (Path(`/x`) || !Method(`GET`))")))
    only = lib.table_find_route(table.handle, svcroute.Text.of(table.routes()[0]["name"]))
    same([table.why(only, host=host, path=path)[:2] for host, path in (("b", "/x"), ("a", "/x"), ("a", "/y"))],
         [(False, "Host(`a`)"), (True, "Path(`/x`)"), (False, "Method(`GET`)")], "what settled it")


def request_in(request, requests):
    return any({"path": "/", **each} == request for each in requests)


def names(table, requests):
    return [route and table.route(route)["ingress_route"] for route in (table.match(**request) for request in requests)]


def test_order():
    context = Context()
    table = tabled(
        context, routes("long", route("Host(`a.example`) && PathPrefix(`/x`)")), routes("short", route("Host(`a.example`)")),
        routes("forced", route("PathPrefix(`/forced`)", priority=1000)), routes("last", route("PathPrefix(`/`)", priority=-1)),
        routes("empty", route("Host(`empty.example`)", "nothing", priority=7)))
    same(names(table, [{"host": "a.example", "path": path} for path in ("/x", "/y", "/forced")] + [{"host": "b.example", "path": "/x"}]),
         ["long", "short", "forced", "last"], "by priority")
    request = {"host": "a.example", "path": "/x"}
    same([table.route(each)["ingress_route"] for each in table.match_all(**request)], ["long", "short", "last"], "runners-up")
    # Two rules of one priority and length: by name, whatever came first.
    pair = [routes(name, route("Path(`/%s`) || Path(`/`)" % name)) for name in ("a", "b", "c", "d")]
    for order in (pair, pair[::-1]):
        table = tabled(context, *order)
        wanted = min(each["name"] for each in table.routes())
        same(table.name_of(table.match(path="/")), wanted, "equal priorities")

    table = tabled(context, routes("web", route("PathPrefix(`/`)"), entryPoints=["web", "other"]),
                   routes("secure", route("PathPrefix(`/s`)"), entryPoints=["websecure"], tls={}), routes("any", route("PathPrefix(`/any`)")))
    same(names(table, [{"path": "/any", "entry_point": name} for name in ("web", "other", "websecure", "no", "", "we")]),
         ["any"] * 6, "without entryPoints: all of them")
    same(names(table, [{"path": "/s", "entry_point": name} for name in ("web", "websecure", "no", "")]), ["web", "secure", None, "secure"],
         "entry points")
    same(names(table, [{"path": "/s", "tls": tls} for tls in (True, False, None)]), ["secure", "web", "secure"], "TLS")
    same(names(table, [{"path": "/s", "entry_point": "websecure", "tls": False}]), [None], "an entry point with the wrong connection")


def test_children():
    """A request goes through the parent's middlewares, which change it, and on to the children."""
    context = Context()
    documents = [
        routes("front", route("PathPrefix(`/account`)", None, priority=100, middlewares=[{"name": "who"}]), entryPoints=["web"], tls={}),
        routes("staff", route("Header(`X-Role`, `staff`)"), parentRefs=[{"name": "front"}]),
        routes("guest", route("PathPrefix(`/account/help`)", "beta"), parentRefs=[{"name": "front"}]),
        routes("rest", route("PathPrefix(`/`)", "beta"))]
    _, _, table, _, picker = balanced(context, [*documents, *CART])

    def serve(path, role=None, **more):
        """As a host does; None for 404. The middlewares, and the address of the server."""
        request = {"path": path_clean(path), "headers": [("X-Role", "forged")], **more}
        seen, found, handle = [], table.match(**request), picker.match(**request)
        while handle:
            told = picker.route(handle)
            same(told, table.route(found), "picker and table find one route")
            seen += told["middlewares"]
            if told["service"]:
                return seen, picker.pick(handle, Pick(context), 1).info()["host"]
            request["headers"] = [("X-Role", role)] if role else []
            found, handle = table.match_child(found, **request), picker.match_child(handle, **request)
        return same(found, None, "neither finds any") and None

    same(serve("/account/orders", "staff"), (["shop-who"], "10.0.0.1"), "staff")
    same(serve("/account/help"), (["shop-who"], "10.0.1.1"), "a guest")
    same(serve("/account/orders"), None, "no child: 404, and no way back to other routes")
    same(serve("/x/../account//orders", "staff", entry_point="web", tls=True), (["shop-who"], "10.0.0.1"), "by the clean path")
    same(serve("/account/orders", "staff", entry_point="other"), ([], "10.0.1.1"), "the parent's entry points count")
    same(serve("/account/orders", "staff", tls=False), ([], "10.0.1.1"), "and its tls")
    child = {"path": "/", "headers": [("X-Role", "staff")]}
    same(table.route(table.match(**child))["ingress_route"], "rest", "a child is not asked without its parent")
    front, leaf = picker.match(path="/account"), picker.match(path="/")
    same(picker.match_child(leaf, **child), None, "a route without children")
    fails("SVCROUTE_ERR_GONE", picker.match_child, front + (1 << 40), **child)
    some_service = picker.find_service(table.services()[0]["name"])
    fails("SVCROUTE_ERR_GONE", picker.match_child, some_service, **child)
    same([picker.route(handle) for handle in (front + (1 << 40), some_service, 0)], [None] * 3, "handles of no route")
    fails("SVCROUTE_ERR_NO_SERVER", picker.pick, front, Pick(context), 2)


# ---- codes -------------------------------------------------------------------------------------------------------------


def test_codes():
    context = Context()
    _, _, table, _, picker = balanced(context, [routes("web", route("Host(`a`)")), *CART])
    only = table.match(host="a", path="/")
    calls = [lambda **request: table.match(**request), lambda **request: picker.match(**request),
             lambda **request: table.match_next(only, **request), lambda **request: table.why(only, **request),
             lambda **request: table.match_child(only, **request)]
    for call in calls:
        for bad in ({"method": "GE T"}, {"host": "a b"}, {"host": "\u00fc"}, {"path": "/\n"}, {"path": "/%g0"}, {"query": "a b"}):
            fails("SVCROUTE_ERR_BAD_REQUEST", call, **{"host": "a", "path": "/", **bad})
        fails("SVCROUTE_ERR_LIMIT", call, host="a" * 1025, path="/")
        fails("SVCROUTE_ERR_LIMIT", call, host="a", path="/" + "a" * 20000, query="b" * 20000)
    same(table.match(host="a", path="/" + "b" * 16383, query="c" * 16384) is not None, True, "32,768 bytes are none too many")
    same(table.match(host="b", path="/"), None, "404")
    out = ctypes.c_void_p(7)

    def code_of(**members):
        request = svcroute.match_request(host="a", path="/")
        for member, value in members.items():
            setattr(request, member, value)
        return lib.table_match(table.handle, ctypes.byref(request), ctypes.byref(out)), out.value

    same(code_of()[0], 0, "as it should be")
    same([code_of(**wrong) for wrong in ({"size": 3}, {"size": 1 << 30}, {"flags": 4}, {"num_headers": 1})],
         [(-3, None), (-3, None), (-4, None), (-2, None)], "requests that are none")
    same(code_of(flags=3)[1], None, "neither encrypted nor plain")
    same([lib.table_match(table.handle, None, ctypes.byref(out)), lib.table_match(None, None, ctypes.byref(out)),
          lib.table_match(table.handle, ctypes.byref(svcroute.match_request(path="/")), None), lib.picker_match(None, None, None),
          lib.table_lint(table.handle, None), lib.picker_seed(None, 1)], [-2] * 6, "NULL")
    same(lib.picker_get_table(None), None, "the table of no picker")

    # A rule that cannot be read: its route is there, and no request takes it.
    diags = Diags(context)
    broken = Table(shop(context, [routes("web", {**route("Host(`a`"), "match": At(7, 12, "Host(`a`")}, route("Host(`b`)"),
                                         route("Host(`v2`)", syntax="v2")), *CART]), diags=diags)
    same([(diag["id_name"], diag["severity"], diag["field"]) for diag in diags],
         [("rule-syntax", 3, "spec.routes[0].match"), ("rule-syntax-v2", 3, "spec.routes[2].syntax")], "what is wrong")
    same(diags[0]["line"], 7, "where it is wrong")
    same(sorted(each["matchable"] for each in broken.routes()), [0, 0, 1], "which can be used")
    same([broken.match(host=host, path="/") is not None for host in ("a", "b", "v2")], [False, True, False], "only the good one")
    unread = lib.table_find_route_of(broken.handle, *map(svcroute.Text.of, ("shop", "web", "Host(`a`")), 0)
    same(lib.route_match(broken.handle, unread, ctypes.byref(svcroute.match_request(host="a", path="/")), ctypes.byref(svcroute.MatchInfo())),
         -9, "a rule that could not be read")


def test_ignored():
    """A host that routes by itself."""
    documents = [routes("web", route("Host(`a`)"), route("nonsense("))]
    context = Context()
    diags = Diags(context)
    table = Table(shop(context, [*documents, *CART]), Policy(context, ignore_rules=True), diags=diags)
    same((diags.names(), len(table.routes()), table.match(host="a", path="/")), ([], 2, None), "rules that nobody reads")


def test_profiles():
    context = Context()
    documents = [routes("web", route("Path(`/a/b|c`)"), route("HostRegexp(`^$`) && Path(`/r`)"))]
    for profile, decoded in ((0, False), (1, True)):
        table = tabled(context, *documents, profile=profile)
        same(table.match(path="/a%2Fb|c") is not None, decoded, "an escape beside a byte that is not legal, profile %d" % profile)
        same(table.match(path="/r", host="a.example") is not None, decoded and REGEXPS, "a HostRegexp on the empty text, profile %d" % profile)


# ---- a model -----------------------------------------------------------------------------------------------------------

HOSTS = ["a.example", "b.example", "x.a.example", "example", "A.EXAMPLE:80"]
SEEN = ["/", "/a", "/ab", "/a/b", "/a/b/c", "/b", "/a%20b", "/a%2Fb"]


def bare(host):
    return host.lower().split(":")[0]


def seen(path):
    return path.replace("%20", " ")


def prefix(path):
    return "PathPrefix(`%s`)" % path, lambda request: seen(request["path"]).startswith(path)


def atom(chance):
    """A matcher and what it means."""
    host, path, digit = chance.choice(HOSTS[:4]), seen(chance.choice(SEEN)), str(chance.randint(1, 3))
    regexp = chance.choice(["^/a", "b$", "/(a|b)/", "^/[ab]+$"])
    network = chance.choice(["10.0.0.0/8", "10.1.0.0/16", "192.0.2.7"])
    atoms = [
        ("Host(`%s`)" % host, lambda request: bare(request["host"]) == host),
        ("Host(`*.%s`)" % host, lambda request: bare(request["host"]).partition(".")[2] == host),
        ("HostRegexp(`^%s[.]`)" % host[0], lambda request: re.search("^%s[.]" % host[0], bare(request["host"]))),
        prefix(path), prefix(path), prefix("/"),
        ("Path(`%s`)" % path, lambda request: seen(request["path"]) == path),
        ("PathRegexp(`%s`)" % regexp, lambda request: re.search(regexp, seen(request["path"]))),
        ("Method(`POST`)", lambda request: request["method"] == "POST"),
        ("Header(`X-A`, `%s`)" % digit, lambda request: ("x-a", digit) in request["headers"]),
        ("HeaderRegexp(`x-a`, `[%s-9]`)" % digit, lambda request: any(value >= digit for _, value in request["headers"])),
        ("Query(`q`, `%s`)" % digit, lambda request: ("q", digit) in (tuple(pair.split("=")) for pair in request["query"].split("&"))),
        ("ClientIP(`%s`)" % network, lambda request: ipaddress.ip_address(request["client"]) in ipaddress.ip_network(network)),
    ]
    return chance.choice([made for made in atoms if REGEXPS or "Regexp" not in made[0]])


def rule_of(chance, depth=2):
    if depth == 0 or chance.random() < 0.4:
        return atom(chance)
    left, right = rule_of(chance, depth - 1), rule_of(chance, depth - 1)
    kind = chance.randrange(5)
    if kind == 0:
        return "!(%s)" % left[0], lambda request: not left[1](request)
    if kind == 1:
        return "(%s || %s)" % (left[0], right[0]), lambda request: left[1](request) or right[1](request)
    return "%s && %s" % (left[0], right[0]), lambda request: left[1](request) and right[1](request)


class Modelled:
    """An IngressRoute with one to three routes of chance."""

    def __init__(self, chance, name):
        self.rules = [rule_of(chance) for _ in range(chance.randint(1, 3))]
        self.priorities = [chance.choice([0, 0, 0, 1, 20, 30, -1]) for _ in self.rules]
        self.entry_points = chance.choice([[], [], ["web"], ["web", "websecure"]])
        self.tls = chance.random() < 0.3
        spec = {"entryPoints": self.entry_points} if self.entry_points else {}
        spec.update({"tls": {}} if self.tls else {})
        self.value = routes(name, *[{**route(text), **({"priority": priority} if priority else {})}
                                    for (text, _), priority in zip(self.rules, self.priorities)], **spec)

    def takes(self, request):
        """Priority, length and place of the routes that take a request."""
        if (self.entry_points and request["entry_point"] not in [*self.entry_points, ""]) or request["tls"] not in (self.tls, None):
            return
        for index, ((text, meant), priority) in enumerate(zip(self.rules, self.priorities)):
            if meant(request):
                yield priority or len(text), len(text), index


def request_of(chance):
    return {"host": chance.choice(HOSTS), "path": chance.choice(SEEN), "method": chance.choice(["GET", "POST"]),
            "headers": [("x-a", str(chance.randint(0, 4))) for _ in range(chance.randint(0, 2))],
            "query": "&".join("q=%d" % chance.randint(1, 4) for _ in range(chance.randint(1, 2))),
            "client": chance.choice(["10.1.2.3", "10.2.2.3", "192.0.2.7", "2001:db8::1"]),
            "entry_point": chance.choice(["web", "websecure", ""]), "tls": chance.choice([True, False, None])}


def test_model():
    """Documents come and go one by one; table and picker agree with a model that tries all rules."""
    chance, context, live, answers = random.Random(11), Context(), {}, set()
    store, policy, table, balancer, picker = balanced(context, CART)
    for now in range(1, 151):
        name = "r%d" % chance.randrange(12)
        if name in live and chance.random() < 0.4:
            live.pop(name)
            store.remove("IngressRoute", "shop", name)
        else:
            live[name] = Modelled(chance, name)
            store.apply(Document(context, live[name].value))
        before, table = table, Table(store, policy, table)
        balancer.update(table, now)
        stale, told = picker.table(), {(each["ingress_route"], each["index"]): each["name"] for each in table.routes()}
        same(stale.export(), before.export(), "a picker goes on with the table that it has")
        picker.refresh(now)
        for _ in range(12):
            request = request_of(chance)
            taken = sorted((-priority, -size, told[name, index]) for name, each in live.items() for priority, size, index in each.takes(request))
            expected = [name for _, _, name in taken]
            same([table.name_of(each) for each in table.match_all(**request)], expected, "routes for %r" % request)
            same(picker.match(**request), picker.find_route(expected[0]) if expected else None, "a picker's for %r" % request)
            answers.add(expected[0] if expected else None)
    count.check(len(answers) > 60 and None in answers, "%d different answers" % len(answers))


# ---- the rest ----------------------------------------------------------------------------------------------------------


def test_lint():
    context = Context()
    table = tabled(
        context, routes("always", route("Host(`a`) || !Host(`a`)", priority=1)), routes("never", route("Host(`a`) && Host(`b`)")),
        routes("wide", route(At(3, 9, "Host(`c`)"), priority=50)), routes("narrow", route(At(4, 9, "Host(`c`) && Path(`/x`)"), priority=40)),
        routes("rootless", route("Host(`d`) && Path(`/x`)")), routes("both", route("Host(`e`)")),
        routes("child", route("Host(`e`) || Method(`PUT`)"), parentRefs=[{"name": "both"}]))
    diags = {(diag["name"], diag["id_name"]): diag for diag in table.lint(context)}
    for expected in (("always", "rule-always"), ("never", "rule-never"), ("narrow", "rule-shadowed"), ("both", "parent-with-service")):
        count.check(expected in diags, "no %s: %s" % (expected, list(diags)))
    shadowed = diags["narrow", "rule-shadowed"]
    same((shadowed["severity"], shadowed["line"], shadowed["field"]), (2, 4, "spec.routes[0].match"), "where it is: %s" % shadowed["text"])
    table = tabled(context, routes("d", route("Host(`d`) && Path(`/x`)")))
    same(table.lint(context).names(), ["host-without-root"], "a host without /")
    same(tabled(context, routes("web", route("Host(`a`)"))).lint(context).names(), [], "nothing to say")


def test_lives():
    """Who matches after others have gone, and what an update does to a picker."""
    heap = Heap()
    store, policy, table, balancer, picker = balanced(Context(heap.allocator), [routes("web", route("Host(`a`)")), *CART])
    held = picker.table()
    old = picker.match(host="a", path="/")
    store.apply(Document(Context(heap.allocator), routes("web", route("Host(`b`)", "beta"))))
    balancer.update(Table(store, policy, table), 1)
    for each in (store, policy, table, balancer):
        each.close()
    calls = heap.calls
    same((picker.match(host="a", path="/"), picker.match(host="b", path="/")), (old, None), "the old rules, until it is refreshed")
    same(heap.calls, calls, "matching allocates nothing")
    picker.refresh(2)
    same(picker.match(host="a", path="/"), None, "the new rules")
    count.check(picker.match(host="b", path="/") not in (old, None), "another route has another handle")
    fails("SVCROUTE_ERR_GONE", picker.match_child, old, host="a", path="/")
    same(held.match(host="a", path="/") is not None, True, "a table that is held matches as it did")
    picker.close()
    same(held.match(host="b", path="/"), None, "and after its picker has gone")
    same(len(held.lint(Context(heap.allocator)).names()), 0, "and is looked through")
    held.close()
    heap.empty("matching")


def test_no_memory():
    """Looking for mistakes with too little memory is an error, then works."""
    heap = Heap()
    budget, plenty = [1 << 30], heap.allocator.allocate

    def sparing(user, size):
        budget[0] -= 1
        return None if budget[0] < 0 else plenty(user, size)

    allocator = svcroute.Allocator(allocate=svcroute.Allocate(sparing), resize=heap.allocator.resize, release=heap.allocator.release)
    context = Context(allocator)
    table, diags, allowed, done = tabled(context, routes("never", route("Host(`a`) && Host(`b`)"))), Diags(context), 0, False
    while not done and allowed < 100:
        budget[0] = allowed
        code = lib.table_lint(table.handle, diags.handle)
        done = code == 0
        count.check(code in (0, -1), "lint with %d allocations: %d" % (allowed, code))
        same(table.match(host="a", path="/"), None, "and matching needs none")
        allowed += 1
    budget[0] = 1 << 30
    count.check(done and allowed > 3 and "rule-never" in diags.names(), "enough memory in the end")
    context = table = diags = None
    heap.empty("lint without memory")


def test_document():
    """The piece of Python in docs/rules.md does what it says."""
    context = Context()
    table = tabled(context, routes("web", route("Host(`shop.example`) && Path(`/cart`) && Query(`page`, `1`)")))
    piece = re.findall(r"```python\n(.*?)```", (ROOT / "docs/rules.md").read_text(encoding="utf-8"), flags=re.S)
    same(len(piece), 1, "a piece of Python")
    printed = []
    exec(piece[0], {"MatchRequest": svcroute.MatchRequest, "RouteInfo": svcroute.RouteInfo, "c_void_p": ctypes.c_void_p,
                    "byref": ctypes.byref, "table": table.handle, "print": lambda *texts: printed.append(texts),
                    "lib": types.SimpleNamespace(**{"svcroute_" + name: call for name, call in vars(lib).items()})})
    same(printed, [(table.routes()[0]["name"], "Host(`shop.example`) && Path(`/cart`) && Query(`page`, `1`)")], "what it prints")


def test_seeds_and_totals():
    """What the binding had not: seeds, totals, secrets, checks of every type of Service."""
    context = Context()
    checked = routes("web", route("Host(`a`)"))
    checked["spec"]["routes"][0]["services"][0]["healthCheck"] = {"path": "/up", "interval": "10s"}
    store = shop(context, [checked, *CART])
    count.check(Table(store).match(host="a", path="/") is None or not Table(store).routes()[0]["service"], "a check of a plain Service is refused")
    table = Table(store, Policy(context, allow_health_checks=True))
    balancer = Balancer(table, 0)
    same([event["url"] for event in balancer.advance(10 ** 10) if event["kind"] == 1], ["http://10.0.0.1:8080/up"], "and allowed by a switch")

    _, _, table, balancer, picker = balanced(context)
    another, handle = Picker(balancer, 0), picker.find_service("shop-cart-80")
    # The servers of all services; the tree's services share none.
    total = sum(each["num_servers"] for each in table.services())
    same(balancer.totals(), {"clock_steps_back": 0, "num_servers": total, "num_gone": 0, "num_slots": total, "num_pickers": 2}, "totals")
    another.close()
    balancer.advance(50)
    balancer.advance(40)
    same([balancer.totals()[key] for key in ("clock_steps_back", "num_pickers")], [1, 1], "a clock that went back, a picker that went")

    def picks(seed):
        picker.seed(seed)
        made = []
        for _ in range(12):
            pick = Pick(context)
            made.append(picker.pick(handle, pick, 60).info()["url"])
            pick.finish(200, 60)
        return made

    same(picks(5), picks(5), "the same seed again")
    count.check(len({tuple(picks(seed)) for seed in range(20)}) > 1, "seeds differ")

    # Cookies: with a secret nobody can make one; the old secret is read; those without one if a switch says so.
    sticky = lambda **options: balanced_by(context, Policy(context, allow_external_name=True, **options))  # noqa: E731
    plain, keyed, other = sticky(), sticky(cookie_secret=b"k" * 16), sticky(cookie_secret=b"o" * 32)
    values = [cookie_of(context, *each) for each in (plain, keyed, other)]
    same(len({value.split(";")[0] for value in values}), 3, "secrets make other values")
    for options, known in (({}, [1, 0, 0]), ({"cookie_secret": b"k" * 16}, [0, 1, 0]),
                           ({"cookie_secret": b"k" * 16, "old_cookie_secret": b"o" * 32}, [0, 1, 1]),
                           ({"cookie_secret": b"k" * 16, "read_unkeyed_cookies": True}, [1, 1, 0])):
        same([knows(context, *sticky(**options), value) for value in values], known, "cookies that count, with %s" % list(options))
    fails("SVCROUTE_ERR_INVALID", Policy, context, cookie_secret=b"k" * 15)


def balanced_by(context, policy):
    table = Table(shop(context, SHOP), policy)
    return table, Picker(Balancer(table, 0, flags=1), 0)


def cookie_of(context, table, picker):
    handle = picker.find_route(table.find_route_of("shop", "web", "Host(`a.example`)")["name"])
    return picker.pick(handle, Pick(context), 1).cookies()[0].split(";")[0]


def knows(context, table, picker, cookie):
    handle = picker.find_route(table.find_route_of("shop", "web", "Host(`a.example`)")["name"])
    return int(picker.pick(handle, Pick(context), 1, cookies=[cookie]).info()["why"] == 2)


def test_all():
    test_request_lines()
    test_numbers()
    test_rules()
    test_order()
    test_children()
    test_codes()
    test_ignored()
    test_profiles()
    test_model()
    test_lint()
    test_lives()
    test_no_memory()
    test_document()
    test_seeds_and_totals()
