/* Clusters of any size. */
#include "cluster.h"

static void write_head(struct writer *writer, const char *version, const char *kind)
{
    put_document(writer);
    put_text(writer, "apiVersion", "%s", version);
    put_text(writer, "kind", "%s", kind);
}

/* A number that looks random, the same for the same place. */
static unsigned scatter(unsigned seed)
{
    seed = (seed ^ seed >> 16) * 0x7feb352du;
    seed = (seed ^ seed >> 15) * 0x846ca68bu;
    return seed ^ seed >> 16;
}

static void write_names(struct writer *writer, unsigned i, const char *suffix)
{
    put_text(writer, "name", "service-%05u%s", i, suffix);
    put_text(writer, "namespace", "team-%03u", i / PER_NAMESPACE);
}

static void write_versions(struct writer *writer, unsigned i, unsigned generation)
{
    put_text(writer, "resourceVersion", "%u", 104000 + 7 * i + generation);
    put_text(writer, "uid", "%08x-8d1c-4c0b-9d5e-%012x", scatter(i), scatter(i + 7));
}

static void write_labels(struct writer *writer, unsigned i)
{
    put_text(writer, "app.kubernetes.io/managed-by", "Helm");
    put_text(writer, "app.kubernetes.io/name", "service-%05u", i);
}

static void write_service(struct writer *writer, unsigned i)
{
    write_head(writer, "v1", "Service");
    put_map(writer, "metadata");
    put_text(writer, "creationTimestamp", "2024-05-17T08:%02u:%02uZ", i / 60 % 60, i % 60);
    put_map(writer, "labels");
    write_labels(writer, i);
    put_close(writer);
    write_names(writer, i, "");
    write_versions(writer, i, 0);
    put_close(writer);
    put_map(writer, "spec");
    put_text(writer, "clusterIP", "10.96.%u.%u", i / 250 % 256, i % 250 + 1);
    put_list(writer, "clusterIPs");
    put_text(writer, NULL, "10.96.%u.%u", i / 250 % 256, i % 250 + 1);
    put_close(writer);
    put_text(writer, "internalTrafficPolicy", "Cluster");
    put_list(writer, "ipFamilies");
    put_text(writer, NULL, "IPv4");
    put_close(writer);
    put_text(writer, "ipFamilyPolicy", "SingleStack");
    put_list(writer, "ports");
    put_map(writer, NULL);
    put_text(writer, "name", "http");
    put_number(writer, "port", 80);
    put_text(writer, "protocol", "TCP");
    put_number(writer, "targetPort", 8080);
    put_close(writer);
    put_close(writer);
    put_map(writer, "selector");
    put_text(writer, "app.kubernetes.io/name", "service-%05u", i);
    put_close(writer);
    put_text(writer, "sessionAffinity", "None");
    put_text(writer, "type", "ClusterIP");
    put_close(writer);
    put_document_end(writer);
}

static void write_endpoint(struct writer *writer, unsigned i, unsigned j, unsigned address)
{
    put_map(writer, NULL);
    put_list(writer, "addresses");
    put_text(writer, NULL, "10.%u.%u.%u", 128 + address / 62500 % 127, address / 250 % 250,
             address % 250 + 1);
    put_close(writer);
    put_map(writer, "conditions");
    put_bool(writer, "ready", true);
    put_bool(writer, "serving", true);
    put_bool(writer, "terminating", false);
    put_close(writer);
    put_text(writer, "nodeName", "node-%03u", scatter(i + 31 * j) % 200);
    put_map(writer, "targetRef");
    put_text(writer, "kind", "Pod");
    put_text(writer, "name", "service-%05u-%08x-%05x", i, scatter(i), scatter(j) & 0xfffff);
    put_text(writer, "namespace", "team-%03u", i / PER_NAMESPACE);
    put_text(writer, "uid", "%08x-41f2-4a6d-8e1f-%012x", scatter(i + j), scatter(i * 3 + j));
    put_close(writer);
    put_text(writer, "zone", "europe-west%u-b", scatter(i + 31 * j) % 3);
    put_close(writer);
}

static void write_slice_body(struct writer *writer, const struct cluster *cluster, unsigned i,
                             unsigned generation)
{
    put_text(writer, "addressType", "IPv4");
    put_text(writer, "apiVersion", "discovery.k8s.io/v1");
    put_list(writer, "endpoints");
    for (unsigned j = 0; j < cluster->endpoints; j++) {
        unsigned address = i * cluster->endpoints + j;
        write_endpoint(writer, i, j, j == 0 ? address + 1000003 * generation : address);
    }
    put_close(writer);
    put_text(writer, "kind", "EndpointSlice");
    put_map(writer, "metadata");
    put_map(writer, "annotations");
    put_text(writer, "endpoints.kubernetes.io/last-change-trigger-time", "2024-05-17T09:%02u:%02uZ",
             i / 60 % 60, i % 60);
    put_close(writer);
    put_text(writer, "creationTimestamp", "2024-05-17T08:%02u:%02uZ", i / 60 % 60, i % 60);
    put_text(writer, "generateName", "service-%05u-", i);
    put_number(writer, "generation", 3 + generation);
    put_map(writer, "labels");
    write_labels(writer, i);
    put_text(writer, "endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");
    put_text(writer, "kubernetes.io/service-name", "service-%05u", i);
    put_close(writer);
    write_names(writer, i, "-x7k2p");
    put_list(writer, "ownerReferences");
    put_map(writer, NULL);
    put_text(writer, "apiVersion", "v1");
    put_bool(writer, "blockOwnerDeletion", true);
    put_bool(writer, "controller", true);
    put_text(writer, "kind", "Service");
    put_text(writer, "name", "service-%05u", i);
    put_text(writer, "uid", "%08x-8d1c-4c0b-9d5e-%012x", scatter(i), scatter(i + 7));
    put_close(writer);
    put_close(writer);
    write_versions(writer, i, generation);
    put_close(writer);
    put_list(writer, "ports");
    put_map(writer, NULL);
    put_text(writer, "name", "http");
    put_number(writer, "port", 8080);
    put_text(writer, "protocol", "TCP");
    put_close(writer);
    put_close(writer);
}

static void write_route(struct writer *writer, unsigned i)
{
    write_head(writer, "traefik.io/v1alpha1", "IngressRoute");
    put_map(writer, "metadata");
    put_text(writer, "creationTimestamp", "2024-05-17T08:%02u:%02uZ", i / 60 % 60, i % 60);
    put_number(writer, "generation", 1);
    put_map(writer, "labels");
    write_labels(writer, i);
    put_close(writer);
    write_names(writer, i, "");
    write_versions(writer, i, 1);
    put_close(writer);
    put_map(writer, "spec");
    put_list(writer, "entryPoints");
    put_text(writer, NULL, "websecure");
    put_close(writer);
    put_list(writer, "routes");
    put_map(writer, NULL);
    put_text(writer, "kind", "Rule");
    put_text(writer, "match", "Host(`service-%05u.example.com`) && PathPrefix(`/api`)", i);
    put_list(writer, "services");
    put_map(writer, NULL);
    put_text(writer, "name", "service-%05u", i);
    put_number(writer, "port", 80);
    put_close(writer);
    put_close(writer);
    put_close(writer);
    put_close(writer);
    put_map(writer, "tls");
    put_text(writer, "certResolver", "letsencrypt");
    put_close(writer);
    put_close(writer);
    put_document_end(writer);
}

void write_services(struct writer *writer, const struct cluster *cluster, unsigned first,
                    unsigned num)
{
    for (unsigned i = first; i < first + num && i < cluster->services; i++) {
        write_service(writer, i);
    }
}

void write_slices(struct writer *writer, const struct cluster *cluster, unsigned first,
                  unsigned num)
{
    for (unsigned i = first; i < first + num && i < cluster->services; i++) {
        put_document(writer);
        write_slice_body(writer, cluster, i, 0);
        put_document_end(writer);
    }
}

void write_routes(struct writer *writer, const struct cluster *cluster, unsigned first,
                  unsigned num)
{
    for (unsigned i = first; i < first + num && i < cluster->services; i++) {
        write_route(writer, i);
    }
}

void write_cluster(struct writer *writer, const struct cluster *cluster)
{
    put_begin(writer);
    write_services(writer, cluster, 0, cluster->services);
    write_slices(writer, cluster, 0, cluster->services);
    write_routes(writer, cluster, 0, cluster->services);
    put_end(writer);
}

void write_change(struct writer *writer, const struct cluster *cluster, unsigned service,
                  unsigned generation)
{
    put_document(writer);
    put_text(writer, "type", "MODIFIED");
    put_map(writer, "object");
    write_slice_body(writer, cluster, service, generation);
    put_close(writer);
    put_document_end(writer);
}
