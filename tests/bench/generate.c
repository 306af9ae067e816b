/* Prints a cluster of any size: Services, EndpointSlices and IngressRoutes, or watch lines that
 * change it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"

static const char usage[] =
    "usage: generate yaml|json|lines|watch SERVICES ENDPOINTS\n"
    "  yaml   a stream of documents        json   one List without blanks\n"
    "  lines  one JSON object a line       watch  as many changed EndpointSlices as Services\n";

static int form_of(const char *name)
{
    static const char *const names[] = {"yaml", "json", "lines", "watch"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

int main(int argc, char **argv)
{
    int form = argc == 4 ? form_of(argv[1]) : -1;
    if (form < 0) {
        fputs(usage, stderr);
        return 2;
    }
    struct cluster cluster = {(unsigned)strtoul(argv[2], NULL, 10),
                              (unsigned)strtoul(argv[3], NULL, 10)};
    struct writer writer;
    writer_init(&writer, form < 3 ? (enum form)form : FORM_LINES);
    if (form < 3) {
        write_cluster(&writer, &cluster);
    } else {
        for (unsigned i = 0; i < cluster.services; i++) {
            write_change(&writer, &cluster, i, 1);
        }
    }
    bool good = fwrite(writer.data, 1, writer.size, stdout) == writer.size && fflush(stdout) == 0;
    writer_free(&writer);
    return good ? 0 : 2;
}
