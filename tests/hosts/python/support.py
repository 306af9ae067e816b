"""What the tests of the binding share: checks, the documents of a shop, and an allocator that notices."""
import ctypes
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "abi"))
import api  # noqa: E402
import svcroute  # noqa: E402
from svcroute import Balancer, Document, Error, Picker, Policy, Store, Table  # noqa: E402

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


def POLICY(context, **options):
    return Policy(context, **{"allow_external_name": True, **options})


def balanced(context, documents=SHOP, **options):
    store, policy = shop(context, documents), POLICY(context)
    table = Table(store, policy)
    balancer = Balancer(table, 0, **options)
    return store, policy, table, balancer, Picker(balancer, 0)


# ---- memory -----------------------------------------------------------------------------------------------------------


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
