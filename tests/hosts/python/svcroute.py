"""A binding of libsvcroute over ctypes, written by hand as the author of a binding would write it.

It declares what the public headers say and adds the least that makes the calls comfortable: texts become str, codes
become exceptions, and each object gives back what it holds when Python no longer needs it, in whatever order that
happens. host.py holds the declarations against the headers.
"""
import ctypes
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

UINT64_MAX = (1 << 64) - 1

# ---- structs -----------------------------------------------------------------------------------------------------------


class Text(Structure):
    """struct svcroute_text; keeps the bytes that it points to."""

    _fields_ = [("data", c_void_p), ("size", c_size_t)]

    @classmethod
    def of(cls, value):
        if isinstance(value, str):
            value = value.encode("utf-8", "surrogatepass")
        if value is None:
            return cls(None, 0)
        text = cls(ctypes.cast(c_char_p(value), c_void_p), len(value))
        text.keep = value
        return text

    def bytes(self):
        return None if self.data is None else ctypes.string_at(self.data, self.size)

    def str(self):
        """None if the text is absent."""
        return None if self.data is None else self.bytes().decode("utf-8")


KINDS = {"u32": c_uint32, "u64": c_uint64, "i64": c_int64, "text": Text, "pointer": c_void_p,
         "texts": POINTER(Text), "u64s": POINTER(c_uint64)}
STRUCTS = {"svcroute_text": Text}


def struct(name, *members):
    """A struct that begins with size and flags; each group of members is a kind followed by names."""
    fields = [("size", c_uint32), ("flags", c_uint32)]
    for group in members:
        kind, *names = group.split()
        fields += [(member, KINDS[kind]) for member in names]

    def init(self, **given):
        Structure.__init__(self, ctypes.sizeof(type(self)), 0)
        for member, value in given.items():
            setattr(self, member, Text.of(value) if isinstance(value, (str, bytes)) else value)
        self.keep = given

    def plain(self):
        """All members as Python values."""
        values = {}
        for member, kind in fields[2:]:
            value = getattr(self, member)
            values[member] = value.str() if kind is Text and member != "address" else value.bytes() if kind is Text else value
        return values

    made = type(name, (Structure,), {"_fields_": fields, "__init__": init, "plain": plain})
    STRUCTS["svcroute_" + name] = made
    return made


Allocate = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_size_t)
Resize = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_size_t, c_size_t)
Release = ctypes.CFUNCTYPE(None, c_void_p, c_void_p, c_size_t)
Message = ctypes.CFUNCTYPE(None, c_void_p, c_uint32, POINTER(ctypes.c_char), c_size_t)
KINDS.update(allocate=Allocate, resize=Resize, release=Release, message=Message)

Allocator = struct("allocator", "pointer user", "allocate allocate", "resize resize", "release release")
Log = struct("log", "pointer user", "message message", "u32 level reserved")
ContextOptions = struct("context_options", "u64 hash_seed input_bytes nodes", "u32 depth aliases objects endpoints diags nesting")
DiagInfo = struct("diag_info", "u32 id severity line column", "text id_name source kind namespace_ name field text")
LoadOptions = struct("load_options", "text source", "u32 format reserved")
LoadResult = struct("load_result", "u64 documents accepted unchanged rejected ignored")
ObjectInfo = struct("object_info", "text namespace_ name resource_version source", "u32 kind line column reserved")
RouteInfo = struct("route_info", "i64 priority effective_priority",
                   "text name namespace_ ingress_route rule rule_syntax service cert_resolver tls_options trace_verbosity",
                   "u32 index num_entry_points num_middlewares num_parents num_tls_domains has_tls has_observability "
                   "access_logs metrics tracing matchable reserved")
ServiceInfo = struct("service_info", "i64 flush_interval max_body_size max_request_body_bytes",
                     "text name base_name namespace_ object port servers_transport",
                     "u32 kind type strategy pass_host_header num_servers num_children num_middlewares num_error_status "
                     "has_cookie has_health_check has_passive_check mirror_body max_body_size_given "
                     "max_request_body_given own_of_route depth")
ChildInfo = struct("child_info", "i64 weight percent", "text name", "pointer service",
                   *(["u32 pointer_padding"] if ctypes.sizeof(c_void_p) == 4 else []), "u32 role reserved")
CookieInfo = struct("cookie_info", "i64 max_age", "text name path domain same_site", "u32 secure http_only")
HealthCheckInfo = struct("health_check_info", "i64 interval unhealthy_interval timeout status port",
                         "text scheme mode path method hostname", "u32 follow_redirects num_headers")
PassiveCheckInfo = struct("passive_check_info", "i64 failure_window max_failed_attempts")
ServerInfo = struct("server_info", "text scheme host url address node zone", "i64 port", "u32 fenced occurrence num_hints reserved")
StepInfo = struct("step_info", "u32 depth severity line column", "text source kind namespace_ name field text")
ChangeInfo = struct("change_info", "text name", "pointer old_route new_route old_service new_service", "u32 change of")
BalancerOptions = struct("balancer_options", "u64 seed", "u32 initial_health rise fall reserved")
Event = struct("event", "u64 server probe timeout", "text service url method host authority scheme target",
               "u32 kind slot reason grpc follow_redirects num_headers")
BalancerStats = struct("balancer_stats", "u64 clock_steps_back", "u32 num_servers num_gone num_slots num_pickers")
ServerStats = struct("server_stats", "u64 picks failures latency since", "u32 in_flight up admin reason")
Request = struct("request", "u64 body_size", "text client key", "texts cookies", "u64s excluded", "u32 num_cookies num_excluded")
PickInfo = struct("pick_info", "u64 server", "i64 flush_interval keep_body",
                  "text service scheme host url address node zone servers_transport",
                  "u32 slot port pass_host_header why num_cookies num_mirrors num_middlewares keeps_body")
MirrorInfo = struct("mirror_info", "i64 max_body", "text service", "u32 copy_body reserved")
Outcome = struct("outcome", "u64 first_byte", "u32 kind status")
Target = struct("target", "text authority path query", "u32 form reserved")
MatchRequest = struct("match_request", "text method host path query client entry_point", "texts headers", "u32 num_headers reserved")
MatchInfo = struct("match_info", "text matcher", "u32 matched offset")

# ---- functions ---------------------------------------------------------------------------------------------------------

# Result and parameters, a letter each: i code, p pointer, t text by value, s terminated text, z size_t, u uint32_t,
# U uint64_t, q int64_t, d double, b bool, v nothing.
LETTERS = {"i": c_int, "p": c_void_p, "t": Text, "s": c_char_p, "z": c_size_t, "u": c_uint32, "U": c_uint64,
           "q": c_int64, "d": c_double, "b": c_bool, "v": None}
TABLE = """
    version_number:u version_text:s error_name:si error_text:si address_is_local:bpz
    context_options_init:vpz context_new:ipppp context_ref:pp context_unref:vp
    diags_new:ipp diags_free:vp diags_clear:vp diags_num:zp diags_num_severity:Upu diags_num_dropped:Up diags_get:ipzp
    diag_num_ids:z diag_get_id:izpppp
    reader_new:ipppztu reader_free:vp reader_next:ippp
    document_new:ippt document_free:vp document_reset:vp document_begin_map:ip document_begin_list:ip document_end:ip
    document_key:ipsz document_string:ipsz document_integer:ipq document_number:ipsz document_double:ipd
    document_boolean:ipb document_null:ip document_set_position:ipuu document_get_error:ip document_get_root:pp
    node_get_kind:up node_num:zp node_get_text:tp node_get_boolean:bp node_get_integer:ipp node_get_double:ipp
    node_get_line:up node_get_column:up node_first:pp node_next:ppp node_get_value:pp node_find:ppsz
    kind_name:su kind_find:usz store_new:ipp store_free:vp store_load:ippzppp store_apply:ippppp store_remove:iputt
    store_get:iputtp store_num:zpu store_iterate:ipupp store_get_version:Up
    relist_begin:ipput relist_load:ippzppp relist_apply:ippppp relist_commit:ipp relist_abort:vp
    watch_new:ippp watch_free:vp watch_feed:ippzpp watch_get_resource_version:tp watch_restart:ipt
    policy_new:ipp policy_free:vp policy_set_profile:ipu policy_set_switch:ipub policy_set_ingress_class:ipt
    policy_add_cross_provider_namespace:ipt policy_add_namespace:ipt policy_set_cookie_secret:ipt policy_set_old_cookie_secret:ipt
    resolve:ippppp table_ref:pp table_unref:vp table_get_profile:up table_get_store_version:Up table_num_routes:zp
    table_num_services:zp table_get_diags:ipp table_find_route:ppt table_find_service:ppt table_find_route_of:pptttz
    table_find_service_of:ipputttz
    listing_new:ippu listing_free:vp listing_num:zp listing_get_route:ppz listing_get_service:ppz
    route_get_info:ippp route_get_entry_point:tpz route_get_middleware:tpz route_get_parent:tppz
    route_get_tls_domain:tpzp route_get_tls_san:tpzz route_get_service:ppp
    service_get_info:ipp service_get_child:ippzp service_get_server:ipzp server_get_hint:tpzz
    service_get_middleware:tpz service_get_error_status:tpz service_get_cookie:ipp service_get_health_check:ipp
    service_get_health_header:ipzpp service_get_passive_check:ipp
    table_export:ippu export_get_text:tp export_free:vp
    table_explain:ippt explanation_free:vp explanation_num:zp explanation_get:ipzp
    changes_new:ippp changes_free:vp changes_num:zp changes_next:ipp
    balancer_options_init:vpz balancer_new:ipppU balancer_free:vp balancer_update:ippU balancer_advance:vpU
    balancer_next_deadline:Up balancer_needs_advance:bp balancer_next_event:ipp balancer_get_probe_header:ipUzpp
    balancer_report_probe:ipUuuU balancer_set_admin:ipUuU balancer_get_server_stats:ipUp balancer_find_server:iptzp balancer_get_stats:ipp
    picker_new:ippU picker_free:vp picker_stale:bp picker_refresh:ipU picker_seed:ipU picker_find_route:iptp
    picker_find_service:iptp
    picker_pick:ipUppU picker_pick_next:ipppU picker_pick_mirror:ippzppU
    pick_new:ipp pick_free:vp pick_size:z pick_init:pp pick_get_info:ipp pick_copy_cookie:ipzpp pick_get_mirror:ipzp
    pick_get_middleware:tpz pick_wants_fallback:bpu pick_report:ippU pick_finish:ippU pick_clear:vp
    target_read:itp path_clean:itupzp table_match:ippp table_match_child:ipppp table_match_next:ipppp route_match:ipppp
    table_lint:ipp picker_match:ippp picker_match_child:ipUpp picker_get_table:pp
    picker_get_route:ppU
"""


class Library:
    """The functions by name, without their prefix."""

    def __init__(self, path):
        library = ctypes.CDLL(path)
        for declaration in TABLE.split():
            name, letters = declaration.split(":")
            function = getattr(library, "svcroute_" + name)
            function.restype, *function.argtypes = [LETTERS[letter] for letter in letters]
            setattr(self, name, function)


lib = None


def load(path):
    global lib
    lib = Library(path)


class Error(Exception):
    def __init__(self, code):
        self.code = code
        self.name = lib.error_name(code).decode()
        super().__init__("%s: %s" % (self.name, lib.error_text(code).decode()))


def check(code):
    if code < 0:
        raise Error(code)


def handle_of(thing):
    return None if thing is None else thing.handle


def raw(value):
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


# ---- objects -----------------------------------------------------------------------------------------------------------


class Object:
    """Something of the library's, given back by close() or by the garbage collector. It holds no other Python object:
    what it needs, it holds inside the library."""

    handle = None
    give_back = ""

    def new(self, function, *arguments):
        out = c_void_p()
        check(function(byref(out), *arguments))
        self.handle = out.value
        self.free = getattr(lib, self.give_back)

    def close(self):
        handle, self.handle = self.handle, None
        if handle:
            self.free(handle)

    __del__ = close


class Context(Object):
    give_back = "context_unref"

    def __init__(self, allocator=None, log=None, **options):
        self.new(lib.context_new, byref(ContextOptions(**options)), allocator and byref(allocator), log and byref(log))
        # The callbacks are the one thing that the library cannot hold for Python.
        self.callbacks = allocator, log


class Diags(Object):
    give_back = "diags_free"

    def __init__(self, context):
        self.new(lib.diags_new, context.handle)

    def __len__(self):
        return lib.diags_num(self.handle)

    def __getitem__(self, index):
        info = DiagInfo()
        code = lib.diags_get(self.handle, index, byref(info))
        if code < 0:
            raise IndexError(index)
        return info.plain()

    def names(self):
        return [diag["id_name"] for diag in self]


class Document(Object):
    give_back = "document_free"

    def __init__(self, context, value=None, source="host"):
        self.new(lib.document_new, context.handle, Text.of(source))
        if value is not None:
            self.fill(value)

    def reset(self):
        lib.document_reset(self.handle)

    def fill(self, value):
        """Adds a value; the first error sticks, so only the end is looked at."""
        self.add(value)
        check(lib.document_get_error(self.handle))

    def add(self, value):
        document = self.handle
        if isinstance(value, At):
            lib.document_set_position(document, value.line, value.column)
            value = value.value
        if value is None:
            lib.document_null(document)
        elif isinstance(value, bool):
            lib.document_boolean(document, value)
        elif isinstance(value, int) and -1 << 63 <= value < 1 << 63:
            lib.document_integer(document, value)
        elif isinstance(value, int):
            text = raw(str(value))
            lib.document_number(document, text, len(text))
        elif isinstance(value, float):
            lib.document_double(document, value)
        elif isinstance(value, (str, bytes)):
            text = raw(value)
            lib.document_string(document, text, len(text))
        elif isinstance(value, (list, tuple)):
            if lib.document_begin_list(document) == 0:
                for item in value:
                    self.add(item)
            lib.document_end(document)
        else:
            if lib.document_begin_map(document) == 0:
                for key, item in value.items():
                    text = raw(key)
                    lib.document_key(document, text, len(text))
                    self.add(item)
            lib.document_end(document)

    def value(self):
        return node_value(lib.document_get_root(self.handle))


class At:
    """A value with the position that the host knows."""

    def __init__(self, line, column, value):
        self.line, self.column, self.value = line, column, value


def node_value(node):
    kind = lib.node_get_kind(node)
    if kind == 0:
        return None
    if kind == 1:
        return lib.node_get_boolean(node)
    if kind in (2, 3):
        text = lib.node_get_text(node).str()
        return int(text) if kind == 2 else float(text)
    if kind == 4:
        return lib.node_get_text(node).str()
    items, child = [], lib.node_first(node)
    while child:
        items.append(node_value(child) if kind == 5 else
                     (lib.node_get_text(child).str(), node_value(lib.node_get_value(child))))
        child = lib.node_next(node, child)
    return items if kind == 5 else dict(items)


def read(context, data, source="host", format=0, diags=None):
    """The documents of a text, one by one."""
    data = raw(data)
    reader = Reader(context, data, source, format)
    out = c_void_p()
    while True:
        code = lib.reader_next(reader.handle, byref(out), handle_of(diags))
        if code == END:
            return
        check(code)
        document = Document.__new__(Document)
        document.handle, document.free = out.value, lib.document_free
        yield document


END = -10


class Reader(Object):
    give_back = "reader_free"

    def __init__(self, context, data, source="host", format=0):
        self.new(lib.reader_new, context.handle, data, len(data), Text.of(source), format)


def counted(function, handle, *arguments, diags=None):
    """A call that fills a struct svcroute_load_result; SVCROUTE_ERR_REJECTED is in the counts already."""
    result = LoadResult()
    code = function(handle, *arguments, byref(result), handle_of(diags))
    if code != REJECTED:
        check(code)
    return result.plain()


REJECTED = -11


class Store(Object):
    give_back = "store_free"

    def __init__(self, context):
        self.new(lib.store_new, context.handle)

    def load(self, data, diags=None, **options):
        data = raw(data)
        return counted(lib.store_load, self.handle, data, len(data), byref(LoadOptions(**options)), diags=diags)

    def apply(self, document, diags=None, **options):
        return counted(lib.store_apply, self.handle, document.handle, byref(LoadOptions(**options)), diags=diags)

    def remove(self, kind, namespace, name):
        check(lib.store_remove(self.handle, kind_number(kind), Text.of(namespace), Text.of(name)))

    def get(self, kind, namespace, name):
        info = ObjectInfo()
        check(lib.store_get(self.handle, kind_number(kind), Text.of(namespace), Text.of(name), byref(info)))
        return info.plain()

    def num(self, kind=""):
        return lib.store_num(self.handle, kind_number(kind))

    def objects(self, kind=""):
        cursor, info = c_uint64(0), ObjectInfo()
        while True:
            code = lib.store_iterate(self.handle, kind_number(kind), byref(cursor), byref(info))
            if code == END:
                return
            check(code)
            yield info.plain()

    @property
    def version(self):
        return lib.store_get_version(self.handle)


def kind_number(kind):
    kind = raw(kind)
    return lib.kind_find(kind, len(kind))


class Relist(Object):
    give_back = "relist_abort"

    def __init__(self, store, kind="", namespace=""):
        self.new(lib.relist_begin, store.handle, kind_number(kind), Text.of(namespace))

    def load(self, data, diags=None, **options):
        data = raw(data)
        return counted(lib.relist_load, self.handle, data, len(data), byref(LoadOptions(**options)), diags=diags)

    def apply(self, document, diags=None, **options):
        return counted(lib.relist_apply, self.handle, document.handle, byref(LoadOptions(**options)), diags=diags)

    def commit(self):
        removed = c_uint64()
        check(lib.relist_commit(self.handle, byref(removed)))
        self.handle = None
        return removed.value


class Watch(Object):
    give_back = "watch_free"

    def __init__(self, store, **options):
        self.new(lib.watch_new, store.handle, byref(LoadOptions(**options)))

    def feed(self, data, diags=None):
        data = raw(data)
        return counted(lib.watch_feed, self.handle, data, len(data), diags=diags)

    def restart(self, resource_version=""):
        check(lib.watch_restart(self.handle, Text.of(resource_version)))

    @property
    def resource_version(self):
        return lib.watch_get_resource_version(self.handle).str()


SWITCHES = {"allow_cross_namespace": 1, "allow_external_name": 2, "allow_empty_services": 3,
            "native_lb_by_default": 4, "disable_cluster_scope": 5, "allow_local_addresses": 6, "read_unkeyed_cookies": 7,
            "allow_health_checks": 8, "ignore_rules": 9}


class Policy(Object):
    give_back = "policy_free"

    def __init__(self, context, profile=0, ingress_class=None, namespaces=(), cross_provider_namespaces=(), cookie_secret=None,
                 old_cookie_secret=None, **switches):
        self.new(lib.policy_new, context.handle)
        check(lib.policy_set_profile(self.handle, profile))
        if ingress_class is not None:
            check(lib.policy_set_ingress_class(self.handle, Text.of(ingress_class)))
        for namespace in namespaces:
            check(lib.policy_add_namespace(self.handle, Text.of(namespace)))
        for namespace in cross_provider_namespaces:
            check(lib.policy_add_cross_provider_namespace(self.handle, Text.of(namespace)))
        for secret, set_secret in ((cookie_secret, lib.policy_set_cookie_secret), (old_cookie_secret, lib.policy_set_old_cookie_secret)):
            if secret is not None:
                check(set_secret(self.handle, Text.of(secret)))
        for switch, on in switches.items():
            check(lib.policy_set_switch(self.handle, SWITCHES[switch], on))


# ---- matching ----------------------------------------------------------------------------------------------------------

FORMS = {1: "origin", 2: "absolute", 3: "authority", 4: "asterisk"}
ALLOW = {"slash": 1, "backslash": 2, "nul": 4, "semicolon": 8, "percent": 16, "question": 32, "hash": 64, "characters": 127,
         "all": 255}
DECODE = 128
MATCH_TLS, MATCH_PLAIN = 1, 2


def target_read(target):
    """Form, authority, path and query of a request target; these are bytes, as clients send what they like."""
    text, parts = Text.of(target), Target()
    check(lib.target_read(text, byref(parts)))
    return FORMS[parts.form], parts.authority.bytes(), parts.path.bytes(), parts.query.bytes()


def path_clean(path, *allow):
    """The clean path, which is ASCII; `allow` names what may stand in it encoded."""
    path, size = raw(path), c_size_t()
    buffer = ctypes.create_string_buffer(3 * len(path) + 1)
    check(lib.path_clean(Text.of(path), sum(ALLOW[name] for name in allow), buffer, len(buffer), byref(size)))
    return buffer.raw[:size.value].decode("ascii")


def match_request(headers=(), tls=None, **known):
    """`headers` is a list of pairs, `tls` True, False, or None where it does not matter. Read during a call only."""
    lines = [Text.of(text) for pair in headers for text in pair]
    made = MatchRequest(headers=(Text * len(lines))(*lines) if lines else None, num_headers=len(lines) // 2, **known)
    made.flags = 0 if tls is None else MATCH_TLS if tls else MATCH_PLAIN
    made.lines = lines
    return made


NOT_FOUND = -9


def found(function, *arguments, kind=c_void_p):
    """What a search gives; None if it finds nothing."""
    out = kind(0x5EED)
    code = function(*arguments, byref(out))
    if code < 0 and out.value:
        raise AssertionError("%s failed and left %r" % (function.__name__, out.value))
    if code == NOT_FOUND:
        return None
    check(code)
    return out.value


def some(function, *arguments):
    """The texts that a getter gives for 0, 1, ... until it gives none."""
    found = []
    while (text := function(*arguments, len(found)).str()) is not None:
        found.append(text)
    return found


class Table(Object):
    give_back = "table_unref"

    def __init__(self, store, policy=None, previous=None, diags=None):
        self.new(lib.resolve, store.handle, handle_of(policy), handle_of(previous), handle_of(diags))

    def diags(self, context):
        diags = Diags(context)
        check(lib.table_get_diags(self.handle, diags.handle))
        return diags

    def export(self, format=1):
        export = Export(self, format)
        return export.text()

    def routes(self):
        listing = Listing(self, 1)
        return [self.route(lib.listing_get_route(listing.handle, i)) for i in range(len(listing))]

    def services(self):
        listing = Listing(self, 2)
        return [self.service(lib.listing_get_service(listing.handle, i)) for i in range(len(listing))]

    def find_route(self, name):
        return self.route(lib.table_find_route(self.handle, Text.of(name)))

    def find_service(self, name):
        return self.service(lib.table_find_service(self.handle, Text.of(name)))

    def find_route_of(self, namespace, name, match, index=0):
        return self.route(lib.table_find_route_of(self.handle, Text.of(namespace), Text.of(name), Text.of(match), index))

    # Matching gives the route itself, for route(), match_child() and match_next(); it lives as long as the table.

    def match(self, **request):
        return found(lib.table_match, self.handle, byref(match_request(**request)))

    def match_child(self, parent, **request):
        return found(lib.table_match_child, self.handle, parent, byref(match_request(**request)))

    def match_next(self, route, **request):
        return found(lib.table_match_next, self.handle, route, byref(match_request(**request)))

    def match_all(self, **request):
        """All routes that would take the request, were those ahead of them not there."""
        route = self.match(**request)
        while route:
            yield route
            route = self.match_next(route, **request)

    def name_of(self, route):
        info = RouteInfo()
        check(lib.route_get_info(self.handle, route, byref(info)))
        return info.name.str()

    def why(self, route, **request):
        """Whether one rule matches, and the matcher that settled it."""
        info = MatchInfo()
        check(lib.route_match(self.handle, route, byref(match_request(**request)), byref(info)))
        return bool(info.matched), info.matcher.str(), info.offset

    def lint(self, context):
        diags = Diags(context)
        check(lib.table_lint(self.handle, diags.handle))
        return diags

    def find_service_of(self, kind, namespace, name, port="", index=0):
        out = c_void_p()
        check(lib.table_find_service_of(self.handle, byref(out), kind_number(kind), Text.of(namespace), Text.of(name),
                                        Text.of(port), index))
        return self.service(out.value)

    def route(self, route):
        """Everything that the getters tell of a route, as plain values; None for none."""
        if not route:
            return None
        info = RouteInfo()
        check(lib.route_get_info(self.handle, route, byref(info)))
        told = info.plain()
        told["entry_points"] = some(lib.route_get_entry_point, route)
        told["middlewares"] = some(lib.route_get_middleware, route)
        told["parents"] = some(lib.route_get_parent, self.handle, route)
        told["tls_domains"] = []
        sans = c_size_t()
        while (main := lib.route_get_tls_domain(route, len(told["tls_domains"]), byref(sans)).str()) is not None:
            domain = len(told["tls_domains"])
            told["tls_domains"].append((main, [lib.route_get_tls_san(route, domain, i).str() for i in range(sans.value)]))
        return told

    def service(self, service):
        if not service:
            return None
        info = ServiceInfo()
        check(lib.service_get_info(service, byref(info)))
        told = info.plain()
        told["children"], told["servers"] = [], []
        for index in range(info.num_children):
            child = ChildInfo()
            check(lib.service_get_child(self.handle, service, index, byref(child)))
            told["children"].append(child.plain())
        for index in range(info.num_servers):
            server = ServerInfo()
            check(lib.service_get_server(service, index, byref(server)))
            told["servers"].append(server.plain())
            told["servers"][-1]["hints"] = some(lib.server_get_hint, service, index)
        told["middlewares"] = some(lib.service_get_middleware, service)
        told["error_status"] = some(lib.service_get_error_status, service)
        for member, kind, get in (("cookie", CookieInfo, lib.service_get_cookie),
                                  ("health_check", HealthCheckInfo, lib.service_get_health_check),
                                  ("passive_check", PassiveCheckInfo, lib.service_get_passive_check)):
            settings = kind()
            told[member] = settings.plain() if get(service, byref(settings)) == 0 else None
        if told["health_check"]:
            name, value, headers = Text(), Text(), {}
            while lib.service_get_health_header(service, len(headers), byref(name), byref(value)) == 0:
                headers[name.str()] = value.str()
            told["health_check"]["headers"] = headers
        return told


class Listing(Object):
    give_back = "listing_free"

    def __init__(self, table, of):
        self.new(lib.listing_new, table.handle, of)

    def __len__(self):
        return lib.listing_num(self.handle)


class Export(Object):
    give_back = "export_free"

    def __init__(self, table, format=1):
        out = c_void_p()
        check(lib.table_export(byref(out), table.handle, format))
        self.handle, self.free = out.value, lib.export_free

    def text(self):
        return lib.export_get_text(self.handle).str()


class Explanation(Object):
    give_back = "explanation_free"

    def __init__(self, table, name):
        self.new(lib.table_explain, table.handle, Text.of(name))

    def steps(self):
        step = StepInfo()
        for index in range(lib.explanation_num(self.handle)):
            check(lib.explanation_get(self.handle, index, byref(step)))
            yield step.plain()


class Changes(Object):
    give_back = "changes_free"

    def __init__(self, older, newer):
        self.new(lib.changes_new, handle_of(older), handle_of(newer))

    def all(self):
        found, info = [], ChangeInfo()
        while True:
            code = lib.changes_next(self.handle, byref(info))
            if code == END:
                return found
            check(code)
            found.append((info.name.str(), info.of, info.change))


class Balancer(Object):
    """The driver's side. Each call says what time it is, in nanoseconds of the host's clock."""

    give_back = "balancer_free"

    def __init__(self, table, now, **options):
        self.new(lib.balancer_new, table.handle, byref(BalancerOptions(**options)), now)

    def update(self, table, now):
        check(lib.balancer_update(self.handle, table.handle, now))

    def advance(self, now):
        """The events since the last time, as plain values; a probe has its headers."""
        lib.balancer_advance(self.handle, now)
        event, found = Event(), []
        while lib.balancer_next_event(self.handle, byref(event)) == 0:
            found.append(event.plain())
            name, value, headers = Text(), Text(), {}
            while lib.balancer_get_probe_header(self.handle, event.server, len(headers), byref(name), byref(value)) == 0:
                headers[name.str()] = value.str()
            found[-1]["headers"] = headers
        return found

    def deadline(self):
        due = lib.balancer_next_deadline(self.handle)
        return None if due == UINT64_MAX else due

    def report_probe(self, probe, outcome, status, now):
        check(lib.balancer_report_probe(self.handle, probe, outcome, status, now))

    def set_admin(self, server, admin, now):
        check(lib.balancer_set_admin(self.handle, server, admin, now))

    def stats(self, server):
        stats = ServerStats()
        check(lib.balancer_get_server_stats(self.handle, server, byref(stats)))
        return stats.plain()

    def totals(self):
        stats = BalancerStats()
        check(lib.balancer_get_stats(self.handle, byref(stats)))
        return stats.plain()

    def find_server(self, service, index):
        server = c_uint64()
        check(lib.balancer_find_server(self.handle, Text.of(service), index, byref(server)))
        return server.value


def request(cookies=(), excluded=(), body_size=None, **known):
    """None of it is looked at after the call, so Python may hold it as it likes."""
    lines, ids = [Text.of(cookie) for cookie in cookies], (c_uint64 * len(excluded))(*excluded)
    made = Request(cookies=(Text * len(lines))(*lines) if lines else None, num_cookies=len(lines),
                   excluded=ids if excluded else None, num_excluded=len(excluded), body_size=body_size or 0, **known)
    made.flags = body_size is not None
    made.lines = lines
    return made


class Picker(Object):
    give_back = "picker_free"

    def __init__(self, balancer, now):
        self.new(lib.picker_new, balancer.handle, now)

    def stale(self):
        return lib.picker_stale(self.handle)

    def refresh(self, now):
        check(lib.picker_refresh(self.handle, now))

    def seed(self, seed):
        check(lib.picker_seed(self.handle, seed))

    def table(self):
        """The table that it matches by, which may be kept."""
        table = Table.__new__(Table)
        table.handle, table.free = lib.table_ref(lib.picker_get_table(self.handle)), lib.table_unref
        return table

    def route(self, handle):
        """What the getters tell of a handle's route; None if it is none's, or gone."""
        return self.table().route(lib.picker_get_route(self.handle, handle))

    def match(self, **request):
        return found(lib.picker_match, self.handle, byref(match_request(**request)), kind=c_uint64)

    def match_child(self, parent, **request):
        return found(lib.picker_match_child, self.handle, parent, byref(match_request(**request)), kind=c_uint64)

    def find_route(self, name):
        handle = c_uint64()
        check(lib.picker_find_route(self.handle, Text.of(name), byref(handle)))
        return handle.value

    def find_service(self, name):
        handle = c_uint64()
        check(lib.picker_find_service(self.handle, Text.of(name), byref(handle)))
        return handle.value

    def pick(self, handle, pick, now, **known):
        check(lib.picker_pick(self.handle, handle, byref(request(**known)), pick.handle, now))
        return pick

    def pick_next(self, pick, now, **known):
        check(lib.picker_pick_next(self.handle, byref(request(**known)), pick.handle, now))
        return pick

    def pick_mirror(self, pick, index, mirror, now, **known):
        check(lib.picker_pick_mirror(self.handle, pick.handle, index, byref(request(**known)), mirror.handle, now))
        return mirror


def outcome(result):
    """A status as a number, or "connect", "timeout", "reset", "client"; None for none."""
    if result is None:
        return None
    if isinstance(result, int):
        return byref(Outcome(kind=1, status=result))
    return byref(Outcome(kind={"connect": 2, "timeout": 3, "reset": 4, "client": 5}[result]))


class Pick(Object):
    give_back = "pick_free"

    def __init__(self, context):
        self.new(lib.pick_new, context.handle)

    def info(self):
        info = PickInfo()
        check(lib.pick_get_info(self.handle, byref(info)))
        return info.plain()

    def cookies(self):
        return [self.cookie(index) for index in range(self.info()["num_cookies"])]

    def cookie(self, index):
        size = c_size_t()
        check(lib.pick_copy_cookie(self.handle, index, None, byref(size)))
        buffer = ctypes.create_string_buffer(size.value)
        check(lib.pick_copy_cookie(self.handle, index, buffer, byref(size)))
        return buffer.raw[:size.value].decode()

    def mirrors(self):
        found, info = [], MirrorInfo()
        while lib.pick_get_mirror(self.handle, len(found), byref(info)) == 0:
            found.append(info.plain())
        return found

    def middlewares(self):
        return some(lib.pick_get_middleware, self.handle)

    def wants_fallback(self, status):
        return lib.pick_wants_fallback(self.handle, status)

    def report(self, result, now):
        check(lib.pick_report(self.handle, outcome(result), now))

    def finish(self, result, now):
        check(lib.pick_finish(self.handle, outcome(result), now))

    def clear(self):
        lib.pick_clear(self.handle)
